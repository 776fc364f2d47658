"""Which member of a household is interviewed on a landline, and with what probability."""

from typing import TYPE_CHECKING

import numpy as np

from ..aliases import Floats, Ints
from ..errors import SpecError
from .response import SELECTIONS

if TYPE_CHECKING:
    from ..population.attributes import Attributes
    from ..population.population import Population

# Kish (1949), J. Am. Stat. Assoc. 44:380-387, table 1: the line to take, by table and by number of adults (1 to 6 or more). Tables A, C, D
# and F are used for a sixth of the households each, B1, B2, E1 and E2 for a twelfth.
_TABLES = ("111111", "111122", "111222", "112233", "122344", "123335", "123455", "123456")
KISH = np.repeat([[int(line) - 1 for line in lines] for lines in _TABLES], [2, 1, 1, 2, 2, 1, 1, 2], axis=0)  # (12, 6)
AT_HOME = np.array([4, 5, 4, 4, 5, 7, 9, 9])  # assumption: weights of being the one who answers, by the 8 ages


def rule_of(selection: str) -> int:
    """Number of a selection rule in the kernels."""
    if selection not in SELECTIONS:
        raise SpecError(f"selection = {selection!r}: choose one of {', '.join(SELECTIONS)}.")
    return SELECTIONS.index(selection)


def kish_probability(rank: Ints | int, eligible: Ints) -> Floats:
    """Probability that Kish's tables take the member of this rank (0 the first: males by age, then females) among so many: equal for
    up to four and for six, 1/6 or 1/4 for five; beyond six members nobody after the sixth has a chance."""
    rank, eligible = np.broadcast_arrays(rank, eligible)
    column = KISH[:, np.minimum(eligible, 6) - 1]
    return (column == rank).mean(axis=0)


def members(selection: str, pop: "Population", person: Ints, attributes: "Attributes", eligible: Ints) -> Floats:
    """Members each landline respondent stands for: one over the probability of being selected, as the survey computes it.

    Random selection and the birthday rules have 1 / eligible; whoever answers has no known probability, and is taken for random.
    """
    result = eligible.astype(float)
    rows = np.flatnonzero(eligible >= 5) if selection == "kish" else []
    for i in rows:
        place, size = attributes.position[i], attributes.household_size[i]
        everybody = pop.attributes(person[i] - place + np.arange(size))
        order = np.lexsort((np.arange(size), -everybody.age, everybody.sex == 1, ~everybody.aged_6))
        rank = int(np.flatnonzero(order == place)[0])
        result[i] = 1 / max(float(kish_probability(rank, eligible[i])), 1 / 6)
    return result
