"""The models of a study of a country's survey, its keys and estimands of outcomes in groups; and the schemas of all kinds of files."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields
from typing import Annotated, Any, ClassVar

import pandas as pd
from pydantic import Field

from ..columns import BY_FRAME
from ..errors import SurveysimError
from ..naming import did_you_mean
from ..on_demand import Later
from ..population.facts import Facts
from ..survey import coefficients, estimands
from ..survey.country_spec import CountrySpec, order_mistakes
from ..survey.fieldwork_spec import Part
from ..survey.spec import SurveySpec
from .spec import Keys, MethodSpec, StudySpec
from .table_spec import TableEstimand, TableStudySpec

recipe_file = Later(__package__, "..weighting.recipe_file")
country_source = Later(__package__, ".country_source")


class CountryEstimand(TableEstimand):
    """A value of the population: of an outcome, or "persons", "landline", "mobile", times groups such as age=60+; a mean is in percent.

    Or a coefficient of a regression of an outcome, "landline" or "mobile" on variables and attributes of areas.
    """

    @property
    def in_unit(self) -> str:
        return self.unit or {"total": "persons", "coefficient": ""}.get(self.kind, "percent")


class CountryMethod(MethodSpec):
    """A method of a study of a country's survey; a dual-frame estimator takes the recipe's weights before the frames are joined."""

    before: ClassVar[set[str]] = {"recipe", "recipes"}


class CountryStudySpec(Keys, CountrySpec):
    """A study of a country's survey: the keys of the survey, and those of a study."""

    methods: Annotated[tuple[CountryMethod, ...], Field(strict=False)] = ()
    estimands: Annotated[tuple[CountryEstimand, ...], Field(strict=False)] = ()
    together: ClassVar[int] = 16
    has_fieldwork: ClassVar[bool] = False

    @property
    def varied(self) -> type[Part]:
        return CountryStudySpec

    @classmethod
    def source(cls) -> type:
        return country_source.CountrySource

    def definitions(self) -> pd.DataFrame:
        """Its estimands by name; without any, the indicators of the folder."""
        if self.estimands:
            return estimands.defined(self.estimands)
        found = CountrySpec.definitions(self)
        return found.assign(note="", by=pd.Series([()] * len(found), index=found.index)).drop(columns="published")

    def mistakes(self, place: str) -> Iterator[str]:
        yield from super().mistakes(place)
        if self.study.control_variates:
            yield f"{place}: study.control_variates: nobody knows what is to be expected of a country from a folder; leave it out."
        for k, method in enumerate(self.methods):
            weighting = self.weighting.model_dump() | method.weighting
            if method.weighting:
                yield from order_mistakes(weighting, self.fieldwork.level, f"{place}: methods[{k}].weighting")
            steps = weighting["recipes"].get(weighting["recipe"], ())
            if method.estimator != "recipe" and self.estimation.clusters == "interviewer":
                yield (
                    f"{place}: methods[{k}].estimator = {method.estimator!r}: interviewers call in both frames, which are then no "
                    'independent samples; leave estimation.clusters = "household" for it.'
                )
            if method.estimator != "recipe" and not any(named_by(step) in BY_FRAME for step in steps):
                yield (
                    f"{place}: methods[{k}].estimator = {method.estimator!r}: the recipe {weighting['recipe']!r} has no step that gives "
                    f"weights of persons by frame, {' or '.join(BY_FRAME)}; give it a Multiplicity."
                )
        try:
            given = self.facts
        except SurveysimError:  # told with the keys of the survey
            return
        yield from self._mistakes_of_totals(given, place)
        other = next((method.name for method in self.methods if method.estimator != "recipe"), None)
        for k, entry in enumerate(self.estimands):
            where = f"{place}: estimands[{k}]"
            if entry.formula:
                yield from (where + text for text in coefficients.mistakes(entry, given.answers, given.groups))
                if other is not None:
                    yield f"{where}: dual-frame estimators, such as methods {other!r}, have no regression; study it with recipes."
            for field in ("numerator", "denominator"):
                try:
                    given.product(getattr(entry, field) or "persons")
                except SurveysimError as error:
                    yield f"{where}.{field} = {error}"
            for column in entry.by:
                if column not in given.groups:
                    yield f"{where}.by: {column!r} is no column to estimate by{did_you_mean(column, given.groups)}"

    def _mistakes_of_totals(self, given: Facts, place: str) -> Iterator[str]:
        """Rows with missing answers are set aside, which a mean bears and a total does not."""
        said = self.fieldwork.measurement
        if not any((said.missing, *(group.share for group in said.missing_in))):
            return
        rows: Any = self.definitions().itertuples()
        for row in rows:
            with suppress(SurveysimError):  # told with the estimand
                if row.kind == "total" and given.product(row.numerator)[0] in given.outcome_names:
                    yield (
                        f"{place}: {row.Index!r} is a total of {row.numerator!r}, of which fieldwork.measurement leaves answers missing; a "
                        "study has means and ratios of such outcomes. List [[estimands]] without it, or leave no answers missing."
                    )


def named_by(step: dict) -> str:
    """The name of a step's weights, given or the kind's own."""
    kind = recipe_file.KINDS.get(step.get("kind", ""))
    own = [f.default for f in fields(kind) if f.name == "name"] if kind else []
    return str(step.get("name") or own[0]) if own else ""


def schemas() -> dict:
    """JSON Schema of survey files and of study files, each of their kinds."""
    kinds = {"survey": SurveySpec, "study": StudySpec, "table-study": TableStudySpec}
    kinds |= {"country": CountrySpec, "country-study": CountryStudySpec}
    return {name: kind.model_json_schema() for name, kind in kinds.items()}
