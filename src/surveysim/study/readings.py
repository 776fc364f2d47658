"""What a ledger holds of a study's scenarios, item by item: estimates with their intervals, errors, failures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .. import guards
from ..errors import DataError, StudyError
from ..inference.intervals import proportion_interval, wald_interval
from ..judging.measures import NAN
from .ledger import Ledger, MemoryLedger
from .manifest import EstimandEntry, MethodEntry, ScenarioEntry
from .parts import EVERY, FIELDS

MEMORY = 32 * 2**20  # bytes of estimates held at a time
LARGEST = 5_000_000  # rows of a table that is made without being asked twice
Item = tuple[int, int]  # places of a method and an estimand in a scenario's lists


@dataclass(frozen=True)
class Chunk:
    """All repetitions of some items of a scenario: arrays (R, items)."""

    repetitions: np.ndarray
    values: dict[str, np.ndarray]


@dataclass(frozen=True)
class Readings:
    """The repetitions of some scenarios, as many as were asked for."""

    scenarios: list[ScenarioEntry]
    repetitions: int
    ledger: Ledger | MemoryLedger

    def blocks(self, s: ScenarioEntry) -> Iterator:
        """Blocks of a scenario in order."""
        return self.ledger.read(s.id, self.repetitions)

    def done(self, s: ScenarioEntry) -> int:
        """Repetitions of a scenario that are there, of those asked for."""
        if self.ledger.folder is None:
            return sum(len(block.repetitions) for block in self.blocks(s))
        return min(self.ledger.counts(s.id), self.repetitions)

    def items(self, s: ScenarioEntry, wanted: Callable = lambda method, estimand: True) -> list[Item]:
        """Items of a scenario, of the methods and estimands that are wanted."""
        return [
            (m, e)
            for m, method in enumerate(s.methods)
            for e, estimand in enumerate(s.estimands)
            if wanted(method, estimand)
        ]

    def chunks(self, s: ScenarioEntry, items: list[Item]) -> Iterator[tuple[list[Item], Chunk]]:
        """`Chunk` of items, as many at a time as fit into memory."""
        R = self.done(s)
        size = max(MEMORY // max(8 * len(EVERY) * R, 1), 1)
        for at in range(0, len(items), size):
            part = items[at : at + size]
            method, item = (np.array(x) for x in zip(*part, strict=True))
            out, repetitions, row = np.full((R, len(part), len(EVERY)), NAN), np.empty(R, np.int64), 0
            for block in self.blocks(s):
                rows = slice(row, row + len(block.repetitions))
                repetitions[rows] = block.repetitions
                out[rows, :, : block.values.shape[-1]] = block.values[:, method, item]
                row = rows.stop
            yield part, Chunk(repetitions[:row], {name: out[:row, :, k] for k, name in enumerate(EVERY)})

    def failures(self) -> pd.DataFrame:
        """Table scenario, repetition, method, message, replay of every failure."""
        rows = []
        for s in self.scenarios:
            for block in self.blocks(s):
                for r, m, text in block.failures:
                    method = "" if m < 0 else s.methods[m].name
                    rows.append((s.name, r, method, text, f"study.replay({s.name!r}, {r})"))
        return pd.DataFrame(rows, columns=["scenario", "repetition", "method", "message", "replay"])

    def failed(self, s: ScenarioEntry) -> np.ndarray:
        """Failed repetitions (M,) of every method."""
        count = np.zeros(len(s.methods), np.int64)
        for block in self.blocks(s):
            for m in range(len(count)):
                count[m] += len({r for r, k, _ in block.failures if k in (m, -1)})
        return count

    def errors(self, s: ScenarioEntry, m: int, e: int) -> tuple[np.ndarray, tuple]:
        """(repetitions, (error, se, lower, upper about the truth)) of one item."""
        ((_, chunk),) = self.chunks(s, [(m, e)])
        given, true = measured(s, m, e, chunk, 0), s.estimands[e].true
        bounds = [None if given.get(k) is None else given[k] - true for k in ("lower", "upper")]
        return chunk.repetitions, (given["estimate"] - true, given["se"], *bounds)

    def frame(self, columns: list[str] | None, where: Any, large: bool) -> pd.DataFrame:
        """One row per scenario, repetition, method and estimand; see `StudyResult.to_frame`."""
        every = ["scenario", "repetition", "method", "estimand", "domain", "true", *FIELDS]
        columns = guards.words(columns, "columns") or every
        unknown = [c for c in columns if c not in every]
        if unknown:
            raise DataError(f"{unknown[0]!r} is no column of a study's table; there are {', '.join(every)}.")
        asked = _asked(where)
        large = guards.flag(large, "large", error=DataError)
        plan = [(s, self.items(s, _wanted(s, asked))) for s in self.scenarios]
        size = sum(len(items) * self.done(s) for s, items in plan)
        if size > LARGEST and not large:
            raise StudyError(
                f"the table would have {size:,} rows ({size * 8 * len(columns) / 2**30:.1f} GiB). Choose rows with where=, or say "
                "large=True."
            )
        parts = []
        for s, items in plan:
            for part, chunk in self.chunks(s, items) if items else ():
                for j, (m, e) in enumerate(part):
                    data = _labels(s, m, e) | {"repetition": chunk.repetitions, "true": s.estimands[e].true}
                    data |= {name: chunk.values[name][:, j] for name in FIELDS}
                    given = measured(s, m, e, chunk, j)
                    data |= {k: given[k] for k in ("lower", "upper") if given.get(k) is not None}
                    parts.append(pd.DataFrame({c: data[c] for c in columns}, index=range(len(chunk.repetitions))))
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _asked(where: Any) -> dict[str, list]:
    """{column: values} of a choice of rows."""
    given = guards.mapping(where, "where")
    asked = {k: guards.words(v, f"where[{guards.sight(k)}]") or [] for k, v in given.items()}
    if not set(asked) <= {"scenario", "method", "estimand", "domain"}:
        raise DataError(f"where = {guards.sight(where)}: choose by scenario, method, estimand or domain.")
    return asked


def _wanted(s: ScenarioEntry, asked: dict[str, list]) -> Callable:
    def wanted(method: MethodEntry, estimand: EstimandEntry) -> bool:
        labels = {"scenario": s.name, "method": method.name, "estimand": estimand.name, "domain": estimand.domain}
        return all(labels[column] in values for column, values in asked.items())

    return wanted


def _labels(s: ScenarioEntry, m: int, e: int) -> dict:
    estimand = s.estimands[e]
    return {"scenario": s.name, "method": s.methods[m].name, "estimand": estimand.name, "domain": estimand.domain}


def measured(s: ScenarioEntry, m: int, e: int, chunk: Chunk, j: int) -> dict:
    """What `measure` takes, of one item; intervals recomputed by the method."""
    method, estimand = s.methods[m], s.estimands[e]
    estimate, se, df, n, deff, lower, upper = (chunk.values[name][:, j] for name in FIELDS)
    own = ~np.isnan(lower) & ~np.isnan(upper)
    if not np.isfinite(se).any():
        bounds = dict(lower=lower, upper=upper) if own.any() else {}
        return dict(estimate=estimate, se=None, true=estimand.true) | bounds
    made = interval_of(method, estimand, {"estimate": estimate, "se": se, "df": df, "n": n}, s.level)
    lower, upper = np.where(own, lower, made[0]), np.where(own, upper, made[1])
    given = dict(estimate=estimate, se=se, true=estimand.true, lower=lower, upper=upper)
    return given | (dict(deff=deff) if np.isfinite(deff).any() else {})


def interval_of(
    method: MethodEntry, estimand: EstimandEntry, values: dict[str, np.ndarray], level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the intervals a method makes of {estimate, se, df, n}: on shares by its formula, otherwise estimate ± t se."""
    estimate, se, df, n = (values[name] for name in ("estimate", "se", "df", "n"))
    degrees = np.where(np.isfinite(df), df, np.inf)
    if not estimand.share or method.interval in ("wald", "percentile"):
        return wald_interval(estimate, se, level, degrees)
    factor = estimand.whole
    p = np.clip(estimate / factor, 0, 1)
    size = np.where(np.isfinite(n) & (n > 0), n, 1.0)
    lower, upper = proportion_interval(p, se / factor, method.interval, level, degrees, size)
    return lower * factor, upper * factor
