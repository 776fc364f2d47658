"""20A+116B+62C both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveysim.errors import DataError
from surveysim.registry import from_notation, to_notation


@given(st.integers(0, 2**24))
def test_notation__there_and_back_in_c_blocks(blocks):
    assert from_notation(to_notation(256 * blocks)) == 256 * blocks


@given(st.integers(0, 2**32))
def test_notation__there_and_back_with_remainder(addresses):
    assert from_notation(to_notation(addresses, remainder="keep")) == addresses


@given(st.integers(0, 2**32))
def test_notation__is_canonical(addresses):
    """B and C stay below 256, and no part is zero: writing what was read gives the same text."""
    text = to_notation(addresses, remainder="keep")
    assert to_notation(from_notation(text), remainder="keep") == text
    parts = {term[-1]: int(term[:-1]) for term in text.split("+") if term[-1] in "ABC"}
    assert parts.get("B", 0) < 256 > parts.get("C", 0)
    assert text == "0C" or 0 not in parts.values()


def test_notation__the_reports_numbers():
    assert to_notation(343_162_368) == "20A+116B+62C"
    assert to_notation(62_957_312) == "3A+192B+167C"  # printed 133C
    assert from_notation("96B+96C") == 6_316_032  # appendix table 2, note 1
    assert from_notation("254B+16C") - 16_649_984 == 256
    assert from_notation(" ２０Ａ＋ 116b ＋62C") == 343_162_368


@pytest.mark.parametrize(
    "text", ["", "A", "20", "1A+1A", "1C+1B", "5+1A", "-1A", "5.1A", "1A++1B", "1D", "1A 1B", "1A+", "٣A"]
)
def test_from_notation__refuses_what_is_none(text):
    if text == "20":
        assert from_notation(text) == 20  # single addresses
        return
    with pytest.raises(DataError, match="20A\\+116B\\+62C"):
        from_notation(text)


@pytest.mark.parametrize("value", [-256, 256.5, True, float("nan"), float("inf"), "256", None])
def test_to_notation__refuses_what_is_no_count(value):
    with pytest.raises(DataError, match="whole number"):
        to_notation(value)


def test_to_notation__a_remainder_is_not_lost():
    with pytest.raises(DataError, match="232 are left over"):
        to_notation(1000)
