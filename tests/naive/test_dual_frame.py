"""Two frames: by hand, by nudging every weight, and against the library for every estimator and ladder of known sizes."""

import math

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from naive import adjusted, dual_frame, intervals, quantiles, replication
from surveysim.weighting import Multiplicity

pytestmark = pytest.mark.filterwarnings("ignore::surveysim.SurveysimWarning")


def plain(weights, overlap):
    return {"design": {"weight": weights}, "overlap": overlap}


HAND = {"A": plain([10.0] * 4, [0, 0, 1, 1]), "B": plain([10.0] * 4, [0, 0, 1, 1])}
Y = [1.0, 3, 2, 4, 0, 2, 4, 6]


def test_total__by_hand():
    # 10 × (1 + 3) + 5 × (2 + 4) + 10 × (0 + 2) + 5 × (4 + 6); z = 10, 30, 10, 20 and 0, 20, 20, 30: 4 / 3 × (275 + 475)
    value, score = dual_frame.total(HAND, Y, theta=0.5)
    assert value == 140
    assert dual_frame.variance_of(HAND, score) == pytest.approx(4 / 3 * (275 + 475))


def test_optimal__by_hand():
    # one each side and one in the overlap of one: T = y_a + θ y' + (1 - θ) y'' + y_b, two units a sample, V = Σ (z_1 - z_2)² with
    frames = {"A": plain([1.0, 1.0], [0, 1]), "B": plain([1.0, 1.0], [0, 1])}
    # (1 - 2 θ)² + (3 - 4 (1 - θ))² is least where 40 θ = 12
    parts = dual_frame.parts_of(frames)
    score, coefficients = dual_frame.optimal(frames, parts, [1, 2, 3, 4], "hartley")
    assert coefficients == pytest.approx([0.3])
    assert score == pytest.approx([1, 0.6, 3, 2.8])


def test_likelihood__by_hand():
    # γ = ½, all sizes as estimated: P² / 40 - 1.5 P + 20 = 0 has the root 20, and the total is the composite's
    value, _ = dual_frame.total(HAND, Y, "pml", 0.5, frame_sizes={"A": 40, "B": 40})
    assert value == pytest.approx(140)


def test_calibration__by_hand():
    # 20 × 1 + 20 × 3 + 20 × 1 as in the library's example
    frames = {name: plain([10.0] * 3, [0, 1, 1]) for name in "AB"}
    known = {"A": 40, "B": 40, "ab": 20}
    value, score = dual_frame.total(frames, [1, 2, 4, 1, 2, 4], "cal_df", 0.5, frame_sizes=known)
    assert value == pytest.approx(100)
    assert score == pytest.approx([0, -0.5, 0.5] * 2)


# random samples


def sample(rng, name, levels=6):
    """Columns of a stratified sample of units, some weights 0, probabilities in both frames."""
    columns = {c: [] for c in ("s", "i", "N", "w", "overlap", "y", "x", "g", "pa", "pb")}
    for h in range(3):
        for i in range(levels):
            for _ in range(int(rng.integers(2, 6))):
                both, w = rng.random() < 0.5, float(rng.lognormal(3, 0.6))
                own, other = 1 / w, float(rng.uniform(0.01, 0.2)) if both else 0.0
                row = {
                    "s": f"s{h}",
                    "i": f"{h}.{i}",
                    "N": 20.0 + h,
                    "w": 0.0 if rng.random() < 0.05 else w,
                    "overlap": "ab" if both else name,
                    "y": float(rng.normal(10, 3) + 2 * both),
                    "x": float(rng.gamma(3, 1)),
                    "g": str(rng.choice(["u", "v", "v", "v"])),
                    "pa": own if name == "a" else other,
                    "pb": other if name == "a" else own,
                }
                for key, value in row.items():
                    columns[key].append(value)
    return columns


