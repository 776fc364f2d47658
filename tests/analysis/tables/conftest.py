"""Tables with everything that is hard to write: signs of every language of files, thin columns, a mean."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(2)
    n = 500
    data = pd.DataFrame(
        {
            "q": rng.choice(["=1+1", "<b>&_50%", "plain"], n),
            "hours": rng.gamma(2, 3, n),
            "sex": rng.choice(["f", "m"], n, p=[0.95, 0.05]),
            "age": rng.choice(["a/b", "c|d"], n),
            "w": rng.gamma(4, 1, n),
        }
    )
    labels = {"q": "Question: [one]/two", "sex": "Sex", "age": "Question: [one]/two", "hours": "@hours"}
    return ss.Survey(data, weight="w").tables(["q", "hours"], ["sex", "age"], labels=labels)
