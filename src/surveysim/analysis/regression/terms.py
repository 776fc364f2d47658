"""Tests that the coefficients of terms are 0: Wald's, and the working likelihood ratio with Rao and Scott's correction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import optimize, special

from ... import guards
from ...aliases import Floats, Ints
from ...display import Shown
from ...errors import DataError
from ...naming import did_you_mean
from .. import rao_scott
from .columns import chosen
from .linear import Linear
from .ordinal import Cumulative

if TYPE_CHECKING:
    from .model import Model

METHODS = ("Wald", "LRT", "LRT-F")
NEAR = 1e-4  # of the middle of the distribution, where the saddlepoint formula is 0 / 0


@dataclass(frozen=True, repr=False)
class TermTest(Shown):
    """Result of a test of terms.

    Attributes
    ----------
    terms, method : what was tested, and how. statistic, df, p_value : F or χ², its degrees of freedom and p-value.
    deviance : the difference of the deviances of both models with weights of mean 1. eigenvalues : its design effects; both None of "Wald".
    """

    terms: tuple
    method: str
    statistic: float
    df: tuple
    p_value: float
    deviance: float | None = None
    eigenvalues: tuple | None = None

    def summary(self) -> str:
        """One line: statistic, degrees of freedom, p-value."""
        letter = "F" if len(self.df) == 2 else "χ²"
        df = " and ".join(f"{d:,.4g}" for d in self.df)
        return (
            f"{self.method} test of {' and '.join(self.terms)}: {letter} = {self.statistic:,.4g} on {df} degrees of freedom, "
            f"p = {self.p_value:.4g}"
        )

    def __repr__(self) -> str:
        return self.summary()


def tested(model: "Model", terms: str | Sequence[str], method: str, df: float | None) -> TermTest:
    """See `Model.test`."""
    guards.choice(method, "method", METHODS)
    nu = model.df if df is None else float(guards.degrees(df) or 0)
    names = guards.words(terms, "tested") or []
    at = np.unique(np.concatenate([_places(model, name) for name in names] or [np.empty(0, np.int64)]))
    if not len(at):
        raise DataError(f"tested = {guards.sight(terms)}: give a term of the formula, or a list of them.")
    cov = model.cov[np.ix_(at, at)]
    if method == "Wald":
        found = rao_scott.wald(
            model.item.value[at], cov, nu, of="coefficients", remedy="test fewer terms, or join levels."
        )
        return TermTest(tuple(names), method, found.statistic, found.df, found.p_value)
    weights = model.survey.design.weight[model.made.problem.rows]
    unit = weights.mean()
    difference = (_deviance(_without(model, at, weights)) - _deviance(model.made)) / unit
    inside = model.made.inverse()[np.ix_(at, at)] * unit
    lam = np.sort(np.linalg.eigvals(np.linalg.solve(inside, cov)).real)[::-1]
    found = rao_scott.rao_scott(difference, lam, nu, shared=True)
    p = found.p_value if method == "LRT-F" else tail(difference, lam, nu, found.p_value)
    return TermTest(tuple(names), method, found.statistic, found.df, p, float(difference), tuple(lam.tolist()))


def _places(model: "Model", name: str) -> Ints:
    """Places among the coefficients of a term, however its factors are ordered."""
    spec, known = model.given[2].spec, {}
    for term, places in spec.term_slices.items():
        known["Intercept" if str(term) == "1" else str(term)] = spec.column_names[places]
    parts = {":".join(sorted(text.split(":"))): text for text in known}
    found = parts.get(":".join(sorted(name.replace(" ", "").split(":"))), name)
    found = next((text for text in known if text.replace(" ", "") == found.replace(" ", "")), found)
    if found not in known:
        raise DataError(
            f"the formula has no term {name!r}{did_you_mean(name, list(known))} Its terms are {', '.join(known)}."
        )
    return np.array([model.names.index(column) for column in known[found] if column in model.names], np.int64)


def _without(model: "Model", at: Ints, weights: Floats) -> Any:
    """The same model without some of its columns."""
    made = model.made
    kept = np.setdiff1d(np.arange(made.problem.x.shape[1]), at)
    problem = replace(made.problem, x=chosen(made.problem.x, kept))
    if isinstance(made, Cumulative):
        return Cumulative.of(problem, weights, made.levels, made.link)
    if not len(kept):
        raise DataError('a likelihood ratio needs a column that is not tested; choose method = "Wald".')
    return Linear.of(problem, weights, made.names, made.observed)


def _deviance(made: Any) -> float:
    return 2 * made.loss() if isinstance(made, Cumulative) else made.deviances(made.fit)


def tail(statistic: float, lam: Floats, df: float, otherwise: float) -> float:
    """P(Σ λ χ²(1) > statistic · χ²(df) / df) by saddlepoint (Kuonen 1999, Biometrika 86:929-935), `otherwise` in the middle."""
    if not statistic > 0:
        return 1.0
    parts, count, at = lam[lam > 0], np.ones(int((lam > 0).sum())), float(statistic)
    if np.isfinite(df):
        parts, count, at = np.append(parts, -statistic / df), np.append(count, df), 0.0
    unit = parts.max()
    parts, at = parts / unit, at / unit

    def slope(z):
        return float(count @ (parts / (1 - 2 * z * parts))) - at

    low = (1 / (2 * parts[parts < 0])).max() if np.any(parts < 0) else -len(parts) / (2 * at) - 1.0
    high = (1 / (2 * parts[parts > 0])).min()
    zeta = optimize.brentq(slope, low * (1 - 1e-9), high * (1 - 1e-9), xtol=1e-15, rtol=1e-14)
    if abs(zeta) < NEAR:
        return otherwise
    w = np.sign(zeta) * np.sqrt(2 * (zeta * at + 0.5 * float(count @ np.log(1 - 2 * zeta * parts))))
    v = zeta * np.sqrt(2 * float(count @ np.square(parts / (1 - 2 * zeta * parts))))
    return float(special.ndtr(-(w + np.log(v / w) / w)))
