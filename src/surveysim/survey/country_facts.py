"""What a country's survey takes from its folder of facts: the folder itself, and the control totals of its weighting steps."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from .. import guards
from ..errors import DataError
from ..on_demand import Later
from ..population import facts
from ..population.facts import Facts

recipe_file = Later(__package__, "..weighting.recipe_file")
PACKAGED = files("surveysim.reference") / "countries"  # folders that come with the package
CROSSED = ("margins", "totals")  # of steps: names of variables here, filled with the facts' totals
Step = dict[str, Any]


def crossed(step: Step) -> list[tuple[str, ...]]:
    """The margins that a step names, each as its variables; none where it brings totals of its own."""
    found = []
    for field in CROSSED:
        given = step.get(field, ())
        for margin in given if isinstance(given, list | tuple) else () if isinstance(given, Mapping) else (given,):
            names = (margin,) if isinstance(margin, str) else tuple(margin) if isinstance(margin, list | tuple) else ()
            if isinstance(given, str) or not names or not all(isinstance(name, str) for name in names):
                raise DataError(
                    f"{field} = {guards.sight(given)}: give a list of variables and of crosses of them, such as "
                    f'["age", ["sex", "education"]].'
                )
            found.append(names)
    if found and not isinstance(step.get("by"), str | None):
        raise DataError(f"by = {guards.sight(step['by'])}: give one variable, inside whose levels totals are met.")
    return found


def made_step(step: Step, totals: Any, partitions: tuple[str, ...] = ()) -> Any:
    """A weighting step whose margins are filled: `totals` of a margin gives {level or tuple: persons}, of (by, *margin) inside `by`."""
    entry, by = dict(step), step.get("by") if partitions else None
    for field in CROSSED:
        if not isinstance(entry.get(field), list | tuple):
            continue
        rows = []
        for margin in crossed({field: entry[field]}):
            name = margin[0] if len(margin) == 1 else list(margin)
            if by is None:
                rows += [{"variable": name, "level": _listed(level), "total": v} for level, v in totals(margin).items()]
                continue
            for (part, *level), v in totals((by, *margin)).items():
                rows.append(
                    {"partition": part, "variable": name, "level": level[0] if len(level) == 1 else level, "total": v}
                )
        entry[field] = {"rows": rows} | ({"by": by} if by is not None and field == "margins" else {})
        if field == "margins":
            entry.pop("by", None)
    return recipe_file.step_of(entry)


def _listed(level):
    return list(level) if isinstance(level, tuple) else level


def folder_of(name: str) -> Traversable:
    """A folder of facts by its path, or by the name of one that comes with the package."""
    packaged = PACKAGED / name
    return packaged if "/" not in name and "\\" not in name and packaged.is_dir() else Path(name)


def facts_of(name: str) -> Facts:
    """The facts of a folder, read again when a file has changed."""
    return _read(name, _stamp(folder_of(name)))


@lru_cache(maxsize=8)
def _read(name, stamp):
    del stamp
    return facts.read(folder_of(name))


def folder_digest(name: str) -> str:
    """16 hex digits that change with what the files of a folder say."""
    made = hashlib.sha256()
    for file in sorted(folder_of(name).iterdir(), key=lambda file: file.name):
        if file.name in (*facts.NEEDED, *facts.GIVEN):
            made.update(file.name.encode() + file.read_bytes())
    return made.hexdigest()[:16]


def _stamp(folder):
    """What changes with the files of a folder."""
    if not isinstance(folder, Path) or not folder.is_dir():
        return ()
    return tuple((p.name, p.stat().st_mtime_ns, p.stat().st_size) for p in sorted(folder.glob("*.csv")))
