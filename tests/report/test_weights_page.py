"""The page of a raked file: whole, of itself, in both languages, and what a hostile file cannot do."""

import re

import pandas as pd
import pytest
from click.testing import CliRunner

import surveysim as ss
from surveysim.cli import main
from surveysim.report import html
from surveysim.report.weights_page import write_weights_report
from surveysim.weighting import diagnose

NAMES = {"file": "client.csv", "column": "raked", "initial": ""}


def page(path, table, margins, lang="en", names=NAMES, **options):
    found = ss.rake(table, margins, **options)
    report = diagnose(table, found, margins, **options)
    return write_weights_report(found, report, path, names, lang).read_text(encoding="utf-8")


TABLE = pd.DataFrame({"sex": list("mfff") * 5, "area": ["north"] * 10 + ["south"] * 10})
MARGINS = {"sex": {"m": 0.5, "f": 0.5}, "area": {"north": 0.5, "south": 0.5}}


@pytest.mark.parametrize(("lang", "words"), [("en", ["Kish", "sex: m", "0.00"]), ("zh", ["有效样本量", "权数"])])
def test_page__has_margins_weights_and_pictures(tmp_path, lang, words):
    text = page(tmp_path / "page.html", TABLE, MARGINS, lang)
    assert all(word in text for word in words)
    assert text.count("<title>") == 2  # the page's, and a sentence for the picture of weights
    assert text.count('<figure class="strips">') == 2  # one for each margin
    assert "<h1>" + html.labels(lang)["raked_met"].format(file="client.csv", effective="15", n="20") in text
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)
    assert "<script" not in text
    assert "<td>50.0</td><td>25.0</td><td>50.0</td><td>0.00</td>" in re.sub(
        ' data-head="[^"]*"', "", text
    )  # men: target, before, after, gap


def test_partitions_and_many_rows__are_folded(tmp_path):
    table = pd.DataFrame({"sex": list("mf") * 80, "area": [f"area {k // 4}" for k in range(160)]})
    margins = {area: {"sex": {"m": 10, "f": 20}} for area in table["area"].unique()}
    text = page(tmp_path / "page.html", table, margins, by="area")
    assert "<details>" in text
    assert "area 39 · sex: f" in text


def test_hostile_names__are_harmless(tmp_path):
    table = TABLE.assign(sex=["<script>alert(1)</script>" if s == "m" else s for s in TABLE["sex"]])
    margins = {"sex": {"<script>alert(1)</script>": 0.5, "f": 0.5}}
    text = page(tmp_path / "page.html", table, margins, names=NAMES | {"file": "<b>.csv"})
    assert "<script>" not in text
    assert "<b>" not in text


def test_command__writes_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    TABLE.to_csv("client.csv", index=False)
    pd.DataFrame({"variable": "sex", "level": ["m", "f"], "percent": [50, 50]}).to_csv("margins.csv", index=False)
    rake = ["weights", "rake", "client.csv", "--margins", "margins.csv", "-o", "out.csv"]
    done = CliRunner().invoke(main, [*rake, "--report", "page.html"])
    assert done.exit_code == 0, done.output
    assert "page.html" in done.output
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert CliRunner().invoke(main, [*rake, "--report", "client.csv"]).exit_code == 2  # it is read
    assert CliRunner().invoke(main, [*rake, "--lang", "zh"]).exit_code == 2  # of what page?
