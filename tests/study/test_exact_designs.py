"""Designs whose expectation and variance are known in closed form, against repetitions of them by `Study`.

S² has divisor N - 1, f = n / N. C is Cochran (1977), SSW is Särndal, Swensson & Wretman (1992), L is Lohr (2022). Each check is within 4
Monte Carlo standard errors, which variances 10% off leave.
"""

import numpy as np
import pandas as pd
import pytest

from surveysim import DualFrameSurvey, Survey
from surveysim.study import Study

TOTAL = [{"name": "Y", "numerator": "y", "kind": "total"}]
FEW, MANY = 500, 5000


@pytest.fixture(scope="module")
def table():
    """561 elements; y goes with its stratum h, its cluster c (1 to 20 elements, each in one stratum) and its size."""
    rng = np.random.default_rng(20)
    size = np.r_[1, 2, 3, rng.integers(4, 21, 47)]
    cluster = np.repeat(np.arange(50), size)
    level = rng.normal(0, 4, 50)[cluster]
    h = np.repeat(["a", "b", "c"], [10, 15, 25])[cluster]
    N = len(cluster)
    x = rng.gamma(4, 5, N) + 5
    spread = pd.Series(h).map({"a": 2, "b": 6, "c": 12}).to_numpy()
    y = 30 + 0.8 * x + level + spread * (rng.normal(size=N) + 1)
    binary = {"d": rng.choice(["u", "v"], N, p=[0.3, 0.7]), "one": np.ones(N)}
    margins = {"m1": rng.integers(0, 3, N), "m2": rng.choice(["p", "q"], N), "m3": rng.random(N) < 0.4}
    numbers = {"y": y.round(2), "x": x.round(2), "k": rng.poisson(3, N)}
    return pd.DataFrame(numbers | {"h": h, "c": cluster} | binary | margins)


def made(table, repetitions=2, estimands=TOTAL, methods=None, changes=(), **sample):
    keys = {"study": {"repetitions": repetitions, "failures": 0.0, "seed": 7}, "sample": sample, "estimands": estimands}
    return Study(keys, methods=methods, table=table, changes=changes)


def assert_moments(estimate, truth, variance):
    """Mean and variance within 4 Monte Carlo errors; that of a variance is √((m4 - s⁴) / R)."""
    R, off = len(estimate), estimate - estimate.mean()
    found = off @ off / (R - 1)
    assert abs(estimate.mean() - truth) < 4 * np.sqrt(found / R)
    assert abs(found - variance) < 4 * np.sqrt((np.mean(off**4) - found**2) / R)


def assert_performance(result, truth, variance, domain="", method=None):
    """What the study says of itself: exact true value, no bias, unbiased variance estimates."""
    p = result.performance()
    p = p[(p["domain"] == domain) & (p["method"] == (method or p["method"].iloc[0]))].set_index("measure")
    value, mcse = p["value"], p["mcse"]
    assert value["n_missing"] == 0
    assert value["thetamean"] - value["bias"] == pytest.approx(truth)
    assert abs(value["bias"]) < 4 * mcse["bias"]
    assert abs(value["se2mean"] - variance) < 4 * mcse["se2mean"]
    assert value["modelse"] ** 2 == pytest.approx(value["se2mean"])


def assert_law_at_once(study, truth, variance, domain=""):
    """A design that collapses to counts: all repetitions by the study."""
    assert study.plan().source(0).fast
    result = study.run(progress=False)
    frame = result.to_frame(where={"domain": domain})
    assert_moments(frame["estimate"].to_numpy(), truth, variance)
    assert_performance(result, truth, variance, domain)


def assert_law(study, truth, variance, repetitions=MANY):
    """A design of one `Survey` per repetition: moments of weighted totals of many samples, standard errors of a few."""
    source = study.plan().source(0)
    assert not source.fast
    y, samples = source.data["y"].to_numpy(), map(source.sample, range(repetitions))
    estimate = np.array([design["weight"] @ y[rows] for rows, design in samples])
    result = study.run(progress=False)
    np.testing.assert_allclose(result.to_frame()["estimate"], estimate[: result.repetitions], rtol=1e-12)
    assert_moments(estimate, truth, variance)
    assert_performance(result, truth, variance)


