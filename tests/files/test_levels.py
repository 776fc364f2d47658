"""A level means one thing, or is refused: labels that spell other codes, labels twice, texts that only look alike."""

import json
import unicodedata

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from click.testing import CliRunner

from surveysim import files
from surveysim.cli import main
from surveysim.errors import DataError, SurveysimWarning

N = 40


def made(path, labels, values=None, **more):
    data = pd.DataFrame({"s": np.tile([1.0, 2, 3, 1], N // 4) if values is None else values, "y": np.arange(N) * 1.0})
    write = pyreadstat.write_dta if path.suffix == ".dta" else pyreadstat.write_sav
    labels = {(int(k) if path.suffix == ".dta" and not isinstance(k, str) else k): v for k, v in labels.items()}
    write(data, str(path), variable_value_labels={"s": labels}, **more)
    return path


def surveysim(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


REVERSED = {1.0: "3", 2.0: "2", 3.0: "1"}
COUNTS = {1.0: "0", 2.0: "1", 3.0: "2", 4.0: "3+"}


@pytest.mark.parametrize("kind", ["sav", "zsav", "dta"])
@pytest.mark.parametrize("labels", [REVERSED, COUNTS], ids=["reversed", "counts"])
def test_every_command__refuses_levels_that_can_be_read_in_two_ways(kind, labels, tmp_path):
    path = made(tmp_path / f"a.{kind}", labels)
    (tmp_path / "m.csv").write_text("variable,level,percent\ns,1,50\ns,2,50\n", encoding="utf-8")
    (tmp_path / "by.csv").write_text("s,variable,level,total\n1,y,1,5\n2,y,1,5\n", encoding="utf-8")
    margins = ("--margins", tmp_path / "m.csv")
    for command in (
        ("estimate", path, "--mean", "y", "--rake", tmp_path / "m.csv"),
        ("estimate", path, "--mean", "y", "--where", "s=1"),
        ("estimate", path, "--mean", "y", "--where", "s!=2"),
        ("weights", "rake", path, *margins, "-o", tmp_path / f"o.{kind}"),
        ("weights", "rake", path, "--margins", tmp_path / "by.csv", "--by", "s", "-o", tmp_path / f"o.{kind}"),
        ("weights", "diagnose", path, "--weight", "y", *margins),
        ("estimate", path, "--mean", "y", "--na", "s=2"),
    ):
        done = surveysim(*command)
        if labels is REVERSED and command[-1] in ("s!=2", "s=2"):
            assert "2 (2)" not in done.stderr  # its label is its code
            continue
        assert done.exit_code == 2, command
        assert "can be the label" in done.stderr, (command, done.stderr)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("kind", ["sav", "dta"])
def test_levels__with_their_codes_are_read_in_one_way(kind, tmp_path):
    path = made(tmp_path / f"a.{kind}", REVERSED)
    (tmp_path / "m.csv").write_text("variable,level,percent\ns,3 (1),20\ns,2 (2),30\ns,1 (3),50\n", encoding="utf-8")
    done = surveysim("estimate", path, "--rake", tmp_path / "m.csv", "--proportion", "s", "--json")
    assert done.exit_code == 0, done.stderr
    assert "levels of 's' are called by their labels" in done.stderr
    found = {row["level"]: row["estimate"] for row in json.loads(done.stdout)}
    assert found == pytest.approx({"3": 0.2, "2": 0.3, "1": 0.5})
    by = {row["domain"]: row["estimate"] for row in
          json.loads(surveysim("estimate", path, "--mean", "y", "--by", "s", "--json").stdout)}  # fmt: skip
    for label, code in (("3", 1), ("1", 3)):
        one = json.loads(surveysim("estimate", path, "--mean", "y", "--where", f"s={label} ({code})", "--json").stdout)
        assert one[0]["estimate"] == pytest.approx(by[f"s={label}"])


def test_named__one_reading_is_enough(tmp_path):
    read = files.read(made(tmp_path / "a.sav", COUNTS, np.tile([1.0, 2, 3, 4], N // 4)))
    assert list(read.named("s", {"0", "1", "2", "3+"})[:4]) == ["0", "1", "2", "3+"]
    with pytest.warns(SurveysimWarning, match="are read as codes"):
        assert list(read.named("s", {"1", "2", "3", "4"})[:4]) == ["1", "2", "3", "4"]
    with pytest.warns(SurveysimWarning, match="numbers of 's' are its codes; the label '1' is that of code 2"):
        assert read.numbers("s")[0] == 1


def test_named__labels_that_are_their_own_codes_or_missing_codes_are_no_doubt(tmp_path):
    read = files.read(made(tmp_path / "a.sav", {1.0: "1", 2.0: "2", 3.0: "3 or more"}))
    assert list(read.named("s", {"1", "2"})[:3]) == ["1", "2", "3"]
    values = np.tile([1.0, 2, 9, 1], N // 4)
    read = files.read(
        made(tmp_path / "b.sav", {1.0: "9", 2.0: "8", 9.0: "refused"}, values, missing_ranges={"s": [9.0]})
    )
    found = read.named("s", {"9", "8"})[:4]
    assert found.isna().tolist() == [False, False, True, False]
    assert found.dropna().tolist() == ["9", "8", "9"]


def test_named__a_label_that_spells_a_code_without_a_label(tmp_path):
    read = files.read(made(tmp_path / "a.sav", {1.0: "2"}))
    with pytest.raises(DataError, match="can be the label '2', of code 1"):
        read.named("s", {"2"})
    with pytest.warns(SurveysimWarning, match="called by their labels"):
        assert list(read.levelled("s").categories) == ["2 (1)", "2", "3"]


@pytest.mark.parametrize("kind", ["csv", "sav", "parquet", "xlsx"])
@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        ("Zürich", unicodedata.normalize("NFD", "Zürich"), "NFC and NFD"),
        (unicodedata.normalize("NFD", "Québec"), "Québec", "NFC and NFD"),
        ("north", "North", "other capitals"),
        ("north  east", "north east", "other blanks"),
        ("18-34", "１８-３４", "other characters that look the same"),
    ],
)
def test_named__levels_that_look_alike_are_hinted(kind, ours, theirs, words, tmp_path):
    files.write_table(pd.DataFrame({"place": [ours, "x"], "é": [1, 2]}), tmp_path / f"a.{kind}")
    read = files.read(tmp_path / f"a.{kind}")
    with pytest.raises(DataError, match=words):
        read.named("place", {theirs, "x"})
    with pytest.raises(DataError, match="NFC and NFD"):
        read.text(unicodedata.normalize("NFD", "é"))


def test_named__two_levels_that_look_the_same_are_said(tmp_path):
    both = ["é", unicodedata.normalize("NFD", "é"), "a"]
    files.write_table(pd.DataFrame({"x": both}), tmp_path / "a.csv")
    with pytest.warns(SurveysimWarning, match="2 levels that look like"):
        files.read(tmp_path / "a.csv").named("x", {"é", "a"})
