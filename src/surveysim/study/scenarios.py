"""The scenarios of a study: named changes times a grid of values, each checked as a survey or a sample of its own."""

import itertools
import warnings
from typing import Any, NamedTuple

from ..errors import SurveysimWarning
from ..keys import flat, merge, nested
from ..naming import did_you_mean
from ..survey.checking import checked
from .spec import STUDY_KEYS, Keys, ScenarioSpec

RENAMED = {"fieldwork.protocol.replicate": "fieldwork.protocol.release_size"}  # keys of the release before


class Scenario(NamedTuple):
    """One scenario: its name, the keys that vary with their values, its group of random numbers, and the survey or sample it is."""

    name: str
    varied: dict[str, Any]
    group: str
    spec: Any


def checked_as(spec: Keys, data: dict, place: str) -> tuple:
    """(survey or sample, mistakes) of the keys of a scenario or a method."""
    estimands = {} if spec.has_fieldwork else {"estimands": [e.model_dump() for e in spec.estimands]}
    return checked(spec.varied, data | estimands, place)


def scenarios_of(spec: Keys, base: dict, place: str, mistakes: list[str]) -> list[Scenario]:
    """The product of named scenarios and grid; what is wrong with them is added to the mistakes."""
    grid = _grid(spec, place, mistakes)
    last = [key.rsplit(".", 1)[-1] for key, _ in grid]
    short = {key: name if last.count(name) == 1 else key for (key, _), name in zip(grid, last, strict=True)}
    result = []
    for entry in spec.scenarios or (ScenarioSpec(name="base"),):
        for values in itertools.product(*(v for _, v in grid)):
            varied = {key: value for (key, _), value in zip(grid, values, strict=True)}
            data = merge(base, entry.changes)
            for key, value in varied.items():
                data = merge(data, nested(key, value))
            labels = [f"{short[key]}={_shown(value)}" for key, value in varied.items()]
            name = ", ".join(([entry.name] if spec.scenarios or not labels else []) + labels)
            survey, wrong = checked_as(spec, data, place)
            mistakes += [line.replace(f"{place}: ", f"{place}: scenario {name!r}: ", 1) for line in wrong]
            group = entry.group
            if group is None:
                group = "" if spec.study.random_numbers == "common" else name
            result.append(Scenario(name, varied, group, survey))
    return result


def _grid(spec: Keys, place: str, mistakes: list[str]) -> list[tuple[str, list]]:
    """[(key, values)] of the grid; keys that are none of the survey's are reported."""
    result = []
    known = flat({k: v for k, v in spec.model_dump().items() if k not in STUDY_KEYS})
    for given, values in flat(spec.grid).items():
        key = RENAMED.get(given, given)
        if key != given:
            warnings.warn(
                f"grid.{given} is grid.{key} now; the old name is read for one release more.",
                SurveysimWarning,
                stacklevel=2,
            )
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


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
