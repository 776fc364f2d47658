"""Lists that registries keep as tables (CSV, Parquet, Excel), row by row with the line each row comes from."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from .. import files
from ..aliases import Pathname
from ..errors import DataError
from .ranges import Problem


class RegistryList:
    """The rows of a list, and the lines that are not rows.

    A CSV list is read line by line, so that a line with too many fields or an open quotation mark costs that line and no other;
    other kinds of file are read by `surveysim.files`, where row 1 is line 2.

    Attributes
    ----------
    path : the file. columns : its known columns, once `rows` has begun. problems : so far, complete once `rows` is exhausted.
    """

    def __init__(
        self,
        path: Pathname,
        needed: Sequence[str],
        known: Sequence[str],
        *,
        strict: bool = False,
        encoding: str = "utf-8-sig",
    ) -> None:
        self.path, self.needed, self.known = str(path), needed, known
        self.strict, self.encoding, self.problems, self.columns = strict, encoding, [], ()

    def problem(self, line: int, text: str, reason: str, used: bool = False) -> None:
        """Record what is wrong with a line; with strict=True raise it."""
        found = Problem(self.path, line, text, reason, used)
        if self.strict:
            found.refuse()
        self.problems.append(found)

    def rows(self) -> Iterator[tuple[int, str, dict[str, str]]]:
        """Pairs of (line, text of the line, {known column: text, "" where the list has none})."""
        return self._csv() if Path(self.path).suffix.lower() == ".csv" else self._table()

    def _named(self, columns):
        """The known columns of the list, by their place in it."""
        names = [str(name).strip().lower() for name in columns]
        absent = [name for name in self.needed if name not in names]
        twice = [name for name in self.known if names.count(name) > 1]
        if absent or twice:
            what = (
                f"there is no column {absent[0]!r}" if absent else f"{names.count(twice[0])} columns are {twice[0]!r}"
            )
            raise DataError(f"{self.path}: {what}; the list has the columns {', '.join(names[:12])}.")
        self.columns = tuple(name for name in self.known if name in names)
        return {name: names.index(name) for name in self.columns}

    def _csv(self):
        if not Path(self.path).is_file():
            raise DataError(f"{self.path}: there is no such file.")
        try:
            with Path(self.path).open(encoding=self.encoding) as lines:
                head = next(csv.reader(lines), [])
                places, empty = self._named(head), dict.fromkeys(self.known, "")
                for line, text in enumerate(lines, 2):
                    if not text.strip():
                        continue
                    cells = self._cells(line, text.rstrip("\r\n"), len(head))
                    if cells is not None:
                        yield line, text.rstrip("\r\n"), empty | {n: cells[k].strip() for n, k in places.items()}
        except UnicodeDecodeError as error:
            raise DataError(
                f"{self.path}: is not {self.encoding} ({error.reason}); give its encoding, such as gb18030."
            ) from None
        except LookupError:
            raise DataError(f"encoding = {self.encoding!r} is not known; give one such as utf-8 or gb18030.") from None
        except csv.Error as error:
            raise DataError(f"{self.path}: the first line is not one of a CSV file: {error}.") from None

    def _cells(self, line, text, width):
        try:
            cells = next(csv.reader((text,), strict=True))
        except csv.Error as error:
            return self.problem(line, text, f"not a line of a CSV file: {error}")
        if len(cells) != width:
            return self.problem(line, text, f"{len(cells)} fields, and the first line has {width}")
        return cells

    def _table(self):
        file = files.read(self.path)
        columns = {name: file.text(file.columns[k]).tolist() for name, k in self._named(file.columns).items()}
        for row in range(len(file)):
            cells = dict.fromkeys(self.known, "") | {name: (v[row] or "").strip() for name, v in columns.items()}
            yield row + 2, ",".join(cells.values()), cells
