"""What clients open: workbook, document, page, LaTeX and Markdown, read back."""

import re
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest

import surveysim as ss

LOOK = {
    "title": "Client <survey> & more",
    "show": ["interval", "se", "count", "effective_n"],
    "notes": ["=Fieldwork in June"],
}


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(2)
    n = 500
    data = pd.DataFrame(
        {
            "q": rng.choice(["=1+1", "<b>&_50%", "plain"], n),
            "hours": rng.gamma(2, 3, n),
            "sex": rng.choice(["f", "m"], n, p=[0.95, 0.05]),
            "age": rng.choice(["a/b", "c|d"], n),
            "w": rng.gamma(4, 1, n),
        }
    )
    labels = {"q": "Question: [one]/two", "sex": "Sex", "age": "Question: [one]/two", "hours": "@hours"}
    return ss.Survey(data, weight="w").tables(["q", "hours"], ["sex", "age"], labels=labels)


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


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_page__is_escaped_and_in_its_language(made, tmp_path, lang):
    made.to_html(tmp_path / "t.html", lang=lang, **LOOK)
    page = (tmp_path / "t.html").read_text(encoding="utf-8")
    assert "<b>&_50%" not in page
    assert "&lt;b&gt;&amp;_50%" in page
    assert "Client &lt;survey&gt; &amp; more" in page
    assert ("总计" in page) == (lang == "zh")
    assert ("Respondents (n)" in page) == (lang == "en")
    assert f'lang="{"zh-CN" if lang == "zh" else "en"}"' in page


def test_latex__is_escaped(made, tmp_path):
    made.to_latex(tmp_path / "t.tex", **LOOK)
    text = (tmp_path / "t.tex").read_text(encoding="utf-8")
    assert r"\textless{}b\textgreater{}\&\_50\%" in text
    assert r"\toprule" in text
    assert text.count("{") == text.count("}")


def test_markdown__has_a_row_for_each_line(made, tmp_path):
    text = made.to_markdown(tmp_path / "t.md", **LOOK)
    assert (tmp_path / "t.md").read_text(encoding="utf-8") == text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
    assert "c\\|d" in text
    assert "\\<b\\>&\\_50%" in text


def test_csv__guards_formulas(made, tmp_path):
    made.to_csv(tmp_path / "t.csv")
    assert "'=1+1" in (tmp_path / "t.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "wrong", [{"lang": "de"}, {"show": ["x"]}, {"digits": -1}, {"titel": "x"}, {"title": 3}, {"notes": [3]}]
)
def test_options__that_make_no_sense(made, tmp_path, wrong):
    with pytest.raises(ss.DataError):
        made.to_html(tmp_path / "t.html", **wrong)
    with pytest.raises(ss.DataError):
        made.to_excel(tmp_path / "t.xlsx", **wrong)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("kind", "package"),
    [("excel", "xlsxwriter"), ("html", "great_tables"), ("latex", "great_tables"), ("word", "docx")],
)
def test_extras__are_named_where_they_are_missing(made, tmp_path, monkeypatch, kind, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ss.DataError, match=r"surveysim-dualframe\[tables\]"):
        getattr(made, f"to_{kind}")(tmp_path / "t")
    assert not list(tmp_path.iterdir())


def test_text__for_a_terminal(made):
    lines = str(made).splitlines()
    assert lines[0] == "Question: [one]/two, percent of columns"
    assert lines[-1] == made.summary()
