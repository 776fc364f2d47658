"""Differences of domains, of two columns of the same rows, and from a value: tests, adjusted p-values, simultaneous intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import special, stats

from .. import guards
from ..aliases import Array, Floats, OwnKind
from ..display import Shown
from ..errors import DataError, DesignError
from ..inference import contrasts, intervals
from ..inference.questions import tell
from ..tables import in_kind, one_name, pick
from . import rao_scott

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..estimation.survey import Survey
    from ..inference.estimates import Estimates

STATISTICS = ("mean", "total", "proportion", "quantile")
ADJUSTMENTS = ("holm", "bh", "by", "bonferroni", "max-t", "none")
SIMULTANEOUS = ("none", "bonferroni", "scheffe", "max-t")
SHOWN = {"estimate": "difference", "lower": "lower", "upper": "upper"}
ROUNDING = 1e-13  # of what is compared, what an error of 0 may be after rounding
POINTS = 1 << 15  # of the quasi-random sequence for the largest of several t


@dataclass(frozen=True)
class Comparison(Shown):
    """Differences with their tests.

    Attributes
    ----------
    differences : Estimates of the differences, one per row, which can be contrasted on. value : (rows,) what each is tested against.
    adjust, simultaneous : how p-values and intervals allow for there being several. estimates : what was compared.

    Examples
    --------
    >>> import pandas as pd, surveysim as ss
    >>> table = pd.DataFrame({"y": [1, 3, 2, 4, 7, 5], "g": list("aabbcc")})
    >>> found = ss.Survey(table).compare("y", by="g")
    >>> found.table[["comparison", "difference", "p_value", "p_adjusted"]].round(3).values.tolist()
    [['g=b - g=a', 1.0, 0.529, 0.529], ['g=c - g=a', 4.0, 0.17, 0.511], ['g=c - g=b', 3.0, 0.223, 0.511]]
    >>> print(found.summary())
    3 differences, 0 of them at the level of 5 % after holm; intervals one by one at 95 %
    """

    differences: "Estimates"
    value: np.ndarray
    adjust: str
    simultaneous: str
    estimates: "Estimates" = field(repr=False)

    @cached_property
    def table(self) -> pd.DataFrame:
        """What `to_frame` copies."""
        own, level = self.differences.table, self.differences.level
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (own["estimate"] - self.value).to_numpy() / own["se"].to_numpy()
        se, df = own["se"].to_numpy(float), own["df"].to_numpy(float)
        size = np.maximum(np.abs(own["estimate"].to_numpy(float)), np.abs(self.value))
        none = ~(se > ROUNDING * size)
        if none.any():
            raise DesignError(
                f"the difference {own['domain'][int(np.argmax(none))]!r} has no error, because the weights were adjusted to it or "
                f"everybody is in the sample; there is nothing to test."
            )
        p = 2 * special.stdtr(df, -np.abs(t)) if np.isfinite(df).all() else 2 * stats.t.sf(np.abs(t), df)
        largest = None if "max-t" not in (self.adjust, self.simultaneous) else self._largest(float(df.min()))
        reach = _reach(self.simultaneous, level, df, self._rank, largest) * se
        return pd.DataFrame(
            {
                "statistic": self.estimates.columns["statistic"][0],
                "variable": own["variable"],
                "comparison": own["domain"],
                "difference": own["estimate"],
                "value": self.value,
                "se": se,
                "t": t,
                "df": df,
                "p_value": p,
                "p_adjusted": adjusted(p, self.adjust, np.abs(t), largest),
                "lower": own["estimate"] - reach,
                "upper": own["estimate"] + reach,
                "n": own["n"],
            }
        )

    @cached_property
    def _scaled(self) -> Floats:
        """Correlations of the differences."""
        se = np.sqrt(np.diag(self.differences.cov))
        return self.differences.cov / np.outer(se, se)

    @property
    def _rank(self) -> int:
        return int(np.linalg.matrix_rank(self._scaled, tol=1e-9, hermitian=True))

    def _largest(self, df: float) -> Floats:
        """Largest |t| (POINTS,) of so many draws of the differences under the hypothesis, sorted (Hothorn et al. 2008)."""
        size, vectors = np.linalg.eigh(self._scaled)
        keep = size > 1e-9
        root = vectors[:, keep] * np.sqrt(size[keep])
        drawn = stats.qmc.Sobol(int(keep.sum()) + 1, scramble=False).random(POINTS) + 0.5 / POINTS
        scale = np.sqrt(special.chdtri(df, 1 - drawn[:, -1]) / df) if np.isfinite(df) else np.ones(POINTS)
        return np.sort(np.abs(special.ndtri(drawn[:, :-1]) @ root.T).max(axis=1) / scale)

    def wald(self, adjusted: bool = True) -> rao_scott.Tested:
        """Test that all differences are what they are tested against, by Wald's F; `adjusted` as Hotelling's T² for few units."""
        gap = self.differences.table["estimate"].to_numpy() - self.value
        order = _independent(self._scaled)
        V = self.differences.cov[np.ix_(order, order)]
        return rao_scott.wald(
            gap[order], V, float(self.differences.table["df"].min()), adjusted=adjusted, of="differences"
        )

    def plot(self, *, title: str = "", lang: str = "en", ax: "Axes | None" = None) -> "Axes":
        """A forest of the differences with the intervals of `table`, which hold together where `simultaneous` says so; hollow where the
        interval holds the value they are tested against. The arguments are those of `Estimates.plot`.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"y": [1, 3, 2, 4, 7, 5], "g": list("aabbcc")})
        >>> found = ss.Survey(table).compare("y", by="g", pairs="g=a", simultaneous="bonferroni")
        >>> [text.get_text() for text in found.plot().get_yticklabels()]
        ['g=b − g=a', 'g=c − g=a']
        """
        one = np.ptp(self.value) == 0
        off = 0.0 if one else self.value  # values of their own cannot share a line
        shown: dict[str, Any] = {name: self.table[of].to_numpy() - off for name, of in SHOWN.items()}
        shown["domain"] = [name.replace(" - ", " − ") for name in self.table["comparison"]]
        drawn = replace(self.differences, columns=self.differences.columns | shown)
        return drawn.plot("forest", at=float(self.value[0]) if one else 0.0, title=title, lang=lang, ax=ax)

    def to_frame(self) -> OwnKind:
        """Table, of the kind of the survey's: statistic, variable, comparison, difference, value, se, t, df, p_value, p_adjusted, …"""
        return in_kind(self.table, self.differences.kind)

    def summary(self) -> str:
        """One line: how many differences are told from their value."""
        level = self.differences.level
        told = int((self.table["p_adjusted"] < 1 - level).sum())
        how = "" if self.adjust == "none" else f" after {self.adjust}"
        wide = "one by one" if self.simultaneous == "none" else f"all at once ({self.simultaneous})"
        count = f"{len(self.table)} difference{'s' * (len(self.table) > 1)}"
        return (
            f"{count}, {told} of them at the level of {100 * (1 - level):g} %{how}; intervals {wide} at "
            f"{100 * level:g} %"
        )

    def __repr__(self) -> str:
        return f"{self.table.to_string(index=False, max_rows=40, float_format=lambda v: f'{v:,.4g}')}\n{self.summary()}"

    def _shown(self) -> pd.DataFrame:
        return self.table


