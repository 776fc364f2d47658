"""Rao and Scott's tests of independence in a two-way table (1981, JASA 76:221-230; 1984, Ann. Stat. 12:46-60)."""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import linalg

from .. import guards
from ..aliases import Floats
from ..display import Shown
from ..errors import DataError, DesignError
from ..inference import scores
from ..inference.questions import tell
from ..tables import coded, one_name
from . import rao_scott

if TYPE_CHECKING:
    from ..estimation.survey import Survey

STATISTICS = ("F", "Chisq", "Wald", "adjWald")
NONE = 1e-9  # design effects this small are rounding
REMEDY = "some may be empty: use F, or join levels."
NO_ERROR = (
    "the table of {rows!r} and {columns!r} has no error, because the weights were adjusted to all of it or everybody is in the sample; "
    "there is nothing to test."
)


@dataclass(frozen=True, repr=False)
class Independence(Shown):
    """Result of a test.

    Attributes
    ----------
    statistic, df, p_value : the test statistic, its degrees of freedom (two for F statistics) and p-value.
    table : weighted proportions of the cells. name : which statistic. set_aside : rows left out because a variable was missing, by
        variable.

    Examples
    --------
    >>> import pandas as pd, surveysim as ss
    >>> table = pd.DataFrame({"sex": list("ffmm") * 5, "online": ["yes", "no", "yes", "yes"] * 5})
    >>> print(ss.Survey(table).independence("sex", "online"))
    F = 7.037 on 1 and 19 degrees of freedom, p = 0.01571; 20 respondents
    proportions in percent
    sex  yes  no
      f   25  25
      m   50   0
    """

    statistic: float
    df: tuple
    p_value: float
    name: str
    table: pd.DataFrame = field(repr=False)
    n: int = 0
    set_aside: dict = field(default_factory=dict)

    def summary(self) -> str:
        """One line: statistic, degrees of freedom, p-value, respondents."""
        df = " and ".join(f"{d:,.4g}" for d in np.atleast_1d(self.df))
        aside = sum(self.set_aside.values())
        return (
            f"{self.name} = {self.statistic:,.4g} on {df} degrees of freedom, p = {self.p_value:.4g}; {self.n:,} respondents"
            + (f"; {aside:,} rows set aside as missing" if aside else "")
        )

    def __repr__(self) -> str:
        shown = (100 * self.table).rename_axis(columns=None).reset_index()
        text = shown.to_string(index=False, float_format=lambda v: f"{v:,.4g}")
        return f"{self.summary()}\nproportions in percent\n{text}"

    def _shown(self) -> pd.DataFrame:
        return self.table.rename_axis("proportions") if self.table.index.name is None else self.table


def of_table(survey: "Survey", rows: str, columns: str, statistic: str = "F") -> Independence:
    """Test a Survey's table of two categorical columns; see `Survey.independence`."""
    guards.choice(statistic, "statistic", STATISTICS)
    cells, inside, table, aside = _crossed(survey, rows, columns)
    n, engine = int(inside.sum()), survey.engine
    no_error = NO_ERROR.format(rows=rows, columns=columns)
    nu = engine.degrees(cells[0].group, [""])[0]
    if statistic in ("Wald", "adjWald"):
        cells = [scores.block(survey.weight, cell.y, None, cell.group, [""]) for cell in cells]
        value = np.array([cell.value[0] for cell in cells]).reshape(table.shape)
        found = koch(value, engine.item_covariance(cells), nu, n, statistic, no_error)
    else:
        found = pearson(table.to_numpy(), engine.item_covariance(cells), nu, n, statistic, no_error)
    return Independence(found.statistic, found.df, found.p_value, statistic, table, n, aside)


