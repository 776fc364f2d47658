"""CSV files of many makers: separators, quotes, empty lines, long cells, many columns, titles above the names."""

import numpy as np
import pytest

from surveysim import files
from surveysim.errors import DataError, SurveysimWarning
from surveysim.files.delimited import records


def read(tmp_path, text, **options):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8", newline="")
    return files.read(tmp_path / "a.csv", **options)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ('id;"How often, in hours, per day";sex\n1;2;f\n2;3;m\n', ("id", "How often, in hours, per day", "sex")),
        ('id\t"a, b, c, d"\tsex\n1\t2\tf\n2\t3\tm\n', ("id", "a, b, c, d", "sex")),
        ('"a; b; c",sex\n1,f\n2,m\n', ("a; b; c", "sex")),
        ('"How much, EUR";sex\n1;f\n2;m\n', ("How much, EUR", "sex")),
        ("id;How often, in hours, per day;sex\n1;2;f\n2;3;m\n", ("id", "How often, in hours, per day", "sex")),
        ("how much, EUR;sex\n1,5;f\n2,5;m\n", ("how much, EUR", "sex")),  # decimal commas
        ("a;b\n1,5;2,5\n3,5;4,5\n", ("a", "b")),
        ("a|b\nx, y|2\nz|3\n", ("a", "b")),
        ('a,b\n"x;y\nz;w",1\n"p;q",2\n', ("a", "b")),
        ('a,b\nsays 5" pipe,1\n"say ""no""",2\n', ("a", "b")),
        ("a,b\r\n1,2\r\n", ("a", "b")),
        ("sep=;\na;b\n1;2\n", ("a", "b")),
        ("x\n1\n2\n", ("x",)),
        ("x\n1 , 2\nno\nyes\n", None),
    ],
)
def test_read__separators_inside_quotes_are_text(text, columns, tmp_path):
    if columns is None:  # one column, or two: nobody can know
        with pytest.raises(DataError, match=r"cells|columns|Expected"):
            read(tmp_path, text)
        return
    found = read(tmp_path, text)
    assert found.columns == columns
    assert not any(found.text(name).isna().any() for name in columns)


def test_records__as_a_csv_reader_finds_them():
    import csv
    import io

    rng = np.random.default_rng(5)
    pieces = ["a", "b c", ",", ",", "\n", "\r\n", '"x,y"', '"q""q"', '"l\nm"', "", ";"]
    for _ in range(300):
        text = "".join(rng.choice(pieces, 30))
        if '""' in text.replace('"q""q"', "") or text.replace('"q""q"', "").count('"') % 2:
            continue
        ours = list(records(text, ",", 99))
        wanted = [row or [""] for row in csv.reader(io.StringIO(text, newline=""))]
        if any('"' in cell and not cell.startswith('"') for row in wanted for cell in row):
            continue
        assert ours == wanted, text


def test_read__one_column_keeps_rows_with_empty_cells(tmp_path):
    found = read(tmp_path, "x\n1\n\n2\n\n3\n")
    assert list(found.text("x")) == ["1", None, "2", None, "3"]
    out = found.write(tmp_path / "o.csv", {"w": (np.arange(5.0), "")})
    assert list(files.read(out).text("x")) == ["1", None, "2", None, "3"]
    assert len(read(tmp_path, "x,y\n1,2\n\n3,4\n\n")) == 2  # there an empty line is no row


def test_read__cells_over_a_megabyte(tmp_path):
    long = "x" * 3_000_000
    assert read(tmp_path, f"a,b\n1,{long}\n2,y\n").text("b")[0] == long
    assert read(tmp_path, f'a,b\n1,"{long}, ""z"""\n2,y\n').text("b")[0] == long + ', "z"'
    assert read(tmp_path, f'a,"{long}"\n1,2\n2,3\n').columns == ("a", long)


@pytest.mark.everyday(2)
@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx", "sav", "dta"])
def test_read__thousands_of_columns(kind, tmp_path):
    names = [f"question_{k:04d}" for k in range(5000)]
    row = ",".join(str(k % 7) for k in range(5000))
    found = read(tmp_path, ",".join(names) + "\n" + f"{row}\n{row}\n")
    assert found.columns == tuple(names)
    again = files.read(found.write(tmp_path / f"o.{kind}", {"w": (np.ones(2), "")}))
    assert list(again.numbers("question_4999")) == [1, 1]


