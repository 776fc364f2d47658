"""Generalized variance functions: relative variances of many estimates as a function of their size (Wolter 2007, ch. 7)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Array, Floats
from ..display import Shown
from ..errors import DataError
from ..inference.estimates import Estimates

FORMS = ("linear", "log", "quadratic")
FITS = ("iterative", "ols")
ROUNDS, CLOSE = 200, 1e-12
FAR = 3.0  # robust standard deviations from which on a residual is an outlier


@dataclass(frozen=True, repr=False)
class GeneralizedVariance(Shown):
    """A fitted function.

    Attributes
    ----------
    form, coefficients : "linear" V² = a + b / x, "log" ln V² = a + b ln x, "quadratic" V² = a + b / x + c / x².
    table : each estimate with x, relvariance, fitted, residual (relative to the fitted one) and outlier. r_squared : of ln V².

    Examples
    --------
    >>> import numpy as np, pandas as pd, surveysim as ss
    >>> from surveysim.estimation import generalized_variance
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame({f"q{k}": rng.random(500) < p for k, p in enumerate(np.linspace(0.05, 0.8, 12))})
    >>> found = generalized_variance(ss.Survey(data, weight=[10.0] * 500).total(list(data)))
    >>> found.coefficients.round(4).tolist()  # of simple random samples: -1 / (n - 1) and N / (n - 1)
    [-0.002, 10.02]
    >>> found.se(2000).round(1).tolist()
    [109.7]
    """

    form: str
    coefficients: Array
    table: pd.DataFrame = field(repr=False)
    r_squared: float = 0.0

    def relvariance(self, x: Any) -> Floats:
        """Fitted relative variances of estimates of size x; DataError where the function is not above 0."""
        x = np.atleast_1d(guards.number_array(np.atleast_1d(x), "x"))
        found = _value(self.form, self.coefficients, x)
        message = "the function is {first:g} and no variance at x = {x:g}, in {bad} of {n} sizes; take the form log."
        guards.refuse(~(found > 0) | ~(x > 0), message, first=found, x=x)
        return found

    def se(self, estimate: Any) -> Floats:
        """Standard errors of totals of these sizes."""
        return np.abs(np.atleast_1d(np.asarray(estimate, float))) * np.sqrt(
            self.relvariance(np.abs(np.asarray(estimate, float)))
        )

    def summary(self) -> str:
        """One line: the form, its coefficients, how well it fits, and outliers."""
        numbers = ", ".join(f"{c:.4g}" for c in self.coefficients)
        n, far = len(self.table), int(self.table["outlier"].sum())
        return f"{self.form}: {numbers}; R² = {self.r_squared:.3f} of {n} estimates, {far} outliers"

    def __repr__(self) -> str:
        return self.summary()

    def _shown(self) -> pd.DataFrame:
        return self.table


def generalized_variance(estimates: Any, form: str = "linear", fit: str = "iterative") -> GeneralizedVariance:
    """Fit relative variances V² of estimates to their size x.

    Parameters
    ----------
    estimates : Estimates, or several in a list, of totals (x is the total) and proportions (x is n p / (1 - p), so that b is a design
        effect). Those of 0, without an error, and proportions of 1 are left out.
    form : "linear", "log" or "quadratic"; see `GeneralizedVariance`.
    fit : "iterative", least squares with weights 1 / V̂⁴ of the round before, which minimizes relative residuals; or "ols".

    References
    ----------
    Wolter (2007), Introduction to Variance Estimation, ch. 7; Valliant (1987), J. Am. Stat. Assoc. 82:499-508.
    """
    guards.choice(form, "form", FORMS)
    guards.choice(fit, "fit", FITS)
    x, v, names = _points(estimates)
    X = _columns(form, x)
    if len(x) <= X.shape[1]:
        raise DataError(
            f"{len(x)} estimates have a size and an error; a function of {X.shape[1]} coefficients needs more."
        )
    y = np.log(v) if form == "log" else v
    iterative = form != "log" and fit == "iterative"
    scale = v if iterative else np.ones(len(v))
    beta = np.linalg.lstsq(X / scale[:, None], y / scale, rcond=None)[0]
    for _ in range(ROUNDS if iterative else 0):
        weight = 1 / np.maximum(X @ beta, v.min() / 10)
        before, beta = beta, np.linalg.lstsq(X * weight[:, None], y * weight, rcond=None)[0]
        if np.abs(beta - before).max() <= CLOSE * np.abs(beta).max():
            break
    fitted = _value(form, beta, x)
    good = fitted > 0
    left = np.log(v[good]) - np.log(fitted[good])
    r_squared = 1 - float(left @ left) / float(((np.log(v[good]) - np.log(v[good]).mean()) ** 2).sum())
    residual = (v - fitted) / fitted
    spread = 1.4826 * np.median(np.abs(residual - np.median(residual)))
    table = names.assign(
        x=x,
        relvariance=v,
        fitted=fitted,
        residual=residual,
        outlier=np.abs(residual - np.median(residual)) > FAR * spread,
    )
    return GeneralizedVariance(form, beta, table, r_squared)


def _columns(form: str, x: Floats) -> Floats:
    if form == "log":
        return np.column_stack([np.ones(len(x)), np.log(x)])
    return np.column_stack([np.ones(len(x)), 1 / x] + ([1 / x**2] if form == "quadratic" else []))


def _value(form: str, beta: Array, x: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        found = _columns(form, x) @ beta
    return np.exp(found) if form == "log" else found


def _points(estimates: Any) -> tuple[Floats, Floats, pd.DataFrame]:
    """Sizes, relative variances and names of the estimates that have both."""
    given: Sequence[Any] = estimates if isinstance(estimates, list | tuple) else [estimates]
    if not given or not all(isinstance(one, Estimates) for one in given):
        raise DataError(f"estimates = {guards.sight(estimates)}: give Estimates, or a list of them.")
    parts = []
    for one in given:
        factor = np.ones(len(one)) if one.factor is None else one.factor
        parts.append(one.table.assign(estimate=one.table["estimate"] / factor, se=one.table["se"] / factor))
    table = pd.concat(parts, ignore_index=True)
    kinds = set(table["statistic"]) - {"total", "proportion"}
    if kinds or table["statistic"].nunique() > 1:
        raise DataError(
            f"the estimates are {', '.join(sorted(set(table['statistic'])))}; give totals, or proportions, and not both."
        )
    e, se, share = table["estimate"].to_numpy(), table["se"].to_numpy(), (table["statistic"] == "proportion").to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        x = np.where(share, table["n"] * e / (1 - e), np.abs(e))
    good = (e != 0) & (se > 0) & np.isfinite(x) & ~(share & (e >= 1))
    names = table.loc[good, ["statistic", "variable", "level", "domain", "estimate", "se"]].reset_index(drop=True)
    return x[good], (se[good] / e[good]) ** 2, names
