"""The numbers of many tables: estimates, errors, bases, tests and letters of every question by every banner."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...aliases import Array, Floats
from ...errors import DataError, DesignError
from ...inference import intervals
from ...inference.cells import Ask, Found, found
from ..independence import koch, pearson
from ..rao_scott import wald
from .asking import Banner, Question
from .letters import Rule, compared, lettered

if TYPE_CHECKING:
    from ...estimation.survey import Survey

PERCENTS = ("column", "row", "total")
EDGE = 1e-12  # sums in another order may miss 0 or 1 by this


class Settings(NamedTuple):
    """How tables are made; see `Survey.tables`."""

    percent: str
    ci: str
    level: float
    df: float | None
    test: str | None
    letters: Rule | None


@dataclass(frozen=True)
class Numbers:
    """Rows of all tables, as columns of equal length, and what there is once for a table.

    cells : {question, level, banner, column: positions; estimate, se, lower, upper, df, n, count, effective_n, exceeds}; column 0 is the
        total. tests : (question, banner, name, statistic, df, p).
    bases : (question, banner, array (3, 1 + C) of n, effective n and sums of weights).
    """

    cells: dict[str, Any]
    tests: list[tuple]
    bases: list[tuple]


class _Parts(NamedTuple):
    """Sums of a table's K × (C + 1) cells, the last column of which are rows outside the banner, as matrices with a row for each cell.

    whole, within : the cells (levels × (1 + C), flat), with everybody who answered, or the rows of the banner, in front.
    columns, rows, table : everybody and the columns; the rows of the banner by level, and all.
    """

    whole: np.ndarray
    within: np.ndarray
    columns: np.ndarray
    rows: np.ndarray
    table: np.ndarray


@lru_cache(maxsize=512)
def _parts(K: int, C: int) -> _Parts:
    everybody, banner = np.ones((C + 1, 1)), np.append(np.ones(C), 0.0)[:, None]
    own, levels = np.eye(C + 1)[:, :C], np.eye(K)
    within = np.hstack([banner, own])
    whole, one = np.hstack([everybody, own]), np.ones((K, 1))
    return _Parts(
        np.kron(levels, whole),
        np.kron(levels, within),
        np.kron(one, whole),
        np.kron(levels, banner),
        np.kron(one, banner),
    )


@lru_cache(maxsize=512)
def _percentage(K: int, C: int, percent: str) -> tuple[Array, Array]:
    """Numerators and denominators of the cells of a table, as matrices (D, K (1 + C))."""
    parts, wide = _parts(K, C), np.ones(1 + C)
    if percent == "column":
        return parts.whole, np.tile(parts.columns, K)
    den = np.kron(parts.rows, wide) if percent == "row" else np.kron(parts.table, np.ones(K * (1 + C)))
    return parts.within, den


@lru_cache(maxsize=512)
def _average(C: int) -> tuple[Array, Array]:
    """The same of means, whose numbers stand before the weights."""
    whole = _parts(1, C).whole
    return np.vstack([whole, np.zeros(whole.shape)]), np.vstack([np.zeros(whole.shape), whole])


def numbers(survey: "Survey", questions: Sequence[Question], banners: Sequence[Banner], settings: Settings) -> Numbers:
    """All tables of the questions by the banners."""
    inside, empty = survey.inside, np.full(len(survey.inside), -1)
    columns = list(banners) or [Banner("", "", (), empty)]
    places = [
        (q, part, b) for q, one in enumerate(questions) for part in range(len(one.codes)) for b in range(len(columns))
    ]
    groups = [np.where(b.codes < 0, len(b.levels), b.codes).astype(np.int32) for b in columns]
    asked = (_ask(questions[q], part, columns[b], groups[b], inside) for q, part, b in places)
    made, tests, bases, gathered = [], [], [], []
    for (q, part, b), sums in zip(places, found(survey.engine, survey.design, asked), strict=True):
        one = questions[q]
        table = _Table(one, len(columns[b].levels), sums, settings)
        if part == 0:
            bases.append((q, b, table.bases()))
            if settings.test and table.C > 1:
                tests.append((q, b, *table.test()))
        made.append((q, b, part if one.kind == "set" else 0, len(table.shown), table.C + 1, one.kind != "mean"))
        gathered.append(table.cells())
    return Numbers(_finished(made, gathered, settings), tests, bases)


def _ask(question, part, banner, column, inside):
    """The cells of one part of a question by a banner."""
    codes, C = question.codes[part], len(banner.levels)
    K = 1 if question.kind == "mean" else 2 if question.kind in ("truth", "set") else len(question.levels)
    group = codes * np.int32(C + 1) + column
    group[~inside | (codes < 0)] = -1
    return Ask(group, K * (C + 1), question.y)


class _Table:
    """One part of a question by one banner."""

    def __init__(self, question: Question, C: int, sums: Found, settings: Settings) -> None:
        self.question, self.sums, self.settings, self.C = question, sums, settings, C
        self.mean, self.K = question.kind == "mean", len(sums.count) // (C + 1)
        self.parts, percent = _parts(self.K, C), "column" if self.mean else settings.percent
        self.shown = [1] if question.kind in ("truth", "set") else list(range(self.K))
        num, den = _average(C) if self.mean else _percentage(self.K, C, percent)
        self.value, self.spread = sums.ratio(num, den)
        self.num, self.den = (part[-len(sums.count) :] for part in (num, den))
        if self.mean:
            self.num = self.den
        degrees = self._degrees(np.hstack([self.parts.columns, self.parts.table]))
        self.by_column, self.nu = degrees[:-1], float(degrees[-1])
        by_row = self._degrees(self.parts.rows)[:, None] if percent == "row" else self.nu
        self.df = np.broadcast_to(self.by_column if percent == "column" else by_row, (self.K, 1 + C))

    def _degrees(self, part) -> Floats:
        return self.sums.degrees(part) if self.settings.df is None else np.full(part.shape[1], self.settings.df)

    def bases(self) -> Floats:
        """Rows, Kish's effective rows (Σ w)² / Σ w² (Kish 1965, 11.7) and weights of the columns, (3, 1 + C)."""
        part, sums = self.parts.columns, self.sums
        n, w, w2 = sums.count @ part, sums.value[-len(part) :] @ part, sums.squares @ part
        return np.array([n, np.divide(w**2, w2, out=np.zeros(len(w)), where=w2 > 0), w])

    def exceeds(self) -> list[list[str]]:
        """Letters of the columns that a cell exceeds, for the rows shown; those of the total are empty."""
        rule, C, shape = self.settings.letters, self.C, (self.K, 1 + self.C)
        if rule is None or C < 2:
            return [[""] * (C + 1) for _ in self.shown]
        value, spread = self.value, self.spread
        if not self.mean and self.settings.percent != "column":
            value, spread = self.sums.ratio(*_percentage(self.K, C, "column"))
        at = self.shown
        value, spread = value.reshape(shape)[at, 1:], spread.reshape(-1, *shape)[:, at, 1:]
        few = (self.sums.count @ self.parts.columns)[1:] < 2
        usable = ~(few | np.isnan(value)) & (self.mean | ((value > EDGE) & (value < 1 - EDGE)))
        p = compared(value, spread, self.by_column[1:], usable, rule.adjust)
        return [["", *row] for row in lettered(value, p, rule.alpha)]

    def test(self) -> tuple:
        """Name, statistic, degrees of freedom and p-value of the test that the columns are alike; NaN where there is none."""
        none = "F", np.nan, (), np.nan
        if self.question.kind == "set" or np.isnan(self.nu):
            return ("", *none[1:])
        count = self.sums.count.reshape(self.K, self.C + 1)[:, : self.C]
        columns = np.flatnonzero(count.sum(axis=0))
        rows = np.flatnonzero(count.sum(axis=1))
        if len(columns) < 2 or (len(rows) < 2 and not self.mean):
            return none
        try:
            name, found = (
                ("F", self._equal(1 + columns)) if self.mean else (self.settings.test, self._independent(rows, columns))
            )
        except (DataError, DesignError):  # cells that are empty, too few degrees of freedom, or no error at all
            return none
        return name, found.statistic, found.df, found.p_value

    def _equal(self, at):
        """Adjusted Wald test that means of columns are the same."""
        off, spread = self.value[at[1:]] - self.value[at[0]], self.spread[:, at[1:]] - self.spread[:, at[:1]]
        return wald(off, spread.T @ spread, self.nu, adjusted=True, of="columns")

    def _independent(self, rows, columns):
        """Rao and Scott's test of the shares of the cells in all, or Wald's of their totals."""
        cells, name = (rows[:, None] * (self.C + 1) + 1 + columns).ravel(), str(self.settings.test)
        num, den = _percentage(self.K, self.C, "total")
        num, den, of_shares = num[:, cells], den[:, cells], name in ("F", "Chisq")
        test, (p, spread) = (pearson, self.sums.ratio(num, den)) if of_shares else (koch, self.sums.total(num))
        n, p = int(self.sums.count @ self.parts.table[:, 0]), p.reshape(len(rows), len(columns))
        return test(p, spread.T @ spread, self.nu, n, name, "no error")

    def cells(self) -> tuple:
        """estimate, se, df, n, count (shown rows × columns, flat), and letters."""
        at, shape, count = self.shown, (self.K, 1 + self.C), self.sums.count
        value, se = self.value, np.sqrt(np.einsum("sm,sm->m", self.spread, self.spread))
        numbers = [part.reshape(shape)[at].ravel() for part in (value, se, self.df, count @ self.den, count @ self.num)]
        return (*numbers, [text for row in self.exceeds() for text in row])


