"""`surveysim plan power` and `plan clusters`."""

import json

import pytest
from click.testing import CliRunner

import surveysim as ss
from surveysim import sampling
from surveysim.cli import main


def run(*words, code=0):
    done = CliRunner().invoke(main, ["plan", *words])
    assert done.exit_code == code, done.output
    return done.output


def test_plan_power__finds_the_third():
    found = json.loads(
        run("power", "--difference", "3%", "--power", "80%", "--p", "0.4", "--m", "10", "--icc", "0.02", "--json")
    )
    assert found["n"] == found["select"] == ss.sample_size(difference=0.03, p=0.4, m=10, icc=0.02)
    found = json.loads(
        run("power", "--n", "900", "--difference", "0.05", "--overlap", "50%", "--correlation", "0.7", "--json")
    )
    assert found["power"] == ss.power(900, 0.05, overlap=0.5, correlation=0.7)
    found = json.loads(run("power", "--n", "900", "--power", "90%", "--sd", "12", "--sides", "1", "--json"))
    assert found["difference"] == sampling.detectable(900, 0.9, sd=12, sides=1)


def test_plan_power__says_it_in_words():
    text = run("power", "--difference", "3%", "--power", "80%", "--p", "40%", "--response", "40%")
    assert text.startswith("4,234 interviews in each group see a difference of 3 points from p = 40 %")
    assert text.endswith("Select 10,585 for them.\n")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["power", "--n", "100"], "give two of"),
        (["power", "--n", "100", "--power", "80%", "--difference", "3%"], "give two of"),
        (["power", "--n", "100", "--power", "80%", "--response", "40%"], "--response"),
        (["clusters", "--cost-cluster", "10", "--cost-interview", "1"], "either --budget or --moe"),
    ],
)
def test_plan__refuses_usage(words, text):
    assert text in run(*words, code=2)


def test_plan_clusters():
    words = ["clusters", "--icc", "0.05", "--cost-cluster", "750", "--cost-interview", "100", "--moe", "3%"]
    assert run(*words).startswith("138 clusters of 12 interviews")
    assert json.loads(run(*words, "--json")) == vars(sampling.clusters(0.05, (750, 100), moe=0.03))


def test_plan_fieldwork__counts_all_numbers(tmp_path):
    (tmp_path / "small.toml").write_text(
        "[population]\nscale = 0.01\n[sample]\ninterviews = 4000\nminimum_per_province = 0\nminimum_per_unit = 2\n"
    )
    spec = ss.SurveySpec.from_toml(tmp_path / "small.toml")
    done = CliRunner().invoke(main, ["plan", "fieldwork", str(tmp_path / "small.toml"), "--json"])
    assert done.exit_code == 0, done.output
    found, expected = json.loads(done.stdout), spec.expect()
    assert found["costs"][0]["calls"] == expected.costs()["calls"][0]
    assert "numbers counted" in done.stderr
    text = CliRunner().invoke(main, ["plan", "fieldwork", str(tmp_path / "small.toml"), "--by", "province"]).stdout
    assert text.startswith(expected.summary())
    assert "bias in points" in text
