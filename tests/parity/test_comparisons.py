"""Variances, functions, differences, standardization and tests against R survey (comparisons.R, comparisons_versions.txt)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from surveysim import Survey
from surveysim.analysis.comparisons import Comparison, adjusted

HERE = Path(__file__).parent
R = json.loads((HERE / "comparisons_expected.json").read_text(encoding="utf-8"))


def sample(name):
    if name == "strat":
        return Survey(pd.read_csv(HERE / "api_strat.csv"), weight="pw", strata="stype", fpc="fpc")
    return Survey(pd.read_csv(HERE / "api_clus1.csv"), weight="pw", psu="dnum", fpc="fpc")


def both(e):
    return e.table[["estimate", "se"]].to_numpy().T.ravel()


@pytest.mark.parametrize("name", ["strat", "clus1"])
def test_comparisons__as_r(name):
    s = sample(name)
    means = s.mean("api00", by="sch.wide")
    found = {
        "variance": both(s.variance("api00")),
        "variance, Yes": both(s.where("sch.wide=Yes").variance("api00")),
        "covariance": both(s.covariance("api00", "api99")),
        "ratio of means": both(means.function("a / b", a="sch.wide=Yes", b="sch.wide=No")),
        "difference": both(s.compare("api00", by="sch.wide").differences),
        "standardized": both(
            s.standardize("stype", {"E": 50, "H": 20, "M": 30}, over="sch.wide").mean("api00", by="sch.wide")
        ),
        "independence": [s.independence("sch.wide", "awards").p_value],
    }
    for what, values in found.items():
        np.testing.assert_allclose(values, R[f"{name} {what}"], rtol=1e-8, err_msg=what)


def test_goodness_of_fit__from_r_s_covariance():
    pearson, *effects, p = R["clus1 goodness of fit"]
    found = sample("clus1").goodness_of_fit("stype", {"E": 0.6, "H": 0.2, "M": 0.2})
    d = sum(effects) ** 2 / (effects[0] ** 2 + effects[1] ** 2)
    assert found.statistic == pytest.approx(pearson / sum(effects), rel=1e-8)
    assert found.df[0] == pytest.approx(d, rel=1e-8)
    assert stats.chi2.sf(found.statistic * d, d) == pytest.approx(p, rel=1e-7)


def test_jackknife_variance__as_r():
    """R takes n / (n - 1) of the rows of the sample in every replicate, as is done here."""
    jack = sample("clus1").replicates("jk1").variance("api00")
    np.testing.assert_allclose(both(jack), R["jackknife variance"], rtol=1e-8)


def test_adjusted__as_r():
    for how in ("holm", "bh", "by"):
        np.testing.assert_allclose(adjusted([0.01, 0.04, 0.03, 0.2], how), R[how], rtol=1e-12)


def test_largest_of_several_t__as_mvtnorm():
    C = np.full((3, 3), 0.5) + 0.5 * np.eye(3)
    C[0, 2] = C[2, 0] = -0.2

    class Of(Comparison):
        _scaled = C

    drawn = Of(None, np.zeros(3), "max-t", "max-t", None)._largest(12.0)
    assert np.quantile(drawn, 0.95) == pytest.approx(R["largest of three"][0], rel=2e-3)
