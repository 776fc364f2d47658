"""What console, page and drawings say of coverage: one rule; and estimates in another unit than their estimand."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim.judging.measures import coverage_interval, judged
from surveysim.report import html
from surveysim.report.page_parts import coverage_verdict

PEOPLE = pd.DataFrame({"y": [1] * 120 + [0] * 180, "g": list("ab") * 150})


def study(repetitions=300, estimands=({"name": "share", "numerator": "y"},), **methods):
    keys = {"study": {"repetitions": repetitions}, "sample": {"n": 50}, "estimands": list(estimands)}
    keys["grid"] = {"sample.n": [50, 80]}
    return ss.Study(keys, methods=methods, table=PEOPLE).run(progress=False)


def right(sample):
    return {"share": sample.survey.mean("y")}


def narrow(sample):
    row = sample.survey.mean("y").table.iloc[0]
    return {"share": (row["estimate"], row["se"] / 5)}


def wide(sample):
    row = sample.survey.mean("y").table.iloc[0]
    return {"share": (row["estimate"], row["se"] * 5)}


def test_judged__is_the_interval_of_the_coverage():
    low, high = coverage_interval([0.0, 0.9, 1.0], [20, 100, 100])
    assert low[0] == pytest.approx(0, abs=1e-12)
    assert high[0] == pytest.approx(0.1611, abs=1e-4)  # z² / (n + z²)
    assert judged([0.0, 0.9, 0.9, 1.0, 1.0, 0.95], [5, 50, 1000, 20, 1000, 1000], 0.95).tolist() == [-1, 0, -1, 0, 1, 0]


def test_page__judges_coverage_that_is_far_from_nominal():
    found = study(right=right, narrow=narrow, wide=wide)
    text = html.labels("en")
    sentences = coverage_verdict(found, text)
    cover = found.performance().query("measure == 'cover'")
    assert (cover["value"] < 0.6).sum() == 2
    assert sentences[0].startswith("2 of 6 coverages are below 95 %")
    assert "narrow" in sentences[0]
    assert f"{100 * cover['value'].min():.1f} %" in sentences[0]
    assert "none" not in " ".join(sentences).lower()
    assert coverage_verdict(study(right=right), text) == [
        "None of the 2 coverages differs from 95 % by more than that explains; smaller differences need more repetitions."
    ]
    assert "below 95 %" in found.summary()
    assert "narrow" in found.summary().split("lowest coverage")[1]


def test_drawing__has_the_rule_of_the_console():
    found = study(right=right, narrow=narrow)
    rows = found.performance()
    n = rows.query("measure == 'nsim'")["value"].to_numpy()
    low = judged(rows.query("measure == 'cover'")["value"].to_numpy(), n, 0.95) < 0
    ax = found.plot.coverage("share")
    colours = {tuple(np.round(line.get_color(), 3)) if not isinstance(line.get_color(), str) else line.get_color(): len(line.get_xdata())
               for line in ax.lines if line.get_linestyle() == "None" and line.get_marker() == "o"}  # fmt: skip
    assert sorted(colours.values()) == sorted([int((~low).sum()), int(low.sum())])
    assert low.sum() == 2


def test_page__draws_every_scenario_and_method(tmp_path):
    found = study(40, right=right, narrow=narrow, wide=wide)
    page = found.report(tmp_path / "r.html").read_text(encoding="utf-8")
    for scenario in ("n=50", "n=80"):
        for method in ("right", "narrow", "wide"):
            assert f"share · {scenario} · {method}</title>" in page, (scenario, method)
    assert page.count('role="img"') == 2 * 6  # zip and running mean
    assert page.count('<figure class="strips">') == 2  # spread and coverage


def test_units__estimates_in_percent_against_a_share_are_noticed():
    found = study(percent=lambda s: {"share": 100 * s.survey.mean("y").table["estimate"][0]}, fine=right)
    with pytest.warns(
        ss.SurveysimWarning, match=r"n=50, percent, share: the estimates are [34]\d\.\d+ on average.*between 0 and 1"
    ):
        found.performance()
