"""Fewer of a test's many cases run every day, and all of them with `--all`.

`@pytest.mark.everyday(12)` keeps about twelve of a parametrised test's cases in the everyday run and marks the others `long`. They are
drawn by a fixed seed; where several parameters cross, every value of each is among them, so that more than twelve may stay. Texts are the
same value wherever they are equal, so that a list of (kind, values) keeps every kind.
"""

import os
import random
from collections import defaultdict

EVERY = "SURVEYSIM_EVERY_CASE"  # set where changes of the code are tried on all of them


def dimensions(cases):
    """Names of parameters that vary on their own: those that go together count once."""
    columns = {name: tuple(case[name] for case in cases) for name in cases[0]}
    return list({column: name for name, column in reversed(columns.items())}.values())


def chosen(name, cases, count):
    """Positions of the cases that stay: `cases` are {parameter: its value, or the position of that}."""
    draw = random.Random(f"every day {name}")
    order = draw.sample(range(len(cases)), len(cases))
    covered = [name for name in dimensions(cases) if len({case[name] for case in cases}) <= min(count, len(cases) - 1)]
    kept, seen = [], set()
    for k in order:
        values = {(name, cases[k][name]) for name in covered}
        if not values <= seen:
            kept.append(k)
            seen |= values
    for k in order:
        if len(kept) < count and k not in kept:
            kept.append(k)
    return set(kept)


def parameters(item):
    """{parameter: its value if that is a text, else the position of the value} of a collected test."""
    made = item.callspec
    return {name: value if isinstance(value := made.params[name], str) else k for name, k in made.indices.items()}


def mark(items, long):
    """Mark what is not for every day among the collected `items`."""
    tests = defaultdict(list)
    for item in items if EVERY not in os.environ else ():
        if item.get_closest_marker("everyday") and not item.get_closest_marker("long"):
            tests[item.nodeid.partition("[")[0]].append(item)
    for name, cases in tests.items():
        (count,) = cases[0].get_closest_marker("everyday").args
        kept = chosen(name, [parameters(case) for case in cases], count)
        for k, case in enumerate(cases):
            if k not in kept:
                case.add_marker(long)
