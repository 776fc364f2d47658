"""How representative the response to a survey is: R-indicators, and how far nonresponse can have moved means."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Column, OwnKind
from ..display import Shown
from ..errors import DataError
from ..inference import intervals, scores
from ..inference.questions import tell, values_of, wanted
from ..inference.schemes import JACKKNIVES
from ..pictures import weighting as pictures
from ..tables import in_kind, kind_of
from ..weighting.steps.unit_nonresponse import truths
from .nonresponse_bias import biases
from .propensities import Cells, Fitted, variables

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..estimation.survey import Survey

ADJUST = ("design", "srs", "none")


@dataclass(frozen=True, repr=False)
class Representativity(Shown):
    """R-indicator, partial indicators and possible biases of the response to a survey.

    Attributes
    ----------
    table : indicator (response_rate, S, R, cv), estimate, se, lower, upper, unadjusted. S is the standard deviation of the propensities,
        R = 1 - 2 S; cv = S over the response rate is also the largest bias of a mean of respondents, in standard deviations of what is
        asked, that can come with these propensities.
    partial : variable, level ("" for the whole variable), n, response_rate, unconditional, unconditional_se, conditional,
        conditional_se. Unconditional ones of levels have a sign: negative where the level responds less than the average.
    bias : of the columns y: variable, respondents (their mean), weighted (by one over the propensity), bias (the difference) and
        its bias_se, largest (how far off the mean can be), its largest_se, lower and upper (the mean less and plus it), fmi (fraction of
        missing information); None without y.
    propensity : (n,) response propensities, NaN outside the sample. adjust : how S² was freed of what chance alone adds.
    """

    table: pd.DataFrame
    partial: pd.DataFrame
    bias: pd.DataFrame | None
    propensity: np.ndarray = field(repr=False)
    level: float
    adjust: str
    n: int
    set_aside: dict = field(default_factory=dict)
    kind: str | None = None

    def to_frame(self) -> OwnKind:
        """`table`, of the kind of the survey's."""
        return in_kind(self.table, self.kind)

    def summary(self) -> str:
        """One line: R with its interval, response, the largest standardized bias, the variable that matters most."""
        t, whole = self.table.set_index("indicator"), self.partial[self.partial["level"] == ""]
        name, most = max(zip(whole["variable"], whole["unconditional"], strict=True), key=lambda row: row[1])
        (R, low, high), rate, cv = (
            t.loc["R", ["estimate", "lower", "upper"]].to_numpy(float),
            *t["estimate"].to_numpy(float)[[0, 3]],
        )
        return (
            f"R = {R:.3f} ({100 * self.level:g} % {low:.3f} to {high:.3f}) with "
            f"{100 * rate:.1f} % response of {self.n:,}; means of respondents are off by at most "
            f"{cv:.3f} standard deviations as far as these variables tell; most by {name} "
            f"({most:.3f})"
        )

    def __repr__(self) -> str:
        parts = [self.table, self.partial, *([] if self.bias is None else [self.bias])]
        shown = (part.to_string(index=False, max_rows=40, float_format=lambda v: f"{v:,.4g}") for part in parts)
        return "\n\n".join([*shown, self.summary()])

    def _shown(self) -> pd.DataFrame:
        return self.partial

    def plot(self, *, title: str = "", lang: str = "en", ax: "Axes | None" = None) -> "Axes":
        """The partial indicators of the levels with their intervals, on a matplotlib Axes."""
        t = self.partial[self.partial["level"] != ""]
        reach = float(intervals.t_quantile(self.level, np.inf))
        series = {
            kind: t[kind].to_numpy()[:, None] + reach * t[f"{kind}_se"].to_numpy()[:, None] * np.array([0, -1, 1])
            for kind in ("unconditional", "conditional")
        }
        return pictures.partial(list(t["variable"]), list(t["level"]), series, title=title, lang=lang, ax=ax)


def representativity(
    survey: "Survey", response: Column, names: Sequence[Any], y: Any, adjust: str, level: float
) -> Representativity:
    """R-indicators of a Survey of a sample; see `Survey.representativity`."""
    guards.choice(adjust, "adjust", ADJUST)
    guards.level(level)
    w, n = survey.design.weight, len(survey.design.weight)
    inside = survey.inside & (w != 0)
    if np.any(w[inside] < 0):
        raise DataError(
            "some weights are negative, so there are no propensities to fit; take the weights before calibration."
        )
    responded = truths(survey.data, response, n, inside)
    cells = Cells.of(variables(survey.data, names, inside), responded, inside)
    fit = cells.fitted(w)
    parts, rows = _parts(fit)
    values, cov = _with_covariances(survey, fit, parts)
    E = len(parts)
    group = np.where(inside, 0, -1).astype(np.int32)
    df = float(survey.engine.degrees(group, [""])[0])
    small = getattr(survey.engine, "kind", "jk1") in JACKKNIVES
    table = _table(fit, values, cov, E, adjust, (level, df, small))
    asked, aside = [], {}
    for name in [] if y is None else wanted(y):
        column = values_of(survey, name)
        there = cells.responded & np.isfinite(column)
        if (lost := int((cells.responded & ~there).sum())) and there.any():
            aside[name] = lost
        asked.append((name, np.where(there, column, 0.0), there))
    tell(aside, 4)
    bias = biases(survey, fit, asked, table.set_index("indicator").loc["cv"]) if asked else None
    rho = np.where(inside, cells.rows(fit.rho), np.nan)
    partial = _partial(fit, rows, values[:E], np.sqrt(np.maximum(np.diag(cov)[:E], 0)))
    return Representativity(table, partial, bias, rho, level, adjust, int(inside.sum()), aside, kind_of(survey.data))


