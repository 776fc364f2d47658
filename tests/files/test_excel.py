"""Excel files of many makers: wrong sizes, charts, merged cells, titles, errors, zip bombs."""

import re
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest

from surveysim import files
from surveysim.errors import DataError, SurveysimWarning

ROWS = [("sex", "age", "y")] + [("fm"[k % 2], "yo"[k // 2 % 2], k) for k in range(100)]


def book(path, rows, *, merged=(), change=None):
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(list(row))
    for block in merged:
        made.active.merge_cells(block)
    made.save(path)
    if change is not None:
        rewritten(path, change)
    return path


def rewritten(path, change, member="sheet1.xml"):
    with zipfile.ZipFile(path) as old:
        parts = [(name, old.read(name)) for name in old.namelist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in parts:
            new.writestr(name, change(data) if name.endswith(member) else data)


@pytest.mark.parametrize("size", ["A1", "A1:C11", "A1:A101", "A1:XFD1048576", "B5:B6", "", "#REF!", None])
def test_read__whole_whatever_the_file_says_of_its_size(size, tmp_path):
    new = b"" if size is None else f'<dimension ref="{size}"/>'.encode()
    path = book(tmp_path / "a.xlsx", ROWS, change=lambda data: re.sub(rb'<dimension ref="[^"]*" ?/>', new, data))
    found = files.read(path)
    assert found.columns == ("sex", "age", "y")
    assert list(found.numbers("y")) == list(range(100))


@pytest.mark.parametrize("size", ["A1", "A1:B2"])
def test_read_margins__whole_too(size, tmp_path):
    rows = [("variable", "level", "percent"), ("sex", "f", 40), ("sex", "m", 60)]
    change = lambda data: re.sub(rb'<dimension ref="[^"]*"', f'<dimension ref="{size}"'.encode(), data)  # noqa: E731
    assert list(files.read_margins(book(tmp_path / "m.xlsx", rows, change=change))[0]["total"]) == [40, 60]


def test_read__rows_without_numbers_and_out_of_order(tmp_path):
    path = book(tmp_path / "a.xlsx", ROWS, change=lambda data: re.sub(rb' r="[A-Z]*\d+"', b"", data))
    assert list(files.read(path).numbers("y")) == list(range(100))
    path = book(tmp_path / "b.xlsx", ROWS, change=lambda data: data.replace(b'<row r="101"', b'<row r="50"'))
    assert sorted(files.read(path).numbers("y")) == list(range(100))


def test_read__sheets_of_charts_and_hidden_ones_are_passed_over(tmp_path):
    made = openpyxl.Workbook()
    made.create_chartsheet("C", 0)
    hidden = made.create_sheet("lists", 1)
    hidden.append(["choices"])
    hidden.append(["x"])
    hidden.sheet_state = "hidden"
    for row in ROWS:
        made["Sheet"].append(row)
    made.save(tmp_path / "a.xlsx")
    found = files.read(tmp_path / "a.xlsx")
    assert len(found) == 100
    assert set(found.sheets) == {"Sheet", "lists", "C"}
    assert found.sheets[0] == "Sheet"
    assert files.read(tmp_path / "a.xlsx", "lists").columns == ("choices",)
    with pytest.raises(DataError, match=r"no sheet 'C' with cells .it is a chart"):
        files.read(tmp_path / "a.xlsx", "C")
    with pytest.raises(DataError, match="no sheet 'D'"):
        files.read(tmp_path / "a.xlsx", "D")


def test_read__titles_above_the_names_are_offered(tmp_path):
    path = book(tmp_path / "a.xlsx", [("Table 1",), ("Source: census", None, "2020"), (), *ROWS], merged=["A1:C1"])
    with pytest.raises(
        DataError, match=r"Row 4 of the file looks like it: 'sex', 'age', 'y' …; say so with --header-row 4"
    ):
        files.read(path)
    found = files.read(path, header_row=4)
    assert list(found.numbers("y")) == list(range(100))
    block = book(tmp_path / "b.xlsx", [("Table 1",), (), *ROWS], merged=["A1:C2"])
    with pytest.raises(DataError, match="--header-row 3"):
        files.read(block)


def test_read_margins__the_row_of_names_is_found_below_a_title(tmp_path):
    rows = [("Population, 2020",), (), ("variable", "level", "percent"), ("sex", "f", 40), ("sex", "m", 60)]
    with pytest.warns(
        SurveysimWarning, match=r"names are in row 3 of the file; what stands above \('Population, 2020'\)"
    ):
        table, _ = files.read_margins(book(tmp_path / "m.xlsx", rows))
    assert list(table["total"]) == [40, 60]
    text = "\n".join(",".join(map(str, (*row, *[""] * (3 - len(row))))) for row in rows)
    (tmp_path / "m.csv").write_text(text, encoding="utf-8")
    with pytest.warns(SurveysimWarning, match="names are in row 3"):
        files.read_margins(tmp_path / "m.csv")


def test_read__merged_cells(tmp_path):
    rows = [("sex", "trust in", None, "y"), (None, "courts", "police", None), *[("f", 1, 2, k) for k in range(5)]]
    path = book(tmp_path / "a.xlsx", rows, merged=["A1:A2", "D1:D2", "B1:C1"])
    with pytest.raises(
        DataError, match=r"'trust in' in row 1 of the file is one cell over several columns \(B1:C1\).*--header-row 2"
    ):
        files.read(path)
    assert files.read(path, header_row=2).columns == ("sex", "courts", "police", "y")
    rows = [("variable", "level", "percent"), ("sex", "f", 40), (None, "m", 60), ("age", "y", 30), (None, "o", 70)]
    margins = book(tmp_path / "m.xlsx", rows, merged=["A2:A3", "A4:A5"])
    with pytest.warns(SurveysimWarning, match=r"merged cells hold their value in each of their rows \(A2:A3, A4:A5\)"):
        table, _ = files.read_margins(margins)
    assert list(table["variable"]) == ["sex", "sex", "age", "age"]


def test_read__errors_are_empty_cells_and_said(tmp_path):
    path = book(tmp_path / "a.xlsx", [("x", "y"), (1, "#N/A"), (2, 5)])
    with pytest.warns(SurveysimWarning, match=r"1 cells of column B are errors \(#N/A\)"):
        found = files.read(path)
    assert list(found.text("y")) == [None, "5"]


@pytest.mark.parametrize("member", ["sheet1.xml", "styles.xml", "workbook.xml"])
def test_read__a_member_that_would_unpack_to_hundreds_of_megabytes_is_refused(member, tmp_path):
    path = book(tmp_path / "a.xlsx", ROWS)
    rewritten(path, lambda data: data + b" " * (200 << 20), member)
    with pytest.raises(DataError, match=rf"{member}' would unpack to 200 MB"):
        files.read(path)


def test_read__a_large_sheet_is_no_bomb(tmp_path):
    pd.DataFrame({f"question {k}": ["strongly agree"] * 4000 for k in range(50)}).to_excel(
        tmp_path / "a.xlsx", index=False
    )
    assert len(files.read(tmp_path / "a.xlsx")) == 4000


def test_read__a_second_row_of_names_is_noticed(tmp_path):
    rows = [("id", "Q1"), ("Response ID", "How old are you?"), (1, 20), (2, 30), (3, 40)]
    with pytest.raises(DataError, match="data row 1 looks like a second row of names"):
        files.read(book(tmp_path / "a.xlsx", rows))


def test_read__formulas_without_values_are_said(tmp_path):
    """As other software writes them that calculates nothing: the cells looked empty, and nobody was told."""
    rows = [("sex", "y", "z"), ("f", 1, "=B2*2"), ("m", 2, "=B3*2"), ("m", 3, 6)]
    said = r"2 cells of column C are errors \(formulas that were saved without their values\) and count as empty"
    with pytest.warns(SurveysimWarning, match=said):
        found = files.read(book(tmp_path / "a.xlsx", rows))
    assert found.numbers("z").tolist()[2] == 6
    assert np.isnan(found.numbers("z")).tolist() == [True, True, False]


def test_read__whole_numbers_stay_whole_where_cells_are_empty(tmp_path):
    """They came back as 100.0, which is no identifier any more."""
    path = book(tmp_path / "a.xlsx", [("id", "y"), (100, 1), (None, 2), (102, 3)])
    found = files.read(path)
    found.write(tmp_path / "b.csv", {"w": (np.array([1.0, 2.0, 3.0]), "weight")})
    assert (tmp_path / "b.csv").read_text().splitlines() == ["id,y,w", "100,1,1.0", ",2,2.0", "102,3,3.0"]
    assert found.numbers("id").tolist()[::2] == [100, 102]
