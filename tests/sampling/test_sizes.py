"""What sample_size takes beside a margin of error for a proportion."""

import pytest

import surveysim as ss
from surveysim import DesignError


def test_sample_size__by_hand():
    assert ss.sample_size(2, sd=15) == 217  # (1.96 × 15 / 2)² = 216.08
    assert ss.sample_size(2, sd=15, population=1000) == 178  # 216.08 / 1.21608
    assert ss.sample_size(0.05, m=11, icc=0.1) == 769  # 384.15 × 2
    assert ss.sample_size(0.05, response=0.4) == 963  # 385 / 0.4
    assert ss.sample_size(2, sd=15, deff=1.2, m=11, icc=0.05) == 389  # 216.08 × 1.2 × 1.5


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ({"moe": 0.03, "difference": 0.05}, "either moe or difference"),
        ({"overlap": 0.5}, "overlap is of a test"),
        ({"response": 0}, "response = 0"),
        ({"response": 2}, "response = 2"),
        ({"difference": 0.05, "power": 1}, "power = 1"),
        ({"difference": 0}, "difference = 0"),
        ({"sd": 0}, "sd = 0"),
        ({"moe": 0.1, "population": 100, "response": 0.3}, "more than the population"),
        ({"difference": 0.1, "alternative": "less"}, "alternative is no option"),
    ],
)
def test_sample_size__refuses(told, text):
    with pytest.raises(DesignError, match=text):
        ss.sample_size(**told)
