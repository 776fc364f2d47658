"""Dual-frame estimation: exact expectation by enumeration, replicates against linearization, diagnostics, refusals."""

import itertools

import numpy as np
import pandas as pd
import polars as pl
import pytest

import surveysim as ss
from surveysim import DataError, DesignError, DualFrameSurvey, Survey

SIZES = {"A": 7000.0, "B": 9000.0}
LINEAR = {
    "hartley": {"theta": 0.3},
    "composite": {"theta": 0.8},
    "multiplicity": {},
    "screening": {},
    "single_frame": {},
}
EVERY = [
    ("hartley", {}),
    ("fuller_burmeister", {}),
    ("composite", {}),
    ("multiplicity", {}),
    ("screening", {}),
    ("single_frame", {}),
    ("pml", {"frame_sizes": SIZES}),
    ("pml", {"frame_sizes": SIZES | {"ab": 4000.0}}),
    ("raking_ratio", {"frame_sizes": SIZES}),
    ("cal_sf", {}),
    ("cal_df", {}),
    ("cal_df", {"frame_sizes": SIZES}),
    ("cal_df", {"frame_sizes": SIZES | {"ab": 4000.0}}),
    ("cal_sf", {"frame_sizes": {"ab": 4000.0}, "method": "raking"}),
    ("cal_df", {"frame_sizes": SIZES, "totals": {"A": {"x": 18000.0}}, "method": "logit", "bounds": (0.2, 5.0)}),
]


def tables(seed=1, n=(600, 600)):
    rng, counts = np.random.default_rng(seed), {"a": 3000, "ab": 4000, "b": 5000}

    def frame(domains, n):
        every = np.repeat(domains, [counts[k] for k in domains])
        d = every[rng.choice(len(every), n, replace=False)]
        x = rng.gamma(2, 1, n) + (d == "ab")
        return pd.DataFrame(
            {
                "overlap": d,
                "x": x,
                "online": rng.random(n) < np.where(d == "a", 0.3, np.where(d == "ab", 0.5, 0.6)),
                "spend": 2 * x + rng.normal(0, 1, n) + 3 * (d == "a"),
                "w": len(every) / n * np.exp(rng.normal(0, 0.3, n)),
                "sex": rng.choice(["m", "f"], n),
                "st": rng.integers(0, 5, n),
                "pa": n / 7000,
                "pb": n / 9000,
            }
        )

    return frame(["a", "ab"], n[0]), frame(["b", "ab"], n[1])


@pytest.fixture(scope="module")
def dual():
    """Two stratified samples, each raked to its frame's sexes, from frames of 7,000 and 9,000 with 4,000 in both."""
    a, b = tables()
    return DualFrameSurvey(
        Survey(a, weight="w", strata="st").rake({"sex": {"m": 3500, "f": 3500}}),
        Survey(b, weight="w", strata="st").rake({"sex": {"m": 4500, "f": 4500}}),
        probability=("pa", "pb"),
    )


def everything(seed=3):
    """All samples of 3 of 6 from frame A (units 0-5) and of 2 of 5 from B (units 3-7), and y of the 8 units."""
    y = np.random.default_rng(seed).gamma(2, 5, 8)
    for s in itertools.combinations(range(6), 3):
        for t in itertools.combinations(range(3, 8), 2):
            if any(i >= 3 for i in s) and any(i < 6 for i in t):
                yield y, s, t


def small(y, units, frame):
    n, N = (3, 6) if frame == "a" else (2, 5)
    overlap = ["ab" if 3 <= i < 6 else frame for i in units]
    return Survey(
        pd.DataFrame({"y": y[list(units)], "overlap": overlap, "pa": 0.5, "pb": 0.4, "N": N}),
        weight=np.full(n, N / n),
        fpc="N",
    )


