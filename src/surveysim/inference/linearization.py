"""From scores and a design to variances: the one mechanism behind every linearized standard error.

A statistic yields one score per respondent, so that its error is that of the weighted total of the scores (Deville 1999,
Surv. Methodol. 25:193-203; Binder 1983). It passes every adjustment of the weights, the last one first
(`weighting.constraints`); the design turns what arrives at the base weights into a variance, stage by stage.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from ..aliases import Array, Floats, Ints
from ..errors import DesignError
from ..kernels import codes
from ..kernels import variance as kernels
from ..weighting.constraints import Constraints, joined
from .scores import NONE, Block, expanded
from .stage import Stage
from .standard_errors import by_item

BLOCK = 16  # scores handled at a time
ROUNDING = 1e-9  # of a statistic's scores, what may be rounding
LONELY = ("fail", "certainty", "remove", "adjust", "average")


@dataclass(frozen=True)
class Design:
    """Variance design of n rows: stages of selection, weights, and what made the weights out of those the sample came with.

    Attributes
    ----------
    weight : (n,) final weights. stages : tuple of Stage, the first that of the PSUs.
    lonely : what a stratum with one unit does.
    links : what every adjustment of the weights does to scores, in the order of the adjustments; see `weighting.constraints`.
    unequal : function from weighted scores (E, n) to their covariances, for sampling with unequal probabilities without
        replacement; it takes the place of the stages.
    base : (n,) weights before the links, which the scores are weighted by in the end; None where there are no links.
    leverage : whether residuals of calibrations are over sqrt(1 - leverage); see `weighting.constraints.stretched`.
    respondents : (n,) how many of weight each row is the sum of; None where rows are respondents. See `inference.summed`.
    """

    weight: np.ndarray
    stages: tuple[Stage, ...]
    lonely: str = "fail"
    links: tuple = ()
    unequal: Callable[[Floats], Floats] | None = field(default=None, repr=False)
    base: np.ndarray | None = field(default=None, repr=False)
    leverage: bool = False
    respondents: np.ndarray | None = field(default=None, repr=False)

    def adjusted_by(self, weight: Floats, links: tuple[Any, ...]) -> Self:
        """The design after further adjustments that led to final weights (n,)."""
        links = tuple(link.leveraged() for link in links) if self.leverage else links
        base, links = joined(self.carried, (*self.links, *links))
        return replace(self, weight=weight, links=links, base=base)

    def of_sums(self, respondents: Ints) -> Self:
        """The design of rows that are sums of so many respondents (n,) of weight each."""
        return replace(self, respondents=respondents)

    def reweighted(self, weight: Floats) -> Self:
        """The design with other weights (n,), as in a replicate; the links stay, and rows that end without weight carry none either."""
        if weight is self.weight or np.array_equal(weight, self.weight):
            return self
        ratio = np.divide(weight, self.weight, out=np.zeros(len(weight)), where=self.weight != 0)
        return replace(self, weight=weight, base=self.carried * ratio)

    @cached_property
    def all_interviews(self) -> bool:
        """Whether every row has weight."""
        return bool(self.weight.all())

    @property
    def psu(self) -> Ints:
        return self.stages[0].unit

    @property
    def psu_stratum(self) -> Ints:
        return self.stages[0].stratum

    @property
    def carried(self) -> Floats:
        """Weights (n,) of the scores at the end of the chain."""
        return self.weight if self.base is None else self.base

    def adjusted(self, scores: Floats) -> tuple[Floats, list[Any]]:
        """Scores (E, n) passed through every adjustment, the last one first, in place: they then belong to `carried`.

        Also the regression coefficients on totals known with error, a list of (covariance (p, p), coefficients (E, p)).
        """
        known_with_error, direct = [], []
        for link in reversed(self.links):
            direct.append(link.direct(scores))
            scores, found = link.residuals(scores)
            known_with_error += found
        for part in filter(lambda part: part is not None, direct):
            scores += np.divide(part, self.carried, out=np.zeros(part.shape), where=self.carried > 0)
        return scores, known_with_error

    @cached_property
    def _averages(self):
        return self.lonely == "average" and any(s.lonely.any() for s in self.stages)

    @cached_property
    def joins(self) -> bool:
        """Whether units of several samples are one and the same."""
        return any(stage.same is not None for stage in self.stages)

    def variances(self, scores: Any, rows: Any = None) -> Floats:
        """Variances (E,) of the weighted totals of scores, a sequence of E arrays (n,); in blocks that stay in cache.

        rows : the rows (n,) each score speaks of, for lonely PSUs under "average"; None is everybody.
        """
        if self.unequal is not None:
            return np.diag(self.covariance(scores)).copy()
        if self._averages or self.joins:
            blocks = [slice(k, k + BLOCK) for k in range(0, len(scores), BLOCK)]
            return np.concatenate(
                [np.diag(self.covariance(scores[b], None if rows is None else rows[b])) for b in blocks]
            )
        result = np.zeros(len(scores))
        parts = [(s.unit, s.strata(self.lonely)) for s in self.stages]
        buffer, found = np.empty((min(BLOCK, len(scores)), len(self.weight))), np.empty(BLOCK)
        for first in range(0, len(scores), BLOCK):
            part = scores[first : first + BLOCK]
            block = buffer[: len(part)]
            for row, score in zip(block, part, strict=True):
                row[:] = score
            block, known_with_error = self.adjusted(block)
            here = result[first : first + BLOCK]
            for unit, strata in parts:
                kernels.stratified(block, self.carried, unit, strata, found)
                here += found[: len(part)]
            for matrix, beta in known_with_error:
                here += np.einsum("ei,ij,ej->e", beta, matrix, beta)
        return result

    def covariance(self, scores: Any, rows: Any = None) -> Array:
        """Covariance matrix (E, E) of the weighted totals of scores, a sequence of E arrays (n,); `rows` as in `variances`."""
        scores, known_with_error = self.adjusted(np.array(scores, dtype=float))
        weighted = np.multiply(scores, self.carried, out=scores)
        if self.unequal is not None:
            matrix = self.unequal(weighted)
        else:
            matrix = sum((self.between(stage, weighted, rows) for stage in self.stages), np.zeros(()))
        return matrix + sum((beta @ m @ beta.T for m, beta in known_with_error), np.zeros(()))

    def between(self, stage: Stage, weighted: Floats, rows: Any = None) -> Floats:
        """Covariances (E, E) of weighted scores between the units of one stage."""
        totals = np.stack([np.bincount(stage.unit, z, len(stage.stratum)) for z in weighted])
        off = stage.deviations(totals, self.lonely)
        if self._averages and stage.lonely.any():
            off *= np.sqrt(stage.averaging(self._present(stage, weighted, rows)))[:, stage.stratum]
        scale = stage.scale(self.lonely)[stage.stratum]
        if stage.same is None:
            return (off * scale) @ off.T
        joint: Any = np.stack([np.bincount(stage.same, row) for row in off * np.sqrt(scale)])
        return joint @ joint.T

    def _present(self, stage, weighted, rows):
        """Strata (E, H) in which a domain has rows of weight, or calibration gives it scores beyond rounding."""
        stratum, H, result = stage.stratum[stage.unit], len(stage.sampled), []
        if rows is None:
            return np.ones((len(weighted), H), bool)
        for mask, z in zip(rows, np.abs(weighted), strict=True):
            inside = np.bincount(stratum[mask & (self.weight != 0)], minlength=H) > 0
            result.append(inside | (np.bincount(stratum, z, H) > ROUNDING * z.sum()))
        return np.stack(result)

    def block_variances(self, block: Any) -> Floats:
        """Variances (D,) of the statistics of a `scores.Block`, whose domains are disjoint."""
        simple = len(self.links) <= 1 and all(isinstance(c, Constraints) and c.exact for c in self.links)
        if not simple or self.unequal is not None or self._averages or self.joins:
            parts = block.statistics()
            return self.variances([s.score for s in parts], [s.rows for s in parts])
        result = np.zeros(len(block.value))
        for stage_number, stage in enumerate(self.stages):
            strata = stage.strata(self.lonely)
            if self.links:
                fit, totals = self.links[0].fit, self._column_totals[stage_number]
                scored = kernels.Scored(block.score, self.links[0].carrying(self.weight), block.group)
                if totals is not None:
                    kernels.calibrated_units(scored, stage.unit, strata, fit, totals, result)
                else:
                    order, start = stage.order
                    kernels.calibrated_domains(scored, order, start, strata, fit, result)
                continue
            x = NONE if block.x is None else block.x
            if block.units is not None and stage is self.stages[0]:
                num, den, _ = block.units
                kernels.between_units(num, den, block.value, block.base, strata, result)
            elif stage.fits(len(result)):
                shape = (len(stage.stratum), len(result))
                num, den = np.zeros(shape), np.zeros(shape)
                kernels.unit_sums(self.weight, block.y, x, block.group, stage.unit, num, den, np.zeros(shape, np.int64))
                kernels.between_units(num, den, block.value, block.base, strata, result)
            else:
                ratios = kernels.Ratios(block.y, x, block.group, block.value, block.base)
                order, start = stage.order
                kernels.domains(self.weight, ratios, order, start, strata, result)
        return result

    @cached_property
    def _column_totals(self):
        """For every stage the weights by unit and column of the one calibration (U, P, width + 1), where these are few."""
        (c,), result = self.links, []
        P, width = c.inverse.shape[:2]
        for stage in self.stages:
            U = len(stage.stratum)
            few = U * P * width <= len(self.weight) + c.column.size
            result.append(np.zeros((U, P, width + 1)) if few else None)
            if few:
                kernels.column_totals(c.carrying(self.weight), c.fit, stage.unit, result[-1])
        return result

    def degrees(self, group: Ints, domains: Any, count: Any = None, strict: bool = True) -> Floats:
        """Degrees of freedom (D,): PSUs - strata among those with rows of positive weight in each domain.

        group : (n,) domain of each row, -1 for none. domains : their names, for messages.
        count : (PSUs, D) rows of weight, if known. strict : DesignError where a domain has none; otherwise it gets NaN.
        """
        psus, strata = self.units_in(group, len(domains), count)
        if not strict:
            return np.where(psus - strata < 1, np.nan, psus - strata)
        for d in np.flatnonzero(psus - strata < 1):
            name = f"domain {domains[d]!r}" if domains[d] else "a domain"
            raise DesignError(
                f"{name} has {psus[d]} PSUs in as many strata, so its error has no degrees of freedom. Widen the "
                f"domain, join strata, or give df=."
            )
        return (psus - strata).astype(float)

    def units_in(self, group: Ints, domains: int, count: Any = None) -> tuple[Ints, Ints]:
        """PSUs and strata (D,) with rows of positive weight in each domain; see `degrees`."""
        stage, psus, strata = self.stages[0].counted, np.zeros(domains, np.int64), np.zeros(domains, np.int64)
        if stage.fits(domains):
            if count is None or self.joins:
                count = np.zeros((len(stage.stratum), domains), np.int64)
                codes.count_rows(self.weight, group, stage.unit, count)
            codes.count_present(count, stage.stratum, len(stage.sampled), psus, strata)
        else:
            sample = codes.Sample(*stage.order, stage.stratum)
            codes.count_units(self.weight, group, sample, len(stage.sampled), psus, strata)
        return psus, strata

    def item_variances(self, items: Sequence[Any], names: Any = None) -> list[Any]:
        """Variances of statistics and blocks, an array for each; blocks by threads. `names` are for replicates' messages."""
        alone = [k for k, item in enumerate(items) if not isinstance(item, Block)]
        blocks = [k for k, item in enumerate(items) if isinstance(item, Block)]
        parts = {k: expanded([items[k]]) for k in alone}
        given = [s for k in alone for s in parts[k]]
        ends = np.cumsum([len(parts[k]) for k in alone])[:-1]
        variances = self.variances([s.score for s in given], [s.rows for s in given]) if given else np.empty(0)
        found: dict[int, Any] = dict(zip(alone, np.split(variances, ends), strict=True)) if alone else {}
        if blocks:
            self._prepare(max(len(items[k].value) for k in blocks))
            found |= zip(blocks, by_item(lambda k: self.block_variances(items[k]), blocks), strict=True)
        return [found[k] for k in range(len(items))]

    def _prepare(self, domains):
        """Make what is made once before threads ask for it."""
        _ = [getattr(c, "inverse", None) for c in self.links]
        if len(self.links) == 1 and isinstance(self.links[0], Constraints):
            _ = self._column_totals
        for stage in self.stages:
            _ = stage.sampled, stage.lonely
            if self.links or not stage.fits(domains):
                _ = stage.order

    def item_covariance(self, items: Sequence[Any]) -> Floats:
        """Covariance matrix of all rows of statistics and blocks."""
        parts = expanded(items)
        return self.covariance([s.score for s in parts], [s.rows for s in parts])
