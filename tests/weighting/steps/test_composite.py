"""Compositing by group, by any rule and with any labels."""

import numpy as np
import pandas as pd
import pytest
from naive import recipe as naive
from numpy.testing import assert_allclose

import surveysim as ss
from surveysim.weighting import BaseWeight, Composite, Recipe

RNG = np.random.default_rng(4)
TABLE = pd.DataFrame({"w": RNG.lognormal(0, 0.5, 90), "state": RNG.choice(["NY", "OH"], 90)})
TABLE["frame"] = RNG.choice(["landline", "mobile"], 90)
TABLE["domain"] = np.where(RNG.random(90) < 0.6, "ab", np.where(TABLE["frame"] == "landline", "a", "b"))
COLUMNS = {name: TABLE[name].tolist() for name in TABLE}


@pytest.mark.parametrize("theta", [{"NY": 0.2, "OH": 0.7}, "respondents"])
def test_composite__by_state(theta):
    made = Recipe([BaseWeight("w"), Composite(theta, by="state")]).apply(TABLE).final
    assert_allclose(made, naive.composite_by(COLUMNS, COLUMNS["w"], theta, "state"), rtol=1e-12)


def test_composite__effective_sizes_by_state_are_those_of_each_state_alone():
    made = Recipe([BaseWeight("w"), Composite(by="state")]).apply(TABLE)
    for state, part in TABLE.groupby("state"):
        alone = Recipe([BaseWeight("w"), Composite()]).apply(part.reset_index(drop=True))
        assert made.records[1]["theta"][state] == pytest.approx(alone.records[1]["theta"])
        columns = {name: part[name].tolist() for name in part}
        assert alone.records[1]["theta"] == pytest.approx(naive.effective_theta(columns, columns["w"]))


def test_composite__by_the_sizes_of_the_frames():
    made = Recipe([Composite("frames", frame_sizes=(1000, 3000))]).apply(TABLE)
    n = TABLE["frame"].value_counts()
    rates = n["landline"] / 1000, n["mobile"] / 3000
    assert made.records[0]["theta"] == pytest.approx(rates[0] / sum(rates))


def test_composite__any_labels():
    other = TABLE.assign(
        frame=TABLE["frame"].map({"landline": 1, "mobile": 2}),
        domain=TABLE["domain"].map({"a": "L", "b": "C", "ab": "D"}),
    )
    step = Composite(0.3, frames=(1, 2), domains=("L", "C", "D"))
    assert_allclose(Recipe([step]).apply(other).final, Recipe([Composite(0.3)]).apply(TABLE).final)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Composite({"NY": 0.2}), "needs by"),
        (lambda: Composite(1.5), "theta"),
        (lambda: Composite("sizes"), "theta"),
        (lambda: Composite("frames"), "frame_sizes"),
        (lambda: Composite("frames", frame_sizes=(0, 1)), "has members"),
        (lambda: Composite(0.5, frames=("a", "a")), "2 different labels"),
        (lambda: Recipe([Composite({"NY": 0.2}, by="state")]).apply(TABLE), "no value for 'OH'"),
    ],
)
def test_composite__refuses(make, words):
    with pytest.raises(ss.DataError, match=words):
        make()


@pytest.mark.parametrize(
    "step",
    [
        Composite({"NY": 0.2, "OH": 0.7}, by="state"),
        Composite("frames", frame_sizes=(10, 20), frames=("L", "C"), domains=("x", "y", "z")),
        Composite("frames", by=["state"], frame_sizes={"NY": (1, 2), "OH": (3, 4)}),
    ],
)
def test_composite__toml(step):
    assert Recipe.from_toml(Recipe([step]).to_toml()).steps == (step,)
