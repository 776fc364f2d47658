"""One stage of selection: which unit each row is of, in which stratum, and what a stratum's deviations count."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..aliases import Array, Floats, Ints, Truths
from ..errors import DesignError
from ..kernels import replicates
from ..kernels import variance as kernels


@dataclass(frozen=True)
class Stage:
    """One stage of selection of the n rows.

    Attributes
    ----------
    unit : (n,) sampling unit of each row, 0 .. U - 1. stratum : (U,) its stratum inside the unit of the stage before, 0 .. H - 1.
    fraction : (H,) sampling fraction. labels : (H,) names of the strata, for messages.
    before : (H,) product of the sampling fractions of the stages before, which this stage's variance is multiplied by.
    groups : (H,) sample 0, 1 … of each stratum, whose lonely ones go by the others of the sample; None is one sample.
    names : (U,) labels of the units, None where they have none or rows are units.
    same : (U,) number of each unit, the same for units of several samples that are one and the same, such as a PSU that was in two
        waves; None where there are none such.
    """

    unit: np.ndarray
    stratum: np.ndarray
    fraction: np.ndarray
    labels: tuple
    before: np.ndarray | float = 1.0
    groups: np.ndarray | None = None
    names: Any = None
    same: Any = None

    @cached_property
    def sampled(self) -> Ints:
        """Units per stratum (H,)."""
        return np.bincount(self.stratum, minlength=len(self.fraction))

    @cached_property
    def lonely(self) -> Truths:
        """Strata (H,) with one unit that is not taken with certainty."""
        return (self.sampled == 1) & (self.fraction < 1)

    def fits(self, domains: int) -> bool:
        """Whether a table of units by domains is no larger than the rows, or small."""
        return len(self.stratum) * domains <= max(len(self.unit), 1 << 16) and len(self.stratum) < len(self.unit)

    @cached_property
    def order(self) -> tuple[Ints, Ints]:
        """Rows (n,) unit by unit, empty where they are so already, and where each unit's begin (U + 1,)."""
        U, n = len(self.stratum), len(self.unit)
        if np.all(self.unit[1:] >= self.unit[:-1]):
            return np.empty(0, np.int64), np.concatenate([[0], np.cumsum(np.bincount(self.unit, minlength=U))])
        order = np.empty(n, np.int64)
        replicates.sort_by(self.unit, U, np.arange(n), order)
        return order, np.concatenate([[0], np.cumsum(np.bincount(self.unit, minlength=U))])

    @cached_property
    def by_stratum(self) -> Ints:
        """Units (U,) stratum by stratum."""
        return np.argsort(self.stratum, kind="stable")

    @cached_property
    def in_order(self) -> bool:
        """Whether units are stratum by stratum as they are."""
        return bool(np.all(self.stratum[1:] >= self.stratum[:-1]))

    @cached_property
    def starts(self) -> Ints:
        """Where the units of each stratum (H,) begin in `by_stratum`."""
        return np.concatenate([[0], np.cumsum(self.sampled)[:-1]])

    def scale(self, policy: str) -> Array:
        """What squared deviations in a stratum (H,) are multiplied by."""
        n, lonely = self.sampled, self.lonely
        if lonely.any() and policy == "fail":
            names = ", ".join(str(self.labels[h]) for h in np.flatnonzero(lonely)[:8])
            raise DesignError(
                f"{int(lonely.sum())} strata have one PSU, so their variance cannot be estimated: {names}. Join "
                f"them with others, or choose lonely_psu = certainty, remove, adjust or average."
            )
        if lonely.all() and policy == "average":
            raise DesignError(f"all {len(n)} strata have one PSU, so there is no variance to average; join strata.")
        scale = np.where(n <= 1, 0.0, n / np.maximum(n - 1, 1)) * (1 - self.fraction)
        if policy == "adjust":
            scale[lonely] = (1 - self.fraction)[lonely]
        return scale * self.before

    def averaging(self, present: Truths) -> Floats:
        """What "average" multiplies variances by (E, H): strata over strata that are not lonely, of those `present` (E, H).

        Each sample by itself; strata where a domain has no rows neither lend their variance nor need any.
        """
        samples = self._sample.max() + 1
        every, others = (
            np.stack([np.bincount(self._sample, p, samples) for p in counted])
            for counted in (present, present & ~self.lonely)
        )
        if np.any((others == 0) & (every > 0)):
            d, g = np.argwhere((others == 0) & (every > 0))[0]
            raise DesignError(
                f"all {int(every[d, g])} strata in which a domain has rows have one PSU, so there is no variance to average; join "
                f"strata, or widen the domain."
            )
        return (every / np.maximum(others, 1))[:, self._sample]

    @cached_property
    def _sample(self):
        return np.zeros(len(self.fraction), np.int64) if self.groups is None else np.asarray(self.groups, np.int64)

    def sample(self, policy: str) -> Ints:
        """The sample (H,) each stratum belongs to, -1 - sample where its unit deviates from the mean of the whole sample.

        So do lonely units under "adjust": from the mean of all units of this stage, also of those outside a domain, whose totals
        are 0, and of those in other units of the stage before: the one unit of a PSU has no others there to deviate from.
        """
        return np.where(self.lonely & (policy == "adjust"), -1 - self._sample, self._sample)

    @cached_property
    def once(self) -> "Stage":
        """The stage with units that are one and the same counted once, in strata of those that are in the same samples.

        In every sample the number of units of a stratum is fixed, and so is that of those in the same samples, which replicates draw from.
        """
        if self.same is None:
            return self
        stratum, kept, fraction = self._common(pattern=True)
        if not np.allclose(fraction[stratum[self.same]], self.fraction[self.stratum], rtol=1e-9, atol=0):
            raise DesignError(
                "units that are in several waves have another sampling fraction in each, which replicates cannot tell apart; leave "
                "fpc out, or take the linearized errors."
            )
        before = np.broadcast_to(np.asarray(self.before, dtype=float), self.fraction.shape)[kept]
        labels = tuple(self.labels[h] for h in kept)
        return Stage(self.same[self.unit], stratum, fraction, labels, before)

    @cached_property
    def counted(self) -> "Stage":
        """The same in strata of all samples that share units, for degrees of freedom."""
        if self.same is None:
            return self
        stratum, kept, fraction = self._common(pattern=False)
        return Stage(self.same[self.unit], stratum, fraction, tuple(self.labels[h] for h in kept))

    def _common(self, pattern):
        """Strata of the units counted once, a stratum of those before that each was made of, and its fraction.

        pattern : units are in one stratum if they are in the same strata; otherwise strata that share a unit are one.
        """
        if pattern:
            order = np.lexsort((self.stratum, self.same))
            ends = np.cumsum(np.bincount(self.same))[:-1]
            keys = [tuple(part.tolist()) for part in np.split(self.stratum[order], ends)]
            number = {key: k for k, key in enumerate(dict.fromkeys(keys))}
            kept = np.array([key[0] for key in number])
            return np.array([number[key] for key in keys]), kept, self.fraction[kept]
        least, before = np.arange(len(self.fraction)), None
        unit = np.empty(int(self.same.max()) + 1, np.int64)
        while before is None or not np.array_equal(
            least, before
        ):  # the least stratum that a chain of shared units leads to
            before = least.copy()
            unit[:] = len(least)
            np.minimum.at(unit, self.same, least[self.stratum])
            np.minimum.at(least, self.stratum, unit[self.same])
        kept, place = np.unique(least, return_inverse=True)
        stratum = np.empty(len(unit), np.int64)
        stratum[self.same] = place[self.stratum]
        return stratum, kept, self.fraction[kept]

    def strata(self, policy: str) -> Any:
        """The same as the kernels take it."""
        return kernels.Strata(self.stratum, self.sampled, self.scale(policy), self.sample(policy))

    def deviations(self, totals: Array, policy: str) -> Array:
        """Unit totals (E, U) less what they deviate from."""
        sums = np.stack([np.bincount(self.stratum, t, len(self.sampled)) for t in totals], axis=1)
        kernels.centres(sums, self.sampled, self.sample(policy))
        return totals - sums.T[:, self.stratum]
