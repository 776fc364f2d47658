"""The command `surveysim waves`: the numbers of `combine`, from files."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import surveysim as ss
from surveysim.cli import main

FILES = ("waves", "--wave", "2023=a.csv", "--wave", "2024=b.csv")
DESIGN = ("--weight", "w", "--strata", "h", "--psu", "village")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("waves"), {}
    for seed, name in enumerate("ab"):
        rng = np.random.default_rng(seed)
        table = pd.DataFrame({"id": range(80), "village": np.repeat(range(20), 4), "h": np.repeat(list("ns"), 40)})
        table = table.assign(y=rng.normal(table["village"], 1), sex=rng.choice(list("fm"), 80), w=rng.uniform(1, 3, 80))
        made[name] = table.assign(online=rng.choice(["yes", "no"], 80))
        made[name].to_csv(folder / f"{name}.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield made


def run(*arguments):
    return CliRunner().invoke(main, [*FILES, *arguments])


@pytest.mark.parametrize(
    ("options", "given"),
    [
        ((), {}),
        (("--overlap", "psu"), {"overlap": "psu"}),
        (("--overlap", "people", "--person", "id"), {"overlap": "people", "person": "id"}),
    ],
)
def test_waves__as_combine(place, options, given):
    both = ss.combine({y: ss.Survey(place[k], "w", "h", "village") for y, k in (("2023", "a"), ("2024", "b"))}, **given)
    both = both.where((both.data["sex"] == "f").to_numpy())
    found = run(*DESIGN, *options, "--mean", "y", "--proportion", "online", "--by", "h", "--where", "sex=f", "--json")
    assert found.exit_code == 0, found.output
    expected = []
    for e in (both.mean("y", by=["wave", "h"]), both.proportion("online", by=["wave", "h"])):
        expected += [e.table, e.change().table]
    table, expected = pd.DataFrame(json.loads(found.stdout)), pd.concat(expected, ignore_index=True)
    assert table["domain"].tolist() == expected["domain"].tolist()
    for column in ("estimate", "se", "lower", "upper"):
        np.testing.assert_allclose(table[column].astype(float), expected[column], rtol=1e-12)


def test_waves__relative_in_replicates_to_a_file(place):
    found = run(
        *DESIGN,
        "--overlap",
        "psu",
        "--total",
        "y",
        "--relative",
        "--base",
        "2024",
        "--replicates",
        "jkn",
        "-o",
        "out.csv",
    )
    assert found.exit_code == 0, found.output
    both = ss.combine({y: ss.Survey(place[k], "w", "h", "village") for y, k in (("2023", "a"), ("2024", "b"))}, "psu")
    change = both.replicates("jkn").total("y", by="wave").change("2024", relative=True).table
    last = pd.read_csv("out.csv").iloc[-1]
    assert last["domain"] == change["domain"][0]
    assert last["se"] == pytest.approx(change["se"][0])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*FILES[:3], "--mean", "y"), "give two or more"),
        ((*FILES, "--wave", "2023=b.csv", "--mean", "y"), "each name once"),
        ((*FILES, "--wave", "c.csv", "--mean", "y"), "NAME=FILE"),
        (FILES, "nothing to estimate"),
        ((*FILES, "--mean", "y", "--overlap", "people"), "person"),
        ((*FILES, "--mean", "y", "--base", "2022"), "give one of '2023', '2024'"),
        ((*FILES, "--mean", "y", "-o", "a.csv"), "is read and would be written over"),
        ((*FILES, "--mean", "y", "--seed", "2"), "rao-wu"),
    ],
)
def test_waves__refuses(place, arguments, words):
    found = CliRunner().invoke(main, list(arguments))
    assert found.exit_code == 2, found.output
    assert words in found.output
