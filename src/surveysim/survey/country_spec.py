"""The specification of a survey in a country that is a folder of facts: checked whole, against the facts too."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

import pandas as pd
from pydantic import Field, create_model

from ..errors import SpecError, SurveysimError
from ..fieldwork import Measurement
from ..fieldwork.attempts import RULES, Attempts
from ..fieldwork.protocol import Protocol
from ..fieldwork.second_phase import SecondPhase
from ..naming import did_you_mean
from ..population.facts import STATUSES, Facts
from .country_facts import Step, crossed, facts_of, made_step
from .fieldwork_spec import (
    AnswersSpec,
    CentreSpec,
    LogOdds,
    Part,
    Probability,
    answer_mistakes,
    keys_of,
    missing_mistakes,
    protocol_mistakes,
)
from .frames_spec import FramesSpec, frame_mistakes


class FolderSpec(Part):
    """Which folder, beside the file of the survey or of the package, and how much of the country is made."""

    folder: str
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    scale: Annotated[float, Field(ge=1e-5, le=1)] = 1.0


class InterviewsSpec(Part):
    """Interviews of each frame; inside the levels of an attribute of areas, or of "area", where `within` names one."""

    landline: Annotated[int, Field(ge=0)] = 500
    mobile: Annotated[int, Field(ge=0)] = 500
    within: str | None = None
    between: Literal["proportional", "equal"] = "proportional"

    @property
    def interviews(self) -> int:
        """Of both frames."""
        return self.landline + self.mobile


class EffectSpec(Part):
    """Log odds that a level of a variable adds to contact, being at home, or cooperation."""

    on: Literal["contact", "at_home", "cooperation"] = "cooperation"
    variable: str
    level: str
    log_odds: LogOdds


_AttemptsKeys: Any = create_model(
    "_AttemptsKeys",
    __base__=Part,
    **keys_of(
        Attempts,
        attempts=Annotated[int, Field(ge=1, le=50)],
        selection=Literal[RULES],
        sex=str,
        age=str,
        effects=Annotated[tuple[EffectSpec, ...], Field(strict=False)],
        daypart=Annotated[tuple[(LogOdds,) * 6], Field(strict=False)],
        conversions=Annotated[int, Field(ge=0, le=3)],
        **dict.fromkeys(("appointment_kept", "after_refusal"), LogOdds),
        **dict.fromkeys(("contact", "cooperation", "at_home"), Probability),
    ),
)


_SecondKeys: Any = create_model(
    "_SecondKeys",
    __base__=Part,
    **keys_of(
        SecondPhase,
        rate=Probability,
        of=Annotated[tuple[Literal["R", "NC", "O", "UH"], ...], Field(strict=False, min_length=1)],
        attempts=Annotated[int, Field(ge=1, le=50)],
        **dict.fromkeys(("contact", "cooperation"), Probability),
    ),
)


class SecondSpec(_SecondKeys):
    """Nonrespondents who are followed after the main calls; the keys of `SecondPhase`."""


class AttemptsSpec(_AttemptsKeys):
    """Calls to the numbers of one frame; the keys of `Attempts`. `second_phase` : a subsample of nonrespondents is followed."""

    second_phase: SecondSpec | None = None

    @property
    def second(self) -> SecondPhase | None:
        """The second phase; None without one."""
        return None if self.second_phase is None else SecondPhase(**self.second_phase.model_dump())


# of the protocol: what means something at the level of outcomes too
AT_ONCE = ("minutes", "wrap_up", "cost_per_hour", "interviewers", "interviewer_sd", "assignment", "quota", "quota_by")
CALL_KEYS = ("daypart", "busy", "appointment", "appointment_kept", "hard", "conversions", "after_refusal")


class CallsSpec(Part):
    """Fieldwork by frame: `level` "outcome" draws one final outcome a number, "calls" makes every call."""

    level: Literal["outcome", "calls"] = "outcome"
    landline: AttemptsSpec = AttemptsSpec()
    mobile: AttemptsSpec = AttemptsSpec()
    protocol: CentreSpec = CentreSpec()
    measurement: AnswersSpec = AnswersSpec()

    @property
    def centre(self) -> Protocol:
        """Calendar, minutes and cost of the call centre."""
        return Protocol(**self.protocol.model_dump(exclude={"quota_by"}))

    @property
    def answers(self) -> Measurement:
        """Errors of answers."""
        return Measurement(**self.measurement.model_dump(exclude={"missing_in"}))

    def protocols(self) -> dict[str, Attempts]:
        """{frame: Attempts}."""
        return {
            frame: Attempts(
                **part.model_dump(exclude={"effects", "second_phase"}),
                effects=tuple((e.on, e.variable, e.level, e.log_odds) for e in part.effects),
            )
            for frame, part in (("landline", self.landline), ("mobile", self.mobile))
        }


class RecipesSpec(Part):
    """Recipes by name, as steps of a recipe file; `recipe` says which one is used."""

    recipe: str = "recipe"
    recipes: dict[str, Annotated[tuple[Step, ...], Field(strict=False)]] = Field(default_factory=dict)


class ErrorsSpec(Part):
    """How sure intervals are, and what is a cluster: a household, or all interviews of an interviewer, which interviewers' effects need."""

    level: Probability = 0.95
    clusters: Literal["household", "interviewer"] = "household"


