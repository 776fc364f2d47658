"""Confidence intervals from an estimate, its standard error and degrees of freedom."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from .. import guards
from ..errors import DataError
from ..on_demand import Later

special = Later("scipy", ".special")
METHODS = ("wald", "logit", "xlogit", "wilson", "beta", "korn-graubard", "asin")
HUGE = 1e6  # sizes above which the inverse of the beta distribution may lose its way, and is checked
RARE = 1e-3  # shares below which counts of a huge size are Poisson's


def t_quantile(level: float, df: Any) -> Any:
    """Two-sided quantile of Student's t; df = inf gives the normal one, NaN no number, and so few that no float holds it inf."""
    half, df = (1 + guards.level(level)) / 2, np.asarray(df, dtype=float)
    return np.array([_quantile(half, degrees) for degrees in df.ravel().tolist()], dtype=float).reshape(df.shape)


@lru_cache(maxsize=4096)
def _quantile(half, degrees):
    """The same of one number, kept: few are distinct."""
    with np.errstate(invalid="ignore"):
        return float(special.ndtri(half) if degrees == np.inf else special.stdtrit(degrees, half))


def reach(level: float, df: Any) -> Any:
    """The same where errors are multiplied by it or divided: refused where it is 0 or beyond double precision."""
    t = t_quantile(level, df)
    if np.any((t == 0) | np.isinf(t)):
        raise DataError(
            f"level = {level:g}, df = {float(np.min(df)):g}: the quantile of Student's t is {float(np.min(t[(t == 0) | np.isinf(t)])):g} "
            f"in double precision; give a level that is not so near 0 or 1, or more degrees of freedom, or inf."
        )
    return t


def wald_interval(estimate: Any, se: Any, level: float, df: Any) -> tuple[Any, Any]:
    """estimate ± t·se."""
    half = reach(level, df) * se
    return estimate - half, estimate + half


def proportion_interval(
    p: Any, se: Any, method: str = "logit", level: float = 0.95, df: Any = None, n: Any = None
) -> tuple[Any, Any]:
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
    (lower, upper), with p between them; NaN where p or se is NaN, 0 and 1 where se is infinite.

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
    guards.choice(method, "method", METHODS)
    p, se, df, n = _given(p=p, se=se, df=df, n=n)
    if np.any((p < 0) | (p > 1)):
        raise DataError("a proportion is outside 0 to 1; give shares, not percent.")
    degrees = np.inf if df is None else df
    if np.any(se < 0) or np.any(degrees <= 0):
        raise DataError("standard errors are 0 or larger and degrees of freedom above 0.")
    inside, edge = (p > 0) & (p < 1), (p == 0) | (p == 1)
    if n is None and (edge.any() or method in ("beta", "korn-graubard")):
        what = f"method = {method!r}" if not edge.any() else "an interval at p = 0 or 1"
        raise DataError(f"{what} needs n, the number of respondents.")
    if n is not None and np.any(n <= 0):
        raise DataError("n, the number of respondents, is above 0.")
    t, safe = t_quantile(level, degrees), np.where(inside, p, 0.5)
    with np.errstate(divide="ignore", over="ignore", under="ignore", invalid="ignore"):
        half = np.where(se == 0, 0.0, t * se)
        size = safe * (1 - safe) / se / se  # squared it would underflow
        lower, upper = _inside(method, safe, half, size, _Student(level, degrees, t, n))
    if edge.any():
        few = n * np.minimum(_df_ratio(level, degrees, n), 1.0)
        with np.errstate(divide="ignore"):
            bound = 1 - ((1 - level) / 2) ** (1 / few)
        lower = np.where(p == 0, 0.0, np.where(p == 1, 1 - bound, lower))
        upper = np.where(p == 1, 1.0, np.where(p == 0, bound, upper))
    wide, unknown = inside & np.isinf(se), np.isnan(p) | np.isnan(se) | np.isnan(degrees)
    # back and forth through another scale rounds
    lower, upper = np.where(wide, 0.0, np.minimum(lower, p)), np.where(wide, 1.0, np.maximum(upper, p))
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


class _Student(NamedTuple):
    """The level, Student's quantile t with its degrees of freedom, and the respondents behind a proportion."""

    level: float
    df: Any
    t: Any
    n: Any


def _inside(method, p, reach, size, student):
    """Intervals of proportions between 0 and 1; reach : t se. size : p (1 - p) / se²."""
    if method == "wald":
        return np.maximum(p - reach, 0), np.minimum(p + reach, 1)
    if method in ("logit", "xlogit"):
        centre, half = special.logit(p), reach / (p * (1 - p))
        return special.expit(centre - half), special.expit(centre + half)
    if method == "asin":
        centre, half = np.arcsin(np.sqrt(p)), reach / (2 * np.sqrt(p * (1 - p)))
        return np.sin(np.maximum(centre - half, 0)) ** 2, np.sin(np.minimum(centre + half, np.pi / 2)) ** 2
    if method == "wilson":
        u = np.where(np.isinf(size), 0.0, 1 / (1 + size / student.t**2))  # t² / (size + t²)
        upper = p * (1 - u) + u / 2 + np.sqrt(u * (1 - u) * p * (1 - p) + u**2 / 4)
        return p**2 * (1 - u) / upper, np.minimum(upper, 1)  # p² (1 - u) is the product of both
    level, df, _, n = student
    effective = size * _df_ratio(level, df, n)
    return _clopper_pearson(p, np.minimum(effective, n) if method == "korn-graubard" else effective, level)


def _df_ratio(level, df, n):
    """(t_{n-1} / t_df)²: what few degrees of freedom cost in respondents (Korn & Graubard 1998)."""
    own, few = t_quantile(level, np.maximum(n - 1, 1.0)), t_quantile(level, df)
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        return np.where(np.isinf(own) & np.isinf(few), 1.0, own / few) ** 2


def _clopper_pearson(p, n, level):
    """Clopper and Pearson's interval for n p of n, any numbers from 0 on; a point where n is infinite, 0 to 1 where it is 0."""
    n, half = np.asarray(n, dtype=float), (1 - level) / 2
    size = np.where((n > 0) & np.isfinite(n), n, 1.0)
    x, huge, ends = size * p, size > HUGE, []
    for a, b, tail, limit in ((x, size - x + 1, half, 0.0), (x + 1, size - x, 1 - half, 1.0)):
        end = special.betaincinv(a, b, tail)
        if huge.any():
            lost = huge & ~(np.abs(special.betainc(a, b, end) - tail) < 1e-6)
            end = np.where(lost, _large(p, size, tail), end)
        ends.append(np.where(np.isnan(end), limit, np.clip(end, 0, 1)))  # where n p or n (1 - p) is next to nothing
    return tuple(np.where(n == 0, k, np.where(np.isinf(n), p, end)) for k, end in zip((0.0, 1.0), ends, strict=True))


def _large(p, n, tail):
    """What bounds n p of a huge n at one end: by Poisson's distribution of the rarer kind, by the normal one if neither is rare."""
    low, rare = tail < 0.5, np.minimum(p, 1 - p)
    normal = p + special.ndtri(tail) * np.sqrt(p * (1 - p) / n)
    least = special.gammaincinv(n * rare, min(tail, 1 - tail)) / n
    most = special.gammaincinv(n * rare + 1, max(tail, 1 - tail)) / n
    near, far = (least, most) if low else (most, least)
    return np.where(rare > RARE, normal, np.where(p <= 0.5, near, 1 - far))
