"""Confidence intervals from an estimate, its standard error and degrees of freedom."""

import numpy as np
from scipy import special

from ..errors import DataError

METHODS = ("wald", "logit")


def t_quantile(level, df):
    """Two-sided quantile of Student's t; df = inf gives the normal one."""
    if not 0 < level < 1:
        raise DataError(f"level = {level!r}: give a confidence level between 0 and 1.")
    df = np.asarray(df, dtype=float)
    half = (1 + level) / 2
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(df), special.ndtri(half), special.stdtrit(np.where(np.isinf(df), 1.0, df), half))


def wald_interval(estimate, se, level, df):
    """estimate ± t·se."""
    half = t_quantile(level, df) * se
    return estimate - half, estimate + half


def proportion_interval(p, se, method="logit", level=0.95, df=None, n=None):
    """Confidence interval of a proportion from summary numbers.

    Parameters
    ----------
    p, se : estimates and standard errors (shares, not percent); scalars or arrays.
    method : "logit" (Wald on the log-odds scale, standard error se / (p(1-p))) or "wald".
    level : confidence level. df : degrees of freedom, None is infinite.
    n : respondents; at p = 0 or 1, where the log odds do not exist, the one-sided Clopper-Pearson bound for n is given.

    Returns
    -------
    (lower, upper).

    References
    ----------
    Korn & Graubard (1999), Analysis of Health Surveys, p. 65; Clopper & Pearson (1934), Biometrika 26:404-413.
    """
    if method not in METHODS:
        raise DataError(f"ci = {method!r}: choose one of {', '.join(METHODS)}.")
    p, se = np.asarray(p, dtype=float), np.asarray(se, dtype=float)
    if np.any((p < 0) | (p > 1)):
        raise DataError("a proportion is outside 0 to 1; give shares, not percent.")
    t = t_quantile(level, np.inf if df is None else df)
    inside = (p > 0) & (p < 1)
    if method == "wald":
        lower, upper = np.clip(p - t * se, 0, 1), np.clip(p + t * se, 0, 1)
    else:
        safe = np.where(inside, p, 0.5)
        centre, half = special.logit(safe), t * se / (safe * (1 - safe))
        lower, upper = special.expit(centre - half), special.expit(centre + half)
    if not inside.all():
        if n is None:
            raise DataError("p is 0 or 1, where the interval needs n, the number of respondents.")
        edge = 1 - ((1 - level) / 2) ** (1 / np.asarray(n, dtype=float))
        lower = np.where(p == 0, 0.0, np.where(p == 1, 1 - edge, lower))
        upper = np.where(p == 1, 1.0, np.where(p == 0, edge, upper))
    return lower, upper
