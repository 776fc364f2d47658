"""A country's population from a folder of facts: members of households by their roles, telephones, outcomes; a function of numbers."""

import hashlib
import itertools
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from .. import guards, streams
from ..aliases import Floats, Ints, Values
from ..apportion import largest_remainder, starts
from ..coding import categorical
from ..errors import DataError
from ..kernels import members as kernels
from ..threads import each
from . import domains, facts, telephone_status
from .facts import Facts
from .fitting import fitted
from .from_margins import SWEEPS, FromMargins

TOLERANCE = 2e-4  # margins that were rounded to persons cannot agree better
SAMPLE = 60_000  # households that telephones and outcomes are fitted on
BLOCK = 1 << 19  # households


class FromFolder(FromMargins):
    """The population behind `Population.from_folder`.

    Attributes
    ----------
    size, n_households, strata, seed : as of every population. levels : mapping of variables to their levels. scale : share of the country.
    facts : what the folder says. expected : persons by area and cell (S, J), as the margins have them.
    """

    stratum_name = "area"
    parameter_source = "made"  # where exact parameters come from: persons are counted when one is asked

    def __init__(self, given: Facts, seed: int, scale: float) -> None:
        self.facts, self.seed, self.scale = given, guards.seed_of(seed), guards.number(scale, "scale", 1e-6, 1)
        self.strata, self.levels = tuple(given.areas.index), given.levels
        self.attributes = {str(name): sorted(set(given.areas[name])) for name in given.areas}
        self.outcome_names = ("landline", "mobile", *given.outcome_names)
        counts = self._place_households()
        joint = np.stack([self._joint(s, counts[s]) for s in range(len(self.strata))])
        self.expected = joint.sum(axis=1)
        cells, roles = self.expected.shape[1], joint.shape[1]
        edges = np.zeros((len(self.strata), roles, cells + 1))
        np.cumsum(joint, axis=2, out=edges[:, :, 1:])
        sizes = np.array([len(labels) for labels in self.levels.values()])
        self.people = kernels.Members(
            key=streams.key(self.seed, "", "population"),
            **self._classes,
            cumulative=edges,
            stride=np.array([int(sizes[v + 1 :].prod()) for v in range(len(sizes))]),
            levels=sizes,
            likeness=given.likeness,
            line=np.full(self.expected.shape, -50.0),
            mobile=np.zeros((2, *self.expected.shape)),
            second=np.array(given.second),
            outcome=np.zeros((4, len(given.outcome_names), *self.expected.shape)),
        )
        telephone_status.fit(self)
        digest = hashlib.sha256(repr((self.seed, self.scale, self.strata, list(self.levels.items()))).encode())
        for array in self.people:
            digest.update(np.ascontiguousarray(array).tobytes())
        self.fingerprint = digest.hexdigest()[:20]

    def __repr__(self) -> str:
        return f"<Population.from_folder: {self.size:,} persons in {len(self.strata)} areas>"

    # ------------------------------------------------------------------------------------------------------ households
    def _place_households(self):
        """Classes of equal households, one area after the other; members of each role by area (S, R)."""
        kinds, share = zip(*self.facts.households, strict=True)
        roles = sorted({role for members in kinds for role in members})
        size, share = np.array([len(members) for members in kinds]), np.array(share)
        alone = int(np.argmin(size))  # who is left over lives alone
        totals = self.facts.margins[0][1].reshape(len(self.strata), -1).sum(axis=1)
        rows: list[tuple[int, int, int, tuple[str, ...]]] = []
        for s, persons in enumerate(np.maximum(np.rint(totals * self.scale), 1).astype(int)):
            count = largest_remainder(share, int(persons // (share @ size)))
            while count @ size > persons:
                count[np.nonzero(count)[0][-1]] -= 1
            rest = int(persons - count @ size)
            rows += [(n, k, s, kinds[j]) for n, k, j in zip(count, size, range(len(kinds)), strict=True) if n]
            rows += [(rest, 1, s, kinds[alone][:1])] if rest else []
        count, size, of = (np.array([row[k] for row in rows], np.int64) for k in range(3))
        role = np.zeros((len(rows), size.max()), np.int64)
        members = np.zeros((len(self.strata), len(roles)))
        for c, (n, _, s, names) in enumerate(rows):
            codes = [roles.index(name) for name in names]
            role[c, : len(codes)] = codes
            np.add.at(members[s], codes, n)
        self._classes = {
            "class_person": starts(size * count),
            "class_household": starts(count),
            "class_size": size,
            "class_stratum": of,
            "class_role": role,
        }
        self.roles = tuple(roles)
        self.size, self.n_households = int((size * count).sum()), int(count.sum())
        return members

    def _joint(self, s, members):
        """Persons of an area by role and cell (R, J): fitted to the margins and to the members of each role, so that both hold."""
        shape, everybody = tuple(len(labels) for labels in self.levels.values()), members.sum()
        start = np.ones((len(members), *shape))
        for r, role in enumerate(self.roles):
            for variable, weight in self.facts.roles.get(role, {}).items():
                axis = list(self.levels).index(variable)
                start[r] *= weight.reshape([-1 if a == axis else 1 for a in range(len(shape))])
        margins = [(tuple(range(1, len(shape) + 1)), members.reshape(-1, *(1 for _ in shape)))]
        for places, totals in self.facts.margins:
            kept = [1, *(n if a in places else 1 for a, n in enumerate(shape))]
            total = totals[s] * (everybody / totals[s].sum())
            margins.append((tuple(a for a in range(len(shape) + 1) if a - 1 not in places), total.reshape(kept)))
        table, gaps = fitted(start * (everybody / start.sum()), margins, SWEEPS, TOLERANCE)
        if gaps is not None:
            worst = int(np.argmax(gaps))
            names = [
                "households.csv",
                *("*".join(list(self.levels)[p] for p in places) for places, _ in self.facts.margins),
            ]
            raise DataError(
                f"area {self.strata[s]!r}: margins and roles cannot be met together; {names[worst]} is off by {gaps[worst]:,.0f} of "
                f"{everybody:,.0f} persons after {SWEEPS:,} sweeps. Margins that cross the same variables have to agree, and weights of 0 "
                "in roles.csv leave room for the members of households.csv."
            )
        return table.reshape(len(members), -1)

    # --------------------------------------------------------------------------------------------------- random access
    def _draw(self, ids, outcomes=True):
        ids = self.person_ids(ids)
        out = np.empty((len(ids), 6), np.int64)
        answers = np.empty((len(ids), len(self.facts.outcome_names) if outcomes else 0), np.uint8)
        kernels.draw(self.people, ids, out, answers)
        return ids, out, answers

    def columns(self) -> Sequence[str]:
        """Names of the columns of `persons`."""
        head = (
            "person_id",
            "household_id",
            "area",
            *self.attributes,
            "household_size",
            "n_lines",
            "n_mobile",
            "telephone",
        )
        return [*head, *self.levels, *self.outcome_names]

    def persons(self, ids: Values, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """A table of persons: ids, area and its attributes, household_size, n_lines, n_mobile, telephone status, every variable
        (categorical), whether they have a landline and a mobile, and every outcome (bool)."""
        wanted = self.wanted(columns)
        ids, out, answers = self._draw(ids)
        area, lines, mobiles = self.people.class_stratum[out[:, 0]], out[:, 4], out[:, 5]
        status = np.where(lines > 0, np.where(mobiles > 0, 1, 0), np.where(mobiles > 0, 2, 3))
        make = {
            "person_id": lambda: ids,
            "household_id": lambda: out[:, 1],
            "area": lambda: categorical(area, list(self.strata)),
            "household_size": lambda: out[:, 3],
            "n_lines": lambda: lines,
            "n_mobile": lambda: mobiles,
            "telephone": lambda: categorical(status, list(facts.STATUSES)),
            "landline": lambda: lines > 0,
            "mobile": lambda: mobiles > 0,
        }
        for name, labels in self.attributes.items():
            make[name] = lambda n=name, x=labels: categorical(self.attribute_codes(n)[area], x)
        for name, labels in self.levels.items():
            make[name] = lambda n=name, x=labels: categorical(self._level(out[:, 2], n), x)
        for k, name in enumerate(self.facts.outcome_names):
            make[name] = lambda j=k: answers[:, j].astype(bool)
        return pd.DataFrame({name: make[name]() for name in wanted})

    def attribute_codes(self, name: str) -> Ints:
        """Code of an attribute of every area (S,)."""
        return np.array([self.attributes[name].index(value) for value in self.facts.areas[name]])

    def labels(self, column: str) -> Sequence[Any]:
        """Labels that a column of persons can have."""
        more = {"n_lines": [0, 1, 2], "n_mobile": [0, 1, 2], "telephone": facts.STATUSES, "area": self.strata}
        more |= {"household_size": np.unique(self.people.class_size).tolist(), **self.attributes}
        return more[column] if column in more else super().labels(column)

    def n_numbers(self, kind: str, ids: Ints) -> Ints:
        """Working mobile numbers of persons, or landlines of households."""
        ids = self.owner_ids(kind, ids)
        if kind == "mobile":
            return self._draw(ids, outcomes=False)[1][:, 5]
        held = np.empty(len(ids), np.int64)
        kernels.lines(self.people, ids, held)
        return held

    def owners(self, kind: str) -> Any:
        """See `Finite`; the numbers held are those there are."""
        first = self.people.class_household if kind == "landline" else self.people.class_person
        edges = first[np.searchsorted(self.people.class_stratum, np.arange(len(self.strata) + 1))]
        return None, edges, 2, self.numbers_held[:, 0 if kind == "landline" else 1].astype(float)

    # ------------------------------------------------------------------------------------------------- the exact truth
    @cached_property
    def _tally(self):
        """Exact persons, landlines, mobiles and outcomes by area and cell (S, J, 3 + K), and numbers held (S, 2)."""
        edges = self.people.class_household[np.searchsorted(self.people.class_stratum, np.arange(len(self.strata) + 1))]
        width = 3 + len(self.facts.outcome_names)
        blocks = [
            (s, first, min(first + BLOCK, edges[s + 1]))
            for s in range(len(self.strata))
            for first in range(edges[s], edges[s + 1], BLOCK)
        ]

        def one(block):
            sums, held = np.zeros((self.expected.shape[1], width), np.int64), np.zeros(2, np.int64)
            kernels.tally(self.people, block[1], block[2], block[0], sums, held)
            return block[0], sums, held

        result = np.zeros((*self.expected.shape, width), np.int64)
        numbers = np.zeros((len(self.strata), 2), np.int64)
        for s, sums, held in each(one, blocks):
            result[s] += sums
            numbers[s] += held
        return result, numbers

    @property
    def _sums(self):
        return self._tally[0]

    @property
    def numbers_held(self) -> Ints:
        """Landlines and mobile numbers that work, by area (S, 2)."""
        return self._tally[1]

    def _axes(self, cells):
        more = {name: (self.attribute_codes(name)[:, None], labels) for name, labels in self.attributes.items()}
        return super()._axes(cells) | more

    def control_totals(self, margin: Sequence[str]) -> dict[Any, float]:
        """Persons of every combination of levels of some variables, attributes of areas, "area" or "telephone", as an office would
        publish them: {level, or tuple of levels: persons of this population}."""
        if tuple(margin) == ("telephone",):
            overall = {rate.name: rate.share for rate in self.facts.telephone if not rate.variable}
            there = sum(overall[name] for name in facts.STATUSES[:3])
            return {name: self.size * overall[name] / there for name in facts.STATUSES[:3]}
        labels, (sums,) = self._by(margin, self.expected)
        keys = [key[0] if len(margin) == 1 else key for key in itertools.product(*labels)]
        return {key: float(v) for key, v in zip(keys, sums, strict=True) if v > 0}

    def _by(self, columns, *values):
        """Labels of some columns, and sums of values (S, J) by their combinations, the first column slowest."""
        shape = self.expected.shape
        axes: Any = {
            column: (np.broadcast_to(codes, shape), labels) for column, (codes, labels) in self._axes(shape[1]).items()
        }
        code, size = domains.combine(axes, columns, shape)
        return [axes[c][1] for c in columns], [np.bincount(code.ravel(), v.ravel(), size).astype(float) for v in values]

    def cells(self, columns: Sequence[str], outcome: str) -> tuple[pd.DataFrame, Floats, Floats]:
        """Every combination of levels of variables and attributes of areas, as categories (C rows), its persons (C,), and those of them
        with an outcome, "landline" or "mobile" (C,): everybody is counted."""
        counted = self._sums[..., 1 + self.outcome_names.index(outcome)]
        labels, (persons, yes) = self._by(columns, self._sums[..., 0], counted)
        codes = np.unravel_index(np.arange(len(persons)), [len(of) for of in labels]) if labels else ()
        table = {c: categorical(code, list(of)) for c, code, of in zip(columns, codes, labels, strict=True)}
        return pd.DataFrame(table, index=np.arange(len(persons))), persons, yes

    def sample_of_households(self, most: int = SAMPLE) -> tuple[Ints, Ints]:
        """Evenly spread households: where each begins among their persons (h + 1,), and the persons' ids."""
        ids = np.unique(np.linspace(0, self.n_households - 1, min(most, self.n_households)).astype(np.int64))
        p = self.people
        c = np.searchsorted(p.class_household, ids, side="right") - 1
        size, first = p.class_size[c], p.class_person[c] + (ids - p.class_household[c]) * p.class_size[c]
        begin = starts(size)
        return begin, np.repeat(first - begin[:-1], size) + np.arange(begin[-1])

    @staticmethod
    def read(folder: Any, seed: int = 1, scale: float = 1.0) -> "FromFolder":
        """The population of a folder."""
        return FromFolder(facts.read(folder), seed, scale)
