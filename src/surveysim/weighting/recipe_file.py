"""A recipe as TOML, control totals included, and back."""

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import numpy as np

from .. import guards
from ..aliases import Pathname
from ..errors import DataError, SurveysimError
from .margins import LEVELS, Margins, names_of
from .steps import STEPS

KINDS = {step.__name__: step for step in STEPS}


def written(steps: Iterable[Any]) -> str:
    """Steps as TOML text."""
    lines = []
    for step in steps:
        if type(step).__name__ not in KINDS:
            raise DataError(
                f"the step {step.name!r} is your own ({type(step).__name__}); only surveysim's steps are written as TOML."
            )
        lines += ["[[steps]]", f"kind = {json.dumps(type(step).__name__)}"]
        for f in fields(step):
            value = getattr(step, f.name)
            if f.init and value is not None:
                lines.append(f"{f.name} = {_toml(value, getattr(step, 'by', None))}")
        lines.append("")
    return "\n".join(lines)


def steps_in(source: Pathname) -> list[Any]:
    """The steps of a recipe: of the file at a path, or of the text itself (with a line break)."""
    inline = isinstance(source, str) and "\n" in source
    where = "the recipe" if inline else str(source)
    try:
        text = str(source) if inline else Path(source).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise DataError(f"the recipe {guards.sight(source)} cannot be read: {error}") from None
    try:
        entries = tomllib.loads(text).get("steps", [])
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{where} is not valid TOML: {error}.") from None
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise DataError(f"{where}: steps = {guards.sight(entries)}: a recipe has tables [[steps]], each with a kind.")
    return [_placed(entry, f"{where}: step {k}") for k, entry in enumerate(entries, 1)]


def _placed(entry, where):
    """A step, whose mistakes say where it is."""
    try:
        return step_of(entry)
    except SurveysimError as error:
        raise type(error)(f"{where}: {error}") from None


def _toml(value, by):
    """A field as a TOML value; margins become an array of tables partition, variable, level, total."""
    if isinstance(value, Margins):
        rows = []
        for p, partition in enumerate(value.partitions):
            for c in range(value.total.shape[1]):
                m = int(np.searchsorted(value.first, c, side="right")) - 1
                level = value.labels[m][c - value.first[m]]
                if not np.isnan(value.total[p, c]):
                    part = "" if partition is None else f"partition = {_text(partition)}, "
                    rows.append(
                        f"  {{ {part}variable = {_text(value.variables[m])}, "
                        f"level = {_text(level)}, total = {float(value.total[p, c])!r} }},"
                    )
        by_text = f"by = {_text(value.by)}, " if value.by is not None else ""
        return f"{{ {by_text}rows = [\n" + "\n".join(rows) + "\n] }"
    if isinstance(value, Mapping) and set(value) <= {"order", "largest_change"}:
        return f"{{ {', '.join(f'{name} = {_text(v)}' for name, v in value.items())} }}"
    if isinstance(value, Mapping):
        return _totals(value, by)
    if isinstance(value, float):
        return repr(value)
    return _text(value)


def _totals(totals, by):
    """Totals of `calibrate` as an array of tables variable, level, total (and partition); numeric variables have no level."""
    rows = []
    for partition, part in totals.items() if by is not None else [(None, totals)]:
        where = "" if partition is None else f"partition = {_text(partition)}, "
        for variable, given in part.items():
            start = f"  {{ {where}variable = {_text(names_of(variable))}, "
            if isinstance(given, LEVELS):
                rows += [
                    f"{start}level = {_text(names_of(level))}, total = {float(v)!r} }}," for level, v in given.items()
                ]
            elif given is not None:
                rows.append(f"{start}total = {float(given)!r} }},")
    return "{ rows = [\n" + "\n".join(rows) + "\n] }"


def _text(value):
    """A label, number or tuple of them in TOML; labels of other kinds would not come back as they were."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(_text(v) for v in value)}]"
    value = value.item() if isinstance(value, np.generic) else value
    if not isinstance(value, str | int | float | bool):
        raise DataError(
            f"the label {value!r} is a {type(value).__name__}, which a recipe file cannot hold; use text or numbers."
        )
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def step_of(table: Mapping[str, Any]) -> Any:
    """One step from its TOML table."""
    entry = dict(table)
    kind = entry.pop("kind", None)
    if kind not in KINDS:
        raise DataError(f"kind = {kind!r} is no step of a recipe; choose one of {', '.join(KINDS)}.")
    known = [f.name for f in fields(KINDS[kind]) if f.init]
    unknown = [name for name in entry if name not in known]
    if unknown:
        raise DataError(f"{kind} has no field {unknown[0]!r}; it has {', '.join(known)}.")
    absent = [f.name for f in fields(KINDS[kind]) if f.init and f.default is MISSING and f.name not in entry]
    if absent:
        raise DataError(f"{kind} needs the field {absent[0]!r}.")
    if "margins" in entry:
        by = entry["margins"].get("by") if isinstance(entry["margins"], Mapping) else None
        entry["margins"] = Margins.parse(_nested(kind, "margins", entry["margins"], by), by)
    if "totals" in entry:
        entry["totals"] = _nested(kind, "totals", entry["totals"], entry.get("by"))
    given: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in entry.items()}
    return KINDS[kind](**given)


def _nested(kind, field, table, by):
    """{column or tuple: {level: total} or total}, with `by` {partition: that}, from the rows of a recipe file."""
    nested = {}
    if not isinstance(table, Mapping):
        raise DataError(
            f"{field} = {guards.sight(table)}: {kind} needs the totals too, {field} = {{ rows = [ {{ variable, level, total }}, … ] }}."
        )
    try:
        for row in table["rows"]:
            part = nested.setdefault(row["partition"], {}) if by is not None else nested
            variable = tuple(row["variable"]) if isinstance(row["variable"], list) else (row["variable"],)
            name = variable[0] if len(variable) == 1 else variable
            if field == "totals" and "level" not in row:
                part[name] = row["total"]
                continue
            level = tuple(row["level"]) if isinstance(row["level"], list) else (row["level"],)
            part.setdefault(name, {})[level[0] if len(level) == 1 else level] = row["total"]
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"the {field} of {kind} need rows of variable, level and total (and partition with by): {error!r}."
        ) from None
    return nested
