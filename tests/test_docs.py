"""The documentation runs as it stands: Python block after block, and every command at a small size."""

import re
import shlex
import shutil
import warnings
from pathlib import Path

import pytest
from click.testing import CliRunner

from surveysim.cli import main
from surveysim.errors import SurveysimWarning

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(p.relative_to(DOCS).as_posix() for p in DOCS.rglob("*.md") if "_build" not in p.parts)
PAGES.append("../README.md")
SMALL_STUDY = ["--set", "study.repetitions=4", "--set", "population.scale=0.01"]
WARNING = {"tutorials/first-hour.md"}  # pages about files whose commands have something to say
BLOCK = re.compile(r"^```(python|sh|csv|toml)\n(.*?)^```", re.S | re.M)
NAMED = re.compile(r"# ([\w.-]+\.(?:csv|toml))\n")


def blocks(page):
    return BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))


def commands(text):
    """The surveysim commands of a block, as lists of arguments; lines that end in a backslash go on."""
    lines = text.replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("surveysim ")]


def small(arguments):
    """The same command at a size that takes seconds."""
    text = re.sub(r"--repetitions \d+", "--repetitions 2", shlex.join(arguments))
    text = text.replace("-o docs/", "-o made/")
    text = text.replace(" --full", "")  # of published results, which takes hours
    more = SMALL_STUDY if arguments[0] == "study" else ["--committed"] if arguments[0] == "validate" else []
    return [*shlex.split(text), *more]


@pytest.mark.everyday(11)
@pytest.mark.parametrize("page", [p for p in PAGES if any(kind in ("python", "sh") for kind, _ in blocks(p))])
def test_docs__run(page, tmp_path, monkeypatch, capsys):
    """Files that blocks name are there first; then Python and commands in their order, in a folder with the recipes of examples/."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(DOCS.parent / "examples" / "recipes", tmp_path / "examples" / "recipes")
    found, names = blocks(page), {}
    for kind, text in found:
        named = NAMED.match(text)
        if kind in ("csv", "toml") and named:
            Path(named.group(1)).write_text(text[named.end() :], encoding="utf-8")
    for kind, text in found:
        if kind == "python" and page != "how-to/cluster.md":  # that one needs a cluster
            exec(compile(text, page, "exec"), names)
        for arguments in commands(text) if kind == "sh" else []:
            with warnings.catch_warnings():
                if page in WARNING:
                    warnings.simplefilter("always", SurveysimWarning)
                done = CliRunner().invoke(main, small(arguments))
            assert done.exit_code == 0, (arguments, done.output[-1500:], done.exception)


def test_docs__commands_are_found():
    """The search for commands finds those that are there, so that the test above cannot pass by finding none."""
    everything = sum(
        text.count("\nsurveysim ") + text.startswith("surveysim ") for p in PAGES for k, text in blocks(p) if k == "sh"
    )
    assert everything == sum(len(commands(text)) for p in PAGES for k, text in blocks(p) if k == "sh") > 15


def test_statements_of_the_appendix__name_files_and_runs_that_are_there():
    """24 rows; the code of each is a file of the package, and what shows it a page, unless it is an assumption or the demo."""
    page = DOCS / "explanation" / "survey.md"
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", page.read_text(encoding="utf-8"), re.M)
    assert [int(number) for number, _ in rows] == list(range(1, 25))
    for number, row in rows:
        cells = row.split(" | ")
        assert len(cells) == 5, number
        assert re.search("[\u4e00-\u9fff]", cells[0]), number
        for file in re.findall(r"`([\w/]+\.py)`", cells[2]):
            assert (DOCS.parent / "src" / "surveysim" / file).exists(), file
        links = re.findall(r"\]\(([\w/-]+\.md)\)", cells[4])
        assert links or any(word in cells[4] for word in ("surveysim demo", "assumption", "report page")), number
        for link in links:
            assert (page.parent / link).exists(), link


def test_parameters__have_an_entry_each_on_the_page(monkeypatch):
    """Several in a line, as docstrings write them, and what goes on below; examples stay."""
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    from parameters import divided

    lines = [
        "What.",
        "",
        "Parameters",
        "----------",
        "n : interviews (at least 2). p, q : shares;",
        "    0.5 is the worst.",
        "",
        "Notes",
        "-----",
        "x : y",
    ]
    made = [line for line in divided(lines) if line]
    assert made[3:] == [
        "n",
        "    interviews (at least 2).",
        "p, q",
        "    shares; 0.5 is the worst.",
        "Notes",
        "-----",
        "x : y",
    ]
