"""The census of all numbers: against surveys that were drawn, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim import DesignError, SpecError, SurveySpec
from surveysim.columns import AGES, DISPOSITIONS
from surveysim.kernels import expectation as kernels
from surveysim.survey.weighted import carry_out, disposition_table
from surveysim.weighting import Recipe

SMALL = {"interviews": 4000, "minimum_per_province": 0, "minimum_per_unit": 2}


def small(**changes):
    return SurveySpec.preset("cnnic-2024-12", population={"scale": 0.01}, sample=SMALL, **changes)


@pytest.fixture(scope="module")
def expected():
    return small().expect()


def drawn(expected, repetitions):
    """What surveys bring: dispositions by frame, minutes and calls, and shares of some people among interviews and by weight."""
    prep, rows = expected.preparation, []
    before_raking = Recipe(prep.recipe.steps[:-1])
    for r in range(repetitions):
        cases, table = carry_out(prep, 1, r)
        weight = before_raking.apply(table, disposition_table(prep, cases)).final
        a, shares = cases.attributes, []
        for w in (np.ones(len(cases)), weight):
            w = w / w.sum()
            shares += [w[a.internet].sum(), w[a.sex == 1].sum(), *(w[a.age_group == k].sum() for k in range(len(AGES)))]
        rows.append([*cases.dispositions.sum(axis=1).ravel(), *cases.spent.sum(axis=1).ravel(), *shares])
    return np.array(rows, float)


@pytest.mark.parametrize("rule", ["random", "kish", "last_birthday"])
def test_expect__is_what_surveys_bring_on_average(expected, rule):
    changes = {"landline": {"selection": rule, "misselection": 0.2}, "mobile": {"shared": 0.3}}
    found = expected if rule == "random" else small(fieldwork=changes).expect()
    costs, profile = found.costs(), found.profile().set_index(["variable", "level"])
    who = [("internet", "yes"), ("sex", "female"), *(("age_group", age) for age in AGES)]
    want = [
        *found.dispositions()[list(DISPOSITIONS)].to_numpy().ravel(),
        *np.column_stack([60 * costs["hours"], costs["calls"]]).ravel(),
    ]
    want += [*profile.loc[who, "interviews"] / 100, *profile.loc[who, "weighted"] / 100]
    rows = drawn(found, 40)
    error = rows.std(axis=0, ddof=1) / np.sqrt(len(rows))
    size = np.maximum(error, 0.002 * np.abs(want))  # ratios of weights are off by their curvature
    assert np.abs((rows.mean(axis=0) - want) / np.where(size > 0, size, 1)).max() < 4.2


def test_expect__adds_up_and_is_the_same_by_any_number_of_threads(expected):
    again = expected.spec.expect(workers=1)
    np.testing.assert_array_equal(again.numbers, expected.numbers)
    by_frame, whole = expected.dispositions(), expected.dispositions(())
    both = expected.dispositions(("frame", "province"))
    assert by_frame["I"].tolist() == pytest.approx(expected.preparation.design.targets.sum(axis=1))
    for table in (by_frame, both):
        assert table[list(DISPOSITIONS)].to_numpy().sum() == pytest.approx(whole["numbers"].item())
    assert len(expected.costs("province")) == 31
    assert expected.profile().groupby("variable")[
        ["covered", "interviews", "weighted"]
    ].sum().to_numpy() == pytest.approx(100)
    assert "interviews are to be expected of" in expected.summary()
    assert "<table" in expected._repr_html_()
    assert 0 < expected.rates().loc["RR3", "mobile"] < 1
    with pytest.raises(ss.SurveysimError, match="by ="):
        expected.costs("x")


def test_expect__says_how_far_it_is(capsys):
    heard = []
    small().expect(progress=heard.append)
    assert heard[-1].endswith("numbers counted")
    assert 2 <= len(heard) <= 10


def test_expect__of_one_frame():
    found = SurveySpec.preset(
        "cnnic-2024-12", population={"scale": 0.01}, sample=SMALL | {"landline_share": 0.0}
    ).expect()
    assert found.theta == 0
    assert list(found.rates()) == ["mobile"]
    assert found.profile()["weighted"].notna().all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sample": SMALL | {"prefectures": 2}}, "prefectures"),
        ({"fieldwork": {"level": "calls"}}, "worked to the end"),
    ],
)
def test_expect__refuses(changes, words):
    spec = SurveySpec.preset("cnnic-2024-12", **({"population": {"scale": 0.01}, "sample": SMALL} | changes))
    with pytest.raises(SpecError, match=words):
        spec.expect()
    with pytest.raises(ss.SurveysimError, match="workers"):
        small().expect(workers=0)


def test_expect__where_nobody_can_be_interviewed(monkeypatch):
    monkeypatch.setattr(kernels, "take_census", lambda *_: None)  # numbers that reach nobody
    with pytest.raises(DesignError, match=r"landline unit .* bring 0 interviews on average, fewer than"):
        small().expect()


def test_expect__is_a_table(expected):
    assert isinstance(expected.costs(), pd.DataFrame)
    assert repr(expected).splitlines()[0] == expected.summary()
