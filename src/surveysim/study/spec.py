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
    contact_per_decade: float = 0.10
    member_available: Probability = 0.80
    cooperation: Probability = 0.30
    female: float = 0.10
    age_per_decade: float = 0.05
    education_level: float = 0.08
    urban: float = -0.20
    internet_user: float = 0.0
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
    margins: Annotated[
        tuple[Literal["sex", "age_group", "education", "urban"], ...], Field(min_length=1, strict=False)
    ] = ("sex", "age_group", "education", "urban")
    control_population: Literal["covered_6plus", "residents_6plus"] = "covered_6plus"
    minimum_per_level: Annotated[int, Field(ge=1)] = 5


class EstimationSpec(_Part):
    """What is estimated."""

    level: Probability = 0.95
    indicators: Literal["all"] | Annotated[tuple[str, ...], Field(strict=False)] = "all"


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
            data = tomllib.loads(path.read_text(encoding="utf-8"))
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
            data = _merge(cls.preset(base).model_dump(), data)
        return cls._build(data, str(path))

    @classmethod
    def _build(cls, data, place):
        try:
            spec = cls.model_validate(data)
        except ValidationError as error:
            raise SpecError("\n".join(_explain(cls, problem, place) for problem in error.errors())) from None
        if spec.estimation.indicators != "all":
            known = list(reference.indicators().index)
            for name in spec.estimation.indicators:
                if name not in known:
                    near = difflib.get_close_matches(name, known, 1)
                    raise SpecError(
                        f"{place}: estimation.indicators: {name!r} is no modelled indicator"
                        f"{f'; did you mean {near[0]!r}?' if near else '.'}"
                    )
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
    path = ".".join(str(part) for part in problem["loc"] if part not in ("literal['effective']", "literal['all']"))
    if problem["type"] != "extra_forbidden":
        return f"{place}: {path} = {problem['input']!r}: {problem['msg'][0].lower()}{problem['msg'][1:]}."
    model = cls
    for part in problem["loc"][:-1]:
        model = model.model_fields[part].annotation
    near = difflib.get_close_matches(str(problem["loc"][-1]), list(model.model_fields), 1)
    return f"{place}: unknown key {path!r}" + (
        f"; did you mean {near[0]!r}?" if near else f". Known: {', '.join(model.model_fields)}."
    )
