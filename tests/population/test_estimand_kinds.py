"""A kind of estimand is one class: a new one is known exactly, asked of a sample and judged like those that come with the library."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from surveysim import SurveySpec
from surveysim.population import estimand_kinds
from surveysim.study.spec import MethodSpec
from surveysim.study.survey_source import SurveySource
from surveysim.survey import estimands

SMALL = {
    "population": {"scale": 0.01},
    "sample": {"interviews": 2500, "minimum_per_province": 40, "minimum_per_unit": 2},
}


class PerMille(estimand_kinds.OfResidents):
    """A number per thousand residents."""

    name, unit, summed = "per_mille", "per mille", True

    def value(self, row, total, scale=1.0):
        return 1000 * total(row.numerator) / total(row.denominator)

    def asked(self, row, ask):
        return ask.per_known(row.numerator, row.denominator)

    def factor(self, scale):
        return 1000.0


def test_a_seventh_kind__is_one_class(monkeypatch):
    monkeypatch.setitem(estimand_kinds.KINDS, "per_mille", PerMille())
    rows = [
        (f"{kind} {by}", kind, "internet", "persons", "", "", by)
        for kind in ("known", "per_mille")
        for by in ((), ("sex",))
    ]
    rows = pd.DataFrame(rows, columns=estimands.COLUMNS).set_index("name")
    methods = (MethodSpec(name="recipe"), MethodSpec(name="jackknife", variance="jkn"))
    source = SurveySource(SurveySpec.preset("cnnic-2024-12", **SMALL), methods, rows, 1, "")
    percent, mille = (
        [k for k, (name, _) in enumerate(source.items) if name.startswith(kind)] for kind in ("known", "per_mille")
    )
    np.testing.assert_allclose(source.truth()[mille], 10 * source.truth()[percent])
    values, failures = source.repetition(1)  # of a sample without a category that one replicate loses
    assert not failures
    np.testing.assert_allclose(values[:, mille, :2], 10 * values[:, percent, :2])
    np.testing.assert_allclose(values[:, mille, 2:4], values[:, percent, 2:4])


@pytest.mark.parametrize(
    ("kind", "keys", "text"),
    [
        ("total", {"denominator": "persons"}, "a total has none"),
        ("known", {"denominator": "internet"}, "only persons, in groups, are known"),
        ("complement", {"denominator": "nonuser"}, "only persons, in groups, are known"),
        ("complement_ratio", {"by": ("sex",)}, "is for everybody"),
        ("ratio", {"unit": "hours"}, "a ratio is in 'percent'"),
        ("mean", {"unit": "percent"}, "the numerator's own unit"),
    ],
)
def test_kinds__say_their_own_mistakes(kind, keys, text):
    entry = SimpleNamespace(**{"numerator": "internet", "denominator": "", "by": (), "unit": None} | keys)
    assert any(text in line for line in estimand_kinds.KINDS[kind].mistakes(entry))


def test_implied_kinds__follow_the_denominator():
    assert [estimand_kinds.implied(text) for text in ("", "persons", "urban", "persons*urban", "internet*urban")] == [
        "total",
        "known",
        "known",
        "known",
        "ratio",
    ]
