"""Early against late respondents."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import surveysim as ss
from surveysim import DataError, Survey, SurveySpec
from surveysim.estimation.effort import early_late

TABLE = pd.DataFrame(
    {"y": [1.0, 0, 1, 1, 0, 0, 1, 0], "attempts": [1, 1, 1, 2, 2, 3, 3, 3], "w": [1.0, 2, 1, 2, 1, 1, 3, 1]}
)


def test_early_and_late__hand_worked():
    """Weighted means 2/4, 2/3, 3/5 at one, two, three calls; all together 7/12; early (one call) against late 5/8."""
    found = early_late(Survey(TABLE, weight="w"), "y", cut=1)
    np.testing.assert_allclose(found.levels["estimate"], [2 / 4, 2 / 3, 3 / 5])
    np.testing.assert_allclose(found.levels["cumulative"], [2 / 4, 4 / 7, 7 / 12])
    np.testing.assert_allclose(found.levels["share"], [4 / 12, 3 / 12, 5 / 12])
    assert found.levels["n"].tolist() == [3, 2, 3]
    row = found.difference.table.iloc[0]
    assert row["estimate"] == pytest.approx(5 / 8 - 2 / 4)
    u = np.where(TABLE["attempts"] > 1, (TABLE["y"] - 5 / 8) / 8, -(TABLE["y"] - 0.5) / 4) * TABLE["w"]
    assert row["se"] == pytest.approx(np.sqrt(8 / 7 * (u**2).sum()))
    assert "late minus early +0.125" in found.summary()


def test_cut__is_the_middle_respondent_unless_given():
    assert early_late(Survey(TABLE, weight="w"), "y").cut == 2
    assert early_late(Survey(TABLE, weight="w").where(TABLE["attempts"] < 3), "y").cut == 1


@pytest.mark.parametrize(
    ("options", "word"),
    [({"cut": 3}, "early and late"), ({"effort": "one"}, "nobody is late"), ({"effort": "gap"}, "gap")],
)
def test_refusals(options, word):
    table = TABLE.assign(one=1, gap=[np.nan, *range(7)])
    with pytest.raises(DataError, match=word):
        early_late(Survey(table, weight="w"), "y", **options)


def test_respondents_who_are_hard_to_reach__differ_where_contact_does():
    """Contact rises with age in the preset, so that those reached at the first call are older than those reached later."""
    spec = SurveySpec.preset(
        "cnnic-2024-12",
        population={"scale": 0.01},
        sample={"interviews": 3000, "minimum_per_province": 40, "landline_share": 0.0},
        fieldwork={"mobile": {"contact_per_decade": 0.5}},
    )
    run = spec.run(seed=3, record=False)
    found = early_late(Survey(run.interviews, weight="design_weight", strata="stratum", psu="psu"), "age", cut=1)
    row = found.difference.table.iloc[0]
    assert row["estimate"] < -4.5 * row["se"]


def test_rows_without_weight__are_no_respondents():
    """Nonrespondents kept in the file with weight 0 and effort of their own change nothing."""
    more = pd.DataFrame({"y": [np.nan, 1.0], "attempts": [6, 1], "w": [0.0, 0.0]})
    both = pd.concat([TABLE, more], ignore_index=True)
    found, alone = (early_late(Survey(t, weight="w"), "y", cut=1) for t in (both, TABLE))
    pd.testing.assert_frame_equal(found.levels, alone.levels[found.levels.columns], check_exact=False, rtol=0.15)
    np.testing.assert_allclose(found.levels["estimate"], alone.levels["estimate"])


def test_arrays_and_wrong_kinds():
    s = Survey(TABLE, weight="w")
    found = early_late(s, TABLE["y"].to_numpy(), effort=TABLE["attempts"].to_numpy(), cut=1)
    pd.testing.assert_frame_equal(found.levels, early_late(s, "y", cut=1).levels)
    for call in (
        lambda: early_late(TABLE, "y"),
        lambda: early_late(s, "y", cut="2"),
        lambda: early_late(s, np.ones(3)),
    ):
        with pytest.raises(DataError):
            call()


def test_early_late__an_effort_with_one_respondent():
    table = pd.DataFrame({"online": [1, 1, 1, 0, 0], "attempts": [1, 1, 2, 2, 7]})
    found = ss.early_late(ss.Survey(table), "online", cut=1)
    assert found.levels["n"].tolist() == [2, 2, 1]
    row = found.difference.to_frame().iloc[0]
    assert row["estimate"] == pytest.approx(1 / 3 - 1)
    assert row["df"] == 4


SIX = pd.DataFrame(
    {"y": [3.0, 1, 4, 1.5, 5, 9], "g": list("uvuvuv"), "w": [1.0, 2, 3, 4, 5, 6], "z": [0.0, 0, 0, 1, 2, 0]}
)


def test_early_late__levels_have_the_errors_of_their_own_means():
    survey = Survey(SIX.assign(effort=[1, 2, 2, 3, 3, 3]), "w")
    found = early_late(survey, "y", effort="effort", cut=2, level=0.9)
    for row in found.levels.itertuples():
        own = survey.where(survey.data["effort"] == row.effort).mean("y", df=np.inf).table.iloc[0]
        assert (row.estimate, row.se, row.n) == pytest.approx((own["estimate"], own["se"], own["n"]))
        below = survey.where(survey.data["effort"] <= row.effort).mean("y", df=np.inf).table.iloc[0]
        assert (row.cumulative, row.cumulative_se) == pytest.approx((below["estimate"], below["se"]))
    assert found.levels["share"].tolist() == pytest.approx([1 / 21, 5 / 21, 15 / 21])
    row = found.difference.table.iloc[0]
    assert row["df"] == survey.mean("y").table["df"][0]
    assert row["moe"] == pytest.approx(stats.t.ppf(0.95, row["df"]) * row["se"])


def test_early_late__the_middle_respondent_is_early_but_not_the_last():
    even = Survey(SIX.assign(effort=[1, 1, 1, 2, 2, 2], w=1.0), "w")
    assert early_late(even, "y", effort="effort").cut == 1
    late = Survey(SIX.assign(effort=[1, 2, 3, 3, 3, 3], w=1.0), "w")
    assert early_late(late, "y", effort="effort").cut == 2
    early = Survey(SIX.assign(effort=[1, 1, 1, 1, 2, 3], w=1.0), "w")
    assert early_late(early, "y", effort="effort").cut == 1
    for cut in (0.5, 3):
        with pytest.raises(DataError, match="early and late need respondents each; effort goes from 1 to 3"):
            early_late(late, "y", effort="effort", cut=cut)
    assert early_late(late, "y", effort="effort", cut=1).cut == 1
    assert early_late(late, "y", effort="effort", cut=2.9).cut == 2.9


def test_early_late__refuses_what_is_no_cut():
    survey = Survey(SIX.assign(effort=[1, 2, 3, 3, 3, 3]), "w")
    for cut in (True, [1], "1"):
        with pytest.raises(DataError, match="give a number"):
            early_late(survey, "y", effort="effort", cut=cut)
