"""Benchmarks: a file per algorithm, all of them found, and the names that they take from the library are there."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

import surveysim as ss

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
OTHERS = {"run", "against", "measuring", "peers", "respondents", "shipped_parameters"}


@pytest.fixture
def bench(monkeypatch):
    """Imports a benchmark by its name, as the command does."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module
    for path in BENCHMARKS.glob("*.py"):  # their names are common ones
        sys.modules.pop(path.stem, None)


def test_every_file_is_a_benchmark_or_helps_one(bench):
    names = bench("run").names()
    assert set(names) == {path.stem for path in BENCHMARKS.glob("*.py")} - OTHERS
    for name in names:
        assert bench(name).bench.__module__ == name


def test_rows__are_lines_of_the_table(bench):
    """Each weight is compared with a peer's before anything is timed."""
    rows = bench("raking").bench(sizes=(3_000,))
    assert [row.count("|") for row in rows] == [5, 5, 5]
    assert all("rake 3,000 rows" in row for row in rows)


def test_state_raking__agrees_with_sweeps_over_rows(bench):
    made = bench("state_raking")
    data, margins = made.people(25_000)
    ours = ss.rake(data, margins, by="state", weight="weight", tol=1e-9).weight
    np.testing.assert_allclose(ours, made.numpy_by_state(data, margins, tol=1e-9), rtol=1e-7)
    assert len(made.MARGINS) == 12
    assert data["state"].nunique() == 51


def test_named_benchmarks__write_no_results(bench, monkeypatch, tmp_path, capsys):
    run = bench("run")
    monkeypatch.setattr(bench("raking"), "bench", lambda: ["| rows |"])
    monkeypatch.setattr(run, "HERE", tmp_path)
    (tmp_path / "raking.py").write_text("\ndef bench():")
    run.main(["raking"])
    assert not (tmp_path / "RESULTS.md").exists()
    run.main([])
    assert "| rows |" in (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert capsys.readouterr().out.count("| rows |") == 2
    with pytest.raises(SystemExit, match="no benchmark is called rakking; there are raking"):
        run.main(["rakking"])


def test_what_is_timed_against_another_commit__runs(bench):
    for name, case in bench("against").cases().items():
        assert case() is not None, name
