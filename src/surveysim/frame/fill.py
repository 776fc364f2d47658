"""How many numbers each prefix has given out: fuller and emptier ones, empty ones, newly opened ones, by operator.

The report draws all prefixes so that "those with more telephones have a higher chance": prefixes differ. What is known is how many
there are by unit and operator, and how many subscriptions an operator has; the rest is assumption, named in capitals.
"""

from dataclasses import dataclass

import numpy as np

from .. import streams
from ..aliases import Array, Floats, Ints
from ..apportion import starts, within_room
from ..kernels import numbers as kernels
from ..population import Population

SUFFIXES = kernels.SUFFIXES
NEW_FILL = 0.25  # assumption: fill of a newly opened prefix against others


@dataclass(frozen=True, slots=True)
class Prefixes:
    """How prefixes differ: standard deviation of the log of their fill, share of empty ones, share of newly opened ones."""

    spread: float = 0.0
    empty: float = 0.0
    new: float = 0.0


def weights(pop: Population, kind: str, counts: Ints, differ: Prefixes, alike: Floats | float = 1.0) -> Floats:
    """Expected fill of every prefix against others of its unit (P,), before what a unit has to hold is dealt; 0 is an empty one.

    `alike` (P,) is the fill of prefixes that do not differ, such as that of their operator. Draws are keyed by the population's seed and
    stay as they are when the arguments change, so that frames can be compared.
    """
    rng = streams.stream(pop.seed, kind, "prefixes")
    total = int(counts.sum())
    normal, uniform = rng.standard_normal(total), rng.random(total)
    weight = np.exp(differ.spread * normal) * alike
    weight[uniform < differ.empty + differ.new] *= NEW_FILL
    weight[uniform < differ.empty] = 0.0
    return weight


def given_out(hosted: Ints, counts: Ints, weight: Floats, business: Floats) -> Ints:
    """Numbers given out to the hosted slots by every prefix (P,): they add up to `hosted` (U,) in every unit.

    Parameters
    ----------
    hosted : slots of each unit. counts : its prefixes. weight : of `weights`. business : numbers of businesses and machines for
        each slot; they take room in the same prefixes.

    Where the prefixes in use cannot hold what the unit hosts, the empty ones are opened.
    """
    first, given = starts(counts), np.zeros(int(counts.sum()), np.int64)
    for u, slots in enumerate(hosted):
        part = slice(first[u], first[u + 1])
        most = max(int(SUFFIXES / (1 + business[u])), -(-int(slots) // int(counts[u])))
        mine = weight[part]
        if (mine > 0).sum() * most < slots:
            mine = np.where(mine > 0, mine, mine.max(initial=1.0))
        given[part] = within_room(mine, np.where(mine > 0, most, 0), int(slots))
    return given


def tables(key: Array, counts: Ints, given: Ints, business: Floats) -> dict[str, Array]:
    """What `kernels.numbers` takes of the prefixes; `business` (P,) is the probability of a number that is nobody's to be a
    business's or a machine's. Numbers are given out in runs that begin anywhere."""
    rng = np.random.Generator(np.random.Philox(key=int(key[0])))
    before = np.cumsum(given) - given
    before -= np.repeat(before[starts(counts)[:-1]], counts)
    share = np.minimum(np.rint(business * (1 << kernels.BUSINESS_BITS)), (1 << kernels.BUSINESS_BITS) - 1).astype(
        np.int64
    )
    packed = (((before << kernels.GIVEN_BITS) | given) << kernels.BUSINESS_BITS) | share
    run = rng.integers(0, SUFFIXES, len(given), dtype=np.int32)
    return {"prefix_start": starts(counts), "prefix": packed, "run": run}


def business_by_prefix(given: Ints, unit: Ints, hosted: Ints, working: Floats, rate: Floats) -> Floats:
    """Share (P,) of the numbers without owner of a prefix that are a business's: these numbers go with those given out.

    `working` and `rate` (U,) are the unit's shares of working numbers, and of business's ones among the others.
    """
    numbers = SUFFIXES * np.bincount(unit, minlength=len(hosted))
    of_slot = numbers / np.maximum(hosted, 1)
    active, theirs = working * of_slot, rate * (1 - working) * of_slot  # per slot
    return np.clip(theirs[unit] * given / np.maximum(SUFFIXES - active[unit] * given, 1.0), 0.0, 1.0)
