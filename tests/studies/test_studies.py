"""The scripts behind the documentation's pages of results run, at a small size, and write what they say they write."""

import importlib
import sys
from pathlib import Path

import pytest

STUDIES = Path(__file__).parents[2] / "studies"
sys.path.insert(0, str(STUDIES))
import runs  # noqa: E402

WRITE = {
    "dual_frame_study": ["explanation/dual-frame-study.md", "explanation/dual-frame-study.csv", "_static/dual-frame-study.svg"],
    "error_budget": ["explanation/error-budget.md", "explanation/error-budget.csv", "_static/error-budget-internet-penetration.svg"],
    "interval_coverage": ["explanation/interval-coverage.md"],
    "inverse_sampling": ["explanation/inverse-sampling.md"],
    "population_check": ["explanation/population-check.md", "_static/population-phones.svg"],
}  # fmt: skip


def test_every_script_is_here():
    """Only the proof of variances has tests of its own."""
    makers = {
        path.stem for path in STUDIES.glob("*.py") if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
    }
    assert makers - {"variance_proof"} == set(WRITE)


@pytest.mark.parametrize("name", WRITE)
def test_small_run__writes_its_page(name, tmp_path, monkeypatch, capsys):
    """The page has the committed one's headings, so that no part of it is left out."""
    importlib.import_module(name).main(runs.Run.small(tmp_path))
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert written >= set(WRITE[name])
    page = WRITE[name][0]
    made, committed = ((folder / page).read_text(encoding="utf-8") for folder in (tmp_path, runs.DOCS))
    assert [x for x in made.splitlines() if x.startswith("#")] == [
        x for x in committed.splitlines() if x.startswith("#")
    ]
