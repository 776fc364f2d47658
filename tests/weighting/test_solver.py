"""Gaps that are what they say, whatever the size of the numbers: NaN, factors that over- or underflow, nearly dependent constraints."""

import warnings
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim import CalibrationError, DataError, SurveysimError, calibrate, poststratify, rake, trim_weights
from surveysim.kernels import raking
from surveysim.kernels import replicates as replicate_kernels
from surveysim.weighting import rake_coded
from surveysim.weighting.diagnostics import diagnose
from surveysim.weighting.result import deff_kish


def gap_of(weight, codes, totals):
    """Largest relative gap of margins recomputed from weights with long doubles; NaN and infinity are infinite."""
    worst = 0.0
    for column, of_level in zip(codes, totals, strict=True):
        for k, total in enumerate(of_level):
            off = weight[column == k].astype(np.longdouble).sum() / np.longdouble(total) - 1
            worst = max(worst, float(abs(off)) if np.isfinite(off) else np.inf)
    return worst


def raked_in_logs(codes, base, totals, sweeps=2000):
    """Iterative proportional fitting of logs of weights, so that nothing over- or underflows; weights and largest gap."""
    log = np.log(base.astype(np.longdouble))
    for _ in range(sweeps):
        for column, of_level in zip(codes, totals, strict=True):
            for k, total in enumerate(of_level):
                rows = column == k
                top = log[rows].max()
                log[rows] += np.log(np.longdouble(total)) - top - np.log(np.exp(log[rows] - top).sum())
        if gap_of(np.exp(log), codes, totals) < 1e-12:
            break
    return np.exp(log), gap_of(np.exp(log), codes, totals)


def wild_margins(seed):
    """Codes, initial weights and totals over many orders of magnitude, half of them possible."""
    rng = np.random.default_rng(seed)
    n, orders, span = int(rng.integers(2, 30)), rng.choice([0, 3, 12, 300]), rng.choice([0, 6, 12])
    codes = [
        np.unique(rng.integers(0, rng.integers(1, 5), n), return_inverse=True)[1] for _ in range(rng.integers(1, 4))
    ]
    exponent = rng.integers(-orders, orders + 1, n if rng.random() < 0.5 else 1)
    base = np.clip(rng.uniform(0.5, 2, n) * 10.0**exponent, 1e-300, 1e300)
    if rng.random() < 0.5:
        truth = rng.uniform(0.5, 2, n) * 10.0 ** rng.uniform(-span / 2, span / 2, n)
        totals = [np.bincount(c, truth) for c in codes]
    else:
        totals = [
            rng.uniform(0.5, 2, c.max() + 1) * 10.0 ** rng.uniform(-span / 2, span / 2, c.max() + 1) for c in codes
        ]
        totals = [t * totals[0].sum() / t.sum() for t in totals]
    unit = 10.0 ** rng.choice([0, 0, 100, -100, 280, -280])
    return codes, base, [t * unit for t in totals]


@pytest.mark.everyday(1)
@pytest.mark.filterwarnings("ignore:one respondent")
@pytest.mark.parametrize("first", range(0, 240, 60))
def test_rake__wild_margins_are_met_by_the_weights_themselves_or_refused(first):
    met = 0
    for seed in range(first, first + 60):
        codes, base, totals = wild_margins(seed)
        data = pd.DataFrame({f"v{m}": c for m, c in enumerate(codes)})
        margins = {f"v{m}": dict(enumerate(t)) for m, t in enumerate(totals)}
        try:
            cal = rake(data, margins, weight=base, margins_are="totals")
        except CalibrationError as error:
            if "too far apart for double precision" not in str(error) and raked_in_logs(codes, base, totals)[1] < 1e-10:
                pytest.fail(f"seed {seed} has a solution, but: {error}")
            continue
        met += 1
        assert gap_of(cal.weight, codes, totals) <= 2e-9, seed
        assert cal.max_gap <= 1e-9
        assert np.isfinite(cal.deff_kish)
        assert np.isfinite(cal.effective_n)
        cal.summary()
        found, gap = raked_in_logs(codes, base, totals, 200)
        if gap < 1e-11:
            there = cal.weight > 1e-290
            np.testing.assert_allclose(np.asarray(found[there] / cal.weight[there], float), 1, rtol=1e-5)
    assert met > 20


