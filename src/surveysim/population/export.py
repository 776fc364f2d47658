"""Persons to Parquet: streamed in blocks, one file each, resumable."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from ..aliases import Pathname, Progress
from ..errors import DataError
from ..writing import PREFIX, advancing, whole, write_text
from . import domains

if TYPE_CHECKING:
    from .finite import Finite

BLOCK = 500_000  # persons in memory at once


def to_parquet(
    pop: "Finite", folder: Pathname, where: Mapping[str, Any] | None, columns: Sequence[str] | None, progress: Progress
) -> int:
    """See `Population.to_parquet`."""
    folder, name = Path(folder), pop.stratum_name
    _, where = domains.asked(None, where)
    rest = {column: labels for column, labels in where.items() if column != name}
    if columns is not None:
        columns = [column for column in columns if column != name]
        if not columns:
            raise DataError(f"columns: name at least one besides {name!r}, which is in the folders' names.")
    if name.startswith(("_", ".")):
        raise DataError(f"readers of partitioned Parquet skip folders like {name}=…; rename the column.")
    pop.check(rest, columns)
    labels = list(pop.strata)
    chosen = sorted(set(domains.label_codes(labels, where[name], name))) if name in where else range(len(labels))
    text = {column: sorted(set(map(str, wanted))) for column, wanted in where.items()}
    _claim(folder, {"population": pop.fingerprint, "where": text, "columns": columns, "block": BLOCK})
    jobs = [(labels[s], part, ids) for s in chosen for part, ids in enumerate(pop.blocks(s, BLOCK))]
    written = 0
    with advancing(progress, "persons written", sum(len(ids) for *_, ids in jobs)) as advance:
        for label, part, ids in jobs:
            path = folder / f"{name}={quote(str(label), safe='').replace('.', '%2E')}" / f"part-{part:04d}.parquet"
            rows = _rows(path)
            if rows is None:
                table = pop.select(ids, rest, columns).drop(columns=name, errors="ignore")
                _write(path, table)
                rows = len(table)
            written += rows
            advance(len(ids))
    return written


def _rows(path):
    """Rows of a part, or None where it is absent or damaged."""
    try:
        return pq.read_metadata(path).num_rows
    except (OSError, pa.ArrowInvalid):
        return None


def _claim(folder, claim):
    """Note in the folder what it holds, or refuse it when it holds something else."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "_population.json"
    if path.exists():
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            raise DataError(f"{path} is damaged, so what the folder holds is unknown; give an empty folder.") from None
        other = [key for key in claim if held.get(key) != claim[key]]
        if other:
            raise DataError(
                f"{folder} holds persons with another {other[0]} ({held.get(other[0])!r}, asked: {claim[other[0]]!r}); "
                f"give an empty folder."
            )
    elif any(not item.name.startswith(PREFIX) and item.suffix != ".tmp" for item in folder.iterdir()):
        raise DataError(f"{folder} holds other files and no _population.json; give an empty folder.")
    else:
        write_text(path, json.dumps(claim, indent=1))


def _write(path, table):
    path.parent.mkdir(exist_ok=True)
    with whole(path) as part:
        pq.write_table(pa.Table.from_pandas(table, preserve_index=False), part)
