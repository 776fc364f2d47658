"""Figures of a Monte Carlo study. Each draws a plain table on the Axes it is given (or makes) and returns the Axes."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..pictures.style import ALERT, FIRST, INK, LINE, MUTED, SECOND, axes, legend, points, readable, rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 1000  # intervals a zip plot shows
Z = 1.959963984540054  # Monte Carlo intervals are 95 % ones


def zip_plot(table: pd.DataFrame, text: dict[str, str], level: float = 0.95, ax: "Axes | None" = None) -> "Axes":
    """Intervals ranked by |estimate - true| / se (Morris, White & Crowther 2019): table with estimate, se, lower, upper, true.

    Without errors of all of them they are ranked by |estimate - true|. Intervals that miss the true value are at the top; the line where
    they begin is one minus the coverage.
    """
    ax = ax or axes(6.4, 4.6)
    away = np.abs(table["estimate"] - table["true"]) / (table["se"] if table["se"].notna().all() else 1.0)
    order = np.argsort(np.asarray(away), kind="stable")
    rank = 100 * (np.arange(len(table)) + 0.5) / len(table)
    shown = np.unique(np.linspace(0, len(table) - 1, min(len(table), MOST)).astype(int))
    part = table.iloc[order[shown]]
    part = part.assign(**_ends(part))
    missed = ((part["lower"] > part["true"]) | (part["upper"] < part["true"])).to_numpy()
    for at, colour, label in ((~missed, FIRST, text["zip_holds"]), (missed, ALERT, text["zip_misses"])):
        ax.hlines(rank[shown][at], part["lower"][at], part["upper"][at], color=colour, linewidth=0.7, label=label)
    ax.axvline(float(table["true"].iloc[0]), color=INK, linewidth=1)
    n = len(table)
    cover = float(np.mean((table["lower"] <= table["true"]) & (table["true"] <= table["upper"])))
    error = Z * np.sqrt(cover * (1 - cover) / n)
    ax.axhspan(100 * (cover - error), 100 * min(cover + error, 1), color=SECOND, alpha=0.25, linewidth=0)
    ax.axhline(100 * level, color=MUTED, linewidth=0.8, linestyle="--")
    ax.set_ylim(0, 100)
    ax.set_ylabel(text["zip_axis"], color=MUTED, fontsize=9)
    ax.set_xlabel(text["interval_of"], color=MUTED, fontsize=9)
    return readable(legend(ax, 2))


def _ends(table):
    """Ends of intervals that can be drawn: those of one-sided ones lie a little beyond all others."""
    ends = table[["lower", "upper", "estimate", "true"]].to_numpy(dtype=float)
    ends = ends[np.isfinite(ends)]
    if not len(ends):
        return {}
    room = 0.05 * float(np.ptp(ends))
    return {name: table[name].clip(ends.min() - room, ends.max() + room) for name in ("lower", "upper")}


def lolly(table: pd.DataFrame, text: dict[str, str], label: str, at: float = 0.0, ax: "Axes | None" = None) -> "Axes":
    """A measure as lollipops from a reference value, with Monte Carlo 95 % intervals: table with label, value, mcse."""
    ax = ax or axes(6.8, 0.34 * len(table) + 1.2)
    y = np.arange(len(table))
    ax.hlines(y, at, table["value"], color=LINE, linewidth=2)
    points(ax, table["value"], y, Z * table["mcse"].fillna(0), FIRST, markersize=4.5)
    ax.axvline(at, color=MUTED, linewidth=0.9)
    return readable(rows(ax, table["label"], label))


def forest(table: pd.DataFrame, text: dict[str, str], label: str, ax: "Axes | None" = None) -> "Axes":
    """Mean estimates with the spread of the estimates and their Monte Carlo intervals: table with label, mean, mcse, spread, true."""
    ax = ax or axes(6.8, 0.36 * len(table) + 1.4)
    y = np.arange(len(table))
    low, high = (table["mean"] + sign * Z * table["spread"] for sign in (-1, 1))
    ax.hlines(y, low, high, color=LINE, linewidth=3, label=text["forest_spread"])
    points(ax, table["mean"], y, Z * table["mcse"], FIRST, markersize=5, label=text["forest_mean"])
    ax.plot(table["true"], y, "|", color=ALERT, markersize=13, linestyle="none", label=text["forest_true"])
    return readable(rows(legend(ax, 3), table["label"], label))


def coverage(table: pd.DataFrame, text: dict[str, str], level: float = 0.95, ax: "Axes | None" = None) -> "Axes":
    """Coverage in percent with Monte Carlo 95 % intervals against the nominal level.

    table : label, value, lower, upper (shares), and low, whether it is below the level.
    """
    ax = ax or axes(6.8, 0.24 * len(table) + 1.2)
    y, low = np.arange(len(table)), table["low"].to_numpy()
    value, ends = 100 * table["value"].to_numpy(), 100 * table[["lower", "upper"]].to_numpy()
    for at, colour in ((~low, FIRST), (low, ALERT)):
        off = np.maximum([value[at] - ends[at, 0], ends[at, 1] - value[at]], 0)
        points(ax, value[at], y[at], off, colour, markersize=4.5)
    ax.axvline(100 * level, color=MUTED, linewidth=0.9, linestyle="--")
    ax.set_xlim(right=min(ax.get_xlim()[1], 100.4))
    return readable(rows(ax, table["label"], text["coverage_axis"]))


def convergence(table: pd.DataFrame, text: dict[str, str], label: str, ax: "Axes | None" = None) -> "Axes":
    """The running mean of the estimates with two Monte Carlo errors, repetition by repetition: table with repetition, mean, mcse, true."""
    ax = ax or axes(6.4, 3.2)
    low, high = (table["mean"] + 2 * sign * table["mcse"] for sign in (-1, 1))
    ax.fill_between(table["repetition"], low, high, color=FIRST, alpha=0.2, linewidth=0)
    ax.plot(table["repetition"], table["mean"], color=FIRST, linewidth=1.3, label=text["running_mean"])
    ax.axhline(float(table["true"].iloc[0]), color=ALERT, linewidth=1, label=text["forest_true"])
    ax.set_xlabel(text["repetition_axis"], color=MUTED, fontsize=9)
    ax.set_ylabel(label, color=MUTED, fontsize=9)
    ax.grid(axis="y", color=LINE, linewidth=0.6)
    return readable(legend(ax, 2))
