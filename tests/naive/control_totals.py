"""Control totals, cell by cell: who is in which level of a margin is looked up for every cell of the joint table."""

from itertools import product


def level_of(value, first, order):
    """Number of the last group that begins at or before a value; None before the first."""
    found = None
    for k, begin in enumerate(first):
        if order.index(begin) <= order.index(value):
            found = k
    return found


def totals(cells, margins, groups, order):
    """{province: {margin: {levels: persons}}} of cells, each a dict with its province, its variables and its persons.

    groups : {variable: where its groups begin}. order : {variable: all values in their order}. Levels are numbers of groups.
    """
    found = {}
    for province in sorted({cell["province"] for cell in cells}):
        found[province] = {
            margin: dict.fromkeys(product(*(range(len(groups[name])) for name in margin)), 0.0) for margin in margins
        }
    for cell in cells:
        if cell["age_group"] < 6:
            continue
        for margin in margins:
            levels = tuple(level_of(cell[name], groups[name], order[name]) for name in margin)
            if None not in levels:
                found[cell["province"]][margin][levels] += cell["persons"]
    return found