def _finished(made, gathered, settings):
    """The cells of all tables, with what they are cells of, and their intervals."""
    *parts, letters = zip(*gathered, strict=True)
    value, se, df, n, count = map(np.concatenate, parts)
    c: dict[str, Any] = {"exceeds": np.array([text for part in letters for text in part], dtype=object)}
    question, banner, first, K, C, share = map(np.array, zip(*made, strict=True))
    size = K * C
    within = np.arange(len(value)) - np.repeat(np.cumsum(size) - size, size)
    wide, share = np.repeat(C, size), np.repeat(share, size)
    c |= {"question": np.repeat(question, size), "banner": np.repeat(banner, size), "share": share}
    c |= {"level": np.repeat(first, size) + within // wide, "column": within % wide}
    whole = share & (c["column"] == 0) & (settings.percent == "row")  # the total of a row, which is all of it
    edge = np.round(value)
    value = np.where(share & (np.abs(value - edge) <= EDGE), edge, value)
    se = np.where(share & ((value == 0) | (value == 1)), 0.0, se)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where(se > 0, value * (1 - value) / se**2, n)
    effective = np.where(share & (n > 0), effective, np.nan)
    c |= {
        "estimate": value,
        "se": se,
        "df": np.where(whole, np.nan, df),
        "n": n.astype(np.int64),
        "count": count.astype(np.int64),
    }
    return c | {"effective_n": effective} | _intervals(c, settings)


def _intervals(c, settings):
    """Lower and upper ends, NaN where there is no error."""
    value, se, df, share = (c[name] for name in ("estimate", "se", "df", "share"))
    lower, upper = np.full(len(value), np.nan), np.full(len(value), np.nan)
    good = ~(np.isnan(value) | np.isnan(se) | np.isnan(df)) & (c["n"] > 0)
    at = good & ~share
    lower[at], upper[at] = intervals.wald_interval(value[at], se[at], settings.level, df[at])
    at = good & share
    if at.any():
        lower[at], upper[at] = intervals.proportion_interval(
            value[at], se[at], settings.ci, settings.level, df[at], c["n"][at]
        )
    return {"lower": lower, "upper": upper}
