"""Arrays kept on disk from one process to the next, under a mark of what they depend on."""

import hashlib
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from ..aliases import Array
from ..errors import SurveysimWarning
from ..writing import whole


def folder() -> Path:
    """Where exact parameter tables are kept: $SURVEYSIM_CACHE, else the system's folder for such, ~/.cache/surveysim on Linux."""
    return Path(os.environ.get("SURVEYSIM_CACHE") or platformdirs.user_cache_dir("surveysim", appauthor=False))


def save(path: Path, mark: str, arrays: Mapping[str, Any]) -> None:
    """Write arrays so that a reader never sees half of them; where that is impossible, warn and go on without."""
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as part, part.open("wb") as file:
            np.savez_compressed(file, fingerprint=mark, checksum=_checksum(arrays), **arrays)
    except OSError as error:
        warnings.warn(
            f"exact parameters cannot be kept in {path.parent} ({error.strerror}), so another process has to make them again. Set "
            f"SURVEYSIM_CACHE to a folder that can be written.",
            SurveysimWarning,
            stacklevel=4,
        )


def load(path: Path, mark: str) -> dict[str, Array] | None:
    """Arrays from a file, or None when it is absent, damaged or of another mark."""
    try:
        with open(path, "rb") as file:
            table = np.load(file)
            if str(table["fingerprint"]) != mark:
                return None
            arrays = {name: table[name] for name in table.files if name not in ("fingerprint", "checksum")}
            return arrays if str(table["checksum"]) == _checksum(arrays) else None
    except Exception:  # whatever a damaged archive raises, it is made again
        return None


def _checksum(arrays):
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(
            f"{name} {arrays[name].shape} {arrays[name].dtype}".encode() + np.ascontiguousarray(arrays[name]).tobytes()
        )
    return digest.hexdigest()