def _crossed(survey, rows, columns):
    """Blocks of the cells of a table of two columns, the rows (n,) that count, their proportions, and the rows set aside by variable."""
    (r, row_labels), (c, column_labels) = (
        coded(survey.data, one_name(name, what)) for name, what in ((rows, "rows"), (columns, "columns"))
    )
    there = survey.inside & (survey.design.weight != 0)
    lost = [(rows, there & (r < 0)), (columns, there & (r >= 0) & (c < 0))]
    aside = {name: int(missing.sum()) for name, missing in lost if missing.any()}
    tell(aside, 5)
    inside = there & (r >= 0) & (c >= 0)
    r, row_labels = _used(r, row_labels, inside)
    c, column_labels = _used(c, column_labels, inside)
    R, C = len(row_labels), len(column_labels)
    if R < 2 or C < 2:
        raise DataError(
            f"the table is {R} × {C}; independence needs at least two levels of {rows!r} and of {columns!r}."
        )
    group, weight = np.where(inside, 0, -1).astype(np.int32), survey.weight
    hits = ((r == i) & (c == j) for i in range(R) for j in range(C))
    cells = [scores.block(weight, hit, scores.NONE, group, [""]) for hit in hits]
    labels = pd.Index(row_labels, name=rows), pd.Index(column_labels, name=columns)
    return cells, inside, pd.DataFrame(np.reshape([cell.value[0] for cell in cells], (R, C)), *labels), aside


def pearson(p: Floats, V: Floats, nu: float, n: int, statistic: str, no_error: str) -> rao_scott.Tested:
    """Pearson's statistic of proportions (R, C) with covariances V, corrected, with degrees of freedom and p-value."""
    (R, C), expected = p.shape, np.outer(p.sum(axis=1), p.sum(axis=0)).ravel()
    p = p.ravel()
    pearson = n * np.sum((p - expected) ** 2 / expected)
    contrast = _interactions(R, C)
    inverse = np.divide(1, p, out=np.zeros(len(p)), where=p > 0)
    middle, cross = contrast * inverse[:, None], (contrast * (inverse / n)[:, None]).T @ contrast
    if not p.all() and np.linalg.matrix_rank(cross) < contrast.shape[1]:
        raise DataError("too many cells of the table are empty for a test; join levels.")
    effects = linalg.eigvalsh(middle.T @ V @ middle, cross)  # generalized design effects
    found = rao_scott.rao_scott(pearson, effects, nu, 1 if statistic == "Chisq" else 2, nothing=no_error)
    return replace(found, statistic=float(pearson), df=(len(effects),)) if statistic == "Chisq" else found


@lru_cache(maxsize=256)
def _interactions(R, C):
    """What main effects do not explain of the interactions of a table, (R C, (R - 1) (C - 1)); kept, since tables are many."""
    main, full = _main_effects(R, C), np.kron(np.eye(R)[:, 1:], np.eye(C)[:, 1:])
    return full - main @ np.linalg.lstsq(main, full, rcond=None)[0]


def _main_effects(R, C):
    """Design matrix (R C, R + C - 1) of the main effects."""
    one = np.ones((R * C, 1))
    return np.hstack([one, np.kron(np.eye(R)[:, 1:], np.ones((C, 1))), np.kron(np.ones((R, 1)), np.eye(C)[:, 1:])])


def koch(T: Floats, V: Floats, nu: float, n: int, statistic: str, no_error: str) -> rao_scott.Tested:
    """Wald's test ("Wald" or "adjWald") of cells' totals (R, C) with covariances V, less those expected, T_ij - T_i. T_.j / T.

    Koch, Freeman & Freeman (1975), Int. Stat. Rev. 43:59-78.
    """
    (R, C), N = T.shape, T.sum()
    row, column = T.sum(axis=1), T.sum(axis=0)
    jacobian = np.zeros(((R - 1) * (C - 1), R * C))
    for a in range(R - 1):
        for b in range(C - 1):
            of = jacobian[a * (C - 1) + b].reshape(R, C)
            of += row[a] * column[b] / N**2
            of[a, :] -= column[b] / N
            of[:, b] -= row[a] / N
            of[a, b] += 1
    y = (T - np.outer(row, column) / N)[:-1, :-1].ravel()
    V = jacobian @ V @ jacobian.T
    rest = (1 - row / N)[:-1, None] * (1 - column / N)[None, :-1]
    srs = np.outer(row, column)[:-1, :-1] * rest / n  # under simple random sampling of independent rows and columns
    if not np.any(np.diag(V) > NONE * srs.ravel()):
        raise DesignError(no_error)
    return rao_scott.wald(y, V, nu, adjusted=statistic == "adjWald", beside=srs.ravel(), of="cells", remedy=REMEDY)


def _used(codes, labels, inside):
    used = np.unique(codes[inside])
    place = np.full(len(labels) + 1, -1)
    place[used] = np.arange(len(used))
    return place[codes], [labels[k] for k in used]
