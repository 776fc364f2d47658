"""Single-frame weights."""

import numpy as np
import pandas as pd
import pytest
from naive import recipe as naive
from numpy.testing import assert_allclose

import surveysim as ss
from surveysim.weighting import Recipe, SingleFrame

RNG = np.random.default_rng(2)
TABLE = pd.DataFrame({name: RNG.uniform(0, 0.2, 50) * RNG.integers(0, 2, 50) for name in "abc"}).assign(d=0.01)
TABLE = TABLE.assign(lines=RNG.integers(0, 4, 50), adults=RNG.integers(1, 9, 50))


@pytest.mark.parametrize("method", ["bankier", "kalton_anderson"])
@pytest.mark.parametrize("frames", [["a", "d"], ["a", "b", "c", "d"]])
def test_single_frame__second_version(method, frames):
    made = Recipe([SingleFrame(frames, method)]).apply(TABLE).final
    assert_allclose(made, naive.single_frame([TABLE[name].tolist() for name in frames], method), rtol=1e-12)


def test_single_frame__from_rates_lines_and_adults():
    land = {"rate": 0.002, "times": "lines", "over": "adults"}
    made = Recipe([SingleFrame([land, "d"], most=3)]).apply(TABLE).final
    p = [0.002 * min(lines, 3) / min(adults, 3) for lines, adults in zip(TABLE["lines"], TABLE["adults"])]
    assert_allclose(made, naive.single_frame([p, TABLE["d"].tolist()]), rtol=1e-12)


def test_single_frame__keeps_digits_of_small_probabilities():
    made = Recipe([SingleFrame(["p", "q"])]).apply(pd.DataFrame({"p": [1e-12], "q": [2e-12]})).final
    assert_allclose(made, [1 / 3e-12], rtol=1e-10)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SingleFrame(["a"]), "two or more"),
        (lambda: SingleFrame(["a", {"times": "b"}]), "frames: {'times'"),
        (lambda: SingleFrame(["a", "b"], "hartley"), "method"),
        (lambda: Recipe([SingleFrame(["a", "b"])]).apply(TABLE), "probability 0 in every frame"),
        (lambda: Recipe([SingleFrame(["lines", "d"])]).apply(TABLE), "lines: .* no probabilities"),
        (lambda: Recipe([SingleFrame(["x", "d"])]).apply(TABLE), "no column 'x'"),
        (
            lambda: Recipe([SingleFrame([{"rate": 0.1, "over": "lines"}, "d"])]).apply(TABLE),
            "shared by no 'lines'",
        ),
    ],
)
def test_single_frame__refuses(make, words):
    with pytest.raises(ss.DataError, match=words):
        make()


def test_single_frame__toml():
    recipe = Recipe([SingleFrame([{"rate": 0.1, "times": "lines", "over": "adults"}, "d"], most=4.0)])
    assert Recipe.from_toml(recipe.to_toml()).steps == recipe.steps