def variance_of_total(y, n):
    """V(N ȳ) = N² (1 - f) S² / n; C theorem 2.2, SSW 3.3, L chapter 2."""
    N = len(y)
    return N**2 * (1 - n / N) * np.var(y, ddof=1) / n


# -------------------------------------------------------------------------------------------------- designs, element by element
@pytest.mark.statistical
def test_srs_total__has_the_variance_of_an_expanded_mean(table):
    """V = N² (1 - f) S² / n; C theorem 2.2, SSW 3.3."""
    assert_law_at_once(made(table, 2 * MANY, n=60), table["y"].sum(), variance_of_total(table["y"], 60))


@pytest.mark.statistical
@pytest.mark.parametrize("domain", ["u", "v"])
def test_srs_domain_total__is_the_total_of_a_variable_that_is_0_outside(table, domain):
    """V = N² (1 - f) S² / n with y = 0 outside the domain; C 2.13, SSW 10.3."""
    inside = table["y"].where(table["d"] == domain, 0.0)
    study = made(table, 2 * MANY, [TOTAL[0] | {"by": ["d"]}], n=80)
    assert_law_at_once(study, inside.sum(), variance_of_total(inside, 80), f"d={domain}")


@pytest.mark.statistical
def test_srs_with_replacement_total__has_no_finite_correction(table):
    """V = N² σ² / n, σ² with divisor N; C 2.10, SSW 2.9."""
    y = table["y"]
    study = made(table, FEW, method="srs_with_replacement", n=60)
    assert_law(study, y.sum(), len(y) ** 2 * np.var(y) / 60)


@pytest.mark.statistical
@pytest.mark.parametrize("allocation", ["proportional", "neyman"])
def test_stratified_total__is_the_sum_of_strata(table, allocation):
    """V = Σ N_h² (1 - f_h) S_h² / n_h, n_h ∝ N_h or N_h S_h; C 5.3 and 5.5, SSW 3.7."""
    strata = table.groupby("h")["y"]
    share = strata.size() * (strata.std(ddof=1) if allocation == "neyman" else 1)
    study = made(
        table, 2 * MANY, n=90, strata="h", allocation=allocation, **({"sd": "y"} if allocation == "neyman" else {})
    )
    n = dict(zip("abc", study.plan().source(0).n, strict=True))
    assert sum(n.values()) == 90
    assert all(abs(n[h] - 90 * share[h] / share.sum()) < 1 for h in n)
    assert_law_at_once(study, table["y"].sum(), sum(variance_of_total(y, n[h]) for h, y in strata))


@pytest.mark.statistical
def test_bernoulli_total__varies_with_the_size_of_the_sample(table):
    """V = (1 / π - 1) Σ y²; SSW 3.2."""
    y, pi = table["y"], 60 / len(table)
    assert_law(made(table, FEW, method="bernoulli", n=60), y.sum(), (1 / pi - 1) * (y**2).sum())


@pytest.mark.statistical
def test_poisson_total__is_a_sum_of_independent_terms(table):
    """V = Σ (1 / π_k - 1) y_k²; SSW 3.5."""
    y, pi = table["y"], 60 * table["x"] / table["x"].sum()
    assert_law(made(table, FEW, method="poisson", n=60, size="x"), y.sum(), ((1 / pi - 1) * y**2).sum())


@pytest.mark.statistical
def test_pps_with_replacement_total__is_hansen_hurwitz(table):
    """V = 1 / n Σ p_k (y_k / p_k - Y)²; C 9A, SSW 2.9, L chapter 6."""
    y, p = table["y"], table["x"] / table["x"].sum()
    variance = (p * (y / p - y.sum()) ** 2).sum() / 60
    assert_law(made(table, FEW, method="pps_with_replacement", n=60, size="x"), y.sum(), variance)


@pytest.mark.statistical
@pytest.mark.parametrize(("N", "n"), [(8, 3), (561, 60)])
def test_pps_systematic__includes_each_element_with_its_probability(table, N, n):
    """π_k = n x_k / X, n fixed; C 9A, SSW 3.6."""
    source = made(table.head(N), n=n, method="pps_systematic", size="x").plan().source(0)
    pi = (n * source.data["x"] / source.data["x"].sum()).to_numpy()
    drawn = np.zeros(N)
    for r in range(MANY):
        rows, design = source.sample(r)
        assert len(np.unique(rows)) == n
        drawn[rows] += 1
    np.testing.assert_allclose(design["weight"], 1 / pi[rows])
    z = (drawn / MANY - pi) / np.sqrt(pi * (1 - pi) / MANY)
    assert np.abs(z).max() < 4
    assert np.mean(z**2) < 1 + 4 * np.sqrt(2 / N)


