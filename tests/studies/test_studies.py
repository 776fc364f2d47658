"""The scripts behind the documentation's pages of results run, at a small size, and write what they say they write."""

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

STUDIES, SMALL = Path(__file__).parents[2] / "studies", Path(__file__).with_name("small")
sys.path.insert(0, str(STUDIES))
import runs  # noqa: E402

WRITE = {
    "coverage_atlas": ["explanation/coverage-atlas.md", "_static/coverage-atlas.parquet", "_static/coverage-atlas.html"],
    "dual_frame_study": ["explanation/dual-frame-study.md", "explanation/dual-frame-study.csv", "_static/dual-frame-study.svg"],
    "error_budget": ["explanation/error-budget.md", "explanation/error-budget.csv", "_static/error-budget-internet-penetration.svg"],
    "indicator_coverage": ["explanation/indicator-coverage.md", "explanation/indicator-coverage.csv"],
    "interval_coverage": ["explanation/interval-coverage.md"],
    "inverse_sampling": ["explanation/inverse-sampling.md"],
    "joint_weighting": ["explanation/joint-weighting.md", "explanation/joint-weighting.csv"],
    "nonresponse_bias": ["explanation/nonresponse-bias.md", "_static/nonresponse-bias.svg"],
    "sample_sizes": ["explanation/sample-sizes.md", "explanation/audit/sizes.csv", "explanation/audit/margins.md"],
    "not_fitted": ["explanation/not-fitted.md", "explanation/not-fitted.csv"],
    "published_results": ["explanation/published.md"],
    "sensitivity": ["explanation/sensitivity.md", "explanation/sensitivity.csv", "_static/sensitivity.svg"],
    "regression_proof": ["explanation/regression-proof.md", "explanation/regression-proof.csv"],
    "statistics_proof": ["explanation/statistics-proof.md", "explanation/statistics-proof.csv"],
    "wave_changes": ["explanation/wave-changes.md", "explanation/wave-changes.csv"],
    "population_check": ["explanation/population-check.md", "_static/population-phones.svg"],
}  # fmt: skip


def test_every_script_is_here():
    """Only the proof of variances has tests of its own."""
    makers = {
        path.stem for path in STUDIES.glob("*.py") if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
    }
    assert makers - {"variance_proof"} == set(WRITE)


NUMBER = re.compile(r"[-+−]?\d[\d,]*\.?\d*")


def figures(page):
    """A page's text with its numbers taken out, and the numbers."""
    text = (page).read_text(encoding="utf-8")
    return NUMBER.sub("#", text), [float(x.replace(",", "").replace("−", "-")) for x in NUMBER.findall(text)]


@pytest.mark.everyday(1)
@pytest.mark.parametrize("name", WRITE)
def test_small_run__writes_its_page(name, tmp_path, monkeypatch, capsys):
    """With the committed page's headings, so that no part is left out, and the figures of the small page that is kept here.

    Where those are meant to change: `studies/<name>.py --small FOLDER`, and copy the page. A last digit may round the other way.
    """
    importlib.import_module(name).main(runs.Run.small(tmp_path))
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert written >= set(WRITE[name])
    page = WRITE[name][0]
    made, committed = ((folder / page).read_text(encoding="utf-8") for folder in (tmp_path, runs.DOCS))
    assert [x for x in made.splitlines() if x.startswith("#")] == [
        x for x in committed.splitlines() if x.startswith("#")
    ]
    (words, numbers), (kept_words, kept) = figures(tmp_path / page), figures(SMALL / Path(page).name)
    assert words == kept_words
    np.testing.assert_allclose(numbers, kept, rtol=2e-3, atol=0.011)
