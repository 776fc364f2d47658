"""`config check` plans a survey, and names every province that cannot be met."""

import pytest
from click.testing import CliRunner

from surveysim import SpecError, SurveysimError
from surveysim.cli import main
from surveysim.survey import SurveySpec
from surveysim.survey.preparation import prepare

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
