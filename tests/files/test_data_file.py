"""Survey files: what was read is written back, whatever it is; what cannot be read is refused with its place."""

import datetime

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest

from surveysim import files
from surveysim.errors import DataError, SurveysimWarning

N = 60
HOSTILE = ("=1+1", "@SUM(A1)", "<script>alert(1)</script>", "\u202eevil", 'a "quote", and\na line')


def table():
    rng = np.random.default_rng(9)
    return pd.DataFrame(
        {
            "id": np.arange(N) + 1.0,
            "sex": rng.integers(1, 3, N).astype(float),
            "edu": rng.choice([1.0, 2.0, 3.0, 99.0, np.nan], N),
            "city": [HOSTILE[k % 5] for k in range(N)],
            "day": [datetime.date(2024, 1 + k % 12, 1 + k % 28) for k in range(N)],
        }
    )


@pytest.fixture
def sav(tmp_path):
    path = tmp_path / "调查 survey.sav"
    pyreadstat.write_sav(
        table(),
        str(path),
        file_label="A survey",
        column_labels={"sex": "Sex of the respondent"},
        variable_value_labels={"sex": {1.0: "male", 2.0: "female"}, "edu": {1.0: "low", 2.0: "mid", 3.0: "high", 99.0: "refused"}},
        missing_ranges={"edu": [99.0]},
        variable_measure={"sex": "nominal"},
        variable_format={"day": "EDATE10"},
        note=["made for the purpose"],
    )  # fmt: skip
    return path


@pytest.fixture
def dta(tmp_path):
    path = tmp_path / "survey.dta"
    data = table().assign(edu=[v if v == v and v < 99 else "a" if v == v else None for v in table()["edu"]])
    pyreadstat.write_dta(
        data,
        str(path),
        file_label="A survey",
        column_labels={"sex": "Sex of the respondent"},
        variable_value_labels={"sex": {1: "male", 2: "female"}},
        missing_user_values={"edu": ["a"]},
    )
    return path


META = ("column_names_to_labels", "variable_value_labels", "file_label", "original_variable_types")


@pytest.mark.parametrize("kind", ["sav", "dta"])
def test_write__keeps_every_value_label_and_format(kind, request, tmp_path):
    path = request.getfixturevalue(kind)
    read = files.read(path)
    out = read.write(tmp_path / f"new folder/out.{kind}", {"w": (np.linspace(1, 2, N), "Raked to sex")})
    again = files.read(out)
    pd.testing.assert_frame_equal(read.raw, again.raw[list(read.columns)])
    assert np.array_equal(again.numbers("w"), np.linspace(1, 2, N))
    assert again.labels["w"] == "Raked to sex"
    more = ("missing_ranges", "variable_measure", "notes") if kind == "sav" else ("missing_user_values",)
    for name in (*META, *more):
        before, after = getattr(read.meta, name), getattr(again.meta, name)
        if isinstance(after, dict):
            after = {k: v for k, v in after.items() if k != "w"}
        assert before == after, name


@pytest.mark.parametrize("kind", ["sav", "dta"])
def test_missing__user_missing_values_are_missing_and_stay_in_the_file(kind, request):
    read = files.read(request.getfixturevalue(kind))
    wanted = (table()["edu"].isna() | (table()["edu"] == 99)).to_numpy()
    assert np.array_equal(read.missing("edu").to_numpy(), wanted)
    assert np.array_equal(np.isnan(read.numbers("edu")), wanted)
    assert set(read.text("edu").dropna()) == {"1", "2", "3"}


def test_named__margins_may_have_labels_or_codes(sav):
    read = files.read(sav)
    assert set(read.named("sex", {"male", "female"})) == {"male", "female"}
    assert set(read.named("sex", {"1", "2"})) == {"1", "2"}


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx", "dta", "zsav"])
def test_write__to_another_kind_has_the_same_values_without_user_missing_ones(sav, kind, tmp_path):
    read = files.read(sav)
    if kind == "zsav":
        out = read.write(tmp_path / f"out.{kind}", {"w": (np.ones(N), "")})
    else:
        lost = r"no codes that mean missing, which are empty \(edu\)"
        if kind != "dta":
            lost = r"no labels of variables \(sex\); no labels of values \(sex, edu\); " + lost
        with pytest.warns(SurveysimWarning, match=lost):
            out = read.write(tmp_path / f"out.{kind}", {"w": (np.ones(N), "")})
    again = files.read(out)
    assert np.array_equal(again.numbers("id"), read.numbers("id"))
    assert list(again.text("sex")) == list(read.text("sex"))
    assert np.array_equal(again.numbers("edu"), read.numbers("edu"), equal_nan=True)
    if kind == "csv":
        assert again.text("day")[0] == "2024-01-01"


