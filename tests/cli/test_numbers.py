"""Numbers that make no sense, given to every option and argument of every command that takes a number: one message, or an answer."""

import warnings

import click
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from surveysim.cli import main

WRONG = (
    "x",
    "",
    "%",
    "nan",
    "nan%",
    "inf",
    "-inf",
    "-1",
    "0",
    "1e400",
    "1e308%",
    "1e308",
    "1e-320",
    str(10**25),
    str(2**64),
)
N = 24
COMMANDS = {  # {command: arguments with which it works}; options that are walked are put behind them
    "demo": (),
    "run": (),
    "study run": ("study.toml", "-o", "out"),
    "study replay": ("study.toml", "all"),
    "weights rake": ("data.csv", "--margins", "margins.csv", "-o", "raked.csv"),
    "weights apply": ("recipe.toml", "data.csv", "-o", "weighted.csv"),
    "weights diagnose": ("data.csv", "--margins", "margins.csv", "--weight", "w"),
    "estimate": ("data.csv", "--weight", "w", "--mean", "y", "--replicate-weights", "r*", "--replicate-kind", "jk1"),
    "estimate, raked": (
        "data.csv",
        "--weight",
        "w",
        "--mean",
        "y",
        "--rake",
        "margins.csv",
        "--replicates",
        "rao-wu",
        "--n",
        "5",
    ),
    "estimate, fay": (
        "data.csv",
        "--weight",
        "w",
        "--mean",
        "y",
        "--replicate-weights",
        "r*",
        "--replicate-kind",
        "fay",
    ),
    "tables": ("data.csv", "--spec", "tables.toml", "-o", "tables.md", "--weight", "w"),
    "waves": (
        "--wave",
        "a=data.csv",
        "--wave",
        "b=people.csv",
        "--mean",
        "y",
        "--weight",
        "w",
        "--replicates",
        "rao-wu",
        "--n",
        "5",
    ),
    "plan size": ("--moe", "3%"),
    "plan size, of n": ("--n", "100"),
    "plan power": ("--difference", "5%", "--power", "80%"),
    "plan power, of n": ("--n", "100", "--difference", "20%"),
    "plan clusters": (
        "--cost-cluster",
        "10",
        "--cost-interview",
        "2",
        "--icc",
        "0.05",
        "--moe",
        "3%",
    ),
    "plan allocate": ("strata.csv", "--n", "50", "--method", "power"),
    "audit": ("--json",),
    "audit statement": ("--moe", "3%"),
    "audit least": ("--json",),
    "reproduce": ("newcombe-1998",),
    "audit statement, of n": ("--n", "100", "--deff", "1.5"),
}
LONG = {"demo", "run", "audit", "audit least"}  # one answer takes seconds, so that only what has none is tried
REFUSED = ("x", "", "nan", "inf", "-1")
KEYS = 'population.table = "people.csv"\nstudy.repetitions = 2\nsample.n = 6\nestimands = [{name = "y", numerator = "y"}]\n'


def commands(group=main, name=()):
    for word, one in group.commands.items():
        if isinstance(one, click.Group):
            yield from commands(one, (*name, word))
            if one.invoke_without_command:
                yield " ".join((*name, word)), one
        else:
            yield " ".join((*name, word)), one


def numeric(parameter):
    return parameter.type.name in ("float", "integer", "share", "float range", "integer range") or isinstance(
        parameter.type, click.types.FloatParamType | click.types.IntParamType
    )


ALL = dict(commands())
TRIES = [
    pytest.param(
        name,
        given.opts[-1] if given.param_type_name == "option" else given.name,
        given.nargs,
        id=f"{name} {given.name}",
    )
    for name in COMMANDS
    for given in ALL[name.partition(",")[0]].params
    if numeric(given)
]


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("numbers")
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"y": rng.normal(5, 1, N), "g": list("ab") * 12, "w": rng.uniform(1, 3, N)})
    data.assign(**{f"r{k}": rng.uniform(1, 3, N) for k in range(4)}).to_csv(folder / "data.csv", index=False)
    data.to_csv(folder / "people.csv", index=False)
    pd.DataFrame({"variable": "g", "level": list("ab"), "percent": [40, 60]}).to_csv(
        folder / "margins.csv", index=False
    )
    pd.DataFrame({"stratum": list("ab"), "size": [100, 300], "sd": [1, 2]}).to_csv(folder / "strata.csv", index=False)
    (folder / "tables.toml").write_text('questions = ["y"]\nbanners = ["g"]\n', encoding="utf-8")
    (folder / "recipe.toml").write_text('[[steps]]\nkind = "BaseWeight"\ncolumn = "w"\n', encoding="utf-8")
    (folder / "study.toml").write_text(KEYS, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield


def said(name, *more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return CliRunner().invoke(main, [*name.partition(",")[0].split(), *COMMANDS[name], *more])


def test_the_walk__leaves_no_command_out():
    assert {name for name, command in ALL.items() if any(map(numeric, command.params))} == {
        name.partition(",")[0] for name in COMMANDS
    }


@pytest.mark.parametrize(
    "name", [name for name in COMMANDS if name not in LONG and name not in ("study replay", "estimate, fay")]
)
def test_commands__work_as_they_are(name):
    found = said(name)
    assert found.exit_code == 0, found.output


@pytest.mark.parametrize(("name", "option", "nargs"), TRIES)
def test_numbers__are_refused_in_one_message_or_have_an_answer(name, option, nargs):
    wrong = []
    for word in WRONG:
        if name in LONG and not (word in REFUSED or (option == "--seed" and word == str(2**64))):
            continue
        given = ("--", word) if not option.startswith("-") else (option, *[word] * nargs)
        found = said(name, *given)
        refused = isinstance(found.exception, SystemExit) and found.stderr.strip()
        if found.exit_code != 0 and not refused:
            wrong.append(f"{word!r}: exit {found.exit_code}, {found.exception!r} {found.output[-200:]}")
        elif found.exit_code == 0 and any(
            text in found.stdout.lower().replace("=", " ").split() for text in ("nan", "inf")
        ):
            wrong.append(f"{word!r}: {found.stdout[-200:]}")
    assert not wrong, "\n".join(wrong)