@pytest.mark.everyday(3)
@pytest.mark.parametrize("estimator", LINEAR)
def test_linear_estimators__expectation_and_variance_by_enumeration(estimator):
    """Over the samples, weighted by whether both hold the overlap: compared with the same sums worked out unit by unit.

    All pairs of samples are enumerated; those without the overlap in one sample are worked out by hand, since a
    DualFrameSurvey asks for both.
    """
    rng = np.random.default_rng(3)
    y = rng.gamma(2, 5, 8)
    factor = {"hartley": 0.3, "composite": 0.8, "multiplicity": 0.5, "screening": 1.0, "single_frame": 0.5 / 0.9}[
        estimator
    ]
    inside = np.isin(np.arange(8), [3, 4, 5])
    za, zb = np.where(inside, factor * y, y)[:6], np.where(inside, (1 - factor) * y, y)[3:]
    totals, variances, weights = [], [], 0
    for s in itertools.combinations(range(6), 3):
        for t in itertools.combinations(range(5), 2):
            by_hand = 2 * za[list(s)].sum() + 2.5 * zb[list(t)].sum()
            v_hand = 36 * 0.5 / 3 * za[list(s)].var(ddof=1) + 25 * 0.6 / 2 * zb[list(t)].var(ddof=1)
            if any(i >= 3 for i in s) and any(i < 3 for i in t):
                d = DualFrameSurvey(small(y, s, "a"), small(y, np.array(t) + 3, "b"), probability=("pa", "pb"))
                row = d.total("y", estimator=estimator, df=np.inf, **LINEAR[estimator]).table.iloc[0]
                assert row["estimate"] == pytest.approx(by_hand, rel=1e-12)
                assert row["se"] ** 2 == pytest.approx(v_hand, rel=1e-12, abs=1e-12)
                weights += 1
            totals.append(by_hand)
            variances.append(v_hand)
    assert weights == 19 * 9
    assert np.mean(totals) == pytest.approx(y.sum(), rel=1e-12), "unbiased over all samples"
    assert np.mean(variances) == pytest.approx(np.var(totals), rel=1e-12), "and so is its variance estimator"


@pytest.mark.everyday(9)
@pytest.mark.parametrize(("estimator", "options"), EVERY)
@pytest.mark.parametrize(("what", "y"), [("total", "spend"), ("mean", "spend"), ("proportion", "online")])
def test_jackknife_that_repeats_everything__agrees(dual, estimator, options, what, y):
    """Delete-one replicates, re-raked and re-composited with θ fixed and with θ estimated again, within 1 and 2 %."""
    linear = getattr(dual, what)(y, estimator=estimator, **options).table.iloc[0]
    for theta, tolerance in (("fixed", 0.01), ("again", 0.02)):
        if theta == "again" and (what != "total" or estimator == "fuller_burmeister"):
            continue
        found = getattr(dual.replicates("jkn", theta=theta), what)(y, estimator=estimator, **options).table.iloc[0]
        assert found["estimate"] == pytest.approx(linear["estimate"], rel=1e-12)
        assert found["se"] == pytest.approx(linear["se"], rel=tolerance)
        assert found["df"] == linear["df"]


def test_weights__give_the_same_totals(dual):
    for estimator, options in EVERY[2:]:
        w = dual.weights(estimator, **options)
        assert len(w) == 1200
        total = dual.total("spend", estimator=estimator, **options).table["estimate"].iloc[0]
        assert w @ dual.data["spend"] == pytest.approx(total, rel=1e-12)


def test_calibrated_weights__meet_what_is_known(dual):
    first = np.arange(1200) < 600
    overlap = (dual.data["overlap"] == "ab").to_numpy()
    for estimator in ("pml", "raking_ratio", "cal_sf", "cal_df"):
        w = dual.weights(estimator, frame_sizes=SIZES)
        assert w[first | overlap].sum() == pytest.approx(7000, rel=1e-7)
        assert w[~first | overlap].sum() == pytest.approx(9000, rel=1e-7)
    w = dual.weights("cal_df", frame_sizes=SIZES | {"ab": 4000.0}, totals={"A": {"x": 18000.0}}, theta=0.3)
    assert w[overlap & first].sum() == pytest.approx(1200, rel=1e-9), "the overlap samples are calibrated apart"
    assert w[first | overlap] @ dual.data["x"].to_numpy()[first | overlap] == pytest.approx(18000, rel=1e-9)


