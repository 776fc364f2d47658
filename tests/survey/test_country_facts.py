"""What a survey takes from its folder: control totals of steps, the folder read again when it has changed."""

import land
import pytest

from surveysim.survey.country_facts import crossed, facts_of, folder_digest, made_step


def test_made_step__fills_margins_and_partitions():
    totals = {
        ("sex",): {"f": 6.0, "m": 4.0},
        ("area", "sex"): {("n", "f"): 2.0, ("n", "m"): 1.0, ("s", "f"): 4.0, ("s", "m"): 3.0},
    }
    step = made_step({"kind": "Rake", "margins": ["sex"]}, totals.__getitem__)
    assert step.margins.total.tolist() == [[6.0, 4.0]]
    inside = made_step({"kind": "Rake", "margins": ["sex"], "by": "area"}, totals.__getitem__, ("n", "s"))
    assert inside.margins.by == "area"
    assert inside.margins.total.tolist() == [[2.0, 1.0], [4.0, 3.0]]
    assert crossed({"margins": ["sex", ["sex", "age"]]}) == [("sex",), ("sex", "age")]


def test_facts_of__sees_that_a_file_has_changed(tmp_path):
    folder = str(land.written(tmp_path))
    before, digest = facts_of(folder), folder_digest(folder)
    assert facts_of(folder) is before
    land.written(tmp_path, outcomes=("smokes,,,21", "smokes,,,21.5"))
    assert facts_of(folder).outcomes[0].share == pytest.approx(0.215)
    assert folder_digest(folder) != digest


def test_folders_of_the_package():
    assert len(facts_of("us-2013").areas) == 51
