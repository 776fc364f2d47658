import numpy as np
import pandas as pd
import polars as pl
import pytest

import surveysim as ss
from surveysim.errors import DataError, DesignError

TABLE = pd.DataFrame({"sex": list("fmfmfm"), "y": [1.0, 2, 3, 4, 5, 7]})
TOTALS = {"sex": {"f": 50, "m": 70}}


def test_weights_before_an_adjustment_are_kept_for_the_replicates():
    raked = ss.Survey(TABLE, [10] * 6).rake(TOTALS)
    assert raked.base.tolist() == [10] * 6
    replicates = raked.replicates("jk1").replicate_weights().to_numpy()
    assert np.allclose(replicates[TABLE["sex"] == "f"].sum(axis=0), 50)  # every replicate is raked again
    frozen = raked.replicates("jk1", replay=False).replicate_weights().to_numpy()
    assert not np.allclose(frozen[TABLE["sex"] == "f"].sum(axis=0), 50)


def test_a_calibration_of_another_table_is_no_weight():
    with pytest.raises(DataError, match="6 weights; the table has 5 rows"):
        ss.Survey(pl.from_pandas(TABLE.head(5)), ss.rake(pl.from_pandas(TABLE), TOTALS))


def test_what_cannot_be_adjusted_any_more_is_refused():
    survey = ss.Survey(TABLE, [10] * 6)
    with pytest.raises(DesignError, match="make replicates then"):
        survey.replicates("jk1").rake(TOTALS)
    with pytest.raises(DesignError, match=r"take where\(\) then"):
        survey.where("y > 1").rake(TOTALS)
    start = ss.weighting.Recipe([ss.weighting.BaseWeight("y")])
    with pytest.raises(DesignError, match="would undo the adjustments"):
        survey.rake(TOTALS).apply(start)
