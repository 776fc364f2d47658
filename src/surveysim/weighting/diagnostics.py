"""What weights do to a sample: margins before and after, the design effect of weighting, extreme weights."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Column, Table, Totals
from ..display import Shown
from ..errors import DataError
from ..tables import called, numbers_of, rows_of
from .cells import refuse_unsquared, refuse_weights
from .distances import Distance
from .drawn import Drawn
from .margins import Margins, of_file
from .missing import POLICIES, complete
from .problem import Problem
from .recipe import Weights
from .result import Calibration, deff_kish
from .trimming import OUTSIDE, trim_bounds

EXTREME = 5.0  # times the median weight
MET = 1e-6  # points


@dataclass(frozen=True)
class Diagnosis(Drawn, Shown):
    """What weights do to a sample.

    Attributes
    ----------
    facts : dict of respondents (rows with weight), without_weight, sum, smallest, median, mean, largest, cv, deff_kish, effective_n,
        extreme (weights above 5 times the median), share_largest (percent of the sum in the largest weight), share_top_1 (in the
        heaviest 1 % of the rows), and, where initial weights are known, g_smallest and g_largest; outside_trim and outside_bounds, the
        rows beyond bounds that are asked about.
    extremes : the ten largest weights: row, weight, over_median, share (percent of the sum).
    margins : table partition, margin, level, respondents, target, before, after, gap: shares of the margin in percent, and after minus
        target in points; before and target are missing where they are not known.
    tol : relative gap to a target that counts as met.
    """

    facts: dict
    extremes: pd.DataFrame
    margins: pd.DataFrame
    tol: float = 0.0

    def summary(self) -> str:
        f, off = self.facts, self.margins["gap"].abs()
        gap = off.max() if len(self.margins) else np.nan
        every = bool((off <= np.maximum(MET, self.tol * self.margins["target"])).all())
        met = "; every margin is met" if every else f"; largest gap to a margin {gap:.3g} points"
        outside = [f"{f[k]:,} outside the {k[8:]}" for k in ("outside_bounds", "outside_trim") if k in f]
        return (
            f"{f['respondents']:,} respondents{self._without()}, weights {f['smallest']:,.4g} to {f['largest']:,.4g} (median "
            f"{f['median']:,.4g}), Kish deff {f['deff_kish']:.3f}, effective n {f['effective_n']:,.0f}, {f['extreme']:,} above {EXTREME:g} "
            f"times the median" + (met if gap == gap else "") + "".join(f"; {text}" for text in outside)
        )

    def _without(self):
        n = self.facts["without_weight"]
        return f" ({n:,} rows without weight)" if n else ""

    def _shown(self) -> pd.DataFrame:
        return self.margins

    def _margins_drawn(self):
        return self.margins


def diagnose(
    data: Table,
    weight: Column | Calibration | Weights,
    margins: Totals | None = None,
    *,
    base: Column | None = None,
    by: str | None = None,
    missing: str = "fail",
    bounds: tuple[float, float] | None = None,
    trim: Any = None,
    tol: float = 0.0,
) -> Diagnosis:
    """Diagnose weights: margins, Kish's design effect, extreme weights.

    Parameters
    ----------
    data : DataFrame (pandas, polars or pyarrow) of n respondents. weight : column, array (n,), Calibration or Weights of a recipe.
    margins : control totals or shares, as for `rake`; None looks at the weights alone, or at what a recipe calibrated to last.
    base : column or array of the weights before adjustment; a Calibration and Weights bring their own. by : column of partitions.
    missing : as for `rake`.
    bounds, trim : as for `rake`; counts the rows that are outside of them. tol : relative gap to a target that counts as met.

    Returns
    -------
    Diagnosis.

    References
    ----------
    Kish (1992), J. Off. Stat. 8:183-200; Valliant, Dever & Kreuter (2018), Practical Tools for Designing and Weighting, ch. 14.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting.diagnostics import diagnose
    >>> table = pd.DataFrame({"sex": ["m", "m", "f", "f"], "w": [1.0, 1.0, 2.0, 4.0]})
    >>> found = diagnose(table, "w", {"sex": {"m": 50, "f": 50}})
    >>> found.margins[["level", "target", "after", "gap"]].values.tolist()
    [['m', 50.0, 25.0, -25.0], ['f', 50.0, 75.0, 25.0]]
    """
    n, table = rows_of(data), None
    if isinstance(weight, Weights):
        base, table, weight = weight.start if base is None else base, weight.margins, weight.final
    if isinstance(weight, Calibration):
        base = weight.base(n) if base is None else base
        weight = weight.weight
    w = numbers_of(data, weight, n, "weight", finite=False)
    refuse_weights(w, called("weight", weight))
    refuse_unsquared(w, called("weight", weight))
    there = w > 0
    if not there.any():
        raise DataError(f"{called('weight', weight)}: all {n} weights are zero, so there is nothing to diagnose.")
    start = None if base is None else numbers_of(data, base, n, "base")
    used, median = w[there], float(np.median(w[there]))
    order = np.argsort(-w, kind="stable")[: min(10, int(there.sum()))]
    heaviest = np.sort(used)[::-1][: max(1, len(used) // 100)]
    facts = {
        "respondents": int(there.sum()),
        "without_weight": int(n - there.sum()),
        "sum": float(w.sum()),
        "smallest": float(used.min()),
        "median": median,
        "mean": float(used.mean()),
        "largest": float(used.max()),
        "cv": float(used.std() / used.mean()),
        "deff_kish": deff_kish(w),
        "effective_n": float(len(used) / deff_kish(w)),
        "extreme": int((used > EXTREME * median).sum()),
        "share_largest": float(100 * used.max() / w.sum()),
        "share_top_1": float(100 * heaviest.sum() / w.sum()),
    }
    if start is not None:
        g = np.divide(w, start, out=np.full(n, np.nan), where=start > 0)
        facts |= {"g_smallest": float(np.nanmin(g[there])), "g_largest": float(np.nanmax(g[there]))}
    if bounds is not None:
        if start is None:
            raise DataError("bounds are those of weights over initial ones; give these as base (--base).")
        low, high = Distance.of("raking", bounds).lower, Distance.of("raking", bounds).upper
        facts["outside_bounds"] = _outside(g[there], low, high)
    if trim is not None:
        low, high = trim_bounds(trim)
        mean = used.mean()
        facts["outside_trim"] = _outside(used / mean, low or 0.0, np.inf if high is None else high)
    extremes = pd.DataFrame(
        {"row": order, "weight": w[order], "over_median": w[order] / median, "share": 100 * w[order] / w.sum()}
    )
    if margins is not None:
        table = _margins(data, w, start, margins, by, missing)
    return Diagnosis(facts, extremes, _in_percent(table), tol)


def _outside(values, low, high):
    """How many values are below or above bounds by more than trimming leaves them."""
    return int(((values < low * (1 - OUTSIDE)) | (values > high * (1 + OUTSIDE))).sum())


def _margins(data, w, start, margins, by, missing):
    """Targets and sums of every margin, before and after."""
    data, margins, _ = of_file(data, Margins.parse(margins, by), None)
    if guards.choice(missing, "missing", POLICIES) != "fail":
        whole = complete(data, margins, w, by, missing)
        data, margins, w = whole.data, whole.margins, whole.base
    targets = Margins.parse(margins, by)
    problem = Problem.of(data, targets, w)
    factor = np.ones_like(problem.cells.weight)
    table = problem.table(factor, targets.total)
    if start is None:
        return table.assign(before=np.nan)
    return table.assign(before=problem.reweighted(np.where(w > 0, start, 0.0)).table(factor, targets.total)["before"])


def _in_percent(table):
    """Margins as shares in percent, by partition; totals of numeric columns in percent of their targets."""
    columns = ["partition", "margin", "level", "respondents", "target", "before", "after", "gap"]
    if table is None:
        return pd.DataFrame(columns=columns)
    table, group = table.copy(), table.groupby(["partition", "margin"], sort=False)
    for name in ("before", "after", "target"):
        whole = group[name].transform("sum").where(table["level"] != "", table["target"])
        table[name] = 100 * np.divide(table[name], whole, out=np.full(len(table), np.nan), where=whole.to_numpy() > 0)
    table["gap"] = table["after"] - table["target"]
    return table[table["target"].notna()][columns].reset_index(drop=True)
