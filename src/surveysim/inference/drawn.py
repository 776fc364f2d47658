"""Tables of estimates as pictures: which rows stand together, what they are called, what tells them apart."""

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import guards
from ..errors import DataError
from ..pictures import estimates as pictures
from ..pictures.style import words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = ("points", "forest", "trend")
SERIES = 6  # things that colours and marks tell apart
ONES = re.compile(r"([+-])1·\[(.*?)\]")
NAMES = re.compile(r"(?:^|, )([^=,]+)=")


class Drawn:
    """A result whose `table` has the columns estimate, lower and upper, at `level`; others say what its rows are."""

    table: pd.DataFrame
    level: float

    def plot(
        self,
        kind: str = "points",
        *,
        along: str = "wave",
        at: float | None = None,
        title: str = "",
        lang: str = "en",
        ax: "Axes | None" = None,
    ) -> "Axes":
        """A picture of the estimates with their intervals, on a matplotlib Axes.

        Parameters
        ----------
        kind : "points", rows by domain, level and variable; "forest", differences with their numbers, hollow where the interval holds
            `at` (0); "trend", over the waves of a domain column.
        along : the column of `by` that has the waves of a trend; waves that are numbers or dates keep their distances.
        at : a value to draw a line at. title : text above the picture. lang : "en" or "zh". ax : Axes to draw on; None makes them.

        Returns
        -------
        Axes. `surveysim.pictures.alt` gives what it shows in a sentence, `surveysim.pictures.save` writes it.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"y": [1, 3, 2, 4], "region": list("nnss")})
        >>> means = ss.Survey(table).mean("y", by="region")
        >>> [text.get_text() for text in means.plot().get_yticklabels()]
        ['n', 's']
        """
        guards.choice(kind, "kind", KINDS)
        text = words(lang)
        values = _values(self.table)
        factor = 100.0 if _shares(self) else 1.0
        rows = _Rows(self.table, values * factor)
        axis = rows.axis(text)
        how: dict[str, Any] = {"level": self.level, "title": title, "lang": lang, "ax": ax}
        line = None if at is None else guards.number(at, "at")
        if kind == "forest":
            groups, labels, series = rows.one_by_one()
            return pictures.forest(groups, labels, series, axis, at=0.0 if line is None else line, **how)
        if kind == "trend":
            return pictures.trend(*rows.over(along), axis, **how)
        return pictures.intervals(*rows.together(), axis, at=line, **how)


def _values(table):
    """Estimates and bounds (k, 3) of a table."""
    missing = [name for name in ("estimate", "lower", "upper") if name not in table]
    if missing or not len(table):
        raise DataError(
            f"there is nothing to draw: the table has {len(table)} rows and no column {', '.join(missing)}."
        )
    return table[["estimate", "lower", "upper"]].to_numpy(dtype=float)


def _plain(domain):
    """The name of a contrast without coefficients of 1: a − b."""
    return (
        ONES.sub(lambda m: {"+": "+ ", "-": "− "}[m[1]] + m[2], domain).removeprefix("+ ") if "·[" in domain else domain
    )


def _shares(result):
    """Whether the rows are proportions that are not in percent yet."""
    table = result.table
    return (
        "statistic" in table
        and bool((table["statistic"] == "proportion").all())
        and getattr(result, "factor", None) is None
    )


