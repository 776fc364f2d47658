"""What is given out is the user's own, and counts what it says."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss

RNG = np.random.default_rng(4)
DATA = pd.DataFrame(
    {"g": RNG.choice(list("ab"), 40), "y": RNG.normal(5, 2, 40), "z": RNG.normal(3, 1, 40), "w": RNG.uniform(1, 3, 40)}
)
MARGINS = {"g": {"a": 50.0, "b": 50.0}}


def test_weights_scaled_in_place__change_no_later_estimate():
    cal = ss.rake(DATA, MARGINS, weight="w")
    for s in (ss.Survey(DATA, weight="w"), ss.Survey(DATA, weight=cal), ss.Survey(DATA, weight="w").rake(MARGINS)):
        before = s.total("y").table["estimate"][0]
        for given in (s.weight, cal.weight):
            given *= 40 / given.sum()
        assert s.total("y").table["estimate"][0] == before
        assert cal.weight.sum() == pytest.approx(DATA["w"].sum())  # margins that sum to 100 are shares


def test_contrasts__count_a_respondent_once():
    s = ss.Survey(DATA, weight="w")
    for survey in (s, s.replicates("jk1")):
        assert survey.mean(["y", "z"]).contrast({0: 1, 1: -1}).table["n"][0] == 40
        assert survey.proportion("g").contrast({"a": 1, "b": -1}).table["n"][0] == 40
        assert survey.mean("y", by="g").contrast({0: 1, 1: -1}).table["n"][0] == 40
        assert survey.mean("y", by="g").contrast({0: 1}).table["n"][0] == (DATA["g"] == "a").sum()


def test_replicate_weights_that_were_brought__are_not_dropped_for_others():
    own = ss.Survey(DATA, weight="w").replicates("jk1").replicate_weights()
    s = ss.Survey(DATA, weight="w", replicate_weights=own.to_numpy(), scale=own.attrs["scale"])
    with pytest.raises(ss.DesignError, match="replicate weights of its own"):
        s.replicates("jk1")


def test_deff_henry__counts_no_rows_without_weight():
    """Rows that are left out are as good as not there."""
    holes = DATA.assign(g=DATA["g"].where(np.arange(40) % 5 > 0))
    left = holes.dropna()
    part = ss.rake(left, MARGINS, weight="w").deff_henry(left["y"])
    assert ss.rake(holes, MARGINS, weight="w", missing="drop").deff_henry(holes["y"]) == pytest.approx(part)
    with pytest.raises(ss.DataError, match="index"):
        ss.rake(DATA, MARGINS).deff_henry(DATA["y"].sort_values())
