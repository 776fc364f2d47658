"""Packages whose names are imported when somebody first asks for them, so that what is not used costs no time at the start."""

import sys
from importlib import import_module
from importlib.util import find_spec


def on_demand(package, homes):
    """`__getattr__` and `__dir__` of a package: homes {module: names in it}. Modules are names too."""
    where = {name: module for module, names in homes.items() for name in names.split()}

    def getattr_(name):
        if name == "__all__":  # what `from package import *` asks for
            return list(where)
        if name not in where:
            if not name.startswith("_") and find_spec(f"{package}.{name}") is not None:
                return import_module(f".{name}", package)
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f".{where[name]}", package), name)
        setattr(sys.modules[package], name, value)
        return value

    def dir_():
        return sorted({*vars(sys.modules[package]), *where})

    return getattr_, dir_


class Later:
    """A module that is imported when somebody first asks it for something; what stands in its place until then.

    package, name : as for `importlib.import_module`.
    """

    def __init__(self, package, name):
        self.__dict__["_where"] = name, package

    def __getattr__(self, name):
        value = getattr(import_module(*self._where), name)
        if not name.startswith("__"):
            self.__dict__[name] = value
        return value
