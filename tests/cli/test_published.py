"""The command `surveysim reproduce`: lists, makes, writes."""

import json

import pandas as pd
from click.testing import CliRunner

from surveysim.cli import main
from surveysim.published import names

QUICK = "newcombe-1998"


def call(*words):
    return CliRunner().invoke(main, ["reproduce", *map(str, words)])


def test_command__lists_makes_and_writes(tmp_path):
    listed = call()
    assert listed.exit_code == 0
    assert all(name in listed.stdout for name in names())
    found = call(QUICK, "-o", tmp_path / "out", "--lang", "both")
    assert found.exit_code == 0, found.stderr
    assert "seconds on two cores" in found.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        f"{QUICK}.json",
        "numbers.csv",
        "results.csv",
        "report.html",
        "report-zh.html",
    }
    assert len(pd.read_csv(tmp_path / "out" / "numbers.csv")) == 16
    rows = json.loads(call(QUICK, "--json").stdout)
    assert rows["results"][0]["verdict"] == "choice"
    wrong = call("newcomb-1998")
    assert wrong.exit_code == 2
    assert "did you mean" in wrong.stderr


def test_all_and_a_name__are_refused():
    """`--all` was taken, and the name forgotten."""
    found = CliRunner().invoke(main, ["reproduce", "cochran-1977", "--all"])
    assert found.exit_code == 2
    assert "give names, or --all" in found.output
