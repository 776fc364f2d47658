"""Kinds of replicates: successive differences, jackknives of stages, a bootstrap beside certainty."""

import numpy as np
import pandas as pd
import pytest

from surveysim import DesignError, Survey, SurveysimWarning


def se(e):
    return e.to_frame()["se"].to_numpy()


@pytest.mark.parametrize("U", [2, 3, 4, 5, 7, 8, 12, 15, 20, 70])
@pytest.mark.parametrize("n", [None, 8])
def test_sdr__closes_every_loop(U, n):
    constant = pd.DataFrame({"y": np.full(U, 10.0)})
    assert se(Survey(constant).replicates("sdr", n=n, mse=True).total("y"))[0] == pytest.approx(0, abs=1e-9)
    if n is None:
        y = np.random.default_rng(U).normal(100, 5, U)
        expected = np.sqrt(0.5 * np.sum((y - np.roll(y, -1)) ** 2))
        assert se(Survey(pd.DataFrame({"y": y})).replicates("sdr", mse=True).total("y"))[0] == pytest.approx(expected)


def test_sdr__takes_psus_in_the_order_of_the_rows_however_many():
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"c": rng.permutation(6000), "y": np.linspace(0, 1, 6000)})
    smooth = se(Survey(data, psu="c").replicates("sdr", n=64).mean("y"))[0]
    assert smooth < 0.2 * se(Survey(data, psu="c").mean("y"))[0]  # neighbours are alike


def test_jackknife_of_two_stages__says_what_it_leaves_out():
    rng = np.random.default_rng(0)
    data = pd.DataFrame(
        {"p": np.repeat(np.arange(20), 5), "id": range(100), "y": rng.normal(size=100), "N1": 22, "N2": 500}
    )
    s = Survey(data, psu=["p", "id"], fpc=["N1", "N2"])
    with pytest.warns(SurveysimWarning, match="first stage alone"):
        s.replicates("jkn")
    with pytest.raises(DesignError, match="nothing to vary"):
        Survey(data.assign(N1=20), psu=["p", "id"], fpc=["N1", "N2"]).replicates("jkn")
    certain = Survey(data.assign(h=data["p"] // 2, f=1.0), strata="h", psu="p", fpc="f")
    assert se(certain.replicates("jkn").mean("y"))[0] == 0
    with pytest.raises(DesignError, match="without replacement"):
        Survey(data.assign(pi=0.3), probability="pi", pps="brewer").replicates("jk1")
    with pytest.raises(DesignError, match="leave fpc out"):
        Survey(data.assign(pi=0.3), probability="pi", pps="brewer", fpc="N2")


def test_rao_wu__with_a_certainty_stratum():
    data = pd.DataFrame({"h": [0, 1, 1, 1, 2, 2, 2], "f": [1.0] + [0.5] * 6, "y": np.arange(7.0)})
    s = Survey(data, strata="h", fpc="f")
    assert se(s.replicates("rao-wu", n=4000, seed=1).total("y"))[0] == pytest.approx(se(s.total("y"))[0], rel=0.05)
