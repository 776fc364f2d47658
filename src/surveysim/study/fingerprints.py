"""What a result depends on, as digests: specification, estimators, data, code. A ledger refuses to mix different ones."""

import functools
import hashlib
import inspect
import json
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import SpecError, StudyError

APART = ("report", "cli", "__main__.py", "validation")  # code that no result depends on


def digest(value):
    """16 hex digits of a value that JSON can hold."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


@cache
def code():
    """Version and digest of the code and facts that results depend on."""
    root, found = Path(str(files("surveysim"))), hashlib.sha256()
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.suffix in (".py", ".csv", ".toml") and parts[0] not in APART:
            found.update("/".join(parts).encode() + b"\0" + path.read_bytes())
    return f"{version('surveysim-dualframe')} {found.hexdigest()[:12]}"


def of_table(table, folder):
    """Digest of a population that is a DataFrame, or a file beside the study's."""
    if isinstance(table, pd.DataFrame):
        return digest(_fact(table, "table"))
    try:
        return hashlib.sha256((Path(folder) / table).read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise SpecError(f"population.table = {table!r} cannot be read ({error.strerror}).") from None


def of_callable(function, name):
    """Digest of an estimator: its source, and the values it holds (defaults, closure, arguments of a partial, an object's attributes).

    Functions it calls by a global name are not followed.
    """
    return digest(_fact(function, f"method {name!r}"))


def _fact(value, where, seen=()):
    """A JSON value that two values share only if they are the same."""
    if id(value) in seen and not isinstance(value, bool | int | float | str | bytes | type(None)):
        return "itself"
    inner = (*seen, id(value))
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float | np.generic):
        return repr(value)
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, np.ndarray):
        return [str(value.dtype), list(value.shape), hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()]
    if isinstance(value, pd.DataFrame | pd.Series):
        table = value.to_frame() if isinstance(value, pd.Series) else value
        rows = pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes()
        return [[str(c) for c in table.columns], [str(t) for t in table.dtypes], hashlib.sha256(rows).hexdigest()]
    if isinstance(value, dict):
        return [[_fact(k, where, inner), _fact(v, where, inner)] for k, v in value.items()]
    if isinstance(value, list | tuple):
        return [_fact(v, where, inner) for v in value]
    if isinstance(value, set | frozenset):
        return sorted(json.dumps(_fact(v, where, inner)) for v in value)
    if isinstance(value, functools.partial):
        return ["partial", *(_fact(v, where, inner) for v in (value.func, value.args, value.keywords))]
    if inspect.ismethod(value):
        return [_fact(value.__func__, where, inner), _fact(value.__self__, where, inner)]
    if inspect.isfunction(value):
        held = [cell.cell_contents for cell in value.__closure__ or ()]
        return [_source(value), *(_fact(v, where, inner) for v in (value.__defaults__, value.__kwdefaults__, held))]
    if inspect.isbuiltin(value) or inspect.isclass(value) or inspect.ismodule(value):
        return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', value.__name__)}"
    if hasattr(value, "__dict__"):
        return [_source(type(value)), _fact(vars(value), where, inner)]
    raise StudyError(
        f"{where} holds a {type(value).__name__}, whose contents cannot be compared with those of another run. Give it numbers, texts, "
        'arrays or tables, or write it as call = "file.py:function".'
    )


def _source(thing):
    """Source of a function or class; where there is none to read, its compiled code."""
    try:
        return hashlib.sha256(inspect.getsource(thing).encode()).hexdigest()
    except (OSError, TypeError):
        compiled = getattr(thing, "__code__", None)
        body = b"" if compiled is None else compiled.co_code + repr(compiled.co_consts).encode()
        return f"{thing.__module__}.{thing.__qualname__} {hashlib.sha256(body).hexdigest()}"


def difference(folder, name, old, new):
    """Message that says in which facts a study differs from the one in a folder."""
    lines = [
        f"  {key}: {json.dumps(old.get(key), ensure_ascii=False)} there, {json.dumps(new.get(key), ensure_ascii=False)} now"
        for key in sorted(set(old) | set(new))
        if old.get(key) != new.get(key)
    ]
    shown = "\n".join(lines[:12]) + (f"\n  and {len(lines) - 12} more" if len(lines) > 12 else "")
    return (
        f"{folder}: the folder holds another study under the scenario {name!r}:\n{shown}\nResults of the two would be mixed. Choose "
        "another folder, or undo the change."
    )
