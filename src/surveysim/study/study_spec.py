"""The specification of a Monte Carlo study: a survey's keys, what varies, methods, estimands, repetitions; read whole, checked whole."""

import itertools
import tomllib
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import Field

from .. import guards
from ..errors import SpecError, UnknownNameError
from ..estimation.intervals import METHODS as INTERVALS
from ..guards import sight
from ..judging.measures import MEASURES
from ..keys import flat, merge, nested
from ..naming import did_you_mean
from ..on_demand import Later
from ..survey.checking import checked, told
from ..survey.estimands import BY, UNITS
from ..survey.fieldwork_spec import Part, Probability, Share
from ..survey.layers import read_layers, shallow
from ..survey.spec import SurveySpec
from ..tables import framed
from . import plugins

parameters = Later(__package__, "..population.parameters")
DUAL = (
    "hartley",
    "fuller_burmeister",
    "pml",
    "single_frame",
    "raking_ratio",
    "multiplicity",
    "screening",
    "cal_df",
    "cal_sf",
)
SCHEMES = ("jk1", "jkn", "rao-wu", "sdr", "brr")
KINDS = ("known", "ratio", "mean", "total", "complement", "complement_ratio")
STUDY_KEYS = ("study", "grid", "scenarios", "methods", "estimands")
Name = Annotated[str, Field(min_length=1, max_length=80)]
Count = Annotated[int, Field(ge=2, le=100_000_000)]
Column = Annotated[str, Field(min_length=1, max_length=1000)]
Names = Annotated[tuple[Column, ...], Field(strict=False)]


class StudyPart(Part):
    """What is repeated, how often, and when to give up."""

    name: Name = "study"
    aim: str = ""
    repetitions: Count = 1000
    seed: Annotated[int, Field(ge=0)] = 1
    random_numbers: Literal["common", "independent"] = "common"
    target_mcse: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    max_repetitions: Count | None = None
    failures: Share = 0.01
    timeout: Annotated[float, Field(gt=0)] | None = None


class ScenarioSpec(Part):
    """A named set of changes to the survey's keys; `group` gives it random numbers of its own."""

    name: Name
    changes: dict[str, Any] = Field(default_factory=dict)
    group: str | None = None


class MethodSpec(Part):
    """A way to turn a sample into estimates: weighting × estimator × variance × interval, or a callable."""

    name: Name
    weighting: dict[str, Any] = Field(default_factory=dict)
    estimator: Literal[("recipe", *DUAL)] = "recipe"
    theta: Share | None = None
    frame_sizes: Annotated[tuple[Literal["A", "B", "ab"], ...], Field(strict=False)] = ()
    variance: Literal[("linearized", "none", *SCHEMES)] = "linearized"
    replicates: Annotated[int, Field(ge=2, le=10_000)] | None = None
    interval: Literal[(*INTERVALS, "percentile")] = "logit"
    call: str | None = None

    @property
    def own(self):
        """Whether a plug-in makes the estimates itself."""
        return self.call is not None

    def function(self, folder):
        """The plug-in's function of a sample; runs its file."""
        return plugins.loaded(self.call, folder)

    def fact(self, folder):
        """What results depend on."""
        source = {"source": plugins.source_of(self.call, folder)} if self.own else {}
        return self.model_dump(exclude_defaults=True) | source

    def entry(self):
        """What readers of results need to know."""
        return self.model_dump(include={"name", "interval", "variance", "replicates", "estimator"})


class EstimandSpec(Part):
    """A population value to estimate; see `indicator_value` for the kinds."""

    name: Name
    numerator: Name
    denominator: str = ""
    kind: Literal[KINDS] | None = Field(
        default=None,
        description="known: over a known number of residents; ratio: over an estimated number (persons: those aged 6+ with a telephone); "
        "mean; total; complement: a known number minus the numerator's; complement_ratio. Unless given: total without a denominator, known "
        "over persons, ratio over anything else.",
    )
    by: Names = ()
    unit: str | None = None

    @property
    def meant(self):
        """The kind, given or implied by the denominator."""
        if self.kind is not None:
            return self.kind
        return (
            "total"
            if not self.denominator
            else "known"
            if _names_of(self.denominator) in ([], ["persons"])
            else "ratio"
        )


class Keys(Part):
    """The keys every study has, whatever it draws from."""

    study: StudyPart = StudyPart()
    grid: dict[str, Any] = Field(default_factory=dict)
    scenarios: Annotated[tuple[ScenarioSpec, ...], Field(strict=False)] = ()
    methods: Annotated[tuple[MethodSpec, ...], Field(strict=False)] = ()
    estimands: Annotated[tuple[EstimandSpec, ...], Field(strict=False)] = ()


