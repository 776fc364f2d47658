"""What becomes of a column in another kind of file: numbers stay numbers, periods are dates, and losses have a name."""

import datetime as dt
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest

from surveysim import files
from surveysim.errors import DataError, SurveysimWarning

CSV = "id,sex,hours,share,wide,mix,name,holes\n" + "".join(
    f"{k:03d},{1 + k % 2},{k * 1.5},{k / 7!r},{10**17 + k},{'many' if k == 3 else k},n{k},{'' if k % 2 else k}\n"
    for k in range(20)
)


@pytest.fixture
def csv(tmp_path):
    (tmp_path / "d.csv").write_text(CSV, encoding="utf-8")
    return files.read(tmp_path / "d.csv")


@pytest.mark.parametrize("kind", ["sav", "zsav", "dta", "parquet", "xlsx"])
def test_csv__numbers_stay_numbers_and_what_is_text_is_said(kind, csv, tmp_path):
    with pytest.warns(SurveysimWarning, match="written as") as said:
        out = csv.write(tmp_path / f"o.{kind}", {"w": (np.ones(20), "")})
    text = str(said[0].message)
    assert "text, because of codes such as '000' (id)" in text
    assert "text, because a number would lose digits of '100000000000000000' (wide)" in text
    assert "text, because of cells such as 'many' among numbers (mix)" in text
    assert "name" not in text
    found = files.read(out)
    values = {name: found.values(name) for name in csv.columns}
    assert {n for n, v in values.items() if pd.api.types.is_numeric_dtype(v)} == {"sex", "hours", "share", "holes"}
    for name in csv.columns:
        assert list(found.text(name)) == [None if v is None else files.spelling.spelt_as(v) for v in csv.text(name)]
    np.testing.assert_array_equal(found.numbers("share"), csv.numbers("share"))


def test_csv__excel_cells_have_their_types(csv, tmp_path):
    with pytest.warns(SurveysimWarning, match="written as"):
        out = csv.write(tmp_path / "o.xlsx", {"w": (np.ones(20), "")})
    first = next(openpyxl.load_workbook(out).active.iter_rows(min_row=2, max_row=2, values_only=True))
    assert [type(v) for v in first] == [str, int, float, float, str, str, str, int, float]


def test_csv__many_different_texts_take_no_longer_than_they_must(tmp_path):
    import time

    (tmp_path / "d.csv").write_text("x\n" + "".join(f"person {k}\n" for k in range(60_000)), encoding="utf-8")
    read, start = files.read(tmp_path / "d.csv"), time.process_time()
    read.write(tmp_path / "o.parquet", {})
    assert time.process_time() - start < 20  # each compared with all others: minutes


@pytest.mark.parametrize("spelt", ["1e5", "-.5", "3.", "-0", "0.10", "12345678901"])
def test_csv__spellings_of_numbers(spelt, tmp_path):
    (tmp_path / "d.csv").write_text(f"x,y\n{spelt},a\n2,b\n", encoding="utf-8")
    found = files.read(files.read(tmp_path / "d.csv").write(tmp_path / "o.parquet", {}))
    assert list(found.numbers("x")) == [float(spelt), 2]


@pytest.mark.parametrize("form", ["td", "tc", "tm", "tq", "th", "tw"])
@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx", "sav"])
def test_stata__periods_are_dates(form, kind, tmp_path):
    first = {
        "td": "2023-08-17",
        "tc": "2023-08-17",
        "tm": "2023-08-01",
        "tq": "2023-07-01",
        "th": "2023-07-01",
        "tw": "2023-08-13",
    }
    data = pd.DataFrame({"g": [1, 2, 1], "dt": pd.to_datetime(["2023-08-17", "1959-02-03", None])})
    data.to_stata(tmp_path / "t.dta", write_index=False, convert_dates={"dt": form})
    with pytest.warns(SurveysimWarning, match="no formats"):
        out = files.read(tmp_path / "t.dta").write(tmp_path / f"o.{kind}", {})
    if kind == "sav":
        got = [str(v)[:10] for v in pyreadstat.read_sav(str(out))[0]["dt"]]
    else:
        got = list(files.read(out).text("dt"))
    assert got[0] == first[form]
    assert got[1].startswith("1959")
    assert got[2] in (None, "NaT", "None", "nan")