def as_frames(a, b, lonely="fail"):
    frames = {}
    for name, t in (("A", a), ("B", b)):
        design = {"weight": t["w"], "strata": [t["s"]], "psu": [t["i"]], "fpc": [t["N"]], "lonely": lonely}
        overlap = [float(v == "ab") for v in t["overlap"]]
        frames[name] = {"design": design, "overlap": overlap, "pi": list(zip(t["pa"], t["pb"], strict=True))}
    return frames


def as_library(a, b, **options):
    samples = [ss.Survey(pd.DataFrame(t), weight="w", strata="s", psu="i", fpc="N", **options) for t in (a, b)]
    return ss.DualFrameSurvey(*samples, probability=("pa", "pb"))


def known_sizes(a, b):
    """What a statistical office may know: near what the samples say."""
    w, both, x = ([np.array(t[name]) for t in (a, b)] for name in ("w", "overlap", "x"))
    both = [v == "ab" for v in both]
    overlap = sum((w[i] * both[i]).sum() for i in (0, 1)) / 2
    in_overlap = sum((w[i] * both[i]) @ x[i] for i in (0, 1)) / 2
    sizes = {"A": w[0].sum() * 1.05, "B": w[1].sum() * 0.97, "ab": overlap * 1.02}
    return sizes, {"A": w[0] @ x[0] * 1.04, "B": w[1] @ x[1] * 0.98, "ab": in_overlap * 1.01}


def cases():
    """Every estimator with every ladder: (estimator, which sizes, which totals, other options)."""
    found = [(e, "", "", {}) for e in ("hartley", "fuller_burmeister", "composite", "multiplicity", "screening")]
    found += [("hartley", "", "", {"theta": 0.3}), ("composite", "", "", {"theta": 0.2})]
    found += [("screening", "", "", {"theta": 0.0}), ("single_frame", "", "", {}), ("raking_ratio", "A B", "", {})]
    found += [("pml", sizes, "", {}) for sizes in ("A B", "A B ab")]
    found += [("pml", "A B", "", {"theta": theta}) for theta in (0.4, "effective", (0.4, 0.7))]
    for estimator in ("cal_sf", "cal_df"):
        for sizes in ("", "A B", "ab", "A B ab"):
            for options in ({}, {"method": "raking"}, {"method": "logit", "bounds": (0.05, 8.0)}):
                found.append((estimator, sizes, "", options))
        found += [(estimator, "A B", "A", {}), (estimator, "A B ab", "A B ab", {}), (estimator, "", "ab", {})]
    return [*found, ("cal_df", "ab", "", {"theta": 0.3})]


def arguments(case, a, b):
    """Options for the library and for the naive version."""
    estimator, sizes, totals, options = case
    known, of_x = known_sizes(a, b)
    theirs, ours = {"estimator": estimator, **options}, {"estimator": estimator, **options}
    if sizes:
        theirs["frame_sizes"] = ours["frame_sizes"] = {k: known[k] for k in sizes.split()}
    if totals:
        theirs["totals"] = {k: {"x": of_x[k]} for k in totals.split()}
        ours["totals"] = [(k, a["x"] + b["x"], of_x[k]) for k in totals.split()]
    return theirs, ours


def held(frames, estimator, options):
    """Options with γ, η and effective θ where the full sample puts them."""
    parts, fixed = dual_frame.parts_of(frames), dict(options)
    na, _, _, nb = dual_frame.sizes(parts)
    of_a, of_b = dual_frame.size_variances(frames, parts)
    if fixed.get("theta", "effective") == "effective":
        if estimator == "pml" and "theta" not in fixed:
            size_a, size_b = (fixed["frame_sizes"][k] for k in "AB")
            fixed["theta"] = na * size_b * of_b / (na * size_b * of_b + nb * size_a * of_a)
        elif estimator == "cal_df" and "theta" not in fixed:
            fixed["theta"] = of_b / (of_a + of_b)
        elif estimator in ("composite", "pml", "cal_df"):
            fixed["theta"] = dual_frame.effective(parts)
    return fixed