def _parts(fit: Fitted) -> tuple[list[Any], list[tuple[int, int | None]]]:
    """Statistics: mean, variance, relative variance; of each (variable, level or None) the partial ones, two by two."""
    rows = [(k, h) for k, v in enumerate(fit.cells.variables) for h in (None, *range(len(v.levels)))]
    found = [fit.average(), fit.variance(), fit.relative()]
    for k, h in rows:
        found += [fit.between(k) if h is None else fit.level(k, h), fit.within(k, h)]
    return found, rows


def _with_covariances(survey, fit, parts):
    """Values (E + p,) of the statistics and the model's coefficients, and their covariances.

    Where the sample is without replacement the design says how much it would vary with everybody's response as it is; response varies
    also among those who are in every sample, which Σ w e² of its scores e adds.
    """
    score, response = fit.scores(parts)
    beta = fit.coefficients()
    every, random = np.concatenate([score, beta]), np.concatenate([response, beta])
    zeros = np.zeros(len(beta))  # what the coefficients are is not asked, only how they vary
    values = np.concatenate([[part[0] for part in parts], zeros])

    def again(w):
        new = fit.cells.fitted(w)
        moved = np.linalg.lstsq(fit.cells.x, _logit(new.rho) - _logit(fit.rho), rcond=None)[0]
        return np.concatenate([[part[0] for part in _parts(new)[0]], moved])

    item = scores.Several(values, every, fit.cells.cell >= 0, again)
    cov = survey.engine.item_covariance([item])
    if survey.design.unequal is not None or np.any(survey.design.stages[0].fraction > 0):
        cov = cov + (random * survey.design.weight) @ random.T
    return values, cov


def _logit(p):
    return np.log(p / (1 - p))


def _table(fit, values, cov, E, adjust, asked):
    """The main indicators; `asked` is level, df, and whether V is of first order, as random replicates' is not."""
    level, df, small = asked
    q, V = fit.size / fit.whole, cov[E:, E:]
    z = fit.z - q @ fit.z
    spread = (z * q[:, None]).T @ z @ V
    second = 2 * float(np.trace(spread @ spread)) if small else 0.0  # of S²: all of it where propensities are equal
    m, raw = fit.mean, values[1]
    square = max(_freed(fit, raw, cov, V, adjust), 0.0)
    errors = np.sqrt(np.maximum([cov[1, 1] + second, cov[2, 2] + second / m**4], 0))
    rows = [("response_rate", m, np.sqrt(cov[0, 0]), *intervals.wald_interval(m, np.sqrt(cov[0, 0]), level, df), m)]
    t = float(intervals.t_quantile(level, df))
    for name, scale, k, of in (("S", 1.0, 0, 1.0), ("R", -2.0, 0, 1.0), ("cv", 1.0, 1, m**2)):
        root, shift = np.sqrt(square / of), 1.0 if name == "R" else 0.0
        ends = [shift + scale * np.sqrt(max(square / of + sign * t * errors[k], 0.0)) for sign in (-1, 1)]
        se = abs(scale) * errors[k] / (2 * root) if root > 0 else np.nan
        rows.append((name, shift + scale * root, se, min(ends), max(ends), shift + scale * np.sqrt(raw / of)))
    return pd.DataFrame(rows, columns=["indicator", "estimate", "se", "lower", "upper", "unadjusted"])


def _freed(fit, raw, cov, V, adjust):
    """S² without what chance in sample, response and fit adds to it."""
    if adjust == "none":
        return raw
    q = fit.size / fit.whole
    if adjust == "design":  # of the propensities' squares about their mean, less that of the mean
        return raw - float(np.trace((fit.z * q[:, None]).T @ fit.z @ V)) + float(cov[0, 0])
    count = np.bincount(fit.cells.cell[fit.cells.cell >= 0], minlength=len(q))
    n, N = count.sum(), fit.whole
    inverse = np.linalg.pinv((fit.z * count[:, None]).T @ fit.cells.x, rcond=1e-12, hermitian=True)
    chance = float(count @ np.einsum("ci,ij,cj->c", fit.z, inverse, fit.z)) / n
    return (1 + 1 / n - 1 / N) * raw * N / (N - 1) - chance


def _partial(fit, rows, values, se):
    """Partial indicators: variances of variables as their roots."""
    cells, found = fit.cells, []
    for j, (k, h) in enumerate(rows):
        u, c = 3 + 2 * j, 4 + 2 * j
        variable, at = cells.variables[k], np.ones(len(cells.level), bool) if h is None else cells.level[:, k] == h
        rate = fit.size[at] @ fit.rho[at] / fit.size[at].sum()
        n = int(np.isin(cells.cell, np.flatnonzero(at)).sum())
        within = np.sqrt(max(values[c], 0.0))
        unconditional = (np.sqrt(values[u]), _root_error(se[u], values[u])) if h is None else (values[u], se[u])
        name = "" if h is None else variable.levels[h]
        found.append((variable.name, name, n, rate, *unconditional, within, _root_error(se[c], values[c])))
    columns = [
        "variable",
        "level",
        "n",
        "response_rate",
        "unconditional",
        "unconditional_se",
        "conditional",
        "conditional_se",
    ]
    return pd.DataFrame(found, columns=columns)


def _root_error(se: float, square: float) -> float:
    return se / (2 * np.sqrt(square)) if square > 1e-20 else np.nan
