"""Weighted distributions as pictures: the numbers on them, by a slow second way."""

import itertools

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim.pictures import alt

RNG = np.random.default_rng(8)
N = 600
TABLE = pd.DataFrame(
    {"y": RNG.gamma(2, 30, N), "kids": RNG.poisson(1.2, N), "w": RNG.gamma(3, 1, N), "area": RNG.choice(list("abc"), N)}
)
TABLE["one"] = np.arange(N)
SURVEY = ss.Survey(TABLE, weight="w")


def test_histogram__is_percent_of_the_weight():
    patch = SURVEY.where(TABLE["area"] == "a").plot.histogram("y", bins=7).patches[-1]
    values, edges, _ = patch.get_data()
    part = TABLE[TABLE["area"] == "a"]
    slow = [
        100 * part["w"][(part["y"] >= a) & (part["y"] < b)].sum() / part["w"].sum()
        for a, b in itertools.pairwise(edges)
    ]
    slow[-1] += 100 * part["w"][part["y"] == edges[-1]].sum() / part["w"].sum()
    assert np.allclose(values, slow)


def test_counts__have_a_bin_for_every_number():
    edges = SURVEY.plot.histogram("kids", bins=30).patches[-1].get_data().edges
    assert np.allclose(edges, np.arange(TABLE["kids"].min() - 0.5, TABLE["kids"].max() + 1))


@pytest.mark.parametrize("rule", ["math", "school", "hf7"])
def test_boxes__have_the_quartiles_of_the_library(rule):
    ax = SURVEY.plot.box("y", by="area", rule=rule)
    expected = SURVEY.quantile("y", [0.25, 0.75], by="area", rule=rule).table["estimate"].to_numpy().reshape(3, 2)
    found = np.array([(bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches])
    assert np.allclose(found, expected)


def test_cumulative__ends_at_everybody():
    ax = SURVEY.plot.cumulative("y", by="area")
    for line, area in zip(ax.get_lines(), "abc", strict=False):
        part = TABLE[TABLE["area"] == area]
        x, below = line.get_data()
        k = len(x) // 2
        assert below[-1] == pytest.approx(100)
        assert below[k] == pytest.approx(100 * part["w"][part["y"] <= x[k]].sum() / part["w"].sum())
    assert "medians: a " in alt(ax)


def test_missing_values_and_many_domains__are_told():
    table = TABLE.assign(y=TABLE["y"].where(TABLE.index > 5))
    with pytest.warns(ss.SurveysimWarning, match="6 of 'y'"):
        ss.Survey(table).plot.box("y")
    with pytest.raises(ss.DataError, match="600 domains"):
        SURVEY.plot.histogram("y", by="one")
    with pytest.raises(ss.DataError, match="bins"):
        SURVEY.plot.histogram("y", bins=0)