def test_hartley__theta_minimizes_the_estimated_variance(dual):
    best = dual.total("spend").table.iloc[0]
    for theta in np.linspace(0, 1, 41):
        assert dual.total("spend", theta=theta).table["se"].iloc[0] >= best["se"] - 1e-9
    assert dual.total("spend", estimator="fuller_burmeister").table["se"].iloc[0] <= best["se"]


def test_means__are_ratios_of_one_estimator(dual):
    """The textbook slip takes the estimated size for known; the linearized error of a constant must be 0."""
    dual.data["one"] = 1.0
    for estimator, options in EVERY:
        row = dual.mean("one", estimator=estimator, **options).table.iloc[0]
        assert row["estimate"] == pytest.approx(1, rel=1e-12)
        assert row["se"] < 1e-9
    del dual.data["one"]


def test_domains_levels_and_intervals(dual):
    table = dual.proportion("sex", by="overlap", estimator="composite", ci="korn-graubard").table
    assert list(table["level"]) == ["f", "f", "f", "m", "m", "m"]
    assert table.groupby("domain")["estimate"].sum().tolist() == pytest.approx([1, 1, 1])
    for ci in ("wald", "logit", "xlogit", "wilson", "beta", "korn-graubard", "asin"):
        row = dual.proportion("online", ci=ci, estimator="hartley").table.iloc[0]
        low, high = ss.proportion_interval(row["estimate"], row["se"], ci, df=row["df"], n=int(row["n"]))
        assert (row["lower"], row["upper"]) == pytest.approx((float(low), float(high)))
    whole = dual.total("spend", estimator="pml", frame_sizes=SIZES).table["estimate"].iloc[0]
    assert dual.total("spend", by="sex", estimator="pml", frame_sizes=SIZES).table["estimate"].sum() == pytest.approx(
        whole
    )


def test_every_statistic__takes_degrees_of_freedom(dual):
    """As every other statistic: fewer degrees of freedom, a wider interval."""
    calls = {"total": ("spend",), "mean": ("spend",), "ratio": ("spend", "x"), "proportion": ("online",)}
    calls["quantile"] = ("spend", 0.5)
    for what, given in calls.items():
        few, many = (getattr(dual, what)(*given, theta=0.4, df=df).table for df in (4, np.inf))
        assert few["df"].tolist() == [4] * len(few)
        assert np.all(few["upper"] - few["lower"] > many["upper"] - many["lower"]), what
    by_hand = dual.survey("composite", theta=0.4).quantile("spend", 0.5, df=4).table
    pd.testing.assert_frame_equal(dual.quantile("spend", 0.5, theta=0.4, df=4).table, by_hand)


def test_quantiles_ratios_and_the_pooled_survey(dual):
    pooled = dual.survey("cal_df", frame_sizes=SIZES)
    assert dual.quantile("spend", [0.5], estimator="cal_df", frame_sizes=SIZES).table.equals(
        pooled.quantile("spend", [0.5]).table
    )
    ratio = dual.ratio("spend", "x").table.iloc[0]
    assert ratio["variable"] == "spend/x"
    assert abs(ratio["estimate"] - dual.ratio("spend", "x", estimator="composite").table["estimate"].iloc[0]) < 0.05
    raked = pooled.rake({"sex": {"m": 6000, "f": 6000}})
    linear = raked.mean("spend").table["se"].iloc[0]
    again = raked.replicates("jkn").mean("spend").table["se"].iloc[0]
    assert linear == pytest.approx(again, rel=0.03), "a composite that is raked afterwards keeps both adjustments"


