"""What every repetition of a survey shares, made once: population, frames, sample design, weighting recipe."""

import os
from dataclasses import dataclass, replace
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..columns import AGE_STARTS, EDUCATION, FRAMES
from ..fieldwork import Fieldwork, Measurement, Protocol, solve
from ..frame import TelephoneFrame
from ..keys import merge
from ..population import Population
from ..sampling import SampleDesign
from ..weighting import Recipe
from ..weighting.steps import Composite, InverseSampling, Multiplicity, NonresponseClasses, Rake, Released, Selection
from . import estimands
from .margins import margins_of
from .weighted import CLASSES

if TYPE_CHECKING:
    from .spec import SurveySpec


@dataclass(frozen=True, slots=True)
class Preparation:
    """What every repetition of a survey shares; `working` (2, U) are the shares of numbers that reach somebody."""

    spec: "SurveySpec"
    pop: Population
    frames: tuple
    design: SampleDesign
    fieldwork: Fieldwork
    recipe: Recipe
    definitions: pd.DataFrame
    known: "estimands.Constants"
    working: np.ndarray


_preparing = Lock()


def _unlocked():
    """A forked child would wait for the thread of its parent that held the lock."""
    global _preparing
    _preparing = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlocked)


def prepare(spec: Any) -> "Preparation":
    """Population, frames, sample design and recipe of a specification; threads that ask at once get the same."""
    with _preparing:
        return _prepared(spec)


@lru_cache(maxsize=4)
def _prepared(spec):
    pop = population_of(spec.population)
    frames = tuple(TelephoneFrame(pop, kind, **spec.frame.model_dump()) for kind in FRAMES)
    models, protocol = spec.fieldwork.models(), Protocol(**spec.fieldwork.protocol.model_dump())
    measurement = Measurement(**spec.fieldwork.measurement.model_dump())
    rates = tuple(outcomes.interviews() for outcomes in solve(protocol, models)[1])
    # the banks are those of the real response
    design = SampleDesign.plan(frames, **spec.sample.model_dump(), interview_rate=rates)
    # nothing is left for a call centre: one outcome a number, in strict order, without quotas
    if not spec.stages.nonresponse:
        spec = spec.model_copy(update={"fieldwork": spec.fieldwork.model_copy(update={"level": "outcome"})})
        models, protocol = tuple(model.complete() for model in models), replace(protocol, quota=None)
    if not spec.stages.measurement:
        measurement = Measurement()
    return Preparation(
        spec,
        pop,
        frames,
        design,
        Fieldwork(frames, design, models, protocol, measurement),
        recipe_of(spec, control_totals(pop, spec.weighting)),
        estimands.selected(spec),
        estimands.Constants(pop),
        np.stack([frame.units["working_rate"].to_numpy() for frame in frames]),
    )


def control_totals(pop: Population, weighting: Any) -> Any:
    """Margins of people aged 6+ by province: what the statistical bureau would publish, from one table, so consistent.

    `covered_6plus` leaves out people without any telephone, in agreement with the report's no-phone assumption. With `control_year`
    they are those of another year, taken for this one's.
    """
    if weighting.control_year not in (None, pop.year):
        pop = population_of(pop, weighting.control_year)
    model = pop.model
    covered = weighting.control_population == "covered_6plus"
    table = np.zeros((2 * len(pop.strata), model.expected.shape[1]))
    np.add.at(table, model.people.area_zone, model.covered if covered else model.expected)
    table = (table * (pop.size / model.expected.sum())).reshape(len(pop.strata), 2, 2, len(AGE_STARTS), len(EDUCATION))
    return margins_of(table, weighting)


@lru_cache(maxsize=3)
def population_of(source: Any, year: int | None = None) -> Population:
    """The population of a specification's section, or a population in another year; scenarios that share one share its tables."""
    if year is None:
        return Population.china(**source.model_dump())
    return Population.china(**{k: v for k, v in source.arguments.items() if k != "kind"} | {"year": year})


def reweighted(prep: Preparation, changes: dict[str, Any]) -> Preparation:
    """The same survey with other keys of `weighting`: what is drawn and asked stays."""
    weighting = type(prep.spec.weighting).model_validate(merge(prep.spec.weighting.model_dump(), changes))
    spec = prep.spec.model_copy(update={"weighting": weighting})
    return replace(prep, spec=spec, recipe=recipe_of(spec, control_totals(prep.pop, weighting)))


def recipe_of(spec: Any, margins: Any) -> Recipe:
    """The weighting recipe of the modelled survey."""
    return Recipe(
        [
            InverseSampling() if spec.fieldwork.level == "outcome" else Released(),
            *([Selection()] if spec.sample.prefectures else []),
            Multiplicity(),
            NonresponseClasses(by=CLASSES, e="given"),
            Composite(theta=spec.weighting.composite),
            Rake(margins, minimum=spec.weighting.minimum_per_level),
        ]
    )
