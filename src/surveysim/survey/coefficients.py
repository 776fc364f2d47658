"""A coefficient of a regression as an estimand of a survey: whom its model is of, its columns, and its value in the population.

The model explains an answer by groups of people; in China it is of those who are asked, aged 6 or older. So the sums by cell that everybody
was streamed into once are all that a fit to everybody takes: Newton's steps go over cells, whatever the size of the population.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from ..aliases import Floats
from ..columns import VARIABLES
from ..errors import SurveysimError
from ..on_demand import Later
from ..population import outcomes
from ..population.estimand_kinds import response_of

estimation = Later(__package__, "..estimation")
formulas = Later(__package__, "..analysis.regression.formula")  # a plan without models starts without their packages
OF_EVERYBODY = ("internet", "nonuser")
OF_NETIZENS = ("weekly_hours", "netizen_farming", "netizen_manufacturing")
RESTRICTED = ("age_60plus", "age_20_29")  # groups an outcome's universe may end in
NUMBERS = ("weekly_hours",)


def asked(response: str) -> str:
    """The expression of those whose answer there is, such as "internet" or "internet*age_60plus"."""
    if response in OF_EVERYBODY:
        return "persons*age_6plus"
    if response in OF_NETIZENS:
        return "internet"
    table = outcomes.definitions()
    universe = dict(zip(table["name"], table["universe"], strict=True))[response]
    for group in RESTRICTED:
        if universe.endswith(group.removeprefix("age")):
            return f"{_named(universe.removesuffix(group.removeprefix('age')))}*{group}"
    return _named(universe)


def _named(universe):
    return "internet" if universe == "netizen" else universe


def answers() -> tuple[str, ...]:
    """What China's respondents say that a model may explain."""
    return (*OF_EVERYBODY, *OF_NETIZENS, *outcomes.definitions()["name"])


@cache
def read(formula: str, known: tuple[str, ...]) -> Any:
    """A formula of columns that are known by name."""
    return formulas.parsed(formula, pd.DataFrame(columns=list(dict.fromkeys(known))))


def mistakes(entry: Any, said: Sequence[str], by: Iterable[str], groups: Iterable[str] = ()) -> Iterator[str]:
    """What is wrong with a coefficient's formula, from its key on: it explains one of the answers `said` by columns `by` that estimates
    are asked for, and by `groups`, which are 0 or 1."""
    by, explains = tuple(by), {*by, *groups}
    try:
        found = read(entry.formula, (*said, *by, *groups))
    except SurveysimError as error:
        yield f".{error}"
        return
    wrong = [name for name in found.columns if name not in explains]
    if wrong:
        yield f".formula: {wrong[0]!r} is an answer; what explains is {'a group of people or ' * bool(groups)}{', '.join(by)}."
    response = found.response.strip("`")
    if found.of_response != (response,) or response in explains:
        yield f".formula: {found.response!r} has to be one answer, such as {said[0]}, as it is."
    elif entry.family == "ordinal" or (entry.family == "binomial" and found.response in NUMBERS):
        yield f".family = {entry.family!r}: {found.response} is {'a number' if found.response in NUMBERS else 'yes or no'}."


def columns(formula: str, group: Callable[[str], Any], by: Any) -> dict[str, Any]:
    """The columns (n,) that explain, by their names; `group` gives the one of a name."""
    return {name: group(name) for name in read(formula, (*answers(), *by, *VARIABLES)).columns}


def of_population(row: Any, sums: Callable[[str], Any], group: Callable[[str], Any], by: Any) -> float:
    """The coefficient of the model fitted to everybody; `sums` gives sums of an expression by cell (C,)."""
    response = response_of(row.numerator)
    universe = asked(response)
    size, total = sums(universe), sums("*".join((response, *universe.split("*")[1:])))
    return of_cells(row, pd.DataFrame(columns(row.numerator, group, by)), size, total)


def of_cells(row: Any, table: pd.DataFrame, size: Floats, total: Floats) -> float:
    """The coefficient of the model fitted to all persons of some cells: the columns that explain, by cell (C,), how many are asked, and the
    sum of their answers."""
    response = response_of(row.numerator)
    if response in NUMBERS:  # sums of squares do not move coefficients
        parts = [(total / np.where(size > 0, size, 1), size)]
    else:
        parts = [(np.ones(len(size)), total), (np.zeros(len(size)), size - total)]
    cells = pd.concat([table.assign(**{response: y, "_persons": w})[w > 0] for y, w in parts], ignore_index=True)
    model = estimation.Survey(cells, weight="_persons").glm(row.numerator, family=row.note, df=np.inf)
    return float(model.only(row.denominator).columns["estimate"][0])
