"""Changes and averages over the levels of one column that estimates were asked by, such as the waves of a survey."""

import itertools
import re
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from .. import guards
from ..errors import DataError, SurveysimWarning

if TYPE_CHECKING:
    from .estimates import Estimates

PIECES = re.compile(r", (?=[^,=]+=)")  # between the parts of "province=11, sex=female"


class OverTime:
    """Methods of `Estimates` that compare and join the levels of a column in their domains."""

    def change(
        self, base: Any = None, relative: bool = False, along: str = "wave", df: float | None = None
    ) -> "Estimates":
        """Changes between waves, with the covariance between them.

        Parameters
        ----------
        base : the wave that all others are compared with; None compares each with the one before.
        relative : changes as shares of the earlier estimate, now / before - 1, by the delta method.
        along : the column of `by` that says which wave it is; any other that estimates were asked by will do.
        df : degrees of freedom; None takes the smaller one of the two.

        Returns
        -------
        Estimates, a row for each pair of estimates that differ in nothing but the wave; its domain is such as "wave=2024-12 - 2023-12".

        References
        ----------
        Kish (1965), Survey Sampling, section 12.4; Wolter (2007), Introduction to Variance Estimation, ch. 6 (the delta method).

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"year": [1, 1, 1, 2, 2, 2], "village": list("abcabc"), "y": [2, 3, 4, 3, 4, 6]})
        >>> means = ss.Survey(table, psu="village").mean("y", by="year")
        >>> print(means.change(along="year"))
        statistic variable level     domain  estimate     se   lower  upper  df  n   moe
           change        y       year=2 - 1     1.333 0.3333 -0.1009  2.768   2  6 1.434
        >>> means.change(relative=True, along="year").table[["estimate", "se"]].round(3).values.tolist()
        [[0.444, 0.057]]
        """
        return change(cast("Estimates", self), base, relative, along, df)

    def average(self, weights: Any = None, along: str = "wave", df: float | None = None) -> "Estimates":
        """Averages over waves, with the covariance between them.

        weights : {wave: weight} or one number for each; they are divided by their sum. None weighs all alike. along, df : as in `change`.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"year": [1, 1, 1, 2, 2, 2], "village": list("abcabc"), "y": [2, 3, 4, 3, 4, 6]})
        >>> means = ss.Survey(table, psu="village").mean("y", by="year")
        >>> means.average({1: 1, 2: 3}, along="year").table[["estimate", "se"]].round(3).values.tolist()
        [[4.0, 0.804]]
        """
        return average(cast("Estimates", self), weights, along, df)


def change(e: "Estimates", base: Any, relative: bool, along: str, df: float | None) -> "Estimates":
    """See `Estimates.change`."""
    guards.flag(relative, "relative")
    families, levels = _families(e, along)
    if base is not None and str(base) not in levels:
        raise DataError(f"base = {guards.sight(base)}: give one of {', '.join(map(repr, levels))}, or None.")
    pairs = (
        list(itertools.pairwise(levels))
        if base is None
        else [(str(base), level) for level in levels if level != str(base)]
    )
    found, alone = [], 0
    for family, rows in families.items():
        for before, now in pairs:
            if before not in rows or now not in rows:
                alone += before in rows or now in rows
                continue
            name = family.domain(f"{now} - {before}")
            found.append(_change(e, rows[before], rows[now], relative, df) | {"domain": name})
    _tell(alone, found, along)
    return _joined(e, found, "relative change" if relative else "change")


def average(e: "Estimates", weights: Any, along: str, df: float | None) -> "Estimates":
    """See `Estimates.average`."""
    families, levels = _families(e, along)
    share = _shares(weights, levels)
    found, alone = [], 0
    for family, rows in families.items():
        if not all(level in rows for level in share):
            alone += 1
            continue
        one = e.contrast({rows[level]: value for level, value in share.items()}, df)
        found.append(_row(e, one, rows[next(iter(share))]) | {"domain": family.domain("")})
    _tell(alone, found, along)
    return _joined(e, found, "average")


