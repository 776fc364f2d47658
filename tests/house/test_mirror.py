"""Tests mirror the source: `tests/<room>/test_<file>.py` is of `src/surveysim/<room>/<file>.py`, and what is not is about a topic."""

from pathlib import Path

TESTS = Path(__file__).parents[1]
SOURCE = TESTS.parent / "src" / "surveysim"
WITHOUT = 100  # files of the package that no test is called after: this number only falls
APART = {"attack", "benchmarks", "golden", "house", "mutation", "naive", "parity", "studies"}  # not about one room
TOPICS = """
cli/test_first_hour.py cli/test_numbers.py cli/test_start.py
estimation/test_aliasing.py estimation/test_chain.py inference/test_double_precision.py estimation/test_given_out.py
inference/test_infinite_values.py estimation/test_kinds_of_columns.py estimation/test_laws.py inference/test_lonely.py
inference/test_leverage.py inference/test_names_of_rows.py estimation/test_of_file.py estimation/test_overlap.py estimation/test_pickling.py
estimation/test_refusals.py inference/test_replicate_factors.py estimation/test_variance_proof.py inference/test_zero_weights.py
fieldwork/test_fieldwork.py fieldwork/test_levels.py
files/test_control_characters.py files/test_matrix.py
kernels/test_without_compiler.py
population/test_own.py
sampling/test_planning_numbers.py sampling/test_sampling.py
survey/test_us_preset.py
study/test_exact_designs.py study/test_handed_in.py
test_chinese.py test_docs.py test_docstrings.py test_notebooks.py test_public_names.py test_wrong_kinds.py
weighting/steps/test_every_step.py weighting/test_published_recipes.py weighting/test_refusals.py
"""


def mirrors():
    """{file of the package: the test that is called after it}; a room's door has the room's name."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        place = path.relative_to(SOURCE)
        door = path.stem in ("__init__", "__main__")
        found[place] = (
            place.parent.parent / f"test_{place.parent.name}.py" if door else place.with_name(f"test_{path.stem}.py")
        )
    return found


def test_every_test_is_called_after_a_file_or_is_about_a_topic():
    there = {path.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    there = {path.as_posix() for path in there if path.parts[0] not in APART}
    called = {path.as_posix() for path in mirrors().values()}
    topics = set(TOPICS.split())
    assert not there - called - topics, "call it after the file of the package that it tests"
    assert not topics - there, "these are gone: take them out of TOPICS"
    assert not topics & called, "these are called after a file now: take them out of TOPICS"


def test_files_without_a_test_of_their_own__grow_fewer():
    without = [
        path.as_posix() for path, test in mirrors().items() if path.stem[0] != "_" and not (TESTS / test).exists()
    ]
    assert len(without) <= WITHOUT, without
