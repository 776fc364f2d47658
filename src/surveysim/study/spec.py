"""The models of a Monte Carlo study: a survey's keys, what varies, methods, estimands, repetitions. Each says its own mistakes."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import pandas as pd
from pydantic import Field

from ..errors import UnknownNameError
from ..inference.intervals import METHODS as INTERVALS
from ..judging.measures import MEASURES
from ..naming import did_you_mean
from ..on_demand import Later
from ..population.estimand_kinds import KINDS, implied, names_of
from ..survey import coefficients, estimands
from ..survey.fieldwork_spec import Part, Share
from ..survey.spec import SurveySpec
from . import plugins
from .manifest import MethodEntry

parameters = Later(__package__, "..population.parameters")
survey_source = Later(__package__, ".survey_source")
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
UNSEEN = {
    "mobile",
    "landline",
    "mobile_and_landline",
    "mobile_numbers",
    "landlines",
    "internet_mobile",
    "internet_landline",
}  # of the population, and nothing that a survey asks
STUDY_KEYS = ("study", "grid", "scenarios", "methods", "estimands")
Name = Annotated[str, Field(min_length=1, max_length=80)]
Count = Annotated[int, Field(ge=2, le=100_000_000)]
Column = Annotated[str, Field(min_length=1, max_length=1000)]
Names = Annotated[tuple[Column, ...], Field(strict=False)]
if TYPE_CHECKING:  # words that other files list; checkers of types read none that are computed
    Estimator = Variance = Interval = Kind = str
else:
    Estimator = Literal[("recipe", *DUAL)]
    Variance = Literal[("linearized", "none", *SCHEMES)]
    Interval = Literal[(*INTERVALS, "percentile")]
    Kind = Literal[tuple(KINDS)]


class StudyPart(Part):
    """What is repeated, how often, and when to give up."""

    name: Name = "study"
    aim: str = ""
    repetitions: Count = 1000
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    random_numbers: Literal["common", "independent"] = "common"
    target_mcse: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    max_repetitions: Count | None = None
    failures: Share = 0.01
    timeout: Annotated[float, Field(gt=0)] | None = None
    control_variates: bool = False

    def mistakes(self, where: str) -> Iterator[str]:
        """What is wrong between its keys."""
        for name in self.target_mcse:
            if name not in MEASURES or name in ("nsim", "n_missing", "relprec", "power"):
                yield f"{where}.target_mcse: {name!r} is no measure{did_you_mean(name, MEASURES)}"
        most = self.max_repetitions
        if most is not None and most < self.repetitions:
            yield f"{where}.max_repetitions = {most} is below study.repetitions = {self.repetitions}."
        if most is not None and not self.target_mcse:
            yield f"{where}.max_repetitions does nothing without study.target_mcse."


class ScenarioSpec(Part):
    """A named set of changes to the survey's keys; `group` gives it random numbers of its own."""

    name: Name
    changes: dict[str, Any] = Field(default_factory=dict)
    group: str | None = None


