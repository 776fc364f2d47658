"""Totals that positive weights only approach are refused by name; totals close to that edge are met."""

import numpy as np
import pandas as pd
import pytest

from surveysim import CalibrationError, calibrate, rake
from surveysim.weighting import rake_coded

EMPLOYED = pd.DataFrame({"sex": ["f", "m"] * 20, "unemp": [1.0, 0, 0, 0] * 10})
SEXES = {"f": 50.0, "m": 50.0}


@pytest.mark.parametrize(("method", "bounds"), [("raking", None), ("raking", (0, 5)), ("raking", (0, 9))])
def test_raking__of_an_indicator_that_occurs_to_zero(method, bounds):
    with pytest.raises(CalibrationError) as error:
        calibrate(EMPLOYED, {"sex": SEXES, "unemp": 0.0}, method=method, bounds=bounds)
    text = str(error.value)
    for part in (
        "10 rows (the first is row 0) would have to go to 0",
        "because of 'unemp' (total 0)",
        "a larger total",
    ):
        assert part in text
    cal = calibrate(EMPLOYED, {"sex": SEXES, "unemp": 1e-4}, method=method, bounds=bounds and (0, 9))
    np.testing.assert_allclose(cal.weight[:4], [1e-5, 2.5, 4.99999, 2.5], rtol=1e-8)


@pytest.mark.parametrize("total", [0.0, 50.0])
def test_logit__at_a_bound_is_only_approached(total):
    """All women unemployed, or none: half of the women's g has to be 5, the other 0."""
    with pytest.raises(CalibrationError, match=r"approached but not met with 0 < g < 5: .* 'unemp' \(total"):
        calibrate(EMPLOYED, {"sex": SEXES, "unemp": total}, method="logit", bounds=(0, 5))
    cal = calibrate(EMPLOYED, {"sex": SEXES, "unemp": abs(total - 1e-4)}, method="logit", bounds=(0, 5))
    assert cal.weight[0] == pytest.approx(abs(total - 1e-4) / 10)


def test_bounds_that_are_reached__are_no_edge():
    """A clipped distance has weights of 0 where its lower bound is 0, and says so by them."""
    for total in (0.0, 50.0):
        cal = calibrate(EMPLOYED, {"sex": SEXES, "unemp": total}, bounds=(0, 5))
        np.testing.assert_allclose(cal.weight[:4], [total / 10, 2.5, 5 - total / 10, 2.5], atol=1e-12)


TWO = pd.DataFrame({"a": list("ppq"), "b": list("xyx")})


@pytest.mark.parametrize("tol", [1e-4, 1e-9, 1e-13])
def test_rake__structural_zeros_that_force_a_cell_to_nothing(tol):
    """q is only with x, and x is no more than q: nothing is left for p with x."""
    with pytest.raises(
        CalibrationError, match=r"1 row \(the first is row 0\) would have to go to 0, because of margin"
    ) as e:
        rake(TWO, {"a": {"p": 50, "q": 50}, "b": {"x": 50, "y": 50}}, margins_are="totals", tol=tol)
    names = [
        word
        for word in ("'a', level 'p'", "'a', level 'q'", "'b', level 'x'", "'b', level 'y'")
        if word in str(e.value)
    ]
    assert names in (["'a', level 'q'", "'b', level 'x'"], ["'a', level 'p'", "'b', level 'y'"])
    cal = rake(
        TWO, {"a": {"p": 50, "q": 50}, "b": {"x": 50.001, "y": 49.999}}, margins_are="totals", tol=min(tol, 1e-9)
    )
    np.testing.assert_allclose(cal.weight, [0.001, 49.999, 50], rtol=1e-4)


def test_rake__an_edge_in_one_partition_is_named():
    data = pd.concat([TWO, TWO.iloc[[0, 1, 2, 2]]], ignore_index=True).assign(part=list("AAABBBB"))
    good = {"a": {"p": 60, "q": 40}, "b": {"x": 50, "y": 50}}
    edge = {"a": {"p": 50, "q": 50}, "b": {"x": 50, "y": 50}}
    with pytest.raises(CalibrationError, match=r"1 row \(the first is row 3\).* of part 'B'"):
        rake(data, {"A": good, "B": edge}, by="part", margins_are="totals")
    rake(data, {"A": good, "B": good}, by="part", margins_are="totals")


def test_rake_coded__refuses_the_edge_too():
    codes, totals = [np.array([0, 0, 1]), np.array([0, 1, 0])], [np.array([50.0, 50]), np.array([50.0, 50])]
    with pytest.raises(CalibrationError, match="approached but not met"):
        rake_coded(codes, totals)


