"""The page of published results: every number of theirs and ours, verdicts and reasons, in both languages."""

import re

import pytest

import surveysim as ss
from surveysim.report import html
from surveysim.report.published_page import _plain


@pytest.fixture(scope="module")
def found():
    return ss.reproduce(["newcombe-1998", "brown-cai-dasgupta-2001"])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_page__has_every_number_and_reason(found, tmp_path, lang):
    page = found.report(tmp_path / "page.html", lang).read_text(encoding="utf-8").replace("\u00a0", " ")
    text = html.labels(lang)
    assert str(len(found.table)) in re.search(r"<h1>([^<]+)</h1>", page).group(1)
    assert page.count("<tr>") == len(found.table) + len(found.results) + 3  # and three heads
    assert page.count("<dt>") == (found.table["why"] != "").sum()
    assert text["published_choice"] in page
    assert f"{found.table['ours'].iloc[0]:.6f}" in page
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//|<script", page)


def test_plain__two_more_digits_than_printed_or_six_figures():
    assert _plain(4.0, "4.00") == "4.0000"
    assert _plain(-2274.28, "2,274.3") == "−2,274.280"
    assert _plain(0.00012345678) == "0.000123457"
    assert _plain(0) == "0"
    assert _plain(0.005, figures=2) == "0.0050"