@pytest.mark.parametrize(
    ("form", "day"),
    [("MOYR8", "2023-08-17"), ("QYR8", "2023-08-17"), ("WKYR10", "2023-08-17"), ("SDATE10", "2023-08-17")],
)
def test_spss__periods_are_dates(form, day, tmp_path):
    seconds = (dt.datetime(2023, 8, 17) - dt.datetime(1582, 10, 14)).total_seconds()
    pyreadstat.write_sav(pd.DataFrame({"d": [seconds, np.nan]}), str(tmp_path / "s.sav"), variable_format={"d": form})
    with pytest.warns(SurveysimWarning, match="no formats"):
        out = files.read(tmp_path / "s.sav").write(tmp_path / "o.csv", {})
    assert list(files.read(out).text("d")) == [day, None]


def test_stata__times_of_more_than_a_day_stay_numbers_and_are_said(tmp_path):
    pyreadstat.write_sav(pd.DataFrame({"d": [90_000.0, 5.0]}), str(tmp_path / "s.sav"), variable_format={"d": "TIME8"})
    with pytest.warns(SurveysimWarning, match=r"stay numbers \(d\)"):
        out = files.read(tmp_path / "s.sav").write(tmp_path / "o.csv", {})
    assert list(files.read(out).numbers("d")) == [90_000, 5]


@pytest.mark.parametrize(
    ("column", "kind", "words"),
    [
        (
            [dt.date(1850, 1, 2), dt.date(2020, 1, 1)],
            "xlsx",
            r"'born' has 1 dates that a .xlsx file cannot hold .*1850-01-02 in data row 1",
        ),
        ([dt.date(2020, 1, 1), dt.datetime(1899, 12, 31, 5)], "xlsx", "data row 2"),
        ([dt.date(1500, 1, 2), None], "sav", "'born' has 1 dates that a .sav file cannot hold"),
        ([1.0, np.inf], "dta", "'born' is infinite in 1 rows, first in data row 2"),
        ([1.0, -np.inf], "xlsx", "'born' is infinite in 1 rows"),
        (["x" * 40_000, "y"], "xlsx", "'born' has text of 40,000 characters in data row 1"),
    ],
)
def test_write__what_does_not_fit_is_refused_with_its_column(column, kind, words, tmp_path):
    with pytest.raises(DataError, match=words):
        files.write_table(pd.DataFrame({"a": [1, 2], "born": pd.Series(column, dtype=object)}), tmp_path / f"o.{kind}")
    assert list(tmp_path.iterdir()) == []


def test_parquet__kinds_that_others_have_not(tmp_path):
    import decimal

    data = pd.DataFrame(
        {
            "zone": pd.to_datetime(["2024-06-01 10:00", "2024-06-02 11:30"]).tz_localize("Europe/Berlin"),
            "money": [decimal.Decimal("1.50"), decimal.Decimal("2.25")],
            "grade": pd.Categorical(["low", "high"], categories=["low", "high"], ordered=True),
            "list": [[1, 2], [3]],
            "maybe": pd.array([True, None], dtype="boolean"),
            "wait": pd.to_timedelta([90, 30], "min"),
        }
    )
    data.to_parquet(tmp_path / "p.parquet")
    read = files.read(tmp_path / "p.parquet")
    with pytest.warns(SurveysimWarning, match="written as .sav") as said:
        found = files.read(read.write(tmp_path / "o.sav", {}))
    text = str(said[0].message)
    for words in (
        "times without their zone Europe/Berlin (zone)",
        "order of categories is not kept (grade)",
        "as text (list, wait)",
    ):
        assert words in text
    assert pyreadstat.read_sav(str(found.path))[0]["zone"][0] == pd.Timestamp("2024-06-01 10:00")
    assert list(found.numbers("money")) == [1.5, 2.25]
    assert list(found.levelled("maybe")) == ["True", np.nan]