AGES = pd.DataFrame({"one": 1.0, "x": np.random.default_rng(1).integers(1, 8, 200).astype(float)})
AGES["z"], AGES["q"] = np.random.default_rng(2).normal(size=(200, 1)), np.random.default_rng(3).uniform(0.5, 2, 200)


@pytest.mark.parametrize("options", [{}, {"q": "q"}, {"cluster": np.arange(200)}, {"tol": 1e-6}, {"tol": 1e-13}])
def test_raking__a_mean_at_the_least_value_there_is(options):
    totals = {"one": 200.0, "x": 200.0, "z": 3.0}
    above = int((AGES["x"] > 1).sum())
    with pytest.raises(CalibrationError, match=rf"those of {above} rows .* 'x' \(total 200\), 'one' \(total 200\)"):
        calibrate(AGES, totals, method="raking", **options)
    cal = calibrate(AGES, totals | {"x": 200.02}, method="raking", **options)
    assert cal.weight @ AGES["x"] == pytest.approx(200.02, rel=1e-6)


def test_raking__one_row_hardly_beyond_the_others():
    """Its weight has to vanish although 1e-7 of it would be within the tolerance."""
    data = AGES.assign(x=np.where(np.arange(200) == 5, 1.01, 1.0))
    with pytest.raises(CalibrationError, match=r"1 row \(the first is row 5\)"):
        calibrate(data, {"one": 200.0, "x": 200.0}, method="raking")


def test_totals_known_with_error__leave_room():
    cal = calibrate(EMPLOYED, {"sex": SEXES, "unemp": 0.0}, method="raking", covariance=[0.0, 0.0, 0.25])
    assert 0 < cal.weight[0] < 0.5
    with pytest.raises(CalibrationError, match="approached"):
        calibrate(EMPLOYED, {"sex": SEXES, "unemp": 0.0}, method="raking", covariance=[0.25, 0.25, 0.0])


@pytest.mark.filterwarnings("ignore:one respondent")
@pytest.mark.parametrize("size", [1e6, 1e12])
def test_rake__tiny_weights_inside_are_no_edge(size):
    """Independence: the smallest cell has 1 / (size + 1) of the people, and is what the margins say."""
    data = pd.DataFrame({"a": list("ppqq"), "b": list("xyxy")})
    cal = rake(data, {"a": {"p": size, "q": 1.0}, "b": {"x": size, "y": 1.0}}, margins_are="totals")
    np.testing.assert_allclose(cal.weight, np.outer([size, 1], [size, 1]).ravel() / (size + 1), rtol=1e-9)


@pytest.mark.filterwarnings("ignore:one respondent")
@pytest.mark.parametrize("method", ["raking", "logit"])
def test_random_faces__are_refused_and_points_beside_them_met(method):
    """Totals made of factors that are 0 (or at the lower bound) on all rows of a category beyond its least value, or nearly so."""
    seen = {"edge": 0, "near": 0, "inside": 0}
    for seed in range(120):
        rng = np.random.default_rng(seed)
        n, kind = int(rng.integers(6, 60)), ("edge", "near", "inside")[seed % 3]
        low, up = (0.0, np.inf) if method == "raking" else (float(rng.choice([0, 0.2])), float(rng.uniform(3, 6)))
        group, d = rng.integers(0, 3, n), rng.uniform(0.5, 3, n)
        z = rng.integers(0, 4, n).astype(float)
        beyond = (group == group[0]) & (z > z[group == group[0]].min())
        if not beyond.any():
            continue
        data = pd.DataFrame({"group": group, "z": z, "v": rng.normal(size=n)})
        data["inner"] = np.where(group == group[0], z - z[group == group[0]].min(), 0.0)
        g = np.exp(rng.normal(0, 0.7, n)) if method == "raking" else low + (up - low) * rng.beta(2, 3, n)
        room = {"edge": 0.0, "near": 10.0 ** -rng.integers(2, 7)}.get(kind)
        if room is not None:
            g = np.where(beyond, low + room, g)
        totals = {"group": pd.Series(d * g).groupby(group).sum().to_dict()}
        totals |= {name: float((d * g) @ data[name]) for name in ("z", "v", "inner")}
        options = {"q": rng.uniform(0.5, 2, n)} if rng.random() < 0.3 else {}
        options |= {"tol": 10.0 ** -rng.integers(5, 13)} if rng.random() < 0.4 else {}
        options |= {"method": method, "bounds": None if method == "raking" else (low, up), "weight": d}
        if kind == "edge":
            with pytest.raises(CalibrationError, match="approached but not met"):
                calibrate(data, totals, **options)
        else:
            cal = calibrate(data, totals, **options)
            assert cal.max_gap <= options.get("tol", 1e-9)
        seen[kind] += 1
    assert min(seen.values()) > 25
