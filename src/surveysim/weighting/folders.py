"""Tables larger than memory, a folder of Parquet files or a Dask DataFrame: raked in two passes, one batch of rows in memory at a time.

Raking depends on a row through its cell alone, so the first pass adds weights up by cell, the cells are raked as a small table, and the
second pass writes every part again with its weights.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Floats, Ints, Pathname
from ..display import Shown
from ..errors import CalibrationError, DataError
from ..files import levels
from ..files.data_file import DataFile
from ..files.parts import Keys, in_parts, missing_codes
from ..kernels.cells import add_up, unusable
from ..on_demand import Later
from ..tables import called
from ..writing import whole
from .margins import Margins
from .raking import rake

pa, pq = Later(None, "pyarrow"), Later(None, "pyarrow.parquet")
BLOCK = 131_072  # rows whose weights are summed together, as those of a table in memory are
UNMARKED = "_row_cell"


@dataclass
class Cells(Keys):
    """Cells of the rows seen so far, sums of weights and of their squares, rows, weights' ends."""

    block: Floats = field(default_factory=lambda: np.zeros(0))
    filled: int = 0
    sums: dict[str, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sums = {what: np.zeros(0) for what in ("weight", "squares", "rows", "all", "least", "most")}

    def add(self, cell: Ints, weight: Floats) -> None:
        """Add the weights of rows, block by block as `weighting.cells` does, so that sums are the same to the last bit."""
        K, starts = len(self.places), {"least": np.inf}
        for what, values in self.sums.items():
            self.sums[what] = np.concatenate([values, np.full(K - len(values), starts.get(what, 0.0))])
        self.block = np.concatenate([self.block, np.zeros(K - len(self.block))])
        start = 0
        while start < len(cell):
            stop = min(len(cell), start + BLOCK - self.filled)
            add_up(cell[start:stop].astype(np.int32), weight[start:stop], self.block)
            self.filled, start = self.filled + stop - start, stop
            if self.filled == BLOCK:
                self.close()
        self.sums["squares"] += np.bincount(cell, weight**2, K)
        self.sums["rows"] += np.bincount(cell, weight > 0, K)
        self.sums["all"] += np.bincount(cell, minlength=K)
        np.minimum.at(self.sums["least"], cell[weight > 0], weight[weight > 0])
        np.maximum.at(self.sums["most"], cell, weight)

    def close(self) -> None:
        """End a block of rows."""
        self.sums["weight"], self.filled = self.sums["weight"] + self.block, 0
        self.block = np.zeros(len(self.block))

    def table(self, path: Path, wanted: Mapping[str, Iterable[str]]) -> pd.DataFrame:
        """A row for every cell: its levels as margins name them, missing ones as None, and `weight`, the sum of its rows' weights."""
        shown = {}
        for k, (name, known) in enumerate(zip(self.names, self.texts, strict=True)):
            found = levels.named(path, name, list(known), {}, wanted[name])
            shown[name] = pd.Series([*found, None], dtype=object).iloc[[key[k] for key in self.places]].to_numpy()
        return pd.DataFrame(shown | {UNMARKED: self.sums["weight"]}, index=range(len(self.places)))


@dataclass(frozen=True)
class Raked(Shown):
    """What `rake_folder` did.

    Attributes
    ----------
    path : folder that was written. files, rows : how many. margins : targets and sums before and after, as `Calibration.margins`, with the
        rows of each level. iterations, max_gap : of the raking. deff_kish, effective_n : of the weights. least, most : weights' ends.
    """

    path: Path
    files: int
    rows: int
    margins: pd.DataFrame = field(repr=False)
    iterations: int
    max_gap: float
    deff_kish: float
    effective_n: float
    least: float
    most: float

    def summary(self) -> str:
        """One line: rows, files, weights, Kish's deff, the largest gap."""
        return (
            f"raked {self.rows:,} rows of {self.files:,} files in {self.iterations} sweeps, largest gap {self.max_gap:.2g}; weights "
            f"{self.least:.4g} to {self.most:.4g}, Kish deff {self.deff_kish:.3f}, effective n {self.effective_n:,.0f}"
        )

    def __repr__(self) -> str:
        return self.summary()

    def _shown(self) -> pd.DataFrame:
        return self.margins


def rake_folder(
    folder: Any,
    margins: Any,
    out: Pathname,
    *,
    weight: str | None = None,
    name: str = "raked_weight",
    na: Mapping[str, Any] | None = None,
    progress: Callable[[str], Any] | None = None,
    **options: Any,
) -> Raked:
    """Rake the rows of all Parquet files of a folder, or of a Dask DataFrame, together, and write them as Parquet with their weights.

    Memory is that of a batch of rows and of the margin cells, however many rows there are.

    Parameters
    ----------
    folder : of .parquet files with the same columns, or a Dask DataFrame. margins : as of `rake`, levels as text.
    out : a folder, new or empty.
    weight : column of initial weights; 1 unless given. name : of the new column. na : {column: values that count as missing}.
    progress : called with a text after each file.
    options : of `rake`, but trim, closest and reconcile: by, margins_are, rescale, missing, bounds, tol, ….

    Returns
    -------
    Raked. The weights are those that `rake` gives the same rows in memory.

    Raises
    ------
    DataError : no files, unlike files, a folder for the result that has files, unusable weights; CalibrationError as `rake`.
    """
    tell = guards.function(progress, "progress") or (lambda text: None)
    for option in ("trim", "closest", "reconcile"):
        if options.get(option):
            raise DataError(
                f"{option} is for the rows of a single file; leave it out{', or give bounds' if option == 'trim' else ''}."
            )
    source, target = in_parts(folder), Path(out)
    _refuse_target(source, target, name)
    asked = Margins.parse(margins, options.get("by"))
    wanted: dict[str, set[str]] = {} if asked.by is None else {asked.by: {str(p) for p in asked.partitions}}
    for variable, found in zip(asked.variables, asked.labels, strict=True):
        for k, column in enumerate(variable):
            wanted.setdefault(column, set()).update(str(level[k]) for level in found)
    asked_for = [*wanted, *([weight] if weight else []), *(na or {})]
    absent = [column for column in asked_for if column not in source.schema.names]
    if absent:
        source.head().values(absent[0])  # says what there is
    cells, given = Cells(tuple(wanted)), missing_codes(na)
    for k, part in enumerate(source.parts):
        for batch in source.batches(part, [*wanted, *([weight] if weight else [])], given):
            cells.add(cells.of(batch), weights_in(batch, weight))
        tell(f"{k + 1} of {len(source.parts)} files read")
    cells.close()
    if not cells.sums["weight"].sum() > 0:
        raise DataError(f"{called('weight', weight)}: the weights of all rows are zero, so no total can be met.")
    table = cells.table(source.head().path, wanted)
    _refuse_rows(table, cells.sums["all"], asked, wanted, options.get("missing", "fail"), source.path)
    found = rake(table, margins, weight=UNMARKED, **options)
    factor = _factors(found, cells.sums["weight"])
    for k, part in enumerate(source.parts):
        _write(source, part, target / source.file_of(part), cells, factor, weight, name, given)
        tell(f"{k + 1} of {len(source.parts)} files written")
    return _told(target, len(source.parts), cells, factor, found)


def _factors(found, weight):
    """Raked over initial weights of the cells: the very factors where the weights are made of them, so that no bit is lost."""
    factor = np.divide(found.final, weight, out=np.zeros(len(weight)), where=weight > 0)
    return np.where((found.final == weight * found.g) & (weight > 0), found.g, factor)


def _refuse_rows(table, rows, asked, wanted, missing, path):
    """Refuse rows that miss a raking variable, or have a level without a total; `rows` says how many there are of each of the cells."""
    for name in wanted:
        lost = int(rows[table[name].isna()].sum())
        if lost and (missing == "fail" or name == asked.by):
            more = "" if name == asked.by else ", or use missing = level or drop"
            raise CalibrationError(
                f"{path}: {name!r} is missing in {lost:,} of {int(rows.sum()):,} rows; drop or impute them{more}."
            )
        strange = table.loc[table[name].notna() & ~table[name].isin(wanted[name]), name]
        if len(strange) and (name,) in asked.variables:
            level = strange.iloc[0]
            raise CalibrationError(
                f"{path}: {int(rows[table[name] == level].sum()):,} respondents have {name} = {level!r}, which has no total in the "
                f"margins; add it, merge it, or leave these rows out."
            )


def _refuse_target(source, target, name):
    """Refuse a folder for the result that has something in it, or a column that is there."""
    if target.resolve() == source.path.resolve() or source.path.resolve() in target.resolve().parents:
        raise DataError(f"{target}: lies in the folder that is read; give another, so that nothing is lost.")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise DataError(f"{target}: is there already and not an empty folder; give another, so that nothing is lost.")
    if not isinstance(name, str) or not name.strip():
        raise DataError(f"name = {guards.sight(name)}: the new column needs a name.")
    if name in source.schema.names:
        raise DataError(f"{source.path}: there is a column {name!r} already; give the new one another name.")


def weights_in(batch: DataFile, weight: str | None) -> Floats:
    """Initial weights (n,) of a batch."""
    values = np.ones(len(batch)) if weight is None else batch.numbers(weight)
    if unusable(values):
        bad = ~(np.isfinite(values) & (values >= 0))
        raise DataError(
            f"{batch.path}: {weight!r} is missing, infinite or negative in {int(bad.sum()):,} rows, the first is {values[bad][0]:g}. "
            "Mend them."
        )
    return values


def _write(source, part, path, cells, factor, weight, name, na):
    """A file of the folder once more, with its weights."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as unfinished:
        writer = None
        try:
            for batch in source.batches(part, None, na):
                values = weights_in(batch, weight) * factor[cells.of(batch)]
                table = batch.raw.append_column(name, pa.array(values))
                writer = writer or pq.ParquetWriter(unfinished, table.schema)
                writer.write_table(table)
        finally:
            if writer is not None:
                writer.close()


def _told(target, files, cells, factor, found):
    """`Raked` from the sums of the cells."""
    rows, there = cells.sums["rows"], cells.sums["weight"] > 0
    first, second = float(factor @ cells.sums["weight"]), float(factor**2 @ cells.sums["squares"])
    deff = float(rows.sum()) * second / first**2
    kept = there & (factor > 0)
    return Raked(
        target,
        files,
        int(rows.sum()),
        found.margins.drop(columns="respondents"),
        found.iterations,
        found.max_gap,
        deff,
        float(rows.sum()) / deff,
        float((factor * cells.sums["least"])[kept].min()),
        float((factor * cells.sums["most"])[kept].max()),
    )
