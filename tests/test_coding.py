"""Labels by any order of bytes and of any size."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss

LEVELS = [1.0, 2.0] * 20


Y = np.random.default_rng(3).normal(5, 1, 40)


def table(**columns):
    return pd.DataFrame(
        {"y": Y, "w": 1.5, "g": list("pqrp") * 10, "c": np.arange(40) // 2, "overlap": ["a", "ab"] * 20} | columns
    )


def two(data):
    return ss.DualFrameSurvey(ss.Survey(data, "w"), ss.Survey(data.assign(overlap=["b", "ab"] * 20), "w"))


ORDERS = {
    "by": lambda d: ss.Survey(d, "w").mean("y", by="bad"),
    "proportion": lambda d: ss.Survey(d, "w").proportion("bad"),
    "independence": lambda d: ss.Survey(d, "w").independence("bad", "g").statistic,
    "strata": lambda d: ss.Survey(d, "w", strata="bad").mean("y"),
    "strata handed in": lambda d: ss.Survey(d, "w", strata=d["bad"].to_numpy()).mean("y"),
    "psu": lambda d: ss.Survey(d, "w", psu="bad").mean("y"),
    "margin": lambda d: ss.rake(d, {"bad": {1.0: 20.0, 2.0: 20.0}}).weight.tolist(),
    "raked by": lambda d: ss.rake(
        d, {1.0: {"g": {"p": 30.0, "r": 10.0}}, 2.0: {"g": {"q": 5.0, "p": 35.0}}}, by="bad"
    ).weight.tolist(),
    "missing level": lambda d: ss.rake(d, {"bad": {1.0: 20.0, 2.0: 20.0}}, missing="level").weight.tolist(),
    "cluster": lambda d: ss.calibrate(d, {"y": 220.0}, cluster="bad").weight.tolist(),
    "two frames": lambda d: two(d).total("y", by="bad", theta=0.5),
}


@pytest.mark.parametrize("kind", [">f8", ">i4", ">u2"])
@pytest.mark.parametrize("what", ORDERS)
def test_bytes_in_another_order__mean_the_same(what, kind):
    assert str(ORDERS[what](table(bad=np.array(LEVELS, dtype=kind)))) == str(
        ORDERS[what](table(bad=np.array(LEVELS, dtype=kind[1:])))
    )


@pytest.mark.parametrize("large", [10**25, 2**63 + 5])
def test_integers_beyond_64_bits__are_numbers_and_labels_in_two_frames(large):
    data = table(bad=pd.Series([large, 1] * 20, dtype=object))
    assert two(data).total("bad", theta=0.5).to_frame()["estimate"].iloc[0] == pytest.approx(
        two(table(bad=[float(large), 1.0] * 20)).total("bad", theta=0.5).to_frame()["estimate"].iloc[0]
    )
    assert two(data).total("y", by="bad", theta=0.5).to_frame()["domain"].tolist() == ["bad=1", f"bad={large}"]