class CountrySpec(Part):
    """A dual-frame telephone survey of any country: its facts in a folder, everything else in one file.

    `SurveySpec.from_toml` and `SurveySpec.preset` give one where `population.folder` names a folder; docs/how-to/third-country.md goes
    through it.
    """

    name: str = "survey"
    population: FolderSpec
    frame: FramesSpec = FramesSpec()
    sample: InterviewsSpec = InterviewsSpec()
    fieldwork: CallsSpec = CallsSpec()
    weighting: RecipesSpec = RecipesSpec()
    estimation: ErrorsSpec = ErrorsSpec()

    @property
    def facts(self) -> Facts:
        """The facts of its folder."""
        return facts_of(self.population.folder)

    def definitions(self) -> pd.DataFrame:
        """Its indicators by name: kind, numerator, denominator, unit, published; outcomes where the folder lists none."""
        given = self.facts
        columns = ["name", "numerator", "denominator", "published"]
        rows: list[Any] = list(zip(*(given.indicators[c] for c in columns), strict=True))
        rows = rows or [(name, name, "persons", "") for name in given.outcome_names]
        kinds = ["total" if not den else "mean" if den == "persons" else "ratio" for _, _, den, _ in rows]
        made = [
            (
                name,
                kind,
                num,
                den if kind == "ratio" else "",
                "persons" if kind == "total" else "percent",
                float(value or "nan"),
            )
            for (name, num, den, value), kind in zip(rows, kinds, strict=True)
        ]
        columns = ["name", "kind", "numerator", "denominator", "unit", "published"]
        return pd.DataFrame(made, columns=columns).set_index("name")

    def mistakes_between(self, place: str) -> list[str]:
        """Mistakes that only show between keys and facts."""
        try:
            given = self.facts
        except SurveysimError as error:
            return [f"{place}: population.folder: {error}"]
        return [f"{place}: {text}" for text in (*self._mistakes_of_sample(given), *self._mistakes_of_weighting(given))]

    def _mistakes_of_sample(self, given: Facts) -> Iterator[str]:
        within, sample = self.sample.within, self.sample
        if within is not None and within not in (*given.areas, "area"):
            hint = did_you_mean(within, (*given.areas, "area"))
            yield f"sample.within = {within!r}: areas have no such column{hint}"
        if sample.interviews < 2:
            yield f"sample.landline = {sample.landline}, sample.mobile = {sample.mobile}: ask for two interviews at least."
        overall = {rate.name: rate.share for rate in given.telephone if not rate.variable}
        for frame in ("landline", "mobile"):
            if getattr(sample, frame) and not overall["both"] + overall[f"{frame}_only"]:
                yield (
                    f"sample.{frame} = {getattr(sample, frame)}: telephone.csv says that nobody has a {frame}, so its frame has no "
                    f"numbers; write {frame} = 0."
                )
        yield from frame_mistakes(self.frame)
        yield from self._mistakes_of_centre(given)
        yield from self._mistakes_of_answers(given)
        calls = self.fieldwork.level == "calls"
        for frame in ("landline", "mobile"):
            part = getattr(self.fieldwork, frame)
            if part.second_phase is not None and calls:
                yield f'fieldwork.{frame}.second_phase needs fieldwork.level = "outcome"; leave it out or change the level.'
            for key in [key for key in CALL_KEYS if key in part.model_fields_set and not calls]:
                yield f'fieldwork.{frame}.{key} does nothing without fieldwork.level = "calls"; leave it out or change the level.'
            rule = [part.sex, part.age] if frame == "landline" and part.selection == "youngest" else []
            for variable in rule:
                if variable not in given.levels:
                    known = ", ".join(given.levels)
                    yield f'fieldwork.{frame}.selection = "youngest" needs the variable {variable!r}; margins.csv has {known}.'
            for k, effect in enumerate(part.effects):
                yield from _mistakes_of_group(given, effect, f"fieldwork.{frame}.effects[{k}]")

    def _mistakes_of_centre(self, given: Facts) -> Iterator[str]:
        protocol, place, within = self.fieldwork.protocol, "fieldwork.protocol", self.sample.within
        calls = self.fieldwork.level == "calls"
        for key in [key for key in protocol.model_fields_set if key not in AT_ONCE and not calls]:
            yield f'{place}.{key} does nothing without fieldwork.level = "calls"; leave it out or change the level.'
        strata = len(given.areas) if within == "area" else given.areas[within].nunique() if within in given.areas else 1
        yield from protocol_mistakes(protocol, self.fieldwork.level, place, strata, "stratum")
        if self.estimation.clusters == "interviewer" and protocol.interviewers < 2:
            yield f'{place}.interviewers = {protocol.interviewers}: estimation.clusters = "interviewer" needs two or more.'
        if protocol.quota is None and "quota_by" in protocol.model_fields_set:
            yield f"{place}.quota_by does nothing without {place}.quota; give both."
        for name in protocol.quota_by if protocol.quota is not None else ():
            if name not in given.levels:
                yield f"{place}.quota_by: {name!r} is no variable of margins.csv{did_you_mean(name, given.levels)}"
        if len(set(protocol.quota_by)) < len(protocol.quota_by):
            yield f"{place}.quota_by = {list(protocol.quota_by)} names a variable twice."

    def _mistakes_of_answers(self, given: Facts) -> Iterator[str]:
        said, place = self.fieldwork.measurement, "fieldwork.measurement"
        yield from answer_mistakes(said, place, given.outcome_names)
        yield from missing_mistakes(said, place, (said.missing, *(group.share for group in said.missing_in)))
        for k, group in enumerate(said.missing_in):
            yield from _mistakes_of_group(given, group, f"{place}.missing_in[{k}]")

    def _mistakes_of_weighting(self, given: Facts) -> Iterator[str]:
        weighting = self.weighting
        if weighting.recipe not in weighting.recipes:
            there = (
                f"; there are {', '.join(weighting.recipes)}."
                if weighting.recipes
                else ": write [[weighting.recipes.recipe]] for each step."
            )
            yield f"weighting.recipe: there is no recipe {weighting.recipe!r}{there}"
        used = [step.get("kind") for step in weighting.recipes.get(weighting.recipe, ())]
        followed = [f for f in ("landline", "mobile") if getattr(self.fieldwork, f).second_phase is not None]
        if followed and "Subsample" not in used:
            yield (
                f"weighting.recipes.{weighting.recipe}: fieldwork.{followed[0]}.second_phase leaves nonrespondents out, for whom no step "
                'makes up; add kind = "Subsample", rate = "subsample_rate" after the first step.'
            )
        yield from order_mistakes(weighting.model_dump(), self.fieldwork.level, "weighting")
        known = [*given.groups, "telephone"]
        for name, steps in weighting.recipes.items():
            for k, step in enumerate(steps):
                where, wrong = f"weighting.recipes.{name}[{k}]", None
                try:
                    margins = crossed(step)
                except SurveysimError as error:
                    yield f"{where}: {error}"
                    continue
                for margin in margins:
                    wrong = next((v for v in margin if v not in known), None)
                    if wrong is not None:
                        hint = did_you_mean(wrong, known, f"; there are {', '.join(known)}.")
                        yield f"{where}: there are no control totals of {wrong!r}{hint}"
                    elif "telephone" in margin and (len(margin) > 1 or step.get("by")):
                        wrong = "telephone"
                        yield f"{where}: facts have no cross of telephone with anything; give it alone, in a step without by."
                if wrong is None:
                    try:
                        made_step(step, lambda margin: {("x",) * len(margin) if len(margin) > 1 else "x": 1.0}, ("x",))
                    except SurveysimError as error:
                        yield f"{where}: {error}"

    def prepare(self) -> Any:
        """Population, frames, targets and recipe, as every run shares them; errors that only show there are raised."""
        from .country import prepare  # as below

        return prepare(self)

    def run(self, seed: int = 1, record: bool = True, progress: Any = None) -> Any:
        """Carry out the survey once; returns a `CountryRun`. The arguments are those of `SurveySpec.run`."""
        from .country import run  # a specification is checked without all that a survey is made with

        return run(self, seed, record=record, progress=progress)

    def expect(self, progress: Any = None, workers: int | None = None) -> Any:
        """Refused: a country's numbers are not numbered through, so that they cannot be counted as `SurveySpec.expect` does."""
        raise SpecError(
            "a country's folder has no list of all numbers to count; run the survey a few times and take `costs` instead."
        )

    def with_recipe(self, changes: dict[str, Any]) -> Self:
        """The same survey with other keys of `weighting`."""
        return self.model_copy(
            update={"weighting": type(self.weighting).model_validate(self.weighting.model_dump() | changes)}
        )


def order_mistakes(weighting: dict[str, Any], level: str, place: str) -> Iterator[str]:
    """Mistakes of the recipe in use where numbers are not dialled in strict order."""
    for k, step in enumerate(weighting["recipes"].get(weighting["recipe"], ()) if level == "calls" else ()):
        if step.get("kind") == "InverseSampling":
            yield (
                f"{place}.recipes.{weighting['recipe']}[{k}]: InverseSampling is for numbers dialled in strict order; with fieldwork.level "
                '= "calls" they are released together: give Released in its place, or level = "outcome".'
            )


def _mistakes_of_group(given: Facts, group: Any, where: str) -> Iterator[str]:
    """Mistakes of a `variable` and its `level` that people are to have."""
    labels = (given.groups | {"telephone": list(STATUSES)}).get(group.variable)
    if labels is None:
        yield f"{where}.variable = {group.variable!r} is nothing that people have{did_you_mean(group.variable, given.groups)}"
    elif group.level not in labels:
        yield f"{where}.level: {group.variable!r} has no level {group.level!r}{did_you_mean(group.level, labels)}"
