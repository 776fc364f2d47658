"""What a calibration gives: weights, how they came about, and what variance estimation and replicates need of it."""

import warnings
import weakref
from functools import cached_property

import numpy as np
import pandas as pd

from .. import guards
from ..display import Shown
from ..errors import DataError, SurveysimWarning
from ..tables import column_names, framed, is_file, numbers_of, rows_of, same_index
from .cells import refuse_unsquared
from .rows import refuse_other_rows


class Calibration(Shown):
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

    `g`, `margins` and `links` may be given as functions; they are made when they are first asked for.

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

    converged = True

    def __init__(self, weight, g, iterations, max_gap, margins, links, reading="totals"):
        self.reading = reading
        self._weight, self.iterations, self.max_gap = weight, iterations, max_gap
        self._g, self._margins, self._links = g, margins, links
        self.rescaled, self.least, self.index, self.made_of = {}, 0.0, None, None
        self.problem = self.total = self.distance = self.tol = self.max_iter = self.afresh = self.at_bound = None

    def __getstate__(self):
        return self.__dict__ | {"made_of": None}  # a look at the table that only saves time

    def __repr__(self):
        return f"<Calibration: {self.summary()}>"

    @property
    def weight(self):
        given = self._weight.copy()
        remember(given)
        return given

    @cached_property
    def g(self):
        return self._g() if callable(self._g) else self._g

    @cached_property
    def margins(self):
        return self._margins() if callable(self._margins) else self._margins

    @cached_property
    def links(self):
        return self._links() if callable(self._links) else self._links

    @cached_property
    def deff_kish(self):
        return deff_kish(self._weight)

    @property
    def effective_n(self):
        """Respondents over `deff_kish`: the size of an equally weighted sample of the same precision."""
        return np.count_nonzero(self._weight) / self.deff_kish

    def deff_henry(self, y):
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
        w = self._weight
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

    def base(self, n):
        """Initial weights (n,)."""
        return np.ones(n) if self.problem.base is None else self.problem.base

    @property
    def on_cells(self):
        """Whether the calibration depends on a row through its margin cell alone."""
        return (
            self.afresh is None
            and self.problem.z is None
            and self.problem.q is None
            and self.problem.covariance is None
        )

    def again(self, base):
        """Weights (n,) of the same calibration from other initial weights, for replicates.

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
        if self.afresh is not None:
            return self.afresh(base)
        problem = self.problem.reweighted(base)
        total = self.total
        if self.reading == "shares":
            total = total * (problem.sums / self.problem.sums)[:, None]
        factor, _, _ = problem.solve(total, self.distance, self.tol, self.max_iter)
        return base * factor[problem.cells.cell]

    def add_to(self, data, name="calibrated_weight"):
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
        if len(data) != len(self._weight):
            raise DataError(f"the table has {len(data)} rows; there are {len(self._weight)} weights.")
        if name in column_names(data):
            raise DataError(f"the table has a column {name!r} already; give another name.")
        refuse_other_rows(data, self)
        if isinstance(data, pd.DataFrame):
            return data.assign(**{name: self._weight})
        frame = framed(data)
        column = nw.new_series(name, self._weight, backend=frame.implementation)
        return frame.with_columns(column).to_native()

    def extreme(self, n=10):
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
        row = np.argsort(-self._weight, kind="stable")[: guards.whole_number(n, "n", 1)]
        share = 100 * self._weight[row] / self._weight.sum()
        return pd.DataFrame({"row": row, "weight": self._weight[row], "g": self.g[row], "share": share})

    def summary(self):
        """One line: steps, largest gap, range of g, Kish's design effect, effective n.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"sex": ["m", "f"]})
        >>> print(ss.poststratify(table, {"sex": {"m": 10, "f": 30}}).summary())
        calibrated 2 weights in 1 steps, largest gap 0.0e+00; g from 10.000 to 30.000, Kish deff 1.250, effective n 2
        """
        n = len(self._weight)
        return (
            f"calibrated {n:,} weights in {self.iterations} steps, largest gap {self.max_gap:.1e}; g from {self.g.min():.3f} to "
            f"{self.g.max():.3f}, Kish deff {self.deff_kish:.3f}, effective n {self.effective_n:,.0f}"
            + ("; margins read as shares of the initial weights' sum" if self.reading == "shares" else "")
            + "".join(f"; {name} rescaled by {factor:.6g}" for name, factor in self.rescaled.items())
        )

    def _shown(self):
        return self.margins


_BARE = {}  # id of an array of calibrated weights → weak reference to it


def remember(weight):
    """Know an array of calibrated weights again, so that `Survey` can warn where it comes alone."""
    key = id(weight)
    _BARE[key] = weakref.ref(weight, lambda _: _BARE.pop(key, None))


def warn_if_bare(weight, stacklevel=3):
    """Warn once where calibrated weights arrive as a bare array, without the constraints their variance needs."""
    known = _BARE.get(id(weight))
    if known is not None and known() is weight:
        _BARE.pop(id(weight))
        warnings.warn(
            "these weights were taken out of a Calibration, so the standard errors will ignore that they were calibrated. Pass the "
            "Calibration (or the Weights of a recipe) itself as weight=.",
            SurveysimWarning,
            stacklevel=stacklevel,
        )


def deff_kish(weight):
    """Kish's (1965) design effect of weighting, 1 + cv² = n Σw² / (Σw)²; rows without weight are no interviews."""
    weight = np.asarray(weight, dtype=float)
    largest = np.max(weight, initial=0.0)
    if not 1e-120 < largest < 1e120:  # in a unit in which squares neither over- nor underflow
        weight = weight / largest if largest > 0 else np.full(len(weight), np.nan)
    return float(np.count_nonzero(weight) * np.sum(weight**2) / np.sum(weight) ** 2)
