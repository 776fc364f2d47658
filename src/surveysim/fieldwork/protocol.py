"""The call centre: calendar, seats, callback rules, releases and stop rules; and what they make of a response model."""

import warnings
from collections.abc import Sequence
from dataclasses import InitVar, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..aliases import Floats, Ints
from ..columns import CALL_RESULTS
from ..errors import SpecError, SurveysimWarning
from ..on_demand import Later

if TYPE_CHECKING:
    from .response import ResponseModel

calling = Later(__package__, "..kernels.calling")
randomness = Later(__package__, "..kernels.randomness")
respondents = Later(__package__, "..kernels.respondents")
RENAMED = "the numbers that are released together are release_size now; replicate is read for one release more."
WEEK = 21
# Minutes of a call by result, in the order of columns.CALL_RESULTS; wrap-up comes on top
MINUTES = (0.5, 0.3, 0.6, 0.3, 0.3, 0.4, 0.8, 0.8, 15.0, 7.0, 1.5, 1.0, 1.0, 1.5, 1.2, 1.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """How the centre works; one for both frames. All defaults are assumptions.

    Attributes
    ----------
    interviewers : people employed. staffing : shares of them at work on weekday morning, afternoon, evening and weekend morning,
        afternoon, evening. shift_hours : length of such a slot. first_weekday : of the first day (0 Monday).
    field_days : days the field is open.
    callback_days : days to the next call after no answer, which is made in the next part of the day. refusal_days,
        appointment_days : the same after a soft refusal and for an appointment, at the same part of the day. After a busy line the
        next slot is taken.
    release_size : numbers of a unit released together. first_release : share of the numbers thought necessary that is released in the
        first week, seats permitting; the rest follows week by week, by what is found.
    stop : "target" closes a unit when its target is met; "released" works every released number to the end.
    quota : None, or the most interviews of a group of people in a stratum (in China sex × age in a province) as a multiple of its share
        of the target.
    interviewer_sd : standard deviation of interviewers' log odds of cooperation. assignment : "random" (interpenetrated), or teams of one
        stratum each: "stratum", in China "province".
    minutes : of a call by result (`columns.CALL_RESULTS`). wrap_up : minutes after each. cost_per_hour : of an interviewer's hour, in any
        currency.
    """

    interviewers: int = 120
    staffing: tuple = (0.5, 0.5, 0.8, 0.8, 0.8, 0.8)
    shift_hours: float = 3.5
    first_weekday: int = 0
    field_days: int = 56
    callback_days: int = 1
    refusal_days: int = 4
    appointment_days: int = 1
    release_size: int = 25
    first_release: float = 0.5
    stop: str = "target"
    quota: float | None = None
    interviewer_sd: float = 0.0
    assignment: str = "random"
    minutes: tuple = MINUTES
    wrap_up: float = 0.3
    cost_per_hour: float = 60.0
    replicate: InitVar[int | None] = None  # what release_size was called; for one release

    def __post_init__(self, replicate: int | None) -> None:
        if replicate is not None:
            warnings.warn(RENAMED, SurveysimWarning, stacklevel=3)
            object.__setattr__(self, "release_size", replicate)

    def seats(self) -> Ints:
        """Interviewers at work in the 21 slots from the first day on (21,)."""
        slot = np.arange(WEEK)
        weekday = (slot // 3 + self.first_weekday) % 7 < 5
        share = np.array(self.staffing)[np.where(weekday, 0, 3) + slot % 3]
        return np.rint(share * self.interviewers).astype(np.int64)

    def again(self) -> Ints:
        """Slots to the next call after no answer, a busy line, a soft refusal, an appointment, (4, 21); never an empty slot."""
        seats = self.seats()
        slot = np.arange(WEEK)
        wait = np.array([3 * self.callback_days, 1, 3 * self.refusal_days, 3 * self.appointment_days])[:, None]
        wait = np.broadcast_to(wait, (4, WEEK)).copy()
        wait[0] += (slot % 3 + 1) % 3 - slot % 3
        for rule, s in np.ndindex(4, WEEK):
            wait[rule, s] = max(wait[rule, s], 1)
            while seats[(s + wait[rule, s]) % WEEK] == 0:
                wait[rule, s] += 1
        return wait

    def chain(self, models: "Sequence[ResponseModel]") -> Any:
        """The kernels' tables of both frames, from their ResponseModels."""
        seats = self.seats()
        if not seats.any():
            raise SpecError(
                f"staffing = {self.staffing!r} of {self.interviewers} interviewers: nobody is ever at work."
            )
        turn = (np.arange(WEEK) + 3 * self.first_weekday) % WEEK  # slots of the calendar week, from the first day on
        each = [_numbers(model) for model in models]
        return calling.Chain(
            kind=np.stack([m.contact_class(f == 0) for f, m in enumerate(models)]),
            contact=np.stack([m.contact_table()[..., turn] for m in models]),
            willing=np.stack([m.willingness() for m in models]),
            shift=np.stack([m.shifts() for m in models]),
            busy=np.array([m.busy for m in models]),
            blocked=np.array([m.blocked for m in models]),
            device=np.array([m.known_no_contact for m in models]),
            available=np.array(
                [1.0 if f == 1 or m.selection == "anybody" else m.member_available for f, m in enumerate(models)]
            ),
            ends=np.stack(each),
            attempts=np.array([m.attempts for m in models]),
            conversions=np.array([m.conversions for m in models]),
            again=self.again(),
            first=seats / seats.sum(),
            minutes=np.array(self.minutes, dtype=float) + self.wrap_up,
        )


@lru_cache(maxsize=16)
def solve(protocol: Protocol, models: "tuple[ResponseModel, ...]") -> "tuple[Any, tuple[Outcomes, ...]]":
    """Chain of both frames and their solved Outcomes, of (landline, mobile) ResponseModels."""
    chain = protocol.chain(models)
    tables = [model.cooperation_table(protocol.interviewer_sd) for model in models]
    return chain, tuple(Outcomes.of(chain, f, table) for f, table in enumerate(tables))


def _numbers(m):
    return np.array([m.break_off, m.partial, m.other, m.language, m.appointment, m.refuse_unscreened, m.hard])


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Final outcomes of one frame's numbers, by type: what the chain of calls ends in.

    Attributes
    ----------
    chance : (types, codes, attempts + 1) probability of final code and calls. minutes : of the same shape, spent on average.
    alias, outcome : the same as the kernel takes them.
    """

    chance: np.ndarray
    minutes: np.ndarray
    alias: np.ndarray
    outcome: np.ndarray

    @classmethod
    def of(cls, chain: Any, frame: int, cooperation: Floats) -> Self:
        """Solve the chain of a frame (0 landline, 1 mobile); `cooperation` (types, 4) as of `ResponseModel.cooperation_table`."""
        shape = (respondents.N_TYPES, calling.N_CODES, int(chain.attempts[frame]) + 1)
        chance, minutes = np.zeros(shape), np.zeros(shape)
        calling.absorb(chain, frame, cooperation, chance, minutes)
        code, calls = np.nonzero(chance.any(axis=0))
        weight = np.ascontiguousarray(chance[:, code, calls])
        alias = np.empty((1, *weight.shape), np.uint64)
        randomness.alias_tables(weight, alias[0])
        return cls(chance, minutes, alias, np.stack([code, calls]).astype(np.int64))

    def length(self, reaches: bool) -> float:
        """Mean minutes spent on a number that reaches a person, or does not, over all kinds alike."""
        each = (self.chance * self.minutes).sum(axis=(1, 2))
        return float((each[: respondents.PERSON_TYPES] if reaches else each[respondents.PERSON_TYPES :]).mean())

    def interviews(self) -> float:
        """Share of working numbers that end in an interview, over all kinds of persons alike."""
        return float(self.chance[: respondents.PERSON_TYPES, 0].sum(axis=1).mean())


assert len(MINUTES) == len(CALL_RESULTS)