class StudySpec(Keys, SurveySpec):
    """A study of the telephone survey: the keys of a survey, and those of a study."""


class TablePopulation(Part):
    """A population that is a file: CSV or Parquet, one row per element."""

    table: Name


class TableDesign(Part):
    """A sample from the table: elements or clusters, in strata or not."""

    method: Literal["srs", "srs_with_replacement", "bernoulli", "poisson", "pps_with_replacement", "pps_systematic"] = (
        "srs"
    )
    n: Annotated[int, Field(ge=1)] | dict[str, Annotated[int, Field(ge=1)]]
    strata: Column | None = None
    allocation: Literal["proportional", "equal", "neyman"] = "proportional"
    sd: Column | None = None
    size: Column | None = None
    cluster: Column | None = None
    take: Annotated[int, Field(ge=1)] | None = None


class TableWeighting(Part):
    """Calibration to totals of the table itself."""

    margins: Names = ()
    method: Literal["raking", "linear", "logit", "truncated"] = "raking"
    bounds: tuple[float, float] | None = None


class TableEstimation(Part):
    """How intervals are made."""

    level: Probability = 0.95


class TableEstimand(Part):
    """A value of the table's population: a total, a mean or a ratio of two columns."""

    name: Name
    numerator: Name
    denominator: str = ""
    kind: Literal["mean", "total", "ratio"] = "mean"
    by: Names = ()
    unit: str | None = None


class TableStudySpec(Keys):
    """A study of sampling alone: samples from a population that is a table."""

    population: TablePopulation
    sample: TableDesign
    weighting: TableWeighting = TableWeighting()
    estimation: TableEstimation = TableEstimation()
    estimands: Annotated[tuple[TableEstimand, ...], Field(strict=False, min_length=1)]


def is_study(data):
    """Whether keys are those of a study."""
    return any(key in data for key in STUDY_KEYS)


def is_table(data):
    """Whether the population of a study is a file or a DataFrame."""
    return isinstance(data.get("population"), dict) and "table" in data["population"]


def given_table(table):
    """A population that was handed in, as a pandas table."""
    if isinstance(table, pd.DataFrame):
        return table
    return framed(table, "table", SpecError).to_pandas()


def read(path, changes=()):
    """Keys of a study file on top of what it extends, with changes "a.b=c" applied."""
    return with_changes(read_layers(guards.path(path, "path", error=SpecError)), changes)


def with_changes(data, changes):
    """A copy of the keys with changes such as "study.repetitions=50"; values are TOML, or else text."""
    for change in guards.words(changes, "changes", error=SpecError) or ():
        key, sign, text = change.partition("=")
        if not sign or not key.strip():
            raise SpecError(f"--set {sight(change)}: write key=value, such as study.repetitions=50.")
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except RecursionError:
            raise SpecError(f"--set {sight(change)}: the value is nested too deep.") from None
        except ValueError:
            value = text.strip()
        data = merge(data, shallow(nested(key.strip(), value), f"--set {sight(change)}"))
    return data


def build(data, place):
    """(spec, scenarios) of a study: the checked keys, and [(name, varied keys, random group, survey spec)]; all mistakes at once."""
    kind = TableStudySpec if is_table(data) else StudySpec
    base = {key: value for key, value in data.items() if key not in STUDY_KEYS}
    spec, mistakes = checked(kind, data, place)
    if spec is None:
        raise SpecError(told(mistakes))
    mistakes += _names(spec, place) + _methods(spec, base, place) + _estimands(spec, place) + _targets(spec, place)
    scenarios = _scenarios(spec, base, place, mistakes)
    if mistakes:
        raise SpecError(told(mistakes))
    return spec, scenarios


def _names(spec, place):
    found = []
    for what in ("scenarios", "methods", "estimands"):
        names = [entry.name for entry in getattr(spec, what)]
        found += [
            f"{place}: {what}: the name {n!r} is given twice." for n in dict.fromkeys(names) if names.count(n) > 1
        ]
    return found


