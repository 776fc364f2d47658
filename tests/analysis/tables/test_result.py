"""Tables of a survey: rows, columns, bases, letters, and what is refused."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import surveysim as ss

LETTERS = {"sex": list("ffmm") * 50, "online": ["yes", "no", "yes", "yes"] * 50}


def people(n=600, seed=2):
    rng = np.random.default_rng(seed)
    sex = rng.choice(["f", "m"], n)
    return pd.DataFrame(
        {
            "sex": sex,
            "age": pd.Categorical(rng.choice(["young", "old"], n), categories=["young", "old", "nobody"]),
            "code": rng.choice([1.0, 2.0, 3.0, np.nan], n, p=[0.3, 0.3, 0.3, 0.1]),
            "hours": rng.gamma(2, 3, n) + (sex == "f") * 3,
            "tv": rng.random(n) < 0.7,
            "radio": np.where(rng.random(n) < 0.3, 1.0, 0.0),
            "w": rng.gamma(4, 1, n),
        }
    )


def test_crosstab__by_hand():
    made = ss.Survey(pd.DataFrame(LETTERS)).crosstab("online", "sex")
    table = made.table.set_index(["level", "column"])
    assert table["estimate"].to_dict() == {
        ("no", "Total"): 0.25, ("no", "f"): 0.5, ("no", "m"): 0.0, ("yes", "Total"): 0.75, ("yes", "f"): 0.5, ("yes", "m"): 1.0,
    }  # fmt: skip
    assert table.loc[("yes", "f"), "se"] == pytest.approx(np.sqrt(0.25 / 100 * 200 / 199))
    assert table.loc[("yes", "f"), "effective_n"] == pytest.approx(100 * 199 / 200)
    assert table.loc[("yes", "f"), ["n", "count"]].tolist() == [100, 50]
    assert set(table["exceeds"]) == {""}  # shares of 0 and 100 % are not compared


def test_percentages__of_rows_and_of_the_total():
    s = ss.Survey(people(), weight="w")
    row = s.crosstab("age", "sex", "row").table.set_index(["level", "column"])
    own = s.proportion("sex", by="age").table.set_index(["domain", "level"])
    for level in ("young", "old"):
        assert row.loc[(level, "Total"), "estimate"] == 1
        for column in "fm":
            names = ["estimate", "se", "lower", "upper", "df", "n"]
            assert row.loc[(level, column), names].tolist() == pytest.approx(
                own.loc[(f"age={level}", column), names].tolist()
            )
    whole = s.crosstab("age", "sex", "total").table
    assert whole[whole["column"] != "Total"]["estimate"].sum() == pytest.approx(1)
    column = s.crosstab("age", "sex").table
    for other in (row.reset_index(), whole):
        assert other["exceeds"].tolist() == column["exceeds"].tolist()  # columns are compared, whatever is shown


def test_kinds_of_questions():
    s = ss.Survey(people(), weight="w")
    with pytest.warns(ss.SurveysimWarning, match="set aside"):
        made = s.tables(
            ["age", "hours", "tv", ["tv", "radio"], {"column": "code", "kind": "levels", "label": "Code"}],
            ["sex", ("sex", "age")],
        )
    table = made.table
    assert table.groupby("question", sort=False)["level"].unique().map(list).to_dict() == {
        "age": ["young", "old", "nobody"], "hours": ["hours"], "tv": ["True"], "tv+radio": ["tv", "radio"], "code": ["1", "2", "3"],
    }  # fmt: skip
    assert list(table[table["banner"] == "sex*age"]["column"].unique()) == [
        "Total",
        "f · young",
        "f · old",
        "m · young",
        "m · old",
    ]
    means = table[(table["question"] == "hours") & (table["banner"] == "sex")].set_index("column")
    assert means.loc["f", "exceeds"] == "B"
    assert means["statistic"].unique().tolist() == ["mean"]
    same = table[(table["question"] == "tv+radio") & (table["level"] == "tv")]["estimate"].tolist()
    assert same == table[table["question"] == "tv"]["estimate"].tolist()
    assert made.set_aside == {"code": int(people()["code"].isna().sum())}
    assert made.bases.query("question == 'age' and banner == 'sex'")["n"].tolist()[0] == 600
    assert made.tests.query("question == 'tv+radio'")["p_value"].isna().all()
    total = s.tables("age").table
    assert total["column"].tolist() == ["Total"] * 3


def test_labels_and_value_labels__are_used():
    s = ss.Survey(people().dropna())
    made = s.tables(
        "code",
        "sex",
        labels={"code": "A code", "sex": "Sex"},
        value_labels={"code": {3: "three", 1.0: "one"}, "sex": {"f": "women"}},
    )
    assert made.table["level"].unique().tolist() == ["one", "2", "three"]
    assert made.table["column"].unique().tolist() == ["Total", "women", "m"]
    assert made.questions[0].label == "A code"


def test_letters__two_levels_and_adjustments():
    s = ss.Survey(people(200))
    strict = s.tables("hours", "sex", alpha=1e-9).table["exceeds"]
    assert set(strict) <= {"", "B"}
    small = s.tables("age", "sex", alpha=(1e-12, 0.999999)).table["exceeds"]
    assert any(text.islower() for text in small)
    assert set(s.tables("age", "sex", letters=False).table["exceeds"]) == {""}


def test_tables__have_the_kind_of_the_surveys_table_and_share_no_memory():
    data = people()
    made = ss.Survey(pl.from_pandas(data)).crosstab("age", "sex")
    assert isinstance(made.to_frame(), pl.DataFrame)
    mine = ss.Survey(data).crosstab("age", "sex")
    frame = mine.to_frame()
    frame["estimate"] = 0.0
    assert mine.table["estimate"].max() > 0


def test_publish__hides_cells_their_letters_and_what_gives_them_away():
    made = ss.Survey(people(120), weight="w").tables(["age", "sex"], ["sex", "tv"]).publish("minimum=32")
    hidden = made.table[made.table["estimate"].isna()]
    assert len(hidden)
    assert (hidden["flag"] != "").all()
    assert (hidden["exceeds"] == "").all()
    assert "hidden" in made.summary()
    totals = made.table[made.table["column"] == "Total"]
    assert totals.groupby(["question", "level"])["flag"].nunique().max() == 1  # one total, hidden everywhere or nowhere


@pytest.mark.parametrize(
    "wrong",
    [
        {"questions": "agee"},
        {"questions": []},
        {"questions": None},
        {"questions": {"colum": "age"}},
        {"questions": {"column": "age", "columns": ["tv"]}},
        {"questions": [["age"]]},
        {"questions": [["hours"]]},
        {"questions": {"columns": ["age"], "counted": "oldd"}},
        {"questions": {"column": "age", "kind": "x"}},
        {"questions": {"column": "age", "counted": 1}},
        {"banners": "sx"},
        {"banners": {"a": 1}},
        {"banners": [()]},
        {"percent": "columns"},
        {"ci": "x"},
        {"level": 95},
        {"test": "wald"},
        {"adjust": "tukey"},
        {"alpha": 5},
        {"alpha": (0.1, 0.2, 0.3)},
        {"alpha": "x"},
        {"letters": 3},
        {"df": "x"},
        {"labels": 3},
        {"value_labels": {"nobody": {}}},
        {"value_labels": {"code": 3}},
    ],
)
def test_tables__refuse_what_makes_no_sense(wrong):
    with pytest.raises(ss.SurveysimError):
        ss.Survey(people()).tables(**({"questions": "age", "banners": "sex"} | wrong))
