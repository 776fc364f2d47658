"""Figures of the report. Each function draws a plain table on the Axes it is given (or makes) and returns the Axes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..aliases import Array, Floats
from ..pictures.style import (
    ALERT,
    FIRST,
    INK,
    LINE,
    MUTED,
    ON_SCALE,
    SCALE,
    SECOND,
    axes,
    legend,
    named,
    points,
    readable,
    rows,
)
from ..pictures.weighting import dumbbells, outlines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAP = (  # where a province has its tile: the first two digits of its adcode
    ".  .  .  .  .  .  .  .  23",
    ".  .  .  .  .  15 .  .  22",
    "65 .  62 64 14 13 11 21 .",
    ".  63 .  61 41 37 12 .  .",
    "54 .  51 50 42 34 32 31 .",
    ".  .  53 52 43 36 33 .  .",
    ".  .  .  .  45 44 35 .  .",
    ".  .  .  .  46 .  .  .  .",
)
TILES = {
    f"{code}0000": (column, row)
    for row, line in enumerate(MAP)
    for column, code in enumerate(line.split(), 1)
    if code != "."
}


def intervals(labels: Sequence[str], table: pd.DataFrame, text: dict[str, str], ax: "Axes | None" = None) -> "Axes":
    """Intervals about the population value: table with estimate, lower, upper, parameter, published (NaN allowed)."""
    ax = ax or axes(8.6, 0.21 * len(table) + 1.0)
    y = range(len(table))
    away = table[["estimate", "lower", "upper", "published"]].sub(table["parameter"], axis=0)
    inside = (away["lower"] <= 0) & (away["upper"] >= 0)
    for k in y:
        colour = FIRST if inside.iloc[k] else ALERT
        row = away.iloc[k]
        ax.plot([row["lower"], row["upper"]], [k, k], color=colour, linewidth=1.6, solid_capstyle="butt")
        ax.plot(row["estimate"], k, "o", color=colour, markersize=4)
    ax.plot(away["published"], list(y), "D", color=SECOND, markersize=3.4, linestyle="none", label=text["published"])
    ax.plot([], [], "o-", color=FIRST, markersize=4, label=text["interval"])
    if not inside.all():
        ax.plot([], [], "o-", color=ALERT, markersize=4, label=text["interval_misses"])
    ax.axvline(0, color=MUTED, linewidth=0.8)
    rows(ax, labels, text["interval_axis"])
    return legend(ax, 3)


def margins(labels: Sequence[str], table: pd.DataFrame, text: dict[str, str], ax: "Axes | None" = None) -> "Axes":
    """Dumbbells of margins before and after raking: table with target, before, after, as shares in percent."""
    ax = ax or axes(8.6, 0.3 * len(table) + 1.0)
    y = list(range(len(table)))
    dumbbells(ax, y, table, text)
    rows(ax, labels, text["share_axis"], size=9)
    return legend(ax, 3)


def weights(edges: Floats, counts: Mapping[str, Array], text: dict[str, str], ax: "Axes | None" = None) -> "Axes":
    """Histograms of final weights over their mean: common `edges`, counts by frame {label: array}."""
    ax = ax or axes(8.6, 3.0)
    outlines(ax, edges, counts, (SECOND, FIRST))
    return legend(named(ax, text["weight_axis"], text["interviews"]), 2)


def tile_map(
    labels: Mapping[str, str], values: Mapping[str, float], text: dict[str, str], ax: "Axes | None" = None
) -> "Axes":
    """A tile-grid map of the 31 provinces: labels and values by adcode, in five equal steps of the values' range."""
    ax = ax or axes(8.6, 6.2)
    low, high = min(values.values()), max(values.values())
    for code, (column, row) in TILES.items():
        step = min(int((values[code] - low) / (high - low) * len(SCALE)), len(SCALE) - 1) if high > low else 0
        ax.add_patch(_square(column, row, SCALE[step]))
        name = labels[code]
        middle: dict[str, Any] = {"ha": "center", "va": "center", "color": ON_SCALE[step]}
        ax.text(column, row - 0.14, name, fontsize=8 if len(name) < 10 else 6.5, **middle)
        ax.text(column, row + 0.2, f"{values[code]:.1f}", fontsize=9.5, fontweight="bold", **middle)
    ax.set_xlim(0.4, 9.6)
    ax.set_ylim(7.6, -0.6)
    ax.set_aspect("equal")
    ax.axis("off")
    ax.set_title(text["map_scale"].format(low=low, high=high), fontsize=9, color=MUTED, loc="left")
    return ax


def _square(column, row, colour):
    from matplotlib.patches import Rectangle

    return Rectangle((column - 0.47, row - 0.47), 0.94, 0.94, facecolor=colour, edgecolor="none")


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
