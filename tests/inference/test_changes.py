"""Changes and averages along a column that estimates were asked by."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim import DataError, SurveysimWarning


def survey(**changes):
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"psu": np.repeat(list("klmnop"), 4), "y": rng.normal(5, 1, 24), "sex": ["f", "m"] * 12})
    return ss.Survey(table.assign(**changes), psu="psu")


def test_change__of_levels_with_commas_and_signs():
    """Everything but another "column=" may be in a level."""
    s = survey(year=["1, early", "2 = late"] * 12)
    change = s.mean("y", by="year").change(along="year")
    assert change.table["domain"].tolist() == ["year=2 = late - 1, early"]


def test_change__of_proportions_keeps_variable_and_level():
    s = survey(year=[1] * 12 + [2] * 12, q=["a", "b", "c"] * 8)
    found = s.proportion("q", by="year").change(along="year").table
    assert found[["statistic", "variable", "level"]].to_numpy().tolist() == [["change", "q", level] for level in "abc"]
    assert found["estimate"].sum() == pytest.approx(0, abs=1e-12)
    assert s.proportion("q", by="year").average(along="year").table["estimate"].sum() == pytest.approx(1)


def test_change__refuses_what_has_no_waves():
    both = survey(wave=["a"] * 12 + ["b"] * 12)
    with pytest.raises(DataError, match="no estimate is of one wave"):
        both.mean("y").change()
    with pytest.raises(DataError, match="all estimates are of one wave"):
        both.where("wave=a").mean("y", by="wave").change()
    means = both.mean("y", by="wave")
    with pytest.raises(DataError, match="base = 'c': give one of 'a', 'b'"):
        means.change("c")
    for weights in ({"c": 1}, [1], [0, 0], [-1, 2], "ab"):
        with pytest.raises(DataError, match="weights"):
            means.average(weights)
    zero = survey(wave=["a"] * 12 + ["b"] * 12, y=[0.0] * 12 + [1.0, 2.0] * 6).mean("y", by="wave")
    with pytest.raises(DataError, match="is 0, so a change relative to it"):
        zero.change(relative=True)


def test_change__says_what_has_no_partner():
    means = survey(wave=["a"] * 12 + ["b"] * 12, sex=["f", "m"] * 6 + ["f"] * 12).mean("y", by=["wave", "sex"])
    with pytest.warns(SurveysimWarning, match="1 estimates have no partner"):
        assert means.change().table["domain"].tolist() == ["wave=b - a, sex=f"]
