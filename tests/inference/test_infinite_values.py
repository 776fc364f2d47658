"""Infinite and missing values: refused by the name of the column, how many rows and the first of them."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import surveysim as ss
from surveysim.errors import SurveysimError

N = 12
BAD = 3  # the row that is spoilt


def table(**spoilt):
    d = pd.DataFrame(
        {
            "y": np.arange(N) / 2,
            "x": np.arange(N) + 1.0,
            "base": np.arange(N) + 1.0,
            "pi": np.full(N, 0.5),
            "N": np.full(N, 30.0),
            "h": np.repeat([1.0, 2.0], 6),
            "p": np.arange(N) // 2 * 1.0,
            "g": list("ab") * 6,
            "overlap": ["a", "ab", "ab"] * 4,
            "r1": 1.0,
            "r2": 2.0,
        }
    )
    for name, value in spoilt.items():
        d.loc[BAD, name] = value
    return d


STATISTICS = {
    "mean": lambda s: s.mean("y"),
    "several means": lambda s: s.mean(["x", "y"]),
    "total": lambda s: s.total("y", by="g"),
    "ratio": lambda s: s.ratio("y", "x"),
    "denominator": lambda s: s.ratio("x", "y"),
    "quantile": lambda s: s.quantile("y", [0.2, 0.9]),
    "proportion": lambda s: s.proportion("y"),
    "domain": lambda s: s.mean("x", by="y"),
    "independence": lambda s: s.independence("y", "g"),
    "of replicates": lambda s: s.replicates("jk1").mean("y"),
    "raked": lambda s: s.rake({"g": {"a": 30, "b": 60}}).mean("y"),
    "calibrate": lambda s: s.calibrate({"y": 500.0}),
    "rake": lambda s: s.rake({"y": {0.0: 1.0, np.inf: 2.0}}),
    "early_late": lambda s: ss.early_late(s, "x", "y"),
}
KINDS = {
    "pandas": lambda d: d,
    "float32": lambda d: d.astype({"y": "float32"}),
    "object": lambda d: d.astype({"y": object}),
    "polars": pl.from_pandas,
    "arrow": lambda d: pa.Table.from_pandas(d, preserve_index=False),
}


@pytest.mark.parametrize("value", [np.inf, -np.inf])
@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("statistic", list(STATISTICS))
def test_statistics__refuse_infinite_values_by_name(statistic, kind, value):
    survey = ss.Survey(KINDS[kind](table(y=value)), weight="base")
    with pytest.raises(SurveysimError, match=r"\by' is (missing or )?infinite in 1 of 12 rows, the first is row 3\b"):
        STATISTICS[statistic](survey)


def test_statistics__may_leave_infinite_values_out():
    """Rows outside the subpopulation and rows of weight 0 are not estimated from."""
    d = table(y=np.inf)
    rest = ss.Survey(d.drop(index=BAD), weight="base").mean("y").table["estimate"][0]
    there = np.arange(N) != BAD
    assert ss.Survey(d, weight="base").where(there).mean("y").table["estimate"][0] == pytest.approx(rest)
    assert ss.Survey(d, weight=d["base"].where(there, 0.0)).mean("y").table["estimate"][0] == pytest.approx(rest)
    found = ss.Survey(d, weight="base").where(there).quantile("y", 0.5).table["estimate"][0]
    assert found == ss.Survey(d.drop(index=BAD), weight="base").quantile("y", 0.5).table["estimate"][0]


def two(**spoilt):
    b = table().assign(overlap=["b", "ab", "ab"] * 4)
    return ss.DualFrameSurvey(ss.Survey(table(**spoilt), weight="base"), ss.Survey(b, weight="base"))


@pytest.mark.filterwarnings("ignore:hartley")
@pytest.mark.parametrize("options", [{}, {"theta": 0.5}, {"estimator": "multiplicity"}])
@pytest.mark.parametrize("what", ["mean", "total", "proportion", "ratio", "quantile"])
def test_two_frames__refuse_infinite_values_by_name(what, options):
    ask = {"ratio": ("y", "x"), "quantile": ("y", 0.5)}.get(what, ("y",))
    if what == "quantile" and not options:
        options = {"theta": 0.5}
    with pytest.raises(SurveysimError, match="'y' is infinite in 1 of 24 rows, the first is row 3"):
        getattr(two(y=np.inf), what)(*ask, **options)
    with pytest.raises(SurveysimError, match="totals: 'y' of A is infinite in 1 of 24 rows, the first is row 3"):
        two(y=np.inf).total("x", estimator="cal_df", frame_sizes={"A": 60, "B": 60, "ab": 40}, totals={"A": {"y": 9}})
    with pytest.raises(SurveysimError, match="'y' is infinite in 1 of 24 rows"):
        two(y=-np.inf).thetas("y")


ROLES = {  # role: (the column that is spoilt, the survey, what the message calls it)
    "weight": ("base", lambda d: ss.Survey(d, weight="base"), "weight 'base'"),
    "weight to rake": ("base", lambda d: ss.rake(d, {"g": {"a": 1, "b": 2}}, weight="base"), "weight 'base'"),
    "weight to calibrate": ("base", lambda d: ss.calibrate(d, {"x": 90.0}, weight="base"), "weight 'base'"),
    "weight to poststratify": (
        "base",
        lambda d: ss.poststratify(d, {"g": {"a": 1, "b": 2}}, weight="base"),
        "weight 'base'",
    ),
    "weight of missing": (
        "base",
        lambda d: ss.rake(d, {"g": {"a": 1, "b": 2}}, weight="base", missing="level"),
        "weight 'base'",
    ),
    "weight of a step": ("base", lambda d: ss.Recipe([ss.weighting.BaseWeight("base")]).apply(d), "weight 'base'"),
    "weight to diagnose": ("base", lambda d: ss.weighting.diagnose(d, "base"), "weight 'base'"),
    "weight as an array": ("base", lambda d: ss.Survey(d, weight=d["base"].to_numpy()), "weight"),
    "probability": ("pi", lambda d: ss.Survey(d, probability="pi"), "probability 'pi'"),
    "fpc": ("N", lambda d: ss.Survey(d, weight="base", fpc="N"), "fpc 'N'"),
    "fpc of a stage": (
        "N",
        lambda d: ss.Survey(d, weight="base", psu=["p", "x"], fpc=["N", "N"], strata="h"),
        "fpc 'N'",
    ),
    "strata": ("h", lambda d: ss.Survey(d, weight="base", strata="h"), "strata 'h'"),
    "strata of a stage": (
        "h",
        lambda d: ss.Survey(d, weight="base", strata=["g", "h"], psu=["p", "x"], fpc=["N", "N"], nest=True),
        "strata of stage 2 'h'",
    ),
    "psu": ("p", lambda d: ss.Survey(d, weight="base", psu="p"), "psu 'p'"),
    "psu of a stage": (
        "x",
        lambda d: ss.Survey(d, weight="base", psu=["p", "x"], fpc=["N", "N"]),
        "psu of stage 2 'x'",
    ),
    "q": ("x", lambda d: ss.calibrate(d, {"y": 90.0}, q="x"), "q 'x'"),
    "cluster": ("p", lambda d: ss.calibrate(d, {"y": 90.0}, cluster="p"), "cluster 'p'"),
    "replicate weight": (
        "r2",
        lambda d: ss.Survey(d, weight="base", replicate_weights=["r1", "r2"], scale=0.5),
        "'r2'",
    ),
}


@pytest.mark.parametrize("value", [np.inf, np.nan])
@pytest.mark.parametrize("role", list(ROLES))
def test_roles__name_the_column_the_rows_and_the_first(role, value):
    column, make, called = ROLES[role]
    with pytest.raises(SurveysimError) as caught:
        make(table(**{column: value}))
    message = str(caught.value)
    assert called in message
    assert "1 " in message
    assert "row 3" in message


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_two_frames__name_domain_and_column_of_a_probability(value):
    a = table().assign(pa=0.5, pb=0.25)
    b = table().assign(overlap=["b", "ab", "ab"] * 4, pa=0.5, pb=0.25)
    for spoilt, column, row, message in (
        (a, "pa", 0, "row 0 of a, in domain 'a', whose column 'pa'"),
        (a, "pb", 1, "row 1 of a, in domain 'ab', whose column 'pb'"),
        (b, "pb", 3, "row 3 of b, in domain 'b', whose column 'pb'"),
        (b, "pa", 4, "row 4 of b, in domain 'ab', whose column 'pa'"),
    ):
        pair = [d.copy() for d in (a, b)]
        pair[0 if spoilt is a else 1].loc[row, column] = value
        with pytest.raises(SurveysimError, match=f"probability: 1 rows .* {message}"):
            ss.DualFrameSurvey(*(ss.Survey(d, weight="base") for d in pair), probability=("pa", "pb"))


def test_weights__that_are_all_zero_are_named():
    d = table().assign(base=0.0)
    for make in (
        lambda: ss.Survey(d, weight="base"),
        lambda: ss.rake(d, {"g": {"a": 1, "b": 2}}, weight="base"),
        lambda: ss.calibrate(d, {"x": 5.0}, weight="base"),
        lambda: ss.weighting.diagnose(d, "base"),
    ):
        with pytest.raises(SurveysimError, match="weight 'base': all 12 weights are zero"):
            make()