def test_thetas__compromise_lies_between_and_loses_least(dual):
    t = dual.thetas(["spend", "online", "x"])
    assert t.table["theta"].min() <= t.compromise <= t.table["theta"].max()
    assert (t.table["loss"] >= -1e-9).all()
    near = [dual.thetas(["spend", "online", "x"]).table["loss"].mean()]
    for theta in (t.compromise - 0.1, t.compromise + 0.1):
        se = [dual.mean(y, theta=theta).table["se"].iloc[0] for y in t.table["variable"]]
        near.append(100 * np.mean((np.array(se) / t.table["se"]) ** 2 - 1))
    assert near[0] < min(near[1:])
    row = t.grid.query("variable == 'spend' and theta == 0.5").iloc[0]
    assert row["se"] == pytest.approx(dual.mean("spend", theta=0.5).table["se"].iloc[0], rel=1e-9)
    ax = t.plot()
    assert len(ax.lines) == 4


def test_compare_overlap__finds_a_misreported_overlap():
    a, b = tables(n=(1500, 1500))
    honest = DualFrameSurvey(Survey(a, weight="w"), Survey(b, weight="w")).compare_overlap(["online"])
    assert (honest["p_value"] > 0.01).all()
    wrong = a.assign(overlap=np.where((a["overlap"] == "ab") & (np.arange(len(a)) % 3 == 0), "a", a["overlap"]))
    found = DualFrameSurvey(Survey(wrong, weight="w"), Survey(b, weight="w")).compare_overlap(["online"])
    assert found["p_value"].iloc[0] < 1e-4
    assert found["difference"].iloc[0] < 0


def test_membership__probabilities_take_the_place_of_labels(dual):
    """0 and 1 give what labels give; known misreporting rates take the bias of misreported labels out."""
    a, b = tables(2, (3000, 3000))
    labels = DualFrameSurvey(Survey(a, weight="w"), Survey(b, weight="w"))
    zero_one = [t.assign(m=(t["overlap"] == "ab").astype(float)) for t in (a, b)]
    same = DualFrameSurvey(*(Survey(t, weight="w") for t in zero_one), membership="m")
    for estimator in ("hartley", "fuller_burmeister", "composite"):
        first, second = (d.total("spend", estimator=estimator).table.iloc[0] for d in (labels, same))
        assert first["estimate"] == pytest.approx(second["estimate"], rel=1e-12)
        assert first["se"] == pytest.approx(second["se"], rel=1e-12)
    rng = np.random.default_rng(5)
    hidden = (a["overlap"] == "ab") & (rng.random(len(a)) < 0.4)  # 40 % of frame A's overlap says "landline only"
    wrong = a.assign(overlap=np.where(hidden, "a", a["overlap"]))
    share = hidden.sum() / (wrong["overlap"] == "a").sum()
    mended = wrong.assign(m=np.where(wrong["overlap"] == "ab", 1.0, share))
    truth = labels.mean("online", theta=0.5).table["estimate"].iloc[0]
    naive = (
        DualFrameSurvey(Survey(wrong, weight="w"), Survey(b, weight="w"))
        .total("x", theta=0.5)
        .table["estimate"]
        .iloc[0]
    )
    fixed = DualFrameSurvey(Survey(mended, weight="w"), Survey(zero_one[1], weight="w"), membership="m")
    expected = labels.total("x", theta=0.5).table["estimate"].iloc[0]
    assert abs(fixed.total("x", theta=0.5).table["estimate"].iloc[0] / expected - 1) < 0.02
    assert naive / expected > 1.05
    assert abs(fixed.mean("online", theta=0.5).table["estimate"].iloc[0] - truth) < 0.02


