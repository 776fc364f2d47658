"""The ledger of a study: finished repetitions on disk, in parts that prove themselves.

A part is a Parquet file of some repetitions of one scenario. Its name holds the first repetition it may hold, how many it has, and a digest
of its bytes, so that a part is either whole or found out. It is written to a temporary file, fsynced and renamed; nothing written is ever
overwritten in place or deleted before its successor is safe. Parts cover fixed stretches of repetitions, so that the same repetitions give
the same files however the work was cut.
"""

import contextlib
import hashlib
import json
import os
import re
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import StudyError

FIELDS = ("estimate", "se", "df", "n", "deff", "lower", "upper")
NAME = re.compile(r"^(\d{9})-(\d{6})-([0-9a-f]{16})\.parquet$")
FORMAT = 1


class Block(NamedTuple):
    """Results of some repetitions of a scenario."""

    repetitions: np.ndarray  # (r,) int64, ascending
    values: np.ndarray  # (r, methods, items, len(FIELDS))
    failures: tuple  # ((repetition, method or -1 for all, message), ...)


class Part(NamedTuple):
    """A file of the ledger, by its name."""

    path: Path
    first: int
    count: int
    digest: str


def joined(blocks, most=None):
    """One block of several, each repetition once, in order."""
    repetitions = np.concatenate([b.repetitions for b in blocks])
    at = np.unique(repetitions, return_index=True)[1]
    values = np.concatenate([b.values for b in blocks])[at]
    failures = sorted({f for b in blocks for f in b.failures})
    return Block(repetitions[at], values, tuple(failures))


class MemoryLedger:
    """A ledger without a folder: blocks kept in memory."""

    folder = None

    def __init__(self):
        self.blocks, self.manifest = {}, None

    def write_manifest(self, manifest):
        self.manifest = manifest

    def write(self, scenario, first, block):
        self.blocks.setdefault(scenario, {})[first] = block

    def read(self, scenario, repetitions=None):
        """Blocks of a scenario in order, of repetitions below a number."""
        for first in sorted(self.blocks.get(scenario, {})):
            yield from _below(self.blocks[scenario][first], repetitions)

    def done(self, scenario):
        """{first: repetitions} of the parts there are."""
        return {first: block.repetitions for first, block in self.blocks.get(scenario, {}).items()}

    def counts(self, scenario):
        return sum(len(b.repetitions) for b in self.blocks.get(scenario, {}).values())

    def part(self, scenario, first):
        """The block that begins a stretch, or None."""
        return self.blocks.get(scenario, {}).get(first)

    @contextlib.contextmanager
    def lock(self):
        yield


