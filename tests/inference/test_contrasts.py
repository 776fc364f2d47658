"""Functions of estimates: the delta method, replicates, names of rows."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim import DataError


@pytest.fixture(scope="module")
def survey():
    rng = np.random.default_rng(2)
    n = 120
    data = pd.DataFrame(
        {"y": rng.gamma(3, 2, n), "x": rng.gamma(2, 2, n), "g": rng.choice(list("ab"), n), "w": rng.uniform(1, 3, n)}
    )
    return ss.Survey(data.assign(p=np.arange(n) // 4, up=data["y"] > 5), "w", psu="p")


def test_function__a_ratio_is_that_of_totals(survey):
    """Totals of one call have a covariance, so that their ratio is `ratio`, linearized and replicated."""
    for s in (
        survey,
        survey.rake({"g": {"a": 150.0, "b": 90.0}}),
        survey.replicates("rao-wu", n=30, seed=1),
        survey.replicates("jk1"),
    ):
        totals, ratio = s.total(["y", "x"]), s.ratio("y", "x").table
        found = totals.function("y / x").table
        assert found["estimate"][0] == pytest.approx(ratio["estimate"][0])
        assert found["se"][0] == pytest.approx(ratio["se"][0], rel=1e-9)
        assert (found["df"][0], found["n"][0]) == (ratio["df"][0], ratio["n"][0])


def test_function__several_and_what_becomes_of_them(survey):
    p = survey.proportion("up", by="g")
    found = p.function({"odds ratio": "(a/(1-a))/(b/(1-b))", "difference": "a - b"}, a="g=a", b="g=b")
    assert found.table["domain"].tolist() == ["odds ratio", "difference"]
    a, b = p.table["estimate"]
    slope = np.array([1 / (1 - a) ** 2 / (b / (1 - b)), -(a / (1 - a)) / b**2])
    assert found.table["se"][0] == pytest.approx(np.sqrt(slope @ p.cov @ slope))
    plain = p.contrast({"g=a": 1, "g=b": -1}).table
    assert found.table["se"][1] == pytest.approx(plain["se"][0])
    again = found.contrast({"odds ratio": 1}).function("log(o)", o=0)
    assert again.table["se"][0] == pytest.approx(found.table["se"][0] / found.table["estimate"][0])
    np.testing.assert_allclose(np.diag(found.cov), found.table["se"] ** 2)


def test_function__is_repeated_in_every_replicate(survey):
    s = survey.replicates("rao-wu", n=40, seed=3)
    means = s.mean("y", by="g")
    found = means.function("a / b", a=0, b=1)
    values = s.engine.values(means.items)
    assert found.table["se"][0] == pytest.approx(np.std(values[0] / values[1], ddof=1))
    assert found.contrast({0: 2.0}).table["se"][0] == pytest.approx(2 * found.table["se"][0])


def test_function__in_percent(survey):
    """Units of the table are those of the formula."""
    from dataclasses import replace

    p = survey.proportion("up", by="g")
    shown = {c: 100 * np.asarray(p.columns[c]) for c in ("estimate", "se", "lower", "upper")}
    percent = replace(p, columns=p.columns | shown, factor=np.array([100.0, 100]))
    wanted, found = (e.function("a * b", a=0, b=1).table["se"][0] for e in (p, percent))
    assert found == pytest.approx(1e4 * wanted)


def test_function__refuses(survey):
    means = survey.mean("y", by="g")
    for formula, rows, words in (
        ("a / b", {"a": "g=a"}, "'b' names 0 estimates"),
        ("a / 0", {"a": 0}, "has no value, or no slope"),
        ("log(a - a)", {"a": 0}, "where a = "),
        ("3 + 4", {}, "no estimate in it"),
        ("a", {"a": 0, "c": 1}, "c: no name in the formula"),
        ({}, {}, "formula = {}"),
        (7, {}, "formula = 7"),
    ):
        with pytest.raises(DataError) as found:
            means.function(formula, **rows)
        assert words in str(found.value)
