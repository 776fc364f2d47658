"""Replicates on (PSU × cell) sums are the calibration of every replicate's rows."""

import numpy as np
import pandas as pd
import pytest

from surveysim import CalibrationError, DataError, calibrate, rake
from surveysim.inference.schemes import RaoWu
from surveysim.weighting import cells
from surveysim.weighting.replay import LANES, Pairs, Replay


def repeated(calibration, psu, psus, draw, n, tol=1e-9):
    """Weights (n rows, n replicates) of a calibration's rows in the replicates that a scheme draws."""
    replay, psu = Replay(calibration, psu, psus), np.asarray(psu)
    base, cell, found = calibration.base(len(psu)), calibration.problem.cells.cell, []
    for first in range(0, n, LANES):
        m, lanes = np.empty((psus, LANES)), min(LANES, n - first)
        draw(first, m)
        found.append((m[psu] * replay.lanes(m, lanes, first, tol, 1000)[cell])[:, :lanes])
    return base[:, None] * np.concatenate(found, axis=1)


METHODS = [("raking", None), ("linear", None), ("logit", (0.2, 5.0)), ("truncated", (0.3, 3.0)), ("raking", (0.3, 3.0))]


def sample(n=600, psus=30, seed=3):
    rng = np.random.default_rng(seed)
    data = pd.DataFrame({"a": rng.choice(list("pqrs"), n), "b": rng.choice(list("xy"), n), "c": rng.integers(0, 5, n)})
    data["w"], data["psu"] = rng.lognormal(1, 0.3, n), rng.integers(0, psus, n)
    data["part"] = np.where(data["psu"] < psus // 2, "n", "s")
    truth = data["w"] * rng.lognormal(0, 0.1, n)
    return data, {name: truth.groupby(data[name]).sum().to_dict() for name in "abc"}, RaoWu(np.arange(psus) // 5, 11)


@pytest.mark.parametrize(("method", "bounds"), METHODS)
def test_replay__is_the_calibration_of_each_replicate(method, bounds):
    data, totals, draw = sample()
    options = {"method": method, "bounds": bounds, "tol": 1e-11}
    full = calibrate(data, totals, weight="w", **options)
    found, m = repeated(full, data["psu"], 30, draw, 11, tol=1e-11), draw.matrix(11)
    for r in range(11):
        base = data["w"] * m[data["psu"], r]
        alone = calibrate(data, totals, weight=base, **options).weight
        np.testing.assert_allclose(found[:, r], alone, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("hashed", [False, True])
def test_replay__with_shares_partitions_and_hashed_cells(hashed, monkeypatch):
    if hashed:
        monkeypatch.setattr(cells, "MOST_DENSE", 0)
    data, _, draw = sample()
    shares = {
        p: {"a": dict.fromkeys("pqrs", 0.25), "b": {"x": 0.4 + 0.1 * i, "y": 0.6 - 0.1 * i}} for i, p in enumerate("ns")
    }
    full = rake(data, shares, weight="w", by="part", tol=1e-12)
    assert full.reading == "shares"
    found, m = repeated(full, data["psu"], 30, draw, 9, tol=1e-12), draw.matrix(9)
    for r in (0, 8):
        alone = rake(data, shares, weight=data["w"] * m[data["psu"], r], by="part", tol=1e-12).weight
        np.testing.assert_allclose(found[:, r], alone, rtol=1e-8, atol=1e-12)


def test_replay__does_not_depend_on_how_many_lanes_count():
    data, totals, draw = sample()
    full = rake(data, totals, weight="w")
    many = repeated(full, data["psu"], 30, draw, 50)
    np.testing.assert_array_equal(repeated(full, data["psu"], 30, draw, 13), many[:, :13])


def test_replay__names_a_replicate_that_cannot_be_calibrated():
    data, totals, _ = sample()
    data["psu"] = np.where(data["a"] == "s", 29, data["psu"] % 29)

    def leave_out(first, out):
        out[:] = 1.0
        out[29, 3] = 0.0 if first == 0 else 1.0

    with pytest.raises(CalibrationError, match="replicate 3 cannot be calibrated: "):
        repeated(rake(data, totals, weight="w"), data["psu"], 30, leave_out, 10)


def test_replay__refuses_what_is_no_function_of_cells():
    data, _totals, _ = sample()
    numeric = calibrate(data.assign(x=np.arange(600.0)), {"x": 5e5}, weight="w")
    with pytest.raises(DataError, match="collapses to cells"):
        Replay(numeric, data["psu"], 30)


def test_pairs__join_rows_of_one_psu_and_cell():
    psu, cell, weight = np.array([1, 0, 1, 1, 0]), np.array([2, 2, 0, 2, 2]), np.array([1.0, 2, 3, 4, 5])
    pairs = Pairs.of(psu, 2, cell, 3, weight)
    found = {(p, c): w for p, c, w in zip(pairs.psu, pairs.cell, pairs.weight)}
    assert found == {(1, 2): 5.0, (0, 2): 7.0, (1, 0): 3.0}


def test_rao_wu__draws_one_less_per_stratum_and_has_the_moments_of_theory():
    """Multipliers n/(n-1) × a multinomial of n - 1 draws: mean 1, variance 1 - 1/(n-1) ... n/(n-1) (1 - 1/n) = 1 per PSU."""
    stratum = np.array([0, 0, 1, 1, 1, 1, 1, 2, 2, 2])
    m = RaoWu(stratum, 5).matrix(20_000)
    for h, n in ((0, 2), (1, 5), (2, 3)):
        part = m[stratum == h]
        np.testing.assert_allclose(part.sum(axis=0), n)
        np.testing.assert_allclose(part.mean(axis=1), 1, atol=4.5 / np.sqrt(20_000))
        np.testing.assert_allclose(part.var(axis=1), 1, atol=0.06)  # n/(n-1) × (n-1)/n
    np.testing.assert_array_equal(RaoWu(stratum, 5).matrix(5), m[:, :5])
    assert (RaoWu(stratum, 6).matrix(5) != m[:, :5]).any()


@pytest.mark.statistical
def test_rao_wu__variance_of_a_raked_total_agrees_with_linearization():
    from surveysim import Survey

    data, totals, _ = sample(3000, 150, 9)
    data["h"], data["y"] = (
        data["psu"] // 5,
        (data["a"] == "p") * 2.0 + data["c"] + np.random.default_rng(1).normal(size=3000),
    )
    cal = rake(data, totals, weight="w")
    draw = RaoWu(np.arange(150) // 5, 1)
    found = np.var(data["y"].to_numpy() @ repeated(cal, data["psu"], 150, draw, 2000))
    linear = Survey(data, weight=cal, strata="h", psu="psu").total("y").to_frame()["se"][0] ** 2
    assert found == pytest.approx(
        linear, rel=0.15
    )  # 2,000 replicates alone give ± 3 %, and 120 degrees of freedom the rest


def test_replay__names_the_level_that_a_replicate_lost():
    data = pd.DataFrame({"sex": list("mmfff" * 4), "age": ["a", "b"] * 9 + ["c", "c"]})
    totals = {"sex": {"m": 8, "f": 12}, "age": {"a": 9, "b": 9, "c": 2}}
    for method in ("raking", "linear"):
        given = calibrate(data, totals, method=method), np.arange(20), 20

        def without_c(first, out):
            out[:] = 1.0
            out[18:] = 0.0

        with pytest.raises(CalibrationError, match="'c' of 'age' has a total of 2 but no respondents"):
            repeated(*given, without_c, 4)
        with pytest.raises(CalibrationError, match=r"replicate 0 .*no respondents"):
            repeated(*given, lambda first, out: out.fill(0.0), 4)


@pytest.mark.filterwarnings("ignore:one respondent")
def test_replay__factors_that_overflow_in_a_replicate_are_no_solution():
    """Without PSU 0 the five rows are left whose factors run to infinity until every gap is NaN or 0."""
    rows = pd.DataFrame({"a": list("pqpop"), "b": list("mnxxt"), "psu": 1})
    all_pairs = pd.DataFrame([(a, b, 0) for a in "pqo" for b in "mnxt"], columns=["a", "b", "psu"])
    data = pd.concat([rows, all_pairs], ignore_index=True)
    totals = {
        "a": {"p": 2050829.784906808, "q": 895860.0086465502, "o": 7053310.206446642},
        "b": {"m": 11.142779758869038, "n": 1.6773045026194926, "x": 40.61042686284563, "t": 9999946.569488874},
    }
    full = rake(data, totals, margins_are="totals")

    def without_the_first(first, out):
        out[:] = np.array([0.0, 2.0])[:, None]

    with pytest.raises(CalibrationError, match="replicate 0"):
        repeated(full, data["psu"], 2, without_the_first, 1)


@pytest.mark.parametrize(
    ("psu", "words"),
    [
        (np.full(600, 30), "psu has 600 codes outside 0 to 29, the first is 30 in row 0"),
        (np.r_[np.zeros(599, int), -1], "psu has 1 codes outside 0 to 29, the first is -1 in row 599"),
        (np.zeros(599, int), r"give integers of shape \(600,\)"),
        (np.zeros(600), r"psu is float64 .*; give integers"),
        (np.zeros((600, 1), int), "give integers of shape"),
    ],
)
def test_replay__refuses_codes_that_lead_beyond_an_array(psu, words):
    data, totals, _ = sample()
    with pytest.raises(DataError, match=words):
        Replay(rake(data, totals, weight="w"), psu, 30)


def test_rao_wu__refuses_codes_and_arrays_that_lead_beyond():
    for stratum in (np.array([0, 0, -1]), np.array([0.0, 0.0]), np.array([[0, 0]])):
        with pytest.raises(DataError, match="psu_stratum"):
            RaoWu(stratum, 1)
    for out in (np.empty((3, 8)), np.empty((4, 7)), np.empty((4, 8), np.float32), [[0.0] * 8] * 4):
        with pytest.raises(DataError, match=r"out must be a float64 array of shape \(4, 8\)"):
            RaoWu(np.array([0, 0, 1, 1]), 1)(0, out)
