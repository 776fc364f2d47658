"""Parts of a ledger: results of some repetitions of a scenario as Parquet files that prove themselves.

The name of a part holds the first repetition it may hold, how many it has, and a digest of its bytes; inside it carries the fingerprint of
its study and scenario, its stretch, and a checksum of its results. A part is whole, in its place and as it was written, or it is found out.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import StudyError
from ..on_demand import Later

pa, pq = Later(None, "pyarrow"), Later(None, "pyarrow.parquet")

FIELDS = ("estimate", "se", "df", "n", "deff", "lower", "upper")
EVERY = (*FIELDS, "control")  # the last where a study has control variates
NAME = re.compile(r"^(\d{9})-(\d{6})-([0-9a-f]{16})\.parquet$")


class Block(NamedTuple):
    """Results of some repetitions of a scenario."""

    repetitions: np.ndarray  # (r,) int64, ascending
    values: np.ndarray  # (r, methods, items, len(FIELDS), or of EVERY)
    failures: tuple  # ((repetition, method or -1 for all, message), ...)

    def below(self, repetitions: int | None) -> Iterator["Block"]:
        """The block up to a number of repetitions; nothing where none are."""
        if repetitions is None or (len(self.repetitions) and self.repetitions[-1] < repetitions):
            yield self
            return
        kept = self.repetitions < repetitions
        if kept.any():
            failures = tuple(f for f in self.failures if f[0] < repetitions)
            yield Block(self.repetitions[kept], self.values[kept], failures)

    def within(self, more: "Block") -> bool:
        """Whether it is held by another: the same repetitions with the same bits, and their failures."""
        at = np.searchsorted(more.repetitions, self.repetitions).clip(max=len(more.repetitions) - 1)
        return (
            np.array_equal(more.repetitions[at], self.repetitions)
            and more.values[at].tobytes() == self.values.tobytes()
            and set(self.failures) <= set(more.failures)
        )


class Part(NamedTuple):
    """A file of the ledger, by its name."""

    path: Path
    first: int
    count: int
    digest: str

    def load(self) -> "Block":
        """The block in it; PartError if a single bit of it is not as it was written, or it belongs elsewhere."""
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise PartError(self.path, f"cannot be read ({error.strerror or error})") from None
        if digest_of(data) != self.digest:
            raise PartError(
                self.path,
                f"(repetitions {self.first} to {self.first + self.count - 1}) is damaged: its bytes are not those that were written",
            )
        try:
            block, facts = _decoded(data)
        except Exception as error:  # whatever bytes make a reader of Parquet or JSON say
            raise PartError(self.path, f"is damaged: it holds no results of a study ({type(error).__name__})") from None
        scenario, r = self.path.parent.name, block.repetitions
        if facts["scenario"] != scenario:
            raise PartError(
                self.path,
                f"is foreign: it belongs to another study or scenario, with the fingerprint {facts['scenario']!s:.40}",
            )
        if (facts["first"], len(r)) != (self.first, self.count) or not len(r) or r[0] < self.first:
            raise PartError(
                self.path,
                f"was moved or renamed: it holds {len(r)} repetitions of the stretch from {facts['first']!s:.20}",
            )
        if facts["check"] != _check(scenario, self.first, block):
            raise PartError(self.path, "was edited: its results are not those that were written")
        return block

    @classmethod
    def named(cls, path: Path) -> "Part | None":
        """The part of a file, by its name; None where it has another."""
        found = NAME.match(path.name)
        return found and cls(path, int(found[1]), int(found[2]), found[3])


class PartError(StudyError):
    """A part that is not what its name and place say; `fault` says why, for messages that go on otherwise."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(
            f"{path}: this part {fault}. Nothing was computed from it. Run the study again: it sets the part aside and repeats its "
            "repetitions."
        )
        self.path, self.fault = path, fault


def joined(blocks: list[Block]) -> Block:
    """One block of several, each repetition once, in order."""
    repetitions = np.concatenate([b.repetitions for b in blocks])
    at = np.unique(repetitions, return_index=True)[1]
    values = np.concatenate([b.values for b in blocks])[at]
    failures = sorted({f for b in blocks for f in b.failures})
    return Block(repetitions[at], values, tuple(failures))


def digest_of(data: bytes) -> str:
    """16 hex digits of some bytes."""
    return hashlib.sha256(data).hexdigest()[:16]


def encoded(scenario: str, first: int, block: Block) -> bytes:
    """The bytes of a part."""
    R, M, E, width = block.values.shape
    item = np.tile(np.arange(M * E, dtype=np.int32), R)
    columns = {
        "repetition": np.repeat(block.repetitions.astype(np.int32), M * E),
        "method": (item // E).astype(np.int32),
        "item": (item % E).astype(np.int32),
        **{name: np.ascontiguousarray(block.values[..., k]).reshape(-1) for k, name in enumerate(EVERY[:width])},
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


def _decoded(data: bytes) -> tuple[Block, dict]:
    """(block, facts) of the bytes of a part; any error where they are none."""
    table = pq.ParquetFile(pa.BufferReader(data), pre_buffer=False).read(use_threads=False)
    facts = json.loads(table.schema.metadata[b"surveysim"])
    width = facts["methods"] * facts["items"]
    names = EVERY if EVERY[-1] in table.column_names else FIELDS
    values = np.stack([table[name].to_numpy() for name in names], axis=-1).astype(np.float64)
    values = values.reshape(-1, facts["methods"], facts["items"], len(names))
    repetitions = table["repetition"].to_numpy().reshape(-1, width)[:, 0].astype(np.int64)
    failures = tuple((int(r), int(m), str(text)) for r, m, text in facts["failures"])
    _ = facts["scenario"], facts["first"], facts["check"]
    return Block(repetitions, values, failures), facts


def _check(scenario: str, first: int, block: Block) -> str:
    """Checksum of what a part says: whose results, of which repetitions, and each of their bits."""
    found = hashlib.sha256(json.dumps([scenario, first, block.values.shape, block.failures]).encode())
    found.update(np.ascontiguousarray(block.repetitions, dtype=np.int64).tobytes())
    found.update(np.ascontiguousarray(block.values, dtype=np.float64).tobytes())
    return found.hexdigest()[:16]
