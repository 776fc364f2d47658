"""Tests of independence at their edges."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import surveysim as ss
from surveysim import DataError, DesignError, Survey, SurveysimWarning


@pytest.mark.parametrize("statistic", ["F", "Chisq", "Wald", "adjWald"])
def test_a_table_without_error_is_not_tested(statistic):
    """Weights adjusted to every cell leave nothing to test; rounding is no error, and gave statistics of 1e30."""
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"a": rng.choice(list("xy"), 80), "b": rng.choice(list("uvw"), 80), "w": rng.uniform(1, 3, 80)})
    s = Survey(data, weight="w")
    cells = {(a, b): 10.0 + 3 * k for k, (a, b) in enumerate((a, b) for a in "xy" for b in "uvw")}
    with pytest.raises(DesignError, match="no error"):
        s.poststratify({("a", "b"): cells}).independence("a", "b", statistic=statistic)
    with pytest.raises(DesignError, match="no error"):
        Survey(data.assign(N=80), fpc="N").independence("a", "b", statistic=statistic)
    margins = {"a": {"x": 40, "y": 40}, "b": {"u": 30, "v": 30, "w": 20}}
    assert np.isfinite(s.rake(margins).independence("a", "b", statistic=statistic).statistic)


def test_independence__says_what_it_leaves_out_and_prints_its_table():
    table = pd.DataFrame({"sex": list("ffmm") * 10, "online": ["yes", "no", "yes", "yes"] * 10})
    table.loc[[0, 5], "online"], table.loc[[5, 7, 8], "sex"] = None, None
    with pytest.warns(ss.SurveysimWarning, match=r"set aside: 3 of 'sex', 1 of 'online'"):
        found = ss.Survey(table).independence("sex", "online")
    assert found.n == 36
    assert found.set_aside == {"sex": 3, "online": 1}
    text = str(found)
    assert text.startswith("F = ")
    assert "36 respondents; 4 rows set aside as missing" in text
    assert "sex" in text
    assert "yes" in text.splitlines()[2]
    assert len(text.splitlines()) == 5
    assert repr(found) == text


def test_wald_tests__that_the_data_cannot_bear():
    rng = np.random.default_rng(1)
    data = pd.DataFrame(
        {"p": np.arange(120) // 10, "r": rng.choice(list("abcde"), 120), "c": rng.choice(list("vwxyz"), 120)}
    )
    s = Survey(data.assign(c2=data["r"]), psu="p")
    for statistic in ("Wald", "adjWald"):
        with pytest.raises(DesignError, match="degrees of freedom"):
            s.independence("r", "c", statistic)
    with pytest.raises(DataError, match="empty"):
        s.independence("r", "c2")


@pytest.mark.parametrize("statistic", ["Wald", "adjWald"])
def test_wald_tests__of_a_cell_that_is_pinned_beside_cells_that_are_not(statistic):
    """The column p is always online, and both margins are raked: its error is rounding, and gave statistics of 1e17."""
    table = pd.DataFrame({"v": [0, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 1], "k": list("qprrrrprrrqr")})
    table = table.assign(psu=[1, 7, 7, 0, 7, 5, 0, 0, 5, 4, 6, 2], w=[5.0, 12, 6, 9, 16, 14, 7, 6, 7, 11, 5, 9])
    s = Survey(table, weight="w", psu="psu").rake({"k": {"p": 19, "q": 10, "r": 78}, "v": {0: 22, 1: 85}}, tol=1e-12)
    for order in ("pqr", "rqp", "qpr"):
        again = Survey(table.assign(k=pd.Categorical(table["k"], list(order))), weight="w", psu="psu")
        for sample in (s, again.rake({"k": {"p": 19, "q": 10, "r": 78}, "v": {0: 22, 1: 85}}, tol=1e-12)):
            with pytest.raises(DesignError, match="none follows from the others"):
                sample.independence("v", "k", statistic=statistic)
            assert np.isfinite(sample.independence("v", "k").statistic)


SIX = pd.DataFrame(
    {"y": [3.0, 1, 4, 1.5, 5, 9], "g": list("uvuvuv"), "w": [1.0, 2, 3, 4, 5, 6], "z": [0.0, 0, 0, 1, 2, 0]}
)


def test_independence__refuses_and_takes_only_what_is_there():
    table = pd.concat([SIX] * 5, ignore_index=True).assign(h=list("xxyyyxyyxxyxyxy") * 2, w=1.0)
    survey = Survey(table, "w")
    for options, words in (
        ({"rows": "g", "columns": "h", "statistic": "G"}, "statistic = 'G'"),
        ({"rows": "g", "columns": "w"}, "2 × 1; independence needs at least two levels"),
    ):
        with pytest.raises(DataError, match=words):
            survey.independence(**options)
    found = survey.independence("g", "h")
    more = pd.concat([table, pd.DataFrame({"g": ["u", None, "s"], "h": [None, "x", "x"], "w": [1.0, 1, 0]})])
    with pytest.warns(SurveysimWarning, match="1 of 'g', 1 of 'h'"):
        again = Survey(more.reset_index(drop=True), "w").independence("g", "h")
    np.testing.assert_allclose(found.table, again.table)
    counts = pd.crosstab(table["g"], table["h"]).to_numpy()
    np.testing.assert_allclose(found.table.to_numpy(), counts / counts.sum())
    one = Survey(table, "w").independence("g", "h", statistic="Chisq")
    pearson = stats.chi2_contingency(counts, correction=False).statistic
    assert one.statistic == pytest.approx(pearson, rel=1e-9)
    assert one.df == (1,)
