"""Tables larger than memory, part by part: the Parquet files of a folder, or the partitions of a Dask DataFrame."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Ints
from ..errors import DataError
from ..on_demand import Later
from .data_file import DataFile
from .spelling import spelt_as

pa, pq = Later(None, "pyarrow"), Later(None, "pyarrow.parquet")
BATCH = 1_048_576  # rows looked at together
MOST_CELLS = 2_000_000


@dataclass(frozen=True)
class Folder:
    """The Parquet files of a folder, in the order of their names; their columns have to be the same."""

    path: Path
    parts: tuple[Path, ...]
    schema: Any = field(repr=False)

    @classmethod
    def of(cls, path: Any) -> Self:
        """Look at a folder; files and folders that begin with a dot or an underscore are no data."""
        path = Path(path)
        if not path.is_dir():
            raise DataError(f"{path}: there is no such folder.")
        linked = [p for p in path.rglob("*") if p.is_symlink()]
        if linked:
            raise DataError(
                f"{linked[0]}: is a link; give a folder of the files themselves, so that no row counts twice or is lost."
            )
        parts = tuple(
            p
            for p in sorted(path.rglob("*"))
            if p.suffix.lower() == ".parquet" and not any(name[0] in "._" for name in p.relative_to(path).parts)
        )
        if not parts:
            raise DataError(f"{path}: the folder has no .parquet files.")
        schemas = [cls._schema(part) for part in parts]
        for part, schema in zip(parts, schemas, strict=True):
            twice = [name for name in schema.names if schema.names.count(name) > 1]
            if twice:
                raise DataError(f"{part}: two columns are called {twice[0]!r}; rename one of them.")
            unlike = set(schema.names) ^ set(schemas[0].names)
            if unlike:
                raise DataError(
                    f"{part}: the column {min(unlike)!r} is not in every file of the folder, as {parts[0].name} has it."
                )
        return cls(path, parts, schemas[0])

    @staticmethod
    def _schema(part: Path) -> Any:
        try:
            return pq.read_schema(part)
        except (OSError, pa.ArrowException) as error:
            raise DataError(f"{part}: cannot be read as Parquet ({error}).") from None

    def head(self) -> DataFile:
        """The columns without any rows, for what asks for names."""
        return DataFile(self.parts[0], tuple(self.schema.names), self.schema.empty_table())

    def file_of(self, part: Any) -> Path:
        """The file of a folder for a result that the rows of one of `parts` go to."""
        return part.relative_to(self.path)

    def batches(self, part: Any, columns: Iterable[str] | None, na: Mapping[str, Any]) -> Iterator[DataFile]:
        """Batches of rows of a file with some of its columns, or its row groups with all; of a file without rows one without."""
        names = None if columns is None else list(dict.fromkeys(columns))
        try:
            with pq.ParquetFile(part) as file:
                if names is None:
                    tables = (file.read_row_group(k) for k in range(file.num_row_groups))
                    if file.num_row_groups == 0:
                        tables = iter([file.schema_arrow.empty_table()])
                else:
                    batches = file.iter_batches(batch_size=BATCH, columns=names)
                    tables = (pa.Table.from_batches([batch]) for batch in batches)
                for table in tables:
                    yield DataFile(part, tuple(table.column_names), table, na=dict(na))
        except (OSError, pa.ArrowException) as error:
            raise DataError(f"{part}: cannot be read as Parquet ({error}).") from None


@dataclass(frozen=True)
class Partitions:
    """The partitions of a Dask DataFrame, each of them in memory by itself."""

    frame: Any = field(repr=False)
    path: Path
    parts: tuple[int, ...]
    schema: Any = field(repr=False)

    @classmethod
    def of(cls, frame: Any) -> Self:
        """Look at a Dask DataFrame."""
        names = list(frame.columns)
        strange = [name for name in names if not isinstance(name, str) or names.count(name) > 1]
        if strange:
            raise DataError(
                f"the Dask DataFrame has the column {strange[0]!r}; give every column a text of its own as name."
            )
        schema = pa.Schema.from_pandas(frame._meta, preserve_index=False)
        return cls(frame, Path("Dask DataFrame"), tuple(range(frame.npartitions)), schema)

    def head(self) -> DataFile:
        """As `Folder.head`."""
        return DataFile(self.path, tuple(self.schema.names), self.schema.empty_table())

    def file_of(self, part: Any) -> Path:
        """As `Folder.file_of`."""
        return Path(f"part.{part:05}.parquet")

    def batches(self, part: Any, columns: Iterable[str] | None, na: Mapping[str, Any]) -> Iterator[DataFile]:
        """The rows of a partition with some of its columns, or with all."""
        frame = self.frame.partitions[part]
        found = (frame if columns is None else frame[list(dict.fromkeys(columns))]).compute()
        try:
            table = pa.Table.from_pandas(found, preserve_index=False)
        except pa.ArrowException as error:
            raise DataError(f"partition {part} of the Dask DataFrame cannot be read ({error}).") from None
        yield DataFile(Path(f"partition {part}"), tuple(table.column_names), table, na=dict(na))


def in_parts(given: Any) -> Folder | Partitions:
    """The parts of a folder of Parquet files, or of a Dask DataFrame."""
    if hasattr(given, "npartitions") and hasattr(given, "compute"):
        return Partitions.of(given)
    if not isinstance(given, str | Path):
        raise DataError(
            f"{guards.sight(given)} is no folder of Parquet files and no Dask DataFrame. A table in memory is for `Survey` and `rake`."
        )
    return Folder.of(given)


def missing_codes(na: Mapping[str, Any] | None) -> dict[str, frozenset[str]]:
    """{column: values that count as missing} as the files' values are spelt; one value may stand without a list."""
    return {
        name: frozenset(map(spelt_as, codes if isinstance(codes, list | tuple | set | frozenset) else [codes]))
        for name, codes in guards.mapping(na or {}, "na").items()
    }


