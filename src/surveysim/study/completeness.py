"""How far a study is: what is missing in its ledger, what is there, and whether too much of it failed."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..display import short
from ..errors import StudyError
from .ledger import Ledger, MemoryLedger
from .parts import Block
from .spec import StudyPart

if TYPE_CHECKING:
    from .study import Study


def missing(ledger: Ledger | MemoryLedger, ids: list[str], wanted: int, together: int) -> list[tuple]:
    """[(scenario, first repetition of the part, missing repetitions)]."""
    work = []
    for k, name in enumerate(ids):
        if name in ids[:k]:  # the same scenario under another name
            continue
        done = ledger.done(name)
        for first in range(0, wanted, together):
            every = np.arange(first, min(first + together, wanted))
            lacking = np.setdiff1d(every, done[first]) if first in done else every
            if len(lacking):
                work.append((k, first, lacking))
    return work


def left(ledger: Ledger | MemoryLedger, key: str, wanted: int, together: int) -> int:
    """Repetitions of a scenario that are not there yet, by the names of the parts; only one that may hold more than wanted is read."""
    parts = [] if isinstance(ledger, MemoryLedger) else [part for part in ledger.parts(key) if part.first < wanted]
    whole = sum(part.count for part in parts if part.first + together <= wanted)
    last = [part.load().repetitions for part in parts if part.first + together > wanted]
    return wanted - whole - sum(int(np.sum(repetitions < wanted)) for repetitions in last)


def status(ledger: Ledger, scenarios: list[str], ids: list[str], part: StudyPart) -> pd.DataFrame:
    """Table scenario, done, wanted, failed, damaged; see `Study.status`."""
    rows, faults, wanted = [], [], part.repetitions
    for name, key in zip(scenarios, ids, strict=True):
        done, failed, damaged = 0, set(), 0
        for parts in ledger.stretches(key).values():
            try:
                block = ledger.settled(parts)
            except StudyError as error:
                damaged += 1
                faults.append(str(error))
                continue
            counted = np.iinfo(np.int64).max if part.target_mcse else wanted
            done += int(np.sum(block.repetitions < counted))
            failed |= {f[0] for f in block.failures if f[0] < counted}
        rows.append((name, done, wanted, len(failed), damaged))
    table = pd.DataFrame(rows, columns=["scenario", "done", "wanted", "failed", "damaged"])
    table.attrs |= {"running": ledger.running(), "faults": faults}
    return table


class Budget:
    """How many repetitions may fail: called with every part that is finished, it raises StudyError when they are more."""

    def __init__(self, study: "Study", ids: list[str], wanted: int) -> None:
        self.study, self.wanted, self.share = study, wanted, study.spec.study.failures
        self.allowed = max(self.share * wanted, 1.0) if self.share else 0.0
        self.seen: dict[int, dict] = {k: {} for k in range(len(ids))}

    def __call__(self, k: int, block: Block) -> None:
        seen = self.seen[k]
        seen |= {f[0]: f for f in block.failures}
        if len(seen) <= self.allowed:
            return
        r, m, text = seen[min(seen)]
        name, method = self.study.scenarios[k], "" if m < 0 else f", method {self.study.methods[m].name!r}"
        raise StudyError(
            f"scenario {name!r}: {len(seen)} repetitions failed, more than study.failures = {self.share:g} of {self.wanted:,} "
            f"allows. The first is repetition {r}{method}: {short(text)}\nstudy.replay({name!r}, {r}) repeats it. Nothing is lost. "
            "Raise study.failures to go on; a mended estimator or survey is another study, in a folder of its own."
        )
