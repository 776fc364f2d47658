"""The prefixes behind a country's numbers, by operator: which prefix a number has, whether it works or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from ..aliases import Floats, Ints, Truths
from ..apportion import largest_remainder, starts
from ..errors import DesignError
from . import fill
from .fill import SUFFIXES, Prefixes

if TYPE_CHECKING:
    from ..population import Population


@dataclass(frozen=True, slots=True)
class Banks:
    """Prefixes of 10,000 numbers, by area, in every area by operator.

    Attributes
    ----------
    operators : names. first : (S + 1,) where an area's prefixes begin. operator : (P,) of each prefix, its place among the names.
    given : (P,) numbers that work, at the size of the country.
    """

    operators: tuple[str, ...]
    first: Ints
    operator: Ints
    given: Ints

    @classmethod
    def of(
        cls,
        pop: "Population",
        kind: str,
        numbers: Floats,
        working: float,
        operators: Sequence[tuple[str, float, float]],
        differ: Prefixes,
    ) -> Self:
        """Deal the numbers of every area (S,) out to prefixes.

        Parameters
        ----------
        operators : (name, share of the prefixes, share of the numbers that work). working : share of numbers that work. differ : how
        prefixes of one operator differ.

        Raises
        ------
        DesignError : an operator has more working numbers than its prefixes hold.
        """
        names = tuple(name for name, _, _ in operators) or ("",)
        banks, held = (np.array([row[k] for row in operators] or [1.0], dtype=float) for k in (1, 2))
        banks, held = banks / banks.sum(), held / held.sum()
        full = working * held / banks
        if (full > 1).any():
            k = int(full.argmax())
            raise DesignError(
                f"frame.{kind}.operators: {names[k]!r} has {held[k]:.0%} of the working numbers in {banks[k]:.0%} of the prefixes; with "
                f"working = {working:g} these hold {banks[k] / working:.0%} at most."
            )
        areas = np.ceil(numbers / (pop.scale * SUFFIXES)).astype(np.int64)
        counts = np.stack([np.maximum(largest_remainder(banks, n), 1) for n in areas])  # (S, K)
        operator = np.repeat(np.tile(np.arange(len(names)), len(areas)), counts.ravel())
        slots = np.rint(full * counts * SUFFIXES).astype(np.int64)
        weight = fill.weights(pop, kind, counts.ravel(), differ)
        given = fill.given_out(slots.ravel(), counts.ravel(), weight, np.zeros(counts.size))
        return cls(names, starts(counts.sum(axis=1)), operator, given)

    def prefix(self, area: Ints, works: Truths, u: Floats) -> Ints:
        """Prefixes (n,) of numbers in areas by uniforms u: those that work are where prefixes have given out many, others where few."""
        result = np.empty(len(area), np.int64)
        for a in np.unique(area):
            part = slice(self.first[a], self.first[a + 1])
            for working, held in ((True, self.given[part]), (False, SUFFIXES - self.given[part])):
                mine, edges = (area == a) & (works == working), np.cumsum(held)
                result[mine] = self.first[a] + np.searchsorted(edges, u[mine] * edges[-1], side="right")
        return result
