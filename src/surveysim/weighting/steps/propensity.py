"""The model of response propensities, and groups of like propensity: of numbers by class as of sampled units."""

from collections.abc import Sequence

import numpy as np

from ...aliases import Floats, Ints
from ...errors import DataError

MOST_GROUPS = 1_000_000


def propensities(
    x: Floats, responded: Floats, cases: Floats, names: Sequence[str], tol: float = 1e-12, max_iter: int = 50
) -> Floats:
    """Response propensities (classes,) by logistic regression on grouped data, with an intercept.

    Parameters
    ----------
    x : (classes, p) covariates. responded, cases : (classes,) respondents and eligible cases, not necessarily whole numbers.
    names : (p,) of the covariates, for messages.

    Raises
    ------
    DataError : a covariate separates respondents from nonrespondents, so that no finite coefficients exist.

    References
    ----------
    Little (1986), Int. Stat. Rev. 54:139-157; McCullagh & Nelder (1989), Generalized Linear Models, ch. 4 (the fit).
    """
    X = np.column_stack([np.ones(len(x)), x])
    beta = np.zeros(X.shape[1])
    for _ in range(max_iter):
        p = 1 / (1 + np.exp(-(X @ beta)))
        gap = X.T @ (responded - cases * p)
        step = np.linalg.lstsq((X * (cases * p * (1 - p))[:, None]).T @ X, gap, rcond=1e-12)[0]
        beta = beta + step
        if np.max(np.abs(X @ beta)) > 20:  # a propensity of 2e-9: running off to infinity
            break
        if np.max(np.abs(X @ step)) <= tol:
            return 1 / (1 + np.exp(-(X @ beta)))
    j = int(np.argmax(np.abs(beta[1:])))
    raise DataError(
        f"the propensity model has no finite solution: {names[j]} (coefficient {beta[1 + j]:.3g}) separates those who respond from "
        f"those who do not. Join that level with another, or leave the variable out."
    )


def groups_alike(propensity: Floats, size: Floats, groups: int) -> Ints:
    """Groups (n,), 0 .. groups - 1, of units of like propensity with about as much of the sizes (n,) in each.

    A propensity is in the group that the middle of its share of the sizes lies in. Units whose propensities are equal but for
    rounding stay together, so that the groups do not depend on the order of the units; a group may then be left empty.
    """
    level = np.unique(np.round(propensity, 10), return_inverse=True)[1]
    mass = np.bincount(level, size)
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    return np.minimum((middle * groups).astype(np.int64), groups - 1)[level]