@pytest.mark.statistical
def test_srs__gives_every_subset_the_same_chance(table):
    """1 / C(N, n) each; C 2.1, SSW 3.3. χ² has mean k - 1 and variance 2 (k - 1)."""
    source = made(table.head(7), n=3).plan().source(0)
    masks = [np.sum(1 << source.sample(r)[0]) for r in range(MANY)]
    subsets = [m for m in range(1 << 7) if m.bit_count() == 3]
    count = np.array([masks.count(m) for m in subsets])
    assert count.sum() == MANY
    chi2 = np.sum((count - MANY / 35) ** 2) / (MANY / 35)
    assert abs(chi2 - 34) < 4 * np.sqrt(2 * 34)


# ------------------------------------------------------------------------------------------------------------ clusters
@pytest.mark.statistical
def test_clusters_total__is_that_of_a_sample_of_cluster_totals(table):
    """V = N² (1 - f) S_t² / n of the totals t of N unequal clusters; C 9A, SSW 4.2, L chapter 5."""
    totals = table.groupby("c")["y"].sum()
    assert_law(made(table, FEW, n=15, cluster="c"), totals.sum(), variance_of_total(totals, 15), 4000)


@pytest.mark.statistical
def test_two_stages_total__adds_the_variance_within_clusters(table):
    """V = N² (1 - f) S_t² / n + N / n Σ M_i² (1 - m_i / M_i) S_i² / m_i; C chapter 11, SSW 4.3, L chapter 5.

    Clusters of `take` elements and fewer are taken whole and add nothing to the second term.
    """
    n, take, clusters = 35, 2, table.groupby("c")["y"]
    N, between = clusters.ngroups, variance_of_total(clusters.sum(), n)
    within = N / n * sum(variance_of_total(y, take) for _, y in clusters if len(y) > take)
    assert (clusters.size() <= take).sum() == 2
    assert within > 0.2 * between
    assert_law(made(table, FEW, n=n, cluster="c", take=take), table["y"].sum(), between + within, 3000)


@pytest.mark.statistical
def test_stratified_clusters_total__is_the_sum_of_strata(table):
    """V = Σ N_h² (1 - f_h) S_th² / n_h; C 9A within 5.3."""
    totals = table.groupby(["h", "c"])["y"].sum()
    n = {"a": 4, "b": 15, "c": 8}
    variance = sum(variance_of_total(t, n[h]) for h, t in totals.groupby("h"))
    assert_law(made(table, FEW, n=n, strata="h", cluster="c"), totals.sum(), variance, 3000)


# ----------------------------------------------------------------------------------------------------------- callables
SLOPE, N_B, THETA = 0.9, 60, 0.3


@pytest.fixture(scope="module")
def frames(table):
    """Frame A is the table, with its last 200 elements in frame B too; B has 250 of its own. u is y as it counts."""
    overlap = np.arange(len(table)) >= len(table) - 200
    a = table.assign(overlap=np.where(overlap, "ab", "a"), u=np.where(overlap, THETA, 1.0) * table["y"])
    rng = np.random.default_rng(21)
    own = pd.DataFrame({"y": rng.gamma(6, 12, 250), "overlap": "b"})
    b = pd.concat([a.loc[overlap, ["y", "overlap"]], own], ignore_index=True)
    return a, b.assign(u=np.where(b["overlap"] == "ab", 1 - THETA, 1.0) * b["y"])


