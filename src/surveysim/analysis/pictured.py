"""Distributions of a column of a Survey as pictures: what is drawn of its weights and domains."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import guards
from ..errors import DataError
from ..inference.quantiles import quantile
from ..inference.questions import Questions, tell, values_of
from ..pictures import distributions as pictures
from ..tables import one_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..aliases import Floats
    from ..estimation.survey import Survey

SERIES = 6  # curves that colours tell apart
POINTS, BEYOND = 300, 200  # of a curve, and of the values beyond whiskers, what is drawn at most
REACH = 1.5  # times the distance of the quartiles, how far whiskers reach (Tukey 1977)
MOST_BINS = 1000


@dataclass(frozen=True)
class Plots:
    """Pictures of a numeric column, with the survey's weights; each returns a matplotlib Axes.

    Arguments of all: y : the column. by : columns whose combinations are domains; at most six in one picture, of boxes any number.
    title : text above. lang : "en" or "zh". ax : Axes to draw on.

    Examples
    --------
    >>> import pandas as pd, surveysim as ss
    >>> table = pd.DataFrame({"y": [1, 3, 2, 4], "w": [10, 10, 20, 20], "sex": list("ffmm")})
    >>> ax = ss.Survey(table, weight="w").plot.box("y", by="sex")
    >>> ss.pictures.alt(ax)
    'Weighted quartiles of y: f 1, 1, 3; m 2, 2, 4.'
    """

    survey: "Survey"

    def histogram(
        self,
        y: str,
        by: Any = None,
        *,
        bins: int | None = None,
        title: str = "",
        lang: str = "en",
        ax: "Axes | None" = None,
    ) -> "Axes":
        """A weighted histogram: percent of each domain's weight in `bins` intervals of equal width.

        bins : how many; None goes by Freedman and Diaconis' rule with weighted quartiles.
        """
        found = self._domains(y, by, SERIES)
        every = np.concatenate([v for v, _ in found.values()])
        low, high = float(every.min()), float(every.max())
        if bins is None:
            quarters = quantile(every, np.concatenate([w for _, w in found.values()]), np.array([0.25, 0.75]))
            width = 2 * float(np.diff(quarters)[0]) / np.cbrt(len(every))
            bins = int(np.clip(np.ceil((high - low) / width), 5, 60)) if width > 0 else 10
        guards.whole_number(bins, "bins", 1, MOST_BINS)
        whole = np.all(every == np.round(every)) and 0 < high - low < bins
        edges = np.arange(low - 0.5, high + 1) if whole else np.linspace(low, high if high > low else low + 1, bins + 1)
        shares = {k: 100 * np.histogram(v, edges, weights=w)[0] / w.sum() for k, (v, w) in found.items()}
        return pictures.histogram(edges, shares, y, title=title, lang=lang, ax=ax)

    def box(
        self, y: str, by: Any = None, *, rule: str = "math", title: str = "", lang: str = "en", ax: "Axes | None" = None
    ) -> "Axes":
        """Boxes from weighted quartiles, with the mean as a diamond; whiskers end at the last values within 1.5 times the box's length.

        rule : of the quantiles, as in `Survey.quantile`.
        """
        return pictures.box(
            {k: _box(v, w, rule) for k, (v, w) in self._domains(y, by).items()}, y, title=title, lang=lang, ax=ax
        )

    def cumulative(
        self, y: str, by: Any = None, *, title: str = "", lang: str = "en", ax: "Axes | None" = None
    ) -> "Axes":
        """Weighted cumulative curves: percent of each domain's weight at or below a value."""
        found = self._domains(y, by, SERIES)
        medians = {k: float(quantile(v, w, np.array([0.5]))[0]) for k, (v, w) in found.items()}
        curves = {k: _curve(v, w) for k, (v, w) in found.items()}
        return pictures.cumulative(curves, medians, y, title=title, lang=lang, ax=ax)

    def _domains(self, y: str, by: Any, most: int | None = None) -> "dict[str, tuple[Floats, Floats]]":
        """{domain: (values, weights)} of rows of weight that are not missing."""
        values, asked = values_of(self.survey, one_name(y, "y")), Questions(self.survey, by)
        inside, (values,) = asked.complete([(y, values)], y)
        tell(asked.aside, 4)
        w = self.survey.design.weight
        if most is not None and len(asked.domains) > most:
            raise DataError(
                f"by = {guards.sight(by)} makes {len(asked.domains)} domains; colours tell {most} apart. Draw boxes, or join levels."
            )
        if np.any(w[inside >= 0] < 0):
            raise DataError("some weights are negative, so shares of the weight are no distribution to draw.")
        rows = [np.flatnonzero((inside == d) & (w != 0)) for d in range(len(asked.domains))]
        return {_short(name): (values[r], w[r]) for name, r in zip(asked.domains, rows, strict=True)}


def _short(domain):
    """A domain by its value, where it is of one column."""
    return domain.partition("=")[2] if domain.count("=") == 1 else domain


def _box(v, w, rule):
    first, middle, third = quantile(v, w, np.array([0.25, 0.5, 0.75]), rule)
    near = (v >= first - REACH * (third - first)) & (v <= third + REACH * (third - first))
    beyond = np.unique(v[~near])
    if len(beyond) > BEYOND:
        beyond = beyond[np.unique(np.linspace(0, len(beyond) - 1, BEYOND).astype(int))]
    ends = min(v[near].min(), first), max(v[near].max(), third)
    return np.array([ends[0], first, middle, third, ends[1], np.average(v, weights=w)]), beyond


def _curve(v, w):
    x, place = np.unique(v, return_inverse=True)
    below = 100 * np.cumsum(np.bincount(place, w)) / w.sum()
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), POINTS)).astype(int))
    return np.concatenate([x[:1], x[kept]]), np.concatenate([[0.0], below[kept]])
