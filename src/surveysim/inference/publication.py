"""Rules of publication: which estimates may be printed, which need a second look, and which are hidden.

NCHS: Parker, Talih, Malec et al. (2017), National Center for Health Statistics data presentation standards for proportions, Vital Health
Stat 2(175). Coefficients of variation: Statistics Canada (2010), Survey methods and practices, 12-587-X; Australian Bureau of
Statistics, relative standard errors of 25 and 50 %.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Floats, OwnKind, Pathname, Truths
from ..display import Shown, csv_text
from ..errors import DataError
from ..naming import did_you_mean
from ..tables import in_kind
from ..writing import write_text
from .intervals import proportion_interval

NAMES = ("nchs", "statcan", "abs", "minimum=10", "rse=25/50", "cv=16.6/33.3")
THRESHOLDS = ("n", "count", "effective_n", "df", "rse", "width", "relative_width")
BEYOND = "not a proportion: no NCHS 2017 standard"
HIDES = ("estimate", "se", "lower", "upper", "moe", "deff")


@dataclass(frozen=True)
class Facts:
    """What rules look at, (rows,) each: estimates and errors as shares, respondents in the denominator, degrees of freedom.

    share : whether a row is a proportion. effective_n : p (1 - p) / se², if known. count : rows in the cell, if known.
    """

    estimate: np.ndarray
    se: np.ndarray
    n: np.ndarray
    df: np.ndarray
    level: float
    share: np.ndarray
    effective_n: np.ndarray | None = None
    count: np.ndarray | None = None

    @property
    def rse(self) -> Floats:
        """Relative standard errors in percent; infinite where the estimate is 0 and its error is not."""
        with np.errstate(divide="ignore", invalid="ignore"):
            rse = 100 * self.se / np.abs(self.estimate)
        return np.where((self.estimate == 0) & (self.se == 0), 0.0, rse)

    def effective(self) -> Floats:
        """Effective sizes of proportions, n over the design effect and at most n (n itself at 0 and 1)."""
        p, edge = self.estimate, (self.estimate == 0) | (self.estimate == 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            size = p * (1 - p) / self.se**2
        return np.where(edge, self.n, np.minimum(np.where(np.isnan(size), self.n, size), self.n))

    def widths(self) -> Floats:
        """Widths of Korn and Graubard's intervals of proportions; NaN of others, and where there is no error."""
        result = np.full(len(self.estimate), np.nan)
        good = self.share & np.isfinite(self.estimate) & np.isfinite(self.se) & (self.n > 0) & ~np.isnan(self.df)
        if good.any():
            p = np.clip(self.estimate[good], 0, 1)
            low, high = proportion_interval(p, self.se[good], "korn-graubard", self.level, self.df[good], self.n[good])
            result[good] = high - low
        return result


@dataclass(frozen=True)
class Rule:
    """A rule by its name: `look` gives (hide, review), two lists of (rows that it concerns, why), from `Facts`."""

    name: str
    look: Callable[[Facts], tuple[list, list]]


@dataclass(frozen=True)
class Decision:
    """Which rows (n,) are hidden, and what is said of each."""

    hide: np.ndarray
    flags: np.ndarray


def nchs(facts: Facts) -> tuple[list, list]:
    """Proportions by the standards of 2017; other statistics are not covered by them, which their flag says."""
    share, p = facts.share, facts.estimate
    size, width = facts.effective(), facts.widths()
    with np.errstate(divide="ignore", invalid="ignore"):
        relative, complement = 100 * width / p, 100 * width / (1 - p)
    few, thin = share & (facts.n < 30), share & (size < 30)
    wide, narrow = share & (width >= 0.30), width <= 0.05
    between = share & ~few & ~thin & ~wide & ~narrow
    edge = (p == 0) | (p == 1)
    hide = [
        (few, "n < 30"),
        (thin & ~few, "effective n < 30"),
        (share & np.isnan(width) & ~few & ~thin, "no interval"),
        (wide & ~few & ~thin, "interval of 30 points or more"),
        (between & ~edge & (relative > 130), "interval wider than 130 % of the estimate"),
    ]
    review = [
        (share & edge, "0 or 100 %"),
        (share & (facts.df < 8), "df < 8"),
        (between & ~edge & (complement > 130), "complement: interval wider than 130 %"),
        (~share, BEYOND),
    ]
    return hide, review


