"""What is asked of a model, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss


def test_estimates__contrast_by_printed_names(logit):
    found = logit.estimates.contrast({"z[T.c]": 1, "z[T.b]": -1})
    b, c = logit.names.index("z[T.b]"), logit.names.index("z[T.c]")
    assert found.table["estimate"][0] == pytest.approx(logit.coef[c] - logit.coef[b])
    assert found.table["se"][0] ** 2 == pytest.approx(logit.cov[b, b] + logit.cov[c, c] - 2 * logit.cov[b, c])
    assert found.table["df"][0] == logit.df


def test_ordinal__probabilities_sum_to_one_and_effects_to_none(survey):
    made = survey.glm("grade ~ x + z", family="ordinal")
    shown = made.predict()
    assert shown.groupby("row")["estimate"].sum().to_numpy() == pytest.approx(np.ones(400))
    effects = made.effects().table
    assert effects.groupby(["variable", "level"])["estimate"].sum().to_numpy() == pytest.approx(np.zeros(3), abs=1e-12)
    assert made.margins("z").table.groupby("domain")["estimate"].sum().to_numpy() == pytest.approx(np.ones(3))
    assert made.names[-2:] == ("low|mid", "mid|high")
    with pytest.raises(ss.DataError, match="no residuals"):
        made.residuals()


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda m: m.margins("x"), "at="),
        (lambda m: m.margins("nope"), "no column 'nope'"),
        (lambda m: m.margins("z", at={"z": ["d"]}), "no level 'd'"),
        (lambda m: m.margins("z", at={"x": [1]}), "none of the variables"),
        (lambda m: m.margins("z", errors="all"), "errors"),
        (lambda m: m.effects([]), "give a column|no columns"),
        (lambda m: m.test([]), "give a term"),
        (lambda m: m.test("x", method="F"), "method"),
        (lambda m: m.predict(type="odds"), "type"),
        (lambda m: m.residuals("raw"), "kind"),
    ],
)
def test_refusals(logit, ask, message):
    with pytest.raises(ss.DataError, match=message):
        ask(logit)


def test_ratios__of_a_gaussian_model_with_the_logarithm_are_of_means():
    """Means of 2 and 6."""
    table = pd.DataFrame({"y": [1.0, 3, 5, 7], "z": list("aabb")})
    found = ss.Survey(table).glm("y ~ z", link="log").ratios()
    assert found["ratio_of_means"].tolist() == pytest.approx([2.0, 3.0])
