"""The page of an audit: what it comes to first, every published figure with its margin, in both languages."""

import re

import pytest
from click.testing import CliRunner

from surveysim import audit
from surveysim.cli import main
from surveysim.report import html


@pytest.fixture(scope="module")
def whole():
    return audit.audited((22_047, 60_000))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_page__says_first_what_the_audit_comes_to(whole, tmp_path, lang):
    page = whole.report(tmp_path / "audit.html", lang).read_text(encoding="utf-8").replace("\u00a0", " ")
    text, found = html.labels(lang), whole.findings
    title = re.search(r"<h1>([^<]+)</h1>", page).group(1)
    assert str(found["wide"]) in title
    assert str(found["estimates"]) in title
    head = page[: page.index("<table")]
    assert head.count("<dt>") == 3
    assert f"{found['sure']}" in re.search(r'<p class="lead">([^<]+)</p>', head).group(1)
    shares = whole.margins[(whole.margins["unit"] == "%") & whole.margins["moe"].notna()]
    assert page.count('<li tabindex="-1"') == len(shares)
    assert page.count(text["audit_wider"]) >= 5  # in the legend of every theme
    assert page.count('<circle class="alert"') - page.count(text["audit_wider"]) == (shares["ratio"] > 1).sum()
    changes = page[page.index(f"<caption>{text['audit_changes']}") :]
    assert changes[: changes.index("</table>")].count("<tr>") == len(whole.changes) + 1
    for row in whole.sizes.itertuples():
        assert f"{row.widest:.2f}" in page
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//|<script", page)


def test_findings__count_what_the_text_says(whole):
    found, text = whole.findings, whole.text()
    assert (
        f"{found['wide']} of {found['estimates']} estimates have a larger margin than stated, up to {found['largest']:.1f} times"
        in text
    )
    assert f"{found['sure']} of {found['changes']} changes can be told from zero; {found['open']} more" in text
    assert whole.used == "simple"


def test_command__writes_the_page(tmp_path):
    path = tmp_path / "made" / "audit.html"
    done = CliRunner().invoke(main, ["audit", "--n", "22047", "--report", str(path), "--lang", "zh"])
    assert done.exit_code == 0, done.output
    assert str(path) in done.output
    assert 'lang="zh"' in path.read_text(encoding="utf-8")
