"""Everything a model cannot be made of is refused by name."""

import numpy as np
import pandas as pd
import pytest
from samples import regression_table

import surveysim as ss

DATA = regression_table()


def survey(data):
    return ss.Survey(data, weight="w", psu="psu")


REFUSED = {
    "unknown column": ({"formula": "y ~ xx"}, "no column 'xx'.*did you mean"),
    "syntax": ({"formula": "y ~ x +"}, "cannot be read"),
    "no response": ({"formula": "~ x"}, "nothing on the left"),
    "no formula": ({"formula": 3}, "give a text"),
    "code": ({"formula": "y ~ x.__class__"}, "give a text"),
    "unknown function": ({"formula": "y ~ foo(x)"}, "foo"),
    "logarithm of 0": ({"formula": "y ~ np.log(count)"}, "is no number in"),
    "family": ({"formula": "y ~ x", "family": "gamma"}, "family"),
    "link": ({"formula": "y ~ x", "link": "logit"}, "link of gaussian"),
    "offset": ({"formula": "y ~ x", "offset": "nope"}, "offset"),
    "not 0 and 1": ({"formula": "count ~ x", "family": "binomial"}, "not 0 or 1"),
    "three levels": ({"formula": "z ~ x", "family": "binomial"}, "3 levels.*needs two"),
    "category": ({"formula": "z ~ x"}, "needs numbers"),
    "negative counts": ({"formula": "y ~ x", "family": "poisson"}, "negative"),
    "text in no order": ({"formula": "z ~ x", "family": "ordinal"}, "alphabetical"),
    "two levels": ({"formula": "yes ~ x", "family": "ordinal"}, "three"),
    "no constant": ({"formula": "grade ~ 0 + x", "family": "ordinal"}, "thresholds"),
    "constant response": ({"formula": "one ~ x", "family": "binomial"}, "nothing to explain"),
    "one level": ({"formula": "y ~ x + single"}, "'single' has one level"),
    "collinear": ({"formula": "y ~ x + twice"}, "'twice' of the model is a combination of 'Intercept', 'x'|'twice' of the model is a"),
    "zeros": ({"formula": "y ~ nothing"}, "'nothing' of the model is 0"),
    "separated level": ({"formula": "sep ~ z", "family": "binomial"}, r"z\[T.b\].*response is True in all.*separation"),
    "separated line": ({"formula": "yes ~ y + x", "family": "binomial"}, "'y'.*separation"),
    "separated counts": ({"formula": "none ~ z", "family": "poisson"}, r"z\[T.b\].*separation"),
    "separated answers": ({"formula": "first ~ z", "family": "ordinal"}, r"z\[T.b\].*separation"),
    "missing everywhere": ({"formula": "y ~ gone"}, "'gone' is missing in all"),
    "no degrees": ({"formula": "y ~ C(psu) + x"}, "no degrees of freedom"),
    "level": ({"formula": "y ~ x", "level": 95}, "level"),
    "df": ({"formula": "y ~ x", "df": -1}, "df"),
    "information": ({"formula": "y ~ x", "information": "fisher"}, "information"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused_by_name(case):
    of_b = DATA["z"] == "b"
    data = DATA.assign(one=1, single="s", twice=2 * DATA["x"] + 3, nothing=0.0, gone=np.nan)
    data = data.assign(sep=DATA["yes"] | of_b, none=DATA["count"].where(~of_b, 0))
    data["first"] = pd.Categorical(DATA["grade"].astype(str).where(~of_b, "low"), ["low", "mid", "high"])
    given, message = REFUSED[case]
    with pytest.raises(ss.SurveysimError, match=f"(?s){message}"):
        survey(data).glm(**given)


def test_replicates_without_a_solution__are_told():
    data = pd.DataFrame({"y": [0, 1, 0, 1, 0, 1, 1, 0], "z": list("aaaabbbb"), "psu": [1, 1, 2, 2, 3, 4, 4, 3]})
    with pytest.raises(ss.DataError, match="no solution with the weights of"):
        _ = ss.Survey(data, psu="psu").replicates("jk1").glm("y ~ z", family="binomial").cov
