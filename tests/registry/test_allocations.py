"""Lists of allocations and of operators' reports, in every kind of file."""

from fractions import Fraction

import pandas as pd
import pytest

from surveysim.errors import DataError
from surveysim.registry import read_allocations, read_operators

LIST = """start,end,prefix,count,holder,province,operator
1.0.1.0,1.0.3.255,,,A,广东省,X
1.0.8.0,,21,,A,guangdong,
1.0.32.0/19,,,,"B, Ltd.",北京,X

1.1.0.0,,,300,B,,X
2001:250::,,35,,B,Inner  Mongolia,Y
"""


def write(tmp_path, text, name="list.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_text(text, encoding=encoding)
    return path


def table(read):
    return [(r.line, str(r), r.holder, r.province, r.operator) for r in read.ranges]


ROWS = [
    (2, "1.0.1.0-1.0.3.255", "A", "440000", "X"),
    (3, "1.0.8.0/21", "A", "440000", ""),
    (4, "1.0.32.0/19", "B, Ltd.", "110000", "X"),
    (6, "1.1.0.0-1.1.1.43", "B", "", "X"),
    (7, "2001:250::/35", "B", "150000", "Y"),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_allocations__every_way_to_give_a_size(tmp_path, encoding):
    path = write(tmp_path, LIST, encoding=encoding)
    read = read_allocations(path, encoding="gb18030" if encoding == "gb18030" else "utf-8-sig")
    assert table(read) == ROWS
    assert read.problems == ()
    assert all(r.national and r.held and r.country == "" for r in read.ranges)


@pytest.mark.parametrize("kind", ["parquet", "xlsx"])
def test_allocations__other_kinds_of_file(tmp_path, kind):
    frame = pd.read_csv(write(tmp_path, LIST))
    path = tmp_path / f"list.{kind}"
    frame.to_parquet(path) if kind == "parquet" else frame.to_excel(path, index=False)
    assert [row[1:] for row in table(read_allocations(path))] == [row[1:] for row in ROWS]


def test_allocations__without_an_operator_column_the_holder_is_the_operator(tmp_path):
    read = read_allocations(write(tmp_path, "start,holder\n1.0.1.0/24,china telecom\n"))
    assert [(r.holder, r.operator) for r in read.ranges] == [("中国电信集团有限公司",) * 2]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1.0.1.0,,,,A,,", "given by nothing"),
        ("1.0.1.0,1.0.1.255,24,,A,,", "given by end and prefix"),
        ("1.0.1.0/24,1.0.1.255,,,A,,", "does not appear"),
        ("1.0.1.0,1.0.0.255,,,A,,", "does not follow"),
        ("1.0.1.0,2001::,,,A,,", "does not follow"),
        ("1.0.1.1,,24,,A,,", "not the start of a /24"),
        ("1.0.1.0,,33,,A,,", "0 to 32"),
        ("1.0.1.0,,24.0,,A,,", "no whole number"),
        ("2001:250::,,,65536,A,,", "not by count"),
        (",,24,,A,,", "does not appear"),
        ("1.0.1.0,,24,,A,", "6 fields, and the first line has 7"),
        ('"1.0.1.0,,24,,A,,', "not a line of a CSV file"),
        ('1.0.1.0,,24,,"A"x,,', "not a line of a CSV file"),
    ],
)
def test_allocations__malformed_lines_cost_themselves_only(tmp_path, line, reason):
    path = write(tmp_path, f"{LIST}{line}\n9.0.0.0,,8,,Z,上海,\n")
    read = read_allocations(path)
    assert [row[1] for row in table(read)] == [*(row[1] for row in ROWS), "9.0.0.0/8"]
    ((number, text, why, used),) = [(p.line, p.text, p.reason, p.used) for p in read.problems]
    assert (number, text, used) == (8, line, False)
    assert reason in why
    with pytest.raises(DataError, match="line 8"):
        read_allocations(path, strict=True)


def test_allocations__an_unknown_province_is_counted_and_listed(tmp_path):
    read = read_allocations(write(tmp_path, "start,province\n1.0.1.0/24,Guangdon\n"))
    assert [r.province for r in read.ranges] == [""]
    assert [(p.line, p.used) for p in read.problems] == [(2, True)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no column 'start'"),
        ("begin,end\n1,2\n", "no column 'start'"),
        ("start,Start\n1,2\n", "2 columns are 'start'"),
    ],
)
def test_allocations__lists_without_their_columns_are_refused(tmp_path, text, reason):
    with pytest.raises(DataError, match=reason):
        read_allocations(write(tmp_path, text))


def test_allocations__another_encoding_is_named(tmp_path):
    with pytest.raises(DataError, match="gb18030"):
        read_allocations(write(tmp_path, LIST, encoding="gb18030"))


def test_operators__numbers_notation_and_nothing(tmp_path):
    path = write(
        tmp_path, "operator,ipv4,ipv6\nA,7A+126B+255C,16387\nB,1000,\nC,,1/65536\nD,0.5,1\nA,1,1\nE,1,-2\nF,1,1/0\n"
    )
    holdings, problems = read_operators(path)
    assert [(h.operator, h.ipv4, h.ipv6) for h in holdings] == [
        ("A", 125_763_328, 16387),
        ("B", 1000, None),
        ("C", None, Fraction(1, 65536)),
    ]
    assert [p.line for p in problems] == [5, 6, 7, 8]


@pytest.mark.parametrize("size", ["1e400", "1e99999999", "-1", "many", "1/0"])
def test_operators__blocks_that_are_no_number_are_listed(size, tmp_path):
    (tmp_path / "o.csv").write_text(f"operator,ipv4,ipv6\nA,1B,{size}\n", encoding="utf-8")
    holdings, problems = read_operators(tmp_path / "o.csv")
    assert holdings == ()
    assert problems[0].line == 2


@pytest.mark.parametrize("start", ["fe80::%eth0", "::ffff:1.2.3.4"])
def test_allocations__addresses_that_nobody_gives_out_are_listed(start, tmp_path):
    (tmp_path / "a.csv").write_text(f"start,prefix,holder\n{start},128,A\n", encoding="utf-8")
    read = read_allocations(tmp_path / "a.csv")
    assert read.ranges == ()
    assert len(read.problems) == 1


def test_allocations__encodings_and_first_lines_that_cannot_be_read(tmp_path):
    (tmp_path / "a.csv").write_text("start,prefix\n", encoding="utf-8")
    with pytest.raises(DataError, match="encoding = 'foo' is not known"):
        read_allocations(tmp_path / "a.csv", encoding="foo")
    (tmp_path / "b.csv").write_text("x" * 200_000 + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="the first line is not one of a CSV file"):
        read_allocations(tmp_path / "b.csv")


@pytest.mark.parametrize("name", ["台湾省", "Xizang", "Macau", "新疆生产建设兵团", "Guangdong Province"])
def test_provinces__further_spellings(name):
    from surveysim.registry.places import province

    assert province(name)