def test_any_kind_of_table_and_design(dual):
    a, b = tables()
    polars = DualFrameSurvey(Survey(pl.from_pandas(a), weight="w"), Survey(pl.from_pandas(b), weight="w"))
    plain = DualFrameSurvey(Survey(a, weight="w"), Survey(b, weight="w"))
    assert polars.total("spend").table.equals(plain.total("spend").table)
    stages = Survey(
        a.assign(cluster=a["st"] * 10 + np.arange(600) % 6, N=60, M=200),
        weight="w",
        strata="st",
        psu=["cluster", "x"],
        fpc=["N", "M"],
    )
    d = DualFrameSurvey(stages, Survey(b, weight="w", strata="st"))
    row = d.total("spend", theta=0.5).table.iloc[0]
    alone = [
        Survey.of_design(s.data, s.design).design.variances(
            [np.where(s.data["overlap"] == "ab", 0.5, 1.0) * s.data["spend"]]
        )[0]
        for s in (stages, d.b)
    ]
    assert row["se"] ** 2 == pytest.approx(sum(alone), rel=1e-12)
    assert row["df"] == 30 - 5 + 600 - 5


def test_missing_values__are_set_aside_with_a_warning():
    a, b = tables()
    a.loc[:4, "spend"] = np.nan
    with pytest.warns(ss.SurveysimWarning, match="5 of 'spend'"):
        row = DualFrameSurvey(Survey(a, weight="w"), Survey(b, weight="w")).mean("spend").table.iloc[0]
    assert row["n"] == 1195


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: d.total("spend", estimator="best"), "choose one of hartley"),
        (lambda d: d.total("spend", theta=1.5), "theta = 1.5"),
        (lambda d: d.total("spend", estimator="pml"), "pml needs the size of the frames"),
        (lambda d: d.total("spend", estimator="raking_ratio"), "raking_ratio needs the size"),
        (lambda d: d.total("spend", estimator="cal_df", frame_sizes={"A": 7000}), "has A only"),
        (lambda d: d.total("spend", estimator="composite", totals={"A": {"x": 1}}), "composite uses no totals"),
        (lambda d: d.total("spend", estimator="pml", frame_sizes={"A": 700, "B": 9}), "does not fit into frames"),
        (lambda d: d.weights("hartley"), "no single set"),
        (lambda d: d.quantile("spend", 0.5, estimator="fuller_burmeister"), "no single set"),
        (lambda d: d.replicates("jkn", theta="free"), "theta = 'free'"),
        (lambda d: d.thetas("spend", grid=[2]), "from 0 to 1"),
        (lambda d: d.total("age"), "'age' cannot be estimated from both samples: a and b lack it"),
        (lambda d: d.mean("spend", frame_size=SIZES), "'frame_size' is no option"),
        (lambda d: d.mean("spend", estimator="multiplicity", theta=0.1), "multiplicity uses no theta"),
        (lambda d: d.mean("spend", estimator="screening", theta=0.5), "screening takes 1 or 0"),
        (lambda d: d.mean("spend", estimator="pml", frame_sizes={"A": "7", "B": 9}), "sizes above 0; got 'A'"),
        (lambda d: d.mean("spend", estimator="pml", frame_sizes=(7, 9)), "frame_sizes = .7, 9."),
        (lambda d: d.mean("spend", estimator="pml", frame_sizes=SIZES, theta=(None, 0.3)), "theta = "),
        (
            lambda d: d.mean("spend", estimator="cal_df", frame_sizes=SIZES | {"ab": 8000.0}),
            "larger than a frame of 7,000",
        ),
        (lambda d: d.mean("spend", estimator="cal_df", totals={"A": {"x": np.nan}}), "'x' in A has the total nan"),
        (lambda d: d.mean("spend", estimator="cal_df", totals=[1]), "totals = "),
    ],
)
def test_refusals__name_what_is_wrong(dual, call, message):
    with pytest.raises(ss.SurveysimError, match=message):
        call(dual)


