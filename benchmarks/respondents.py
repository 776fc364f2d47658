"""Tables of respondents with margins, and plain numpy that rakes them."""

import numpy as np
import pandas as pd


def respondents(n, seed=1):
    rng = np.random.default_rng(seed)
    sizes = {"province": 31, "sex": 2, "age": 8, "education": 5, "urban": 2}
    codes = {name: np.concatenate([np.arange(k), rng.integers(0, k, n - k)]) for name, k in sizes.items()}
    data = pd.DataFrame(
        {name: pd.Categorical.from_codes(codes[name], [f"{name} {i}" for i in range(k)]) for name, k in sizes.items()}
    )
    data["weight"] = rng.lognormal(0, 0.5, n)
    truth = data["weight"] * rng.lognormal(0, 0.3, n)
    return data, {name: truth.groupby(data[name], observed=True).sum().to_dict() for name in sizes}


def numpy_on_cells(data, margins, tol):
    """The peer: cells by bincount, sweeps in numpy."""
    codes = [data[name].cat.codes.to_numpy().astype(np.int64) for name in margins]
    shape = tuple(len(t) for t in margins.values())
    index = np.ravel_multi_index(codes, shape)
    cells = np.bincount(index, data["weight"].to_numpy(), int(np.prod(shape))).reshape(shape)
    factor = np.ones(shape)
    targets = [np.array(list(t.values())) for t in margins.values()]
    for _ in range(100):
        for m, target in enumerate(targets):
            other = tuple(a for a in range(len(shape)) if a != m)
            achieved = (cells * factor).sum(axis=other)
            factor *= np.divide(target, achieved).reshape([-1 if a == m else 1 for a in range(len(shape))])
        gap = max(
            np.abs((cells * factor).sum(axis=tuple(a for a in range(len(shape)) if a != m)) / t - 1).max()
            for m, t in enumerate(targets)
        )
        if gap <= tol:
            break
    return data["weight"].to_numpy() * factor.ravel()[index]


def margin_error(weight, data, margins):
    """Largest relative gap that weights leave, recomputed outside any package."""
    gaps = []
    for name, totals in margins.items():
        sums = np.bincount(data[name].cat.codes, weight)
        target = np.array([totals[label] for label in data[name].cat.categories])
        gaps.append(np.abs(sums / target - 1).max())
    return max(gaps)
