"""The fieldwork of a specification: keys from the dataclasses of `fieldwork`, and the mistakes that show between them."""
# models that are made of dataclasses are types when it runs, which the checker does not do
# pyright: reportInvalidTypeForm=false, reportCallIssue=false

import dataclasses
import warnings
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from ..aliases import Floats
from ..columns import CALL_RESULTS
from ..errors import SurveysimWarning
from ..fieldwork import Measurement, Protocol, ResponseModel
from ..fieldwork.protocol import RENAMED
from ..naming import did_you_mean
from ..on_demand import Later

outcomes = Later(__package__, "..population.outcomes")
Share = Annotated[float, Field(ge=0, le=1)]
Probability = Annotated[float, Field(gt=0, lt=1)]
LogOdds = Annotated[float, Field(ge=-5, le=5, allow_inf_nan=False)]


class Part(BaseModel):
    """Some keys of a specification: checked, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    def mistakes_between(self, place):
        """Mistakes that only show between keys, one line each."""
        return []


def keys_of(model: type, **kinds: Any) -> dict[str, Any]:
    """Keys of a part from a dataclass of `fieldwork`: its names and defaults; a number is a share unless `kinds` says otherwise."""
    return {field.name: (kinds.get(field.name, Share), field.default) for field in dataclasses.fields(model)}


def _several(kind, n):
    return Annotated[tuple[(kind,) * n], Field(strict=False)]


_Outcomes = Annotated[tuple[str, ...], Field(strict=False)]
_ODDS = (
    *("contact_per_decade", "working_age_daytime", "appointment_kept", "appointment_willing", "after_refusal"),
    *("female", "age_per_decade", "child", "education_level", "urban", "farming", "manufacturing"),
    *("internet_user", "both_phones"),
)

ResponseSpec = create_model(
    "ResponseSpec",
    __base__=Part,
    __doc__="Fieldwork of one frame; the keys of `ResponseModel`.",
    **keys_of(
        ResponseModel,
        **dict.fromkeys(_ODDS, LogOdds),
        **dict.fromkeys(("contact", "member_available", "cooperation", "business_contact"), Probability),
        attempts=Annotated[int, Field(ge=1, le=20)],
        conversions=Annotated[int, Field(ge=0, le=3)],
        daypart=_several(LogOdds, 6),
        selection=Literal["random", "anybody", "last_birthday", "next_birthday", "kish"],
    ),
)


class _Protocol(Part):
    @model_validator(mode="before")
    @classmethod
    def _renamed(cls, data: Any) -> Any:
        """The keys, `replicate` by its new name; for one release."""
        if not isinstance(data, dict) or "replicate" not in data or "release_size" in data:
            return data
        warnings.warn(RENAMED, SurveysimWarning, stacklevel=2)
        return {"release_size" if key == "replicate" else key: value for key, value in data.items()}


_Quota = Annotated[float | None, Field(ge=1, le=100)]
_Days = Annotated[int, Field(ge=1, le=60)]
_Minutes = Annotated[float, Field(gt=0, le=240)]
_CENTRE: dict[str, Any] = {
    "interviewers": Annotated[int, Field(ge=1, le=30_000)],
    "interviewer_sd": Annotated[float, Field(ge=0, le=3)],
    "field_days": Annotated[int, Field(ge=1, le=366)],
    "release_size": Annotated[int, Field(ge=1, le=1000)],
    "first_release": Annotated[float, Field(gt=0, le=3)],
    "stop": Literal["target", "released"],
    "quota": _Quota,
    "staffing": _several(Share, 6),
    "shift_hours": Annotated[float, Field(gt=0, le=8)],
    "first_weekday": Annotated[int, Field(ge=0, le=6)],
    **dict.fromkeys(("callback_days", "refusal_days", "appointment_days"), _Days),
}


def _some(keys: dict[str, Any], names: Any) -> dict[str, Any]:
    """The keys of these names."""
    return {name: key for name, key in keys.items() if name in names}


_TIMES: dict[str, Any] = {
    "minutes": _several(_Minutes, len(CALL_RESULTS)),
    "wrap_up": Annotated[float, Field(ge=0, le=60)],
    "cost_per_hour": Annotated[float, Field(ge=0, le=1e6)],
}
_CentreKeys: Any = create_model(
    "_CentreKeys",
    __base__=Part,
    **keys_of(Protocol, **_TIMES, **_CENTRE, assignment=Literal["random", "stratum"]),
)


class CentreSpec(_CentreKeys):
    """The call centre of a country's survey; the keys of `Protocol`, and the variables whose cross quotas are set for."""

    quota_by: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] = ("sex", "age")


ProtocolSpec = create_model(
    "ProtocolSpec",
    __base__=_Protocol,
    __doc__="The call centre; the keys of `Protocol`.",
    **keys_of(
        Protocol,
        **_CENTRE,
        assignment=Literal["random", "province"],
        **_TIMES,
    ),
)

_ANSWERS: dict[str, Any] = {
    "desirable": _Outcomes,
    "sensitive": _Outcomes,
    "interviewer_sd": Annotated[float, Field(ge=0, le=3)],
    "missing_yes": Annotated[float, Field(ge=0, le=10)],
}
MeasurementSpec = create_model(
    "MeasurementSpec",
    __base__=Part,
    __doc__="Errors of answers; the keys of `Measurement`.",
    **keys_of(
        Measurement,
        **_ANSWERS,
    ),
)


