"""Raking state by state to the twelve margins of a health survey, most of them crossed: against numpy, sweeps over each state's rows."""

import numpy as np
import pandas as pd
from measuring import best, row

import surveysim as ss

STATES, LEVELS = (
    51,
    {"sex": 2, "age": 6, "race": 4, "education": 4, "marital": 3, "tenure": 2, "phones": 3, "region": 4},
)
MARGINS = (
    ("age", "sex"), "race", "education", "marital", "tenure", ("sex", "race"), ("age", "race"), "phones",
    "region", ("region", "age"), ("region", "sex"), ("region", "race"),
)  # fmt: skip


def people(n=400_000, seed=51):
    """n respondents with weights, and totals by state that other weights of theirs meet."""
    rng = np.random.default_rng(seed)
    codes = {"state": rng.integers(0, STATES, n)} | {name: rng.integers(0, k, n) for name, k in LEVELS.items()}
    data = pd.DataFrame(
        {k: pd.Categorical.from_codes(v, [f"{k}{i}" for i in range(v.max() + 1)]) for k, v in codes.items()}
    )
    data["weight"] = rng.lognormal(3, 0.6, n)
    tilt = 600 * sum(rng.uniform(0.6, 1.4, k)[codes[name]] for name, k in LEVELS.items()) / len(LEVELS)
    margins = {state: {} for state in data["state"].cat.categories}
    for variable in MARGINS:
        names = ["state", *([variable] if isinstance(variable, str) else variable)]
        for (state, *level), total in pd.Series(tilt).groupby([data[k] for k in names], observed=True).sum().items():
            margins[state].setdefault(variable, {})[level[0] if len(level) == 1 else tuple(level)] = float(total)
    return data, margins


def numpy_by_state(data, margins, tol=1e-6):
    """Weights (n,) by sweeps over the rows of one state after the other."""
    state, weight = data["state"].cat.codes.to_numpy(), data["weight"].to_numpy().copy()
    order = np.argsort(state, kind="stable")
    cells = []
    for variable in MARGINS:
        names = [variable] if isinstance(variable, str) else variable
        shape = [LEVELS[name] for name in names]
        cells.append(
            (
                np.ravel_multi_index([data[k].cat.codes.to_numpy() for k in names], shape),
                list(np.ndindex(*shape)),
                names,
            )
        )
    for label, rows in zip(data["state"].cat.categories, np.split(order, np.cumsum(np.bincount(state))[:-1])):
        asked = []
        for variable, (code, places, names) in zip(MARGINS, cells):
            levels = [tuple(f"{k}{i}" for k, i in zip(names, place)) for place in places]
            asked.append((code[rows], np.array([margins[label][variable][v if len(v) > 1 else v[0]] for v in levels])))
        w, gap = weight[rows], np.inf
        while gap > tol:
            for code, total in asked:
                w *= (total / np.bincount(code, w, len(total)))[code]
            gap = max(np.abs(np.bincount(code, w, len(total)) / total - 1).max() for code, total in asked)
        weight[rows] = w
    return weight


def svy_by_state(data, margins):
    """What svy 0.35.0 is called with, state by state: samples, which are not timed, and their totals; a crossed margin is one column."""
    import polars as pl
    import svy

    text = {"state": data["state"].astype(str), "weight": data["weight"]}
    for variable in MARGINS:
        names = [variable] if isinstance(variable, str) else variable
        text["_".join(names)] = data[names[0]].astype(str).str.cat([data[k].astype(str) for k in names[1:]], sep=" ")
    calls = []
    for state, part in pd.DataFrame(text).groupby("state", sort=False):
        asked = {}
        for variable, totals in margins[state].items():
            single = isinstance(variable, str)
            asked[variable if single else "_".join(variable)] = {
                k if single else " ".join(k): v for k, v in totals.items()
            }
        calls.append(
            (part.index, svy.Sample(pl.from_pandas(part.drop(columns="state")), svy.Design(wgt="weight")), asked)
        )

    def raked():
        weight = np.empty(len(data))
        for rows, sample, asked in calls:
            weight[rows] = sample.weighting.rake(controls=asked, tol=1e-6).data["rk_wgt"].to_numpy()
        return weight

    return raked


def bench(n=400_000):
    """A row for each peer, once its weights and ours agree."""
    data, margins = people(n)

    def ours():
        return ss.rake(data, margins, by="state", weight="weight", tol=1e-6).weight

    what = f"rake {n:,} rows in {STATES} states to the twelve margins of a health survey, seven of them crossed"
    peers = {"numpy, sweeps over each state's rows,": lambda: numpy_by_state(data, margins)}
    peers["svy 0.35.0, raking alone, state by state,"] = svy_by_state(data, margins)
    mine, rows = best(ours, 3), []
    for name, peer in peers.items():
        np.testing.assert_allclose(peer(), ours(), rtol=1e-4, err_msg=name)
        rows.append(row(what, mine, name, best(peer, 2)))
    return rows


if __name__ == "__main__":
    print("\n".join(bench()))
