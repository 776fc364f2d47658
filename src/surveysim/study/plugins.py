"""Estimators that stand in files: found and looked at without running them, loaded when a study runs."""

import ast
import hashlib
import importlib
import importlib.machinery
import importlib.util
import sys
import traceback
import types
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from .. import guards
from ..aliases import Pathname
from ..errors import SpecError
from . import faults

ANYTHING = (
    "exec",
    "eval",
    "globals",
    "setattr",
    "vars",
    "__getattr__",
)  # names by which a file may define what is not written there


def loaded(reference: str, folder: Pathname) -> Callable[..., Any]:
    """The callable of "module:function" or "file.py:function", files beside the study's, as they are now. Runs the file."""
    where, _, name = reference.rpartition(":")
    path = str(Path(folder) / where) if where.endswith(".py") else None
    try:
        made = _module(path, _read(path)) if path else importlib.import_module(where)
    except BaseException as error:
        if isinstance(error, SpecError) or not faults.of_plugin(error):
            raise
        raise _refused(reference, f"{_place(error, path)}{faults.told(error)}") from None
    found = getattr(made, name, None)
    if found is None:
        raise _refused(reference, f"it has no {guards.sight(name)}")
    if not callable(found):
        raise SpecError(f"call = {guards.sight(reference)} is a {type(found).__name__}, not a function of a sample.")
    return found


def checked(reference: str, folder: Pathname) -> None:
    """SpecError where a plug-in cannot be loaded, as far as its file tells without being run."""
    name = reference.rpartition(":")[2]
    path = _found(reference, folder)
    if path is None or path.suffix != ".py":
        return
    try:
        tree = ast.parse(_read(path), str(path))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _refused(reference, f"{_place(error, str(path))}{faults.told(error)}") from None
    names = _names(tree)
    if name not in names and not names & {"*", *ANYTHING}:
        raise _refused(reference, f"it has no {guards.sight(name)}")


def source_of(reference: str, folder: Pathname) -> str:
    """Digest of the file that a plug-in stands in, helpers and constants included."""
    path = _found(reference, folder)
    return hashlib.sha256(_read(path)).hexdigest()[:16] if path is not None else reference.rpartition(":")[0]


def _found(reference, folder):
    """The file of a plug-in, found without running anything; None where a module has none."""
    where, _, _ = reference.rpartition(":")
    if where.endswith(".py"):
        return Path(folder) / where
    there = sys.modules.get(where)
    if there is not None:
        file = getattr(there, "__file__", None)
        return Path(file) if file else None
    first, *rest = where.split(".")
    try:
        spec, name = importlib.util.find_spec(first), first
        for part in rest:  # a finder of its own: importlib's would import the packages on the way
            name, places = f"{name}.{part}", getattr(spec, "submodule_search_locations", None)
            spec = importlib.machinery.PathFinder.find_spec(name, list(places or ()))
    except (ImportError, ValueError, AttributeError, TypeError):
        spec = None
    if spec is None:
        raise _refused(reference, f"there is no module {guards.sight(where)}")
    return Path(spec.origin) if spec.origin and Path(spec.origin).is_file() else None


def _read(path):
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise SpecError(
            f"call: {guards.sight(str(path))} cannot be loaded: {getattr(error, 'strerror', None) or error}. Give module:function or "
            "file.py:function."
        ) from None


def _refused(reference, why):
    return SpecError(
        f"call = {guards.sight(reference)} cannot be loaded: {why}. Give module:function or file.py:function."
    )


def _place(error, path):
    """File and line where an error arose, in the plug-in's own file if it passed through it."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}: "
    frames = traceback.extract_tb(error.__traceback__)
    mine = [f for f in frames if f.filename == path]
    other = [f for f in frames if not f.filename.startswith("<frozen") and f.filename != __file__]
    for frame in (mine or other)[-1:]:
        return f"{frame.filename}, line {frame.lineno}: "
    return ""


def _names(tree):
    """Names that a file defines outside functions, and those by which it may define others."""
    found, left = set(), list(tree.body)
    while left:
        node = left.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        if isinstance(node, ast.Name):
            found |= {node.id} if isinstance(node.ctx, ast.Store) or node.id in ANYTHING else set()
        if isinstance(node, ast.MatchAs | ast.MatchStar | ast.ExceptHandler) and node.name:
            found.add(node.name)
        left.extend(ast.iter_child_nodes(node))
    return found


@cache
def _module(path, body):
    """A module made from the very bytes that were read."""
    made = types.ModuleType(f"surveysim_plugin_{Path(path).stem}_{hashlib.sha256(body).hexdigest()[:8]}")
    made.__file__ = path
    sys.modules[made.__name__] = made
    try:
        exec(compile(body, path, "exec"), made.__dict__)
    except BaseException:
        del sys.modules[made.__name__]
        raise
    return made
