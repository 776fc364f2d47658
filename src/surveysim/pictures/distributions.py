"""Pictures of a column's weighted distribution: histogram, box, cumulative curve. What is drawn was computed elsewhere."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..aliases import Floats
from .style import FIRST, LINE, MUTED, SCALE, SERIES, finished, listed, named, on, said, shown, words
from .weighting import outlines

if TYPE_CHECKING:
    from matplotlib.axes import Axes


TOLD = 6  # domains that a sentence names


def few(parts: list[str]) -> list[str]:
    """The first of many parts of a sentence."""
    return parts if len(parts) <= TOLD else [*parts[:TOLD], "…"]


def histogram(
    edges: Floats, shares: Mapping[str, Floats], y: str, *, title: str = "", lang: str = "en", ax: "Axes | None" = None
) -> "Axes":
    """Weighted shares in percent {domain: (bins,)} between common edges (bins + 1,)."""
    text, ax = words(lang), on(ax, 6.4, 3.2)
    first = next(iter(shares.values()))
    if len(shares) == 1:
        ax.stairs(first, edges, fill=True, color=SCALE[1])
    outlines(ax, edges, shares)
    k = int(np.argmax(first))
    told = {"most": f"{first[k]:.3g}", "low": shown(edges[k]), "high": shown(edges[k + 1])}
    said(ax, text["alt_histogram"].format(y=y, **told))
    ax.set_ylim(bottom=0)
    return finished(named(ax, y, text["percent_of"]), title)


def box(
    found: Mapping[str, tuple[Floats, Floats]], y: str, *, title: str = "", lang: str = "en", ax: "Axes | None" = None
) -> "Axes":
    """Boxes {domain: (six numbers, outliers)}: lower whisker, quartiles, upper whisker, mean; and the values beyond the whiskers."""
    text = words(lang)
    ax, places = listed([name or text["everybody"] for name in found], ax, 0.36)
    for spot, (numbers, beyond) in zip(places, found.values(), strict=True):
        low, first, middle, third, high, mean = numbers
        ax.hlines(spot, low, high, color=MUTED, linewidth=1.1)
        ax.barh(spot, third - first, left=first, height=0.55, color=SCALE[1], edgecolor=FIRST, linewidth=1.1)
        ax.vlines(middle, spot - 0.275, spot + 0.275, color=FIRST, linewidth=2.2)
        ax.plot(mean, spot, "D", color=SERIES[1], markersize=4)
        ax.plot(beyond, np.full(len(beyond), spot), "|", color=MUTED, markersize=5, alpha=0.6, linestyle="none")
    mark = "；" if lang == "zh" else "; "
    parts = [
        f"{name or text['everybody']} {shown(n[1])}, {shown(n[2])}, {shown(n[3])}" for name, (n, _) in found.items()
    ]
    said(ax, text["alt_box"].format(y=y, ranges=mark.join(few(parts))))
    return finished(named(ax, y, grid="x"), title)


def cumulative(
    curves: Mapping[str, tuple[Floats, Floats]],
    medians: Mapping[str, float],
    y: str,
    *,
    title: str = "",
    lang: str = "en",
    ax: "Axes | None" = None,
) -> "Axes":
    """Cumulative curves {domain: (values, percent at or below them)}, and the domains' medians, for the sentence."""
    text, ax = words(lang), on(ax, 6.4, 3.6)
    for k, (name, (x, below)) in enumerate(curves.items()):
        ax.step(
            x, below, where="post", color=SERIES[k % 6], linewidth=1.5, linestyle=("-", "--")[k // 6 % 2], label=name
        )
    ax.axhline(50, color=LINE, linewidth=1)
    mark = "；" if lang == "zh" else "; "
    told = mark.join(f"{name or text['everybody']} {shown(v)}" for name, v in medians.items())
    said(ax, text["alt_cumulative"].format(y=y, ranges=told))
    ax.set_ylim(0, 101)
    return finished(named(ax, y, text["percent_below"], grid="both"), title)
