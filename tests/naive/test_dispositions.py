"""Outcome rates against exact fractions."""

from fractions import Fraction

import numpy as np
import pytest

import surveysim as ss
from naive import dispositions

CATEGORIES = ("I", "P", "R", "NC", "O", "UH", "UO", "NE")


def test_rates_by_hand():
    counts = {"I": 40, "P": 10, "R": 20, "NC": 20, "O": 10, "UH": 50, "UO": 50, "NE": 100}
    rates = dispositions.response_rates(counts, Fraction(1, 2))
    assert rates["RR1"] == Fraction(1, 5)
    assert rates["RR4"] == Fraction(1, 3)
    assert rates["RR6"] == rates["COOP1"] / 1 == Fraction(1, 2)
    assert rates["COOP4"] == Fraction(50, 70)
    assert rates["REF2"] == Fraction(20, 150)
    assert rates["CON3"] == Fraction(4, 5)
    assert dispositions.response_rates(counts, "proportional")["RR3"] == Fraction(40, 150)


@pytest.mark.parametrize("e", ["none", "number", "proportional", "two"])
def test_rates(e):
    rng = np.random.default_rng(51)
    for _ in range(300):
        counts = {c: int(rng.integers(0, 200)) * int(rng.random() < 0.8) for c in CATEGORIES}
        counts["I"] += 1
        share = {
            "none": None,
            "number": float(rng.uniform(0, 1)),
            "proportional": "proportional",
            "two": {"UH": float(rng.uniform(0, 1)), "UO": float(rng.choice([0, 1]))},
        }[e]
        given = dict(counts) if rng.random() < 0.5 else {c: n for c, n in counts.items() if n or c == "NE"}
        if e == "none" and counts["UH"] + counts["UO"]:
            with pytest.warns(ss.SurveysimWarning):
                found = ss.response_rates(given, e=None)
        else:
            found = ss.response_rates(given, e=share)
        wanted = dispositions.response_rates(counts, share)
        assert list(found.index) == list(wanted)
        for name, rate in wanted.items():
            assert (
                np.isnan(found[name])
                if rate is None
                else found[name] == pytest.approx(float(rate), rel=1e-12, abs=1e-300)
            )
