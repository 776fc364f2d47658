"""A statistic of one's own: named numbers, domains, scores, kinds of tables, and what f may not do."""

import numpy as np
import pandas as pd
import polars as pl
import pyreadstat
import pytest

import surveysim as ss
from surveysim import DataError, DesignError, files

RNG = np.random.default_rng(6)
N = 80
TABLE = pd.DataFrame({"y": RNG.gamma(3, 2, N), "x": RNG.gamma(2, 2, N), "g": RNG.choice(list("ab"), N)})
TABLE = TABLE.assign(w=RNG.uniform(1, 3, N), p=np.arange(N) // 4)
SURVEY = ss.Survey(TABLE, "w", psu="p")


def moments(t, w):
    return {"mean": np.average(t["y"], weights=w), "total": float(np.sum(np.asarray(t["y"]) * w))}


def scored(t, w):
    y = np.asarray(t["y"])
    return {"mean": (y - np.average(y, weights=w)) / w.sum(), "total": y}


@pytest.mark.parametrize(
    "table", [TABLE, pl.from_pandas(TABLE), pl.from_pandas(TABLE).to_arrow()], ids=["pandas", "polars", "pyarrow"]
)
@pytest.mark.parametrize("by", [None, "g"])
def test_statistic__as_the_built_in(table, by):
    survey = ss.Survey(table, "w", psu="p")
    if table is not TABLE and not isinstance(table, pl.DataFrame):
        f, scores = (lambda t, w: moments(t.to_pandas(), w)), (lambda t, w: scored(t.to_pandas(), w))
    else:
        f, scores = moments, scored
    for s, given in ((survey, scores), (survey.replicates("rao-wu", n=24, seed=1), None)):
        found = s.statistic(f, by=by, scores=given, name="own")
        for what in ("mean", "total"):
            own, wanted = (
                found.table.query("level == @what", local_dict={"what": what}),
                getattr(s, what)("y", by=by).table,
            )
            for column in ("estimate", "se", "lower", "upper", "df", "n"):
                np.testing.assert_allclose(own[column], wanted[column], rtol=1e-9)
        assert found.cov.shape == (2 if by is None else 4,) * 2
        assert set(found.table["variable"]) == {"own"}


def test_statistic__scores_as_arrays_and_columns():
    def mean(t, w):
        return np.average(t["y"], weights=w)

    score = (TABLE["y"] - np.average(TABLE["y"], weights=TABLE["w"])) / TABLE["w"].sum()
    wanted = SURVEY.mean("y").table["se"][0]
    for survey, given in (
        (SURVEY, score),
        (SURVEY, score.to_numpy()),
        (ss.Survey(TABLE.assign(z=score), "w", psu="p"), "z"),
    ):
        assert survey.statistic(mean, scores=given).table["se"][0] == pytest.approx(wanted)


def test_statistic__rows_of_weight_0_and_subpopulations():
    table = TABLE.assign(w=np.where(np.arange(N) % 7 == 0, 0.0, TABLE["w"]))
    seen = []
    part = ss.Survey(table, "w", psu="p").where(table["g"] == "a").replicates("jk1")
    part.statistic(lambda t, w: seen.append((len(t), w.copy())) or w.sum())
    inside = (table["g"] == "a") & (table["w"] > 0)
    assert {rows for rows, _ in seen} == {int(inside.sum())}
    np.testing.assert_array_equal(seen[0][1], table["w"][inside])
    assert any((w == 0).any() for _, w in seen[1:])  # those of a PSU that is left out stay in the table


def test_statistic__does_not_hand_out_the_survey_s_own():
    table = TABLE.copy()
    survey = ss.Survey(table, "w", psu="p")

    def spoil(t, w):
        t["y"] = 0.0
        w[:] = 1.0
        return float(len(t))

    survey.replicates("jk1").statistic(spoil)
    assert survey.mean("y").table["estimate"][0] == SURVEY.mean("y").table["estimate"][0]
    pd.testing.assert_frame_equal(table, TABLE)


def test_statistic__says_where_it_fails():
    r = SURVEY.replicates("jk1")

    def without(value):
        """An f that does it where the third PSU is left out: in replicate 3."""
        return lambda t, w: value() if w[8] == 0 and w[0] > 0 else 1.0

    def fail():
        raise KeyError("nobody")

    for f, words in (
        (without(fail), "replicate 3 of 20: f = <lambda> failed: KeyError: 'nobody'"),
        (without(lambda: np.nan), "replicate 3 of 20: f = <lambda> gives nan, which is no estimate"),
        (without(lambda: {"a": 1.0}), "gives 'a', and one number in the sample"),
        (without(lambda: "x"), "replicate 3 of 20: f = <lambda> gives 'x'"),
        (lambda t, w: {"a": np.inf}, "gives inf of 'a' in the sample"),
        (lambda t, w: t["none"], "failed in the sample: KeyError"),
        (lambda t, w: [1, 2], "let it give a number"),
        (lambda t, w: {}, "let it give a number"),
        (lambda t, w: True, "let it give a number"),
        (3, "f = 3: give a function"),
    ):
        with pytest.raises(DataError) as found:
            r.statistic(f)
        assert words in str(found.value)
    with pytest.raises(DataError, match="in domain 'g=a'"):
        r.statistic(lambda t, w: np.nan if "a" in set(t["g"]) else 1.0, by="g")


def test_statistic__without_replicates():
    with pytest.raises(DesignError, match="take replicates first"):
        SURVEY.statistic(moments)
    for scores, words in (
        ({"mean": np.zeros(N)}, "scores are of 'mean', and f gives 'mean', 'total'"),
        ({"mean": np.zeros(3), "total": np.zeros(N)}, "one for each of its 80 rows"),
        ({"mean": np.full(N, np.nan), "total": np.zeros(N)}, "80 of 80 of the scores of 'mean' are missing"),
        (lambda t, w: {"mean": w, "total": w[:2]}, "one for each of its 80 rows"),
        (lambda t, w: 1 / 0, "scores failed in the sample: ZeroDivisionError"),
    ):
        with pytest.raises(DataError, match=words):
            SURVEY.statistic(moments, scores=scores)


def test_a_function_that_writes_into_its_table():
    """The next replicate finds the table as it was, and so does the survey."""

    def writes(t, w):
        t["y"] /= 1000
        t.loc[t["x"] > 5, "x"] = 5
        return {"y": t["y"] @ w / w.sum(), "x": t["x"] @ w / w.sum()}

    def only_reads(t, w):
        return {"y": (t["y"] / 1000) @ w / w.sum(), "x": t["x"].clip(upper=5) @ w / w.sum()}

    before, repeated = TABLE.copy(), SURVEY.replicates("jk1")
    found, wanted = repeated.statistic(writes).table, repeated.statistic(only_reads).table
    np.testing.assert_allclose(found[["estimate", "se"]], wanted[["estimate", "se"]])
    pd.testing.assert_frame_equal(TABLE, before)


def test_a_series_with_a_name_twice__is_refused():
    with pytest.raises(DataError, match="a name comes twice"):
        SURVEY.replicates("jk1").statistic(lambda t, w: pd.Series([1.0, 2.0], index=["a", "a"]))


@pytest.fixture(params=["sav", "dta"])
def labelled(request, tmp_path):
    """Sex by codes with labels, incomes with a code that means refused (SPSS says so itself)."""
    table = pd.DataFrame({"sex": [1.0, 2, 2, 1, 2, 1], "income": [10.0, 20, 30, 40, 999, 60], "who": list("abcabc")})
    path, labels = tmp_path / f"a.{request.param}", {"sex": {1: "male", 2: "female"}, "income": {999: "refused"}}
    if request.param == "sav":
        pyreadstat.write_sav(table, str(path), variable_value_labels=labels, missing_ranges={"income": [999]})
        return files.read(path)
    pyreadstat.write_dta(table, str(path), variable_value_labels=labels)
    return files.read(path).declared({"income": [999]})


def test_files__f_gets_the_codes_as_read_and_their_labels_and_domains_are_called_by_labels(labelled):
    seen = []

    def mean(t, w):
        seen.append(t)
        there = t["income"].notna()
        return np.average(t["income"][there], weights=w[there])

    def share(t, w):
        names = t["sex"].map(t.attrs["levels"]["sex"])
        return {name: w[names == name].sum() / w.sum() for name in ("male", "female")}

    survey = ss.Survey(labelled).replicates("jk1")
    found = survey.statistic(mean, by="sex").table
    assert found["domain"].tolist() == ["sex=male", "sex=female"]
    assert found["estimate"].tolist() == pytest.approx([110 / 3, 25])  # 999 is no income
    assert seen[0]["sex"].tolist() == [1, 1, 1]
    assert isinstance(seen[0], pd.DataFrame)
    assert seen[0].copy().attrs["levels"]["sex"] == {1: "male", 2: "female"}
    wanted = survey.proportion("sex").table
    np.testing.assert_allclose(survey.statistic(share).table["estimate"], wanted["estimate"])


def test_text_files__have_numbers_but_for_codes_that_begin_with_a_zero(tmp_path):
    (tmp_path / "a.csv").write_text("id,y,b\n001,2.5,yes\n002,,no\n003,4,yes\n")
    table = files.read(tmp_path / "a.csv").frame()
    assert table["id"].tolist() == ["001", "002", "003"]
    assert table["y"].sum() == 6.5
    assert table["y"].isna().tolist() == [False, True, False]
    assert table["b"].tolist() == ["yes", "no", "yes"]
