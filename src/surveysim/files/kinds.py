"""Kinds of survey files, by the ends of their names."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DataError

if TYPE_CHECKING:
    from .data_file import DataFile

TEXT = (".csv", ".tsv")
LABELLED = (".sav", ".zsav", ".dta")
KINDS = (*TEXT, ".parquet", *LABELLED, ".xlsx")


def kind_of(path: Path) -> str:
    """The end of a file's name, in small letters; one that no survey file has is refused."""
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise DataError(f"{path}: the name ends in {path.suffix or 'nothing'!r}; give one of {', '.join(KINDS)}.")
    return kind


def same_labels(file: "DataFile", kind: str) -> bool:
    """Whether a file of this kind keeps formats and user-missing values of the DataFile that was read."""
    return file.meta is not None and kind in LABELLED and (kind == ".dta") == (file.path.suffix.lower() == ".dta")
