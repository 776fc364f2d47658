"""The keys of a study, checked whole: all mistakes at once, those of its parts and those that only show between them."""

from collections.abc import Iterator

from ..errors import SpecError
from ..keys import merge
from ..survey.checking import checked, told
from ..survey.country_spec import CountrySpec
from ..survey.spec import kind_of
from .country_spec import CountryStudySpec
from .scenarios import Scenario, checked_as, scenarios_of
from .spec import STUDY_KEYS, Keys, StudySpec, is_table
from .table_spec import TableStudySpec


def build(data: dict, place: str) -> tuple[Keys, list[Scenario]]:
    """(spec, scenarios) of a study's keys; SpecError with all mistakes."""
    base = {key: value for key, value in data.items() if key not in STUDY_KEYS}
    china = StudySpec if kind_of(data) is not CountrySpec else CountryStudySpec
    spec, mistakes = checked(TableStudySpec if is_table(data) else china, data, place)
    if spec is None:
        raise SpecError(told(mistakes))
    mistakes += [*spec.mistakes(place), *_weightings(spec, base, place)]
    scenarios = scenarios_of(spec, base, place, mistakes)
    if mistakes:
        raise SpecError(told(mistakes))
    return spec, scenarios


def _weightings(spec: Keys, base: dict, place: str) -> Iterator[str]:
    """Mistakes of the weighting that methods change: each is a survey or a sample of its own."""
    for k, method in enumerate(spec.methods):
        wrong = () if method.own else checked_as(spec, merge(base, {"weighting": method.weighting}), place)[1]
        yield from (line.replace(f"{place}: ", f"{place}: methods[{k}]: ", 1) for line in wrong)
