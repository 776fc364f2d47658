"""The ledger of a study: finished repetitions on disk, in parts that prove themselves (`parts`).

A part is written to a temporary file, fsynced and renamed; nothing written is ever overwritten in place or deleted before its successor is
safe. Parts cover fixed stretches of repetitions, so that the same repetitions give the same files however the work was cut.
"""

import contextlib
import os
import secrets
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .. import guards
from ..errors import StudyError, SurveysimWarning
from ..writing import PREFIX, folder_made, whole
from .locks import is_locked, locked
from .manifest import Manifest
from .parts import Block, Part, PartError, digest_of, encoded


class MemoryLedger:
    """A ledger without a folder: blocks kept in memory."""

    folder = None

    def __init__(self) -> None:
        self.blocks, self.manifest = {}, None

    def write_manifest(self, manifest: Manifest) -> None:
        self.manifest = manifest

    def write(self, scenario: str, first: int, block: Block) -> None:
        self.blocks.setdefault(scenario, {})[first] = block

    def read(self, scenario: str, repetitions: int | None = None) -> Iterator[Block]:
        """Blocks of a scenario in order, of repetitions below a number."""
        for first in sorted(self.blocks.get(scenario, {})):
            yield from self.blocks[scenario][first].below(repetitions)

    def done(self, scenario: str) -> dict[int, np.ndarray]:
        """{first: repetitions} of the parts there are."""
        return {first: block.repetitions for first, block in self.blocks.get(scenario, {}).items()}

    def counts(self, scenario: str) -> int:
        return sum(len(b.repetitions) for b in self.blocks.get(scenario, {}).values())

    def part(self, scenario: str, first: int) -> Block | None:
        """The block that begins a stretch, or None."""
        return self.blocks.get(scenario, {}).get(first)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        yield


class Ledger:
    """A ledger in a folder; its path is absolute at once, because estimators may change the working directory."""

    def __init__(self, folder: Any) -> None:
        self.folder = guards.path(folder, "out", error=StudyError).absolute()
        self._listed = None  # {scenario: {first: [Part]}} while this process holds the lock: nobody else writes

    # ------------------------------------------------------------------------------------------------------ manifest
    @property
    def manifest(self) -> Manifest | None:
        """What the study is, as written when it was begun; None where there is no study. Every byte of it is under its checksum."""
        path = self.folder / "study.json"
        try:
            data = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StudyError(f"{path}: the study cannot be read ({error.strerror or error}).") from None
        return Manifest.opened(data, path)

    def write_manifest(self, manifest: Manifest) -> None:
        self._place(self.folder / "study.json", manifest.sealed())

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes out of the folder while this one runs."""
        with locked(self.folder):
            self._listed = {}
            try:
                yield
            finally:
                self._listed = None

    def running(self) -> bool:
        """Whether a process holds the lock."""
        return is_locked(self.folder)

    # --------------------------------------------------------------------------------------------------------- parts
    def parts(self, scenario: str) -> list[Part]:
        """Parts of a scenario in order; where two cover one stretch, the fuller (an older one outlived its successor's writing)."""
        return [found[0] for found in self.stretches(scenario).values()]

    def stretches(self, scenario: str) -> dict[int, list[Part]]:
        """{first: parts of the stretch, fuller ones first}, in order."""
        found = {}
        for part in self._files(scenario):
            found.setdefault(part.first, []).append(part)
        return found

    def _files(self, scenario: str) -> list[Part]:
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
        found = filter(None, (Part.named(home / name) for name in names))
        return sorted(found, key=lambda p: (p.first, -p.count, p.digest))

    def counts(self, scenario: str) -> int:
        """Repetitions there are, by the names of the parts alone."""
        return sum(part.count for part in self.parts(scenario))

    def settled(self, parts: list[Part]) -> Block:
        """The block of one stretch; of several parts of it the fuller, which holds what is in the others, or else PartError."""
        block = parts[0].load()
        for other in parts[1:]:
            if not other.load().within(block):
                raise PartError(
                    other.path, f"is doubled: {parts[0].path.name} has other results of the same repetitions"
                )
        return block

    def part(self, scenario: str, first: int) -> Block | None:
        """The block that begins a stretch, or None."""
        found = self._at(scenario, first)
        return self.settled(found) if found else None

    def _at(self, scenario: str, first: int) -> list[Part]:
        """Parts of one stretch, fuller ones first; a run lists the folder once, not for every part."""
        if self._listed is None:
            return self.stretches(scenario).get(first, [])
        if scenario not in self._listed:
            self._listed[scenario] = self.stretches(scenario)
        return self._listed[scenario].get(first, [])

    def read(self, scenario: str, repetitions: int | None = None) -> Iterator[Block]:
        """Blocks of a scenario in order, of repetitions below a number; one in memory at a time."""
        last = -1
        for first, parts in self.stretches(scenario).items():
            if repetitions is None or first < repetitions:
                block = self.settled(parts)
                if block.repetitions[0] <= last:
                    raise PartError(parts[0].path, f"is doubled: repetition {block.repetitions[0]} is in two parts")
                last = block.repetitions[-1]
                yield from block.below(repetitions)

    def done(self, scenario: str) -> dict[int, np.ndarray]:
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

    def _sound(self, part: Part) -> bool:
        """Whether a part is good; one that is not is set aside."""
        try:
            part.load()
        except PartError as error:
            self._set_aside(part, error.fault)
            return False
        return True

    def _set_aside(self, part: Part, fault: str) -> None:
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

    def write(self, scenario: str, first: int, block: Block) -> None:
        """Write a part in place of the one it extends."""
        data = encoded(scenario, first, block)
        older, mark = self._at(scenario, first), digest_of(data)
        path = self._home(scenario) / f"{first:09d}-{len(block.repetitions):06d}-{mark}.parquet"
        self._place(path, data)
        for old in older:
            if old.path != path:
                old.path.unlink(missing_ok=True)
        if self._listed is not None:
            self._listed[scenario][first] = [Part(path, first, len(block.repetitions), mark)]

    def _home(self, scenario: str) -> Path:
        return self.folder / "parts" / scenario

    def _place(self, path: Path, data: bytes) -> None:
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

    def clear_temporary(self) -> None:
        """Remove what killed processes left half written; called under the lock."""
        for path in self.folder.rglob(PREFIX + "*"):
            with contextlib.suppress(OSError):
                path.unlink()
