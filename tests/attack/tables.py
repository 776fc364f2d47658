"""Random tables: the attacked column `v`, ordinary columns beside it, and what designs need."""

import numpy as np

from .columns import KINDS, typed

TEXTS = (
    ["no", "yes"],
    ["a", "b", "c"],
    ["0", "1"],
    ["是", "否"],
    ["True", "False"],
    ["x y", "x", " x"],
    ["1", "1.5", "one"],
)
NUMBERS = {
    "int": ([0, 1], [1, 0], [1, 2], [0, 1, 2], [3, 5, 9, 12], [0, 100]),
    "float": ([0.0, 1.0], [1.0, 0.0], [0.5, 1.5, 2.5], [0.1, 0.2, 0.30000000000000004], [-1.0, 0.0, 2.0]),
    "bool": ([False, True], [True, False]),
}


def kind_for(rng, group, table=None):
    """A random kind of a group, that the table can hold."""
    names = [k for k, kind in KINDS.items() if kind.group == group and (table is None or table in kind.tables())]
    return str(rng.choice(names)) if names else None


def column(rng, n, kind, missing=True, levels=None):
    """A random column of a kind: values in a few levels, all of which occur, levels of categories with unused ones."""
    spec = KINDS[kind]
    pool = TEXTS if spec.holds == "text" else NUMBERS[spec.holds]
    levels = list(pool[rng.integers(len(pool))]) if levels is None else list(levels)
    if kind in ("category bool",) or spec.holds == "bool":
        levels = [bool(v) for v in levels]
    codes = rng.choice(len(levels), n, p=rng.dirichlet(np.full(len(levels), 6.0)))
    codes[rng.permutation(n)[: min(len(levels), n)]] = np.arange(min(len(levels), n))
    if kind == "float32":
        levels = [float(np.float32(v)) for v in levels]
    values = [typed(levels[k], kind) for k in codes]
    if missing and spec.missing and rng.random() < 0.35:
        for row in np.flatnonzero(rng.random(n) < rng.choice([0.05, 0.2])):
            values[row] = None
        if all(v is None for v in values):
            values[0] = typed(levels[0], kind)
    made = {"values": values, "kind": kind}
    if spec.group == "category":
        unused = {"int": [77], "float": [7.5], "bool": [], "text": ["unused"]}[spec.holds] if rng.random() < 0.4 else []
        order = [typed(v, kind) for v in [*levels, *unused]]
        rng.shuffle(order)
        made["levels"] = order
    return made


def numbers(values, kind="float64"):
    return {"values": [None if v is None else float(v) for v in values], "kind": kind}


def whole(values, kind="int64"):
    return {"values": [int(v) for v in values], "kind": kind}


def table(rng, group, n, few_missing=True):
    """(columns, table kind) with v of the group, y, x, m numeric, g and k categories of random kinds."""
    kind = kind_for(rng, group)
    tables = KINDS[kind].tables()
    where = str(rng.choice(tables, p=[0.6, 0.2, 0.2] if len(tables) == 3 else None))
    columns = {"v": column(rng, n, kind, missing=few_missing)}
    columns["y"] = numbers(
        np.round(rng.normal(50, 10, n) + 3 * rng.random(), 3), str(rng.choice(["float64", "float64", "float32"]))
    )
    if columns["y"]["kind"] == "float32":
        columns["y"]["values"] = [float(np.float32(v)) for v in columns["y"]["values"]]
    columns["x"] = numbers(np.round(rng.gamma(4, 2, n) + 0.5, 3))
    columns["one"] = numbers(np.ones(n))
    columns["m"] = numbers(np.round(rng.gamma(9, 1, n), 3))
    for name, levels in (("g", 3), ("k", 2)):
        if rng.random() < 0.35:
            other = kind_for(rng, str(rng.choice(["integer", "text", "category", "bool", "nullable", "arrow"])), where)
            if other is not None:
                columns[name] = column(rng, n, other, missing=False)
                continue
        plain = {"pandas": "object text", "polars": "str", "pyarrow": "str"}[where]
        columns[name] = column(rng, n, plain, missing=False, levels=list("pqr")[:levels])
    if few_missing and rng.random() < 0.25:
        for row in np.flatnonzero(rng.random(n) < 0.08):
            columns["y"]["values"][row] = None
        if all(v is None for v in columns["y"]["values"]):
            columns["y"]["values"][0] = 1.0
    return columns, where


def take(columns, rows):
    """The columns with these rows only, in this order."""
    return {name: {**c, "values": [c["values"][r] for r in rows]} for name, c in columns.items()}
