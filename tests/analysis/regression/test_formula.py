"""Formulas taken apart, and the columns they make."""

import numpy as np
import pandas as pd
import pytest

from surveysim import DataError
from surveysim.analysis.regression import formula

DATA = pd.DataFrame({"y": [1.0, 2, 3, 4], "x": [0.5, 1.5, 2.5, 3.5], "my col": [1, 0, 1, 0], "z": list("abab")})


def test_columns_of_a_formula():
    found = formula.parsed("y ~ x + C(z, Treatment('b')) + `my col` + offset(np.log(x))", DATA)
    assert found.columns == ("x", "z", "my col")
    assert found.of_response == ("y",)
    assert found.offsets == ("np.log(x)",)
    assert found.by_row
    assert not formula.parsed("y ~ scale(x)", DATA).by_row


def test_matrix__one_row_for_each_combination():
    read = formula.parsed("y ~ z + `my col`", DATA)
    frame = formula.Frame({name: formula.column(DATA, name) for name in ("z", "my col")})
    made = formula.matrix(read, frame, 4)
    whole = np.asarray(formula.evaluated(read.terms, frame.table(), read.text), dtype=float)
    np.testing.assert_array_equal(made.x[made.cell], whole)
    assert len(made.x) == 2


def test_levels_that_no_row_has__are_dropped():
    values, levels = formula.column(pd.DataFrame({"z": pd.Categorical(["b", "c"], ["a", "b", "c"])}), "z")
    assert levels == ["a", "b", "c"]
    assert formula.Frame({"z": (values, levels)}).levels["z"] == ["b", "c"]


@pytest.mark.parametrize("text", ["y ~ x ~ z", "y = x", "y ~ `no col`", "y ~ x + (z", None])
def test_refused(text):
    with pytest.raises(DataError, match="formula"):
        formula.parsed(text, DATA)