# raking's regression takes g for 1, so only linear distances have exact derivatives
@pytest.mark.everyday(10)
@pytest.mark.parametrize("case", [c for c in cases() if c[0] != "raking_ratio" and "method" not in c[3]], ids=str)
def test_score__as_nudging_each_weight(case):
    rng = np.random.default_rng(11)
    a, b = sample(rng, "a", 2), sample(rng, "b", 2)
    n, w = len(a["w"]), np.array(a["w"] + b["w"])
    frames, (_, options) = as_frames(a, b), arguments(case, a, b)
    estimator = options.pop("estimator")
    if dual_frame.needs_optimum(estimator, options.get("theta")):  # an optimal θ is held too
        estimator, options["theta"] = "composite", 0.6
    options = held(frames, estimator, options)

    def moved(weights):
        again = as_frames(a, b)
        again["A"]["design"]["weight"], again["B"]["design"]["weight"] = weights[:n].tolist(), weights[n:].tolist()
        return again

    y, x = a["y"] + b["y"], a["x"] + b["x"]
    for statistic, columns in ((dual_frame.total, (y,)), (dual_frame.mean, (y,)), (dual_frame.ratio, (y, x))):
        score = statistic(frames, *columns, estimator, **options)[1]
        right = adjusted.infinitesimal(
            lambda v, f=statistic, c=columns: f(moved(v), *c, estimator, **options)[0], lambda v: v, w
        )
        assert w * score == pytest.approx(right, rel=1e-5, abs=1e-6 * np.abs(right).max())


def compare(estimates, value, score, frames):
    row = estimates.to_frame().iloc[0]
    assert row["estimate"] == pytest.approx(value, rel=1e-8)
    assert row["se"] ** 2 == pytest.approx(dual_frame.variance_of(frames, score), rel=1e-7)


@pytest.mark.everyday(23)
@pytest.mark.parametrize("case", cases(), ids=str)
def test_estimators__as_the_library(case):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        a, b = sample(rng, "a"), sample(rng, "b")
        frames, d = as_frames(a, b), as_library(a, b)
        theirs, ours = arguments(case, a, b)
        y, x = a["y"] + b["y"], a["x"] + b["x"]
        compare(d.total("y", **theirs), *dual_frame.total(frames, y, **ours), frames)
        compare(d.mean("y", **theirs), *dual_frame.mean(frames, y, **ours), frames)
        compare(d.ratio("y", "x", **theirs), *dual_frame.ratio(frames, y, x, **ours), frames)


@pytest.mark.parametrize("estimator", ["hartley", "fuller_burmeister", "pml", "cal_df", "single_frame"])
def test_domains_and_missing_values__as_the_library(estimator):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        a, b = sample(rng, "a"), sample(rng, "b")
        for t in (a, b):
            t["y"] = [None if rng.random() < 0.05 else v for v in t["y"]]
        frames, d = as_frames(a, b), as_library(a, b)
        theirs, ours = arguments((estimator, "A B" if estimator == "pml" else "", "", {}), a, b)
        y, g = a["y"] + b["y"], a["g"] + b["g"]
        for name in ("total", "mean"):
            found = getattr(d, name)("y", by="g", df=math.inf, **theirs)
            table = found.to_frame().set_index("domain")
            for level in ("u", "v"):
                mask = [v == level for v in g]
                value, score = getattr(dual_frame, name)(frames, y, domain=mask, **ours)
                row = table.loc[f"g={level}"]
                assert row["estimate"] == pytest.approx(value, rel=1e-8)
                assert row["se"] ** 2 == pytest.approx(dual_frame.variance_of(frames, score), rel=1e-7)


