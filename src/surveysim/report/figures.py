"""Figures of the report. Each function draws a plain table on the Axes it is given (or makes) and returns the Axes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..aliases import Array, Floats
from ..pictures.style import (
    ALERT,
    FIRST,
    INK,
    LINE,
    MUTED,
    SCALE,
    SECOND,
    axes,
    legend,
    named,
    points,
    readable,
    rows,
)
from ..pictures.weighting import outlines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NARROW = 4.2  # inches: letters can be read on a telephone, and two stand side by side on a desk


def weights(edges: Floats, counts: Mapping[str, Array], text: dict[str, str], ax: "Axes | None" = None) -> "Axes":
    """Histograms of final weights over their mean: common `edges`, counts by frame {label: array}."""
    ax = ax or axes(8.6, 3.0)
    outlines(ax, edges, counts, (SECOND, FIRST))
    return legend(named(ax, text["weight_axis"], text["interviews"]), 2)


def estimates_over_repetitions(values: Floats, truth: float, text: dict[str, str], ax: "Axes | None" = None) -> "Axes":
    """Sorted intervals of all repetitions about the truth: values (R, 3) of estimate, lower, upper."""
    ax = ax or axes(8.6, 3.2)
    order = values[:, 0].argsort(kind="stable")
    for x, k in enumerate(order):
        estimate, lower, upper = values[k]
        colour = FIRST if lower <= truth <= upper else ALERT
        ax.plot([x + 1, x + 1], [lower, upper], color=colour, linewidth=1.1)
        ax.plot(x + 1, estimate, ".", color=colour, markersize=2.5)
    ax.axhline(truth, color=INK, linewidth=1)
    return named(ax, text["repetitions_axis"], text["penetration_axis"])


def error_budget(table: pd.DataFrame, text: dict[str, str], ax: "Axes | None" = None) -> "Axes":
    """Bias with its Monte Carlo interval and standard error of every stage: table with bias, bias_mcse, variance, by stage."""
    ax = ax or axes(8.6, 3.4)
    table = table.drop(index="together")
    y = list(range(len(table)))
    ax.barh(y, table["variance"] ** 0.5, height=0.5, color=SCALE[1], label=text["standard_error"])
    points(ax, table["bias"], y, 1.96 * table["bias_mcse"], SECOND, markersize=5, label=text["bias"])
    ax.axvline(0, color=MUTED, linewidth=0.8)
    ax.axhline(len(y) - 1.5, color=LINE, linewidth=0.8)
    unit = table["unit"].iloc[0]
    axis = text["points_axis"] if unit == "percent" else text[unit]
    rows(ax, [text[f"stage_{stage}"] for stage in table.index], axis, size=9)
    return readable(legend(ax, 2))


def margins_by_size(table: pd.DataFrame, text: dict[str, str], stated: float, ax: "Axes | None" = None) -> "Axes":
    """Margins of rates by the respondents of their domain, against the stated error: table with respondents, moe, design_moe (or not)."""
    ax = ax or axes(8.6, 4.2)
    size = np.geomspace(table["respondents"].min() * 0.9, table["respondents"].max() * 1.1, 100)
    ax.plot(size, 98 / np.sqrt(size), color=LINE, linewidth=1.4, label=text["audit_half"])
    ax.plot(table["respondents"], table["moe"], "o", color=FIRST, markersize=4, label=text["audit_simple"])
    if "design_moe" in table:
        ax.plot(
            table["respondents"], table["design_moe"], "D", color=SECOND, markersize=3.6, label=text["audit_design"]
        )
    ax.axhline(stated, color=ALERT, linewidth=1, label=text["audit_stated"].format(stated=stated))
    ax.set_xscale("log")
    ax.set_xticks([2000, 5000, 10000, 20000], ["2,000", "5,000", "10,000", "20,000"])
    ax.set_xticks([], [], minor=True)
    ax.set_ylim(bottom=0)
    return readable(legend(named(ax, text["audit_respondents"], text["moe"]), 4))