class MethodSpec(Part):
    """A way to turn a sample into estimates: weighting × estimator × variance × interval, or a callable."""

    name: Name
    weighting: dict[str, Any] = Field(default_factory=dict)
    estimator: Estimator = "recipe"
    theta: Share | None = None
    frame_sizes: Annotated[tuple[Literal["A", "B", "ab"], ...], Field(strict=False)] = ()
    variance: Variance = "linearized"
    replicates: Annotated[int, Field(ge=2, le=10_000)] | None = None
    interval: Interval = "logit"
    call: str | None = None
    before: ClassVar[set[str]] = {
        "nonresponse",
        "nonresponse_unscreened",
    }  # keys of weighting that matter before the frames are joined

    @property
    def own(self) -> bool:
        """Whether a plug-in makes the estimates itself."""
        return self.call is not None

    def function(self, folder: str) -> Callable[..., Any]:
        """The plug-in's function of a sample; runs its file."""
        assert self.call is not None  # it is asked of methods of their `own`
        return plugins.loaded(self.call, folder)

    def fact(self, folder: str) -> dict[str, Any]:
        """What results depend on."""
        source = {} if self.call is None else {"source": plugins.source_of(self.call, folder)}
        return self.model_dump(exclude_defaults=True) | source

    def entry(self) -> MethodEntry:
        """What readers of results need to know."""
        return MethodEntry(self.name, self.interval, self.variance, self.replicates, self.estimator)

    def mistakes(self, where: str) -> Iterator[str]:
        """What is wrong between its keys."""
        if self.own:
            yield from self._mistakes_of_own(where)
            return
        if self.variance in ("rao-wu", "sdr") and self.replicates is None:
            yield f"{where}.variance = {self.variance!r} needs replicates, how many."
        if self.replicates is not None and self.variance not in ("rao-wu", "sdr"):
            yield f"{where}.replicates = {self.replicates} is for rao-wu and sdr; leave it out."
        if self.interval == "percentile" and self.variance != "rao-wu":
            yield f'{where}.interval = "percentile" needs variance = "rao-wu": it takes quantiles of bootstrap estimates.'
        if self.estimator == "recipe" and (self.theta is not None or self.frame_sizes):
            yield f"{where}: theta and frame_sizes are for dual-frame estimators; in recipes θ is weighting.composite."
        idle = set(self.weighting) - self.before
        if idle and self.estimator != "recipe":
            yield f"{where}.weighting.{min(idle)} does nothing: {self.estimator} starts from the weights of each frame alone."

    def _mistakes_of_own(self, where: str) -> Iterator[str]:
        idle = sorted(
            key
            for key in self.model_fields_set - {"name", "call", "interval"}
            if getattr(self, key) != type(self).model_fields[key].get_default(call_default_factory=True)
        )
        if idle:
            yield f"{where}.{idle[0]} does nothing where call = {self.call!r} makes the estimates; leave it out."
        if ":" not in (self.call or ""):
            yield f'{where}.call = {self.call!r}: write "module:function" or "file.py:function".'


class Regressed(Part):
    """What an estimand that is a coefficient of a regression says."""

    formula: str = ""
    term: str = ""
    family: Literal["", "gaussian", "binomial", "poisson", "ordinal"] = ""

    @property
    def of_family(self) -> str:
        """The family of its model, if it has one."""
        return (self.family or "gaussian") if self.formula else ""


class EstimandSpec(Regressed):
    """A population value to estimate; see `estimand_kinds`."""

    name: Name
    numerator: Annotated[str, Field(max_length=80)] = ""
    denominator: str = ""
    kind: Kind | None = Field(
        default=None,
        description="known: over a known number of residents; ratio: over an estimated number (persons: those aged 6+ with a telephone); "
        "mean; total; complement: a known number minus the numerator's; complement_ratio; coefficient of a regression. Unless given: total "
        "without a denominator, known over persons, ratio over anything else.",
    )
    by: Names = ()
    unit: str | None = None

    @property
    def meant(self) -> str:
        """The kind, given or implied by the denominator."""
        return implied(self.denominator) if self.kind is None else self.kind

    @property
    def in_unit(self) -> str:
        """The unit, given or the kind's."""
        return KINDS[self.meant].unit if self.unit is None else self.unit

    def mistakes(self, where: str) -> Iterator[str]:
        """What is wrong with it."""
        kind = KINDS[self.meant]
        if not kind.of_sums:
            yield from (where + text for text in kind.mistakes(self))
            if self.formula:
                said = coefficients.mistakes(self, coefficients.answers(), estimands.BY, parameters.VARIABLES)
                yield from (where + text for text in said)
            return
        if self.formula or self.term or self.family:
            yield f'{where}: formula, term and family belong to kind = "coefficient"; this is a {kind.name}.'
        yield from _expression(f"{where}.numerator", self.numerator)
        if self.denominator or kind.based:
            yield from _expression(f"{where}.denominator", self.denominator)
        yield from (where + text for text in kind.mistakes(self))
        for name in self.by:
            if name not in estimands.BY:
                yield f"{where}.by: {name!r} is no column to estimate by; choose {', '.join(estimands.BY)}."


