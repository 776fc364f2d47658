"""Persons to Parquet: streamed in blocks, one file each, resumable."""

import json
import os
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import DataError
from . import domains

BLOCK = 500_000  # persons in memory at once


def to_parquet(pop, folder, where, columns, progress):
    """See `Population.to_parquet`."""
    folder, name = Path(folder), pop.stratum_name
    wanted = {column: _listed(labels) for column, labels in where.items()}
    columns = None if columns is None else [c for c in columns if c != name]
    labels = list(pop.strata)
    chosen = domains.label_codes(labels, where[name], name) if name in where else range(len(labels))
    rest = {column: labels for column, labels in where.items() if column != name}
    _claim(folder, {"population": pop.fingerprint, "where": wanted, "columns": columns, "block": BLOCK})
    jobs = [(labels[s], part, ids) for s in sorted(chosen) for part, ids in enumerate(pop.blocks(s, BLOCK))]
    written = 0
    with _bar(progress, sum(len(ids) for *_, ids in jobs)) as advance:
        for label, part, ids in jobs:
            path = folder / f"{name}={quote(str(label))}" / f"part-{part:04d}.parquet"
            if not path.exists():
                table = pop.select(ids, rest, columns)
                _write(path, table.drop(columns=name, errors="ignore"))
            written += pq.read_metadata(path).num_rows
            advance(len(ids))
    return written


def _listed(labels):
    return [str(label) for label in labels] if isinstance(labels, (list, tuple, set)) else [str(labels)]


def _claim(folder, claim):
    """Note in the folder what it holds, or refuse it when it holds something else."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "_population.json"
    if path.exists():
        held = json.loads(path.read_text(encoding="utf-8"))
        other = [key for key in claim if held.get(key) != claim[key]]
        if other:
            raise DataError(
                f"{folder} holds persons with another {other[0]} ({held.get(other[0])!r}, asked: {claim[other[0]]!r}); "
                f"give an empty folder."
            )
    elif any(folder.iterdir()):
        raise DataError(f"{folder} holds other files and no _population.json; give an empty folder.")
    else:
        temporary = folder / "_population.json.tmp"
        temporary.write_text(json.dumps(claim, indent=1), encoding="utf-8")
        os.replace(temporary, path)


def _write(path, table):
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        pq.write_table(pa.Table.from_pandas(table, preserve_index=False), file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _bar(progress, total):
    """A function that advances a bar on standard error, or does nothing."""
    if not progress:
        return nullcontext(lambda persons: None)
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    class Bar(Progress):
        def __enter__(self):
            super().__enter__()
            task = self.add_task("persons", total=total)
            return lambda persons: self.advance(task, persons)

    columns = TextColumn("persons written"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    return Bar(*columns, console=Console(stderr=True))
