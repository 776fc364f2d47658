"""Replicates: multipliers by hand, then errors against the library's with every adjustment repeated."""

import math

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from naive import quantiles, raking, replication
from naive import variance as linearized


def test_jackknife__by_hand():
    design = {"weight": [1.0] * 3, "strata": [["a"] * 3], "fpc": [[6] * 3]}
    multipliers, scale, rscales = replication.jackknife(design)
    assert multipliers.tolist() == [[0, 1.5, 1.5], [1.5, 0, 1.5], [1.5, 1.5, 0]]
    assert (scale, rscales) == (1, [pytest.approx(1 / 3)] * 3)
    # y = 1, 2, 6: totals 12, 10.5, 4.5 about 9; (9 + 2.25 + 20.25) / 3 = 10.5 = ½ × 3 / 2 × Σ (y - 3)²
    found = replication.repeated(lambda w: w @ np.array([1, 2, 6]), lambda w: w, [1, 1, 1], multipliers)
    assert replication.variance(found, 9, scale, rscales) == pytest.approx(10.5)


def test_half_samples__by_hand():
    signs = replication.hadamard(4)[1:3]
    design = {"weight": [1.0] * 4, "strata": [["a", "a", "b", "b"]]}
    y = np.array([1, 4, 2, 7])
    for rho in (0.0, 0.3):
        multipliers, scale, rscales = replication.half_samples(design, signs, rho)
        found = replication.repeated(lambda w: w @ y, lambda w: w, [1.0] * 4, multipliers)
        assert replication.variance(found, 14, scale, rscales) == pytest.approx(3**2 + 5**2)


def test_successive_differences__by_hand():
    # the loop 1, 4, 2, 7: ½ (9 + 4 + 25 + 36)
    design = {"weight": [1.0] * 4}
    multipliers, scale, rscales = replication.successive_differences(design, replication.hadamard(8)[1:5])
    found = replication.repeated(lambda w: w @ np.array([1, 4, 2, 7]), lambda w: w, [1.0] * 4, multipliers)
    assert replication.variance(found, 14, scale, rscales) == pytest.approx(37)


def test_rao_wu__by_hand():
    design = {"weight": [1.0] * 3, "psu": [["i", "j", "k"]]}
    multipliers, scale, _ = replication.rao_wu(design, [{(0, "i"): 2}, {(0, "i"): 1, (0, "k"): 1}])
    assert multipliers.T.tolist() == [[3, 0, 0], [1.5, 0, 1.5]]
    assert scale == 1


def test_preston__by_hand():
    # one stage, 2 of 4 units drawn, f = ½: 1 ± √(2 × ½ / 2) (2 δ - 1)
    assert replication.preston([(4, 0.5, 1)]) == pytest.approx(1 + math.sqrt(0.5))
    assert replication.preston([(4, 0.5, 0)]) == pytest.approx(1 - math.sqrt(0.5))
    # second stage of 2 with f = ½: λ = √(1 × ½ × ½ / 1), before it √(4 / 2)
    assert replication.preston([(4, 0.5, 1), (2, 0.5, 1)]) == pytest.approx(1 + math.sqrt(0.5) + 0.5 * math.sqrt(2))
    assert replication.preston([(4, 0.5, 0), (2, 0.5, 1)]) == pytest.approx(1 - math.sqrt(0.5))


# against the library

SHARES = {"g": {"a": 0.4, "b": 0.6}}
TOTALS = {"g": {"a": 100.0, "b": 130.0}, "h": {"u": 110.0, "v": 120.0}}


def sample(seed, kind):
    """Columns of a small sample with the design that a kind of replicates needs, no empty weights, all levels in every unit."""
    rng = np.random.default_rng(seed)
    strata = 1 if kind == "jk1" else int(rng.integers(2, 5))
    rows = {name: [] for name in ("hh", "psu", "g", "h", "y", "x", "w", "N")}
    for h in range(strata):
        n = 2 if kind in ("brr", "fay") else int(rng.integers(2, 6)) + 3 * (strata == 1)
        size = float(n + rng.integers(1, 20))
        for i in range(n):
            for g in "ab":
                for v in "uv":
                    rows["hh"].append(f"h{h}")
                    rows["psu"].append(f"{h}.{i}")
                    rows["g"].append(g)
                    rows["h"].append(v)
                    rows["y"].append(rng.normal(10, 3))
                    rows["x"].append(rng.gamma(3, 1))
                    rows["w"].append(rng.lognormal(1, 0.7))
                    rows["N"].append(size)
    order = rng.permutation(len(rows["w"]))
    if kind == "sdr":
        order = np.arange(len(order))
    return {name: [column[k] for k in order] for name, column in rows.items()}