TITLED = "Table 1. Population by sex, age, region\n\nsex;age;y\n1;2;3\n2;3;4\n"


def test_read__a_title_is_no_header_and_the_row_of_names_is_offered(tmp_path):
    with pytest.raises(
        DataError, match=r"Row 3 of the file looks like it: 'sex', 'age', 'y' …; say so with --header-row 3"
    ):
        read(tmp_path, TITLED)
    found = read(tmp_path, TITLED, header_row=3)
    assert found.columns == ("sex", "age", "y")
    assert list(found.numbers("y")) == [3, 4]
    with pytest.raises(DataError, match="--header-row 2 "):
        read(tmp_path, "Table 1,,\nsex,age,y\n1,2,3\n")
    with pytest.raises(DataError, match="row 2 of the file is empty"):
        read(tmp_path, TITLED, header_row=2)
    with pytest.raises(DataError, match="no row 9"):
        read(tmp_path, TITLED, header_row=9)


def test_read__row_names_are_no_title(tmp_path):
    assert read(tmp_path, ",x\na,b\nc,d\n").columns == ("", "x")
    assert read(tmp_path, "x\na\nb\n").columns == ("x",)
    assert read(tmp_path, "name,\nAnn,\nBob,\n").columns == ("name", "")


def test_read__second_rows_of_names_are_noticed(tmp_path):
    questions = 'id,Q1,Q2\n"Response ID","How old are you?","Hours, per day"\n1,20,3\n2,30,4\n3,40,5\n'
    with pytest.raises(DataError, match="data row 1 looks like a second row of names: 3 columns"):
        read(tmp_path, questions)
    assert list(read(tmp_path, questions, header_row=2).numbers("How old are you?")) == [20, 30, 40]
    two = "id,Q1,Q2\nResponse ID,How old?,Hours\ninteger,years,hours\n1,20,3\n2,30,4\n3,40,5\n"
    with pytest.raises(DataError, match="data row 2 looks like a second row of names"):
        read(tmp_path, two)
    qualtrics = (
        'StartDate,Q1,Q2\n"Start Date","How old?","Free, text"\n"{""ImportId"":""startDate""}","{""ImportId"":""QID1""}",'
        '"{""ImportId"":""QID2""}"\n2024-01-01,20,a\n2024-01-02,30,b\n'
    )
    with pytest.warns(SurveysimWarning, match="2 rows under the names are question texts and import ids"):
        found = read(tmp_path, qualtrics)
    assert list(found.numbers("Q1")) == [20, 30]
    assert found.labels["Q1"] == "How old?"


@pytest.mark.parametrize(
    "text",
    [
        "a,b\nnan,nan\n1,2\n2,3\n3,4\n",
        "a,b\nrefused,1\n1,2\n2,3\n3,4\n",
        "a,b\nx,y\n1,2\n2,3\n",
        "a\nrefused\n1\n2\n3\n",
    ],
)
def test_read__answers_that_are_no_numbers_are_no_names(text, tmp_path):
    assert len(read(tmp_path, text)) == text.count("\n") - 1


def test_read__choices_under_one_name_are_a_second_row_of_names(tmp_path):
    with pytest.raises(DataError, match="data row 1 looks like a second row of names"):
        read(tmp_path, "id,Q1,,Q2\n,Yes,No,Response\n1,Yes,,5\n2,,No,6\n3,Yes,,7\n")


def test_read__bytes_of_another_encoding_name_the_column(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"a,city\n1,x\n" * 9000 + b"1,Gen\xe8ve\n")
    with pytest.raises(DataError, match="is not utf-8"):
        files.read(tmp_path / "a.csv")


def test_tsv__is_read_and_written(tmp_path):
    (tmp_path / "a.tsv").write_text('id\tname\n01\t"a, b"\n02\tNA\n', encoding="utf-8")
    found = files.read(tmp_path / "a.tsv")
    assert list(found.text("name")) == ["a, b", None]
    assert found.write(tmp_path / "o.tsv", {}).read_text(encoding="utf-8") == "id\tname\n01\ta, b\n02\tNA\n"
    assert found.write(tmp_path / "o.csv", {}).read_text(encoding="utf-8") == 'id,name\n01,"a, b"\n02,NA\n'