def _methods(spec, base, place):
    found = []
    for k, m in enumerate(spec.methods):
        where = f"{place}: methods[{k}]"
        if m.call is not None:
            set_ = sorted(
                k
                for k in m.model_fields_set - {"name", "call", "interval"}
                if getattr(m, k) != type(m).model_fields[k].get_default(call_default_factory=True)
            )
            if set_:
                found.append(
                    f"{where}.{set_[0]} does nothing where call = {m.call!r} makes the estimates; leave it out."
                )
            if ":" not in m.call:
                found.append(f'{where}.call = {m.call!r}: write "module:function" or "file.py:function".')
            continue
        if m.variance in ("rao-wu", "sdr") and m.replicates is None:
            found.append(f"{where}.variance = {m.variance!r} needs replicates, how many.")
        if m.replicates is not None and m.variance not in ("rao-wu", "sdr"):
            found.append(f"{where}.replicates = {m.replicates} is for rao-wu and sdr; leave it out.")
        if m.interval == "percentile" and m.variance != "rao-wu":
            found.append(
                f'{where}.interval = "percentile" needs variance = "rao-wu": it takes quantiles of bootstrap estimates.'
            )
        if isinstance(spec, TableStudySpec) and m.estimator != "recipe":
            found.append(f"{where}.estimator = {m.estimator!r} needs a survey of two frames; a table has one.")
        if m.estimator == "recipe" and (m.theta is not None or m.frame_sizes):
            found.append(
                f"{where}: theta and frame_sizes are for dual-frame estimators; in recipes θ is weighting.composite."
            )
        if m.weighting and m.estimator != "recipe":
            keys = set(m.weighting) - {"nonresponse", "nonresponse_unscreened"}
            if keys:
                found.append(
                    f"{where}.weighting.{min(keys)} does nothing: {m.estimator} starts from the nonresponse weights."
                )
        changed = merge(base, {"weighting": m.weighting})
        kind = type(spec) if isinstance(spec, TableStudySpec) else SurveySpec
        rest = {"estimands": [e.model_dump() for e in spec.estimands]} if kind is TableStudySpec else {}
        found += [line.replace(f"{place}: ", f"{where}: ", 1) for line in checked(kind, changed | rest, place)[1]]
    return found


def _estimands(spec, place):
    found = []
    if isinstance(spec, TableStudySpec):
        found += [f"{place}: sample.{text}" for text in _sample_mistakes(spec.sample)]
        for k, e in enumerate(spec.estimands):
            if (e.kind == "ratio") != bool(e.denominator):
                found.append(
                    f"{place}: estimands[{k}]: a ratio has a denominator, a {e.kind} has none; got {e.denominator!r}."
                )
        return found
    for k, e in enumerate(spec.estimands):
        where = f"{place}: estimands[{k}]"
        for key in ("numerator", "denominator"):
            expression = getattr(e, key)
            if expression or (key == "denominator" and e.meant != "total"):
                found += _expression(f"{where}.{key}", expression)
        if e.meant == "total" and e.denominator:
            found.append(f"{where}.denominator = {e.denominator!r}: a total has none.")
        if (
            e.meant in ("known", "complement", "complement_ratio")
            and e.denominator
            and _names_of(e.denominator)[:1] not in ([], ["persons"])
        ):
            found.append(
                f'{where}.denominator = {e.denominator!r}: only persons, in groups, are known; use kind = "ratio".'
            )
        if e.by and e.meant == "complement_ratio":
            found.append(f'{where}.by: a complement_ratio is for everybody; give kind = "ratio" with a domain.')
        implied = UNITS[e.meant]
        if e.unit is not None and (e.unit != implied if e.meant != "mean" else e.unit in UNITS.values() and e.unit):
            found.append(
                f"{where}.unit = {e.unit!r}: a {e.meant} is in {implied!r}; leave it out."
                if e.meant != "mean"
                else f'{where}.unit = {e.unit!r}: a mean is in the numerator\'s own unit, such as "hours".'
            )
        for name in e.by:
            if name not in BY:
                found.append(f"{where}.by: {name!r} is no column to estimate by; choose {', '.join(BY)}.")
    return found


def _sample_mistakes(s):
    """Keys of a sample from a table that need or exclude each other."""
    sized = s.method in ("poisson", "pps_with_replacement", "pps_systematic")
    if sized and s.size is None:
        yield f"method = {s.method!r} needs sample.size, the column its probabilities are proportional to."
    if not sized and s.size is not None:
        yield f"size = {s.size!r} does nothing with method = {s.method!r}; leave it out."
    if s.cluster is not None and s.method != "srs":
        yield f"method = {s.method!r} draws elements; clusters are drawn by srs."
    if s.take is not None and s.cluster is None:
        yield f"take = {s.take} does nothing without sample.cluster; leave it out."
    if s.take == 1:
        yield "take = 1: the variance within clusters needs at least 2 elements of each."
    if s.allocation == "neyman" and s.sd is None:
        yield 'allocation = "neyman" needs sample.sd, the column whose standard deviation matters.'
    if s.sd is not None and s.allocation != "neyman":
        yield f"sd = {s.sd!r} does nothing with allocation = {s.allocation!r}; leave it out."
    if s.allocation != "proportional" and (s.strata is None or isinstance(s.n, dict)):
        why = "where n is given by stratum" if isinstance(s.n, dict) else "without sample.strata"
        yield f"allocation = {s.allocation!r} does nothing {why}."
    if isinstance(s.n, dict) and s.strata is None:
        yield "n by stratum needs sample.strata."