@pytest.fixture(scope="module")
def plugged(frames):
    """3000 simple random samples of frame A, by a difference estimator and Hartley's, which draws from frame B."""
    a, b = frames
    N, X, u_b = len(a), a["x"].sum(), b["u"].to_numpy()

    def expanded(z, N):
        return N * z.mean(), N**2 * (1 - len(z) / N) * z.var(ddof=1) / len(z)

    def difference(sample):
        total, variance = expanded((sample.interviews["y"] - SLOPE * sample.interviews["x"]).to_numpy(), N)
        return {"Y": (total + SLOPE * X, np.sqrt(variance))}

    def hartley(sample):
        first = expanded(sample.interviews["u"].to_numpy(), N)
        second = expanded(sample.rng.choice(u_b, N_B, replace=False), len(u_b))
        return {"Y": (first[0] + second[0], np.sqrt(first[1] + second[1]))}

    methods = {"difference": difference, "hartley": hartley}
    return made(a[["y", "x", "u"]], 3000, methods=methods, n=75).run(progress=False)


@pytest.mark.statistical
def test_difference_estimator__has_the_variance_of_the_differences(plugged, frames):
    """Ŷ = N (ȳ - b x̄) + b X with b given: V = N² (1 - f) S²(y - b x) / n; C theorem 7.1, SSW 6.3."""
    a = frames[0]
    variance = variance_of_total(a["y"] - SLOPE * a["x"], 75)
    assert variance < 0.8 * variance_of_total(a["y"], 75)
    assert_moments(plugged.to_frame(where={"method": "difference"})["estimate"].to_numpy(), a["y"].sum(), variance)
    assert_performance(plugged, a["y"].sum(), variance, method="difference")


@pytest.mark.statistical
def test_hartley_estimator__adds_the_variances_of_two_frames(plugged, frames):
    """Ŷ = Ŷ_a + θ Ŷ_ab(A) + (1 - θ) Ŷ_ab(B) + Ŷ_b, θ fixed: V = V_A(u) + V_B(u), u = θ y and (1 - θ) y in the overlap.

    Hartley (1962).
    """
    a, b = frames
    truth = a["y"].sum() + b.loc[b["overlap"] == "b", "y"].sum()
    variance = variance_of_total(a["u"], 75) + variance_of_total(b["u"], N_B)
    frame = plugged.to_frame(where={"method": "hartley"})
    assert_moments(frame["estimate"].to_numpy(), truth, variance)
    v = frame["se"] ** 2
    assert abs(v.mean() - variance) < 4 * v.std() / np.sqrt(len(v))


def test_hartley_total_of_the_library__is_the_same_sum_of_two_expansions(frames):
    a, b = frames
    drawn, first = made(a, n=75, methods={"any": lambda s: {"Y": 0.0}}).replay("base", 0)
    other = b.sample(N_B, random_state=3).assign(N=len(b))
    found = DualFrameSurvey(first, Survey(other, weight=np.full(N_B, len(b) / N_B), fpc="N")).total("y", theta=THETA)
    expected = [(len(f) * s["u"].mean(), variance_of_total_of(s["u"], len(f))) for f, s in ((a, drawn), (b, other))]
    total, variance = np.sum(expected, axis=0)
    assert found.table["estimate"].iloc[0] == pytest.approx(total, rel=1e-12)
    assert found.table["se"].iloc[0] == pytest.approx(np.sqrt(variance), rel=1e-12)


def variance_of_total_of(sample, N):
    """The unbiased estimate N² (1 - f) s² / n of V(N ȳ); C 2.7."""
    return N**2 * (1 - len(sample) / N) * np.var(sample, ddof=1) / len(sample)


# ------------------------------------------------------------------------------------------------------- without error
@pytest.mark.parametrize("method", ["raking", "linear"])
def test_calibrated_total__of_a_margin_is_exact(table, method):
    changes = ["weighting.margins=['m1', 'm2']", f"weighting.method={method}"]
    study = made(table, 20, [{"name": "N", "numerator": "one", "kind": "total", "by": ["m1"]}], changes=changes, n=90)
    frame = study.run(progress=False).to_frame()
    np.testing.assert_allclose(frame["estimate"], frame["true"], rtol=1e-7)
    np.testing.assert_allclose(frame["se"], 0, atol=1e-5)


def test_pps_total__of_the_size_is_exact(table):
    estimands = [{"name": "X", "numerator": "x", "kind": "total"}]
    for method in ("pps_systematic", "pps_with_replacement"):
        frame = made(table, 20, estimands, method=method, size="x", n=30).run(progress=False).to_frame()
        np.testing.assert_allclose(frame["estimate"], table["x"].sum(), rtol=1e-12)
        np.testing.assert_allclose(frame["se"], 0, atol=1e-6)


