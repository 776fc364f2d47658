"""θ: how the overlap is shared between two samples, what it costs, and whether the two samples agree about the overlap."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import special

from .. import guards
from ..coding import refuse_infinite
from ..display import Shown
from ..errors import DataError
from ..inference import intervals
from ..inference.questions import values_of, wanted
from ..inference.standard_errors import standard_errors
from .families.composer import AB, BA
from .families.optimal import Optimal, parts_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .dual_frame import DualFrameSurvey

GRID = np.linspace(0, 1, 21)


@dataclass(frozen=True)
class Thetas(Shown):
    """How θ matters.

    Attributes
    ----------
    table : per variable: theta (optimal for it), se there, compromise (one θ for all), se_compromise, loss (percent of variance).
    grid : variable, theta, estimate, se, lower, upper.
    compromise : the θ that minimizes the mean of the variances, each over its own minimum.
    """

    table: pd.DataFrame
    grid: pd.DataFrame
    compromise: float

    def __repr__(self) -> str:
        return f"{self.table.to_string(index=False, float_format=lambda v: f'{v:,.4g}')}\ncompromise θ = {self.compromise:.4f}"

    def _shown(self) -> pd.DataFrame:
        return self.table

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Standard error over its minimum against θ, one line per variable, the compromise marked; a matplotlib Axes."""
        import matplotlib.pyplot as plt

        ax = plt.subplots(figsize=(6.4, 3.8), layout="constrained")[1] if ax is None else ax
        for name, rows in self.grid.groupby("variable", sort=False):
            best = self.table.set_index("variable")["se"][name]
            ax.plot(rows["theta"], rows["se"] / best, label=name)
        ax.axvline(self.compromise, color="0.4", ls="--", lw=1)
        ax.annotate(
            f"compromise {self.compromise:.2f}", (self.compromise, 1), xytext=(4, 2), textcoords="offset points"
        )
        ax.set(xlabel="θ, the share of frame A's overlap sample", ylabel="standard error / smallest", xlim=(0, 1))
        ax.legend(frameon=False, fontsize=8)
        return ax


def thetas(d: "DualFrameSurvey", y: Any, grid: Any, what: str, level: float) -> Thetas:
    """See `DualFrameSurvey.thetas`."""
    guards.choice(what, "what", ("mean", "total"))
    grid = GRID if grid is None else guards.number_array(grid, "grid", remedy="Give numbers from 0 to 1.")
    if not np.all((grid >= 0) & (grid <= 1)):
        raise DataError(f"grid = {guards.sight(grid)}: give numbers from 0 to 1.")
    w, design = d.pooled.weight, d.pooled.design
    hartley = Optimal("hartley", d.part, w, design)
    x = np.ones(len(w)) if what == "mean" else None
    everybody = design.degrees(np.zeros(len(w), np.int32), [""])[0]
    rows, curves, best = [], [], []
    for name in wanted(y):
        value = values_of(d.pooled, name)
        refuse_infinite(value, repr(name))
        if np.isnan(value).any():
            raise DataError(f"{name!r} is missing in {int(np.isnan(value).sum())} rows; drop or impute them first.")
        estimate, (theta,), base = hartley.solved(value, x, w)
        curve = _curve(hartley, value, x, np.append(grid, theta))
        for t, (e, s) in zip(grid, curve):
            low, high = intervals.wald_interval(e, s, level, everybody)
            rows.append((name, t, e, s, float(low), float(high)))
        best.append((name, theta, estimate, curve[-1][1]))
        curves.append(_quadratic(hartley, value, x, estimate, base))
    minimum = np.array([b[3] ** 2 for b in best])
    varies = minimum > 1e-20 * np.array([b[2] ** 2 for b in best])  # a constant has no θ
    if not varies.any():
        raise DataError("no variable varies, so there is no θ to find.")
    quadratic = np.array(curves)[varies] / minimum[varies, None]
    compromise = float(np.clip(-quadratic[:, 1].sum() / (2 * quadratic[:, 2].sum()), 0, 1))
    table = pd.DataFrame(best, columns=["variable", "theta", "estimate", "se"])
    again = [_curve(hartley, values_of(d.pooled, name), x, [compromise])[0][1] for name in table["variable"]]
    table = table.assign(compromise=compromise, se_compromise=again)
    table["loss"] = 100 * ((table["se_compromise"] / table["se"]) ** 2 - 1)
    columns = ["variable", "theta", "estimate", "se", "lower", "upper"]
    return Thetas(table, pd.DataFrame(rows, columns=columns), compromise)


def _curve(d, y, x, values):
    """Estimate and standard error at every θ."""
    w, design, result = d.weight, d.design, []
    for theta in values:
        coefficients = np.array([theta])
        estimate, base = (d.total(y, coefficients, w), 1.0) if x is None else d.ratio(y, x, coefficients, w)
        parts = parts_of(d.part, y if x is None else y - estimate * x)
        result.append((estimate, (parts[0] + theta * parts[1]) / base))
    variance = design.variances([score for _, score in result])
    se = standard_errors(variance, np.array([value**2 for value, _ in result]), lambda k: f"θ = {values[k]:g}")
    return [(estimate, s) for (estimate, _), s in zip(result, se)]


def _quadratic(d, y, x, value, base):
    """The variance as a quadratic in θ (c0, c1, c2), residuals taken at the optimum."""
    parts = parts_of(d.part, y if x is None else y - value * x)[:2] / base
    cov = d.design.covariance(parts)
    return cov[0, 0], 2 * cov[0, 1], cov[1, 1]


def compare_overlap(d: "DualFrameSurvey", y: Any) -> pd.DataFrame:
    """See `DualFrameSurvey.compare_overlap`."""
    w, design, n = d.pooled.weight, d.pooled.design, len(d.part)
    rows = []
    for name in ["size of the overlap", *y]:
        values, score = [], np.zeros((2, n))
        for k, column in enumerate((AB, BA)):
            share = d.part[:, column]
            if name == "size of the overlap":
                values.append(w @ share)
                score[k] = share
                continue
            z = values_of(d.pooled, name)
            refuse_infinite(z, repr(name), share > 0)
            ok = ~np.isnan(z) & (share > 0)
            size = w[ok] @ share[ok]
            values.append(float(w[ok] @ (share * np.nan_to_num(z))[ok] / size))
            score[k, ok] = share[ok] * (z[ok] - values[k]) / size
        samples = [f"{name} by sample {sample}" for sample in "ab"]
        se_a, se_b = standard_errors(design.variances(score), np.array(values) ** 2, samples.__getitem__)
        group = np.where(d.part[:, [AB, BA]].sum(axis=1) > 0, 0, -1).astype(np.int32)
        df, se = design.degrees(group, ["the overlap"])[0], np.hypot(se_a, se_b)
        t = (values[0] - values[1]) / se if se > 0 else np.nan
        p = 2 * special.stdtr(df, -abs(t))
        rows.append((name, values[0], se_a, values[1], se_b, values[0] - values[1], se, t, df, p))
    return pd.DataFrame(
        rows, columns=["variable", "from_a", "se_a", "from_b", "se_b", "difference", "se", "t", "df", "p_value"]
    )