def test_csv__cells_are_written_back_as_they_were(tmp_path):
    path = tmp_path / "data.csv"
    text = 'code,name,x\n007,"a, b",1.50\n010,"line\nbreak",\n,"say ""no""",NA\n'
    path.write_text(text, encoding="utf-8-sig")
    read = files.read(path)
    assert list(read.text("code")) == ["007", "010", None]
    out = read.write(tmp_path / "out.csv", {"w": (np.array([0.1, 0.2, np.nan]), "")})
    assert out.read_text(encoding="utf-8") == (  # the mark at the beginning too, by which Excel knows UTF-8
        '\ufeffcode,name,x,w\n007,"a, b",1.50,0.1\n010,"line\nbreak",,0.2\n,"say ""no""",NA,\n'
    )


def test_text__one_level_however_it_is_spelt(tmp_path):
    (tmp_path / "a.csv").write_text("x\n1\n1.0\n2.50\n-3.00\n1.0a\n", encoding="utf-8")
    assert list(files.read(tmp_path / "a.csv").text("x")) == ["1", "1", "2.50", "-3", "1.0a"]
    pd.DataFrame({"x": [1.0, 2.0], "b": [True, False]}).to_parquet(tmp_path / "a.parquet")
    assert list(files.read(tmp_path / "a.parquet").text("x")) == ["1", "2"]
    assert list(files.read(tmp_path / "a.parquet").text("b")) == ["True", "False"]


def test_text__zero_has_no_sign(tmp_path):
    (tmp_path / "z.csv").write_text("z\n0\n-0.0\n-0\n0.0\n-0.00\n-0.5\n", encoding="utf-8")
    assert list(files.read(tmp_path / "z.csv").text("z")) == ["0"] * 5 + ["-0.5"]
    for kind in ("parquet", "xlsx", "sav", "dta"):
        files.write_table(pd.DataFrame({"z": [0.0, -0.0, 1.0]}), tmp_path / f"z.{kind}")
        assert list(files.read(tmp_path / f"z.{kind}").text("z")) == ["0", "0", "1"]


def test_spreadsheets__no_cell_is_a_formula(sav, tmp_path):
    read = files.read(sav)
    with pytest.warns(SurveysimWarning, match="written as .xlsx"):
        book = openpyxl.load_workbook(read.write(tmp_path / "out.xlsx", {"=w": (np.ones(N), "")}))
    assert {cell.data_type for row in book.active.iter_rows() for cell in row} <= {"s", "n", "d"}
    with pytest.warns(SurveysimWarning, match=r"begins like a formula has an apostrophe in front \(city\)"):
        text = read.write(tmp_path / "out.csv", {"w": (np.ones(N), "")}).read_text(encoding="utf-8")
    cells = pd.read_csv(tmp_path / "out.csv", dtype=str, keep_default_na=False)["city"]
    assert "<script>" in text  # harmless in a CSV file
    assert not cells.str.startswith(("=", "@", "+", "-")).any()


def test_parquet__keeps_types_and_metadata(tmp_path):
    data = pd.DataFrame({"c": pd.Categorical(["a", "b", "a"]), "d": pd.to_datetime(["2024-01-01"] * 3), "x": [1, 2, 3]})
    data.to_parquet(tmp_path / "a.parquet")
    files.read(tmp_path / "a.parquet").write(tmp_path / "b.parquet", {"w": (np.ones(3), "")})
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "b.parquet"), data.assign(w=1.0))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.csv", None, "no such file"),
        ("a.txt", "x\n1\n", "give one of .csv"),
        ("a.csv", "x,x\n1,2\n", "2 columns are called 'x'"),
        ("a.csv", "x,y\n1,2\n3\n", "cannot be read as .csv"),
        ("a.csv", "", "empty"),
        ("a.csv", "x,y\n", "no rows"),
        ("a.sav", "no SPSS file", "cannot be read as .sav"),
        ("a.xlsx", "no Excel file", "cannot be read as .xlsx"),
        ("a.parquet", "no Parquet file", "cannot be read as .parquet"),
    ],
)
def test_read__refuses_with_the_place(name, content, words, tmp_path):
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=words) as error:
        files.read(tmp_path / name)
    assert name in str(error.value)