def variation(name: str, caution: float, most: float, cautious: str) -> Rule:
    """A rule of relative standard errors in percent: with caution above one, hidden above another."""

    def look(facts):
        rse = facts.rse
        high = (rse > most) | np.isnan(rse)
        return [(high, f"rse > {most:g} %")], [((rse > caution) & ~high, f"{cautious}: rse > {caution:g} %")]

    return Rule(name, look)


def thresholds(given: Mapping[str, Any]) -> Rule:
    """A rule of one's own: the least n, count, effective_n and df; the largest rse and relative_width, in percent, and width, a share."""
    for name, value in given.items():
        if name not in THRESHOLDS:
            raise DataError(
                f"rule: {guards.sight(name)} is no threshold{did_you_mean(name, THRESHOLDS)} There are {', '.join(THRESHOLDS)}."
            )
        guards.number(value, f"rule[{name!r}]", 0)
    if not given:
        raise DataError(f"rule = {{}}: give thresholds, any of {', '.join(THRESHOLDS)}.")

    def look(facts):
        width = facts.widths()
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = 100 * width / facts.estimate
        count = facts.n if facts.count is None else facts.count
        least = {
            "n": facts.n,
            "count": count,
            "effective_n": np.where(facts.share, facts.effective(), facts.n),
            "df": facts.df,
        }
        most = {"rse": facts.rse, "width": width, "relative_width": relative}
        words = {"n": "n", "count": "count", "effective_n": "effective n", "df": "df"}
        hide = [(least[k] < v, f"{words[k]} < {v:g}") for k, v in given.items() if k in least]
        hide += [(most[k] > v, f"{k.replace('_', ' ')} > {v:g}") for k, v in given.items() if k in most]
        return hide, []

    return Rule(" and ".join(f"{k}={v:g}" for k, v in given.items()), look)


def _minimum(name, least):
    def look(facts):
        few, thin = facts.n < least, np.zeros(len(facts.n), bool)
        if facts.count is not None:  # few in the cell, or all but few: then the others are known
            other = facts.n - facts.count
            thin = (facts.count < least) & (facts.count > 0) | facts.share & (other < least) & (other > 0)
        return [(few, f"n < {least:g}"), (thin & ~few, f"count < {least:g}")], []

    return Rule(name, look)


def rules(given: Any) -> list[Rule]:
    """The rules somebody names: one of NAMES (other numbers may stand in theirs), thresholds by name, or a list of these."""
    if isinstance(given, list | tuple):
        if not given:
            raise DataError(f"rule = {guards.sight(given)}: give one of {', '.join(NAMES)}, or thresholds.")
        return [rule for one in given for rule in rules(one)]
    if isinstance(given, Mapping):
        return [thresholds(given)]
    unknown = DataError(
        f"rule = {guards.sight(given)}: choose one of {', '.join(NAMES)} (or with other numbers), thresholds such as "
        f"{{'n': 50, 'rse': 30}}, or a list of these."
    )
    if not isinstance(given, str):
        raise unknown
    known = {
        "nchs": Rule("nchs", nchs),
        "statcan": variation("statcan", 16.6, 33.3, "E"),
        "abs": variation("abs", 25, 50, "*"),
    }
    if given in known:
        return [known[given]]
    word, _, text = given.partition("=")
    try:
        numbers = [float(part) for part in text.split("/")]
    except ValueError:
        raise unknown from None
    if not all(np.isfinite(numbers)) or min(numbers) <= 0:
        raise unknown
    if word == "minimum" and len(numbers) == 1:
        return [_minimum(given, numbers[0])]
    if word in ("rse", "cv") and len(numbers) == 2 and numbers[0] <= numbers[1]:
        return [variation(given, numbers[0], numbers[1], "caution")]
    if word in ("rse", "cv") and len(numbers) == 1:
        return [variation(given, numbers[0], numbers[0], "caution")]
    raise unknown