class _Rows:
    """What the rows of a table are called.

    items : (variable, level) of each row. names, domains : the columns of its domains, and each row's values of them.
    """

    def __init__(self, table: pd.DataFrame, values: Any) -> None:
        self.table, self.values = table, values
        texts = [c for c in table.columns if not pd.api.types.is_numeric_dtype(table[c])]
        columns = {
            c: table[c].astype(str).tolist() if c in table else [""] * len(table)
            for c in ("variable", "level", "domain")
        }
        if not any(any(column) for column in columns.values()):  # a table of another kind: its texts are its names
            joined = table[texts].astype(str).agg(", ".join, axis=1) if texts else table.index.astype(str)
            columns["domain"] = list(joined)
        several = len(set(columns["variable"])) > 1  # the True of truth values needs no name where the variable has one
        levels = ["" if several and level == "True" else level for level in columns["level"]]
        self.items = list(zip(columns["variable"], levels, strict=True))
        contrast = any("·[" in domain or "`" in domain or " − " in domain for domain in columns["domain"])
        columns["domain"] = [_plain(domain) for domain in columns["domain"]]
        found = {() if contrast else tuple(NAMES.findall(domain)) for domain in columns["domain"]}
        self.names = found.pop() if len(found) == 1 else ()
        parts = [NAMES.split(d)[2::2] if self.names else [d] for d in columns["domain"]]
        self.domains = [tuple(part) for part in parts]

    def axis(self, text: Any) -> str:
        """What the numbers are."""
        statistics = set(self.table["statistic"]) if "statistic" in self.table else {"estimate"}
        one = next(iter(statistics)) if len(statistics) == 1 else "estimate"
        variables = {variable for variable, _ in self.items}
        only = next(iter(variables)) if len(variables) == 1 else ""
        return " · ".join(part for part in (text.get(one, one), only) if part)

    def one_by_one(self) -> tuple[list[str], list[str], Any]:
        """Headings, names and values of the rows as they stand."""
        headings, labels = [], []
        several = len(set(self.items)) > 1
        for (variable, level), domain in zip(self.items, self.domains, strict=True):
            where = ", ".join(domain)
            headings.append(variable if several and (level or where) else "")
            labels.append(", ".join(part for part in (level, where) if part) or variable)
        return headings, labels, self.values

    def together(self) -> tuple[list[str], list[str], dict[str, Any]]:
        """Headings and names of rows, and series that share them: the shorter of items and domains, where it is short enough."""
        items, domains = list(dict.fromkeys(self.items)), list(dict.fromkeys(self.domains))
        by = [", ".join(d) for d in domains]
        if len(items) == 1 or len(domains) > SERIES >= len(items) > 1:
            deep = len(self.names) > 1
            groups = [d[0] if deep else ", ".join(self.names) for d in domains]
            labels = [", ".join(d[1:]) if deep else ", ".join(d) for d in domains]
            if len(domains) == 1 and not by[0]:
                groups, labels = [items[0][0] if items[0][1] else ""], [items[0][1] or items[0][0]]
            return groups, labels, {self._item(i, items): self._at(item=i, rows=domains) for i in items}
        if len(domains) > SERIES:
            groups, labels, values = self.one_by_one()
            return groups, labels, {"": values}
        several = len({variable for variable, _ in items}) > 1
        groups = [variable if level and several else "" for variable, level in items]
        labels = [level or variable for variable, level in items]
        return groups, labels, {name: self._at(domain=d, rows=items) for d, name in zip(domains, by, strict=True)}

    def over(self, along: str) -> tuple[list[str], dict[str, Any]]:
        """Waves, and the series that go over them."""
        if not isinstance(along, str) or along not in self.names:
            raise DataError(
                f"along = {guards.sight(along)}: the domains are by {', '.join(self.names) or 'nothing'}. Ask with by={along!r}, or say "
                f"which column has the waves."
            )
        k = self.names.index(along)
        waves = list(dict.fromkeys(d[k] for d in self.domains))
        rest = [(item, d[:k] + d[k + 1 :]) for item, d in zip(self.items, self.domains, strict=True)]
        items, several = list(dict.fromkeys(self.items)), len(set(self.items)) > 1
        series = {}
        for item, others in dict.fromkeys(rest):
            name = ", ".join(part for part in (self._item(item, items) if several else "", *others) if part)
            series[name] = np.full((len(waves), 3), np.nan)
        for (item, others), d, value in zip(rest, self.domains, self.values, strict=True):
            name = ", ".join(part for part in (self._item(item, items) if several else "", *others) if part)
            series[name][waves.index(d[k])] = value
        return waves, series

    def _item(self, item, items):
        """A variable and level by what of it tells it from the others."""
        variable, level = item
        if len({v for v, _ in items}) == 1:
            return level or variable
        return f"{variable}: {level}" if level else variable

    def _at(self, rows, item=None, domain=None):
        """Values (len(rows), 3) of an item in domains, or a domain's in items; NaN where there are none."""
        found = np.full((len(rows), 3), np.nan)
        for of, where, value in zip(self.items, self.domains, self.values, strict=True):
            if item in (None, of) and domain in (None, where):
                found[rows.index(where if item is not None else of)] = value
        return found
