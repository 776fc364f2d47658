"""What a calibration gives: weights, how they came about, and what variance estimation and replicates need of it."""

import itertools
import warnings
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Floats, OwnKind, Table, Values
from ..display import Shown
from ..errors import DataError, SurveysimWarning
from ..tables import column_names, framed, is_file, numbers_of, rows_of, same_index
from .cells import refuse_unsquared, spread
from .distances import Goal
from .drawn import Drawn
from .problem import Problem
from .rows import COPIED, refuse_other_rows
from .solution import solve

DOMINANT = 0.25  # share of all weight above which one respondent is warned of, if it is also
TIMES_MEAN = 2.5  # this many times the mean weight


@dataclass(frozen=True, eq=False, repr=False)
class Calibration(Drawn, Shown):
    """Calibrated weights and how they came about.

    Attributes
    ----------
    weight, g : (n,) final weights in the totals' unit, and their ratio to the initial ones.
    reading : "totals" or "shares", how the margins were read.
    converged : bool, always True (a calibration that does not converge raises).
    iterations : sweeps or steps, the most of any partition.
    max_gap : largest relative gap between a margin recomputed from `weight` and its total.
    deff_kish : 1 + cv² of the weights. margins : table partition, margin, level, target, before, after, respondents.
    links : what `Survey` needs to give the calibrated variance: the chain from the initial weights (`weighting.constraints`).
    rescaled : {margin: factor} of the margins that were made to follow another one.
    reconciled, missed : tables of totals that were changed to agree, and of those that were not met, where that was asked for; else None.
    problem, goal : what was calibrated to what. least : the smallest factor, where factors may be negative. at_bound : (n,) rows held
        at a bound by trimming, or None.
    replay : function from other initial weights (n,) to the weights; None where they depend on the rows' cells alone.
    final : the weights themselves; `weight` is a copy of them. index, made_of : of the table, and its columns as they were.

    `made` are `g`, `margins` and `links`, or functions that give them when they are first asked for.

    Examples
    --------
    >>> import pandas as pd, surveysim as ss
    >>> table = pd.DataFrame({"sex": ["m", "f", "f", "f"]})
    >>> calibration = ss.rake(table, {"sex": {"m": 60, "f": 60}}, weight=[10, 10, 10, 20])
    >>> calibration.weight.round(6).tolist()
    [60.0, 15.0, 15.0, 30.0]
    >>> calibration.g.round(6).tolist()
    [6.0, 1.5, 1.5, 1.5]
    >>> calibration.margins[["level", "target", "before", "after", "respondents"]].values.tolist()
    [['m', 60.0, 10.0, 60.0, 1], ['f', 60.0, 40.0, 60.0, 3]]
    """

    final: np.ndarray
    iterations: int
    max_gap: float
    made: dict[str, Any]
    problem: Problem
    goal: Goal
    least: float = 0.0
    at_bound: np.ndarray | None = None
    replay: Callable[[Floats, Floats | None], Floats] | None = None
    rescaled: dict = field(default_factory=dict)
    reconciled: pd.DataFrame | None = None
    missed: pd.DataFrame | None = None
    index: Any = None
    made_of: Any = None
    converged = True

    @classmethod
    def of(cls, problem: Problem, goal: Goal, **known: Any) -> "Calibration":
        """Calibrate a problem; `known` are `index`, `made_of` and `rescaled` of the result."""
        factor, steps, gap = solve(problem, goal)
        cells = problem.cells
        weight, largest = spread(cells.cell, factor, problem.base, problem.n)
        least = 0.0
        if goal.distance.lower < 0:
            largest, least = float(weight.max()), float(factor[cells.weight > 0].min())
        elif problem.base is None:
            largest = float(factor[cells.weight > 0].max())  # factors of empty cells mean nothing
        warn_of_dominance(weight, largest, float(np.einsum("i,i->", cells.weight, factor)))
        made = {
            "g": partial(np.take, factor, cells.cell),
            "margins": partial(problem.table, factor, goal.total),
            "links": partial(problem.links, factor, goal.total if goal.reading == "shares" else None),
        }
        return cls(weight, steps, gap, made, problem, goal, least, **known)

    def _made(self, name: str) -> Any:
        given = self.made[name]
        return given() if callable(given) else given

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"made_of": None}  # a look at the table that only saves time

    def __repr__(self) -> str:
        return f"<Calibration: {self.summary()}>"

    @property
    def reading(self) -> str:
        return self.goal.reading

    @property
    def weight(self) -> Floats:
        given = self.final.copy()
        remember(given)
        return given

    @cached_property
    def g(self) -> Floats:
        return self._made("g")

    @cached_property
    def margins(self) -> pd.DataFrame:
        return self._made("margins")

    @cached_property
    def links(self) -> tuple[Any, ...]:
        return self._made("links")

    @cached_property
    def deff_kish(self) -> float:
        return deff_kish(self.final)

    @property
    def effective_n(self) -> float:
        """Respondents over `deff_kish`: the size of an equally weighted sample of the same precision."""
        return np.count_nonzero(self.final) / self.deff_kish

    def deff_henry(self, y: Values) -> float:
        """Henry and Valliant's design effect of calibrated weights for one variable, y (n,).

        The variance of the calibrated total under single-stage sampling with replacement, n/(n-1) Σ (w u)² about its mean,
        over that of an expanded simple random sample, N̂² s² / n. u are residuals on the calibration variables, so that a
        variable the margins explain has a small one, whatever Kish's factor says (Henry & Valliant 2015, Surv. Methodol.
        41:315-331).

        Examples
        --------
        Raking to a margin that explains y leaves nothing of its variance.

        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"sex": ["m", "f", "f", "f"], "y": [1, 0, 0, 0], "z": [0, 1, 1, 0]})
        >>> calibration = ss.rake(table, {"sex": {"m": 60, "f": 60}})
        >>> [round(float(calibration.deff_henry(table[name])), 3) for name in ("y", "z")]
        [0.0, 0.333]
        """
        w = self.final
        if self.index is not None:
            same_index(y, self.index, "y")
        y = guards.number_array(y, "y", shape=w.shape, remedy="Give the values themselves, one per weight.")
        refuse_unsquared(w)
        refuse_unsquared(self.base(len(w)), "initial weights")
        n, N = np.count_nonzero(w), w.sum()  # rows of weight 0 are no interviews
        u = y[None, :].copy()
        for link in reversed(self.links):
            u, _ = link.residuals(u)
        u = (self.base(len(w)) * u[0])[w != 0]
        spread = n / (n - 1) * np.sum(w * (y - np.sum(w * y) / N) ** 2) / N
        if not spread > 0:
            raise DataError("y does not vary, so it has no design effect.")
        return float(n / (n - 1) * np.sum((u - u.mean()) ** 2) / (N**2 * spread / n))

    def base(self, n: int) -> Floats:
        """Initial weights (n,)."""
        return np.ones(n) if self.problem.base is None else self.problem.base

    @property
    def on_cells(self) -> bool:
        """Whether the calibration depends on a row through its margin cell alone."""
        return self.replay is None and self.problem.on_cells

    def again(self, base: Floats, copied: Floats | None = None) -> Floats:
        """Weights (n,) of the same calibration from other initial weights, for replicates.

        copied : (n,) how many respondents a row stands for, which trims ask; `base` over the sample's initial weights unless given. Where
        other adjustments came before it has to be given.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"sex": ["m", "f", "f"]})
        >>> calibration = ss.poststratify(table, {"sex": {"m": 60, "f": 60}})
        >>> calibration.again([1.0, 1.0, 2.0]).tolist()
        [60.0, 20.0, 40.0]
        """
        if self.index is not None:
            same_index(base, self.index, "base")
        base = numbers_of(None, base, self.problem.n, "base", own=False)
        if self.problem.base is not None:
            base = np.where(self.problem.base > 0, base, 0.0)  # who was left out stays out
        copied = (
            None if copied is None else guards.number_array(copied, "copied", shape=(self.problem.n,), remedy=COPIED)
        )
        if self.replay is not None:
            return self.replay(base, copied)
        problem = self.problem.reweighted(base)
        goal = self.goal if self.reading == "totals" else self.goal.following(problem.sums, self.problem.sums)
        factor, _, _ = solve(problem, goal)
        return base * factor[problem.cells.cell]

    def add_to(self, data: Table, name: str = "calibrated_weight") -> OwnKind:
        """A copy of the table, of its own kind (pandas, polars, pyarrow), with the weights as a further column.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"sex": ["m", "f", "f"]})
        >>> ss.poststratify(table, {"sex": {"m": 50, "f": 50}}).add_to(table, "w").values.tolist()
        [['m', 50.0], ['f', 25.0], ['f', 25.0]]
        """
        import narwhals as nw

        rows_of(data), column_names(data)  # or it is no table
        if is_file(data):
            raise DataError("a file gets its weights with file.write(path, {name: (calibration.weight, label)}).")
        if not isinstance(name, str) or not name:
            raise DataError(f"name = {guards.sight(name)}: give the new column a name.")
        if len(data) != len(self.final):
            raise DataError(f"the table has {len(data)} rows; there are {len(self.final)} weights.")
        if name in column_names(data):
            raise DataError(f"the table has a column {name!r} already; give another name.")
        refuse_other_rows(data, self)
        if isinstance(data, pd.DataFrame):
            return data.assign(**{name: self.final})
        frame = framed(data)
        column = nw.new_series(name, self.final, backend=frame.implementation)
        return frame.with_columns(column).to_native()

    def extreme(self, n: int = 10) -> pd.DataFrame:
        """The `n` largest weights: row, weight, g, share of the sum in percent.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"sex": ["m", "f", "f", "f"]})
        >>> print(ss.poststratify(table, {"sex": {"m": 60, "f": 60}}).extreme(2))
           row  weight     g      share
        0    0    60.0  60.0  50.000000
        1    1    20.0  20.0  16.666667
        """
        row = np.argsort(-self.final, kind="stable")[: guards.whole_number(n, "n", 1)]
        share = 100 * self.final[row] / self.final.sum()
        return pd.DataFrame({"row": row, "weight": self.final[row], "g": self.g[row], "share": share})

    def summary(self) -> str:
        """One line: steps, largest gap, range of g, Kish's design effect, effective n.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"sex": ["m", "f"]})
        >>> print(ss.poststratify(table, {"sex": {"m": 10, "f": 30}}).summary())
        calibrated 2 weights in 1 steps, largest gap 0.0e+00; g from 10.000 to 30.000, Kish deff 1.250, effective n 2
        """
        n = len(self.final)
        return (
            f"calibrated {n:,} weights in {self.iterations} steps, largest gap {self.max_gap:.1e}; g from {self.g.min():.3f} to "
            f"{self.g.max():.3f}, Kish deff {self.deff_kish:.3f}, effective n {self.effective_n:,.0f}"
            + ("; margins read as shares of the initial weights' sum" if self.reading == "shares" else "")
            + "".join(f"; {name} rescaled by {factor:.6g}" for name, factor in self.rescaled.items())
            + ("" if self.reconciled is None else f"; {_moved(self.reconciled, 'change')} to agree")
            + ("" if self.missed is None else f"; {_moved(self.missed, 'gap')} from what was wanted")
        )

    def _shown(self) -> pd.DataFrame:
        return self.margins

    def _margins_drawn(self):
        return self.margins

    def _weights_by_name(self, text):
        return {text["initial"]: self.base(len(self.final)), text["final"]: self.final}


