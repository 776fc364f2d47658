"""Packages whose names come when they are asked for."""


def test_a_star_imports_what_a_package_has():
    """`from surveysim.weighting import *`, and the other packages whose names come when they are asked for."""
    for package in ("weighting", "estimation", "study", "sampling", "population"):
        found = {}
        exec(f"from surveysim.{package} import *", found)
        assert len(found) > 1, package
    assert {"Recipe", "Rake", "calibrate"} <= set(_star("weighting"))


def _star(package):
    found = {}
    exec(f"from surveysim.{package} import *", found)
    return found
