"""The models of a study of sampling alone, whose population is a table."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import pandas as pd
from pydantic import Field

from ..on_demand import Later
from ..survey import estimands
from ..survey.fieldwork_spec import Part, Probability
from . import table_kinds
from .spec import Column, Keys, Name, Names, Regressed

table_source = Later(__package__, ".table_source")
if TYPE_CHECKING:
    Kind = str
else:
    Kind = Literal[tuple(table_kinds.KINDS)]


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

    def mistakes(self) -> Iterator[str]:
        """Keys that need or exclude each other, from the key on."""
        sized = self.method in ("poisson", "pps_with_replacement", "pps_systematic")
        if sized and self.size is None:
            yield f"method = {self.method!r} needs sample.size, the column its probabilities are proportional to."
        if not sized and self.size is not None:
            yield f"size = {self.size!r} does nothing with method = {self.method!r}; leave it out."
        if self.cluster is not None and self.method != "srs":
            yield f"method = {self.method!r} draws elements; clusters are drawn by srs."
        if self.take is not None and self.cluster is None:
            yield f"take = {self.take} does nothing without sample.cluster; leave it out."
        if self.take == 1:
            yield "take = 1: the variance within clusters needs at least 2 elements of each."
        if self.allocation == "neyman" and self.sd is None:
            yield 'allocation = "neyman" needs sample.sd, the column whose standard deviation matters.'
        if self.sd is not None and self.allocation != "neyman":
            yield f"sd = {self.sd!r} does nothing with allocation = {self.allocation!r}; leave it out."
        if self.allocation != "proportional" and (self.strata is None or isinstance(self.n, dict)):
            why = "where n is given by stratum" if isinstance(self.n, dict) else "without sample.strata"
            yield f"allocation = {self.allocation!r} does nothing {why}."
        if isinstance(self.n, dict) and self.strata is None:
            yield "n by stratum needs sample.strata."


class TableWeighting(Part):
    """Calibration to totals of the table itself."""

    margins: Names = ()
    method: Literal["raking", "linear", "logit", "truncated"] = "raking"
    bounds: tuple[float, float] | None = None

    @property
    def raked(self) -> bool:
        """Whether it is raking without bounds."""
        return self.method == "raking" and self.bounds is None


class TableEstimation(Part):
    """How intervals are made."""

    level: Probability = 0.95


class TableEstimand(Regressed):
    """A value of the table's population: a total, a mean or a ratio of two columns, or a coefficient of a regression."""

    name: Name
    numerator: str = ""
    denominator: str = ""
    kind: Kind = "mean"
    by: Names = ()
    unit: str | None = None

    @property
    def meant(self) -> str:
        """The kind."""
        return self.kind

    @property
    def in_unit(self) -> str:
        """The unit, if there is one."""
        return self.unit or ""

    def mistakes(self, where: str) -> Iterator[str]:
        """What is wrong with it."""
        yield from (where + text for text in table_kinds.of(self).mistakes(self))


class TableStudySpec(Keys):
    """A study of sampling alone: samples from a population that is a table."""

    population: TablePopulation
    sample: TableDesign
    weighting: TableWeighting = TableWeighting()
    estimation: TableEstimation = TableEstimation()
    estimands: Annotated[tuple[TableEstimand, ...], Field(strict=False, min_length=1)] = Field()

    together: ClassVar[int] = 512
    has_fieldwork: ClassVar[bool] = False
    has_cost: ClassVar[bool] = False

    @property
    def varied(self) -> type[Part]:
        return TableStudySpec

    @property
    def table(self) -> str:
        return self.population.table

    @classmethod
    def source(cls) -> type:
        return table_source.TableSource

    def definitions(self) -> pd.DataFrame:
        return estimands.defined(self.estimands)

    def mistakes(self, place: str) -> Iterator[str]:
        yield from super().mistakes(place)
        yield from (f"{place}: sample.{text}" for text in self.sample.mistakes())
        for k, method in enumerate(self.methods):
            if method.estimator != "recipe":
                yield f"{place}: methods[{k}].estimator = {method.estimator!r} needs a survey of two frames; a table has one."
