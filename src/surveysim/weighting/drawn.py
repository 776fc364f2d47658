"""What weights do to a sample, as pictures: margins before and after, standardized differences, distributions of weights."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Floats
from ..errors import DataError
from ..pictures import weighting as pictures
from ..pictures.style import words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = ("margins", "balance", "weights")
BINS, HIGHEST = 48, 6.0  # of histograms of weights, and times the mean, what the last bin ends at
SIDES = ("before", "after", "target")


class Drawn:
    """A weighting whose margins and weights can be drawn."""

    def plot(
        self,
        kind: str = "margins",
        *,
        partition: str | None = None,
        title: str = "",
        lang: str = "en",
        ax: "Axes | None" = None,
    ) -> "Axes":
        """A picture of the weighting, on a matplotlib Axes.

        Parameters
        ----------
        kind : "margins", shares before and after against their targets; "balance", their standardized differences from the targets,
            (share - target) / sqrt(target (1 - target)), as a love plot; "weights", how they are distributed about their mean (the last
            bin has all above it).
        partition : of the margins, one of several; None is all of them together.
        title : text above the picture. lang : "en" or "zh". ax : Axes to draw on; None makes them.

        Returns
        -------
        Axes. `surveysim.pictures.alt` gives what it shows in a sentence, `surveysim.pictures.save` writes it.

        References
        ----------
        Austin (2009), Stat. Med. 28:3083-3107 (standardized differences).

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> table = pd.DataFrame({"sex": ["m", "f", "f", "f"]})
        >>> ax = ss.rake(table, {"sex": {"m": 60, "f": 60}}).plot("balance")
        >>> ss.pictures.alt(ax)
        'Standardized differences of 2 levels from their targets: up to 0.5 before weighting (m), up to 0 after.'
        """
        guards.choice(kind, "kind", KINDS)
        how: dict[str, Any] = {"title": title, "lang": lang, "ax": ax}
        if kind == "weights":
            return pictures.weights(*_distributions(self._weights_by_name(words(lang))), **how)
        table, totals = shares(self._margins_drawn(), partition)
        if kind == "margins":
            columns = {side: table[side].to_numpy() for side in SIDES}
            return pictures.margins(list(table["margin"]), list(table["level"]), columns, totals=totals, **how)
        if totals:
            raise DataError("a balance is of shares, and these margins are totals of numeric columns alone.")
        before, after = (standardized(table, side) for side in SIDES[:2])
        return pictures.love(list(table["margin"]), list(table["level"]), before, after, **how)

    def _margins_drawn(self) -> pd.DataFrame | None:
        raise NotImplementedError

    def _weights_by_name(self, text: Mapping[str, str]) -> Mapping[str, Floats]:
        raise DataError(
            "these diagnostics keep no weights; draw those of the Calibration or the Weights, or s.plot.histogram of a column."
        )


def shares(margins: pd.DataFrame | None, partition: str | None = None) -> tuple[pd.DataFrame, bool]:
    """Margins (margin, level, before, after, target) in percent of each margin, and whether they are totals in percent of their targets.

    Numeric columns' totals are drawn only where there are no levels.
    """
    if margins is None or not len(margins):
        raise DataError("there are no margins to draw; rake first, or give margins to diagnose.")
    if partition is not None:
        guards.choice(str(partition), "partition", list(dict.fromkeys(margins["partition"])))
        margins = margins[margins["partition"] == str(partition)]
    table = margins.groupby(["margin", "level"], sort=False)[list(SIDES)].sum(min_count=1).reset_index()
    levels = table["level"] != ""
    if not levels.any():
        whole = table["target"].abs().where(table["target"] != 0)
        return table.assign(
            level=table["margin"], margin="", **{side: 100 * table[side] / whole for side in SIDES}
        ), True
    table = table[levels & table["target"].notna()].reset_index(drop=True)
    whole = table.groupby("margin", sort=False)[list(SIDES)].transform("sum")
    return table.assign(**{side: 100 * table[side] / whole[side].where(whole[side] != 0) for side in SIDES}), False


def standardized(table: pd.DataFrame, side: str) -> Floats:
    """Differences of shares in percent from their targets, in standard deviations of a row of the population."""
    target = table["target"].to_numpy() / 100
    spread = np.sqrt(np.maximum(target * (1 - target), 0))
    gap = table[side].to_numpy() / 100 - target
    return np.divide(gap, spread, out=np.full(len(gap), np.nan), where=spread > 0)


def _distributions(named):
    """Common edges, counts and ranges of weights over their mean."""
    relative = {name: w[w != 0] / w[w != 0].mean() for name, w in named.items()}
    low = min(0.0, *(v.min() for v in relative.values()))
    high = min(HIGHEST, max(1.2, *(v.max() for v in relative.values())))
    edges = np.linspace(low, high * 1.02, BINS + 1)
    counts = {name: np.histogram(np.clip(v, low, edges[-1]), edges)[0] for name, v in relative.items()}
    return edges, counts, {name: (float(v.min()), float(v.max())) for name, v in relative.items()}
