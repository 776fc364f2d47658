"""θ and the ratio it is best for come to rest together, or say that they do not."""

import numpy as np
import pandas as pd
import pytest
from naive import dual_frame

import surveysim as ss
from surveysim.errors import DataError
from surveysim.estimation.families.optimal import settled


@pytest.mark.parametrize("slope", [0.0, 0.3, 0.95, -0.78, -0.99, -3.0, -50.0])
def test_settled__solves_whatever_way_repetition_goes(slope):
    """v = 2 + slope (v - 2): plain repetition swings for ever at slopes of -1 and below."""
    _, value, base = settled(lambda v: (None, 2 + slope * (v - 2), 7.0), 1.0, 3.0, "hartley")
    assert value == pytest.approx(2, rel=1e-10)
    assert base == 7


def test_settled__without_a_solution_is_refused():
    with pytest.raises(DataError, match=r"hartley: θ and the ratio .* do not come to rest"):
        settled(lambda v: (None, v + 1, 1.0), 0.0, 1.0, "hartley")


def frames(seed):
    """Two small samples, the weights of the second over many powers of ten."""
    rng = np.random.default_rng(seed)
    a = pd.DataFrame({"overlap": rng.choice(["a", "ab"], 80), "w": rng.uniform(0.5, 2, 80)})
    b = pd.DataFrame({"overlap": rng.choice(["b", "ab"], 90), "w": rng.lognormal(4, 4, 90)})
    for table in (a, b):
        table["y"] = rng.choice([True, False], len(table))
    return a, b


@pytest.mark.parametrize("estimator", ["hartley", "fuller_burmeister"])
def test_ratio__is_the_one_its_coefficients_are_best_for(estimator):
    """As the second implementation, which repeats up to 500 times."""
    for seed in range(8):
        a, b = frames(seed)
        found = ss.DualFrameSurvey(ss.Survey(a, weight="w"), ss.Survey(b, weight="w")).mean("y", estimator=estimator)
        given = {}
        for name, table in (("A", a), ("B", b)):
            n = len(table)
            design = {"weight": table["w"].tolist(), "strata": [["s"] * n], "psu": [list(range(n))]}
            given[name] = {"design": design, "overlap": [float(v == "ab") for v in table["overlap"]]}
        value, _ = dual_frame.mean(given, [*a["y"].astype(float), *b["y"].astype(float)], estimator)
        assert found.table["estimate"].iloc[0] == pytest.approx(value, rel=1e-9)
