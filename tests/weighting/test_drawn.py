"""Pictures of weightings: the numbers on them."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim.pictures import alt
from surveysim.weighting import BaseWeight, Margins, Rake, diagnose
from surveysim.weighting.drawn import shares, standardized

TABLE = pd.DataFrame({"sex": ["m", "f", "f", "f"], "income": [1.0, 2, 3, 9], "w": 1.0, "area": list("aabb")})
MARGINS = {"sex": {"m": 60, "f": 60}}


def test_shares_and_standardized_differences__by_hand():
    """A quarter are men of a half that is wanted: (0.25 - 0.5) / sqrt(0.5 * 0.5) = -0.5."""
    table, totals = shares(ss.rake(TABLE, MARGINS).margins)
    assert not totals
    assert np.allclose(table[["before", "after", "target"]], [[25, 50, 50], [75, 50, 50]])
    assert np.allclose(standardized(table, "before"), [-0.5, 0.5])
    assert np.allclose(standardized(table, "after"), 0)


def test_numeric_totals__are_drawn_where_there_is_nothing_else():
    table, totals = shares(ss.calibrate(TABLE, {"income": 300}).margins)
    assert totals
    assert np.allclose(table[["before", "after"]], [[5, 100]])
    assert list(shares(ss.calibrate(TABLE, MARGINS | {"income": 300}).margins)[0]["level"]) == ["m", "f"]


def test_every_result_of_weighting__is_drawn():
    calibration = ss.rake(TABLE, MARGINS)
    weights = ss.Recipe([BaseWeight("w"), Rake(Margins.parse(MARGINS), minimum=1)]).apply(TABLE)
    found = diagnose(TABLE, calibration, MARGINS)
    sentences = {alt(result.plot()) for result in (calibration, weights, found)}
    assert len(sentences) == 1
    assert "25 points (m) and is 0" in sentences.pop()
    assert "final_weight from 0.667 to 2" in alt(weights.plot("weights"))
    counts = [patch.get_data().values.sum() for patch in calibration.plot("weights").patches]
    assert counts == [4, 4]


def test_partitions__are_drawn_one_by_one_or_together():
    margins = {"a": {"sex": {"m": 10, "f": 30}}, "b": {"sex": {"f": 60}}}
    calibration = ss.rake(TABLE, margins, by="area")
    together, _ = shares(calibration.margins)
    assert np.allclose(together["target"], [10, 90])
    assert np.allclose(shares(calibration.margins, "a")[0]["target"], [25, 75])
    with pytest.raises(ss.DataError, match="partition"):
        calibration.plot(partition="c")


def test_what_is_not_there__is_refused():
    with pytest.raises(ss.DataError, match="no margins"):
        ss.Recipe([BaseWeight("w")]).apply(TABLE).plot()
    with pytest.raises(ss.DataError, match="no weights"):
        diagnose(TABLE, "w", MARGINS).plot("weights")
    with pytest.raises(ss.DataError, match="shares"):
        ss.calibrate(TABLE, {"income": 300}).plot("balance")
