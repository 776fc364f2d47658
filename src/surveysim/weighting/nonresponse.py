"""Nonresponse adjustment by classes or by response propensities, from the final dispositions of all numbers."""

import numpy as np

from ..errors import DataError


def class_factors(counts, e, e_unscreened=1.0):
    """Estimated eligible cases over interviews, per class.

    Parameters
    ----------
    counts : (classes, 8) numbers by AAPOR category I, P, R, NC, O, UH, UO, NE.
    e : share of the numbers of unknown status (UH) that are eligible, a number, one per class, or "proportional" (known eligible
        over known eligible plus not eligible, class by class; CASRO).
    e_unscreened : share of the people and households reached but not screened (UO) that are eligible.

    Notes
    -----
    The inverse of AAPOR's RR3, so that interviews stand for everybody eligible in their class (Kalton & Flores-Cervantes
    2003, J. Off. Stat. 19:81-97).
    """
    counts = np.asarray(counts, dtype=float)
    interviews = counts[:, 0]
    if np.any(interviews <= 0):
        raise DataError(
            f"nonresponse class {int(np.argmax(interviews <= 0))} has numbers but no interviews; join it with another."
        )
    return eligible(counts, e, e_unscreened) / interviews


def eligible(counts, e, e_unscreened=1.0):
    """Estimated eligible cases (classes,): known ones and the shares e of UH and e_unscreened of UO. See `class_factors`."""
    counts = np.asarray(counts, dtype=float)
    known = counts[:, :5].sum(axis=1)
    share = (
        known / (known + counts[:, 7])
        if isinstance(e, str)
        else np.broadcast_to(np.asarray(e, dtype=float), known.shape)
    )
    return known + share * counts[:, 5] + e_unscreened * counts[:, 6]


def propensities(x, responded, cases, names, tol=1e-12, max_iter=50):
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


def groups_alike(propensity, size, groups):
    """Groups (n,), 0 .. groups - 1, of units of like propensity with about as much of the sizes (n,) in each.

    A propensity is in the group that the middle of its share of the sizes lies in. Units whose propensities are equal but for
    rounding stay together, so that the groups do not depend on the order of the units; a group may then be left empty.
    """
    level = np.unique(np.round(propensity, 10), return_inverse=True)[1]
    mass = np.bincount(level, size)
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    return np.minimum((middle * groups).astype(np.int64), groups - 1)[level]
