"""`surveysim validate`: agreement here, and exit code 1 where there is none."""

import json

from click.testing import CliRunner

from surveysim.cli import main
from surveysim.validation import validate


def test_validate__agrees_with_the_committed_numbers_and_what_is_installed():
    table = validate()
    assert len(table) >= 130
    assert table["ok"].all(), table[~table["ok"]].to_string()
    assert table["case"].nunique() >= 20


def test_command__prints_and_ends_with_what_it_found(monkeypatch):
    done = CliRunner().invoke(main, ["validate", "--committed", "--json"])
    assert done.exit_code == 0
    assert all(row["ok"] for row in json.loads(done.stdout))
    assert "numbers from 1 sources agree" in CliRunner().invoke(main, ["validate", "--committed"]).stdout
    monkeypatch.setattr("surveysim.validation.SEX", {"male": 118001.0, "female": 121999.0})
    monkeypatch.setitem(
        __import__("surveysim.validation", fromlist=["MARGINS"]).MARGINS, "sex", {"male": 118001.0, "female": 121999.0}
    )
    wrong = CliRunner().invoke(main, ["validate", "--committed"])
    assert wrong.exit_code == 1
    assert "NO" in wrong.stdout