def repeat_adjustments(table):
    """Adjustments in a row, as callbacks: raking to totals; to shares of the weights as they come; to totals again."""

    def rake(margins, w, whole=None):
        scaled = margins if whole is None else {n: {v: s * whole for v, s in m.items()} for n, m in margins.items()}
        return np.asarray(raking.rake(table, scaled, list(w)))

    return lambda w: rake({"h": {"u": 90.0, "v": 80.0}}, rake(SHARES, rake(TOTALS, w), math.fsum(rake(TOTALS, w))))


def of_kind(kind, s, design):
    """Multipliers, scale, rscales: our own, or those that were drawn for the library's replicates of the base weights."""
    if kind in ("jk1", "jkn"):
        return replication.jackknife(design)
    drawn = s.replicate_weights()
    multipliers = drawn.to_numpy() / np.array(design["weight"])[:, None]
    return multipliers, drawn.attrs["scale"], np.broadcast_to(drawn.attrs["rscales"], multipliers.shape[1])


@pytest.mark.parametrize("adjusted", [False, True])
@pytest.mark.parametrize("kind", ["jk1", "jkn", "brr", "fay", "rao-wu", "preston", "sdr"])
def test_replicates__as_the_library(kind, adjusted):
    for seed in range(4):
        table = sample(seed, kind)
        fpc = kind == "preston" or (kind != "rao-wu" and seed % 2)
        design = {"weight": table["w"], "strata": [table["hh"]], "psu": [table["psu"]]}
        options = {"weight": "w", "psu": "psu", "strata": None if kind == "jk1" else "hh"}
        if fpc:
            design["fpc"], options["fpc"] = [table["N"]], "N"
        arguments = {"n": 20, "seed": 3} if kind in ("rao-wu", "preston") else {"rho": 0.4} if kind == "fay" else {}
        arguments["mse"] = bool(seed // 2)
        base = ss.Survey(pd.DataFrame(table), **options)
        name = "rao-wu" if kind == "preston" else kind
        multipliers, scale, rscales = of_kind(kind, base.replicates(name, **arguments), design)
        weigh, s = (lambda w: w), base
        if adjusted:
            weigh = repeat_adjustments(table)
            s = base.rake(TOTALS).rake(SHARES).rake({"h": {"u": 90.0, "v": 80.0}})
        assert s.weight == pytest.approx(weigh(np.array(table["w"])), rel=1e-8)
        s, y, x = s.replicates(name, **arguments), np.array(table["y"]), np.array(table["x"])
        inside = np.array(table["g"]) == "a"
        for found, statistic in (
            (s.total("y"), lambda w, y=y: w @ y),
            (s.mean("y"), lambda w, y=y: w @ y / w.sum()),
            (s.ratio("y", "x"), lambda w, y=y, x=x: w @ y / (w @ x)),
            (s.where(inside).mean("y"), lambda w, y=y, i=inside: w[i] @ y[i] / w[i].sum()),
        ):
            thetas = replication.repeated(statistic, weigh, table["w"], multipliers)
            full = statistic(weigh(np.array(table["w"])))
            row = found.to_frame().iloc[0]
            assert row["estimate"] == pytest.approx(full, rel=1e-8)
            right = replication.variance(thetas, full, scale, rscales, arguments["mse"])
            assert row["se"] ** 2 == pytest.approx(right, rel=1e-6, abs=1e-20), (seed, found)


def test_half_samples_and_successive_differences__of_totals_as_the_library():
    for kind in ("brr", "fay", "sdr"):
        for seed in range(20):
            table = sample(seed, kind)
            design = {"weight": table["w"], "strata": [table["hh"]], "psu": [table["psu"]]}
            fpc = {"fpc": "N"} if seed % 2 else {}
            design |= {"fpc": [table["N"]]} if fpc else {}
            found, _ = replication.units(design)
            y = np.array(table["y"])
            if kind == "sdr":
                signs = replication.hadamard(1 + sum(map(len, found.values())))[1 : 1 + sum(map(len, found.values()))]
                multipliers, scale, rscales = replication.successive_differences(design, signs)
            else:
                signs = replication.hadamard(len(found) + 1)[1 : 1 + len(found)]
                multipliers, scale, rscales = replication.half_samples(design, signs, 0.4 if kind == "fay" else 0.0)
            multipliers = replication.corrected(design, multipliers) if fpc else multipliers
            thetas = replication.repeated(lambda w, y=y: w @ y, lambda w: w, table["w"], multipliers)
            right = replication.variance(thetas, np.array(table["w"]) @ y, scale, rscales, mse=True)
            if kind != "sdr":
                assert right == pytest.approx(linearized.variance(y, design), rel=1e-9)
            s = ss.Survey(pd.DataFrame(table), weight="w", psu="psu", strata="hh", **fpc)
            s = s.replicates(kind, mse=True, **({"rho": 0.4} if kind == "fay" else {}))
            assert s.total("y").to_frame()["se"].iloc[0] ** 2 == pytest.approx(right, rel=1e-9), (kind, seed)


def test_rao_wu__multipliers_of_the_library():
    table = sample(3, "rao-wu")
    design = {"weight": table["w"], "strata": [table["hh"]], "psu": [table["psu"]]}
    found, own = replication.units(design)
    s = ss.Survey(pd.DataFrame(table), weight="w", psu="psu", strata="hh").replicates("rao-wu", n=30, seed=1)
    multipliers, scale, rscales = of_kind("rao-wu", s, design)
    drawn = []
    for column in multipliers.T:
        times = {key: column[k] * (len(found[key[0]]) - 1) / len(found[key[0]]) for k, key in enumerate(own)}
        assert all(abs(t - round(t)) < 1e-9 for t in times.values())
        for h, members in found.items():
            assert sum(times[h, i] for i in members) == pytest.approx(len(members) - 1)
        drawn.append({key: round(t) for key, t in times.items()})
    again, right_scale, right_rscales = replication.rao_wu(design, drawn)
    assert again == pytest.approx(multipliers)
    assert (scale, list(rscales)) == (pytest.approx(right_scale), right_rscales)


def test_preston__multipliers_of_the_library():
    rng = np.random.default_rng(2)
    table = {name: [] for name in ("h", "i", "j", "N", "M", "y", "w")}
    for h in range(2):
        n, size = 4 + h, 12.0
        for i in range(n):
            for j in range(3):
                for name, value in zip(
                    table, (f"h{h}", f"{h}{i}", j, size, 6.0, rng.normal(5, 1), size / n * 2), strict=True
                ):
                    table[name].append(value)
    s = ss.Survey(pd.DataFrame(table), weight="w", strata="h", psu=["i", "j"], fpc=["N", "M"])
    drawn = s.replicates("rao-wu", n=200, seed=1).replicate_weights()
    multipliers = drawn.to_numpy() / np.array(table["w"])[:, None]
    for h in range(2):
        n, f = 4 + h, (4 + h) / 12
        possible = {
            (a, b): replication.preston([(n, f, a), (3, 0.5, b)]) for a in (0, 1) for b in ((0, 1) if a else (0,))
        }
        rows = [k for k, label in enumerate(table["h"]) if label == f"h{h}"]
        for column in multipliers.T[:50]:
            kinds = [next(key for key, v in possible.items() if abs(v - column[k]) < 1e-9) for k in rows]
            units = [kinds[i : i + 3] for i in range(0, len(kinds), 3)]
            assert sum(unit[0][0] for unit in units) == n // 2
            assert all(sum(b for _, b in unit) == 1 for unit in units if unit[0][0])


@pytest.mark.parametrize("kind", ["jkn", "brr", "rao-wu"])
def test_quantiles__invert_the_interval_of_the_share_with_the_error_of_replicates(kind):
    for seed in range(6):
        table = sample(seed, kind)
        design = {"weight": table["w"], "strata": [table["hh"]], "psu": [table["psu"]]}
        arguments = {"n": 20, "seed": 3} if kind == "rao-wu" else {}
        base = ss.Survey(pd.DataFrame(table), weight="w", psu="psu", strata="hh")
        multipliers, scale, rscales = of_kind(kind, base.replicates(kind, **arguments), design)
        y, weigh = np.array(table["y"]), repeat_adjustments(table)
        s = base.rake(TOTALS).rake(SHARES).rake({"h": {"u": 90.0, "v": 80.0}}).replicates(kind, **arguments)
        w, rule = np.array(s.weight), ["math", "school", "hf7"][seed % 3]

        def share_error(v, m=multipliers, c=scale, r=rscales, y=y, weigh=weigh, base=table["w"], w=w):
            def share(weights):
                return weights @ (y <= v) / weights.sum()

            found = replication.repeated(share, weigh, base, m)
            return share(w), math.sqrt(replication.variance(found, share(w), c, r))

        for ci in ("woodruff", "beta"):
            found = s.quantile("y", 0.4, ci=ci, rule=rule, df=7).to_frame().iloc[0]
            right = quantiles.quantile_interval(
                table["y"], 0.4, {"weight": w.tolist()}, ci, rule, df=7, share_error=share_error
            )
            assert (found["estimate"], found["se"], found["lower"], found["upper"]) == pytest.approx(right, rel=1e-6)
