"""The specification of one survey: a frozen value, read from TOML, checked whole."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer

from .. import guards, reference
from ..aliases import Pathname
from ..columns import AGES_FIRST, EDUCATION_4_FIRST
from ..errors import SpecError
from ..fieldwork.eligibility import METHODS
from ..guards import sight
from ..keys import merge
from ..naming import did_you_mean
from ..on_demand import Later
from ..population import ownership
from .checking import valid
from .country_spec import CountrySpec
from .fieldwork_spec import FieldworkSpec, Part, Probability, Share, fieldwork_mistakes
from .layers import preset_keys, presets, read
from .margins import margin_mistakes

expectation = Later(__package__, ".expectation")  # a specification is checked without what it is counted with

if TYPE_CHECKING:  # words that another file lists; checkers of types read none that are computed
    Method = str
else:
    Method = Literal[METHODS]
Margin = str | Annotated[tuple[str, ...], Field(min_length=1, strict=False)]  # a variable, or several crossed


class PopulationSpec(Part):
    """Which finite population (`Population.china`)."""

    year: Literal[2020, 2022, 2023, 2024] = 2023
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    scale: Annotated[float, Field(ge=1e-4, le=1)] = 1.0
    personal_share: Annotated[float, Field(ge=0.8, le=1)] = 0.95
    residential_share: Annotated[float, Field(ge=0.1, le=1)] = 0.55
    no_phone_internet_rate: Share = 0.0
    household_icc: Share = 0.25
    prefecture_icc: Share = 0.02
    mobile_ownership: Annotated[Any, BeforeValidator(ownership.as_value), PlainSerializer(ownership.as_keys)] = (
        "surveys"
    )


class FrameSpec(Part):
    """The telephone frames (`TelephoneFrame`)."""

    out_of_area: Share = 0.5
    prefix_spread: Annotated[float, Field(ge=0, le=3)] = 0.5
    empty_prefixes: Annotated[float, Field(ge=0, le=0.5)] = 0.08
    new_prefixes: Annotated[float, Field(ge=0, le=0.5)] = 0.10


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
    nonresponse: Method | Share = "frame"
    nonresponse_unscreened: Literal["screened"] | Share = "screened"
    margins: Annotated[tuple[Margin, ...], Field(min_length=1, strict=False)] = (
        "sex",
        "age_group",
        "education",
        "urban",
    )
    age_group: Annotated[tuple[int, ...], Field(min_length=1, strict=False)] = AGES_FIRST
    education: Annotated[tuple[str, ...], Field(min_length=1, strict=False)] = EDUCATION_4_FIRST
    control_population: Literal["covered_6plus", "residents_6plus"] = "covered_6plus"
    control_year: Literal[2020, 2022, 2023, 2024] | None = None
    minimum_per_level: Annotated[int, Field(ge=1)] = 5


class EstimationSpec(Part):
    """What is estimated. `leverage` as of `Survey`."""

    level: Probability = 0.95
    leverage: bool = False
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
    def preset(cls, name: str, **changes: Any) -> Any:
        """A preset by name. `changes` override sections: preset("cnnic-2024-12", sample={"landline_share": 0.0}).

        Presets whose population is a folder of facts, such as "us-rdd-2013", are of class `CountrySpec`, with the keys of any country.

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
        return _made(cls, merge(preset_keys(name), changes), f"preset {name}")

    @classmethod
    def from_toml(cls, path: Pathname) -> Any:
        """Read a specification file, or a preset by its name; a key `extends` starts from a preset or from another file.

        Examples
        --------
        >>> import surveysim as ss
        >>> from pathlib import Path
        >>> _ = Path("survey.toml").write_text("sample.landline_share = 0.3")
        >>> ss.SurveySpec.from_toml("survey.toml").sample.landline_share
        0.3
        """
        return _made(cls, read(path), str(path))

    def mistakes_between(self, place):
        """Mistakes that only show between keys."""
        sample, mistakes, strata = self.sample, [], len(reference.provinces())
        needed = strata * sample.minimum_per_province
        if needed > sample.interviews:
            mistakes.append(
                f"{place}: sample.minimum_per_province = {sample.minimum_per_province} needs {needed:,} "
                f"interviews in {strata} provinces; sample.interviews = {sample.interviews}. Raise one or lower the other."
            )
        values = self.estimation.indicators
        if not isinstance(values, str) and len(set(values)) < len(values):
            twice = next(v for v in values if values.count(v) > 1)
            mistakes.append(f"{place}: estimation.indicators: {twice!r} is listed twice.")
        mistakes += margin_mistakes(self.weighting, f"{place}: weighting")
        mistakes += fieldwork_mistakes(self.fieldwork, f"{place}: fieldwork", strata)
        known = list(reference.indicators().index)
        for name in () if self.estimation.indicators == "all" else self.estimation.indicators:
            if name not in known:
                hint = did_you_mean(name, known)
                mistakes.append(f"{place}: estimation.indicators: {name!r} is no modelled indicator{hint}")
        return mistakes

    def prepare(self) -> Any:
        """Population, frames, sample design and recipe, as every run shares them; errors that only show there are raised."""
        from .preparation import prepare  # as below

        return prepare(self)

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
        [78.6, 78.6, 79.0, 1.1]
        """
        from .run import run  # a specification is checked without all that a survey is made with

        return run(self, seed, record=record, progress=progress)

    def expect(self, progress: Any = None, workers: int | None = None) -> Any:
        """Count every number of both frames once, and say what the fieldwork is to be expected to bring, without drawing anything.

        Parameters
        ----------
        progress : called with a text now and then. workers : threads; None takes all cores.

        Returns
        -------
        Expectation : expected dispositions, response rates, calls, hours and cost by frame and province, and who is to be expected
            before raking.

        Raises
        ------
        SpecError : calls in a calendar, selected prefectures. DesignError : a unit in which nobody can be interviewed.

        Examples
        --------
        >>> import surveysim as ss
        >>> small = {"interviews": 4000, "minimum_per_province": 0, "minimum_per_unit": 2}
        >>> spec = ss.SurveySpec.preset("cnnic-2024-12", population={"scale": 0.01}, sample=small)
        >>> expected = spec.expect()
        >>> expected.costs().set_index("frame")["calls_per_interview"].round(1).to_dict()
        {'landline': 68.7, 'mobile': 52.7}
        """
        return expectation.expect(self, progress, workers)


def kind_of(keys: Any, china: type[Part] = SurveySpec) -> Any:
    """What the keys of a survey are checked as: its population is a folder of facts, or China."""
    population = keys.get("population") if isinstance(keys, dict) else None
    return CountrySpec if isinstance(population, dict) and "folder" in population else china


def _made(cls, keys, place):
    return valid(kind_of(keys, cls), keys, place)
