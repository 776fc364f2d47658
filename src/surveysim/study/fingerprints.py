"""What a result depends on: specification, facts, data, plug-ins and the numbers of `editions`. A ledger refuses to mix different ones."""

import functools
import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import editions, reference
from ..aliases import Pathname
from ..errors import SpecError, StudyError
from ..population import outcomes

SURVEY = ("POPULATION", "DRAWS", "ESTIMATES")  # numbers that results of surveys depend on
TABLE = ("DRAWS", "ESTIMATES")  # and results of samples from a table
BEFORE = "surveysim"  # what older ledgers hold instead of numbers and facts: a digest of every source file


def digest(value: object) -> str:
    """16 hex digits of a value that JSON can hold."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def of_code(numbers: tuple[str, ...] = SURVEY, facts: bool = True) -> dict[str, Any]:
    """{key: value} of what the code brings along: its numbers, and, where people and questions are China's, the facts about them."""
    found = {f"numbers.{name}": getattr(editions, name) for name in numbers}
    if not facts:
        return found
    return found | {f"facts.{name}": mark for name, mark in (reference.digests() | outcomes.digest()).items()}


def of_estimands(definitions: pd.DataFrame) -> dict[str, list[Any]]:
    """{key: value} of the rows of a table of estimands; a note counts for nothing, but that of a coefficient, which is its family."""
    found = {}
    for name, row in definitions.iterrows():
        columns = [c for c in definitions.columns if c != "note" or row["kind"] == "coefficient"]
        found[f"estimands.{name}"] = [row[c] for c in sorted(columns, key=lambda c: c == "note")]
    return found


def of_table(table: Any, folder: Pathname) -> str:
    """Digest of a population that is a DataFrame, or a file beside the study's."""
    if isinstance(table, pd.DataFrame):
        return digest(_fact(table, "table"))
    try:
        return hashlib.sha256((Path(folder) / table).read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise SpecError(f"population.table = {table!r} cannot be read ({error.strerror}).") from None


def of_callable(function: Callable[..., Any], name: str) -> str:
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


def difference(folder: Any, name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Message that says in which facts a study differs from the one in a folder."""
    differing = [key for key in sorted(set(old) | set(new), key=_rank) if old.get(key) != new.get(key)]
    earlier = [key for key in differing if BEFORE in old and key.startswith(("numbers.", "facts."))]
    lines = [_told(key, old, new) for key in differing if key not in (BEFORE, *earlier)]
    if earlier:
        now = ", ".join(f"{key.removeprefix('numbers.')} = {new[key]}" for key in earlier if key.startswith("numbers."))
        lines.insert(0, f"  numbers: an earlier release, {old[BEFORE]}, has none; now {now}")
    shown = "\n".join(lines[:12]) + (f"\n  and {len(lines) - 12} more" if len(lines) > 12 else "")
    return (
        f"{folder}: the folder holds another study under the scenario {name!r}:\n{shown}\nResults of the two would be mixed. Choose "
        "another folder, or undo the change."
    )


def _rank(key):
    """Numbers and data first: they are few, and explain much."""
    return not key.startswith(("numbers.", "facts.", "population")), key


def _told(key, old, new):
    """One line about a fact: its kind, its name, what it was and is."""
    held = [fact for fact in (old.get(key), new.get(key)) if fact is not None]
    plug_in = any(isinstance(fact, str) or "source" in fact for fact in held) if key.startswith("methods.") else False
    kind = {"numbers": "number", "facts": "facts", "population": "data"}.get(key.partition(".")[0])
    kind = kind or ("plug-in" if plug_in else "specification")
    was, now = (json.dumps(facts.get(key), ensure_ascii=False) for facts in (old, new))
    return f"  {kind}: {key.removeprefix('numbers.')}: {was} there, {now} now"
