"""Functions of a distribution: by hand, then against the library, linearized on random designs and in replicates."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from naive import designs, distributions, variance

pytestmark = pytest.mark.filterwarnings("ignore::surveysim.SurveysimWarning")
SMOOTH = ("variance", "sd", "gini", "share_ratio")
STEPS = ("quantile_ratio",)


def test_values__by_hand():
    w, y, x = [1.0, 2, 1], [1.0, 2, 5], [0.0, 1, 2]
    # mean 10 / 4; 3 / 2 × (1.5² + 2 × 0.5² + 2.5²) / 4
    assert distributions.variance(w, y) == pytest.approx(3.375)
    assert distributions.covariance(w, y, x) == pytest.approx(1.5 * (1.5 + 2.5) / 4)
    assert distributions.correlation([1, 1], [1, 2], [4, 3]) == pytest.approx(-1)
    # pairs 1-2 twice, 1-5 once, 2-5 twice: 2 × (2 + 4 + 6) / (2 × 16 × 2.5)
    assert distributions.gini(w, y) == pytest.approx(24 / 80)
    ten = list(range(1, 11)), [1.0] * 10
    assert distributions.share_ratio(ten[1], ten[0]) == pytest.approx(19 / 3)
    assert distributions.quantile_ratio(ten[1], ten[0]) == 9
    assert distributions.poverty(ten[1], ten[0], [v % 2 for v in ten[0]]) == pytest.approx(2 / 5)
    assert distributions.slopes(lambda w: w[0] ** 2 * w[1], [3.0, 4.0]) == pytest.approx([24, 9])


def cases(count):
    """(survey, design, table) of random designs with a positive y."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        design = designs.random_design(rng, lonely="remove", n_max=9)
        table = designs.random_table(rng, len(design["weight"]), missing=seed % 2 == 0)
        table["y"] = [None if v is None or v != v else math.exp(((7 * v) % 40) / 9) for v in table["y"]]
        table["x"] = [float(v) for v in rng.normal(size=len(design["weight"]))]
        columns, options = designs.as_arguments(design, table)
        yield ss.Survey(pd.DataFrame(columns), **options), design, table


def among(design, table, domain):
    return [k for k, d in enumerate(domain) if d and design["weight"][k] > 0 and table["y"][k] is not None]


def compared(found, row, value, score, rows, design):
    n = len(design["weight"])
    full = dict(zip(rows, score, strict=True))
    V = variance.variance([full.get(k, 0.0) for k in range(n)], design, [k in full for k in range(n)])
    assert found["estimate"].iloc[row] == pytest.approx(value, rel=1e-9)
    assert found["se"].iloc[row] == pytest.approx(math.sqrt(max(V, 0)), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("what", [*SMOOTH, *STEPS, "correlation", "covariance", "poverty"])
def test_distributions__as_the_library(what):
    done = 0
    for survey, design, table in cases(40):
        everybody = among(design, table, [True] * len(design["weight"]))
        if not 5 <= len(everybody) <= 100 or len({table["y"][k] for k in everybody}) < 5:
            continue
        if what == "gini" and len(everybody) > 25:  # the slow version takes the cube of it
            continue
        w, y, x = ([c[k] for k in everybody] for c in (design["weight"], table["y"], table["x"]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                if what in ("correlation", "covariance"):
                    found = getattr(survey, what)("y", "x").table
                else:
                    found = getattr(survey, what)("y").table
            except ss.DesignError:  # no degrees of freedom
                continue
        function = getattr(distributions, what)
        columns = [y, x] if what in ("correlation", "covariance") else [y]
        columns += [[1] * len(y)] if what == "poverty" else []
        own = getattr(distributions, f"{what}_score", None)
        score = own(w, *columns) if own else distributions.slopes(function, w, *columns)
        compared(found, 0, function(w, *columns), score, everybody, design)
        done += 1
    assert done > 8


def test_poverty__the_line_of_everybody_in_domains():
    rng = np.random.default_rng(5)
    n = 60
    design = {"weight": [float(v) for v in rng.uniform(1, 3, n)], "strata": None, "psu": None}
    data = pd.DataFrame({"y": rng.lognormal(3, 1, n), "g": rng.choice(list("ab"), n), "w": design["weight"]})
    survey, y = ss.Survey(data, "w"), data["y"].tolist()
    scores = []
    for g in "ab":
        member = (data["g"] == g).tolist()
        scores.append(distributions.poverty_score(design["weight"], y, member))
        for found in (survey.poverty("y", by="g").table.query("domain == @name", local_dict={"name": f"g={g}"}),
                      survey.where(data["g"] == g).poverty("y").table):  # fmt: skip
            assert found["estimate"].iloc[0] == pytest.approx(distributions.poverty(design["weight"], y, member))
            total = np.array(scores[-1]) * design["weight"]
            assert found["se"].iloc[0] == pytest.approx(np.sqrt(n / (n - 1) * ((total - total.mean()) ** 2).sum()))
            assert found["n"].iloc[0] == sum(member)
    own = survey.poverty("y", by="g", within=True).table["estimate"]
    alone = [distributions.poverty(*([v[k] for k in range(n) if data["g"][k] == g] for v in (design["weight"], y)),
                                   [1] * int((data["g"] == g).sum())) for g in "ab"]  # fmt: skip
    assert own.tolist() == pytest.approx(alone)


@pytest.mark.parametrize("what", [*SMOOTH, *STEPS, "poverty", "correlation"])
def test_distributions__every_replicate(what):
    rng = np.random.default_rng(8)
    n = 50
    data = pd.DataFrame(
        {"y": rng.lognormal(3, 1, n), "x": rng.normal(size=n), "w": rng.uniform(1, 3, n), "p": np.arange(n) // 2}
    )
    survey = ss.Survey(data, "w", psu="p").replicates("rao-wu", n=21, seed=4)
    weights = survey.replicate_weights().to_numpy()
    function, y = getattr(distributions, what), data["y"].tolist()
    more = {"poverty": [[1] * n], "correlation": [data["x"].tolist()]}.get(what, [])
    found = getattr(survey, what)(*["y", "x"][: 2 if what == "correlation" else 1])
    values = np.array([function(w.tolist(), y, *more) for w in weights.T])
    assert found.table["estimate"][0] == pytest.approx(function(data["w"].tolist(), y, *more))
    assert found.table["se"][0] == pytest.approx(math.sqrt(((values - values.mean()) ** 2).sum() / 20), rel=1e-9)


def test_jackknives__repeat_what_is_no_smooth_function_by_its_scores():
    rng = np.random.default_rng(9)
    n = 60
    data = pd.DataFrame({"y": rng.lognormal(3, 1, n), "w": rng.uniform(1, 3, n)})
    survey = ss.Survey(data, "w")
    for what in (*STEPS, "poverty"):
        linear, jack = (getattr(s, what)("y").table["se"][0] for s in (survey, survey.replicates("jk1")))
        assert jack == pytest.approx(linear, rel=1e-9), what
