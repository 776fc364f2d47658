"""Methods and scenarios against each other: each comparison against the same from the table of results."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim import Study, StudyError

rng = np.random.default_rng(3)
PEOPLE = pd.DataFrame({"h": rng.choice(list("ab"), 800), "y": rng.gamma(2, 3, 800), "z": rng.normal(100, 1, 800)})


def keys(repetitions=40, **more):
    base = {
        "study": {"repetitions": repetitions, "seed": 2, "failures": 0.5},
        "sample": {"n": 50, "strata": "h"},
        "estimands": [{"name": "y", "numerator": "y"}, {"name": "z", "numerator": "z"}],
        "methods": [{"name": "plain"}, {"name": "no error", "variance": "none"}],
    }
    return base | more


def test_relprec__is_that_of_performance_on_the_same_table():
    def gaps(sample):
        found = sample.survey.mean("y").to_frame().iloc[0]
        return {"y": (found["estimate"], found["se"] if sample.repetition % 3 else np.nan)}

    found = Study(keys(), methods={"gaps": gaps}, table=PEOPLE).run()
    ours = found.performance(reference="plain", estimands=["y"]).query("measure == 'relprec' and method == 'gaps'")[
        "value"
    ]
    table = found.to_frame(where={"estimand": "y", "method": ["plain", "gaps"]})
    theirs = ss.performance(table, "true", by="method", reference="plain").query(
        "measure == 'relprec' and method == 'gaps'"
    )["value"]
    assert ours.iloc[0] == pytest.approx(theirs.iloc[0], rel=1e-12)


def test_extrapolated_coverage__is_that_of_the_same_intervals():
    from surveysim.judging import bootstrap_coverage

    counts = (20, 40, 80)
    methods = [{"name": f"B={b}", "variance": "rao-wu", "replicates": b, "interval": "percentile"} for b in counts]
    found = Study(keys(30, methods=methods, estimands=keys()["estimands"][:1]), table=PEOPLE).run()
    ours = found.extrapolated_coverage([m["name"] for m in methods], "y")
    table = found.to_frame().assign(bootstraps=lambda t: t["method"].str[2:].astype(float))
    theirs = bootstrap_coverage(table, float(table["true"].iloc[0]), repetition="repetition")
    pd.testing.assert_frame_equal(ours, theirs)
    with pytest.raises(StudyError, match="at least two bootstrap methods"):
        found.extrapolated_coverage(["B=20"], "y")


def test_compare_scenarios__pairs_errors_under_common_random_numbers():
    found = Study(keys(grid={"sample.n": [50, 60]}), table=PEOPLE).run()
    table = found.compare_scenarios("n=50", estimands=["y"]).set_index("measure")
    wide = found.to_frame(where={"method": "plain", "estimand": "y"}).pivot(
        index="repetition", columns="scenario", values="estimate"
    )
    assert table.loc["bias", "value"] == pytest.approx((wide["n=60"] - wide["n=50"]).mean(), rel=1e-9)
    assert table.loc["bias", "correlation"] == pytest.approx(wide.corr().iloc[0, 1], rel=1e-9)
    assert table.loc["bias", "pairs"] == 40
