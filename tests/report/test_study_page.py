"""Plots and the HTML report of a study."""

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from surveysim import Study, StudyError
from surveysim.judging.verdicts import by_method

rng = np.random.default_rng(1)
PEOPLE = pd.DataFrame({"h": rng.choice(list("ab"), 600), "y": (rng.random(600) < 0.4).astype(int)})


@pytest.fixture(scope="module")
def found():
    keys = {
        "study": {"name": "<script>alert(1)</script>", "aim": 'quotes " & tags </style>', "repetitions": 60},
        "sample": {"n": 60, "strata": "h"},
        "grid": {"sample.n": [60, 90]},
        "estimands": [{"name": "share", "numerator": "y"}, {"name": "parts", "numerator": "y", "by": ["h"]}],
        "methods": [{"name": "<b>plain</b>"}, {"name": "raked", "weighting": {"margins": ["h"]}}],
    }
    return Study(keys, table=PEOPLE).run()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", ["zip", "lolly", "forest", "coverage", "se_ratio", "convergence"])
def test_plots__return_axes_with_something_on_them(found, name, lang):
    ax = getattr(found.plot, name)(lang=lang)
    assert isinstance(ax, Axes)
    assert ax.has_data()


def test_zip__shows_the_share_of_intervals_that_miss(found):
    table = found.to_frame(where={"scenario": "n=60", "method": "raked", "estimand": "share"})
    missed = ((table["lower"] > table["true"]) | (table["upper"] < table["true"])).sum()
    holds, misses = found.plot.zip("share", scenario="n=60", method="raked").collections[:2]
    assert len(misses.get_segments()) == missed
    assert len(holds.get_segments()) == 60 - missed


def test_report__its_title_says_what_was_found_of_coverage(found, tmp_path):
    rows = by_method(found, found.performance())
    short, count = int(rows["below"].sum()), int(rows["estimates"].sum())
    for lang, some, none in (
        ("en", f"{short} of {count} coverages", "no coverage is clearly"),
        ("zh", f"{count} 个覆盖率中有 {short} 个", "没有覆盖率明显"),
    ):
        title = re.search(
            r"<h1>([^<]+)</h1>", found.report(tmp_path / "page.html", lang=lang).read_text("utf-8")
        ).group(1)
        assert "alert(1)" in title
        assert (some if short else none) in title


def test_convergence__ends_at_the_mean(found):
    table = found.performance(estimands=["share"]).query(
        "scenario == 'n=60' and method == 'raked' and measure == 'thetamean'"
    )
    line = found.plot.convergence("share", scenario="n=60", method="raked").lines[0]
    assert line.get_ydata()[-1] == pytest.approx(table["value"].iloc[0], rel=1e-12)


def test_plots__say_what_there_is(found):
    with pytest.raises(StudyError, match="no method 'sexonly'; there are <b>plain</b>, raked"):
        found.plot.zip(method="sexonly")
    with pytest.raises(StudyError, match="has no domain ''; give domain=, one of h=a, h=b"):
        found.plot.forest("parts")
    with pytest.raises(StudyError, match="choose one of nsim"):
        found.plot.lolly("coverage")


@pytest.mark.everyday(1)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_report__is_one_harmless_page_the_same_each_time(found, tmp_path, lang):
    first = found.report(tmp_path / "a.html", lang).read_bytes()
    assert first == found.report(tmp_path / "b.html", lang).read_bytes()
    page = first.decode()
    assert "<script" not in page
    assert "<b>plain" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert page.count('role="img"') == page.count("<title>") - 1 == 16  # zip and running mean of four and of four
    assert page.count('<figure class="strips">') == 4  # spread and coverage of both estimands
    assert f'lang="{lang}' in page
    assert len(first) < 3_000_000


def test_report__begins_with_a_row_for_every_scenario_and_method(found, tmp_path):
    page = found.report(tmp_path / "a.html").read_text(encoding="utf-8").replace("\u00a0", " ")
    first = page[page.index("<table") : page.index("</table>")]
    rows = by_method(found, found.performance())
    assert len(rows) == 4
    assert first.count("<tr>") == 5
    for row in rows.itertuples():
        assert f"{100 * row.lowest:.1f} ({100 * row.mcse:.1f})" in first
        assert f'<td data-head="Below">{row.below} of 3</td>' in first


def test_summary__gives_coverage_its_interval(found):
    text = found.summary()
    assert "lowest coverage: " in text
    assert "with 95 % confidence" in text


def test_controls_of_direction__can_be_seen(tmp_path):
    """A name that says which way it is read could show a number backwards, or look like another name."""
    controls = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    people = PEOPLE.assign(h=PEOPLE["h"] + "\u202e12")
    keys = {
        "study": {"name": f"name{controls}", "aim": "aim\u202e", "repetitions": 4},
        "sample": {"n": 60, "strata": "h"},
        "estimands": [{"name": "share\u2067", "numerator": "y", "by": ["h"]}],
        "methods": [{"name": "plain\u202d"}],
    }
    page = Study(keys, table=people).run(progress=False).report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert not set(controls) & set(page)
    for shown in ("name[U+061C][U+200E]", "aim[U+202E]", "share[U+2067]", "plain[U+202D]", "a[U+202E]12"):
        assert shown in page


def test_report__of_a_method_without_errors_beside_one_that_has_them(tmp_path):
    keys = {"study": {"repetitions": 20}, "sample": {"n": 10}, "estimands": [{"name": "m", "numerator": "y"}]}
    keys["methods"] = [{"name": "bare", "variance": "none"}, {"name": "plain"}]
    result = Study(keys, table=pd.DataFrame({"y": np.arange(100.0)})).run(progress=False)
    labels = [label.get_text() for label in result.plot.coverage("m").get_yticklabels()]
    assert labels == ["plain"]
    assert result.report(tmp_path / "page.html").read_text(encoding="utf-8").count('role="img"') == 2
