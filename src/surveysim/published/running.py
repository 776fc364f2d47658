"""Published results made again, one after the other: each is kept in a file when it is done, so that the same call goes on from there."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

from .. import guards
from ..aliases import Pathname, Progress
from ..display import Shown, csv_text
from ..errors import SpecError, UnknownNameError
from ..keys import packaged
from ..naming import did_you_mean
from ..on_demand import Later
from ..study import fingerprints
from ..writing import advancing, folder_made, write_text
from .comparing import VERDICTS, Ours, compared, listed

published_page: Any = Later(__package__, "..report.published_page")
ROOM, PRINTED = str(__package__), "printed.toml"
SAID = ("title", "title_zh", "source", "read")
SUMMARY = ("name", *SAID, "repetitions", "numbers", *VERDICTS, "verdict", "seconds")


@dataclass(frozen=True)
class Reproduced(Shown):
    """Published results, made again.

    Attributes
    ----------
    results : a row for each: name, title, title_zh, source, read (where its digits were read), repetitions (0 if none are needed),
        numbers, of them agrees, slip (the print is wrong, the row says why), choice (ours is another number, for a reason), undecided,
        differs; verdict, the worst of these; seconds.
    table : a row for each number: name, what, theirs, printed (its text; empty where a formula stands), ours, mcse, allowed, verdict, why.
    full : at full size, or at the small one.
    """

    results: pd.DataFrame
    table: pd.DataFrame
    full: bool

    def summary(self) -> str:
        """One line for each result."""
        line = "{name:<30} {verdict:<9} {agrees:>3} of {numbers:>3} numbers agree {seconds:>9,.1f} s"
        rows: Any = self.results.to_dict("records")
        return "\n".join(line.format(**row) for row in rows)

    def _shown(self) -> pd.DataFrame:
        return self.table

    def save(self, folder: Pathname, lang: str = "en") -> None:
        """Write results.csv, numbers.csv and report.html to a folder."""
        place = Path(guards.path(folder, "folder", error=SpecError))
        folder_made(place)
        for name, table in (("results", self.results), ("numbers", self.table)):
            write_text(place / f"{name}.csv", csv_text(table, number=None))
        self.report(place / "report.html", lang)

    def report(self, path: Pathname, lang: str = "en") -> Path:
        """Write a self-contained HTML page and return its path."""
        return published_page.write_published_report(self, path, lang)


def names() -> list[str]:
    """The names of the published results, as `reproduce` takes them."""
    here = files(ROOM)
    return sorted(part.name.replace("_", "-") for part in here.iterdir() if (part / PRINTED).is_file())


def declared(name: str) -> dict[str, Any]:
    """What `printed.toml` says of a result."""
    return packaged(_module(name), PRINTED)


def predicted(
    name: str | Sequence[str] | None = None, *, full: bool = False, seed: int = 1, out: Pathname | None = None
) -> float:
    """Seconds that `reproduce` will take for what `out` has not yet, by what was measured on two cores."""
    left = [one for one in _asked(name) if _kept(one, _size(one, full), seed, out) is None]
    return float(sum(declared(one)["seconds"][full] for one in left))


def reproduce(
    name: str | Sequence[str] | None = None,
    *,
    full: bool = False,
    seed: int = 1,
    out: Pathname | None = None,
    progress: Progress = False,
) -> Reproduced:
    """Make published results again and compare with what was printed.

    Parameters
    ----------
    name : a name of `surveysim.published.names()`, several, or None for all.
    full : at full size (hours), not at the small one (a minute or two).
    seed : of what is drawn.
    out : folder that keeps every result as it is done; the same call goes on from there. What was made from other files of ours, another
        size or seed is made again.
    progress : a function called after each result with 1, or True for a bar on a terminal.

    Returns
    -------
    Reproduced.

    Raises
    ------
    UnknownNameError : there is no such result.

    Notes
    -----
    Numbers agree if they differ by no more than half of the last digit that was printed and three Monte Carlo standard errors, of
    theirs too where it is known. Scripts see nothing of what was printed.

    Examples
    --------
    >>> import surveysim as ss
    >>> found = ss.reproduce("kalton-flores-cervantes-2003")
    >>> print(found.results[["numbers", "agrees"]].values.tolist())
    [[72, 72]]
    >>> print(found.table[["what", "printed", "verdict"]].values[0].tolist())
    ['cell weighting, 1 1', '4.00', 'agrees']
    """
    asked, seed, full = _asked(name), guards.seed_of(seed), guards.flag(full, "full")
    out = None if out is None else guards.path(out, "out")
    parts = []
    with advancing(progress, "published results", len(asked)) as advance:
        for one in asked:
            parts.append(_one(one, _size(one, full), seed, out))
            advance(1)
    results = pd.DataFrame([head for head, _ in parts], columns=list(SUMMARY))
    return Reproduced(results, pd.concat([rows for _, rows in parts], ignore_index=True), full)


def _asked(name):
    known = names()
    asked = known if name is None else guards.words(name, "name")
    if not asked:
        raise UnknownNameError("name = []: give names, or None for all.")
    for one in asked:
        if one not in known:
            raise UnknownNameError(
                f"there is no published result {one!r}{did_you_mean(one, known, '; surveysim reproduce without a name lists them.')}"
            )
    return list(dict.fromkeys(asked))


def _module(name):
    return f"{ROOM}.{name.replace('-', '_')}"


def _size(name, full):
    """Repetitions; 0 if the result needs none."""
    return declared(name).get("repetitions", (0, 0))[full]


def _one(name, repetitions, seed, out):
    """(row of the summary, rows of the numbers) of one result, which may be there already."""
    said = declared(name)
    kept = _kept(name, repetitions, seed, out)
    if kept is None:
        start = time.perf_counter()
        found = import_module(_module(name)).run(repetitions, seed)
        kept = {"mark": _mark(name, repetitions, seed), "seconds": time.perf_counter() - start, "found": _plain(found)}
        if out is not None:
            folder_made(out)
            write_text(Path(out) / f"{name}.json", json.dumps(kept, indent=1))
    table = compared(said["printed"], {what: [Ours(*one) for one in ours] for what, ours in kept["found"].items()})
    counts = {verdict: int((table["verdict"] == verdict).sum()) for verdict in VERDICTS}
    worst = next(verdict for verdict in reversed(VERDICTS) if counts[verdict])
    head = {
        "name": name,
        **{key: said[key] for key in SAID},
        "repetitions": repetitions,
        "numbers": len(table),
        **counts,
    }
    table.insert(0, "name", name)
    return head | {"verdict": worst, "seconds": kept["seconds"]}, table


def _plain(found):
    """What a script returns, as JSON has it: {what: [[value, mcse, formula], ...]}."""
    return {what: [_three(one) for one in listed(ours)] for what, ours in found.items()}


def _three(one):
    value, mcse, formula = one if isinstance(one, Ours) else Ours(one)
    return [float(value), float(mcse), None if formula is None else float(formula)]


def _mark(name, repetitions, seed):
    """What a result depends on: the files of its folder, its size and seed, the facts, and the numbers that stand for the code."""
    place = files(_module(name))
    parts = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in place.iterdir() if file.is_file()}
    return fingerprints.digest({"files": parts, "size": [repetitions, seed], **fingerprints.of_code()})


def _kept(name, repetitions, seed, out):
    """What the folder has of a result, or None where it has none that is of these files, this size and seed."""
    try:
        kept = json.loads((Path(out) / f"{name}.json").read_text(encoding="utf-8")) if out is not None else {}
        return kept if kept["mark"] == _mark(name, repetitions, seed) and kept["found"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
