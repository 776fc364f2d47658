"""A survey and a logit for the tests of what models answer."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss


@pytest.fixture(scope="module")
def survey():
    rng = np.random.default_rng(4)
    n = 400
    x, z = rng.normal(size=n), rng.choice(["a", "b", "c"], n)
    y = 0.5 * x + (z == "b") + rng.normal(size=n)
    grade = pd.Categorical.from_codes(np.digitize(y, [0.0, 1.0]), ["low", "mid", "high"])
    data = pd.DataFrame(
        {
            "x": x,
            "z": z,
            "y": y,
            "yes": y > 0.5,
            "grade": grade,
            "psu": np.arange(n) // 5,
            "w": rng.lognormal(0, 0.4, n),
        }
    )
    return ss.Survey(data, weight="w", psu="psu")


@pytest.fixture(scope="module")
def logit(survey):
    return survey.glm("yes ~ x + z + x:z", family="binomial")
