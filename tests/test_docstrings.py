"""The examples of the docstrings run as they stand and print what they say; every public name has one."""

import doctest
import importlib
from pathlib import Path

import pytest

import surveysim

ROOT = Path(surveysim.__file__).parent
MODULES = [
    ".".join(("surveysim", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
    for path in sorted(ROOT.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]
PUBLIC = [
    name
    for name in surveysim.__all__
    if getattr(surveysim, name).__module__ != "surveysim.errors" or name == "SurveysimError"
]


def examples(thing, name):
    """Doctests of a module, class or function, with no names but those they import."""
    found = doctest.DocTestFinder(recurse=True).find(thing, name, globs={})
    return [test for test in found if test.examples]


@pytest.mark.parametrize("module", MODULES)
def test_examples__print_what_they_say(module, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some write a file
    tests = examples(importlib.import_module(module), module)
    assert tests, "the module has examples that no docstring holds"
    said = []
    for test in tests:
        doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert not said, "".join(said)


def test_modules__include_those_of_public_names():
    homes = {getattr(surveysim, name).__module__ for name in surveysim.__all__}
    assert homes <= set(MODULES)


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names__have_an_example(name):
    assert examples(getattr(surveysim, name), name)
