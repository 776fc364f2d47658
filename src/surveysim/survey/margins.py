"""What interviews are weighted to: variables or crosses of the population's joint table, ages and educations in any groups of its cells."""

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import reference
from ..aliases import Floats, Ints
from ..columns import AGE_STARTS, AGES_FIRST, EDUCATION, EDUCATION_4, EDUCATION_4_FIRST, SEX, URBAN
from ..naming import did_you_mean
from ..weighting import Margins

if TYPE_CHECKING:
    from .spec import WeightingSpec

AXES = {"urban": 1, "sex": 2, "age_group": 3, "education": 4}  # of the joint table; provinces are the first
CUTS = tuple(start for start in AGE_STARTS if start >= AGES_FIRST[0])  # ages that can begin a group
STANDARD = {"age_group": AGES_FIRST, "education": EDUCATION_4_FIRST}  # groups that tables of persons have anyway
OWN = "weighting_"  # begins the column of other groups


class Grouping(NamedTuple):
    """Groups of a variable: the column that has them, their labels, and the group of each label of the joint table (-1: nobody asked)."""

    column: str
    labels: tuple[str, ...]
    code: Ints


def groupings(weighting: "WeightingSpec") -> dict[str, Grouping]:
    """The groups of every variable that can be a margin."""
    ages, levels = weighting.age_group, weighting.education
    begins = [EDUCATION.index(level) for level in levels]
    age_labels = (*(f"{a}-{b - 1}" for a, b in itertools.pairwise(ages)), f"{ages[-1]}+")
    return {
        "sex": Grouping("sex", SEX, np.arange(len(SEX))),
        "age_group": Grouping(_column("age_group", ages), age_labels, np.searchsorted(ages, AGE_STARTS, "right") - 1),
        "education": Grouping(
            _column("education", levels),
            tuple(_education(a, b) for a, b in itertools.pairwise([*begins, len(EDUCATION)])),
            np.searchsorted(begins, np.arange(len(EDUCATION)), "right") - 1,
        ),
        "urban": Grouping("urban", URBAN, np.arange(len(URBAN))),
    }


def _column(name, first):
    """Groups other than those that tables of persons have get a column of their own."""
    return name if tuple(first) == STANDARD[name] else OWN + name


def _education(first, end):
    """What the levels from `first` on are called together."""
    known = [EDUCATION.index(name) for name in EDUCATION_4_FIRST] + [len(EDUCATION)]
    for name, span in zip(EDUCATION_4, itertools.pairwise(known), strict=True):
        if span == (first, end):
            return name
    return EDUCATION[first] if end == first + 1 else f"{EDUCATION[first]} to {EDUCATION[end - 1]}"


def crossed(margin: str | tuple[str, ...]) -> tuple[str, ...]:
    """The variables of a margin, one or several."""
    return (margin,) if isinstance(margin, str) else tuple(margin)


def margins_of(table: Floats, weighting: "WeightingSpec") -> Margins:
    """Control totals of those aged 6+ by province from the joint table of persons: province × urban × sex × 20 ages × 7 educations.

    All are sums of one table, so they agree. In a cross the levels of the last variable are neighbours.
    """
    table = np.where((np.array(AGE_STARTS) >= AGES_FIRST[0])[:, None], table, 0.0)
    groups, sums = groupings(weighting), []
    margins = [crossed(margin) for margin in weighting.margins]
    for margin in margins:
        part = table
        for name in margin:
            part = _grouped(part, AXES[name], groups[name])
        part = part.sum(axis=tuple(axis for name, axis in AXES.items() if name not in margin), keepdims=True)
        sums.append(part.transpose(0, *(AXES[name] for name in margin), *_others(margin)).reshape(len(table), -1))
    return Margins(
        "province",
        reference.provinces(),
        tuple(tuple(groups[name].column for name in margin) for margin in margins),
        tuple(tuple(itertools.product(*(groups[name].labels for name in margin))) for margin in margins),
        np.concatenate(sums, axis=1),
    )


def _others(margin):
    return [axis for name, axis in AXES.items() if name not in margin]


def _grouped(table, axis, grouping):
    """The table with an axis summed by groups."""
    moved = np.moveaxis(table, axis, 0)
    result = np.zeros((len(grouping.labels), *moved.shape[1:]))
    inside = grouping.code >= 0
    np.add.at(result, grouping.code[inside], moved[inside])
    return np.moveaxis(result, 0, axis)


def own_columns(weighting: "WeightingSpec", people: Any) -> dict[str, tuple[Ints, tuple[str, ...]]]:
    """{column: (codes (n,), labels)} of the groups that people (`Attributes`) are weighted by and that other tables do not have."""
    codes = {
        "age_group": lambda: np.searchsorted(weighting.age_group, people.age, "right") - 1,
        "education": lambda: groups["education"].code[people.schooling],
    }
    groups, used = groupings(weighting), {name for margin in weighting.margins for name in crossed(margin)}
    return {
        groups[name].column: (make(), groups[name].labels)
        for name, make in codes.items()
        if name in used and groups[name].column != name
    }


def margin_mistakes(weighting: "WeightingSpec", place: str) -> Iterator[str]:
    """What is wrong with the margins and the groups of a specification."""
    seen: list[frozenset[str]] = []
    for k, margin in enumerate(weighting.margins):
        names = crossed(margin)
        for name in names:
            if name not in AXES:
                hint = did_you_mean(name, AXES, f"; there are {', '.join(AXES)}.")
                yield f"{place}.margins[{k}]: the control totals have no variable {name!r}{hint}"
        if len(set(names)) < len(names):
            yield f"{place}.margins[{k}] = {list(names)!r} crosses a variable with itself; name it once."
        elif frozenset(names) in seen:
            yield f"{place}.margins: {' × '.join(names)!r} is listed twice."
        seen.append(frozenset(names))
    yield from _cut_mistakes(weighting.age_group, CUTS, f"{place}.age_group", "the youngest who are asked")
    yield from _cut_mistakes(weighting.education, EDUCATION, f"{place}.education", "the lowest")


def _cut_mistakes(first: tuple, known: tuple, place: str, lowest: str) -> Iterator[str]:
    """Groups begin where cells of the table do, the first at the beginning, and go up."""
    wrong = [value for value in first if value not in known]
    if wrong:
        hint = did_you_mean(wrong[0], known, ".") if isinstance(wrong[0], str) else "."
        yield (
            f"{place} = {list(first)!r}: no cell of the population begins at {wrong[0]!r}{hint} Groups can begin at "
            f"{', '.join(map(str, known))}."
        )
        return
    order = [known.index(value) for value in first]
    if order[0] != 0:
        yield f"{place} = {list(first)!r}: the first group begins at {known[0]!r}, {lowest}."
    if any(b <= a for a, b in itertools.pairwise(order)):
        yield f"{place} = {list(first)!r}: list where groups begin in their order, each once."
