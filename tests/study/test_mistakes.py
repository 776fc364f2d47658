"""Mistakes of a study's keys are told all at once, each with its path."""

import pytest

from surveysim import SpecError, Study


def test_mistakes__of_parts_methods_grid_and_scenarios_come_together():
    keys = {
        "study": {"max_repetitions": 10},
        "grid": {"sample.landline_shares": [0.1]},
        "scenarios": [{"name": "a", "changes": {"sample": {"landline_share": 2.0}}}],
        "methods": [{"name": "m", "weighting": {"margins": ["height"]}}, {"name": "m", "variance": "sdr"}],
        "estimands": [{"name": "e", "numerator": "internett"}],
    }
    with pytest.raises(SpecError) as caught:
        Study(keys)
    text = str(caught.value)
    for words in (
        "study.max_repetitions = 10 is below",
        "grid.sample.landline_shares is no key",
        "scenario 'a': sample.landline_share = 2.0",
        "methods[0]: weighting.margins",
        "methods: the name 'm' is given twice",
        "methods[1].variance = 'sdr' needs replicates",
        "'internett' is no variable; did you mean 'internet'?",
    ):
        assert words in text, words
