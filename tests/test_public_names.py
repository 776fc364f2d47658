"""The public names: few, in data-flow order, all there, all documented."""

import importlib
import inspect
import re
from pathlib import Path

import surveysim

DOCS = Path(__file__).parents[1] / "docs"
ROOMS = [
    "sampling",
    "fieldwork",
    "weighting",
    "estimation",
    "judging",
    "survey",
    "study",
    "audit",
    "published",
    "files",
    "registry",
    "pictures",
]
USED = re.compile(rf"(?:\bss\.|\bsurveysim\.|`)({'|'.join(ROOMS)}|validation)\.([A-Za-z]\w*)")
TAKEN = re.compile(rf"^from surveysim\.({'|'.join(ROOMS)}|validation) import \(?([\w, ]+)", re.M)


def test_names__are_few_and_resolve():
    assert len(surveysim.__all__) <= 36
    for name in surveysim.__all__:
        assert getattr(surveysim, name).__doc__, name


def listed():
    """Names on the API page, without `surveysim.`."""
    page = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
    return [line.split()[-1].removeprefix("surveysim.") for line in page.splitlines() if line.startswith(".. auto")]


def test_docs__list_exactly_the_public_names():
    assert [name for name in listed() if "." not in name] == list(surveysim.__all__)


def test_docs__list_what_the_doors_of_rooms_hand_out():
    """Each once: what has a name of the package is listed under that, and what moved under its room."""
    named = [name for name in listed() if "." in name]
    assert len(named) == len(set(named))
    handed_out = {
        f"{room}.{name}"
        for room in ROOMS
        for name, thing in inspect.getmembers(importlib.import_module(f"surveysim.{room}"))
        if name not in surveysim.__all__ and not name.startswith("_") and not inspect.ismodule(thing)
    } - {f"{room}.on_demand" for room in ROOMS}
    moved = {
        f"study.{name}" for name in ["ErrorBudget", "SurveyRun", "bootstrap_coverage", "compare", "repetitions_needed"]
    }
    assert {name for name in named if name.count(".") == 1} - {"validation.validate"} == handed_out - moved


def asked_for():
    """{name of a room: pages and examples that use it}."""
    found = {}
    pages = [path for path in DOCS.rglob("*.md") if "_build" not in path.parts and path.name != "api.md"]
    for path in [*pages, *(DOCS.parent / "examples").glob("*.py"), DOCS.parent / "README.md"]:
        text = path.read_text(encoding="utf-8")
        names = [match.groups() for match in USED.finditer(text)]
        names += [
            (room, name) for room, several in TAKEN.findall(text) for name in re.split(r"[,\s]+", several) if name
        ]
        for room, name in names:
            thing = getattr(importlib.import_module(f"surveysim.{room}"), name, None)
            if name in dir(importlib.import_module(f"surveysim.{room}")) and not inspect.ismodule(thing):
                found.setdefault(f"{room}.{name}", set()).add(path.name)
    return found


def test_docs__list_what_guides_and_examples_use():
    """Of a room's names; what the package itself has is listed as that."""
    used = {name: pages for name, pages in asked_for().items() if name.partition(".")[2] not in surveysim.__all__}
    assert {"weighting.Rake", "weighting.Released", "files.read"} <= set(used)
    assert not {name: pages for name, pages in used.items() if name not in listed()}


def test_moved_names__are_at_the_door_of_studies_for_one_release():
    from surveysim import judging, study, survey

    homes = {survey: "SurveySpec SurveyRun ErrorBudget error_budget"}
    homes |= {judging: "bootstrap_coverage compare performance repetitions_needed"}
    for home, names in homes.items():
        for name in names.split():
            assert getattr(study, name) is getattr(home, name)