SPARSE = pd.DataFrame({"a": list("pqpop"), "b": list("mnxxt")})
OVERFLOWING = {
    "a": {"p": 2050829.784906808, "q": 895860.0086465502, "o": 7053310.206446642},
    "b": {"m": 11.142779758869038, "n": 1.6773045026194926, "x": 40.61042686284563, "t": 9999946.569488874},
}


def test_rake__factors_that_overflow_on_the_way_are_no_solution():
    """The sweeps' factors run to infinity until every gap is NaN or 0, and the last gap was what counted."""
    with pytest.raises(CalibrationError, match="contradict each other"):
        rake(SPARSE, OVERFLOWING, margins_are="totals")


@pytest.mark.parametrize("small", [1.677, 1.0, 5.0])
@pytest.mark.parametrize("hashed", [False, True])
def test_rake__a_respondent_alone_in_two_levels_cannot_have_both_totals(small, hashed, monkeypatch):
    from surveysim.weighting import cells

    if hashed:
        monkeypatch.setattr(cells, "MOST_DENSE", 0)
    data = pd.DataFrame({"region": list("nnsssc"), "type": list("ttrrtc")})
    with pytest.raises(CalibrationError, match=r"margin 'region', level .* and margin 'type', level"):
        rake(
            data,
            {
                "region": {"n": 4e6, "s": 6e6 - 895860.0, "c": 895860.0},
                "type": {"t": 5e6, "r": 5e6 - small, "c": small},
            },
            margins_are="totals",
        )


def test_kernels__a_gap_that_is_no_number_stays():
    """Weight infinity in the first level, so that its factor is 0 and its sum NaN; the second is met."""
    weight, level = np.array([np.inf, 1.0]), np.array([[0], [1]], np.int32)
    total = np.array([1.0, 1.0])
    _, gap = raking.rake(weight, level, total, 1e-9, 3, np.ones(2))
    assert gap == np.inf
    others = np.zeros((1, 0), np.int32), np.empty(0)
    _, gap = raking.rake_table(raking.Table(weight[:, None], total, *others), 1e-9, 3, np.ones(2), np.ones(1))
    assert gap == np.inf
    lanes, gaps = replicate_kernels.LANES, np.zeros(replicate_kernels.LANES)
    table = np.repeat(weight[:, None, None], lanes, axis=2)
    table = raking.Table(table, total, *others)
    replicate_kernels.rake(table, 1e-9, 3, np.ones((2, lanes)), np.ones((0, lanes)), gaps)
    assert np.all(gaps == np.inf)


def test_rake_coded__judges_too():
    codes = [SPARSE[c].map({k: i for i, k in enumerate(OVERFLOWING[c])}).to_numpy() for c in "ab"]
    with pytest.raises(CalibrationError):
        rake_coded(codes, [np.array(list(OVERFLOWING[c].values())) for c in "ab"])


# ------------------------------------------------------------------------------------- linear and other calibration
def wild_system(seed):
    """Calibration variables, weights and totals: columns of any size, nearly dependent ones, totals of other orders."""
    rng = np.random.default_rng(seed)
    n, p, kind = int(rng.integers(3, 40)), int(rng.integers(1, 6)), rng.integers(0, 6)
    x = rng.normal(size=(n, p)) * 10.0 ** rng.integers(-9, 10, p)
    if kind == 1 and p > 1:
        x[:, 1] = x[:, 0] * (1 + 10.0 ** -rng.integers(6, 17) * rng.normal(size=n))
    if kind == 2 and p > 2:
        x[:, 2] = x[:, 0] + x[:, 1]
    if kind == 3:
        x = np.abs(x)
    if kind == 4:
        x[:, 0] = 1
    d = rng.uniform(1, 5, n) * 10.0 ** rng.integers(-3, 6)
    total = d @ x * rng.uniform(0.5, 2, p)
    if rng.random() < 0.3:
        total *= 10.0 ** rng.integers(-12, 13, p)
    if rng.random() < 0.4:
        total = (d * rng.uniform(0.5, 2, n)) @ x
    return x, d, total


