"""Results of a study: measures against those of tables, comparisons of methods and of scenarios, intervals that plug-ins gave."""

import numpy as np
import pandas as pd

import surveysim as ss
from surveysim import Study

rng = np.random.default_rng(3)
PEOPLE = pd.DataFrame({"h": rng.choice(list("ab"), 800), "y": rng.gamma(2, 3, 800), "z": rng.normal(100, 1, 800)})


def keys(repetitions=40, **more):
    base = {
        "study": {"repetitions": repetitions, "seed": 2, "failures": 0.5},
        "sample": {"n": 50, "strata": "h"},
        "estimands": [{"name": "y", "numerator": "y"}, {"name": "z", "numerator": "z"}],
        "methods": [{"name": "plain"}, {"name": "no error", "variance": "none"}],
    }
    return base | more


def test_intervals_without_standard_errors__have_a_coverage():
    runs = pd.DataFrame({"estimate": [0.0, 1.0], "low": [-1.0, 0.8], "high": [1.0, 2.0]})
    table = ss.performance(runs, 0.5, se=None, lower="low", upper="high").set_index("measure")["value"]
    assert table["cover"] == 0.5
    found = Study(
        keys(), methods={"own": lambda s: {"y": {"estimate": 5.0, "lower": 0.0, "upper": 9.0}}}, table=PEOPLE
    ).run()
    rows = found.performance().query("method == 'own' and estimand == 'y' and measure == 'cover'")
    assert rows["value"].tolist() == [1.0]
