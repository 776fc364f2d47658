"""Packages whose names are imported when somebody first asks for them, so that what is not used costs no time at the start."""

from __future__ import annotations

import sys
from importlib import import_module

TYPE_CHECKING = False  # that of `typing`, which takes longer than all of this
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def on_demand(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package whose `__init__.pyi` says where each of its names is at home. Modules are names too."""
    where: dict[str, str] = {}

    def homes() -> dict[str, str]:
        where.update({} if where else _homes(package))
        return where

    def getattr_(name: str) -> Any:
        if name == "__all__":  # what `from package import *` asks for
            return list(homes())
        if name in homes():
            value = getattr(import_module(homes()[name], package), name)
            setattr(sys.modules[package], name, value)
            return value
        try:
            if not name.startswith("_"):
                return import_module(f".{name}", package)
        except ModuleNotFoundError as error:
            if error.name != f"{package}.{name}":
                raise
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def dir_() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes()})

    return getattr_, dir_


def _homes(package: str) -> dict[str, str]:
    """{name: module it is imported from} of the file that tells checkers of types about a package."""
    import ast  # here, because a package of which nothing is asked needs none

    with open(f"{sys.modules[package].__file__}i", encoding="utf-8") as file:
        imports = (node for node in ast.parse(file.read()).body if isinstance(node, ast.ImportFrom))
        return {alias.name: "." * node.level + (node.module or "") for node in imports for alias in node.names}


class Later:
    """A module that is imported when somebody first asks it for something; what stands in its place until then.

    package, name : as for `importlib.import_module`.
    """

    def __init__(self, package: str | None, name: str) -> None:
        self.__dict__["_where"] = name, package

    def __getattr__(self, name: str) -> Any:
        value = getattr(import_module(*self._where), name)
        if not name.startswith("__"):
            self.__dict__[name] = value
        return value