def _names_of(expression):
    return [n.strip() for n in expression.split("*") if n.strip() not in parameters.VARIABLES]


def _expression(where, expression):
    """Mistakes of an expression such as "internet*age_60plus"; an answer of the survey, or persons."""
    if not expression:
        return [f'{where}: is needed for this kind; "persons" is everybody.']
    try:
        name, _ = parameters.split(expression)
    except UnknownNameError:
        known = [*parameters.column_names(), *parameters.VARIABLES]
        wrong = next(n for n in _names_of(expression) if n not in known)
        return [f"{where} = {expression!r}: {wrong!r} is no variable{did_you_mean(wrong, known)}"]
    except ValueError as error:
        return [f"{where} = {expression!r}: {error}"]
    unseen = {
        "mobile",
        "landline",
        "mobile_and_landline",
        "mobile_numbers",
        "landlines",
        "internet_mobile",
        "internet_landline",
    }
    return [f"{where} = {expression!r}: {name!r} is nothing the survey asks."] if name in unseen else []


def _targets(spec, place):
    found = []
    for name in spec.study.target_mcse:
        if name not in MEASURES or name in ("nsim", "n_missing", "relprec", "power"):
            hint = did_you_mean(name, MEASURES)
            found.append(f"{place}: study.target_mcse: {name!r} is no measure{hint}")
    most = spec.study.max_repetitions
    if most is not None and most < spec.study.repetitions:
        found.append(f"{place}: study.max_repetitions = {most} is below study.repetitions = {spec.study.repetitions}.")
    if most is not None and not spec.study.target_mcse:
        found.append(f"{place}: study.max_repetitions does nothing without study.target_mcse.")
    return found


def _grid(spec, base, place, mistakes):
    """[(key, values)] of the grid; keys that are none of the survey's are reported."""
    result = []
    known = flat(_defaults(spec))
    for key, values in flat(spec.grid).items():
        if key not in known:
            mistakes.append(f"{place}: grid.{key} is no key of the survey{did_you_mean(key, known)}")
        elif not isinstance(values, list) or not values:
            mistakes.append(f"{place}: grid.{key} = {values!r}: give a list of values.")
        elif any(len(str(v)) > 1000 for v in values):
            mistakes.append(f"{place}: grid.{key}: a value has more than 1000 characters.")
        elif any(values.count(v) > 1 for v in values):
            mistakes.append(f"{place}: grid.{key} = {values!r}: a value is listed twice.")
        else:
            result.append((key, values))
    return result


def _defaults(spec):
    return {k: v for k, v in spec.model_dump().items() if k not in STUDY_KEYS}


def _scenarios(spec, base, place, mistakes):
    """[(name, varied, group, survey spec)] of the product of named scenarios and grid."""
    grid = _grid(spec, base, place, mistakes)
    last = [key.rsplit(".", 1)[-1] for key, _ in grid]
    short = {key: name if last.count(name) == 1 else key for (key, _), name in zip(grid, last, strict=True)}
    result, kind = [], TableStudySpec if isinstance(spec, TableStudySpec) else SurveySpec
    rest = {"estimands": [e.model_dump() for e in spec.estimands]} if kind is TableStudySpec else {}
    for entry in spec.scenarios or (ScenarioSpec(name="base"),):
        for values in itertools.product(*(v for _, v in grid)):
            varied = {key: value for (key, _), value in zip(grid, values, strict=True)}
            data = merge(base, entry.changes)
            for key, value in varied.items():
                data = merge(data, nested(key, value))
            labels = [f"{short[key]}={_shown(value)}" for key, value in varied.items()]
            name = ", ".join(([entry.name] if spec.scenarios or not labels else []) + labels)
            survey, wrong = checked(kind, data | rest, place)
            mistakes += [line.replace(f"{place}: ", f"{place}: scenario {name!r}: ", 1) for line in wrong]
            group = entry.group
            if group is None:
                group = "" if spec.study.random_numbers == "common" else name
            result.append((name, varied, group, survey))
    return result


def _shown(value):
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def schemas():
    """JSON Schema of survey files and of the two kinds of study files."""
    return {
        "survey": SurveySpec.model_json_schema(),
        "study": StudySpec.model_json_schema(),
        "table-study": TableStudySpec.model_json_schema(),
    }
