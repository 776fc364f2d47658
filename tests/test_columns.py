"""The page of columns explains those that tables of a survey have, with their types."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "columns.md"


def explained():
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) > 30
    return dict(rows)


def test_columns__of_interviews_are_on_the_page_with_their_types(result):
    table, known = result.cases, explained()
    for name in table.columns.drop(list(result.preparation.pop.outcome_names), errors="ignore"):
        assert name in known, name
        assert str(table[name].dtype) == known[name], name


def test_columns__of_persons_are_on_the_page_with_their_types(pop):
    table, known = pop.persons([0, 1, 2]), explained()
    for name in table.columns.drop(list(pop.outcome_names)):
        assert str(table[name].dtype) == known[name], name
