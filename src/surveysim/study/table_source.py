"""Repetitions of a sample from a table: the sampling alone, for studies without telephones."""

import copy
from functools import cached_property

import numpy as np
import pandas as pd

from .. import streams
from ..errors import CalibrationError, DataError, SpecError
from ..kernels import sampling as kernels
from ..weighting import calibrate, rake
from .ledger import FIELDS, Block
from .source import Source
from .table_sample import TableSample, read_table

MOST_TYPES = 1 << 17  # of elements, up to which a table collapses
MOST_CELLS = 1 << 16  # of the margins' table
TOL, MAX_ITER = 1e-9, 1000


class TableSource(TableSample, Source):
    """Samples from a table and the methods they are judged by.

    A stratified simple random sample whose variables take few values collapses to counts per type, and a repetition is one kernel;
    everything else is a `Survey` of the sampled rows.

    Parameters
    ----------
    spec : TableStudySpec. methods, definitions, seed, group, folder : as of `SurveySource`. table : path or DataFrame.
    """

    together = 512  # repetitions in one part of the ledger

    def __init__(self, spec, methods, definitions, seed, group, folder=".", table=None):
        self.spec, self.methods, self.definitions = spec, methods, definitions
        self.folder = folder
        data = read_table(table, folder) if not isinstance(table, pd.DataFrame) else table
        self._check(data)
        super().__init__(spec.sample, data, seed, group)
        self.items = [(name, d) for name, row in definitions.iterrows() for d in self._domains(row["by"])]
        self.units = [definitions.loc[name, "unit"] for name, _ in self.items]
        self.shares = np.array([self._is_share(name) for name, _ in self.items])

    # ------------------------------------------------------------------------------------------------------ the table
    def _check(self, data):
        """Every column the study names has to be there, numbers where numbers are needed, nothing missing."""
        s, needed = self.spec.sample, {}
        for what in ("strata", "size", "cluster", "sd"):
            if getattr(s, what):
                needed[getattr(s, what)] = f"sample.{what}"
        needed |= {c: "weighting.margins" for m in self._margins_used() for c in m}
        for name, row in self.definitions.iterrows():
            needed |= {c: f"estimand {name!r}" for c in (row["numerator"], row["denominator"], *row["by"]) if c}
        for column, where in needed.items():
            if column not in data:
                raise SpecError(
                    f"{where}: the table has no column {column!r}; it has {', '.join(map(str, data.columns))}."
                )
            lost = int(data[column].isna().sum())
            if lost:
                raise DataError(
                    f"{where}: column {column!r} is missing in {lost:,} of {len(data):,} rows of the population."
                )
        numeric = {c for row in self.definitions.itertuples() for c in (row.numerator, row.denominator) if c}
        for column in numeric | ({s.size} if s.size else set()) | ({s.sd} if s.sd else set()):
            if not pd.api.types.is_numeric_dtype(data[column]) and not pd.api.types.is_bool_dtype(data[column]):
                raise DataError(f"column {column!r} of the population has to be numbers; it is {data[column].dtype}.")

    def _margins_used(self):
        return [self._weighting(m)["margins"] for m in self.methods]

    def _weighting(self, method):
        plain = self.spec.weighting.model_dump()
        return plain | method.weighting

    def _domains(self, by):
        """Names of the domains of some columns, in the order of the codes of `_domain`."""
        names = [""]
        for column in by:
            labels = self.coded(column)[1]
            names = [f"{n}, {column}={v}" if n else f"{column}={v}" for n in names for v in labels]
        return names

    def _domain(self, by):
        code = np.zeros(len(self.data), np.int64)
        for column in by:
            codes, labels = self.coded(column)
            code = code * len(labels) + codes
        return code

    def _is_share(self, name):
        """Whether an estimand is a share: the mean or the ratio of ones and zeros."""
        row = self.definitions.loc[name]
        y = self.data[row["numerator"]].to_numpy(dtype=float)
        x = self.data[row["denominator"]].to_numpy(dtype=float) if row["denominator"] else np.ones(len(y))
        binary = row["kind"] != "total" and np.all((y == 0) | (y == 1)) and np.all((x == 0) | (x == 1))
        return bool(binary and np.all(y <= x))

    @cached_property
    def factor(self):
        return np.where([unit == "percent" for unit in self.units], 100.0, 1.0)

    def warm(self):
        """Everything is made already."""

    def draw(self, r):
        """Draw a sample and weight it, for nothing but to have done so once."""
        table, design = self.survey(r)
        for method in self.methods:
            self._weighted(table, design, self._weighting(method))

    def truth(self):
        """Exact values (E,) of the estimands."""
        result = []
        for _, row in self.definitions.iterrows():
            code, size = self._domain(row["by"]), len(self._domains(row["by"]))
            top = np.bincount(code, self.data[row["numerator"]].to_numpy(dtype=float), size)
            if row["kind"] == "total":
                result.append(top)
                continue
            x = self.data[row["denominator"]].to_numpy(dtype=float) if row["denominator"] else np.ones(len(code))
            result.append(top / np.bincount(code, x, size))
        return np.concatenate(result) * self.factor

    # ------------------------------------------------------------------------------------------------------- estimates
    def _totals(self, margins):
        return {
            c: dict(zip(self.coded(c)[1], np.bincount(self.coded(c)[0]).astype(float), strict=True)) for c in margins
        }

    @cached_property
    def _columns(self):
        used = {c for m in self._margins_used() for c in m}
        for row in self.definitions.itertuples():
            used |= {c for c in (row.numerator, row.denominator, *row.by) if c}
        return sorted(used)

    def _weighted(self, table, survey, weighting):
        if not weighting["margins"]:
            return survey
        totals, options = self._totals(weighting["margins"]), {"tol": TOL, "max_iter": MAX_ITER}
        if weighting["method"] == "raking" and weighting["bounds"] is None:
            return survey._adjusted(rake(table, totals, weight=survey.weight.copy(), **options))
        made = calibrate(
            table,
            totals,
            weight=survey.weight.copy(),
            method=weighting["method"],
            bounds=weighting["bounds"],
            **options,
        )
        return survey._adjusted(made)

    def drawn(self, r):
        """Draw sample r; a function of a method's number that gives its values (items, FIELDS)."""
        table, design = self.survey(r, None if any(method.own for method in self.methods) else self._columns)

        def judged(m):
            method = self.methods[m]
            survey = self._weighted(table, design, self._weighting(method))

            def interviews():  # a table of its own: what one method does to it is not seen by the others
                mine = copy.copy(survey)
                mine.data = table.copy()
                return mine.data, mine

            if method.own:
                return self.plugged_in(method, r, interviews, totals=self._totals(self.spec.weighting.margins))
            return self._estimates(method, self.replicated(survey, method, r))

        return judged

    def planned(self):
        """Everything is made already."""

    def replay(self, r):
        """Sample r again: (table, Survey)."""
        return self.survey(r)

    def _estimates(self, method, survey):
        values = self.empty()
        for name, row in self.definitions.iterrows():
            by, kind = list(row["by"]) or None, row["kind"]
            if kind == "ratio":
                found = survey.ratio(row["numerator"], row["denominator"], by=by, df=np.inf)
            else:
                found = getattr(survey, kind)(row["numerator"], by=by, df=np.inf)
            if kind == "total":  # of a domain that nobody is in it is 0, without error
                at = [self.place[name, domain] for domain in self._domains(row["by"])]
                values[at, 0] = values[at, 3] = 0.0
                if method.variance != "none":
                    values[at, 1], values[at, 2] = 0.0, 1.0
            domains, least = list(found.columns["domain"]), 1.0 if kind == "total" else None
            self.put(values, method, name, found, domains, least)
        return values

    # -------------------------------------------------------------------------------------------------- many at once
    @cached_property
    def fast(self):
        """Whether repetitions collapse to counts per type."""
        s = self.spec.sample
        if s.method != "srs" or s.cluster:
            return False
        for method in self.methods:
            w = self._weighting(method)
            if method.own or method.variance not in ("linearized", "none"):
                return False
            cells = np.prod([len(self.coded(c)[1]) for c in w["margins"]], dtype=float) if w["margins"] else 1
            if (w["margins"] and (w["method"] != "raking" or w["bounds"] is not None)) or cells > MOST_CELLS:
                return False
        return self._types is not None

    @cached_property
    def _types(self):
        """(type (N,) int32, a row of each type (K,)), or None where there are too many."""
        code, row = self.stratum.astype(np.int64), None
        for column in self._columns:
            codes, labels = self.coded(column)
            if len(labels) > MOST_TYPES:
                return None
            _, row, code = np.unique(code * len(labels) + codes, return_index=True, return_inverse=True)
            if len(row) > MOST_TYPES:
                return None
        row = np.unique(code, return_index=True)[1] if row is None else row
        return code.astype(np.uint16 if len(row) <= 1 << 16 else np.int32), row

    @cached_property
    def _by_type(self):
        """What is estimated, by type."""
        _, row = self._types
        u, v, inside, ratio = [], [], [], []
        for _, e in self.definitions.iterrows():
            y = self.data[e["numerator"]].to_numpy(dtype=float)[row]
            x = self.data[e["denominator"]].to_numpy(dtype=float)[row] if e["denominator"] else np.ones(len(row))
            code = self._domain(e["by"])[row]
            for d in range(len(self._domains(e["by"]))):
                mask = code == d
                u.append(np.where(mask, y, 0.0))
                v.append(np.where(mask, x, 0.0))
                inside.append(mask)
                ratio.append(e["kind"] != "total")
        return kernels.Asked(np.array(u), np.array(v), np.array(inside), np.array(ratio))

    def _raking(self, margins):
        """What types are raked to: the longest margin leads."""
        row = self._types[1]
        if not margins:
            none = np.zeros(len(row), np.int64)
            return kernels.Margins(none, none, np.zeros(0), np.zeros((1, 0), np.int64), np.zeros(0))
        lead = max(margins, key=lambda c: len(self.coded(c)[1]))
        rest = [c for c in margins if c != lead]
        sizes = [len(self.coded(c)[1]) for c in rest]
        b = np.zeros(len(row), np.int64)
        for c, size in zip(rest, sizes, strict=True):
            b = b * size + self.coded(c)[0][row]
        at = np.indices(sizes).reshape(len(sizes), int(np.prod(sizes))).T if rest else np.zeros((1, 0))
        first = np.cumsum([0, *sizes[:-1]]) if rest else np.zeros(0)
        total = [np.bincount(self.coded(c)[0]).astype(float) for c in rest]
        level = np.ascontiguousarray(at + first, dtype=np.int64)
        codes = self.coded(lead)[0]
        total = np.concatenate([*total, np.zeros(0)])
        return kernels.Margins(codes[row].astype(np.int64), b, np.bincount(codes).astype(float), level, total)

    @cached_property
    def _prepared(self):
        type_of, row = self._types
        base = (np.diff(self.first) / self.n)[self.stratum[row]]
        plans = [(m.variance == "linearized", self._weighting(m)["margins"]) for m in self.methods]
        first, stratum = self.first.astype(np.int64), self.stratum[row].astype(np.int64)
        sample = kernels.Sample(first, self.n, type_of, stratum, base)
        return sample, [(errors, self._raking(margins)) for errors, margins in plans]

    def block(self, repetitions):
        """`Block` of some repetitions, each one kernel call for every method."""
        sample, plans = self._prepared
        asked = self._by_type
        values = np.full((len(repetitions), len(self.methods), len(self.items), len(FIELDS)), np.nan)
        failures, taken = [], np.zeros((int(np.diff(sample.first).max()) >> 6) + 1, np.uint64)
        room = kernels.Room(taken, np.empty(int(self.n.sum()), np.int64), np.zeros(len(sample.base), np.int32))
        out = np.empty((len(self.items), 4))
        for i, r in enumerate(repetitions):
            key = streams.key(self.seed, self.group, "sampling", int(r))
            for m, (errors, margins) in enumerate(plans):
                gap = kernels.repetition(key, sample, margins, asked, room, TOL, MAX_ITER, out)
                if not gap <= TOL:
                    error = CalibrationError(
                        f"raking stopped after {MAX_ITER} sweeps with a gap of {gap:.2e}; a level of "
                        f"{', '.join(self._weighting(self.methods[m])['margins'])} has no respondents, or the margins contradict each other"
                    )
                    failures.append((int(r), m, f"CalibrationError: {error}"))
                    continue
                if np.any(~np.isfinite(out[:, 0]) & (out[:, 3] > 0)):
                    failures.append((int(r), m, "DataError: the denominator of a ratio is 0 in this sample"))
                    continue
                values[i, m, :, 0] = out[:, 0] * self.factor
                values[i, m, :, 3] = out[:, 3]
                if errors:
                    out[~asked.ratio, 2] = np.fmax(out[~asked.ratio, 2], 1.0)
                    good = out[:, 2] >= 1
                    values[i, m, good, 1], values[i, m, good, 2] = (out[:, 1] * self.factor)[good], out[good, 2]
        return Block(np.asarray(repetitions, np.int64), values, tuple(failures))