def test_construction__refuses_what_is_no_dual_frame():
    a, b = tables()
    s, t = Survey(a, weight="w"), Survey(b, weight="w")
    with pytest.raises(DataError, match="must be 'a' or 'ab' in a; 3 of 600 rows"):
        DualFrameSurvey(Survey(a.assign(overlap=np.where(np.arange(600) < 3, "b", a["overlap"])), weight="w"), t)
    with pytest.raises(DataError, match="a must be a Survey"):
        DualFrameSurvey(a, t)
    with pytest.raises(DesignError, match="subpopulation"):
        DualFrameSurvey(s.where(np.arange(600) < 10), t)
    with pytest.raises(DesignError, match="replicates"):
        DualFrameSurvey(s.replicates("jk1"), t)
    with pytest.raises(DataError, match="overlap is in one sample only"):
        DualFrameSurvey(Survey(a[a["overlap"] == "a"], weight="w"), t)
    with pytest.raises(DataError, match="needs the inclusion probabilities"):
        DualFrameSurvey(s, t).total("spend", estimator="single_frame")
    with pytest.raises(DataError, match="probability 'sex' is not numeric"):
        DualFrameSurvey(s, t, probability=("sex", "pb"))
    with pytest.raises(DataError, match="membership 'sex' is not numeric"):
        DualFrameSurvey(s, t, membership="sex")
    with pytest.raises(DataError, match="probability: 600 rows"):
        DualFrameSurvey(Survey(a.assign(pa=0.0), weight="w"), t, probability=("pa", "pb"))


def test_membership_probabilities__agree_with_expected_labels_for_every_estimator():
    """A row that is in the overlap with probability q is two rows, one in and one out, of weights q and 1 - q."""
    a, b = tables(4)
    shares = [t.assign(m=np.where(t["overlap"] == "ab", 1.0, q)) for t, q in ((a, 0.3), (b, 0.0))]
    soft = DualFrameSurvey(*(Survey(t, weight="w") for t in shares), membership="m", probability=("pa", "pb"))
    split = pd.concat(
        [
            shares[0].assign(overlap="ab", w=shares[0]["w"] * shares[0]["m"], unit=np.arange(600)),
            shares[0].assign(overlap="a", w=shares[0]["w"] * (1 - shares[0]["m"]), unit=np.arange(600)),
        ],
        ignore_index=True,
    )
    split = split[split["w"] > 0].reset_index(drop=True)
    hard = DualFrameSurvey(Survey(split, weight="w", psu="unit"), Survey(b, weight="w"), probability=("pa", "pb"))
    for estimator, options in EVERY:
        first, second = (d.total("spend", estimator=estimator, **options).table.iloc[0] for d in (soft, hard))
        assert first["estimate"] == pytest.approx(second["estimate"], rel=1e-9), (estimator, options)
        assert first["se"] == pytest.approx(second["se"], rel=1e-6), (estimator, options)


def test_thin_overlap_of_a_domain__takes_the_overall_theta_with_a_warning():
    a, b = tables()
    b = b.assign(dom=np.where((b["overlap"] == "ab") & (np.arange(600) % 20 == 0), "z", "y"))
    d = DualFrameSurvey(Survey(a.assign(dom="y"), weight="w"), Survey(b, weight="w"))
    with pytest.warns(ss.SurveysimWarning, match=r"fewer than 20 respondents of a sample .*dom=z"):
        found = d.total("spend", by="dom").table.set_index("domain")
    assert found.loc["dom=z", "estimate"] > 0
    assert found.loc["dom=z", "se"] > 0
    with pytest.warns(ss.SurveysimWarning, match="fewer than 20"):
        assert d.mean("online", by="dom", estimator="fuller_burmeister").table["se"].iloc[1] > 0


def test_overlap_known_to_both_samples__has_no_optimal_gamma():
    """Both poststratified on the overlap: its size has no variance, γ and η fall back on effective sizes."""
    a, b = tables()
    d = DualFrameSurvey(
        Survey(a, weight="w").rake({"overlap": {"a": 3000, "ab": 4000}}),
        Survey(b, weight="w").rake({"overlap": {"b": 5000, "ab": 4000}}),
    )
    plain = d.mean("spend", estimator="composite").table.iloc[0]
    for estimator, options in (("cal_df", {}), ("cal_df", {"frame_sizes": SIZES}), ("pml", {"frame_sizes": SIZES})):
        row = d.mean("spend", estimator=estimator, **options).table.iloc[0]
        assert row["estimate"] == pytest.approx(plain["estimate"], rel=1e-6)
        assert row["se"] == pytest.approx(plain["se"], rel=0.05)


