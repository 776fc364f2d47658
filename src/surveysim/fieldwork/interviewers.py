"""Who calls: interviewers assigned to numbers at random or by teams, and what each adds to the odds of cooperation or of a "yes"."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..aliases import Floats, Ints
from ..on_demand import Later
from ..sampling import allocate

if TYPE_CHECKING:
    from .protocol import Protocol

randomness = Later(__package__, "..kernels.randomness")
special = Later("scipy", ".special")
EFFECT = 1 << 21  # second word of the Philox counter
COOPERATION, ANSWERS = 0, 1  # what effects are on


def assigned(protocol: "Protocol", u: Floats, area: Ints, interviews: Ints) -> Ints:
    """Interviewer (n,) of numbers with uniforms u (n,): anybody, or one of the team of its area (n,), where the protocol has teams;
    they are as large as the interviews of their areas (areas,) are many."""
    J = protocol.interviewers
    if protocol.assignment == "random":
        return (u * J).astype(np.int64)
    team = allocate(interviews, J, minimum=1)
    start = np.cumsum(team) - team
    return start[area] + (u * team[area]).astype(np.int64)


def effects(interviewers: int, key: Any, sd: float, on: int) -> Floats:
    """Effects of so many interviewers, normal with this standard deviation: on cooperation (0) or on answers (1), independent."""
    counters, words = np.zeros((interviewers, 4), np.uint64), np.empty((interviewers, 4), np.uint64)
    counters[:, 0], counters[:, 1] = np.arange(interviewers), EFFECT
    randomness.philox_words(counters, key[0], key[1], words)
    return sd * special.ndtri(((words[:, on] >> np.uint64(11)) + 0.5) / 2.0**53)