def _independent(V: Floats) -> list[int]:
    """Rows of a covariance of which none follows from those before."""
    kept: list[int] = []
    for k in range(len(V)):
        at = [*kept, k]
        if np.linalg.matrix_rank(V[np.ix_(at, at)], tol=1e-9, hermitian=True) == len(at):
            kept = at
    return kept


def _reach(how: str, level: float, df: Floats, rank: int, largest: Any) -> Floats:
    """Standard errors from a difference to the ends of its interval."""
    if how == "max-t":
        return np.full(len(df), np.quantile(largest, level))
    if how == "scheffe":
        f = np.where(np.isfinite(df), stats.f.ppf(level, rank, df), stats.chi2.ppf(level, rank) / rank)
        return np.sqrt(rank * f)
    return intervals.t_quantile(level if how == "none" else 1 - (1 - level) / len(df), df)


def adjusted(p: Floats, how: str, t: Any = None, largest: Any = None) -> Array:
    """P-values allowing for there being several.

    how : "bonferroni", "holm" (1979, Scand. J. Stat. 6:65-70), "bh" (Benjamini & Hochberg 1995, JRSS B 57:289-300), "by" (Benjamini &
        Yekutieli 2001), "max-t" by the absolute t and the sorted largest of them under the hypothesis, or "none".

    Examples
    --------
    >>> from surveysim.analysis.comparisons import adjusted
    >>> adjusted([0.01, 0.04, 0.03], "holm").tolist(), adjusted([0.01, 0.04, 0.03], "bh").tolist()
    ([0.03, 0.06, 0.06], [0.03, 0.04, 0.04])
    """
    p = np.asarray(p, float)
    m, order = len(p), np.argsort(p, kind="stable")
    if how == "max-t":
        return np.maximum(1 - np.searchsorted(largest, t) / len(largest), p)
    if how in ("none", "bonferroni"):
        return np.minimum(p * (m if how == "bonferroni" else 1), 1.0)
    if how == "holm":
        found = np.maximum.accumulate(p[order] * (m - np.arange(m)))
    else:
        times = m * (np.sum(1 / np.arange(1, m + 1)) if how == "by" else 1.0)
        found = np.minimum.accumulate((p[order] * times / np.arange(1, m + 1))[::-1])[::-1]
    result = np.empty(m)
    result[order] = np.minimum(found, 1.0)
    return result


