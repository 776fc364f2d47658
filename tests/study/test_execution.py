"""How many repetitions a study carries out: budgets of failures, and aims for Monte Carlo errors."""

import pytest
from samples import PEOPLE, two_methods

from surveysim import SpecError, Study, StudyError, SurveysimWarning


def test_the_failure_budget__holds_when_the_command_is_given_again(tmp_path):
    def odd(sample):
        if sample.repetition % 2:
            raise ValueError("odd")
        return {"y": 1.0}

    data = two_methods(study={"repetitions": 40, "failures": 0.1})
    data.pop("methods")
    for _ in range(2):
        with pytest.raises(StudyError, match="20 repetitions failed"):
            Study(data, methods={"odd": odd}, table=PEOPLE).run(tmp_path / "out")


def test_a_timeout__does_not_count_what_is_made_once(spec):
    data = spec.model_dump() | {
        "study": {"repetitions": 4, "timeout": 0.9},
        "sample": spec.sample.model_dump() | {"bank_factor": 1.6},
    }
    data |= {"estimands": [{"name": "p", "numerator": "internet", "denominator": "persons"}]}
    assert Study(data).run(executor="processes", workers=1).failures.empty


def test_target_mcse__counts_missing_repetitions_and_mistrusts_full_coverage():
    def half(sample):
        return {"y": (float(sample.rng.normal()), 1.0)} if sample.repetition % 2 else {}

    data = two_methods(
        study={"repetitions": 100, "target_mcse": {"bias": 0.1}, "max_repetitions": 5000, "failures": 1.0}, methods=[]
    )
    data["estimands"] = data["estimands"][:1]
    found = Study(data, methods={"half": half}, table=PEOPLE).run()
    assert found.performance().query("measure == 'bias'")["mcse"].max() <= 0.1
    data["study"]["target_mcse"] = {"cover": 0.005}
    sure = Study(data, methods={"sure": lambda s: {"y": (6.0, 100.0)}}, table=PEOPLE).run()
    assert sure.repetitions > 100
    with pytest.raises(SpecError, match="'power' is no measure"):
        Study(two_methods(study={"target_mcse": {"power": 0.1}}), table=PEOPLE)
    data["study"] |= {"target_mcse": {"cover": 1e-5}, "max_repetitions": 200}
    with pytest.warns(SurveysimWarning, match="raise study.max_repetitions"):
        Study(data, methods={"sure": lambda s: {"y": (6.0, 100.0)}}, table=PEOPLE).run()