_SAID = ("over", "under", "forgotten_number", "missing", *_ANSWERS)
_AnswersKeys: Any = create_model("_AnswersKeys", __base__=Part, **_some(keys_of(Measurement, **_ANSWERS), _SAID))


class MissingSpec(Part):
    """Share of answers that a group does not give."""

    variable: str
    level: str
    share: Share


class AnswersSpec(_AnswersKeys):
    """Errors of answers in a country's survey; some keys of `Measurement`, and groups that give other shares of answers than all do."""

    missing_in: Annotated[tuple[MissingSpec, ...], Field(strict=False)] = ()

    def silence(self, people: pd.DataFrame) -> Floats:
        """Share of answers not given (n,) by people with these columns; the last group that somebody is in counts."""
        share = np.full(len(people), float(self.missing))
        for group in self.missing_in:
            share[(people[group.variable] == group.level).to_numpy()] = group.share
        return share


class FieldworkSpec(Part):
    """Fieldwork: `level` "outcome" draws one final outcome a number, "calls" simulates every call."""

    level: Literal["outcome", "calls"] = "outcome"
    landline: ResponseSpec = ResponseSpec(contact=0.45)
    mobile: ResponseSpec = ResponseSpec()
    protocol: ProtocolSpec = ProtocolSpec()
    measurement: MeasurementSpec = MeasurementSpec()

    def models(self):
        """(landline, mobile) ResponseModel."""
        return tuple(ResponseModel(**part.model_dump()) for part in (self.landline, self.mobile))


def fieldwork_mistakes(fieldwork, place, strata):
    """Mistakes of a fieldwork specification that no single key shows; `strata` are provinces, as many."""
    yield from protocol_mistakes(fieldwork.protocol, fieldwork.level, f"{place}.protocol", strata, "province")
    yield from _idle_keys(fieldwork, place)
    yield from answer_mistakes(fieldwork.measurement, f"{place}.measurement", list(outcomes.definitions()["name"]))
    measurement = fieldwork.measurement
    yield from missing_mistakes(measurement, f"{place}.measurement", (measurement.missing, measurement.missing_old))


def protocol_mistakes(protocol: Any, level: str, place: str, strata: int, stratum: str) -> Iterator[str]:
    """Mistakes between the keys of a call centre; there are so many strata, and this is what one is called."""
    calls = level == "calls"
    if protocol.quota is not None and not calls:
        yield f'{place}.quota = {protocol.quota} needs fieldwork.level = "calls"; leave it out or change the level.'
    if protocol.assignment == stratum and calls:
        yield f'{place}.assignment = "{stratum}" needs fieldwork.level = "outcome": in calls the next free interviewer calls.'
    if protocol.assignment == stratum and protocol.interviewers < strata:
        yield f"{place}.interviewers = {protocol.interviewers}: teams of one {stratum} each need at least {strata}."
    if max(protocol.staffing) * protocol.interviewers < 0.5:
        yield f"{place}.staffing = {protocol.staffing!r} of {protocol.interviewers} interviewers: nobody is ever at work."
    if max(protocol.minutes) > 60 * protocol.shift_hours:
        yield f"{place}.minutes has a call of {max(protocol.minutes):g} minutes, longer than shift_hours = {protocol.shift_hours:g}."


# What means nothing in a frame, or without another key
IDLE = {
    "landline": ("contact_per_decade", "working_age_daytime", "shared"),
    "mobile": ("member_available", "selection", "misselection"),
}
NEEDS = {"over": "desirable", "desirable": "over", "under": "sensitive", "sensitive": "under"}


def _idle_keys(fieldwork, place):
    for frame, names in IDLE.items():
        part, other = getattr(fieldwork, frame), next(f for f in IDLE if f != frame)
        for name in names:
            if getattr(part, name) != type(part).model_fields[name].default:
                yield f"{place}.{frame}.{name} = {getattr(part, name)!r} is a key of {other}s and would do nothing; leave it out."


def answer_mistakes(measurement: Any, place: str, known: Sequence[str]) -> Iterator[str]:
    """Mistakes of errors of answers; `known` are the outcomes of the population."""
    for name, other in NEEDS.items():
        if getattr(measurement, name) and not getattr(measurement, other):
            yield f"{place}.{name} = {getattr(measurement, name)!r} does nothing without {place}.{other}; give both."
    for name in ("desirable", "sensitive"):
        for item in getattr(measurement, name):
            if item not in known:
                hint = did_you_mean(item, known, f"; there are {', '.join(known[:5])}, …")
                yield f"{place}.{name}: {item!r} is no outcome of the population{hint}"


def missing_mistakes(measurement: Any, place: str, shares: Sequence[float]) -> Iterator[str]:
    """Mistakes of answers that are not given, of these shares by group."""
    most = max(shares)
    if measurement.missing_yes != 1 and most == 0:
        yield f"{place}.missing_yes = {measurement.missing_yes} does nothing without {place}.missing."
    if most * max(measurement.missing_yes, 1) >= 1:
        yield f"{place}.missing: {most:g} × missing_yes = {measurement.missing_yes:g} leaves no answers; lower one of them."