@pytest.mark.parametrize("lonely", ["certainty", "adjust", "average"])
def test_lonely_units__as_the_library(lonely):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        a, b = sample(rng, "a"), sample(rng, "b")
        a["s"] = [s if i != "0.0" else "alone" for s, i in zip(a["s"], a["i"], strict=True)]
        if seed % 2:
            b["s"] = [s if i != "1.2" else "alone" for s, i in zip(b["s"], b["i"], strict=True)]
        frames, d, y = as_frames(a, b, lonely), as_library(a, b, lonely_psu=lonely), a["y"] + b["y"]
        for estimator in ("hartley", "multiplicity"):
            compare(d.total("y", estimator=estimator), *dual_frame.total(frames, y, estimator), frames)
            compare(d.mean("y", estimator=estimator), *dual_frame.mean(frames, y, estimator), frames)


@pytest.mark.parametrize("estimator", ["hartley", "multiplicity", "pml", "single_frame", "cal_sf", "cal_df"])
def test_membership__as_the_library(estimator):
    for seed in range(4):
        rng = np.random.default_rng(seed)
        a, b = sample(rng, "a"), sample(rng, "b")
        for t in (a, b):
            t["m"] = [float(rng.choice([0, 1, rng.random()])) for _ in t["w"]]
            t["pa"] = [max(v, 0.01) for v in t["pa"]]
            t["pb"] = [max(v, 0.01) for v in t["pb"]]
        frames = as_frames(a, b)
        for name, t in (("A", a), ("B", b)):
            frames[name]["overlap"] = t["m"]
        samples = [ss.Survey(pd.DataFrame(t), weight="w", strata="s", psu="i", fpc="N") for t in (a, b)]
        d = ss.DualFrameSurvey(*samples, membership="m", probability=("pa", "pb"))
        theirs, ours = arguments((estimator, "A B" if estimator == "pml" else "", "", {}), a, b)
        compare(d.total("y", **theirs), *dual_frame.total(frames, a["y"] + b["y"], **ours), frames)
        compare(d.mean("y", **theirs), *dual_frame.mean(frames, a["y"] + b["y"], **ours), frames)


def adjusted_samples(a, b, rng):
    """Both samples raked (A to totals and then to shares, B to totals and then divided by the number of mobiles), for either side."""
    frames, surveys = as_frames(a, b), []
    for name, t in (("A", a), ("B", b)):
        n = len(t["w"])
        t["g"] = ["v" if k % 5 else "u" for k in range(n)]
        t |= {"frame": ["mobile"] * n, "n_mobile": [int(v) for v in rng.integers(1, 3, n)]}
        t |= {"n_lines": [0] * n, "n_eligible": [1] * n}
        w0 = np.array(t["w"])
        margin = {level: float(w0[np.array(t["g"]) == level].sum() * rng.uniform(0.9, 1.1)) for level in "uv"}
        x, _ = adjusted.dummies({"g": margin}, t)
        s0 = ss.Survey(pd.DataFrame(t), weight="w", strata="s", psu="i", fpc="N")
        s1 = s0.rake({"g": margin})
        if name == "A":
            y_total = float(np.array(s1.weight) @ np.array(t["x"]) * 1.03)
            s2 = s1.calibrate({"x": y_total})
            last = {"x": [[v] for v in t["x"]]}
        else:
            s2, last = s1.apply(ss.Recipe([Multiplicity()])), {}
        w1, w2 = np.array(s1.weight), np.array(s2.weight)
        frames[name]["base"] = w0
        frames[name]["design"]["weight"] = w2.tolist()
        frames[name]["steps"] = [{"before": w0, "after": w1, "x": x}, {"before": w1, "after": w2, **last}]
        surveys.append(s2)
    return frames, surveys


@pytest.mark.everyday(12)
@pytest.mark.parametrize("case", [c for c in cases() if "method" not in c[3]], ids=str)
def test_adjusted_samples__as_the_library(case):
    for seed in range(2):
        rng = np.random.default_rng(seed)
        a, b = sample(rng, "a"), sample(rng, "b")
        frames, surveys = adjusted_samples(a, b, rng)
        d = ss.DualFrameSurvey(*surveys, probability=("pa", "pb"))
        moved = [{**t, "w": list(s.weight)} for t, s in zip((a, b), surveys, strict=True)]
        theirs, ours = arguments(case, *moved)
        y, x = a["y"] + b["y"], a["x"] + b["x"]
        compare(d.total("y", **theirs), *dual_frame.total(frames, y, **ours), frames)
        compare(d.mean("y", **theirs), *dual_frame.mean(frames, y, **ours), frames)
        compare(d.ratio("y", "x", **theirs), *dual_frame.ratio(frames, y, x, **ours), frames)