@dataclass
class Keys:
    """Combinations of the levels of some columns, numbered in the order in which rows of many batches have them.

    Attributes
    ----------
    names : of the columns. texts : {text: number} of each column's levels. values : the level as the column has it, of each text.
    places : {numbers of the levels, -1 for missing: number of the combination}.
    categories : whether those of a categorical column are levels in their own order, also if no row has them.
    """

    names: tuple[str, ...]
    texts: list[dict[str, int]] = field(default_factory=list)
    values: list[list[Any]] = field(default_factory=list)
    places: dict[tuple[int, ...], int] = field(default_factory=dict)
    categories: bool = False

    def __post_init__(self) -> None:
        self.texts, self.values = [{} for _ in self.names], [[] for _ in self.names]

    def of(self, batch: DataFile, more: Iterable[tuple[str, Ints]] = ()) -> Ints:
        """Combinations (n,) of a batch's rows; new ones are put behind the others.

        more : (name, numbers (n,)) of columns that the batch has not, whose numbers are their levels.
        """
        cell, columns, given = np.zeros(len(batch), np.int64), [], dict(more)
        for k, name in enumerate(self.names):
            if name in given:
                codes, distinct = pd.factorize(given[name])
                found, values = list(map(str, distinct)), distinct
            else:
                codes, found = batch.spelt(name)
                values = None
            columns.append(self._numbers(k, codes, found, values, batch)[codes])
            cell = pd.factorize(cell * (len(found) + 1) + codes + 1)[0]  # numbered anew, so that no product grows
        first = _first_rows(cell, int(cell.max(initial=-1)) + 1)
        combos = zip(*(column[first].tolist() for column in columns), strict=True) if columns else [()] * len(first)
        image = np.array([self.places.setdefault(combo, len(self.places)) for combo in combos], np.int64)
        if len(self.places) > MOST_CELLS:
            raise DataError(
                f"{' × '.join(self.names)} have more than {MOST_CELLS:,} combinations in the files; take fewer columns, or coarser ones."
            )
        return image[cell]

    def _numbers(self, k, codes, found, values, batch):
        """Numbers of a batch's levels, -1 behind them for missing; the values of new ones are kept."""
        known = self.texts[k]
        dtype = batch.values(self.names[k]).dtype if self.categories and values is None else None
        if isinstance(dtype, pd.CategoricalDtype):
            fresh = {spelt_as(v): v for v in dtype.categories if spelt_as(v) not in known}
            self.values[k] += fresh.values()
            known.update(zip(fresh, range(len(known), len(known) + len(fresh)), strict=True))
        before = len(known)
        numbers = [known.setdefault(text, len(known)) for text in found]
        if len(known) > before:
            if values is None:
                values = batch.values(self.names[k]).iloc[_first_rows(codes, len(found))].tolist()
            fresh = dict(zip(numbers, values, strict=True))
            self.values[k] += [fresh[number] for number in range(before, len(known))]
        return np.array([*numbers, -1])

    def levels(self, k: int) -> tuple[Ints, list[Any]]:
        """Numbers (K,) of the levels of one column in every combination, -1 where missing, and the levels."""
        return np.array([key[k] for key in self.places], np.int64), self.values[k]


def _first_rows(codes: Ints, count: int) -> Ints:
    """The first row of each of so many codes, which are numbered in the order of their rows; -1 is none."""
    first, rows = np.zeros(count, np.int64), np.flatnonzero(codes >= 0)[::-1]
    first[codes[rows]] = rows
    return first
