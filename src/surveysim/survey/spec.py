"""The specification of one survey: a frozen value, read from TOML, checked whole."""

import tomllib
import typing
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from .. import guards, reference
from ..display import short
from ..errors import SpecError
from ..fieldwork.eligibility import METHODS
from ..guards import sight
from ..keys import merge
from ..naming import did_you_mean, near
from .fieldwork_spec import FieldworkSpec, Part, Probability, Share, fieldwork_mistakes


class PopulationSpec(Part):
    """Which finite population (`Population.china`)."""

    year: Literal[2020, 2022, 2023, 2024] = 2023
    seed: Annotated[int, Field(ge=0)] = 1
    scale: Annotated[float, Field(ge=1e-4, le=1)] = 1.0
    personal_share: Annotated[float, Field(ge=0.8, le=1)] = 0.95
    residential_share: Annotated[float, Field(ge=0.1, le=1)] = 0.55
    no_phone_internet_rate: Share = 0.0
    household_icc: Share = 0.25
    prefecture_icc: Share = 0.02


class FrameSpec(Part):
    """The telephone frames (`TelephoneFrame`)."""

    out_of_area: Share = 0.5


class SampleSpec(Part):
    """Allocation and number banks (`SampleDesign.plan`)."""

    interviews: Annotated[int, Field(ge=100)] = 22047
    landline_share: Share = 0.5
    between: Literal["power", "proportional", "equal"] = "power"
    power: Annotated[float, Field(ge=0, le=1)] = 0.5
    minimum_per_province: Annotated[int, Field(ge=0)] = 300
    minimum_per_unit: Annotated[int, Field(ge=2)] = 3
    prefectures: Annotated[int, Field(ge=2, le=30)] | None = None
    suffixes: Literal["shared", "independent"] = "shared"
    bank_factor: Annotated[float, Field(gt=0, le=100)] = 1.5


class WeightingSpec(Part):
    """The weighting recipe."""

    composite: Literal["effective"] | Share = "effective"
    nonresponse: Literal[METHODS] | Share = "frame"
    nonresponse_unscreened: Literal["screened"] | Share = "screened"
    margins: Annotated[
        tuple[Literal["sex", "age_group", "education", "urban"], ...], Field(min_length=1, strict=False)
    ] = ("sex", "age_group", "education", "urban")
    control_population: Literal["covered_6plus", "residents_6plus"] = "covered_6plus"
    control_year: Literal[2020, 2022, 2023, 2024] | None = None
    minimum_per_level: Annotated[int, Field(ge=1)] = 5


class EstimationSpec(Part):
    """What is estimated."""

    level: Probability = 0.95
    indicators: Literal["all"] | Annotated[tuple[str, ...], Field(strict=False, min_length=1)] = "all"


class StagesSpec(Part):
    """Stages that can be off: without `nonresponse` everybody is reached and takes part, without `measurement` answers are true."""

    nonresponse: bool = True
    measurement: bool = True


