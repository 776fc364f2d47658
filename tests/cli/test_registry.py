"""`surveysim registry …` on the files of the examples."""

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from surveysim.cli import main

FILES = Path(__file__).parents[2] / "examples" / "registry"
DELEGATED, LIST, OPERATORS, DOMAINS = (
    str(FILES / name) for name in ("delegated-apnic-extended.txt", "allocations.csv", "operators.csv", "domains.csv")
)


def run(*arguments):
    return CliRunner().invoke(main, ["registry", *map(str, arguments)])


@pytest.mark.parametrize("by", ["region", "province", "holder", "operator"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_addresses__everything_is_written(tmp_path, by, lang):
    done = run(
        "addresses", DELEGATED, "--list", LIST, "--operators", OPERATORS, "--by", by, "--lang", lang, "-o", tmp_path
    )
    assert done.exit_code == 0, done.output
    assert "661,504 IPv4 addresses" in done.stdout
    assert "malformed or repeated lines 4, of them not counted 3" in done.stderr
    assert "line 17:" in done.stderr
    names = {path.stem for path in tmp_path.iterdir()}
    assert names == {
        *(f"addresses-by-{k}" for k in ("region", "province", "holder", "operator")),
        *("table-1", *(f"appendix-{k}" for k in range(1, 6)), "conflicts", "discrepancies", "problems"),
    }
    assert pd.read_csv(tmp_path / "addresses-by-region.csv")["ipv4"].sum() == 661_504
    assert len(pd.read_csv(tmp_path / "problems.csv")) == 4


def test_addresses__json_has_every_list():
    done = run("addresses", DELEGATED, "--list", LIST, "--operators", OPERATORS, "--json")
    found = json.loads(done.stdout)
    assert [row["ipv4"] for row in found["addresses-by-region"]] == [463_872, 65_536, 1_024, 131_072]
    assert [d["difference"] for d in found["discrepancies"]] == [1, 1, -65536, 65536, 256, 4]
    assert [c["addresses"] for c in found["conflicts"]] == [65536, 256]
    assert [p["line"] for p in found["problems"]] == [17, 6, 7, 10]


def test_addresses__one_country_only():
    found = json.loads(run("addresses", DELEGATED, "--country", "cn", "--json").stdout)
    assert [row["region"] for row in found["addresses-by-region"]] == ["CN"]


@pytest.mark.parametrize("by", ["suffix", "category", "province", "registrant"])
def test_domains__everything_is_written(tmp_path, by):
    done = run("domains", DOMAINS, "--by", by, "--lang", "zh", "-o", tmp_path)
    assert done.exit_code == 0, done.output
    assert "16 names" in done.stdout
    assert "line 19:" in done.stderr
    assert pd.read_csv(tmp_path / "domains-by-suffix.csv")["domains"].sum() == 16
    assert pd.read_csv(tmp_path / "table-2.csv").iloc[-1, 1] == 16


def test_report__its_slips():
    done = run("report")
    assert done.exit_code == 0
    assert "3 discrepancies" in done.stdout
    assert len(json.loads(run("report", "--lang", "zh", "--json").stdout)["discrepancies"]) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("addresses", DELEGATED, "--strict"), "line 17"),
        (("addresses", DELEGATED, "--list", LIST, "--strict"), "line 17"),
        (("addresses", LIST), "statistics exchange format"),
        (("addresses", "nowhere.txt"), "no such file"),
        (("addresses",), "Missing argument"),
        (("addresses", DELEGATED, "--list", DOMAINS), "no column 'start'"),
        (("addresses", DELEGATED, "--country", "China"), "no country code"),
        (("domains", DOMAINS, "--strict"), "line 5"),
        (("domains", LIST), "no column 'domain'"),
        (("domains", DELEGATED), "the name ends in '.txt'"),
        (("domains", DOMAINS, "--by", "city"), "city"),
        (("domains", DOMAINS, "-o", DOMAINS), "is a file"),
    ],
)
def test_bad_input__ends_with_exit_code_2(arguments, words):
    done = run(*arguments)
    assert done.exit_code == 2
    assert words in done.stderr
    assert "Traceback" not in done.output


def test_hostile_names__are_text_in_the_files(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("start,holder\n10.0.0.0/24,\"=cmd|' /C calc'!A0\"\n")
    assert run("addresses", DELEGATED, "--list", path, "-o", tmp_path / "out").exit_code == 0
    assert "'=cmd" in (tmp_path / "out" / "addresses-by-holder.csv").read_text()