def test_read__names_the_encoding(tmp_path):
    (tmp_path / "a.csv").write_text("城市\n北京\n", encoding="gb18030")
    with pytest.raises(DataError, match="gb18030"):
        files.read(tmp_path / "a.csv")
    assert list(files.read(tmp_path / "a.csv", encoding="gb18030").text("城市")) == ["北京"]


def test_write__loses_nothing(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x\n1\n", encoding="utf-8")
    read = files.read(path)
    with pytest.raises(DataError, match="is the file that was read"):
        read.write(path, {"w": (np.ones(1), "")})
    with pytest.raises(DataError, match="column 'x' already"):
        read.write(tmp_path / "b.csv", {"x": (np.ones(1), "")})
    with pytest.raises(DataError, match="did you mean"):
        read.text("xx")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("variable,level\nsex,m\n", "none of total, percent, share"),
        ("variable,level,total,percent\nsex,m,1,1\n", "total and percent"),
        ("level,total\nm,1\n", "no column 'variable'"),
        ("variable,level,total\nsex,,1\n", "data row 1 has an empty cell"),
        ("variable,level,total\nsex,m,many\n", "not numeric"),
        ("variable,level,total\nsex*age,m,1\n", "crosses 2 variables"),
    ],
)
def test_read_margins__refuses(text, words, tmp_path):
    (tmp_path / "m.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=words):
        files.read_margins(tmp_path / "m.csv")


def test_read_margins__crossed_and_by(tmp_path):
    (tmp_path / "m.csv").write_text("region,variable,level,percent\n01,sex*age,m * 60+,100\n", encoding="utf-8")
    margins, reading = files.read_margins(tmp_path / "m.csv", by="region")
    assert reading == "shares"
    assert margins.to_dict("records") == [
        {"region": "01", "variable": ("sex", "age"), "level": ("m", "60+"), "total": 100.0}
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("variable,level,total\nsex,m,0.5\nsex,f,0.5\n", "to be called share"),
        ("variable,level,total\nsex,m,50\nsex,f,50\n", "to be called percent"),
        ("variable,level,percent\nsex,m,0.5\nsex,f,0.5\n", "sums to 1, not to 100"),
        ("variable,level,percent\nsex,m,50\nsex,f,49.9\n", "sums to 99.9, not to 100"),
        ("variable,level,percent\nsex,m,51.1%\nsex,f,48.9%\n", "as a plain number"),
        ("region,variable,level,total\n1,sex,m,5\n2,sex,m,5\n", "say --by region"),
        ("variable,level,total\nsex,m,5\nsex,m,6\n", "data row 2, sex = m"),
    ],
)
def test_read_margins__sums_and_doubles(text, words, tmp_path):
    (tmp_path / "m.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=words):
        files.read_margins(tmp_path / "m.csv")


def test_read_margins__may_have_another_encoding_than_the_data(tmp_path):
    (tmp_path / "m.csv").write_text("variable,level,percent\n性别,男,100\n", encoding="utf-8")
    assert files.read_margins(tmp_path / "m.csv", encoding="gb18030")[0]["variable"][0] == "性别"
    (tmp_path / "g.csv").write_text("variable,level,percent\n性别,男,100\n", encoding="gb18030")
    assert files.read_margins(tmp_path / "g.csv", encoding="gb18030")[0]["variable"][0] == "性别"


@pytest.mark.parametrize(
    "odd", ["plain", 'a "quoted" word', "a,b", "two\nlines", "a\rreturn", " blank ", "", "héé", "-1", "1.50"]
)
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_csv__cells_and_weights_are_written_as_a_csv_writer_writes_them(sign, odd, tmp_path):
    """Files without anything to quote take a shorter way; cells and numbers are the same."""
    cells = pd.DataFrame({"a": ["x", odd, "y"], "b b": ["007", "1e3", odd], "c": [odd, "2", "3"]})
    kind = "tsv" if sign == "\t" else "csv"
    cells.to_csv(tmp_path / f"a.{kind}", index=False, sep=sign, lineterminator="\n", quoting=2 if "\r" in odd else 0)
    read = files.read(tmp_path / f"a.{kind}")
    weight = np.array([1.0, 0.1 + 0.2, 1e-7])
    read.write(tmp_path / f"b.{kind}", {"w": (weight, ""), "v": (np.array([np.nan, 1e22, -0.0]), "")})
    want = cells.assign(w=weight, v=[np.nan, 1e22, -0.0]).to_csv(
        index=False, sep=sign, lineterminator="\n", quoting=2 if "\r" in odd else 0
    )
    assert (tmp_path / f"b.{kind}").read_bytes().decode() == want


def test_csv__that_excel_wrote_keeps_its_mark(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfx,y\n1,2\n")
    files.read(tmp_path / "a.csv").write(tmp_path / "b.csv", {"w": (np.array([1.5]), "")})
    assert (tmp_path / "b.csv").read_bytes() == b"\xef\xbb\xbfx,y,w\n1,2,1.5\n"


def test_spelt__codes_and_texts_in_the_order_of_appearance(tmp_path):
    table = pd.DataFrame({"k": pd.Categorical(["b", None, "a", "b"], ["z", "a", "b"]), "n": [2.0, 1.0, np.nan, 2.0]})
    table.to_csv(tmp_path / "a.csv", index=False)
    files.write_table(table, tmp_path / "a.parquet")
    for kind in ("parquet", "csv"):
        read = files.read(tmp_path / f"a.{kind}")
        for name, want in (("k", ([0, -1, 1, 0], ["b", "a"])), ("n", ([0, 1, -1, 0], ["2", "1"]))):
            codes, found = read.spelt(name)
            assert (codes.tolist(), found) == want
            assert read.text(name).tolist() == [None if c < 0 else found[c] for c in codes]


def test_csv__semicolons_stay_semicolons(tmp_path):
    (tmp_path / "a.csv").write_text("a;b\n1;x,y\n2;z\n", encoding="utf-8")
    read = files.read(tmp_path / "a.csv")
    assert list(read.text("b")) == ["x,y", "z"]
    out = read.write(tmp_path / "o.csv", {"w": (np.ones(2), "")})
    assert out.read_text(encoding="utf-8") == "a;b;w\n1;x,y;1.0\n2;z;1.0\n"


def test_write__names_that_a_kind_cannot_have_are_refused(sav, tmp_path):
    read = files.read(sav)
    for name in ("w 2", "", "SEX", "1w", "w" * 70):
        with pytest.raises(DataError, match="name"):
            read.write(tmp_path / "o.sav", {name: (np.ones(N), "")})
    assert [p for p in tmp_path.iterdir() if p != sav] == []


def test_write__what_a_kind_cannot_hold_is_one_typed_error(tmp_path):
    pyreadstat.write_sav(
        pd.DataFrame({"a": ["x", "y"]}), str(tmp_path / "s.sav"), variable_value_labels={"a": {"x": "first"}}
    )
    with pytest.raises(DataError, match=r"cannot be written as \.dta"):
        files.read(tmp_path / "s.sav").write(tmp_path / "s.dta", {})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["s.sav"]


def test_numbers__infinite_ones_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("y\n1\n1e400\n", encoding="utf-8")
    with pytest.raises(DataError, match="'y' is infinite in 1 rows; the first is data row 2"):
        files.read(tmp_path / "a.csv").numbers("y")


def test_excel__other_sheets_are_named_when_they_stay_behind(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["x"])
    book.active.append([1])
    book.active.append([True])
    book.create_sheet("codebook").append(["text"])
    book.save(tmp_path / "a.xlsx")
    read = files.read(tmp_path / "a.xlsx")
    assert list(read.text("x")) == ["1", "True"]
    with pytest.warns(SurveysimWarning, match="'codebook' stay"):
        read.write(tmp_path / "o.xlsx", {"w": (np.ones(2), "")})


def test_text__truth_values_and_ones_stay_apart_however_late_they_come(tmp_path):
    book = openpyxl.Workbook()
    for value in ["x", *[1] * 1500, True]:
        book.active.append([value])
    book.save(tmp_path / "a.xlsx")
    text = files.read(tmp_path / "a.xlsx").text("x")
    assert text.iloc[0] == "1"
    assert text.iloc[-1] == "True"
