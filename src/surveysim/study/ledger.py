"""The ledger of a study: finished repetitions on disk, in parts that prove themselves.

A part is a Parquet file of some repetitions of one scenario. Its name holds the first repetition it may hold, how many it has, and a digest
of its bytes; inside it carries the fingerprint of its study and scenario, its stretch, and a checksum of its results. A part is whole, in
its place and as it was written, or it is found out. It is written to a temporary file, fsynced and renamed; nothing written is ever
overwritten in place or deleted before its successor is safe. Parts cover fixed stretches of repetitions, so that the same repetitions give
the same files however the work was cut.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import time
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import guards
from ..errors import StudyError, SurveysimWarning
from ..writing import PREFIX, folder_made, whole

FIELDS = ("estimate", "se", "df", "n", "deff", "lower", "upper")
NAME = re.compile(r"^(\d{9})-(\d{6})-([0-9a-f]{16})\.parquet$")
FORMAT = 2
TOGETHER = 16  # repetitions of a survey in one part
CHECKSUM = "checksum"
TAKEN = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # how a system says that somebody has the lock


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


class PartError(StudyError):
    """A part that is not what its name and place say; `fault` says why, for messages that go on otherwise."""

    def __init__(self, path, fault):
        super().__init__(
            f"{path}: this part {fault}. Nothing was computed from it. Run the study again: it sets the part aside and repeats its "
            "repetitions."
        )
        self.path, self.fault = path, fault


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
    """A ledger in a folder; its path is absolute at once, because estimators may change the working directory."""

    def __init__(self, folder):
        self.folder = guards.path(folder, "out", error=StudyError).absolute()
        self._listed = None  # {scenario: {first: [Part]}} while this process holds the lock: nobody else writes

    # ------------------------------------------------------------------------------------------------------ manifest
    @property
    def manifest(self):
        """What the study is, as written when it was begun; None where there is no study. Every byte of it is under its checksum."""
        path = self.folder / "study.json"
        try:
            data = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StudyError(f"{path}: the study cannot be read ({error.strerror or error}).") from None
        fault = "is damaged"
        try:
            manifest = json.loads(data.decode("utf-8"))
            if manifest["format"] != FORMAT and isinstance(manifest["format"], int):
                raise StudyError(
                    f"{path}: the ledger has format {manifest['format']}; this version reads format {FORMAT}. Choose another folder."
                )
            if manifest.pop(CHECKSUM) == _checksum(manifest):
                return manifest
            fault = "is not as it was written: its checksum does not fit"
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            if isinstance(error, StudyError):
                raise
        raise StudyError(
            f"{path}: the study's description {fault}. Its parts are untouched; delete this file and run the study again, which finds "
            "them by their fingerprints."
        )

    def write_manifest(self, manifest):
        sealed = manifest | {CHECKSUM: _checksum(manifest)}
        text = json.dumps(sealed, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        self._place(self.folder / "study.json", text.encode("utf-8"))

    @contextlib.contextmanager
    def lock(self):
        """Keep other processes out of the folder while this one runs; the system gives the lock back even after kill -9."""
        path, handle = self.folder / "lock", None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        except OSError as error:
            raise StudyError(
                f"{self.folder}: the study's folder is not writable ({path.name}: {error.strerror or error}). Choose another."
            ) from None
        _held.add(handle)
        try:
            if not self._taken(handle):
                raise StudyError(
                    f"{self.folder}: {_owner(handle)} is running this study. Wait for it, or choose another folder; two writers would mix "
                    "their parts."
                )
            os.ftruncate(handle, 0)
            os.lseek(handle, 0, os.SEEK_SET)
            os.write(handle, f"process {os.getpid()}".encode())
            self._listed = {}
            yield
            if handle in _held:
                os.ftruncate(handle, 0)
        finally:
            self._listed = None
            if handle in _held:  # not in a child that was forked meanwhile: it gave its share of the lock back
                _held.discard(handle)
                os.close(handle)

    def _taken(self, handle):
        """Whether the lock could be had; one who only looks for it holds it for a moment, so it is asked for more than once."""
        try:
            for _ in range(4):
                if _locked(handle):
                    return True
                time.sleep(0.05)
        except OSError as error:
            raise StudyError(
                f"{self.folder}: the file system of this folder has no locks ({error.strerror or error}), so that a second process could "
                "not be kept out, and two writers would mix their parts. Choose a folder on a local disk."
            ) from None
        return False

    def running(self):
        """Whether a process holds the lock."""
        try:
            handle = os.open(self.folder / "lock", os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
        except OSError:
            return False
        try:
            return not _locked(handle)
        except OSError:
            return False
        finally:
            os.close(handle)

    # --------------------------------------------------------------------------------------------------------- parts
    def parts(self, scenario):
        """Parts of a scenario in order; where two cover one stretch, the fuller (an older one outlived its successor's writing)."""
        return [found[0] for found in self.stretches(scenario).values()]

    def stretches(self, scenario):
        """{first: parts of the stretch, fuller ones first}, in order."""
        found = {}
        for part in self._files(scenario):
            found.setdefault(part.first, []).append(part)
        return found

    def _files(self, scenario):
        """Every part there is, by its stretch, fuller ones first."""
        home = self._home(scenario)
        try:
            names = os.listdir(home)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StudyError(
                f"{home}: should be a folder of parts and cannot be read ({error.strerror or error}). Move it away, and run the study "
                "again."
            ) from None
        matches = [m for m in map(NAME.match, names) if m]
        found = [Part(home / m[0], int(m[1]), int(m[2]), m[3]) for m in matches]
        return sorted(found, key=lambda p: (p.first, -p.count, p.digest))

    def counts(self, scenario):
        """Repetitions there are, by the names of the parts alone."""
        return sum(part.count for part in self.parts(scenario))

    def load(self, part):
        """The block in a part; PartError if a single bit of it is not as it was written, or it belongs elsewhere."""
        try:
            data = part.path.read_bytes()
        except OSError as error:
            raise PartError(part.path, f"cannot be read ({error.strerror or error})") from None
        if _digest(data) != part.digest:
            raise PartError(
                part.path,
                f"(repetitions {part.first} to {part.first + part.count - 1}) is damaged: its bytes are not those that were written",
            )
        try:
            block, facts = _decoded(data)
        except Exception as error:  # whatever bytes make a reader of Parquet or JSON say
            raise PartError(part.path, f"is damaged: it holds no results of a study ({type(error).__name__})") from None
        scenario, r = part.path.parent.name, block.repetitions
        if facts["scenario"] != scenario:
            raise PartError(
                part.path,
                f"is foreign: it belongs to another study or scenario, with the fingerprint {facts['scenario']!s:.40}",
            )
        if (facts["first"], len(r)) != (part.first, part.count) or not len(r) or r[0] < part.first:
            raise PartError(
                part.path,
                f"was moved or renamed: it holds {len(r)} repetitions of the stretch from {facts['first']!s:.20}",
            )
        if facts["check"] != _check(scenario, part.first, block):
            raise PartError(part.path, "was edited: its results are not those that were written")
        return block

    def settled(self, parts):
        """The block of one stretch; of several parts of it the fuller, which holds what is in the others, or else PartError."""
        block = self.load(parts[0])
        for other in parts[1:]:
            if not _within(self.load(other), block):
                raise PartError(
                    other.path, f"is doubled: {parts[0].path.name} has other results of the same repetitions"
                )
        return block

    def part(self, scenario, first):
        """The block that begins a stretch, or None."""
        found = self._at(scenario, first)
        return self.settled(found) if found else None

    def _at(self, scenario, first):
        """Parts of one stretch, fuller ones first; a run lists the folder once, not for every part."""
        if self._listed is None:
            return self.stretches(scenario).get(first, [])
        if scenario not in self._listed:
            self._listed[scenario] = self.stretches(scenario)
        return self._listed[scenario].get(first, [])

    def read(self, scenario, repetitions=None):
        """Blocks of a scenario in order, of repetitions below a number; one in memory at a time."""
        last = -1
        for first, parts in self.stretches(scenario).items():
            if repetitions is None or first < repetitions:
                block = self.settled(parts)
                if block.repetitions[0] <= last:
                    raise PartError(parts[0].path, f"is doubled: repetition {block.repetitions[0]} is in two parts")
                last = block.repetitions[-1]
                yield from _below(block, repetitions)

    def done(self, scenario):
        """{first: repetitions} of the parts there are; what is no good part is set aside, and reported as a warning."""
        found = {}
        for first, parts in self.stretches(scenario).items():
            good = [part for part in parts if self._sound(part)]
            if not good:
                continue
            try:
                found[first] = self.settled(good).repetitions
            except PartError as error:  # nobody can say which of them is right
                for part in good:
                    self._set_aside(part, error.fault)
                continue
            for older in good[1:]:
                older.path.unlink(missing_ok=True)  # its successor is whole
        if self._listed is not None:
            self._listed.pop(scenario, None)
        return found

    def _sound(self, part):
        """Whether a part is good; one that is not is set aside."""
        try:
            self.load(part)
        except PartError as error:
            self._set_aside(part, error.fault)
            return False
        return True

    def _set_aside(self, part, fault):
        aside = self.folder / "damaged"
        name = f"{part.path.parent.name}-{part.path.name}"
        try:
            aside.mkdir(exist_ok=True)
            while (aside / name).exists():
                name = f"{secrets.token_hex(4)}-{name}"
            os.replace(part.path, aside / name)
        except OSError as error:
            raise StudyError(
                f"{part.path}: this part {fault}, and it cannot be set aside in {aside} ({error.strerror or error}). Remove what is in "
                "the way, and run the study again."
            ) from None
        warnings.warn(
            f"{part.path}: this part {fault}. It is kept in {aside}; its repetitions are run again.",
            SurveysimWarning,
            stacklevel=5,
        )

    def write(self, scenario, first, block):
        """Write a part in place of the one it extends."""
        data = _encoded(scenario, first, block)
        older, mark = self._at(scenario, first), _digest(data)
        path = self._home(scenario) / f"{first:09d}-{len(block.repetitions):06d}-{mark}.parquet"
        self._place(path, data)
        for old in older:
            if old.path != path:
                old.path.unlink(missing_ok=True)
        if self._listed is not None:
            self._listed[scenario][first] = [Part(path, first, len(block.repetitions), mark)]

    def _home(self, scenario):
        return self.folder / "parts" / scenario

    def _place(self, path, data):
        """Write bytes so that the file is there whole, or not at all."""
        try:
            folder_made(path.parent)
            with whole(path) as part:
                part.write_bytes(data)
        except OSError as error:
            raise StudyError(
                f"{path}: cannot be written ({error.strerror or error}). What was written before is safe; make room or choose a "
                "folder that can be written, and run the same command again."
            ) from error

    def clear_temporary(self):
        """Remove what killed processes left half written; called under the lock."""
        for path in self.folder.rglob(PREFIX + "*"):
            with contextlib.suppress(OSError):
                path.unlink()


def _encoded(scenario, first, block):
    """The bytes of a part."""
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
    facts = {
        "scenario": scenario,
        "first": first,
        "methods": M,
        "items": E,
        "failures": [list(f) for f in block.failures],
        "check": _check(scenario, first, block),
    }
    table = pa.table(columns).replace_schema_metadata({"surveysim": json.dumps(facts, ensure_ascii=False)})
    sink = pa.BufferOutputStream()
    pq.write_table(
        table, sink, compression="zstd", use_dictionary=["repetition", "method", "item"], write_statistics=False
    )
    return sink.getvalue().to_pybytes()


def _decoded(data):
    """(block, facts) of the bytes of a part; any error where they are none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.ParquetFile(pa.BufferReader(data), pre_buffer=False).read(use_threads=False)
    facts = json.loads(table.schema.metadata[b"surveysim"])
    width = facts["methods"] * facts["items"]
    values = np.stack([table[name].to_numpy() for name in FIELDS], axis=-1).astype(np.float64)
    values = values.reshape(-1, facts["methods"], facts["items"], len(FIELDS))
    repetitions = table["repetition"].to_numpy().reshape(-1, width)[:, 0].astype(np.int64)
    failures = tuple((int(r), int(m), str(text)) for r, m, text in facts["failures"])
    _ = facts["scenario"], facts["first"], facts["check"]
    return Block(repetitions, values, failures), facts


def _check(scenario, first, block):
    """Checksum of what a part says: whose results, of which repetitions, and each of their bits."""
    found = hashlib.sha256(json.dumps([scenario, first, block.values.shape, block.failures]).encode())
    found.update(np.ascontiguousarray(block.repetitions, dtype=np.int64).tobytes())
    found.update(np.ascontiguousarray(block.values, dtype=np.float64).tobytes())
    return found.hexdigest()[:16]


def _within(less, more):
    """Whether a block holds another: the same repetitions with the same bits, and their failures."""
    at = np.searchsorted(more.repetitions, less.repetitions).clip(max=len(more.repetitions) - 1)
    return (
        np.array_equal(more.repetitions[at], less.repetitions)
        and more.values[at].tobytes() == less.values.tobytes()
        and set(less.failures) <= set(more.failures)
    )


def _checksum(manifest):
    return hashlib.sha256(json.dumps(manifest, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


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


_held = set()  # handles of the locks of this process


def _let_go():
    """A forked child gives its share of the locks back: they are its parent's, and end with it."""
    while _held:
        with contextlib.suppress(OSError):
            os.close(_held.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


def _owner(handle):
    """Who has the lock, as it wrote there."""
    with contextlib.suppress(OSError):  # Windows lets nobody read what is locked
        return re.sub(r"[^ -~]", "", os.read(handle, 40).decode("ascii", "replace")).strip() or "another process"
    return "another process"


def _locked(handle):
    """Take the lock of an open file if nobody has it; OSError where the file system has no locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno not in TAKEN:
                raise
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in TAKEN:
            raise
        return False
    return True
