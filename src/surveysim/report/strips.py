"""Drawings in rows, as wide as whatever they stand in: a name, a strip of marks on one scale, a number. Plain data for `parts.html`."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

STEPS = (1.0, 2.0, 5.0, 10.0)
MOST = 6  # ticks of an axis
ROOM = 0.04  # of the scale, on either side


class Mark(NamedTuple):
    """One thing on a strip: a "span" or "bar" from low to high, or a "dot", "diamond" or "tick" at low; `tone` is its colour."""

    shape: str
    tone: str
    low: float
    high: float = math.nan


class Row(NamedTuple):
    """One row: its name, the number beside the strip, what a hover or a tap tells, its marks, and whether it begins or ends a group."""

    name: str
    value: str
    told: str
    marks: Sequence[Mark]
    strong: bool = False


@dataclass(frozen=True)
class Scale:
    """Where values are on a strip, in percent of its width."""

    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Scale":
        """The scale that holds all values."""
        there = [v for v in values if math.isfinite(v)] or [0.0]
        low, high = min(there), max(there)
        room = ROOM * (high - low) or 0.5
        return cls(low - room, high + room)

    def at(self, value: float) -> str:
        """The place of a value; beyond the scale is at its end."""
        return f"{100 * min(max((value - self.low) / (self.high - self.low), 0), 1):.2f}%"

    def ticks(self) -> list[tuple[str, str]]:
        """(place, label) of round numbers."""
        width = self.high - self.low
        size = 10.0 ** math.floor(math.log10(width / MOST))
        step = next(size * s for s in STEPS if width / (size * s) <= MOST)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [(self.at(k * step), f"{k * step + 0.0:,.{digits}f}".replace("-", "−")) for k in range(first, last + 1)]


def strips(
    rows: Sequence[Row], axis: str, *, title: str = "", lines: Sequence[float] = (), scale: Scale | None = None
) -> dict[str, Any]:
    """A drawing of rows on their own scale or on one that several share; `lines` are references through all rows."""
    ends = [v for row in rows for mark in row.marks for v in (mark.low, mark.high)]
    scale = scale or Scale.of([*ends, *lines])
    return {
        "title": title,
        "axis": axis,
        "ticks": scale.ticks(),
        "lines": [scale.at(v) for v in lines],
        "rows": [
            row._replace(marks=[_placed(mark, scale) for mark in row.marks if mark.low == mark.low]) for row in rows
        ],
    }


def _placed(mark, scale):
    """A mark with its places; a span or bar with its width too."""
    if mark.shape not in ("span", "bar"):
        return {"shape": mark.shape, "tone": mark.tone, "x": scale.at(mark.low)}
    low, high = (scale.at(v) for v in sorted((mark.low, mark.high)))
    width = f"{float(high[:-1]) - float(low[:-1]):.2f}%"
    return {"shape": mark.shape, "tone": mark.tone, "x": low, "end": high, "width": width}