def _expression(where: str, expression: str) -> Iterator[str]:
    """Mistakes of an expression such as "internet*age_60plus"; an answer of the survey, or persons."""
    if not expression:
        yield f'{where}: is needed for this kind; "persons" is everybody.'
        return
    try:
        name, _ = parameters.split(expression)
    except UnknownNameError:
        known = [*parameters.column_names(), *parameters.VARIABLES]
        wrong = next(n for n in names_of(expression) if n not in known)
        yield f"{where} = {expression!r}: {wrong!r} is no variable{did_you_mean(wrong, known)}"
    except ValueError as error:
        yield f"{where} = {expression!r}: {error}"
    else:
        if name in UNSEEN:
            yield f"{where} = {expression!r}: {name!r} is nothing the survey asks."


class Keys(Part, ABC):
    """The keys every study has, whatever it draws from."""

    study: StudyPart = StudyPart()
    grid: dict[str, Any] = Field(default_factory=dict)
    scenarios: Annotated[tuple[ScenarioSpec, ...], Field(strict=False)] = ()
    methods: Annotated[tuple[MethodSpec, ...], Field(strict=False)] = ()
    estimands: Annotated[tuple[EstimandSpec, ...], Field(strict=False)] = ()
    together: ClassVar[int]  # repetitions in one part of the ledger
    has_fieldwork: ClassVar[bool] = True  # whose answers depend on the facts of the package
    has_cost: ClassVar[bool] = True

    @property
    @abstractmethod
    def varied(self) -> type[Part]:
        """What a scenario is."""

    @classmethod
    @abstractmethod
    def source(cls) -> type:
        """The kind of source of its repetitions, which brings compilers along."""

    @abstractmethod
    def definitions(self) -> pd.DataFrame:
        """Its estimands by name."""

    @property
    def table(self) -> str | None:
        """The file that is its population, where it is one."""
        return None

    def items(self, definitions: pd.DataFrame) -> list[tuple[str, str]] | None:
        """(name, domain) of everything that is estimated, where that is known without a source."""
        del definitions
        return None

    def mistakes(self, place: str) -> Iterator[str]:
        """What is wrong with the parts of a study, each by itself."""
        for what in ("scenarios", "methods", "estimands"):
            names = [entry.name for entry in getattr(self, what)]
            for name in dict.fromkeys(n for n in names if names.count(n) > 1):
                yield f"{place}: {what}: the name {name!r} is given twice."
        for what in ("methods", "estimands"):
            for k, entry in enumerate(getattr(self, what)):
                yield from entry.mistakes(f"{place}: {what}[{k}]")
        yield from self.study.mistakes(f"{place}: study")


class StudySpec(Keys, SurveySpec):
    """A study of the telephone survey: the keys of a survey, and those of a study."""

    together: ClassVar[int] = 16

    @property
    def varied(self) -> type[Part]:
        return SurveySpec

    @classmethod
    def source(cls) -> type:
        return survey_source.SurveySource

    def definitions(self) -> pd.DataFrame:
        """Its estimands by name; without any, the indicators of the survey."""
        if self.estimands:
            return estimands.defined(self.estimands)
        found = estimands.selected(self)
        return found.assign(by=pd.Series([()] * len(found), found.index, dtype=object))

    def items(self, definitions: pd.DataFrame) -> list[tuple[str, str]]:
        return estimands.items_of(definitions)


def is_study(data: dict) -> bool:
    """Whether keys are those of a study."""
    return any(key in data for key in STUDY_KEYS)


def is_table(data: dict) -> bool:
    """Whether the population of a study is a file or a DataFrame."""
    return isinstance(data.get("population"), dict) and "table" in data["population"]
