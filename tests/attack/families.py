"""The families of cases: each has axes, whose combinations are cells, makes a case for a cell and attacks with it.

A case is known by its family, a seed and a number: the number says the cell and the how manyeth attempt at it, so that the parent may
steer to empty cells and every case can be had again.
"""

import importlib
import itertools

import numpy as np

NAMES = ("survey", "dual", "planning", "hostile", "odd", "waves", "models", "distributions")


def family(name):
    """The module of a family: AXES, PACE (its cases while `survey` has 100), make(rng, cell), attack(case, report), smaller(case)."""
    return importlib.import_module(f"attack.{name}")


def cells(name):
    """All combinations of the family's axes."""
    return list(itertools.product(*(values for _, values in family(name).AXES)))


def case_of(name, seed, number):
    """(cell, case) of a number."""
    every = cells(name)
    cell = every[number % len(every)]
    rng = np.random.default_rng([seed, number, sum(map(ord, name))])
    return cell, family(name).make(rng, cell)
