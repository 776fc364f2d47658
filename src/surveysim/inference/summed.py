"""Designs of tables whose rows are sums of many respondents: what was lost of each respondent is kept as moments.

A linearized error is that of Σ w z with scores z that are linear in the columns estimated. Where units hold many respondents, units' sums
are all it needs. Where every respondent is a unit, Σ w² z² is needed too: rows without weight stand where the second moments of w² by
group are those of the group, like the nodes of a quadrature, so that z is evaluated there by whatever makes scores of rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from ..aliases import Array, Floats, Ints
from ..errors import DesignError
from ..kernels import variance as kernels
from ..weighting.constraints import joined
from .linearization import Design
from .sampling_design import fraction_of
from .stage import Stage


@dataclass(frozen=True)
class Strata(Stage):
    """A stage whose units are the respondents, of which `respondents` (H,) are in each stratum; `unit` is each row's stratum."""

    respondents: Any = None

    @property
    def sampled(self) -> Ints:  # type: ignore[override]
        """Units per stratum (H,)."""
        return self.respondents


@dataclass(frozen=True)
class SummedDesign(Design):
    """A design in which every respondent is a unit, and rows are sums of respondents or nodes of their second moments.

    squares : (n,) what the squared score of each row counts in Σ w² z², with the weights before any adjustment.
    """

    squares: np.ndarray = field(default_factory=lambda: np.zeros(0), repr=False)

    def adjusted_by(self, weight: Floats, links: tuple[Any, ...]) -> Self:
        """As `Design.adjusted_by`; what multiplies the weights first, and is part of them then, multiplies the squares of rows without
        weight too."""
        made, ones = super().adjusted_by(weight, links), np.ones(len(weight))
        return replace(made, squares=self.squares * joined(ones, (*self.links, *links))[0] ** 2)

    def covariance(self, scores: Any, rows: Any = None) -> Array:
        """As `Design.covariance`."""
        stage = self.stages[0]
        if self._averages:
            raise DesignError("lonely_psu = 'average' needs the units themselves; join strata, or choose another.")
        scores, known_with_error = self.adjusted(np.array(scores, dtype=float))
        scale, stratum, n = stage.scale(self.lonely), stage.unit, stage.sampled
        totals = np.stack([np.bincount(stratum, z * self.carried, len(n)) for z in scores], axis=1)
        centre = totals.copy()
        kernels.centres(centre, n, stage.sample(self.lonely))
        matrix = np.einsum("i,ei,fi->ef", self.squares * scale[stratum], scores, scores, optimize=len(scores) > 1)
        mixed = (scale[:, None] * centre).T @ totals
        matrix = matrix - mixed - mixed.T + ((scale * n)[:, None] * centre).T @ centre
        return matrix + sum((beta @ m @ beta.T for m, beta in known_with_error), np.zeros(()))

    def variances(self, scores: Any, rows: Any = None) -> Floats:
        """As `Design.variances`."""
        return np.array([self.covariance([score])[0, 0] for score in scores])

    def block_variances(self, block: Any) -> Floats:
        """As `Design.block_variances`, a domain at a time."""
        score, domains = block.score, range(len(block.value))
        return np.array([self.covariance([np.where(block.group == d, score, 0.0)])[0, 0] for d in domains])

    def units_in(self, group: Ints, domains: int, count: Any = None) -> tuple[Ints, Ints]:
        """As `Design.units_in`."""
        stage, inside = self.stages[0], (group >= 0) & (self.weight != 0)
        assert self.respondents is not None
        there = np.zeros((len(stage.sampled), domains))
        np.add.at(there, (stage.unit[inside], group[inside]), self.respondents[inside])
        return there.sum(axis=0).astype(np.int64), (there > 0).sum(axis=0)


def by_respondent(design: Design, data: Any, fpc: Any, sums: tuple[Ints, Ints, Floats]) -> SummedDesign:
    """The design of sums of respondents who are units themselves.

    Parameters
    ----------
    design : of the rows, each a unit, in strata. data, fpc : table of the rows, and its column of population counts or fractions.
    sums : (n,) respondents of weight, all respondents and sums of squared weights of each row.
    """
    count, every, squares = sums
    (stage,) = design.stages
    stratum = stage.stratum[stage.unit]
    units = np.bincount(stratum, every, len(stage.labels)).astype(np.int64)
    fraction = fraction_of(data, fpc, stratum, units, np.array(stage.labels, dtype=object))
    made = Strata(stratum, np.arange(len(units)), fraction, stage.labels, respondents=units)
    return SummedDesign(design.weight, (made,), design.lonely, respondents=count, squares=squares)


def interviews(design: Design, mask: Any, group: Ints, domains: Sequence[Any]) -> Ints:
    """Respondents of weight (D,) by domain of the rows where `mask` (n,) holds; a row is one, unless it is the sum of several."""
    inside = mask & (group >= 0) & (design.weight != 0)
    if design.respondents is None:
        return np.bincount(group[inside], minlength=len(domains))
    return np.bincount(group[inside], design.respondents[inside], len(domains)).astype(np.int64)
