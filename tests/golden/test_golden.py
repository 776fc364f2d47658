"""Bytes of results change only together with the number that stands for them."""

import pytest

from . import digests
from .works import WORKS


@pytest.mark.parametrize("number", WORKS)
def test_digests__are_of_the_current_numbers(number):
    assert digests.kept()[number]["numbers"] == digests.current(number), (
        "run `python -m golden` and commit digests.toml"
    )
    assert list(digests.kept()[number]["works"]) == list(WORKS[number])


@pytest.mark.parametrize(("number", "name"), [(number, name) for number in WORKS for name in WORKS[number]])
def test_bytes__are_those_of_the_number(number, name):
    assert digests.digest(number, name) == digests.kept()[number]["works"][name], (
        f"{name}: its bytes changed and {number} did not. If that is meant, raise {number} in surveysim/editions.py and run "
        "`PYTHONPATH=src:tests python -m golden`: half-done studies and kept parameters of before are then refused."
    )
