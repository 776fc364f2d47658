"""Pictures of what weights do: margins before and after, standardized differences, distributions of weights."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..aliases import Array, Floats, Ints
from .style import (
    FIRST,
    INK,
    LINE,
    MARKERS,
    MUTED,
    SECOND,
    SERIES,
    finished,
    full,
    headed,
    named,
    on,
    said,
    shown,
    words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROUNDING = 1e-6
BALANCED = 0.1  # a standardized difference that is often called small


def small(gap: float) -> str:
    """A largest gap in a sentence; what rounding leaves is none."""
    return f"{0.0 if gap < ROUNDING else gap:.3g}"


def dumbbells(ax: "Axes", y: Any, table: Any, text: Mapping[str, str]) -> None:
    """Before, after and target of rows at y: `table` has them by name."""
    ax.hlines(y, table["before"], table["after"], color=LINE, linewidth=2)
    ax.plot(table["before"], y, "o", color=SECOND, markersize=6, label=text["before"])
    ax.plot(table["after"], y, "o", color=FIRST, markersize=6, label=text["after"])
    ax.plot(table["target"], y, "|", color=INK, markersize=13, label=text["target"])


def outlines(ax: "Axes", edges: Floats, counts: Mapping[str, Array], colours: Sequence[str] = SERIES) -> None:
    """Histograms {label: counts} with common edges."""
    for (label, values), colour in zip(counts.items(), colours, strict=False):
        ax.stairs(values, edges, color=colour, linewidth=1.6, label=label)


def margins(
    groups: Sequence[str],
    labels: Sequence[str],
    table: Mapping[str, Floats],
    *,
    totals: bool = False,
    title: str = "",
    lang: str = "en",
    ax: "Axes | None" = None,
) -> "Axes":
    """Margins before and after weighting against their targets.

    groups, labels : (k,) the margin and the level of each row; a margin's rows stand together.
    table : before, after, target (k,), shares in percent, or totals over targets, in percent too, where `totals`.
    """
    text = words(lang)
    ax, y = headed(groups, labels, ax)
    dumbbells(ax, y, table, text)
    axis = f"{text['total_axis']} / {text['target']} (%)" if totals else text["share_axis"]
    named(ax, axis, ax.get_ylabel(), grid="x")
    off = {when: np.abs(table[when] - table["target"]) for when in ("before", "after")}
    worst = int(np.nanargmax(off["before"])) if np.isfinite(off["before"]).any() else 0
    told = {when: small(np.nanmax(off[when])) if np.isfinite(off[when]).any() else "–" for when in off}
    said(
        ax,
        text["alt_totals" if totals else "alt_margins"].format(
            n=len(labels), level=full(groups, labels)[worst], **told
        ),
    )
    return finished(ax, title)


def love(
    groups: Sequence[str],
    labels: Sequence[str],
    before: Floats,
    after: Floats,
    *,
    title: str = "",
    lang: str = "en",
    ax: "Axes | None" = None,
) -> "Axes":
    """Standardized differences (k,) from the target, before and after weighting."""
    text = words(lang)
    ax, y = headed(groups, labels, ax)
    ax.axvspan(-BALANCED, BALANCED, color=LINE, alpha=0.35, linewidth=0)
    ax.axvline(0, color=MUTED, linewidth=0.8)
    ax.hlines(y, before, after, color=LINE, linewidth=2)
    ax.plot(before, y, "o", color=SECOND, markersize=6, linestyle="none", label=text["before"])
    ax.plot(after, y, "D", color=FIRST, markersize=4.5, linestyle="none", label=text["after"])
    worst = int(np.nanargmax(np.abs(before))) if np.isfinite(before).any() else 0
    told = {
        "before": small(np.nanmax(np.abs(before), initial=0)),
        "after": small(np.nanmax(np.abs(after), initial=0)),
    }
    said(ax, text["alt_love"].format(n=len(labels), level=full(groups, labels)[worst], **told))
    return finished(named(ax, text["gap_axis"], ax.get_ylabel(), grid="x"), title)


def weights(
    edges: Floats,
    counts: Mapping[str, Ints],
    ranges: Mapping[str, tuple[float, float]],
    *,
    title: str = "",
    lang: str = "en",
    ax: "Axes | None" = None,
) -> "Axes":
    """Histograms {label: counts} of weights over their mean; ranges {label: (smallest, largest)}, for the sentence."""
    text, ax = words(lang), on(ax, 6.4, 3.0)
    outlines(ax, edges, counts, (SECOND, FIRST) if len(counts) == 2 else SERIES)
    mark = "；" if lang == "zh" else "; "
    told = mark.join(text["alt_range"].format(name=k, low=shown(a), high=shown(b)) for k, (a, b) in ranges.items())
    said(ax, text["alt_weights"].format(ranges=told))
    return finished(named(ax, text["weight_axis"], text["respondents"]), title)


def partial(
    groups: Sequence[str],
    labels: Sequence[str],
    series: Mapping[str, Floats],
    *,
    title: str = "",
    lang: str = "en",
    ax: "Axes | None" = None,
) -> "Axes":
    """Partial R-indicators with their intervals: {word: (k, 3) value, lower, upper}, words "unconditional" and "conditional"."""
    text = words(lang)
    ax, y = headed(groups, labels, ax)
    ax.axvline(0, color=MUTED, linewidth=0.8)
    for k, (name, values) in enumerate(series.items()):
        at = y + 0.3 * (k - (len(series) - 1) / 2)
        ax.hlines(at, values[:, 1], values[:, 2], color=SERIES[k], linewidth=1.4)
        ax.plot(values[:, 0], at, MARKERS[k], color=SERIES[k], markersize=4.5, linestyle="none", label=text[name])
    first = np.abs(next(iter(series.values()))[:, 0])
    said(ax, text["alt_partial"].format(n=len(labels), worst=full(groups, labels)[int(np.nanargmax(first))]))
    return finished(named(ax, text["category_axis"], ax.get_ylabel(), grid="x"), title)
