"""One version and one list of what is needed, wherever a release says them."""

import re
import tomllib
from pathlib import Path

import surveysim as ss

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA = {"matplotlib": "matplotlib-base"}  # what conda-forge calls a package


def found(pattern, name):
    return re.findall(pattern, (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)


def test_version__is_one():
    said = [
        *found(r'^version = release = "(.*)"', "docs/conf.py"),
        *found(r"^version: (.*)", "CITATION.cff"),
        *found(r'^  version: "(.*)"', "packaging/conda/recipe.yaml"),
        ss.__version__,
    ]
    assert said == [PROJECT["version"]] * 4


def test_version__has_its_part_of_the_changelog():
    assert found(r"^## (\S+) \(\d{4}-\d\d-\d\d\)", "CHANGELOG.md")[0] == PROJECT["version"]


def test_recipe__needs_what_the_package_needs():
    def plain(lines):
        return {line.replace(" ", "") for line in lines}

    needed = found(r"^    - (\S+ ?>=\S+)", "packaging/conda/recipe.yaml")
    report = [
        CONDA.get(re.split("[>=]", x)[0], re.split("[>=]", x)[0]) for x in PROJECT["optional-dependencies"]["report"]
    ]
    assert plain(needed) - plain(PROJECT["dependencies"]) == plain(
        [f"python{PROJECT['requires-python']}", *(x for x in needed if x.split()[0] in report)]
    )
    assert plain(PROJECT["dependencies"]) <= plain(needed)
