"""The commands of the audit."""

import json

import pandas as pd
from click.testing import CliRunner

from surveysim.cli import main
from surveysim.errors import StudyError


def test_command__tables_and_json(tmp_path):
    found = CliRunner().invoke(main, ["audit", "-o", str(tmp_path / "out")])
    assert found.exit_code == 0, found.stderr
    assert "changes can be told from zero" in found.stdout
    assert len(pd.read_csv(tmp_path / "out/margins.csv")) == 121
    assert len(pd.read_csv(tmp_path / "out/changes.csv")) == 47
    assert pd.read_csv(tmp_path / "out/sizes.csv")["n"].tolist() == [22047, 54000, 60000]
    assert len(pd.read_csv(tmp_path / "out/verdict.csv")) == 8
    assert "Yes: the change of Internet penetration from 77.5 % to 78.6 %" in found.stdout
    one = json.loads(CliRunner().invoke(main, ["audit", "--n", "30000", "--lang", "zh", "--json"]).stdout)
    assert [row["n"] for row in one["sizes"]] == [30000]
    assert one["sentence"].startswith("是：互联网普及率")
    rows = json.loads(CliRunner().invoke(main, ["audit", "statement", "--moe", "0.66%", "--json"]).stdout)
    assert {row["method"]: row["n"] for row in rows}["wald"] == 22047
    assert CliRunner().invoke(main, ["audit", "statement", "--deff", "2"]).exit_code == 2
    assert CliRunner().invoke(main, ["audit", "--repetitions", "1"]).exit_code == 2


def test_command__in_chinese_draws_and_prints_chinese(tmp_path):
    found = CliRunner().invoke(main, ["audit", "--lang", "zh", "-o", str(tmp_path / "out")])
    assert found.exit_code == 0, found.stderr
    assert "互联网普及率" in found.stdout
    assert "internet_penetration" not in found.stdout
    drawing = (tmp_path / "out" / "margins.svg").read_text(encoding="utf-8")
    assert ">简单随机抽样</text>" in drawing  # text, whatever fonts this machine has
    assert pd.read_csv(tmp_path / "out" / "margins.csv")["indicator_id"].iloc[1] == "internet_penetration"


def test_least__passes_its_options_on(monkeypatch):
    """What is solved is tested where it is; here that the command asks for what it was told to."""
    asked = {}

    def least_sample(**given):
        asked.update(given)
        raise StudyError("no design within the limits")

    monkeypatch.setattr("surveysim.audit.least_sample", least_sample, raising=False)
    found = CliRunner().invoke(main, ["audit", "least", "--bound", "1", "--between", "2000", "9000", "--check", "5"])
    assert found.exit_code != 0
    assert asked == {"bound": 1.0, "interviews": (2000, 9000), "repetitions": 20, "check": 5, "seed": 1}
