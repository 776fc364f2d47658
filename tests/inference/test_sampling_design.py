"""Unequal probabilities: joint ones that no design can have are refused by row, and certain units add no variance."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim import DesignError, Survey
from surveysim.inference.sampling_design import hartley_rao

TABLE = pd.DataFrame({"y": [1.0, 2.0, 3.0, 10.0], "pi": [0.2, 0.3, 0.5, 1.0]})
PI = TABLE["pi"].to_numpy()


def joint():
    found = np.outer(PI, PI) * 0.8
    found[3], found[:, 3] = PI, PI
    np.fill_diagonal(found, PI)
    return found


def changed(*changes):
    found = joint()
    for i, j, value in changes:
        found[i, j] = value
    return found


def variance(table=TABLE, **options):
    return float(Survey(table, probability="pi", **options).total("y").to_frame()["se"][0] ** 2)


@pytest.mark.parametrize("form", ["ht", "yg"])
@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (
            changed((0, 1, 0.05)),
            r"2 joint probabilities are not symmetric; the first is that of rows 0 and 1, 0\.05 \(and 0\.048\)",
        ),
        (
            changed((2, 2, 0.4)),
            r"1 joint probabilities on the diagonal are not .* rows 2 and 2, 0\.4 .* probabilities 0\.5",
        ),
        (changed((0, 1, 0), (1, 0, 0)), r"2 joint probabilities are not above 0, .* rows 0 and 1, 0 "),
        (changed((0, 2, -0.1), (2, 0, -0.1)), r"not above 0, .* rows 0 and 2, -0\.1 "),
        (
            changed((0, 1, 0.25), (1, 0, 0.25)),
            r"2 joint probabilities are above those of one of their units; .* rows 0 and 1, 0\.25",
        ),
        (changed((1, 2, np.nan)), "pps: 1 of 16 numbers are missing or infinite"),
        (joint().astype(str), "pps = .*give numbers"),
        (joint() > 0, "pps = .*give numbers"),
        (joint()[:3, :3], r"shape \(3, 3\); the table has 4 rows"),
    ],
)
def test_joint_probabilities__that_no_design_has(matrix, words, form):
    with pytest.raises(DesignError, match=words):
        variance(pps=matrix, pps_variance=form)


def test_joint_probabilities__written_out():
    z, total = TABLE["y"] / PI, 0.0
    found = joint()
    for i, j in combinations(range(4), 2):
        total += (PI[i] * PI[j] - found[i, j]) / found[i, j] * (z[i] - z[j]) ** 2
    assert variance(pps=found, pps_variance="yg") == pytest.approx(total)
    both = sum((found[i, j] - PI[i] * PI[j]) / found[i, j] * z[i] * z[j] for i in range(4) for j in range(4))
    assert variance(pps=found, pps_variance="ht") == pytest.approx(both)


@pytest.mark.parametrize("form", ["ht", "yg"])
def test_hartley_rao__certain_units_add_nothing(form):
    """They are in every sample: their joint probabilities are the others' own, and the others' do not know of them."""
    found = hartley_rao(PI)
    np.testing.assert_allclose(found[3], PI, rtol=1e-15)
    np.testing.assert_allclose(found[:3, :3], hartley_rao(PI[:3]), rtol=1e-15)
    alone = variance(TABLE.iloc[:3], pps="hartley-rao", pps_variance=form)
    assert variance(pps="hartley-rao", pps_variance=form) == pytest.approx(alone, rel=1e-9)
    assert variance(TABLE.assign(y=[1.0, 2, 3, 1e4]), pps="hartley-rao", pps_variance=form) == pytest.approx(
        alone, rel=1e-6
    )


def test_brewer__certain_units_add_nothing():
    """Whatever they hold: a company that is always in the sample has no part in what chance could have drawn instead."""
    alone = variance(TABLE.iloc[:3], pps="brewer")
    z, c = TABLE["y"][:3] / PI[:3], 1 - PI[:3]
    assert alone == pytest.approx(1.5 * np.sum(c * (z - z.mean()) ** 2))
    for y in (10.0, 1e4):
        assert variance(TABLE.assign(y=[1.0, 2, 3, y]), pps="brewer") == pytest.approx(alone, rel=1e-9)
    two = pd.concat([TABLE.assign(h=1), TABLE.assign(h=2)], ignore_index=True)
    assert variance(two, pps="brewer", strata="h") == pytest.approx(2 * alone, rel=1e-9)
    assert variance(two.iloc[::-1], pps="brewer", strata="h") == pytest.approx(2 * alone, rel=1e-9)


@pytest.mark.parametrize("policy", ["fail", "remove", "adjust", "average"])
def test_brewer__a_unit_beside_certain_ones_is_alone(policy):
    """As beside none: two strata of chance, and a third in which one unit is certain and one is not."""
    three = pd.concat(
        [TABLE.iloc[:3].assign(h=1), TABLE.iloc[:3].assign(h=2), TABLE.iloc[2:].assign(h=3)], ignore_index=True
    )
    options = {"pps": "brewer", "strata": "h", "lonely_psu": policy}
    if policy == "fail":
        with pytest.raises(DesignError, match=r"1 strata have one PSU, .*: 3"):
            variance(three, **options)
        return
    assert variance(three, **options) == pytest.approx(variance(three[three["pi"] < 1], **options), rel=1e-9)


def test_hartley_rao__needs_two_units_by_chance_or_none():
    assert variance(TABLE.assign(pi=1.0), pps="hartley-rao") == 0
    with pytest.raises(DesignError, match="row 2 alone is not certain"):
        variance(TABLE.assign(pi=[1, 1, 0.5, 1]), pps="hartley-rao")
    with pytest.raises(DesignError, match="row 0 alone is not certain"):
        variance(TABLE.iloc[:1], pps="hartley-rao")


@pytest.mark.parametrize("pps", ["brewer", "deville", "hartley-rao"])
def test_probabilities__of_0_are_refused_and_of_1_taken(pps):
    with pytest.raises(DesignError, match=r"1 of 4 inclusion probabilities are not above 0 .* 0\.0 in row 1"):
        variance(TABLE.assign(pi=[0.5, 0, 0.5, 1]), pps=pps)
    assert variance(TABLE.assign(pi=1.0), pps=pps) == 0


def test_negative_variances__are_refused_wherever_they_are_asked_for():
    """Neighbours that are rarely drawn together: totals have an error, differences of the two pairs a variance below 0."""
    near = np.kron(np.eye(2), np.ones((2, 2))) > 0
    matrix = np.where(np.eye(4) > 0, 0.5, np.where(near, 0.15, 0.3))
    table = pd.DataFrame({"y": [1.0, 2, 3, 4], "z": [4.0, 3, 2, 1], "pi": 0.5})
    survey = Survey(table, probability="pi", pps=matrix)
    totals = survey.total(["y", "z"])
    assert np.all(totals.table["se"] > 0)
    assert totals.contrast({0: 1, 1: 1}).table["se"][0] > 0
    with pytest.raises(DesignError, match=r"1 of 1 estimated variances are negative, .*-13\.3.*, of the contrast \+1"):
        totals.contrast({0: 1, 1: -1})
    for ci in ("woodruff", "score"):
        with pytest.raises(DesignError, match=r"estimated variances are negative, .* of the share at"):
            survey.quantile("y", 0.5, ci=ci)


def test_a_negative_variance_is_refused_and_is_no_error_of_0():
    """Of equal values over probabilities, Horvitz and Thompson's form with joint probabilities below the products is negative."""
    data = pd.DataFrame({"p": [0.5, 0.5, 0.5], "y": [1.0, 1.0, 1.0]})
    joint = np.full((3, 3), 0.15)
    np.fill_diagonal(joint, 0.5)
    # z = 2: sum of 0.5 × 4 three times, and of (0.15 - 0.25) / 0.15 × 4 six times, is 6 - 16
    with pytest.raises(DesignError, match=r"negative, the first is -10, of total, y: .*yg"):
        Survey(data, probability="p", pps=joint, pps_variance="ht").total("y")
    yates = Survey(data, probability="p", pps=joint, pps_variance="yg").total("y")
    assert yates.table["se"].tolist() == [0.0]


def test_stages__none_in_a_list_is_a_stage_without_strata_or_correction():
    data = pd.DataFrame(
        {"h": np.repeat([1, 2], 8), "c": np.repeat(range(8), 2), "u": range(16), "N": 10, "M": 4, "one": 1}
    )
    data["y"] = np.arange(16.0) ** 1.5
    units = {"psu": ["c", "u"], "weight": np.full(16, 5.0)}
    for none, one in (
        ({"strata": ["h", None]}, {"strata": ["h", "one"]}),
        ({"strata": [None, "one"]}, {"strata": ["one", "one"]}),
        ({"strata": "h", "fpc": ["N", None]}, {"strata": "h", "fpc": ["N"]}),
    ):
        found, right = (
            ss.Survey(data, **{"fpc": ["N", "M"]} | units | given).total("y").table for given in (none, one)
        )
        assert found["se"].iloc[0] == right["se"].iloc[0] > 0
