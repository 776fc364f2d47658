"""Wolter and others (2015): what the cell sample costs less where people with landlines are screened out, or more, eq. 4.1."""

from typing import Any

import numpy as np
from scipy import optimize

import surveysim as ss

from ..comparing import Ours

PEOPLE = {"a": 0.1e12, "ab": 0.5e12, "b": 0.4e12}  # so many that rounding to interviews does not show
CASES = [(1.0, cell, 0.2 * cell, p) for cell in (1.0, 2.0, 4.0) for p in ((0.5, 0.5, 0.5), (0.2, 0.3, 0.4))]
CASES += [(1.0, 2.0, 1.5, (0.5, 0.5, 0.5))]
MARGIN = 1e-5


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """Cost of the cheaper protocol over that of interviewing everybody; nothing is drawn."""
    found = {}
    for land, cell, contact, p in CASES:
        options = {"moe": MARGIN, "p": dict(zip(PEOPLE, p))}
        everybody = ss.allocate_frames(PEOPLE, (land, cell), **options)
        cheaper = ss.allocate_frames(PEOPLE, (land, cell), screening=contact, **options)
        name = f"cell interview {cell:g}, contact {contact:g}, p {' '.join(map(str, p))}"
        found[name] = Ours(cheaper.cost / everybody.cost, 0.0, min(ratio(land, cell, contact, p), 1.0))
    return found


def ratio(land: float, cell: float, contact: float, p: tuple[float, ...]) -> float:
    """E = (√c_A R_A + √c_B″ R_B)² / (√c_A Q_A + √c_B Q_B)²: Q of Hartley's estimator with its best θ, R without the cell overlap."""
    a, ab, b = PEOPLE.values()
    s = [share * (1 - share) for share in p]

    def everybody(theta):
        part_a, part_b = a * s[0] + theta**2 * ab * s[1], b * s[2] + (1 - theta) ** 2 * ab * s[1]
        return (np.sqrt(land * (a + ab) * part_a) + np.sqrt(cell * (ab + b) * part_b)) ** 2

    best = optimize.minimize_scalar(everybody, bounds=(0, 1), method="bounded", options={"xatol": 1e-10}).fun
    each = cell + contact * ab / b  # an interview, and the contacts that are left out for it
    screened = (np.sqrt(land * (a + ab) * (a * s[0] + ab * s[1])) + np.sqrt(each * b * b * s[2])) ** 2
    return float(screened / min(best, everybody(0.0), everybody(1.0)))