def test_frame_inside_the_other():
    a, b = tables()
    d = DualFrameSurvey(
        Survey(a[a["overlap"] == "ab"].reset_index(drop=True), weight="w"),
        Survey(b, weight="w"),
        probability=("pa", "pb"),
    )
    expected = d.mean("spend", estimator="composite").table.iloc[0]
    for estimator, options in (
        ("pml", {"frame_sizes": {"A": 4000.0, "B": 9000.0}}),
        ("cal_df", {}),
        ("cal_sf", {}),
        ("cal_df", {"frame_sizes": {"A": 4000.0, "B": 9000.0}}),
        ("hartley", {}),
    ):
        row = d.mean("spend", estimator=estimator, **options).table.iloc[0]
        assert abs(row["estimate"] - expected["estimate"]) < 0.2, estimator
        assert row["se"] == pytest.approx(expected["se"], rel=0.15), estimator


def test_columns_of_different_kinds__harm_only_themselves():
    a, b = tables()
    a["g"] = pd.Categorical(np.where(a["sex"] == "m", "lo", "hi"), ["lo", "hi"], ordered=True)
    b["g"] = pd.Categorical(np.where(b["sex"] == "m", "lo", "mid"), ["lo", "mid"], ordered=True)
    a["h"], b["h"] = 1, "one"
    a["k"], b["k"] = True, 1
    b = b.drop(columns="x")
    d = DualFrameSurvey(Survey(a, weight="w"), Survey(b, weight="w"))
    assert d.proportion("g", estimator="composite").table["level"].tolist() == ["lo", "hi", "mid"]
    assert d.mean("k").table["estimate"].iloc[0] == pytest.approx(1)
    with pytest.raises(DataError, match="one table has numbers, the other text"):
        d.proportion("h")
    with pytest.raises(DataError, match=r"'x' .* b lacks it"):
        d.mean("x")


def test_lonely_average__stays_inside_a_frame():
    a, b = tables()
    a = a.iloc[:40].assign(st=[0] * 10 + [1] * 10 + list(range(2, 22)), w=175.0)
    parts = Survey(a, weight="w", strata="st", lonely_psu="average"), Survey(b, weight="w", lonely_psu="average")
    row = DualFrameSurvey(*parts).total("spend", theta=0.5).table.iloc[0]
    alone = [p.design.variances([np.where(p.data["overlap"] == "ab", 0.5, 1.0) * p.data["spend"]])[0] for p in parts]
    assert row["se"] ** 2 == pytest.approx(sum(alone), rel=1e-12)


def test_thetas__leave_constants_out(dual):
    dual.data["one"] = 1.0
    both = dual.thetas(["one", "spend"])
    assert both.compromise == pytest.approx(dual.thetas("spend").compromise)
    with pytest.raises(DataError, match="no variable varies"):
        dual.thetas("one")
    del dual.data["one"]