class Family:
    """Rows that differ in nothing but the level of one column."""

    def __init__(self, key: tuple[Any, ...], pieces: list[str], at: int, along: str) -> None:
        self.key, self._pieces, self._at, self._along = key, pieces, at, along

    def domain(self, level: str) -> str:
        """The domain with another text for the level, without it where that is empty."""
        pieces = list(self._pieces)
        pieces[self._at : self._at + 1] = [f"{self._along}={level}"] if level else []
        return ", ".join(pieces)


def _families(e, along):
    """{Family: {level: row}} of the rows that have a level of the column, and all levels in their order."""
    families: dict[Any, tuple[Family, dict[str, int]]] = {}
    columns = [e.columns[name] for name in ("statistic", "variable", "level", "domain")]
    for row, (statistic, variable, level, domain) in enumerate(zip(*columns, strict=True)):
        pieces = PIECES.split(domain)
        at = next((k for k, piece in enumerate(pieces) if piece.startswith(f"{along}=")), None)
        if at is None:
            continue
        key = statistic, variable, level, tuple(pieces[:at]), tuple(pieces[at + 1 :])
        _, rows = families.setdefault(key, (Family(key, pieces, at, along), {}))
        rows[pieces[at][len(along) + 1 :]] = row
    by_length = sorted((rows for _, rows in families.values()), key=len, reverse=True)
    levels = list(dict.fromkeys(level for rows in by_length for level in rows))
    if len(levels) < 2:
        raise DataError(
            f"{'no estimate is' if not levels else 'all estimates are'} of one {along}; ask by={along!r} for estimates of each, and "
            f"say along= if the column has another name."
        )
    return dict(families.values()), levels


def _change(e, before, now, relative, df):
    """Columns of one change, its row in the table and what it is made of."""
    if not relative:
        return _row(e, e.contrast({now: 1, before: -1}, df), now)
    a, b = (float(e.columns["estimate"][k]) for k in (before, now))
    if a == 0:
        raise DataError(
            f"the estimate of row {before} is 0, so a change relative to it is not defined; ask for the change itself."
        )
    one = _row(e, e.contrast({now: 1 / a, before: -b / a**2}, df), now)
    for name in ("estimate", "lower", "upper"):  # the linear part is 0 at the estimates
        one[name] = one[name] + b / a - 1
    return one


def _row(e, one, row):
    """The columns of a contrast, called as a row of the table is."""
    found = {name: values[0] for name, values in one.columns.items()}
    return found | {"variable": e.columns["variable"][row], "level": e.columns["level"][row], "item": one.items[0]}


def _shares(weights, levels):
    """{level: weight}, which sum to 1."""
    if weights is None:
        return dict.fromkeys(levels, 1 / len(levels))
    if not isinstance(weights, Mapping):
        given = guards.number_array(weights, "weights", shape=(len(levels),), remedy=f"One for each of {levels}.")
        weights = dict(zip(levels, given.tolist(), strict=True))
    share = {str(level): value for level, value in weights.items()}
    unknown = [level for level in share if level not in levels]
    if unknown:
        raise DataError(f"weights: {unknown[0]!r} is none of {', '.join(map(repr, levels))}.")
    for level, value in share.items():
        guards.number(value, f"weights: the weight of {level!r}", 0.0)
    total = sum(share.values())
    if not total > 0:
        raise DataError("weights: all are 0; give at least one above 0.")
    return {level: value / total for level, value in share.items() if value > 0}


def _tell(alone, found, along):
    """Warn of rows that have no partner; refuse if none has one."""
    if not found:
        raise DataError(f"no estimate is there for two levels of {along!r} with the same variable, level and domain.")
    if alone:
        warnings.warn(
            f"{alone} estimates have no partner at another level of {along!r}, and no change or average.",
            SurveysimWarning,
            stacklevel=4,
        )


def _joined(e, found, statistic):
    """Estimates of the rows found."""
    columns = {name: [one[name] for one in found] for name in e.columns}
    columns["statistic"] = [statistic] * len(found)
    numeric = {name: np.array(columns[name]) for name in ("estimate", "se", "lower", "upper", "df", "deff", "moe")}
    columns |= numeric | {"n": np.array(columns["n"], np.int64)}
    return type(e)(columns, tuple(one["item"] for one in found), e.design, e.level, e.set_aside, kind=e.kind)
