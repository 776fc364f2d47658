"""Pictures of estimates: points with intervals by row, differences as a forest, a trend over waves."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..aliases import Floats
from .style import FIRST, INK, MARKERS, MUTED, SERIES, finished, full, headed, named, on, said, shown, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAND = 0.13  # inches that each of several series takes in a row


def intervals(
    groups: Sequence[str],
    labels: Sequence[str],
    series: Mapping[str, Floats],
    axis: str,
    *,
    level: float = 0.95,
    at: float | None = None,
    title: str = "",
    lang: str = "en",
    ax: "Axes | None" = None,
) -> "Axes":
    """Points with their intervals.

    groups, labels : (k,) the heading that a row stands under, "" for none, and its name. series : {name: (k, 3) estimate, lower, upper},
    NaN where there is none. at : a value that a line is drawn at.
    """
    text, S = words(lang), len(series)
    ax, y = headed(groups, labels, ax, max(0.24, BAND * (S + 1)) if S > 1 else 0.24)
    if at is not None:
        ax.axvline(at, color=MUTED, linewidth=0.9)
    for k, (name, values) in enumerate(series.items()):
        spot = y + 0.62 * ((k + 0.5) / S - 0.5)
        ax.hlines(spot, values[:, 1], values[:, 2], color=SERIES[k % 6], linewidth=1.6)
        ax.plot(values[:, 0], spot, MARKERS[k % 6], color=SERIES[k % 6], markersize=4.5, linestyle="none", label=name)
    said(ax, _sentence("alt_estimates", full(groups, labels), series, level, text))
    return finished(named(ax, axis, ax.get_ylabel(), grid="x"), title)


def forest(
    groups: Sequence[str],
    labels: Sequence[str],
    values: Floats,
    axis: str,
    *,
    level: float = 0.95,
    at: float = 0.0,
    title: str = "",
    lang: str = "en",
    ax: "Axes | None" = None,
) -> "Axes":
    """Differences (k, 3) with their intervals and numbers; those whose interval holds `at` are hollow."""
    text = words(lang)
    ax, y = headed(groups, labels, ax)
    away = (values[:, 1] > at) | (values[:, 2] < at)
    ax.axvline(at, color=MUTED, linewidth=0.9)
    ax.hlines(y, values[:, 1], values[:, 2], color=FIRST, linewidth=1.4)
    ax.plot(values[away, 0], y[away], "s", color=FIRST, markersize=5, linestyle="none")
    ax.plot(values[~away, 0], y[~away], "s", color=FIRST, markerfacecolor="#ffffff00", markersize=5, linestyle="none")
    for spot, (value, low, high) in zip(y, values, strict=True):
        told = f"{shown(value)} ({shown(low)}, {shown(high)})".replace("-", "−")
        ax.text(1.02, spot, told, transform=ax.get_yaxis_transform(), va="center", fontsize=8.5, color=INK)
    more = {"away": int(away.sum()), "at": shown(at)}
    said(ax, _sentence("alt_forest", full(groups, labels), {"": values}, level, text, **more))
    return finished(named(ax, axis, ax.get_ylabel(), grid="x"), title)


def trend(
    waves: Sequence[str],
    series: Mapping[str, Floats],
    axis: str,
    *,
    level: float = 0.95,
    title: str = "",
    lang: str = "en",
    ax: "Axes | None" = None,
) -> "Axes":
    """Estimates over waves: series {name: (waves, 3) estimate, lower, upper}. Waves that are numbers or dates keep their distances."""
    text, x = words(lang), _places(waves)
    ax = on(ax, 6.4, 3.4)
    room = 0.02 * (np.ptp(x) or 1.0)
    for k, (name, values) in enumerate(series.items()):
        spot, colour = x + room * (k - (len(series) - 1) / 2), SERIES[k % 6]
        ax.vlines(spot, values[:, 1], values[:, 2], color=colour, linewidth=1.4)
        ax.plot(spot, values[:, 0], f"{MARKERS[k % 6]}-", color=colour, markersize=4.5, linewidth=1.2, label=name)
    crowded = sum(len(str(w)) + 2 for w in waves) > 75
    turned = {"rotation": 90 if len(waves) > 20 else 45, "ha": "right", "rotation_mode": "anchor"} if crowded else {}
    ax.set_xticks(x, [str(w) for w in waves], fontsize=8.5, color=INK, **turned)
    ax.margins(x=0.06)
    ends = {name: values[np.isfinite(values[:, 0]), 0] for name, values in series.items()}
    mark = "；" if lang == "zh" else "; "
    changes = mark.join(
        text["alt_change"].format(name=name or axis, low=shown(v[0]), high=shown(v[-1])).strip()
        for name, v in ends.items()
        if len(v)
    )
    said(ax, text["alt_trend"].format(series=axis, n=len(waves), first=waves[0], last=waves[-1], changes=changes))
    return finished(named(ax, "", axis), title)


def _places(waves):
    """Where waves are (k,): numbers and dates by their value, others one after another."""
    for kind in (float, "datetime64[D]"):
        try:
            found = np.array([str(w) for w in waves]).astype(kind).astype(float)
        except ValueError:
            continue
        if len(set(found)) == len(found) and np.isfinite(found).all():
            return found
    return np.arange(len(waves), dtype=float)


def _sentence(word, labels, series, level, text, **more):
    """How many estimates, and which are lowest and highest."""
    every = [(v, f"{label}, {name}" if name and len(series) > 1 else str(label)) for name, values in series.items()
             for v, label in zip(values[:, 0], labels, strict=True) if np.isfinite(v)]  # fmt: skip
    if len(every) == 1:
        (values,) = (v[np.isfinite(v[:, 0])] for v in series.values() if np.isfinite(v[:, 0]).any())
        (value, low, high), of = map(shown, values[0]), every[0][1]
        return text["alt_one"].format(name=of, value=value, low=low, high=high, level=f"{100 * level:g}")
    low, high = min(every), max(every)
    told = {"low": shown(low[0]), "lowest": low[1], "high": shown(high[0]), "highest": high[1]}
    return (
        text[word].format(n=len(every), level=f"{100 * level:g}", **told, **more).replace(" ()", "").replace("（）", "")
    )