@pytest.mark.everyday(2)
@pytest.mark.statistical
@pytest.mark.parametrize("estimator", ["hartley", "fuller_burmeister", "pml", "cal_df", "single_frame", "raking_ratio"])
def test_coverage_and_bias__over_repeated_samples(estimator):
    """300 pairs of simple random samples from two lists of 7,000 and 9,000: bias within 4, coverage within 4 Monte Carlo errors."""
    rng = np.random.default_rng(7)
    counts = {"a": 3000, "ab": 4000, "b": 5000}
    domain = np.repeat(list(counts), list(counts.values()))
    y = rng.gamma(2, 1, 12000) + 2 * (domain == "ab") + (domain == "b")
    options = {"frame_sizes": SIZES} if estimator in ("pml", "cal_df", "raking_ratio") else {}
    found = []
    for _ in range(300):
        parts = []
        for label, size, n in (("b", 7000, 140), ("a", 9000, 180)):
            rows = rng.choice(np.nonzero(domain != label)[0], n, replace=False)
            data = pd.DataFrame(
                {"overlap": domain[rows], "y": y[rows], "w": size / n, "N": size, "pa": 140 / 7000, "pb": 180 / 9000}
            )
            parts.append(Survey(data, weight="w", fpc="N"))
        row = DualFrameSurvey(*parts, probability=("pa", "pb")).mean("y", estimator=estimator, **options).table.iloc[0]
        found.append((row["estimate"], row["se"], row["lower"] <= y.mean() <= row["upper"]))
    estimate, se, held = np.array(found).T
    assert abs(estimate.mean() - y.mean()) < 4 * estimate.std() / np.sqrt(300) + 0.01
    assert abs(held.mean() - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 300)
    assert abs(np.sqrt(np.mean(se**2)) / estimate.std(ddof=1) - 1) < 4 / np.sqrt(600)


def test_frame_sizes__may_be_given_to_every_estimator(dual):
    """Those that do not use them give what they give without; with all three, pml is cal_df with one θ for both steps."""
    for estimator in ("hartley", "fuller_burmeister", "composite", "multiplicity", "single_frame"):
        plain, sized = (
            dual.total("spend", estimator=estimator, method="linear", **o).table for o in ({}, {"frame_sizes": SIZES})
        )
        assert plain.equals(sized)
    every = {"frame_sizes": SIZES | {"ab": 4000.0}, "theta": 0.4}
    first, second = (dual.mean("spend", estimator=e, **every).table.iloc[0] for e in ("pml", "cal_df"))
    assert abs(first["estimate"] - second["estimate"]) < second["se"]


def test_dual_frame__replicates_that_two_samples_cannot_have_are_refused_at_once():
    parts = [pd.DataFrame({"overlap": [own, "ab", "ab"], "y": [1, 2, 4]}) for own in ("a", "b")]
    dual = ss.DualFrameSurvey(*(ss.Survey(part, weight=[10] * 3) for part in parts))
    for kind in ("nonsense", "jk1"):
        with pytest.raises(ss.DesignError, match="two samples are two strata"):
            dual.replicates(kind)


def test_dual_frame__expected_times_may_be_above_one():
    parts = [pd.DataFrame({"overlap": [own, "ab", "ab"], "y": [1, 2, 4], "pa": 1.2, "pb": 0.1}) for own in ("a", "b")]
    samples = [ss.Survey(part, weight=[10] * 3) for part in parts]
    dual = ss.DualFrameSurvey(*samples, probability=("pa", "pb"))
    assert dual.total("y", estimator="single_frame").to_frame()["estimate"][0] > 0
    with pytest.raises(ss.DataError, match="have none above 0"):
        ss.DualFrameSurvey(*(ss.Survey(p.assign(pb=0.0), weight=[10] * 3) for p in parts), probability=("pa", "pb"))


def test_hartley__minimizes_the_variance_also_where_nonrespondents_carry_base_weight():
    """Their weight has gone to respondents, so that they have a part in the variance although their own weight is 0."""
    parts, rng = tables(5, (160, 160)), np.random.default_rng(6)
    recipe = ss.Recipe([ss.weighting.BaseWeight("w"), ss.weighting.UnitNonresponse(by="sex")])
    surveys = []
    for part in parts:
        part["status"] = np.where(rng.random(len(part)) < np.where(part["overlap"] == "ab", 0.4, 0.9), "R", "N")
        surveys.append(Survey(part, weight=recipe.apply(part), strata="st"))
    dual = DualFrameSurvey(*surveys)
    own = dual.total("spend").table["se"].iloc[0]
    given = [dual.total("spend", theta=theta).table["se"].iloc[0] for theta in np.linspace(0, 1, 101)]
    assert own <= min(given) * (1 + 1e-9)
