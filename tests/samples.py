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


def regression_table(n=240, seed=2):
    """Numbers, levels, counts and grades that depend on one another, in 30 PSUs."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=n), rng.choice(["a", "b", "c"], n)
    y = 1.0 + 0.5 * x + (z == "b") + rng.normal(size=n)
    grade = pd.Categorical.from_codes(np.digitize(y, [0.5, 1.5]), ["low", "mid", "high"], ordered=True)
    made = {"x": x, "z": z, "y": y, "yes": y > 1, "count": rng.poisson(np.exp(0.2 * x)), "grade": grade}
    return pd.DataFrame(made | {"psu": np.arange(n) // 8, "w": rng.lognormal(0, 0.3, n)})
