"""The public names: few, in data-flow order, all there, all documented."""

import surveysim


def test_names__are_few_and_resolve():
    assert len(surveysim.__all__) <= 35
    for name in surveysim.__all__:
        assert getattr(surveysim, name).__doc__, name


def test_docs__list_exactly_the_public_names():
    from pathlib import Path

    page = (Path(__file__).parents[1] / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    listed = [line.split()[-1].removeprefix("surveysim.") for line in page.splitlines() if line.startswith(".. auto")]
    assert listed == list(surveysim.__all__)


def test_moved_names__are_at_the_door_of_studies_for_one_release():
    from surveysim import judging, study, survey

    homes = {survey: "SurveySpec SurveyRun ErrorBudget error_budget"}
    homes |= {judging: "bootstrap_coverage compare performance repetitions_needed"}
    for home, names in homes.items():
        for name in names.split():
            assert getattr(study, name) is getattr(home, name)
