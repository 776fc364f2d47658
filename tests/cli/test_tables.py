"""The command `surveysim tables`: from an SPSS file and a specification to the files of a client."""

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest
from click.testing import CliRunner

from surveysim.cli import main

SPEC = """
title = "Client"
questions = ["rating", "hours", {columns = ["phone", "tv"], counted = "yes", label = "Devices"}, {column = "age", kind = "mean"}]
banners = ["sex", ["sex", "region"]]
show = ["interval"]
rule = ["nchs"]
alpha = [0.05, 0.1]
notes = ["Fieldwork in June."]
labels = {age = "Age in years"}
"""
pytestmark = pytest.mark.filterwarnings("ignore::surveysim.SurveysimWarning")
YES = {0.0: "no", 1.0: "yes"}


@pytest.fixture
def place(tmp_path, monkeypatch):
    rng, n = np.random.default_rng(8), 400
    table = pd.DataFrame(
        {
            "rating": rng.choice([1.0, 2.0, 3.0, 9.0], n),
            "sex": rng.choice([1.0, 2.0], n),
            "hours": rng.gamma(4, 5, n).round(1),
            "region": np.repeat([10.0, 9.0], n // 2),
            "phone": rng.choice([0.0, 1.0], n),
            "tv": rng.choice([0.0, 1.0], n),
            "age": rng.integers(18, 80, n).astype(float),
            "w": rng.uniform(1, 3, n),
        }
    )
    values = {
        "rating": {1.0: "good", 2.0: "fair", 3.0: "bad", 9.0: "refused"},
        "sex": {1.0: "male", 2.0: "female"},
        "phone": YES,
        "tv": YES,
    }
    names = {"rating": "Rating of the service", "phone": "Mobile phone", "sex": "Sex of respondent"}
    pyreadstat.write_sav(
        table,
        str(tmp_path / "s.sav"),
        column_labels=names,
        variable_value_labels=values,
        missing_ranges={"rating": [9.0]},
    )
    (tmp_path / "t.toml").write_text(SPEC, encoding="utf-8")
    margins = pd.DataFrame({"variable": "sex", "level": ["male", "female"], "total": [400, 420]})
    margins.to_csv(tmp_path / "margins.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return table


def run(*arguments):
    return CliRunner().invoke(main, ["tables", "s.sav", "--spec", "t.toml", *arguments])


def test_tables__from_spss_to_every_file(place, tmp_path):
    outs = [f"t.{kind}" for kind in ("xlsx", "html", "docx", "tex", "md", "csv")]
    found = run(
        *[part for out in outs for part in ("-o", out)], "--weight", "w", "--strata", "region", "--rake", "margins.csv"
    )
    assert found.exit_code == 0, found.output
    assert all((tmp_path / out).stat().st_size > 500 for out in outs)
    text = (tmp_path / "t.md").read_text(encoding="utf-8")
    for words in (
        "Rating of the service",
        "male",
        "good",
        "Devices",
        "Mobile phone",
        "Age in years",
        "Fieldwork in June",
        "Client",
    ):
        assert words in text
    assert "refused" not in text  # user-missing
    table = pd.read_csv("t.csv")
    assert set(table["banner"]) == {"sex", "sex*region"} or len(set(table["banner"])) == 2
    assert openpyxl.load_workbook("t.xlsx").sheetnames[:2] == ["Contents", "Sex of respondent"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("banners", "baners"), "did you mean 'banners'"),
        (('"interval"', '"intervall"'), "did you mean 'interval'"),
        (('"hours"', '"hourz"'), "did you mean 'hours'"),
        (('kind = "mean"', 'kind = "average"'), "kind"),
        (('column = "age"', 'columns = ["age"]'), "one column"),
        (('["nchs"]', '["nhcs"]'), "nchs"),
        (("title =", "title"), "no TOML"),
        (("labels = {age", "labels = {agee"), "did you mean 'age'"),
    ],
)
def test_tables__mistakes_of_the_specification_are_one_message(place, tmp_path, change, said):
    (tmp_path / "t.toml").write_text(SPEC.replace(*change), encoding="utf-8")
    found = run("-o", "t.md", "--weight", "w")
    assert found.exit_code == 2
    assert said in found.output
    assert not (tmp_path / "t.md").exists()


def test_tables__refuse_files_they_cannot_write_and_options_without_effect(place):
    assert "tables are written as" in run("-o", "t.pdf").output
    assert "read and would be written over" in run("-o", "t.toml").output
    assert "--nest" in run("-o", "t.md", "--nest").output
