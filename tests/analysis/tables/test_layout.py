"""What all files share: options, extras, Markdown, and the text of a terminal."""

import re
import sys

import pandas as pd
import pytest

import surveysim as ss

LOOK = {
    "title": "Client <survey> & more",
    "show": ["interval", "se", "count", "effective_n"],
    "notes": ["=Fieldwork in June"],
}


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


def test_blank_levels__are_named_where_they_are_printed_and_themselves_in_the_tidy_table():
    """A level of no signs had the question's label in the tidy table, and nothing in those handed over."""
    data = pd.DataFrame({"answer": ["", " ", "no", "no"] * 20, "place": ["", "x"] * 40, "hours": [1, 2, 3, 4] * 20})
    made = ss.Survey(data).tables(["answer", "hours"], "place", test=None)
    assert dict.fromkeys(made.table["level"]) == dict.fromkeys(["", " ", "no", "hours"])
    assert dict.fromkeys(made.table["column"]) == dict.fromkeys(["Total", "", "x"])
    text = made.to_markdown()
    assert "|  | Total | (blank) (A) | x (B) |" in text
    assert text.count("| (blank) |") == 2
    assert "（空白）" in made.to_markdown(lang="zh")
