"""The specification of one survey: a frozen value, read from TOML, checked whole."""

import dataclasses
import difflib
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from .. import reference
from ..columns import CALL_RESULTS
from ..errors import SpecError
from ..fieldwork import Measurement, Protocol, ResponseModel
from ..fieldwork.eligibility import METHODS

Share = Annotated[float, Field(ge=0, le=1)]
Probability = Annotated[float, Field(gt=0, lt=1)]
LogOdds = Annotated[float, Field(ge=-5, le=5, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PopulationSpec(_Part):
    """Which finite population (`Population.china`)."""

    year: Literal[2020, 2022, 2023, 2024] = 2023
    seed: Annotated[int, Field(ge=0)] = 1
    scale: Annotated[float, Field(ge=1e-4, le=1)] = 1.0
    personal_share: Annotated[float, Field(ge=0.8, le=1)] = 0.95
    residential_share: Annotated[float, Field(ge=0.1, le=1)] = 0.55
    no_phone_internet_rate: Share = 0.0
    household_icc: Share = 0.25
    prefecture_icc: Share = 0.02


class FrameSpec(_Part):
    """The telephone frames (`TelephoneFrame`)."""

    out_of_area: Share = 0.5


class SampleSpec(_Part):
    """Allocation and number banks (`SampleDesign.plan`)."""

    interviews: Annotated[int, Field(ge=100)] = 22047
    landline_share: Share = 0.5
    between: Literal["power", "proportional", "equal"] = "power"
    power: Annotated[float, Field(ge=0, le=1)] = 0.5
    minimum_per_province: Annotated[int, Field(ge=0)] = 300
    minimum_per_unit: Annotated[int, Field(ge=2)] = 3
    suffixes: Literal["shared", "independent"] = "shared"
    bank_factor: Annotated[float, Field(gt=0, le=100)] = 1.5


def _keys_of(model, **kinds):
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
    __base__=_Part,
    __doc__="Fieldwork of one frame; the keys of `ResponseModel`.",
    **_keys_of(
        ResponseModel,
        **dict.fromkeys(_ODDS, LogOdds),
        **dict.fromkeys(("contact", "member_available", "cooperation", "business_contact"), Probability),
        attempts=Annotated[int, Field(ge=1, le=20)],
        conversions=Annotated[int, Field(ge=0, le=3)],
        daypart=_several(LogOdds, 6),
        selection=Literal["random", "anybody", "last_birthday", "next_birthday", "kish"],
    ),
)

_Days = Annotated[int, Field(ge=1, le=60)]
_Minutes = Annotated[float, Field(gt=0, le=240)]
ProtocolSpec = create_model(
    "ProtocolSpec",
    __base__=_Part,
    __doc__="The call centre; the keys of `Protocol`.",
    **_keys_of(
        Protocol,
        interviewers=Annotated[int, Field(ge=1, le=30_000)],
        staffing=_several(Share, 6),
        shift_hours=Annotated[float, Field(gt=0, le=8)],
        first_weekday=Annotated[int, Field(ge=0, le=6)],
        field_days=Annotated[int, Field(ge=1, le=366)],
        **dict.fromkeys(("callback_days", "refusal_days", "appointment_days"), _Days),
        replicate=Annotated[int, Field(ge=1)],
        first_release=Annotated[float, Field(gt=0, le=3)],
        stop=Literal["target", "released"],
        quota=Annotated[float, Field(gt=0)] | None,
        interviewer_sd=Annotated[float, Field(ge=0, le=3)],
        assignment=Literal["random", "province"],
        minutes=_several(_Minutes, len(CALL_RESULTS)),
        wrap_up=Annotated[float, Field(ge=0, le=60)],
        cost_per_hour=Annotated[float, Field(ge=0)],
    ),
)

MeasurementSpec = create_model(
    "MeasurementSpec",
    __base__=_Part,
    __doc__="Errors of answers; the keys of `Measurement`.",
    **_keys_of(
        Measurement,
        desirable=_Outcomes,
        sensitive=_Outcomes,
        interviewer_sd=Annotated[float, Field(ge=0, le=3)],
        missing_yes=Annotated[float, Field(ge=0, le=10)],
    ),
)


class FieldworkSpec(_Part):
    """Fieldwork: `level` "outcome" draws one final outcome a number, "calls" simulates every call."""

    level: Literal["outcome", "calls"] = "outcome"
    landline: ResponseSpec = ResponseSpec(contact=0.45)
    mobile: ResponseSpec = ResponseSpec()
    protocol: ProtocolSpec = ProtocolSpec()
    measurement: MeasurementSpec = MeasurementSpec()

    def models(self):
        """(landline, mobile) ResponseModel."""
        return tuple(ResponseModel(**part.model_dump()) for part in (self.landline, self.mobile))


class WeightingSpec(_Part):
    """The weighting recipe."""

    composite: Literal["effective"] | Share = "effective"
    nonresponse: Literal[METHODS] | Share = "frame"
    nonresponse_unscreened: Literal["screened"] | Share = "screened"
    margins: Annotated[
        tuple[Literal["sex", "age_group", "education", "urban"], ...], Field(min_length=1, strict=False)
    ] = ("sex", "age_group", "education", "urban")
    control_population: Literal["covered_6plus", "residents_6plus"] = "covered_6plus"
    minimum_per_level: Annotated[int, Field(ge=1)] = 5


class EstimationSpec(_Part):
    """What is estimated."""

    level: Probability = 0.95
    indicators: Literal["all"] | Annotated[tuple[str, ...], Field(strict=False, min_length=1)] = "all"


class SurveySpec(_Part):
    """One dual-frame telephone survey, from population to estimates.

    Read one with `SurveySpec.preset("cnnic-2024-12")` or `SurveySpec.from_toml(path)`; `run(seed)` carries it out.
    Unknown keys are refused, all mistakes are reported at once.
    """

    name: str = "survey"
    population: PopulationSpec = PopulationSpec()
    frame: FrameSpec = FrameSpec()
    sample: SampleSpec = SampleSpec()
    fieldwork: FieldworkSpec = FieldworkSpec()
    weighting: WeightingSpec = WeightingSpec()
    estimation: EstimationSpec = EstimationSpec()

    @classmethod
    def preset(cls, name, **changes):
        """A preset by name. `changes` override sections: preset("cnnic-2024-12", sample={"landline_share": 0.0})."""
        if name not in presets():
            near = difflib.get_close_matches(name, presets(), 1)
            raise SpecError(
                f"there is no preset {name!r}{f'; did you mean {near[0]!r}?' if near else '.'} Presets: "
                f"{', '.join(presets())}."
            )
        return cls._build(_merge(_preset(name), changes), f"preset {name}")

    @classmethod
    def from_toml(cls, path):
        """Read a specification file; a key `extends = "preset"` starts from a preset."""
        path = Path(path)
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            raise SpecError(
                f"{path}: there is no such file. Give a TOML file or a preset ({', '.join(presets())})."
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise SpecError(f"{path}: cannot be read ({error}).") from None
        except tomllib.TOMLDecodeError as error:
            raise SpecError(f"{path}: is not valid TOML: {error}.") from None
        base = data.pop("extends", None)
        if base is not None:
            if not isinstance(base, str):
                raise SpecError(f"{path}: extends = {base!r}: give the name of a preset ({', '.join(presets())}).")
            data = _merge(cls.preset(base).model_dump(), data)
        return cls._build(data, str(path))

    @classmethod
    def _build(cls, data, place):
        try:
            spec = cls.model_validate(data)
        except ValidationError as error:
            lines = dict.fromkeys(_explain(cls, problem, place) for problem in error.errors())
            raise SpecError("\n".join(lines)) from None
        _check_whole(spec, place)
        return spec

    def run(self, seed=1, record=True, progress=None):
        """Carry out the survey once.

        Parameters
        ----------
        seed : int, of sampling and fieldwork (the population has its own).
        record : keep the table of every dialled number (`run.cases`), not only the interviews.
        progress : called with a text at every stage.

        Returns
        -------
        SurveyRun.
        """
        from .survey import run

        return run(self, seed, record=record, progress=progress)


def _check_whole(spec, place):
    """Mistakes that only show between keys."""
    sample, mistakes = spec.sample, []
    if 31 * sample.minimum_per_province > sample.interviews:
        mistakes.append(
            f"{place}: sample.minimum_per_province = {sample.minimum_per_province} needs {31 * sample.minimum_per_province:,} "
            f"interviews in 31 provinces; sample.interviews = {sample.interviews}. Raise one or lower the other."
        )
    for name, values in (
        ("weighting.margins", spec.weighting.margins),
        ("estimation.indicators", spec.estimation.indicators),
    ):
        if not isinstance(values, str) and len(set(values)) < len(values):
            twice = next(v for v in values if values.count(v) > 1)
            mistakes.append(f"{place}: {name}: {twice!r} is listed twice.")
    mistakes += _protocol_mistakes(spec.fieldwork, f"{place}: fieldwork.protocol")
    known = list(reference.indicators().index)
    for name in () if spec.estimation.indicators == "all" else spec.estimation.indicators:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            mistakes.append(f"{place}: estimation.indicators: {name!r} is no modelled indicator{hint}")
    if mistakes:
        raise SpecError("\n".join(mistakes))


def _protocol_mistakes(fieldwork, place):
    """Keys of the protocol that the level of detail cannot follow."""
    protocol, calls = fieldwork.protocol, fieldwork.level == "calls"
    if protocol.quota is not None and not calls:
        yield f'{place}.quota = {protocol.quota} needs fieldwork.level = "calls"; leave it out or change the level.'
    if protocol.assignment == "province" and calls:
        yield f'{place}.assignment = "province" needs fieldwork.level = "outcome": in calls the next free interviewer calls.'
    if protocol.assignment == "province" and protocol.interviewers < 31:
        yield f"{place}.interviewers = {protocol.interviewers}: teams of one province each need at least 31."


def _preset(name):
    """Keys of a preset, on top of those of the preset it extends."""
    data = tomllib.loads((files(__package__) / "presets" / f"{name}.toml").read_text(encoding="utf-8"))
    base = data.pop("extends", None)
    return data if base is None else _merge(_preset(base), data)


def presets():
    """Names of the presets that come with the package."""
    return sorted(
        path.name.removesuffix(".toml")
        for path in (files(__package__) / "presets").iterdir()
        if path.name.endswith(".toml")
    )


def _merge(base, changes):
    result = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = _merge(result[key], value) if both else value
    return result


def _explain(cls, problem, place):
    """One line for one mistake: file, key path, what is wrong, the nearest known key."""
    unknown = problem["type"] == "extra_forbidden"
    model, path = cls, []
    for part in problem["loc"]:
        fields = getattr(model, "model_fields", {})
        if part not in fields and not (unknown and fields):
            break  # what follows names pydantic's own machinery
        path.append(str(part))
        parent, model = model, fields[part].annotation if part in fields else None
    where = ".".join(path)
    if not unknown:
        return f"{place}: {where} = {problem['input']!r}: {problem['msg'][0].lower()}{problem['msg'][1:]}."
    near = difflib.get_close_matches(path[-1], list(parent.model_fields), 1)
    return f"{place}: unknown key {where!r}" + (
        f"; did you mean {near[0]!r}?" if near else f". Known: {', '.join(parent.model_fields)}."
    )
