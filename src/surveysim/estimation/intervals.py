"""Confidence intervals from an estimate, its standard error and degrees of freedom."""

import numpy as np
from scipy import special

from .. import guards
from ..errors import DataError

METHODS = ("wald", "logit", "xlogit", "wilson", "beta", "korn-graubard", "asin")


def t_quantile(level, df):
    """Two-sided quantile of Student's t; df = inf gives the normal one."""
    level = guards.level(level)
    half, (degrees, place) = (
        (1 + level) / 2,
        np.unique(np.asarray(df, dtype=float), return_inverse=True),
    )  # few are distinct
    with np.errstate(invalid="ignore"):
        found = np.where(
            np.isinf(degrees), special.ndtri(half), special.stdtrit(np.where(np.isinf(degrees), 1.0, degrees), half)
        )
    return found[place].reshape(np.shape(df))


def wald_interval(estimate, se, level, df):
    """estimate ± t·se."""
    half = t_quantile(level, df) * se
    return estimate - half, estimate + half


def proportion_interval(p, se, method="logit", level=0.95, df=None, n=None):
    """Confidence interval of a proportion from summary numbers.

    Parameters
    ----------
    p, se : estimates and standard errors (shares, not percent); scalars or arrays.
    method : with the effective size n_eff = p(1-p) / se² and Student's t on `df`

        "wald" p ± t se, cut at 0 and 1; "logit" and "xlogit" p ± t se on the log-odds scale; "asin" on the arcsine scale;
        "wilson" Wilson's interval for n_eff with t; "beta" Clopper and Pearson's for n_eff (t_{n-1} / t_df)², as in R survey;
        "korn-graubard" the same with at most n.
    level : confidence level. df : degrees of freedom, None is infinite.
    n : respondents; needed by "beta" and "korn-graubard", and wherever p is 0 or 1.

    Returns
    -------
    (lower, upper).

    Notes
    -----
    At p = 0 or 1 the standard error is 0 and says nothing. There every method gives the one-sided Clopper-Pearson bound for
    n (t_{n-1} / t_df)² respondents, at most n, so that no interval is a point.

    References
    ----------
    Korn & Graubard (1998), Surv. Methodol. 24:193-201; Clopper & Pearson (1934), Biometrika 26:404-413; Wilson (1927), JASA
    22:209-212; Dean & Pagano (2015), J. Surv. Stat. Methodol. 3:484-503 (effective sizes in all of them).

    Examples
    --------
    >>> import numpy as np, surveysim as ss
    >>> np.round(ss.proportion_interval(0.5, 0.05, "wald"), 4).tolist()  # 0.5 ± 1.96 × 0.05
    [0.402, 0.598]
    >>> np.round(ss.proportion_interval(0.02, 0.014), 4).tolist()  # Wald's would begin below 0
    [0.005, 0.0764]
    >>> np.round(ss.proportion_interval(0, 0, n=100), 4).tolist()  # 1 - 0.025 ** (1 / 100)
    [0.0, 0.0362]
    """
    guards.choice(method, "ci", METHODS)
    p, se, df, n = _given(p=p, se=se, df=df, n=n)
    if np.any((p < 0) | (p > 1)):
        raise DataError("a proportion is outside 0 to 1; give shares, not percent.")
    if np.any(se < 0) or (df is not None and np.any(df <= 0)):
        raise DataError("standard errors are 0 or larger and degrees of freedom above 0.")
    inside, edge = (p > 0) & (p < 1), (p == 0) | (p == 1)
    if n is None and (edge.any() or method in ("beta", "korn-graubard")):
        what = f"ci = {method!r}" if not edge.any() else "an interval at p = 0 or 1"
        raise DataError(f"{what} needs n, the number of respondents.")
    degrees = np.inf if df is None else df
    t, safe = t_quantile(level, degrees), np.where(inside, p, 0.5)
    with np.errstate(divide="ignore"):
        size = safe * (1 - safe) / se**2
    if method == "wald":
        lower, upper = np.clip(p - t * se, 0, 1), np.clip(p + t * se, 0, 1)
    elif method in ("logit", "xlogit"):
        centre, half = special.logit(safe), t * se / (safe * (1 - safe))
        lower, upper = special.expit(centre - half), special.expit(centre + half)
    elif method == "asin":
        centre, half = np.arcsin(np.sqrt(safe)), t * se / (2 * np.sqrt(safe * (1 - safe)))
        lower, upper = np.sin(np.maximum(centre - half, 0)) ** 2, np.sin(np.minimum(centre + half, np.pi / 2)) ** 2
    elif method == "wilson":
        z = t**2 / size
        centre, half = (safe + z / 2) / (1 + z), t / (1 + z) * np.sqrt(safe * (1 - safe) / size + z / (4 * size))
        lower, upper = centre - half, centre + half
    else:
        effective = size * _df_ratio(level, degrees, n)
        effective = np.minimum(effective, n) if method == "korn-graubard" else effective
        lower, upper = _clopper_pearson(safe, effective, level)
    if edge.any():
        few = np.asarray(n, dtype=float) * np.minimum(_df_ratio(level, degrees, n), 1.0)
        bound = 1 - ((1 - level) / 2) ** (1 / few)
        lower = np.where(p == 0, 0.0, np.where(p == 1, 1 - bound, lower))
        upper = np.where(p == 1, 1.0, np.where(p == 0, bound, upper))
    unknown = np.isnan(p) | np.isnan(se)
    return np.where(unknown, np.nan, lower), np.where(unknown, np.nan, upper)


def _given(**numbers):
    """Numbers or arrays of them as float64 arrays whose shapes fit together; None stays None."""
    made = {
        name: None if v is None and name in ("df", "n") else guards.as_numbers(v, name) for name, v in numbers.items()
    }
    try:
        np.broadcast_shapes(*(v.shape for v in made.values() if v is not None))
    except ValueError:
        shapes = ", ".join(f"{name} {v.shape}" for name, v in made.items() if v is not None)
        raise DataError(
            f"the shapes do not fit together: {shapes}. Give one number, or one for every proportion."
        ) from None
    return made.values()


def _df_ratio(level, df, n):
    """(t_{n-1} / t_df)²: what few degrees of freedom cost in respondents (Korn & Graubard 1998)."""
    n = np.asarray(n, dtype=float)
    return (t_quantile(level, np.maximum(n - 1, 1.0)) / t_quantile(level, df)) ** 2


def _clopper_pearson(p, n, level):
    """Clopper and Pearson's interval for n p of n, any positive numbers; a point where n is infinite."""
    finite = np.isfinite(n)
    n = np.where(finite, n, 1.0)
    x, half = n * p, (1 - level) / 2
    lower, upper = special.betaincinv(x, n - x + 1, half), special.betaincinv(x + 1, n - x, 1 - half)
    return np.where(finite, lower, p), np.where(finite, upper, p)