def compared(
    survey: "Survey",
    y: Any,
    by: Any,
    statistic: str,
    against: tuple[Any, Any],
    how: tuple[str, str, Any],
    **options: Any,
) -> Comparison:
    """See `Survey.compare`; against : value and paired. how : adjust, simultaneous and pairs."""
    guards.choice(statistic, "statistic", STATISTICS)
    adjust, simultaneous, chosen = how
    guards.choice(adjust, "adjust", ADJUSTMENTS)
    guards.choice(simultaneous, "simultaneous", SIMULTANEOUS)
    value, paired = against
    if not guards.is_text(chosen, "all") and (value is not None or paired is not None):
        raise DataError(
            "pairs are of domains, and value and paired compare each with something else; leave one of them out."
        )
    q = guards.share(options.pop("q"), "q")

    def ask(part: "Survey", column: Any) -> "Estimates":
        first = (column, q) if statistic == "quantile" else (column,)
        return getattr(part, statistic)(*first, by=by, **options)

    if paired is not None:
        e, rows = _paired(survey, ask, y, paired)
    else:
        e = ask(survey, y)
        rows = _single(e) if value is not None else _pairs(e, chosen)
    if not rows:
        raise DataError("there is one estimate and nothing to compare it with: give by, value or paired.")
    parts = [contrasts.linear(e, name, vector) for name, vector in rows]
    differences = contrasts.made(e, "difference", parts, options.get("df"))
    target = np.zeros(len(rows)) if value is None else _values(e, value, rows)
    return Comparison(differences, target, adjust, simultaneous, e)


def _single(e):
    return [(contrasts.name_of(e, k), np.eye(len(e))[k]) for k in range(len(e))]


def _values(e, value, rows):
    """What each row is tested against: one number, or {row: number}."""
    if guards.is_finite(value):
        return np.full(len(rows), float(value))
    if not isinstance(value, Mapping) or not all(map(guards.is_finite, value.values())):
        raise DataError(f"value = {guards.sight(value)}: give a number, or {{row: number}} with one for each estimate.")
    found = np.full(len(e), np.nan)
    for row, one in value.items():
        found[contrasts.position(e, row)] = one
    if np.isnan(found).any() or len(found) != len(rows):
        raise DataError(
            f"value has no number for {contrasts.name_of(e, int(np.argmax(np.isnan(found))))!r}; give one for each estimate."
        )
    return found


def _pairs(e: "Estimates", chosen: Any) -> list[tuple[str, Floats]]:
    """Differences of domains for every variable and level: all pairs, all from one domain, or those that were chosen."""
    columns = list(zip(*(e.columns[c] for c in ("variable", "level", "domain")), strict=True))
    domains = list(dict.fromkeys(c[2] for c in columns))
    if isinstance(chosen, str) and chosen != "all":
        guards.choice(chosen, "pairs", ("all", *domains), remedy="A domain is what all others are compared with.")
        wanted: Sequence[Any] = [(d, chosen) for d in domains if d != chosen]
    elif isinstance(chosen, str):
        wanted = [(b, a) for a, b in combinations(domains, 2)]
    else:
        wanted = list(chosen) if isinstance(chosen, list | tuple) else [None]
        if not wanted or not all(isinstance(p, list | tuple) and len(p) == 2 and p[0] != p[1] for p in wanted):
            raise DataError(f'pairs = {guards.sight(chosen)}: give "all", a domain, or a list of (domain, domain).')
        for name in (d for pair in wanted for d in pair):
            guards.choice(name, "a domain of pairs", domains)
    place, found = {c: k for k, c in enumerate(columns)}, []
    kinds = list(dict.fromkeys(c[:2] for c in columns))
    for variable, level in kinds:
        for one, other in wanted:
            vector = np.zeros(len(e))
            vector[place[variable, level, one]], vector[place[variable, level, other]] = 1.0, -1.0
            front = ", ".join(part for part in (variable if len({k[0] for k in kinds}) > 1 else "", level) if part)
            found.append((f"{front}{': ' if front else ''}{one} - {other}", vector))
    return found


def _paired(survey, ask, y, paired):
    """Both columns in the rows where neither is missing, domain by domain, and their differences."""
    names = [one_name(y, "y"), one_name(paired, "paired")]
    missing = np.any([pick(survey.data, name).isna().to_numpy() for name in names], axis=0)
    lost = int((missing & survey.inside & (survey.design.weight != 0)).sum())
    tell({" or ".join(map(str, names)): lost} if lost else {}, 5)
    part = survey.where(~missing) if missing.any() else survey
    one, other = (ask(part, name) for name in names)
    if one.columns["level"] != other.columns["level"] or one.columns["domain"] != other.columns["domain"]:
        raise DataError(
            f"{names[0]!r} and {names[1]!r} have other levels, or other domains; compare columns with the same."
        )
    columns = {k: np.concatenate([one.columns[k], other.columns[k]]) for k in one.columns}
    both = replace(one, columns=columns, items=(*one.items, *other.items))
    K, rows = len(one), []
    for k in range(K):
        vector = np.zeros(2 * K)
        vector[k], vector[K + k] = 1.0, -1.0
        tail = ", ".join(str(part) for part in (one.columns["level"][k], one.columns["domain"][k]) if part)
        rows.append((f"{names[0]} - {names[1]}{': ' if tail else ''}{tail}", vector))
    return both, rows
