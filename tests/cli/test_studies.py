"""Commands about studies: what is on stdout, exit codes, and files that are looked at before anything runs."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from surveysim import SpecError, SurveysimError
from surveysim.cli import main
from surveysim.keys import toml
from surveysim.survey import SurveySpec
from surveysim.survey.preparation import prepare

rng = np.random.default_rng(3)


PEOPLE = pd.DataFrame({"h": rng.choice(list("ab"), 800), "y": rng.gamma(2, 3, 800), "z": rng.normal(100, 1, 800)})


def keys(repetitions=40, **more):
    base = {
        "study": {"repetitions": repetitions, "seed": 2, "failures": 0.5},
        "sample": {"n": 50, "strata": "h"},
        "estimands": [{"name": "y", "numerator": "y"}, {"name": "z", "numerator": "z"}],
        "methods": [{"name": "plain"}, {"name": "no error", "variance": "none"}],
    }
    return base | more


def run_cli(*args):
    return subprocess.run([sys.executable, "-m", "surveysim", *args], capture_output=True, text=True, check=False)


@pytest.fixture
def files(tmp_path):
    PEOPLE.to_csv(tmp_path / "people.csv", index=False)
    text = (
        "import sys\ndef talks(s):\n    print('hello')\n    return {'y': (1.0, 1.0)}\ndef leaves(s):\n    sys.exit(0)\n"
    )
    (tmp_path / "own.py").write_text(text, encoding="utf-8")
    return tmp_path


def written(files, call):
    data = keys(
        methods=[{"name": "own", "call": f"own.py:{call}"}],
        population={"table": "people.csv"},
        estimands=keys()["estimands"][:1],
    )
    (files / f"{call}.toml").write_text(toml(data), encoding="utf-8")
    return files / f"{call}.toml"


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_json__is_all_there_is_on_stdout(files, executor):
    found = run_cli(
        "study", "run", str(written(files, "talks")), "-o", str(files / "out"), "--json", "--executor", executor
    )
    assert found.returncode == 0
    assert json.loads(found.stdout)


def test_an_estimator_that_leaves__is_a_failure(files):
    found = CliRunner().invoke(main, ["study", "run", str(written(files, "leaves")), "-o", str(files / "out")])
    assert found.exit_code == 1
    assert "SystemExit" in found.stderr


def test_config_show__reads_back(files):
    shown = CliRunner().invoke(main, ["config", "show", str(written(files, "talks"))])
    (files / "again.toml").write_text(shown.stdout, encoding="utf-8")
    found = CliRunner().invoke(main, ["config", "check", str(files / "again.toml")])
    assert (found.exit_code, found.stderr) == (0, "")


def test_config_check__looks_at_the_table(files):
    data = keys(population={"table": "people.csv"}, sample={"n": 50, "strata": "region"})
    (files / "wrong.toml").write_text(toml(data), encoding="utf-8")
    found = CliRunner().invoke(main, ["config", "check", str(files / "wrong.toml")])
    assert found.exit_code == 2
    assert "scenario 'base': sample.strata: the table has no column 'region'" in found.stderr


SMALL = 'extends = "cnnic-2024-12"\n[population]\nscale = 0.002\n[sample]\n'


@pytest.fixture
def check(tmp_path):
    def run(text):
        (tmp_path / "s.toml").write_text(SMALL + text, encoding="utf-8")
        return CliRunner().invoke(main, ["config", "check", str(tmp_path / "s.toml")])

    return run


def test_config_check__names_every_province_that_cannot_be_met(check, tmp_path):
    found = check("interviews = 9300\nminimum_per_province = 20\nminimum_per_unit = 10\n")
    assert found.exit_code == 2
    with pytest.raises(SurveysimError) as told:
        prepare(SurveySpec.from_toml(tmp_path / "s.toml"))
    assert str(told.value) in found.stderr
    assert "s.toml" in found.stderr
    for name in ("Tibet (540000) has", "Qinghai (630000) has", "Xinjiang (650000) has"):
        assert name in found.stderr
    assert "Guangdong" not in found.stderr
    assert "Beijing" not in found.stderr
    assert issubclass(SpecError, SurveysimError)


def test_config_check__a_plan_that_can_be_met(check):
    found = check("interviews = 9300\nminimum_per_province = 150\n")
    assert found.exit_code == 0, found.stderr
    assert "a survey of 9,300 interviews" in found.stdout


@pytest.mark.parametrize("command", ["check", "show"])
def test_config__takes_a_preset_as_its_message_offers(command):
    found = CliRunner().invoke(main, ["config", command, "cnnic-2024-12", "--set", "sample.landline_share=0.25"])
    assert found.exit_code == 0, found.stderr
    assert ("landline_share = 0.25" if command == "show" else "cnnic-2024-12: a survey of 22,047") in found.stdout