def _with_record(path, kind, data, after=None):
    """Put an extension record into an SPSS file."""
    raw, end = path.read_bytes(), b"\xe7\x03\x00\x00\x00\x00\x00\x00"
    at = raw.index(end)
    record = b"".join(k.to_bytes(4, "little") for k in (7, kind, 1, len(data))) + data
    path.write_bytes(raw[:at] + record + raw[at:])


def test_spss__response_sets_weights_and_attributes_are_named(tmp_path):
    path = tmp_path / "s.sav"
    pyreadstat.write_sav(pd.DataFrame({"a1": [1.0, 0.0], "a2": [0.0, 1.0]}), str(path))
    _with_record(path, 7, b"$media=D1 1 5 Media a1 a2\n")
    _with_record(path, 18, b"a1:$@Role('0'\n)")
    raw = bytearray(path.read_bytes())
    raw[76:80] = (1).to_bytes(4, "little")
    path.write_bytes(bytes(raw))
    with pytest.warns(
        SurveysimWarning, match=r"response sets \(media\).*weight that is switched on.*attributes or roles"
    ):
        files.read(path).write(tmp_path / "o.sav", {})


@pytest.mark.parametrize("kind", ["sav", "zsav"])
def test_spss__text_variables_are_as_wide_as_they_were(kind, tmp_path):
    """SPSS merges no files whose text variables differ in width."""
    towns = ["Zürich".ljust(39), "Rome", "", "Oslo"]  # ü has two bytes
    data = pd.DataFrame(
        {"sex": [1.0, 2.0, 1.0, 2.0], "town": towns, "empty": [" " * 200, "", "", ""], "id": list("abcd")}
    )
    pyreadstat.write_sav(data.assign(long=["", "", "x" * 300, ""]), tmp_path / "a.sav")
    file = files.read(tmp_path / "a.sav")
    file.write(tmp_path / f"b.{kind}", {"w": (np.ones(4), "")})
    before, after = (pyreadstat.read_sav(tmp_path / name) for name in ("a.sav", f"b.{kind}"))
    widths = before[1].original_variable_types
    assert widths == {"sex": "F8.2", "town": "A40", "empty": "A200", "id": "A1", "long": "A300"}
    assert widths | {"w": after[1].original_variable_types["w"]} == after[1].original_variable_types
    pd.testing.assert_frame_equal(after[0].drop(columns="w"), before[0])


def test_stata__storage_types_and_notes_are_named(tmp_path):
    data = pd.DataFrame({"a": np.array([1, 2], "int8"), "b": np.array([1.5, 2], "float32"), "c": np.array([1.5, 2.0])})
    data.to_stata(tmp_path / "s.dta", write_index=False, version=118)
    read = files.read(tmp_path / "s.dta")
    with pytest.warns(SurveysimWarning, match=r"other storage types than byte, float, with the same values \(a, b\)"):
        again = files.read(read.write(tmp_path / "o.dta", {}))
    assert list(again.numbers("b")) == [1.5, 2]
    raw = (tmp_path / "s.dta").read_bytes()
    noted = raw.replace(b"<characteristics></characteristics>", b"<characteristics><ch>\0\0\0\0</ch></characteristics>")
    assert noted != raw
    (tmp_path / "n.dta").write_bytes(noted)
    assert "no notes or characteristics" in list(files.conversion._unseen(tmp_path / "n.dta", ".dta"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("how often", "sav"),
        ("with", "sav"),
        ("x" * 65, "sav"),
        ("城" * 22, "sav"),
        ("a.b", "dta"),
        ("int", "dta"),
        ("x" * 33, "dta"),
        ("SEX", "dta"),
        ("1a", "sav"),
    ],
)
def test_write__names_of_every_column_fit_the_new_kind(name, kind, tmp_path):
    table = pd.DataFrame({"sex": [1, 2], name: [1, 2]})
    table.to_csv(tmp_path / "d.csv", index=False)
    with pytest.raises(DataError, match="cannot be a variable's name there") as error:
        files.read(tmp_path / "d.csv").write(tmp_path / f"o.{kind}", {})
    assert repr(name) in str(error.value)