@pytest.mark.everyday(1)
@pytest.mark.filterwarnings("ignore:.*calibrated weights are negative", "ignore:one respondent")
@pytest.mark.parametrize("method", ["linear", "raking", "logit", "truncated"])
def test_calibrate__wild_systems_are_met_by_the_weights_themselves_or_refused(method):
    """Least squares on √d x, scaled by column, says where a linear calibration with weights that do not cancel exists."""
    bounds, met = {"logit": (0.1, 9), "truncated": (0, 9)}.get(method), 0
    for seed in range(250):
        x, d, total = wild_system(seed)
        data = pd.DataFrame(x, columns=[f"x{j}" for j in range(x.shape[1])])
        try:
            cal = calibrate(data, dict(zip(data, total, strict=True)), weight=d, method=method, bounds=bounds)
        except CalibrationError as error:
            if method == "linear":
                rows = np.sqrt(d)[:, None] * x
                size = np.linalg.norm(rows, axis=0)
                g = 1 + np.linalg.lstsq((rows / size).T, (total - d @ x) / size, rcond=1e-13)[0] / np.sqrt(d)
                close = np.max(np.abs((d * g) @ x - total) / np.maximum(np.abs(total), d @ np.abs(x))) < 1e-12
                if close and np.abs(g).max() < 1e4:
                    pytest.fail(f"seed {seed} has a solution, but: {error}")
            continue
        met += 1
        off = np.abs(cal.weight @ x - total) / np.maximum(np.abs(total), d @ np.abs(x))
        assert off.max() <= 1e-6, seed
        assert cal.max_gap <= 1e-9
    assert met > 80


def exact_linear(x, d, q, total, ridge):
    """w = d (1 + q x'λ) with (Σ d q x x' + R) λ = T − Σ d x in rational numbers."""
    p = x.shape[1]
    x, d, q, total, ridge = (np.vectorize(Fraction, otypes=[object])(v) for v in (x, d, q, total, ridge))
    a, b = (x * (d * q)[:, None]).T @ x + ridge, total - d @ x
    for j in range(p):
        pivot = a[j, j]
        for k in range(p):
            if k != j:
                b[k], a[k] = b[k] - a[k, j] / pivot * b[j], a[k] - a[k, j] / pivot * a[j]
    return np.array([float(v) for v in d * (1 + q * (x @ (b / np.diag(a))))])