class Ledger:
    """A ledger in a folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self._listed = None  # {scenario: {first: [Part]}} while this process holds the lock: nobody else writes

    # ------------------------------------------------------------------------------------------------------ manifest
    @property
    def manifest(self):
        """What the study is, as written when it was begun; None where there is no study."""
        path = self.folder / "study.json"
        try:
            text = path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StudyError(f"{path}: the study cannot be read ({error.strerror}).") from None
        try:
            manifest = json.loads(text)
            if manifest["format"] == FORMAT:
                return manifest
        except (ValueError, KeyError, TypeError):
            raise StudyError(
                f"{path}: the study's description is damaged. Its parts are untouched; delete this file and run the study again, "
                "which finds them by their fingerprints."
            ) from None
        raise StudyError(f"{path}: the ledger has format {manifest['format']}; this version reads format {FORMAT}.")

    def write_manifest(self, manifest):
        text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        self._place(self.folder / "study.json", text.encode("utf-8"))

    @contextlib.contextmanager
    def lock(self):
        """Keep other processes out of the folder while this one runs; the system gives the lock back even after kill -9."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = open(self.folder / "lock", "a+", encoding="utf-8")  # noqa: SIM115 - held until the study ends
        except OSError as error:
            raise StudyError(
                f"{self.folder}: the study's folder is not writable ({error.strerror or error}). Choose another."
            ) from None
        try:
            if not _locked(file):
                file.seek(0)
                owner = file.read().strip() or "another process"
                raise StudyError(
                    f"{self.folder}: {owner} is running this study. Wait for it, or choose another folder; two writers would mix "
                    "their parts."
                )
            file.seek(0)
            file.truncate()
            file.write(f"process {os.getpid()}")
            file.flush()
            self._listed = {}
            yield
            file.seek(0)
            file.truncate()
        finally:
            self._listed = None
            file.close()

    def running(self):
        """Whether a process holds the lock."""
        try:
            with open(self.folder / "lock", "a+", encoding="utf-8") as file:
                return not _locked(file)
        except OSError:
            return False

    # --------------------------------------------------------------------------------------------------------- parts
    def parts(self, scenario):
        """Parts of a scenario in order; where two cover one stretch, the fuller (an older one outlived its successor's writing)."""
        best = {}
        for part in self._files(scenario):
            best.setdefault(part.first, part)
        return list(best.values())

    def _files(self, scenario):
        """Every part there is, by its stretch, fuller ones first."""
        try:
            names = os.listdir(self._home(scenario))
        except FileNotFoundError:
            return []
        matches = [m for m in map(NAME.match, names) if m]
        found = [Part(self._home(scenario) / m[0], int(m[1]), int(m[2]), m[3]) for m in matches]
        return sorted(found, key=lambda p: (p.first, -p.count, p.digest))

    def counts(self, scenario):
        """Repetitions there are, by the names of the parts alone."""
        return sum(part.count for part in self.parts(scenario))

    def load(self, part):
        """The block in a part; StudyError if a single bit of it is not as it was written."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            data = part.path.read_bytes()
        except OSError as error:
            raise StudyError(f"{part.path}: a part of the study cannot be read ({error.strerror}).") from None
        if _digest(data) != part.digest:
            raise StudyError(
                f"{part.path}: this part (repetitions {part.first} to {part.first + part.count - 1}) is damaged: its bytes are not those "
                "that were written. Nothing was computed from it. Run the study again: it sets the part aside and repeats its repetitions."
            )
        table = pq.ParquetFile(pa.BufferReader(data), pre_buffer=False).read(use_threads=False)
        facts = json.loads(table.schema.metadata[b"surveysim"])
        shape = (part.count, facts["methods"], facts["items"])
        values = np.stack([table[name].to_numpy() for name in FIELDS], axis=-1).reshape(*shape, len(FIELDS))
        repetitions = table["repetition"].to_numpy().reshape(part.count, -1)[:, 0].astype(np.int64)
        return Block(repetitions, values, tuple(tuple(f) for f in facts["failures"]))

    def part(self, scenario, first):
        """The block that begins a stretch, or None."""
        found = self._at(scenario, first)
        return self.load(found[0]) if found else None

    def _at(self, scenario, first):
        """Parts of one stretch, fuller ones first; a run lists the folder once, not for every part."""
        if self._listed is None:
            return [p for p in self._files(scenario) if p.first == first]
        if scenario not in self._listed:
            self._listed[scenario] = {}
            for part in self._files(scenario):
                self._listed[scenario].setdefault(part.first, []).append(part)
        return self._listed[scenario].get(first, [])

    def read(self, scenario, repetitions=None):
        """Blocks of a scenario in order, of repetitions below a number; one in memory at a time."""
        for part in self.parts(scenario):
            if repetitions is None or part.first < repetitions:
                yield from _below(self.load(part), repetitions)

    def done(self, scenario):
        """{first: repetitions} of the parts there are; damaged ones are set aside, and reported as warnings."""
        import warnings

        from ..errors import SurveysimWarning

        found = {}
        for part in self._files(scenario):
            if part.first in found:
                part.path.unlink()  # its successor is whole
                continue
            try:
                found[part.first] = self.load(part).repetitions
            except StudyError as error:
                aside = self.folder / "damaged"
                aside.mkdir(exist_ok=True)
                os.replace(part.path, aside / f"{scenario}-{part.path.name}")
                warnings.warn(
                    f"{str(error).split('. ')[0]}. It is kept in {aside}; its repetitions are run again.",
                    SurveysimWarning,
                    stacklevel=4,
                )
        return found

    def write(self, scenario, first, block):
        """Write a part in place of the one it extends."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        R, M, E, _ = block.values.shape
        item = np.tile(np.arange(M * E, dtype=np.int32), R)
        columns = {
            "repetition": np.repeat(block.repetitions.astype(np.int32), M * E),
            "method": (item // E).astype(np.int32),
            "item": (item % E).astype(np.int32),
            **{name: np.ascontiguousarray(block.values[..., k]).reshape(-1) for k, name in enumerate(FIELDS)},
        }
        facts = {"methods": M, "items": E, "failures": [list(f) for f in block.failures]}
        table = pa.table(columns).replace_schema_metadata({"surveysim": json.dumps(facts, ensure_ascii=False)})
        sink = pa.BufferOutputStream()
        pq.write_table(
            table, sink, compression="zstd", use_dictionary=["repetition", "method", "item"], write_statistics=False
        )
        data = sink.getvalue().to_pybytes()
        older, mark = self._at(scenario, first), _digest(data)
        path = self._home(scenario) / f"{first:09d}-{R:06d}-{mark}.parquet"
        self._place(path, data)
        for old in older:
            if old.path != path:
                old.path.unlink(missing_ok=True)
        if self._listed is not None:
            self._listed[scenario][first] = [Part(path, first, R, mark)]

    def _home(self, scenario):
        return self.folder / "parts" / scenario

    def _place(self, path, data):
        """Write bytes so that the file is there whole, or not at all."""
        temporary = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-", suffix=".tmp")
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
            temporary = None
            _sync_folder(path.parent)
        except OSError as error:
            raise StudyError(
                f"{path}: cannot be written ({error.strerror or error}). What was written before is safe; make room or choose a "
                "folder that can be written, and run the same command again."
            ) from error
        finally:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)

    def clear_temporary(self):
        """Remove what killed processes left half written; called under the lock."""
        for path in self.folder.rglob(".writing-*.tmp"):
            path.unlink()


def _below(block, repetitions):
    """The block up to a number of repetitions; nothing where none are."""
    if repetitions is None or (len(block.repetitions) and block.repetitions[-1] < repetitions):
        yield block
        return
    kept = block.repetitions < repetitions
    if kept.any():
        yield Block(block.repetitions[kept], block.values[kept], tuple(f for f in block.failures if f[0] < repetitions))


def _digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def _sync_folder(path):
    """Make the renaming itself last; folders cannot be opened everywhere."""
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _locked(file):
    """Take the lock of an open file if nobody has it."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
