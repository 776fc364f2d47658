"""The specification of one survey: a frozen value, read from TOML, checked whole."""

import difflib
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .. import reference
from ..errors import SpecError
from ..fieldwork import ResponseModel

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


class ResponseSpec(_Part):
    """Fieldwork of one frame; the keys of `ResponseModel`."""

    attempts: Annotated[int, Field(ge=1, le=50)] = 5
    contact: Probability = 0.36
    contact_per_decade: LogOdds = 0.10
    member_available: Probability = 0.80
    cooperation: Probability = 0.30
    female: LogOdds = 0.10
    age_per_decade: LogOdds = 0.05
    education_level: LogOdds = 0.08
    urban: LogOdds = -0.20
    internet_user: LogOdds = 0.0
    both_phones: LogOdds = 0.0
    break_off: Share = 0.04
    other: Share = 0.06
    refuse_unscreened: Share = 0.5
    known_no_contact: Share = 0.3
    dead_known: Share = 0.9

    def model(self):
        return ResponseModel(**self.model_dump())


class FieldworkSpec(_Part):
    landline: ResponseSpec = ResponseSpec(contact=0.45)
    mobile: ResponseSpec = ResponseSpec()


class WeightingSpec(_Part):
    """The weighting recipe."""

    composite: Literal["effective"] | Share = "effective"
    nonresponse: Literal["proportional"] | Share = "proportional"
    nonresponse_unscreened: Share = 1.0
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
        text = (files(__package__) / "presets" / f"{name}.toml").read_text(encoding="utf-8")
        return cls._build(_merge(tomllib.loads(text), changes), f"preset {name}")

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
    known = list(reference.indicators().index)
    for name in () if spec.estimation.indicators == "all" else spec.estimation.indicators:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            mistakes.append(f"{place}: estimation.indicators: {name!r} is no modelled indicator{hint}")
    if mistakes:
        raise SpecError("\n".join(mistakes))


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
