"""The document, read back."""

import zipfile

LOOK = {
    "title": "Client <survey> & more",
    "show": ["interval", "se", "count", "effective_n"],
    "notes": ["=Fieldwork in June"],
}


def test_document__opens_with_a_table_for_each_question_and_banner(made, tmp_path):
    import docx

    made.to_word(tmp_path / "t.docx", **LOOK)
    document = docx.Document(str(tmp_path / "t.docx"))
    assert len(document.tables) == 4
    assert [p.text for p in document.paragraphs if p.style.name == "Title"] == [LOOK["title"]]
    rows = {row.cells[0].text: [cell.text for cell in row.cells] for row in document.tables[0].rows}
    total = made.table.query("question == 'q' and level == 'plain' and banner == 'sex' and column == 'Total'")[
        "estimate"
    ].iloc[0]
    assert rows["plain"][1] == f"{100 * total:.1f}"
    assert rows[""][1:] == ["Total", "f (A)", "m (B)"]
    assert any("Effective n" in row for row in rows)
    assert "tblHeader" in zipfile.ZipFile(tmp_path / "t.docx").read("word/document.xml").decode()
