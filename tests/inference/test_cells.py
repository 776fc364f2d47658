"""Cells of tables under every engine and adjustment, against estimates that are asked for one by one."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim.weighting import Rake, Recipe

N = 900


def data():
    rng = np.random.default_rng(7)
    psu = rng.integers(0, 40, N)
    return pd.DataFrame(
        {
            "q": pd.Categorical(rng.choice(list("abc"), N)),
            "b": pd.Categorical(rng.choice(list("uvw"), N)),
            "y": rng.gamma(2, 3, N),
            "psu": psu,
            "stratum": psu % 4,
            "second": np.arange(N),
            "sex": rng.choice(list("fm"), N),
            "age": rng.choice(list("klm"), N),
            "w": rng.gamma(5, 1, N) * (rng.random(N) < 0.97),
        }
    )


SEX, AGE = {"f": 2400, "m": 2200}, {"k": 1500, "l": 1600, "m": 1500}
CLUSTERED = {"weight": "w", "strata": "stratum", "psu": "psu"}
SURVEYS = {
    "rows": lambda d: ss.Survey(d, weight="w", strata="stratum"),
    "rows, raked": lambda d: ss.Survey(d, weight="w", strata="stratum").rake({"sex": SEX, "age": AGE}),
    "units": lambda d: ss.Survey(d, **CLUSTERED),
    "units, raked": lambda d: ss.Survey(d, **CLUSTERED).rake({"sex": SEX, "age": AGE}),
    "shares": lambda d: ss.Survey(d, weight="w").rake({"sex": {"f": 0.5, "m": 0.5}}, margins_are="shares"),
    "chain": lambda d: ss.Survey(d, **CLUSTERED).rake({"sex": SEX}).calibrate({"y": 25000, "sex": SEX}),
    "bounded": lambda d: ss.Survey(d, **CLUSTERED).apply(Recipe([Rake({"sex": SEX, "age": AGE}, bounds=(0.5, 2))])),
    "two stages": lambda d: ss.Survey(d.assign(f=0.3, g=0.5), weight="w", strata="stratum", psu=["psu", "second"], fpc=["f", "g"]),
    "jackknife": lambda d: ss.Survey(d, **CLUSTERED).rake({"sex": SEX}).replicates("jkn"),
    "bootstrap": lambda d: ss.Survey(d, **CLUSTERED).replicates("rao-wu", n=40, seed=2, mse=True),
    "part": lambda d: ss.Survey(d, **CLUSTERED).rake({"age": AGE}).where(d["sex"] == "f"),
    "replicate weights": lambda d: ss.Survey(
        d, weight="w", replicate_factors=np.random.default_rng(1).uniform(0.5, 1.5, (N, 30)), replicate_kind="jk1"
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SURVEYS)
def test_tables__are_the_estimates_of_domains(kind):
    s = SURVEYS[kind](data())
    made = s.tables(["q", "y"], "b")
    table = made.table.set_index(["question", "level", "column"])
    for by, prefix in ((None, ""), ("b", "b=")):
        shares, means = s.proportion("q", by=by).table, s.mean("y", by=by).table
        for expected, question in ((shares, "q"), (means, "y")):
            for row in expected.itertuples():
                ours = table.loc[question, row.level or "y", row.domain.removeprefix(prefix) or "Total"]
                for name in ("estimate", "se", "lower", "upper", "df", "n"):
                    assert ours[name] == pytest.approx(getattr(row, name), rel=1e-7), (row, name)
    expected, test = s.independence("q", "b"), made.tests.iloc[0]
    assert [test["statistic"], test["df1"], test["df2"], test["p_value"]] == pytest.approx(
        [expected.statistic, *expected.df, expected.p_value], rel=1e-6
    )


def test_tables__refuse_what_does_not_add_up():
    d = data().assign(stratum=lambda t: np.where(t["psu"] == 3, 9, t["psu"] % 4))
    with pytest.raises(ss.DesignError, match="average"):
        ss.Survey(d, lonely_psu="average", **CLUSTERED).crosstab("q", "b")
    with pytest.raises(ss.DesignError, match="one PSU"):
        ss.Survey(d, **CLUSTERED).crosstab("q", "b")
