"""Formulas as text: values, slopes, and what is no formula."""

import numpy as np
import pytest

from surveysim import DataError
from surveysim.inference.expressions import FUNCTIONS, Expression


@pytest.mark.parametrize(
    ("text", "x", "value"),
    [
        ("a / b", (6, 4), 1.5),
        ("-a ** 2 + 3", (2,), -1),
        ("(a/(1-a)) / (b/(1-b))", (0.5, 0.2), 4),
        ("100 * (`y, g=1` / `y, g=2` - 1)", (6, 4), 50),
        ("log(a) - log(b)", (np.e, 1), 1),
        ("expit(logit(a))", (0.3,), 0.3),
        ("abs(a) * sqrt(b)", (-2, 9), 6),
    ],
)
def test_expression__value_and_slopes(text, x, value):
    formula, x = Expression(text), np.array(x, float)
    assert float(formula(x)) == pytest.approx(value)
    for k, slope in enumerate(formula.slopes(x)):
        h = 1e-5 * np.eye(len(x))[k]
        assert slope == pytest.approx(float(formula(x + h) - formula(x - h)) / 2e-5, rel=1e-7)
    several = np.stack([x, 1.01 * x], axis=1)
    np.testing.assert_allclose(formula(several), [float(formula(x)), float(formula(1.01 * x))])


def test_every_function_has_its_slope():
    for name in FUNCTIONS:
        formula = Expression(f"{name}(a)")
        by_difference = float(formula([0.4 + 1e-6]) - formula([0.4 - 1e-6])) / 2e-6
        assert formula.slopes([0.4])[0] == pytest.approx(by_difference, rel=1e-7), name


@pytest.mark.parametrize(
    "text",
    [None, 3, "", "a +", "a; b", "__import__('os')", "a.real", "[a]", "lambda: a", "f(a)", "log(a, b)", "a if b else a", "'x'", "1j * a",
     "True", "a == b", "(" * 500 + "a" + ")" * 500, "a+" * 1500 + "a", "log(x=a)", "a[0]", "9**9**9 if 1 else 0", "\0"],
)  # fmt: skip
def test_what_is_no_formula_is_refused(text):
    with pytest.raises(DataError, match="formula"):
        Expression(text)