@pytest.mark.parametrize("noise", [1e-3, 1e-5, 1e-7])
@pytest.mark.parametrize("variance", [None, 1e-12, 1e-4, 10.0])
def test_calibrate__nearly_dependent_constraints_move_weights_as_little_as_they_should(noise, variance):
    """A gap below 1e-9 is no proof: where two columns are alike, totals met so closely left the weights open by 20 %."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        n = 30
        x = rng.normal(2, 1, (n, 3)) * np.array([1.0, 1.0, 1e5])
        x[:, 1] = x[:, 0] * (1 + noise * rng.normal(size=n))
        d, q = rng.uniform(1, 5, n), rng.uniform(0.5, 2, n)
        total = (d * rng.uniform(0.6, 1.6, n)) @ x
        V = np.zeros((3, 3)) if variance is None else np.diag(variance * (d @ x) ** 2)
        kappa = np.sum(d**2) / np.sum(d)
        wanted = exact_linear(x, d, q, total, V / kappa)
        data = pd.DataFrame(x, columns=list("abc"))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=ss.SurveysimWarning)
            cal = calibrate(
                data, dict(zip("abc", total, strict=True)), weight=d, q=q, covariance=None if variance is None else V
            )
        np.testing.assert_allclose(cal.weight, wanted, rtol=1e-6, atol=1e-6 * np.abs(wanted).max())


def test_calibrate__partitions_clusters_and_all_methods_reach_totals_of_like_columns():
    rng = np.random.default_rng(7)
    n = 80
    data = pd.DataFrame({"part": np.repeat(list("AB"), n // 2), "house": np.repeat(np.arange(n // 2), 2)})
    data["x"] = rng.normal(3, 1, n)
    data["y"] = data["x"] * (1 + 1e-7 * rng.normal(size=n))
    truth = np.repeat(rng.uniform(0.7, 1.5, n // 2), 2)
    sums = (data[["x", "y"]] * truth[:, None]).groupby(data["part"]).sum()
    totals = {p: sums.loc[p].to_dict() for p in "AB"}
    for options in ({}, {"method": "raking"}, {"method": "logit", "bounds": (0.1, 9)}, {"bounds": (0.1, 9)}):
        for cluster in (None, "house"):
            cal = calibrate(data, totals, by="part", cluster=cluster, **options)
            reached = (data[["x", "y"]] * cal.weight[:, None]).groupby(data["part"]).sum()
            np.testing.assert_allclose(reached, sums, rtol=2e-9)
            assert cal.g.max() < 5


@pytest.mark.filterwarnings("ignore:.*calibrated weights are negative")
def test_linear__weights_that_only_cancel_are_refused():
    """Two columns alike to 1e-9 whose totals differ by a tenth: weights of ± 1e8 would leave gaps of rounding."""
    rng = np.random.default_rng(1)
    x = rng.normal(1, 0.3, 40)
    data = pd.DataFrame({"x": x, "y": x * (1 + 1e-12 * rng.normal(size=40)), "z": rng.normal(size=40)})
    with pytest.raises(CalibrationError, match=r"contradict each other|weights that cancel alone"):
        calibrate(data, {"x": 40.0, "y": 44.0, "z": 1e-4})
    data["y"] = x * (1 + 1e-9 * rng.normal(size=40))
    with pytest.raises(CalibrationError, match="weights that cancel alone"):
        calibrate(data, {"x": 40.0, "y": 44.0, "z": 1e-4})


def test_linear__a_total_that_is_nothing_beside_its_terms_is_met_to_their_rounding():
    """A sum of a centred variable that is not exactly 0; and a balance in a population of a thousand million."""
    rng = np.random.default_rng(3)
    x = rng.normal(0, 1, 200)
    data = pd.DataFrame({"x": x - x.mean(), "one": 1.0})
    cal = calibrate(data, {"x": 3e-14, "one": 200.0})
    assert cal.max_gap <= 1e-9
    np.testing.assert_allclose(cal.g, 1, rtol=1e-12)
    cal = calibrate(data.assign(x=x), {"x": 0.0, "one": 1.4e9}, method="raking")
    assert abs(cal.weight @ x) < 1e-12 * (cal.weight @ np.abs(x))
    assert cal.max_gap <= 1e-9


# ----------------------------------------------------------------------------------------------------- absurd numbers
SEX = pd.DataFrame({"sex": list("mmff"), "x": [1.0, 2, 3, 4.5]})


@pytest.mark.parametrize("size", [1e308, 1e200, 1e-200, 1e-310, 5e-324, None])
@pytest.mark.parametrize("total", [1.0, 1e308, 1e200, 1e-200, 1e-310])
@pytest.mark.filterwarnings("ignore:.*calibrated weights are negative", "ignore:one respondent")
def test_absurd_weights_and_totals__give_numbers_or_a_typed_error(size, total):
    weight = None if size is None else np.full(4, size)
    totals = {"sex": {"m": 0.25 * total, "f": 0.75 * total}}
    both = totals | {"x": 2.7 * total}
    for make in (
        lambda: rake(SEX, totals, weight=weight, margins_are="totals"),
        lambda: poststratify(SEX, totals, weight=weight),
        lambda: calibrate(SEX, both, weight=weight),
        lambda: calibrate(SEX, both, weight=weight, method="raking"),
        lambda: calibrate(SEX, both, weight=weight, method="logit", bounds=(0.01, 9)),
        lambda: calibrate(SEX, both, weight=weight, bounds=(0, 9)),
        lambda: calibrate(SEX, both, weight=weight, covariance=np.full(3, 1e250)),
    ):
        try:
            cal = make()
        except SurveysimError:
            continue
        assert np.isfinite(cal.weight).all()
        assert np.isfinite([cal.deff_kish, cal.effective_n]).all()
        assert cal.max_gap <= 1e-9
        if cal.problem.covariance is None:
            sums = pd.Series(cal.weight).groupby(SEX["sex"]).sum()
            np.testing.assert_allclose(sums[["m", "f"]] / total, [0.25, 0.75], rtol=1e-8)


def test_absurd_weights__that_can_be_raked_are():
    found = rake(SEX, {"sex": {"m": 50.0, "f": 150.0}}, weight=np.full(4, 1e200), margins_are="totals")
    np.testing.assert_allclose(found.weight, [25, 25, 75, 75], rtol=1e-12)
    with pytest.raises(DataError, match="sum to more than double precision holds"):
        rake(SEX, {"sex": {"m": 50.0, "f": 150.0}}, weight=np.full(4, 1e308), margins_are="totals")
    with pytest.raises(CalibrationError, match="too far apart"):
        rake(SEX, {"sex": {"m": 50.0, "f": 150.0}}, weight=[1e-300, 1e-300, 1e300, 1], margins_are="totals")


@pytest.mark.parametrize("unit", [1e300, 1e200, 1e-200, 1e-320, 1.0])
def test_deff_kish__is_the_same_in_any_unit(unit):
    weight = np.array([1.0, 2.0, 1.0, 0.0, 4.0])
    assert deff_kish(weight * unit) == pytest.approx(4 * 22 / 64, rel=2e-3 if unit == 1e-320 else 1e-14)


ABSURD = np.array([1.0, 2.0, 1.0, 4.0])


@pytest.mark.parametrize(
    "weight", [ABSURD * 1e200, ABSURD * 1e160, ABSURD * 1e-200, np.full(4, 1e308), np.full(4, 5e-324)]
)
def test_weights_without_squares__are_refused_where_errors_are_made_of_them(weight):
    """Totals of 3.7e201 came with an error of inf, and the smallest weights with one of NaN."""
    table = pd.DataFrame({"w": weight, "y": [1.0, 2.0, 3.0, 5.0]})
    with pytest.raises(DataError, match=r"weight 'w': the weights sum to .*, whose square is beyond double precision"):
        ss.Survey(table, weight="w")
    with pytest.raises(DataError, match="beyond double precision"):
        diagnose(table, "w")


def test_trim_weights__in_any_unit_whose_sum_is_a_number():
    for unit in (1.0, 1e200, 1e-200):
        np.testing.assert_allclose(
            trim_weights(np.array([1, 1, 2, 8]) * unit, upper=5 * unit) / unit, [2, 2, 3, 5], rtol=1e-12
        )
    with pytest.raises(DataError, match="sum to more than double precision holds"):
        trim_weights(np.full(4, 1e308), upper=1e308)


@pytest.mark.parametrize("unit", [1e140, 1e-140])
def test_large_and_small_weights__have_the_same_relative_errors(unit):
    table = pd.DataFrame({"w": ABSURD * unit, "v": ABSURD, "y": [1.0, 2.0, 3.0, 5.0], "sex": list("mfmf")})
    made, plain = (ss.Survey(table, weight=name).total("y").to_frame().iloc[0] for name in ("w", "v"))
    for column in ("estimate", "se", "lower", "upper"):
        assert made[column] / unit == pytest.approx(plain[column], rel=1e-12)
    assert diagnose(table, "w").facts["cv"] == pytest.approx(diagnose(table, "v").facts["cv"])
    one, other = (rake(table, {"sex": {"m": 0.5, "f": 0.5}}, weight=name).deff_henry(table["y"]) for name in ("w", "v"))
    assert one == pytest.approx(other, rel=1e-9)


def test_deff_kish__of_no_weight_is_no_number():
    assert np.isnan(deff_kish([0.0, 0.0]))


def test_covariance__that_overflowed_is_refused():
    with pytest.raises(DataError, match="covariance must be finite"):
        calibrate(SEX, {"x": 12.0}, covariance=[np.inf])