@pytest.mark.everyday(13)
@pytest.mark.parametrize("case", [c for c in cases() if c[3].get("method") != "logit"], ids=str)
def test_replicates__as_the_library(case):
    """One unit of either sample left out, everything composited and calibrated again."""
    rng = np.random.default_rng(5)
    a, b = sample(rng, "a"), sample(rng, "b")
    frames, d = as_frames(a, b), as_library(a, b).replicates("jkn")
    theirs, ours = arguments(case, a, b)
    estimator = ours.pop("estimator")
    fixed, y = held(frames, estimator, ours), a["y"] + b["y"]
    best = None
    if dual_frame.needs_optimum(estimator, fixed.get("theta")):
        parts = dual_frame.parts_of(frames)
        best = dual_frame.optimal(frames, parts, [y[p["row"]] for p in parts], estimator)[0]

    def statistic(weights):
        again = as_frames(a, b)
        for name, w in zip("AB", weights, strict=True):
            again[name]["design"]["weight"] = list(w)
        if best is None:
            return dual_frame.total(again, y, estimator, **fixed)[0]
        parts = dual_frame.parts_of(again)
        both = dual_frame.parts_of(frames)
        score = {(p["row"], p["both"]): u for p, u in zip(both, best, strict=True)}
        return math.fsum(p["w"] * score[p["row"], p["both"]] for p in parts)

    full, found, rscales = (np.array(a["w"]), np.array(b["w"])), [], []
    for i, name in enumerate("AB"):
        multipliers, _, scales = replication.jackknife(frames[name]["design"])
        for column, scale in zip(multipliers.T, scales, strict=True):
            found.append(statistic([w * column if k == i else w for k, w in enumerate(full)]))
            rscales.append(scale)
    row = d.total("y", **theirs).to_frame().iloc[0]
    assert row["estimate"] == pytest.approx(statistic(full), rel=1e-8)
    assert row["se"] ** 2 == pytest.approx(replication.variance(found, None, 1, rscales), rel=1e-6)


def test_quantiles_and_proportions__as_the_library():
    for seed in range(4):
        rng = np.random.default_rng(seed)
        a, b = sample(rng, "a"), sample(rng, "b")
        frames, d = as_frames(a, b), as_library(a, b)
        parts, y = dual_frame.parts_of(frames), a["y"] + b["y"]
        theta = dual_frame.effective(parts)
        w = [p["w"] * dual_frame.share_of(p, theta) for p in parts]
        df = 2 * (18 - 3)

        def share_error(v, frames=frames, y=y, theta=theta):
            p, score = dual_frame.mean(frames, [float(one <= v) for one in y], "composite", theta)
            return p, math.sqrt(dual_frame.variance_of(frames, score))

        found = d.quantile("y", 0.4).to_frame().iloc[0]
        right = quantiles.quantile_interval(y, 0.4, {"weight": w}, df=df, share_error=share_error)
        assert found["df"] == df
        assert (found["estimate"], found["se"], found["lower"], found["upper"]) == pytest.approx(right, rel=1e-8)
        g = [float(v == "u") for v in a["g"] + b["g"]]
        p, score = dual_frame.mean(frames, g, "hartley")
        se = math.sqrt(dual_frame.variance_of(frames, score))
        row = d.proportion("g", ci="wilson").to_frame().set_index("level").loc["u"]
        assert (row["lower"], row["upper"]) == pytest.approx(intervals.interval(p, se, "wilson", 0.95, df), rel=1e-8)
