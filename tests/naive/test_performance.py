"""Performance measures against plain sums."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose

import surveysim as ss
from naive import performance


def test_measures_by_hand():
    found = performance.measures([1.0, 2.0, 3.0, 4.0, None], [1.0, 1.0, 1.0, 1.0, 1.0], 2.0, power=True)
    assert found["nsim"][0] == 4
    assert found["n_missing"][0] == 1
    assert_allclose(found["bias"], [0.5, np.sqrt(5 / 3 / 4)])
    assert_allclose(found["mse"], [1.5, np.sqrt(3 / 4)])  # 1, 0, 1, 4: variance 9/3
    assert_allclose(found["empse"], [np.sqrt(5 / 3), np.sqrt(5 / 3 / 6)])
    assert_allclose(found["relerror"], [100 * (np.sqrt(0.6) - 1), 100 * np.sqrt(0.6 / 6)])
    assert found["cover"] == (0.75, np.sqrt(0.75 * 0.25 / 4))  # 4 ± 1.96 leaves out 2
    assert found["power"][0] == 0.75  # 1 ± 1.96 holds 0
    assert performance.median([5.0, 1.0, 3.0, 2.0]) == (2.5, 1.25)  # half of 4 (of 3 and 5 halfway) less 1.5
    assert_allclose(performance.jackknife([1.0, 2.0, 3.0], performance.mean), [2, 1 / np.sqrt(3)])
    assert_allclose(performance.relative_precision([0.0, 2.0, 4.0], [0.0, 1.0, 2.0]), [300, 0], atol=1e-5)


def repetitions(rng, n, missing):
    """Estimates, standard errors and degrees of freedom of n repetitions, some of them missing."""
    estimate = rng.normal(2, 1, n).tolist()
    se = np.sqrt(rng.chisquare(9, n) / 9).tolist()
    for row in range(n) if missing else ():
        if rng.random() < 0.1:
            estimate[row] = None
        if rng.random() < 0.1:
            se[row] = None
    return {"estimate": estimate, "se": se, "df": rng.integers(2, 30, n).astype(float).tolist()}


def agree(found, wanted, names=None):
    """Rows measure, value, mcse of a table against {measure: (value, error)}."""
    rows = {row["measure"]: row for row in found.to_dict("records")}
    for name, (value, error) in wanted.items():
        if names is None or name in names:
            assert_allclose(rows[name]["value"], value, rtol=1e-8, atol=1e-12, err_msg=name)
            if error is not None:
                assert_allclose(rows[name]["mcse"], error, rtol=1e-8, atol=1e-12, err_msg=f"error of {name}")
            else:
                assert np.isnan(rows[name]["mcse"])


@pytest.mark.parametrize("interval", ["normal", "df", "dfs", "bounds"])
def test_measures(interval):
    rng = np.random.default_rng(61)
    for turn in range(60):
        runs = repetitions(rng, int(rng.integers(5, 60)), missing=turn % 2)
        level, true = rng.uniform(0.5, 0.99), float(rng.normal(2, 0.5))
        options, plain, table = {}, {}, pd.DataFrame(runs)
        if interval == "df":
            options["df"] = plain["df"] = int(rng.integers(2, 20))
        elif interval == "dfs":
            options["df"], plain["df"] = "df", runs["df"]
        elif interval == "bounds":
            table["low"], table["high"] = table["estimate"] - rng.uniform(0, 2), table["estimate"] + rng.uniform(0, 2)
            options |= {"lower": "low", "upper": "high"}
            plain |= {"lower": table["low"].tolist(), "upper": table["high"].tolist()}
        found = ss.performance(table, true, level=level, **options)
        wanted = performance.measures(runs["estimate"], runs["se"], true, level=level, **plain)
        agree(found, wanted)
        named = set(wanted)
        assert named <= set(found["measure"])


def test_power():
    rng = np.random.default_rng(62)
    for turn in range(60):
        runs = repetitions(rng, int(rng.integers(5, 60)), missing=turn % 2)
        wanted = performance.measures(runs["estimate"], runs["se"], 2.0, power=True)
        agree(ss.performance(pd.DataFrame(runs), 2.0, power=True), wanted)


def test_true_values_of_every_repetition_and_groups():
    rng = np.random.default_rng(63)
    for turn in range(30):
        parts = {}
        for name in ("p", "q"):
            runs = repetitions(rng, int(rng.integers(5, 40)), missing=turn % 2)
            parts[name] = runs | {"true": rng.uniform(1, 3, len(runs["se"])).tolist()}
        table = pd.concat([pd.DataFrame(runs).assign(method=name) for name, runs in parts.items()])
        table = table.sample(frac=1, random_state=turn)
        data = table if turn % 2 else pl.from_pandas(table.reset_index(drop=True))
        found = ss.performance(data, "true", by="method")
        found = found if turn % 2 else found.to_pandas()
        for name, runs in parts.items():
            agree(found[found["method"] == name], performance.measures(runs["estimate"], runs["se"], runs["true"]))


def test_precision_against_a_reference():
    rng = np.random.default_rng(64)
    for _ in range(60):
        n, r = int(rng.integers(5, 60)), rng.uniform(-1, 1)
        first = rng.normal(2, 1, n)
        second = r * first + rng.normal(0, 1, n)
        order = rng.permutation(n)
        table = pd.DataFrame(
            {
                "i": [*range(n), *order],
                "method": ["first"] * n + ["second"] * n,
                "estimate": [*first, *second[order]],
                "se": rng.uniform(0.5, 1.5, 2 * n),
            }
        )
        found = ss.performance(table, 2.0, by="method", reference="first")
        wanted = {"relprec": performance.relative_precision(first.tolist(), second.tolist())}
        agree(found[found["method"] == "second"], wanted)