class SurveySpec(Part):
    """One dual-frame telephone survey, from population to estimates.

    Read one with `SurveySpec.preset("cnnic-2024-12")` or `SurveySpec.from_toml(path)`; `run(seed)` carries it out.
    Unknown keys are refused, all mistakes are reported at once.

    Examples
    --------
    >>> import surveysim as ss
    >>> spec = ss.SurveySpec.preset("cnnic-2024-12", sample={"landline_share": 0.0})
    >>> spec.sample.interviews, spec.sample.landline_share
    (22047, 0.0)
    >>> try:
    ...     ss.SurveySpec.preset("cnnic-2024-12", sample={"interview": 20000})
    ... except ss.SpecError as error:
    ...     print(error)
    preset cnnic-2024-12: unknown key 'sample.interview'; did you mean 'interviews'?
    """

    name: str = "survey"
    population: PopulationSpec = PopulationSpec()
    frame: FrameSpec = FrameSpec()
    sample: SampleSpec = SampleSpec()
    fieldwork: FieldworkSpec = FieldworkSpec()
    weighting: WeightingSpec = WeightingSpec()
    estimation: EstimationSpec = EstimationSpec()
    stages: StagesSpec = StagesSpec()

    @classmethod
    def preset(cls, name, **changes):
        """A preset by name. `changes` override sections: preset("cnnic-2024-12", sample={"landline_share": 0.0}).

        Examples
        --------
        >>> import surveysim as ss
        >>> ss.SurveySpec.preset("cnnic-2024-12", population={"scale": 0.02}).population.scale
        0.02
        """
        if not isinstance(name, str):
            raise SpecError(f"name = {guards.sight(name)}: give one of the presets {', '.join(presets())}.")
        if name not in presets():
            hint = did_you_mean(name, presets())
            raise SpecError(f"there is no preset {sight(name)}{hint} Presets: {', '.join(presets())}.")
        return cls._build(merge(preset_keys(name), changes), f"preset {name}")

    @classmethod
    def from_toml(cls, path):
        """Read a specification file, or a preset by its name; a key `extends` starts from a preset or from another file.

        Examples
        --------
        >>> import surveysim as ss
        >>> from pathlib import Path
        >>> _ = Path("survey.toml").write_text("sample.landline_share = 0.3")
        >>> ss.SurveySpec.from_toml("survey.toml").sample.landline_share
        0.3
        """
        return cls._build(read_layers(guards.path(path, "path", error=SpecError)), str(path))

    @classmethod
    def _build(cls, data, place):
        spec, mistakes = checked(cls, data, place)
        if mistakes:
            raise SpecError(told(mistakes))
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

        Examples
        --------
        >>> import surveysim as ss
        >>> small = {"interviews": 4000, "minimum_per_province": 0, "minimum_per_unit": 2}
        >>> spec = ss.SurveySpec.preset("cnnic-2024-12", population={"scale": 0.01}, sample=small)
        >>> run = spec.run(seed=1)
        >>> len(run.interviews)
        4000
        >>> row = run.comparison().set_index("indicator_id").loc["internet_penetration"]
        >>> row[["published", "parameter", "estimate", "moe"]].astype(float).round(1).tolist()
        [78.6, 78.6, 78.7, 1.1]
        """
        from .run import run

        return run(self, seed, record=record, progress=progress)


DEEPEST = 32  # levels of keys; the schema has six
LINES = 50  # mistakes that are told


def read_layers(path, above=()):
    """Keys of a preset, or of a file on top of those of the preset or file it extends."""
    if str(path) in presets():
        return preset_keys(str(path))
    place = short(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise SpecError(
            f"{place}: there is no such file. Give a TOML file or a preset ({', '.join(presets())})."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{place}: cannot be read ({getattr(error, 'strerror', None) or error}).") from None
    except RecursionError:
        raise _too_deep(place) from None
    except ValueError as error:  # also numbers of thousands of digits, and names no file can have
        raise SpecError(f"{place}: is not valid TOML: {short(error)}.") from None
    return extended(data, path, above)


def told(mistakes):
    """Mistakes as the text of one error: one line each, the first ones, each of a length that can be read."""
    mistakes = list(dict.fromkeys(mistakes))
    more = [f"and {len(mistakes) - LINES:,} more mistakes."] if len(mistakes) > LINES else []
    return "\n".join([*map(short, mistakes[:LINES]), *more])


def shallow(data, place):
    """The keys, if they are not nested deeper than any key is."""
    level = [data]
    for _ in range(DEEPEST):
        inner = (v for item in level for v in (item.values() if isinstance(item, dict) else item))
        level = list({id(v): v for v in inner if isinstance(v, dict | list | tuple)}.values())
        if not level:
            return data
    raise _too_deep(place)


def _too_deep(place):
    return SpecError(f"{place}: keys are nested too deep; no key of a survey or a study has {DEEPEST} levels.")


def extended(data, path, above=()):
    """Keys on top of those of the preset, or the file beside `path`, that their `extends` names."""
    data = dict(shallow(data, short(path)))
    base = data.pop("extends", None)
    if base is None:
        return data
    if isinstance(base, str) and base in presets():
        return merge(preset_keys(base), data)
    file = path.parent / base if isinstance(base, str) else path
    if not isinstance(base, str) or not _is_file(file):
        hint = did_you_mean(base, presets(), "")
        raise SpecError(
            f"{short(path)}: extends = {sight(base)}: there is no preset {sight(base)}{hint} "
            f"and no such file beside this one. Presets: {', '.join(presets())}."
        )
    if file.resolve() in above:
        raise SpecError(f"{short(path)}: extends = {sight(base)}: the files extend each other in a circle.")
    return merge(read_layers(file, (*above, path.resolve())), data)


def _is_file(path):
    try:
        return path.is_file()
    except OSError:  # a name that is too long for one
        return False


def checked(kind, data, place):
    """(spec or None, mistakes) of keys: every mistake is one line with its path and, for unknown keys, the nearest known one."""
    shallow(data, place)
    try:
        spec = kind.model_validate(data)
    except ValidationError as error:
        lines, problems = {}, error.errors()
        deeper = {problem["loc"][:-1] for problem in problems}
        for problem in problems:
            if problem["type"] == "too_short" and problem["loc"] in deeper:
                continue  # its entries are wrong, and so left out
            where, text = _explain(kind, problem, place)
            lines.setdefault(where, []).append(text)  # a key that may be of several kinds has a mistake of each
        return None, [where + " or ".join(dict.fromkeys(t)) for where, t in lines.items()]
    return spec, _check_whole(spec, place) if isinstance(spec, SurveySpec) else []


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
    mistakes += fieldwork_mistakes(spec.fieldwork, f"{place}: fieldwork")
    known = list(reference.indicators().index)
    for name in () if spec.estimation.indicators == "all" else spec.estimation.indicators:
        if name not in known:
            hint = did_you_mean(name, known)
            mistakes.append(f"{place}: estimation.indicators: {name!r} is no modelled indicator{hint}")
    return mistakes


def preset_keys(name):
    """Keys of a preset, on top of those of the preset it extends."""
    data = tomllib.loads((files(__package__) / "presets" / f"{name}.toml").read_text(encoding="utf-8"))
    base = data.pop("extends", None)
    return data if base is None else merge(preset_keys(base), data)


def presets():
    """Names of the presets that come with the package."""
    return sorted(
        path.name.removesuffix(".toml")
        for path in (files(__package__) / "presets").iterdir()
        if path.name.endswith(".toml")
    )


def _explain(cls, problem, place):
    """File and key path, and what is wrong with it, or the nearest known key."""
    unknown = problem["type"] == "extra_forbidden"
    model, path, used = cls, [], 0
    for part in problem["loc"]:
        fields = getattr(model, "model_fields", {})
        inner = next((kind for kind in _choices(typing.get_args(model)) if hasattr(kind, "model_fields")), None)
        if isinstance(part, int) and inner is not None:  # an entry of a list of tables
            path[-1], model, used = f"{path[-1]}[{part}]", inner, used + 1
            continue
        if part not in fields and not (unknown and fields):
            break  # what follows names pydantic's own machinery
        path.append(str(part))
        used += 1
        parent, model = model, fields[part].annotation if part in fields else None
    where = ".".join(path)
    if unknown:
        known = did_you_mean(path[-1], parent.model_fields, f". Known: {', '.join(parent.model_fields)}.")
        return f"{place}: unknown key {where!r}", known
    text = problem["msg"][0].lower() + problem["msg"][1:]
    if problem["type"] == "tuple_type":
        tables = "[[" + where + "]]"
        text = (
            f"write {tables}, once for each"
            if where in ("methods", "estimands", "scenarios")
            else f"give a list, such as [{sight(problem['input'])}]"
        )
    inside = [part for part in problem["loc"][used:] if isinstance(part, int)]
    if not path or (problem["type"] == "missing" and not inside):
        return f"{place}: {'.'.join(str(p) for p in problem['loc'])}", " is needed and not there."
    values = typing.get_args(parent.model_fields[path[-1].partition("[")[0]].annotation)
    if inside and problem["type"] == "missing":
        return (
            f"{place}: {where} = {sight(problem['input'])}: ",
            f"has {len(problem['input'])} values; give {len(values)}.",
        )
    if problem["type"] == "literal_error":
        close = near(str(problem["input"]), [v for v in _choices(values) if isinstance(v, str)])
        text += f" (did you mean {close[0]!r}?)" if close else ""
    place_in = f"[{inside[0]}]" if inside else ""
    return f"{place}: {where}{place_in} = {sight(problem['input'])}: ", text + "."


def _choices(kinds):
    """Values of the literals among some types."""
    for kind in kinds:
        inner = typing.get_args(kind)
        yield from _choices(inner) if inner else (kind,)
