"""Comparisons: by hand and against what they are made of, adjusted p-values and simultaneous intervals, and what cannot be compared."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import surveysim as ss
from surveysim import DataError, DesignError

RNG = np.random.default_rng(5)
N = 240
TABLE = pd.DataFrame({"y": RNG.gamma(3, 2, N), "x": RNG.gamma(3, 2, N), "g": RNG.choice(list("abcd"), N)})
TABLE = TABLE.assign(w=RNG.uniform(1, 3, N), p=np.arange(N) // 4, up=np.where(TABLE["y"] > 5, "yes", "no"))
SURVEY = ss.Survey(TABLE, "w", psu="p")


def test_two_alike_samples__are_the_t_test():
    table = pd.DataFrame({"y": [1.0, 2, 4, 5, 9, 7], "g": list("aaabbb")})
    found = ss.Survey(table, strata="g").compare("y", by="g", df=4).table
    wanted = stats.ttest_ind(table["y"][3:], table["y"][:3])
    assert found["t"][0] == pytest.approx(wanted.statistic)
    assert found["p_value"][0] == pytest.approx(wanted.pvalue)
    paired = ss.Survey(table.assign(x=[2.0, 2, 3, 1, 3, 4])).compare("y", paired="x").table
    wanted = stats.ttest_rel(table["y"], [2.0, 2, 3, 1, 3, 4])
    assert (paired["t"][0], paired["p_value"][0]) == (pytest.approx(wanted.statistic), pytest.approx(wanted.pvalue))


@pytest.mark.parametrize("statistic", ["mean", "total", "proportion", "quantile"])
def test_compare__all_pairs_are_contrasts(statistic):
    column = "up" if statistic == "proportion" else "y"
    for survey in (SURVEY, SURVEY.replicates("rao-wu", n=30, seed=2)):
        found = survey.compare(column, by="g", statistic=statistic)
        e = found.estimates
        assert len(found.table) == (12 if statistic == "proportion" else 6)
        for row in found.table.itertuples():
            front, _, names = row.comparison.rpartition(": ")
            one, other = (f"{front}, {n}" if front else n for n in names.split(" - "))
            wanted = e.contrast({one: 1, other: -1}).table
            assert row.difference == pytest.approx(wanted["estimate"][0])
            assert row.se == pytest.approx(wanted["se"][0])


def test_compare__a_reference_and_chosen_pairs():
    found = SURVEY.compare("y", by="g", pairs="g=b").table["comparison"].tolist()
    assert found == ["g=a - g=b", "g=c - g=b", "g=d - g=b"]
    assert SURVEY.compare("y", by="g", pairs=[("g=d", "g=a")]).table["comparison"].tolist() == ["g=d - g=a"]
    values = SURVEY.compare("y", by="g", value={"g=a": 6, "g=b": 6, "g=c": 6, "g=d": 6})
    assert values.wald().df[0] == 4
    assert SURVEY.compare("y", by="g").wald().df[0] == 3


def test_paired__only_rows_with_both():
    table = TABLE.assign(x=TABLE["x"].where(np.arange(N) % 9 > 0))
    with pytest.warns(ss.SurveysimWarning, match="27 of 'y or x'"):
        found = ss.Survey(table, "w", psu="p").compare("y", paired="x", by="g")
    inside = table["x"].notna()
    with pytest.warns(ss.SurveysimWarning):
        direct = ss.Survey(table.assign(d=table["y"] - table["x"]), "w", psu="p").mean("d", by="g").table
    np.testing.assert_allclose(found.table["difference"], direct["estimate"])
    np.testing.assert_allclose(found.table["se"], direct["se"])
    assert found.table["n"].sum() == inside.sum()


def test_simultaneous__wider_and_in_order():
    reach = {}
    for how in ("none", "max-t", "bonferroni", "scheffe"):
        t = SURVEY.compare("y", by="g", simultaneous=how, adjust="max-t").table
        reach[how] = ((t["upper"] - t["lower"]) / (2 * t["se"])).to_numpy()
    assert np.all(reach["none"] < reach["max-t"])
    assert np.all(reach["max-t"] < reach["bonferroni"])
    assert np.all(reach["bonferroni"] < reach["scheffe"])
    t = SURVEY.compare("y", by="g", simultaneous="max-t", adjust="max-t").table
    outside = (t["lower"] > 0) | (t["upper"] < 0)
    np.testing.assert_array_equal(outside, t["p_adjusted"] < 0.05)


def test_compare__refuses():
    for options, words in (
        ({}, "nothing to compare it with"),
        ({"by": "g", "pairs": "g=z"}, "pairs = 'g=z'"),
        ({"by": "g", "pairs": [("g=a", "g=a")]}, "pairs = "),
        ({"by": "g", "statistic": "mode"}, "statistic = 'mode'"),
        ({"by": "g", "value": {"g=a": 1}}, "value has no number for 'g=b'"),
        ({"value": "x"}, "value = 'x'"),
    ):
        with pytest.raises(DataError) as found:
            SURVEY.compare("y", **options)
        assert words in str(found.value)
    totals = {"g": {"a": 100.0, "b": 90.0, "c": 80.0, "d": 110.0}}
    pinned = ss.Survey(TABLE.assign(one=1.0), "w", psu="p").rake(totals).compare("one", by="g", statistic="total")
    with pytest.raises(DesignError, match="has no error"):
        _ = pinned.table


def test_what_the_weights_were_adjusted_to__is_not_tested():
    """Its error is rounding, and no error: a t of 10^15 would be told as a difference."""
    raked = SURVEY.rake({"up": {"yes": 500, "no": 480}})
    with pytest.raises(DesignError, match="the weights were adjusted to it"):
        _ = raked.compare("up", statistic="proportion", value=0.5).table
    for statistic in ("F", "Chisq", "Wald"):
        with pytest.raises(DesignError, match="the weights were adjusted to it"):
            raked.goodness_of_fit("up", {"yes": 1, "no": 1}, statistic)


@pytest.mark.parametrize("more", [{"value": 3}, {"paired": "x"}])
def test_pairs_that_would_be_ignored__are_refused(more):
    with pytest.raises(DataError, match="leave one of them out"):
        SURVEY.compare("y", by="g", pairs="g=a", **more)


def test_plot__has_the_intervals_that_hold_together_and_is_hollow_where_they_hold_the_value():
    found = SURVEY.compare("y", by="g", simultaneous="bonferroni", adjust="bonferroni")
    ax = found.plot(title="y by g")
    assert ax.get_yticklabels()[0].get_text() == found.table["comparison"][0].replace(" - ", " − ")
    drawn = ax.collections[0].get_segments()
    np.testing.assert_allclose([segment[:, 0] for segment in drawn], found.table[["lower", "upper"]])
    away = ((found.table["lower"] > 0) | (found.table["upper"] < 0)).sum()
    assert len(ax.lines[1].get_xdata()) == away
    own = SURVEY.compare("y", by="g", value={"g=a": 3, "g=b": 4, "g=c": 5, "g=d": 5}).plot()  # each from its own
    table = SURVEY.compare("y", by="g", value=0).table
    np.testing.assert_allclose(own.collections[0].get_segments()[1][:, 0], table.loc[1, ["lower", "upper"]] - 4.0)
