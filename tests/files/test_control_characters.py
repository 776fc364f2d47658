"""Quotes that never close, carriage returns in cells, and the first day of Excel's calendar."""

import datetime as dt

import openpyxl
import pandas as pd
import pytest

from surveysim import files
from surveysim.display import csv_text
from surveysim.errors import DataError


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("end", ['3,"said no\n4,fine\n', '3,"said no', '3,"', '3,"a ""quote""\n'])
def test_read__a_quote_that_never_closes_is_refused(end, encoding, tmp_path):
    """The rows below were one cell of the last column, and nobody was told."""
    (tmp_path / "a.csv").write_text("id,said\n1,fine\n2,\n" + end, encoding=encoding, newline="")
    with pytest.raises(DataError, match="last cell of data row 3 is never closed"):
        files.read(tmp_path / "a.csv", encoding=encoding)


@pytest.mark.parametrize("end", ['3,"said ""no"""\n', '3,""', '3,"two\nlines"\n\n', '3,5" pipe\n', '3,"a"', "3,\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_read__quotes_that_close_are_taken(end, encoding, tmp_path):
    (tmp_path / "a.csv").write_text("id,said\n1,fine\n2,\n" + end, encoding=encoding, newline="")
    assert len(files.read(tmp_path / "a.csv", encoding=encoding)) == 3


TEXTS = ["a\rb", "c\nd", "plain", "e"]


def test_write__a_carriage_return_stays_in_its_cell(tmp_path):
    """Bare in a CSV file it is a row more, and Excel files spell it _x000D_."""
    pd.DataFrame({"id": range(4), "t": TEXTS}).to_parquet(tmp_path / "a.parquet")
    file = files.read(tmp_path / "a.parquet")
    for kind in (".csv", ".xlsx"):
        file.write(tmp_path / f"b{kind}", {})
        found = files.read(tmp_path / f"b{kind}").text("t").tolist()
        assert found == TEXTS
    made = csv_text(pd.DataFrame({"level": TEXTS, "n": [1, 2, 3, 4]}))
    (tmp_path / "c.csv").write_text(made, encoding="utf-8", newline="")
    assert len(pd.read_csv(tmp_path / "c.csv")) == 4


def test_read__only_control_characters_are_unescaped(tmp_path):
    book = openpyxl.Workbook()
    for row in (["t"], ["a_x000D_b"], ["_xABCD_"], ["_x0041_"]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    assert files.read(tmp_path / "a.xlsx").text("t").tolist() == ["a\rb", "_xABCD_", "_x0041_"]


def test_write__the_first_day_of_the_calendar_of_excel_is_refused(tmp_path):
    """It was written as day 0, which is read as midnight."""
    for day, good in ((dt.date(1900, 1, 1), False), (dt.date(1900, 1, 2), True)):
        pd.DataFrame({"id": [1, 2], "born": [day, dt.date(1980, 5, 6)]}).to_parquet(tmp_path / "a.parquet")
        file = files.read(tmp_path / "a.parquet")
        if good:
            file.write(tmp_path / "b.xlsx", {})
            assert str(files.read(tmp_path / "b.xlsx").text("born")[0]).startswith("1900-01-02")
            continue
        with pytest.raises(DataError, match=r"'born' has 1 dates that a .xlsx file cannot hold"):
            file.write(tmp_path / "b.xlsx", {})