def test_excel__more_than_a_sheet_holds_is_refused(tmp_path):
    with pytest.raises(DataError, match="1,048,576 rows"):
        files.write_table(pd.DataFrame({"x": np.zeros(1_048_576)}), tmp_path / "o.xlsx")


def test_excel__written_files_have_no_formula(tmp_path):
    files.write_table(pd.DataFrame({"=a": ["=1+1", "{=1}", "http://x", "-5"]}), tmp_path / "o.xlsx")
    with zipfile.ZipFile(tmp_path / "o.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"hyperlink" not in sheet
    assert list(files.read(tmp_path / "o.xlsx").text("=a")) == ["=1+1", "{=1}", "http://x", "-5"]


def test_stata__extended_missing_codes_are_missing_and_come_back(tmp_path):
    data = pd.DataFrame({"x": np.array([1.0, 2.0, "a", None, 5.0, "b"], dtype=object), "w": np.arange(6.0)})
    meanings = {1: "one", "a": "refused", "b": "does not know"}
    pyreadstat.write_dta(
        data, str(tmp_path / "s.dta"), missing_user_values={"x": ["a", "b"]}, variable_value_labels={"x": meanings}
    )
    file = files.read(tmp_path / "s.dta")
    np.testing.assert_array_equal(file.numbers("x"), [1, 2, np.nan, np.nan, 5, np.nan])
    file.write(tmp_path / "again.dta", {"w2": (np.ones(6), "")})
    for path in ("s.dta", "again.dta"):
        found, meta = pyreadstat.read_dta(str(tmp_path / path), user_missing=True)
        assert found["x"].tolist()[:3] == [1, 2, "a"]
        assert found["x"].tolist()[4:] == [5, "b"]
        assert meta.missing_user_values == {"x": ["a", "b"]}
        assert meta.variable_value_labels["x"] == meanings
    for kind in ("sav", "csv", "parquet", "xlsx"):
        with pytest.warns(SurveysimWarning, match=r"no codes that mean missing, which are empty \(x\)"):
            out = file.write(tmp_path / f"o.{kind}", {})
        np.testing.assert_array_equal(files.read(out).numbers("x"), file.numbers("x"))


@pytest.mark.parametrize("kind", ["sav", "dta", "csv"])
@pytest.mark.parametrize(
    ("record", "sets", "named"),
    [
        (7, b"$heard=D1 1 5 heard s1 s2\n", r" \(heard\)"),
        (7, b"$heard=C 5 heard s1 s2\n", r" \(heard\)"),
        (19, b"$heard=E 1 1 1 5 heard s1 s2\n", r" \(heard\)"),
        (19, b"$heard=E1 1 1 5 heard s1 s2\n", r"[;.]"),  # which the reader cannot make out
    ],
)
def test_spss__multiple_response_sets_are_named_where_they_are_lost(kind, record, sets, named, tmp_path):
    path = tmp_path / "s.sav"
    pyreadstat.write_sav(pd.DataFrame({"s1": [1.0, 0.0], "s2": [0.0, 1.0]}), str(path))
    body = path.read_bytes()
    at = body.index(np.array([7, 3, 4, 8], "<i4").tobytes())  # the first record behind the variables
    path.write_bytes(body[:at] + np.array([7, record, 1, len(sets)], "<i4").tobytes() + sets + body[at:])
    with pytest.warns(SurveysimWarning, match=f"no multiple-response sets{named}"):
        files.read(path).write(tmp_path / f"o.{kind}", {"w": (np.ones(2), "")})