def decide(given: Sequence[Rule], facts: Facts) -> Decision:
    """What the rules together say of every row; a row is hidden if one of them hides it."""
    hide, words = np.zeros(len(facts.estimate), bool), np.full(len(facts.estimate), "", dtype=object)
    nothing = np.isnan(facts.estimate)
    looked = [rule.look(facts) for rule in given]
    for hides in (True, False):
        for at, why in [part for look in looked for part in look[0 if hides else 1]]:
            at = at & ~nothing & (hides | ~hide)
            words[at] = [f"{old}; {why}" if old else why for old in words[at]]
        hide |= (words != "") & hides
    return Decision(hide, words)


def hidden(values: Any, hide: Truths) -> Floats:
    """Values with some of them missing."""
    return np.where(hide, np.nan, np.asarray(values, dtype=float))


@dataclass(frozen=True)
class Published(Shown):
    """Estimates with those hidden that may not be printed.

    Attributes
    ----------
    table : that of `Estimates`, hidden numbers missing, and `flag`, why; rows to look at have a flag and their numbers.
    rule : its name. hide : (rows,) bool. kind : of the survey's table.
    """

    table: pd.DataFrame
    rule: str
    hide: np.ndarray
    kind: str | None = None

    def to_frame(self) -> OwnKind:
        """The table, of the kind of the survey's."""
        return in_kind(self.table, self.kind)

    def to_csv(self, path: Pathname) -> None:
        """Write the table as CSV; text that a spreadsheet would run as a formula gets an apostrophe in front."""
        write_text(path, csv_text(self.table, number=None))

    def summary(self) -> str:
        """One line: how many estimates may be printed, are to be looked at, and are hidden."""
        flagged = int(((self.table["flag"] != "") & ~self.hide).sum())
        total, gone = len(self.table), int(self.hide.sum())
        return f"{self.rule}: {total - gone:,} of {total:,} estimates to print, {flagged:,} of them flagged; {gone:,} hidden"

    def __repr__(self) -> str:
        names = ["statistic", "variable", "level", "domain", "estimate", "se", "lower", "upper", "n", "flag"]
        shown = self.table[names].to_string(index=False, max_rows=40, na_rep="", float_format=lambda v: f"{v:,.4g}")
        return "\n".join([*map(str.rstrip, shown.splitlines()), self.summary()])

    def _shown(self) -> pd.DataFrame:
        return self.table


def publish(made: Any, rule: Any, complementary: bool) -> Published:
    """`Estimates` by rules of publication; see `Estimates.publish`."""
    given, table = rules(rule), made.to_frame() if made.kind is None else made.table.copy()
    guards.flag(complementary, "complementary")
    factor = np.ones(len(table)) if made.factor is None else made.factor
    share = (table["statistic"] == "proportion").to_numpy()
    numbers = {name: table[name].to_numpy(dtype=float) / factor for name in ("estimate", "se")}
    facts = Facts(
        **numbers, n=table["n"].to_numpy(), df=table["df"].to_numpy(dtype=float), level=made.level, share=share
    )
    found = decide(given, facts)
    hide, flags = found.hide.copy(), found.flags.copy()
    if complementary:
        for at in table[share].groupby(["variable", "domain"], sort=False).indices.values():
            at = np.flatnonzero(share)[at]
            if len(at) > 1 and hide[at].sum() == 1 and abs(facts.estimate[at].sum() - 1) < 1e-9:
                others = at[~hide[at]]
                least = others[np.argmin(facts.estimate[others])]
                hide[least], flags[least] = True, "complementary"
    changed = {name: hidden(table[name], hide) for name in HIDES}
    return Published(table.assign(**changed, flag=flags), ", ".join(one.name for one in given), hide, made.kind)
