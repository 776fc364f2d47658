"""Weights stay with their rows: a table that was sorted, filtered or changed since is noticed, whatever kind it is."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import surveysim as ss
from surveysim import DataError
from surveysim.weighting import BaseWeight, Rake

RNG = np.random.default_rng(2)
N = 40
D = pd.DataFrame(
    {
        "w": RNG.uniform(1, 3, N),
        "y": RNG.normal(5, 2, N),
        "x": RNG.integers(1, 9, N).astype(float),
        "g": RNG.choice(list("abc"), N),
        "k": RNG.choice([1, 2], N),
        "h": RNG.permutation([0, 1] * (N // 2)),
    }
)
SHARES = {"a": 30.0, "b": 30.0, "c": 30.0}
KINDS = {
    "pandas": lambda t: t,
    "categories": lambda t: t.astype({"g": "category", "k": "category"}),
    "objects": lambda t: t.astype({"g": object, "k": object}),
    "polars": pl.from_pandas,
    "pyarrow": pa.Table.from_pandas,
}
CROSSED = {(g, k): 15.0 for g in "abc" for k in (1, 2)}
MADE = {
    "rake": lambda t: ss.rake(t, {"g": SHARES}, weight="w"),
    "rake to shares": lambda t: ss.rake(t, {"g": {"a": 0.3, "b": 0.3, "c": 0.4}}, weight="w"),
    "rake a cross": lambda t: ss.rake(t, {("g", "k"): CROSSED}, weight="w"),
    "rake by": lambda t: ss.rake(t, {0: {"k": {1: 3.0, 2: 4.0}}, 1: {"k": {1: 5.0, 2: 4.0}}}, by="h", weight="w"),
    "calibrate": lambda t: ss.calibrate(t, {"g": SHARES, "x": 400.0}, weight="w", method="raking"),
    "calibrate to a number": lambda t: ss.calibrate(t, {"x": 400.0}, weight="w"),
    "calibrate clusters": lambda t: ss.calibrate(t, {"g": SHARES}, cluster=np.arange(N)),
    "calibrate with q": lambda t: ss.calibrate(t, {"g": SHARES}, q="x"),
    "poststratify": lambda t: ss.poststratify(t, {"k": {1: 40.0, 2: 50.0}}, weight="w"),
    "recipe": lambda t: ss.Recipe([BaseWeight("w"), Rake({"g": SHARES})]).apply(t),
    "recipe without a raking": lambda t: ss.Recipe([BaseWeight("w")]).apply(t),
    "recipe that merges levels": lambda t: ss.Recipe([Rake({"g": SHARES}, minimum=16)]).apply(t),
}


def sort(table):
    """Rows by y, without anything that tells so."""
    if isinstance(table, pd.DataFrame):
        return table.sort_values("y").reset_index(drop=True)
    return table.sort("y") if isinstance(table, pl.DataFrame) else table.sort_by("y")


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("name", list(MADE))
def test_a_sorted_table__is_refused(name, kind):
    table = KINDS[kind](D)
    weights = MADE[name](table)
    same = KINDS[kind](D.copy())  # the same rows in memory of their own
    for given in (table, same):
        assert ss.Survey(given, weight=weights).mean("y").table["estimate"][0] > 0
    with pytest.raises(DataError, match=r"were made for a table in which '.' was .* in row \d+; .* of 40 rows differ"):
        ss.Survey(sort(table), weight=weights)
    if hasattr(weights, "add_to"):
        assert len(weights.add_to(same)) == N
        with pytest.raises(DataError, match="were made for a table in which"):
            weights.add_to(sort(table))


@pytest.mark.parametrize("missing", ["drop", "level"])
@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_rows_that_miss_a_raking_variable__are_known_again(missing, kind):
    holes = D.assign(g=D["g"].where(np.arange(N) % 7 > 0))
    table = KINDS[kind](holes)
    weights = ss.rake(table, {"g": SHARES}, weight="w", missing=missing)
    for given in (table, KINDS[kind](holes.copy())):
        assert ss.Survey(given, weight=weights).weight.sum() == pytest.approx(90)
    with pytest.raises(DataError, match=r"'g' was .* of 40 rows differ"):
        ss.Survey(sort(table), weight=weights)


def test_other_tables_of_the_same_rows__are_taken():
    weights = ss.rake(D, {"g": SHARES, "k": {1: 50.0, 2: 40.0}}, weight="w")
    ss.Survey(D.drop(columns="g"), weight=weights)  # without what it was raked to
    ss.Survey(D.assign(y=D["y"] * 2, new=1.0), weight=weights)
    ss.Survey(D.astype({"g": "category", "k": float}), weight=weights)  # the same levels in another type
    ss.Survey(pl.from_pandas(D), weight=weights)
    again = ss.Survey(D.sort_values("y").reset_index(drop=True), weight=weights.weight[np.argsort(D["y"])])
    assert again.weight.sum() == pytest.approx(90)


def test_a_column_that_was_changed_in_place__is_noticed():
    table = D.copy()
    weights = ss.rake(table, {"g": SHARES}, weight="w")
    table.loc[3, "g"] = "b" if table.loc[3, "g"] == "a" else "a"
    with pytest.raises(DataError, match=r"in row 3; .* 1 of 40 rows differ"):
        ss.Survey(table, weight=weights)


class Watched(pd.DataFrame):
    """A table that counts how often each column is read."""

    _metadata = ("reads",)

    def __getitem__(self, key):
        self.reads.append(key)
        return super().__getitem__(key)


@pytest.mark.parametrize(
    ("make", "columns"),
    [
        (lambda t: ss.rake(t, {"g": SHARES, ("g", "k"): CROSSED, "k": {1: 45.0, 2: 45.0}}, weight="w"), "gkw"),
        (lambda t: ss.calibrate(t, {"g": SHARES, ("g", "k"): CROSSED, "x": 400.0}, weight="w"), "gkwx"),
    ],
)
def test_columns__are_read_once(make, columns):
    """Whatever roles a column has, every one of them sees the same values; what was read is kept as it was."""
    table = Watched(D)
    table.reads = []
    made = make(table)
    assert sorted(table.reads) == list(columns)
    table.loc[:, "w"] = 1.0
    assert made.made_of is None or (made.made_of["w"] == D["w"]).all()
