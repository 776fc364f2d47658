"""The page and the LaTeX tables, read back."""

import pytest

LOOK = {
    "title": "Client <survey> & more",
    "show": ["interval", "se", "count", "effective_n"],
    "notes": ["=Fieldwork in June"],
}


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
