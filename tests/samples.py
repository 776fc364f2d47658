"""Samples, people and keys that tests of several files ask the same of."""

import numpy as np
import pandas as pd

people_rng = np.random.default_rng(3)
PEOPLE = pd.DataFrame(
    {"h": people_rng.choice(list("ab"), 800), "y": people_rng.gamma(2, 3, 800), "z": people_rng.normal(100, 1, 800)}
)
A, B = {"u": 1000.0, "v": 2000.0}, {"k": 1000.0, "l": 2000.0}  # totals of the two margins of `sample`


def se(e):
    """Standard errors of estimates."""
    return e.to_frame()["se"].to_numpy()


def sample(seed=1, n=200):
    """Rows with two margins, weights, units of five and a value that goes with both margins."""
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {
            "a": rng.choice(list("uv"), n),
            "b": rng.choice(list("kl"), n),
            "w": rng.uniform(1, 30, n),
            "p": np.arange(n) // 5,
        }
    )
    return data.assign(y=rng.normal(10, 2, n) + 3 * (data["a"] == "u") + 5 * (data["b"] == "k"))


def two_methods(repetitions=40, **more):
    """Keys of a study of `PEOPLE` with two estimands and two methods."""
    base = {
        "study": {"repetitions": repetitions, "seed": 2, "failures": 0.5},
        "sample": {"n": 50, "strata": "h"},
        "estimands": [{"name": "y", "numerator": "y"}, {"name": "z", "numerator": "z"}],
        "methods": [{"name": "plain"}, {"name": "no error", "variance": "none"}],
    }
    return base | more
