"""What a folder says of its study: to JSON and back, by attribute and as of a dict."""

from pathlib import Path

import pytest

from surveysim import StudyError
from surveysim.study.manifest import EstimandEntry, Manifest, MethodEntry, ScenarioEntry

METHODS = (MethodEntry("recipe", "logit", "rao-wu", 100, "recipe"), MethodEntry("mine", "logit"))
ESTIMANDS = (
    EstimandEntry("p", "", "known", "percent", True, 78.6),
    EstimandEntry("p", "sex=male", "known", "percent", True, 79.0),
)
SCENARIO = ScenarioEntry("0123", {"study.seed": 1}, 0.95, METHODS, ESTIMANDS, "n=60", {"sample.n": 60})
STUDY = Manifest("a study", "to know", (SCENARIO,), {"numpy": "2"})


def test_manifest__comes_back_as_it_was():
    assert Manifest.opened(STUDY.sealed(), Path("study.json")) == STUDY
    assert SCENARIO["methods"][0]["replicates"] == 100
    with pytest.raises(KeyError):
        SCENARIO["method"]


def test_functions_that_were_handed_in__have_a_name_and_an_interval():
    assert METHODS[1].to_json() == {"name": "mine", "interval": "logit"}
    assert METHODS[0].to_json()["estimator"] == "recipe"


def test_one_letter_changed__is_found():
    with pytest.raises(StudyError, match="its checksum does not fit"):
        Manifest.opened(STUDY.sealed().replace(b"to know", b"to knew"), Path("study.json"))


def test_places__are_by_name():
    assert (SCENARIO.method("mine"), SCENARIO.estimand("p", "sex=male")) == (1, 1)
    with pytest.raises(StudyError, match="no method 'yours'"):
        SCENARIO.method("yours")
    with pytest.raises(StudyError, match="has no domain 'sex=f'"):
        SCENARIO.estimand("p", "sex=f")
    with pytest.raises(StudyError, match="no estimand 'q'"):
        SCENARIO.estimand("q")