# ------------------------------------------------------------------------------------------- one kernel or one by one
MEAN = [{"name": "K", "numerator": "k"}, {"name": "share", "numerator": "m3", "unit": "percent"}]
RATIO = [{"name": "R", "numerator": "k", "denominator": "x", "kind": "ratio"}]
BY = [e | {"name": f"{e['name']} by", "by": ["m2", "m1"]} for e in (*TOTAL, *MEAN, *RATIO)]
CASES = {
    "no margins": (MEAN, [], {"n": 100}),
    "one margin": (MEAN, ["m1"], {"n": 100}),
    "three margins, others than the strata": (MEAN, ["m1", "m2", "m3"], {"n": 150, "strata": "h"}),
    "strata among the margins": (MEAN, ["h", "m3"], {"n": 150, "strata": "h"}),
    "ratio": (RATIO, ["m1"], {"n": 100, "strata": "h"}),
    "domains": (BY, ["m1", "m3"], {"n": 300}),
    "a number for each element": (TOTAL, ["m1", "m2"], {"n": 100, "strata": "d"}),
    "a stratum taken whole": ([*TOTAL, *BY], ["m1", "m2"], {"n": {"a": None, "b": 60, "c": 120}, "strata": "h"}),
}


@pytest.mark.parametrize("name", CASES)
def test_kernel_of_a_repetition__agrees_with_the_survey(table, name):
    estimands, margins, sample = CASES[name]
    if isinstance(sample["n"], dict):
        sample = sample | {"n": sample["n"] | {"a": int((table["h"] == "a").sum())}}
    table = table.assign(k=table["y"] * np.pi) if name == "a number for each element" else table
    source = made(table, estimands=estimands, changes=[f"weighting.margins={margins}"], **sample).plan().source(0)
    assert source.fast
    at_once, repetitions = source.block(np.arange(12)), [source.repetition(r) for r in range(12)]
    one_by_one = np.stack([values for values, _ in repetitions])
    assert not at_once.failures
    assert not any(failures for _, failures in repetitions)
    assert np.isfinite(at_once.values[..., :4]).all()
    np.testing.assert_allclose(at_once.values, one_by_one, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(at_once.values[..., 2:4], one_by_one[..., 2:4])


# ---------------------------------------------------------------------------------------------------- once mistaken
def constant(value):
    return lambda sample: {"Y": value}


def test_callable__is_not_taken_for_another_with_the_same_text(table):
    for value in (1.0, 3.0):
        frame = made(table, 5, methods={"constant": constant(value)}, n=10).run(progress=False).to_frame()
        assert set(frame["estimate"]) == {value}


@pytest.fixture(scope="module")
def rare(table):
    return table.assign(rare=np.arange(len(table)) % 40 == 0)


@pytest.mark.statistical
def test_srs_domain_total__of_a_rare_domain_is_unbiased(rare):
    p = made(rare, 2000, [TOTAL[0] | {"by": ["rare"]}], n=40).run(progress=False).performance()
    p = p[(p["domain"] == "rare=True") & (p["measure"] == "bias")].iloc[0]
    assert abs(p["value"]) < 4 * p["mcse"]


def test_kernel_of_a_repetition__agrees_with_the_survey_on_a_rare_domain(rare):
    source = made(rare, estimands=[TOTAL[0] | {"by": ["rare"]}], n=40).plan().source(0)
    one_by_one = np.stack([source.repetition(r)[0] for r in range(12)])
    np.testing.assert_allclose(source.block(np.arange(12)).values, one_by_one, rtol=1e-9, atol=1e-9)


def test_ratio__to_a_denominator_of_0_is_missing(rare):
    estimands = [{"name": "R", "numerator": "k", "denominator": "rare", "kind": "ratio"}]
    source = made(rare, estimands=estimands, n=10).plan().source(0)
    at_once = source.block(np.arange(40)).values[..., 0]
    one_by_one = np.stack([source.repetition(r)[0][..., 0] for r in range(40)])
    assert np.isnan(one_by_one).any()
    np.testing.assert_allclose(at_once, one_by_one, rtol=1e-9)