def _moved(table, column):
    """How many totals were moved, and how far."""
    if len(table) == 0:
        return "no total moved"
    return f"{len(table)} totals moved by up to {100 * table[column].abs().max():.3g} %"


_TAKEN_OUT = weakref.WeakValueDictionary()  # arrays of calibrated weights that were given out and still exist
_NUMBERS = itertools.count()


def remember(weight: Floats) -> None:
    """Know an array of calibrated weights again, so that `Survey` can warn where it comes alone."""
    _TAKEN_OUT[next(_NUMBERS)] = weight


def warn_if_bare(weight: object, stacklevel: int = 3) -> None:
    """Warn once where calibrated weights arrive as a bare array, without the constraints their variance needs."""
    for known in _TAKEN_OUT.valuerefs():  # one step: items() meets what other threads remember meanwhile
        if known() is weight:
            _TAKEN_OUT.pop(known.key, None)
            warnings.warn(
                "these weights were taken out of a Calibration, so the standard errors will ignore that they were calibrated. Pass the "
                "Calibration (or the Weights of a recipe) itself as weight=.",
                SurveysimWarning,
                stacklevel=stacklevel,
            )
            return


def warn_of_dominance(weight: Floats, largest: float, whole: float) -> None:
    """Say so where one respondent stands for a large part of everybody."""
    share = largest / whole if whole > 0 else 0.0
    if share < DOMINANT:
        return
    n = np.count_nonzero(weight)
    if share * n >= TIMES_MEAN:
        deff = deff_kish(weight)
        warnings.warn(
            f"one respondent (row {int(np.argmax(weight))}) carries {100 * share:.3g} % of all weight: Kish deff {deff:.3g}, "
            f"effective n {n / deff:,.1f} of {n:,}. Check that row, merge levels, or bound g.",
            SurveysimWarning,
            stacklevel=4,
        )


def deff_kish(weight: Floats) -> float:
    """Kish's (1965) design effect of weighting, 1 + cv² = n Σw² / (Σw)²; rows without weight are no interviews."""
    weight = np.asarray(weight, dtype=float)
    largest = np.max(weight, initial=0.0)
    if not 1e-120 < largest < 1e120:  # in a unit in which squares neither over- nor underflow
        weight = weight / largest if largest > 0 else np.full(len(weight), np.nan)
    return float(np.count_nonzero(weight) * np.sum(weight**2) / np.sum(weight) ** 2)
