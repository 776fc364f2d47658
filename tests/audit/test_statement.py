"""What an error statement implies: from two of margin, sample size and design effect the third."""

import numpy as np
import pytest

import surveysim as ss
from surveysim.errors import DataError
from surveysim.inference.intervals import METHODS


def test_statement__the_reports_numbers():
    """DESIGN: 22,047 at p = 0.5 (22,048 with z = 1.96), 14,834 at 78.6 %."""
    table = ss.error_statement(moe=0.0066, p=[0.5, 0.786]).set_index(["p", "method"])["n"]
    assert table[0.5, "wald"] == 22047 == ss.sample_size()
    assert table[0.5, "wald, z = 1.96"] == 22048
    assert table[0.786, "wald"] == 14834
    assert set(table[0.5].index) == {*METHODS, "wald, z = 1.96"}


@pytest.mark.parametrize("p", [0.02, 0.5, 0.786])
@pytest.mark.parametrize("deff", [1.0, 1.58])
def test_statement__each_of_the_three_follows_from_the_others(p, deff):
    """The n that a margin implies has that margin, one interview fewer has a larger one; moe and n give the deff back."""
    for row in ss.error_statement(moe=0.01, deff=deff, p=p).itertuples():
        if row.method not in METHODS:
            continue
        for n, wide in ((row.n, False), (row.n - 1, True)):
            again = ss.error_statement(n=n, deff=deff, p=p).set_index("method").loc[row.method]
            assert (again["moe"] > 0.01) == wide
            lower, upper = ss.proportion_interval(p, np.sqrt(deff * p * (1 - p) / n), row.method, n=n)
            assert again["moe"] == pytest.approx(max(p - lower, upper - p), rel=1e-12)
        implied = ss.error_statement(n=row.n, moe=again["moe"], p=p).set_index("method").loc[row.method, "deff"]
        assert implied == pytest.approx(deff * row.n / (row.n - 1), rel=0.01)


def test_statement__finite_population_and_degrees_of_freedom():
    table = ss.error_statement(moe=0.01, population=20_000).set_index("method")
    assert table.loc["wald", "n"] == ss.sample_size(0.01, population=20_000)
    back = ss.error_statement(n=table.loc["wald", "n"], population=20_000).set_index("method")
    assert back.loc["wald", "moe"] == pytest.approx(ss.margin_of_error(table.loc["wald", "n"], population=20_000))
    few = ss.error_statement(n=1000, df=10).set_index("method")
    assert few.loc["wald", "moe"] == pytest.approx(2.2281388519649385 * np.sqrt(0.25 / 1000))


def test_statement__korn_and_graubard_never_profit_from_a_small_deff():
    moe = ss.error_statement(n=1000).set_index("method").loc["korn-graubard", "moe"]
    table = ss.error_statement(n=1000, moe=0.9 * moe).set_index("method")
    assert np.isnan(table.loc["korn-graubard", "deff"])
    assert table.loc["wald", "deff"] < 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "given: nothing"),
        ({"deff": 2}, "given: deff"),
        ({"moe": 0.01, "n": 100, "deff": 1}, "given: moe, n, deff"),
        ({"moe": 0.66}, "moe = 0.66"),
        ({"n": 100, "p": 1.0}, "p = 1.0"),
        ({"n": 100, "population": 50}, "census"),
        ({"n": "many"}, "n = 'many'"),
    ],
)
def test_statement__refuses(given, words):
    with pytest.raises(DataError, match=words):
        ss.error_statement(**given)
