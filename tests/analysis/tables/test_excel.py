"""The workbook, read back."""

import re

import pytest

LOOK = {
    "title": "Client <survey> & more",
    "show": ["interval", "se", "count", "effective_n"],
    "notes": ["=Fieldwork in June"],
}


@pytest.mark.parametrize(
    ("sheets", "names"),
    [("banner", ["Contents", "Sex", "Question one two"]), ("question", None), ("one", ["Contents", "Total"])],
)
def test_workbook__opens_with_contents_formats_and_panes(made, tmp_path, sheets, names):
    import openpyxl

    path = tmp_path / "t.xlsx"
    made.publish("nchs").to_excel(path, sheets, **LOOK)
    book = openpyxl.load_workbook(path)
    if names:
        assert book.sheetnames == names
    assert book.worksheets[0]["A1"].value == LOOK["title"]
    links = [cell.hyperlink.location for cell in book.worksheets[0]["A"] if cell.hyperlink]
    assert len(links) == 2 * (2 if sheets == "banner" else 1)
    for link in links:
        name, place = re.fullmatch(r"'(.+)'!(A\d+)", link).groups()
        assert book[name][place].value in ("Question: [one]/two", "'@hours")
    said = [cell.value for cell in book.worksheets[0]["A"] if cell.value]
    assert "'=Fieldwork in June" in said
    assert any("nchs" in text for text in said)
    sheet = book.worksheets[1]
    assert sheet.freeze_panes == "B4"
    assert sheet.column_dimensions["A"].width > 20
    values = {row[0].value: row for row in sheet.iter_rows() if row[0].value}
    table = made.table.set_index(["question", "level", "banner", "column"])
    banner = "age" if sheets == "banner" and sheet.title != "Sex" else "sex"
    total = table.loc[("q", "plain", banner, "Total"), "estimate"]
    assert values["plain"][1].value == pytest.approx(100 * total)
    assert values["plain"][1].number_format == "0.0"
    assert values["'=1+1"][0].data_type == "s"
    assert values["Respondents (n)"][1].value == 500
    assert "–" in [cell.value for row in sheet.iter_rows() for cell in row]  # hidden: 25 men
    assert not any(cell.data_type == "f" for one in book.worksheets for row in one.iter_rows() for cell in row)
