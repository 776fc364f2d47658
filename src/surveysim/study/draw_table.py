"""Repetitions of a sample from a table: the sampling alone, for studies without telephones."""

from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from .. import streams
from ..errors import CalibrationError, DataError, SpecError, StudyError, SurveysimError
from ..estimation import Survey
from ..estimation.estimates import item_degrees
from ..estimation.linearization import Design
from ..kernels import sampling as kernels
from ..sampling import allocate
from ..weighting import calibrate, rake
from .ledger import FIELDS, Block
from .samples import Sample, loaded, values_of

MOST_TYPES = 1 << 17  # of elements, up to which a table collapses
MOST_CELLS = 1 << 16  # of the margins' table
TOL, MAX_ITER = 1e-9, 1000


class TableSource:
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
        self.seed, self.group, self.folder = seed, group, folder
        data = read_table(table, folder) if not isinstance(table, pd.DataFrame) else table
        self._check(data)
        strata = spec.sample.strata
        codes, labels = pd.factorize(data[strata], sort=True) if strata else (np.zeros(len(data), np.int64), ["all"])
        order = np.argsort(codes, kind="stable")
        self.data = data.iloc[order].reset_index(drop=True)
        self.stratum, self.labels = codes[order], [str(label) for label in labels]
        self.first = np.searchsorted(self.stratum, np.arange(len(self.labels) + 1))
        self.items = [(name, d) for name, row in definitions.iterrows() for d in self._domains(row["by"])]
        self.units = [definitions.loc[name, "unit"] for name, _ in self.items]
        self.shares = np.array([self._is_share(name) for name, _ in self.items])
        self.n = self._allocated()
        self._check_sizes()

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
                raise SpecError(f"{where}: the table has no column {column!r}; it has {', '.join(map(str, data.columns))}.")
            lost = int(data[column].isna().sum())
            if lost:
                raise DataError(f"{where}: column {column!r} is missing in {lost:,} of {len(data):,} rows of the population.")
        numeric = {c for row in self.definitions.itertuples() for c in (row.numerator, row.denominator) if c}
        for column in numeric | ({s.size} if s.size else set()) | ({s.sd} if s.sd else set()):
            if not pd.api.types.is_numeric_dtype(data[column]) and not pd.api.types.is_bool_dtype(data[column]):
                raise DataError(f"column {column!r} of the population has to be numbers; it is {data[column].dtype}.")

    def _check_sizes(self):
        """Sizes and probabilities that a sample cannot be drawn with."""
        s, N = self.spec.sample, self._units()
        size = self.data[s.size].to_numpy(dtype=float) if s.size else np.ones(len(self.data))
        if np.any(size <= 0):
            raise DataError(f"sample.size: {int(np.sum(size <= 0))} sizes of column {s.size!r} are not above 0.")
        if s.method in ("bernoulli", "poisson", "pps_systematic"):
            pi = self.n[self.stratum] * size / np.add.reduceat(size, self.first[:-1])[self.stratum]
            if np.any(pi > 1 + 1e-12):
                raise DataError(
                    f"sample.n: {int(np.sum(pi > 1))} elements would have probabilities above 1, up to {pi.max():.3g}; lower n, or take them "
                    "with certainty, in a stratum of their own."
                )
        elif s.method.endswith("with_replacement") and np.any(self.n < 2):
            h = int(np.argmax(self.n < 2))
            raise SpecError(f"sample.n: stratum {self.labels[h]!r} gets {self.n[h]} draws; a variance needs at least 2.")
        elif s.method == "srs":
            short = np.flatnonzero((self.n > N) | ((self.n < 2) & (self.n < N)))
            if len(short):
                h = short[0]
                raise SpecError(
                    f"sample.n: {len(short)} strata cannot have their sample, the first is {self.labels[h]!r} with n = {self.n[h]} of {N[h]} "
                    "units: a variance needs at least 2, and no more than there are."
                )

    def _margins_used(self):
        return [self._weighting(m)["margins"] for m in self.methods]

    def _weighting(self, method):
        plain = self.spec.weighting.model_dump()
        return plain if isinstance(method, tuple) else plain | method.weighting

    @cached_property
    def _levels(self):
        return {}

    def coded(self, column):
        """Codes (N,) and labels of a column of the population."""
        if column not in self._levels:
            codes, labels = pd.factorize(self.data[column], sort=True)
            self._levels[column] = codes, list(labels)
        return self._levels[column]

    def _domains(self, by):
        """Names of the domains of some columns, in the order of the codes of `_domain`."""
        names = [""]
        for column in by:
            labels = self.coded(column)[1] if hasattr(self, "data") else []
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

    # ------------------------------------------------------------------------------------------------------- the sample
    def _allocated(self):
        """Units to draw in every stratum (H,)."""
        s, H = self.spec.sample, len(self.labels)
        N = self._units()
        if isinstance(s.n, dict):
            unknown = [k for k in s.n if k not in self.labels]
            absent = [k for k in self.labels if k not in s.n]
            if unknown or absent:
                raise SpecError(f"sample.n: stratum {(unknown or absent)[0]!r} is {'unknown' if unknown else 'not there'}; strata are {', '.join(self.labels[:10])}.")
            n = np.array([s.n[k] for k in self.labels])
        elif H == 1:
            n = np.array([s.n])
        else:
            sd = self._deviations() if s.allocation == "neyman" else None
            n = self._shared_out(N, s.n, sd)
        return n.astype(np.int64)

    def _deviations(self):
        """Standard deviations (H,) of the column that matters, of elements or of cluster totals."""
        s, h = self.spec.sample, self.stratum
        values = self.data[s.sd].to_numpy(dtype=float)
        if s.cluster:
            order, start, h, _ = self._clusters
            values = np.add.reduceat(values[order], start[:-1])
        return np.array([values[h == k].std(ddof=1) if np.sum(h == k) > 1 else 0.0 for k in range(len(self.labels))])

    def _shared_out(self, N, n, sd):
        """n by stratum; strata that would get more than they have are taken whole, and the rest is shared out again."""
        found, open_ = np.zeros(len(N), np.int64), np.ones(len(N), bool)
        if n > N.sum():
            raise SpecError(f"sample.n = {n:,}: the population has {N.sum():,} units.")
        limited = not self.spec.sample.method.endswith("with_replacement")
        while True:
            left = n - found[~open_].sum()
            part = allocate(N[open_], int(left), self.spec.sample.allocation, sd=None if sd is None else sd[open_], minimum=min(2, N.min()))
            found[open_] = np.asarray(part)
            whole = open_ & (found > N)
            if not limited or not whole.any():
                return found
            found[whole], open_ = N[whole], open_ & ~whole

    def _units(self):
        """Sampling units of every stratum (H,): elements, or clusters."""
        if not self.spec.sample.cluster:
            return np.diff(self.first)
        table = pd.DataFrame({"h": self.stratum, "c": self.coded(self.spec.sample.cluster)[0]}).drop_duplicates()
        if table["c"].duplicated().any():
            name = self.coded(self.spec.sample.cluster)[1][table["c"][table["c"].duplicated()].iloc[0]]
            raise DataError(f"sample.cluster: cluster {name!r} lies in more than one stratum; give clusters names of their own.")
        return np.bincount(table["h"], minlength=len(self.labels))

    @cached_property
    def _clusters(self):
        """(order of rows cluster by cluster, first row of each (C + 1,), stratum of each (C,), first cluster of each stratum (H + 1,))."""
        codes = self.coded(self.spec.sample.cluster)[0]
        order = np.lexsort((codes, self.stratum))
        new = np.flatnonzero(np.r_[True, np.diff(codes[order]) != 0])
        stratum = self.stratum[order][new]
        return order, np.r_[new, len(codes)], stratum, np.searchsorted(stratum, np.arange(len(self.labels) + 1))

    def _drawn(self, key, first):
        """Positions of a stratified simple random sample without replacement."""
        taken = np.zeros((int(np.diff(first).max()) >> 6) + 1, np.uint64)
        out = np.empty(int(self.n.sum()), np.int64)
        kernels.without_replacement(first.astype(np.int64), self.n, key[0], key[1], taken, out)
        return out

    def sample(self, r):
        """(rows (n,), columns of the design) of repetition r."""
        s, key = self.spec.sample, streams.key(self.seed, self.group, "sampling", r)
        rng = streams.stream(self.seed, self.group, "sampling", r)
        if s.cluster:
            return self._clustered(key, rng)
        N = np.diff(self.first)
        if s.method == "srs":
            rows = self._drawn(key, self.first)
            h = self.stratum[rows]
            return rows, {"weight": (N / self.n)[h], "stratum": h, "fpc": N[h]}
        if s.method == "srs_with_replacement":
            rows = np.concatenate([rng.integers(a, b, k) for a, b, k in zip(self.first, self.first[1:], self.n)])
            h = self.stratum[rows]
            return rows, {"weight": (N / self.n)[h], "stratum": h}
        size = self.data[s.size].to_numpy(dtype=float) if s.size else np.ones(len(self.data))
        share = size / np.add.reduceat(size, self.first[:-1])[self.stratum]
        if s.method == "pps_with_replacement":
            rows = np.concatenate(
                [a + rng.choice(b - a, k, p=share[a:b] / share[a:b].sum()) for a, b, k in zip(self.first, self.first[1:], self.n)]
            )
            return rows, {"weight": 1 / (self.n[self.stratum[rows]] * share[rows]), "stratum": self.stratum[rows]}
        pi = self.n[self.stratum] * share
        if s.method == "pps_systematic":
            rows = np.concatenate([_systematic(rng, a, b, pi[a:b]) for a, b in zip(self.first, self.first[1:])])
        else:
            rows = np.flatnonzero(rng.random(len(pi)) < pi)
            if len(rows) < 2:
                raise StudyError(f"the sample of random size has {len(rows)} elements; raise sample.n.")
        return rows, {"weight": 1 / pi[rows], "probability": pi[rows], "stratum": self.stratum[rows]}

    def _clustered(self, key, rng):
        """Clusters by simple random sampling, all of their elements or `take` of them."""
        order, start, stratum, first = self._clusters
        chosen, take, N = self._drawn(key, first), self.spec.sample.take, np.diff(first)
        rows, clusters, sizes = [], [], []
        for c in chosen:
            members = order[start[c] : start[c + 1]]
            kept = members if take is None or take >= len(members) else rng.choice(members, take, replace=False)
            rows.append(kept)
            clusters.append(np.full(len(kept), c))
            sizes.append(np.full(len(kept), len(members)))
        rows, cluster, M = np.concatenate(rows), np.concatenate(clusters), np.concatenate(sizes)
        m = np.bincount(cluster, minlength=len(start) - 1)[cluster]
        h = stratum[cluster]
        design = {"weight": (N / self.n)[h] * M / m, "stratum": h, "psu": cluster, "fpc": N[h]}
        return rows, design | ({} if take is None else {"fpc2": M, "element": np.arange(len(rows))})

    def _survey(self, r, columns=None):
        """Table and Survey of repetition r, with design weights."""
        rows, design = self.sample(r)
        table = self.data.iloc[rows] if columns is None else self.data[columns].iloc[rows]
        named = design | {"stratum": pd.Categorical.from_codes(design["stratum"], self.labels)}  # errors name strata
        table = table.reset_index(drop=True).assign(**{f"_{name}": values for name, values in named.items()})
        options = {"weight": "_weight", "strata": "_stratum"}
        if "psu" in design:
            options["psu"] = ["_psu", "_element"] if "element" in design else "_psu"
        if "fpc" in design:
            options["fpc"] = ["_fpc", "_fpc2"] if "fpc2" in design else "_fpc"
        if self.spec.sample.method == "pps_systematic":
            options |= {"weight": None, "probability": "_probability", "pps": "brewer"}
        made = Survey(table, **options)
        if self.spec.sample.method in ("bernoulli", "poisson"):
            pi = design["probability"]
            d = made.design
            made = Survey.of_design(table, Design(d.weight, d.stages, d.lonely, (), lambda z: (z * (1 - pi)) @ z.T))
        return table, made

    # ------------------------------------------------------------------------------------------------------- estimates
    def _totals(self, margins):
        return {c: dict(zip(self.coded(c)[1], np.bincount(self.coded(c)[0]).astype(float), strict=True)) for c in margins}

    def repetition(self, r):
        """Values (methods, items, FIELDS) of repetition r, and its failures [(method, message)]."""
        values = np.full((len(self.methods), len(self.items), len(FIELDS)), np.nan)
        failures, plain = [], all(not isinstance(m, tuple) and m.call is None for m in self.methods)
        table, design = self._survey(r, self._columns if plain else None)
        for m, method in enumerate(self.methods):
            own = isinstance(method, tuple) or method.call is not None
            try:
                survey = self._weighted(table, design, self._weighting(method))
                values[m] = self._plugin(method, r, table, survey) if own else self._estimates(method, r, table, survey)
            except SurveysimError as error:
                failures.append((m, f"{type(error).__name__}: {error}"))
            except Exception as error:
                if not own:
                    raise
                failures.append((m, f"{type(error).__name__}: {error}"))
        return values, failures

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
        made = calibrate(table, totals, weight=survey.weight.copy(), method=weighting["method"], bounds=weighting["bounds"], **options)
        return survey._adjusted(made)

    def _plugin(self, method, r, table, survey):
        name, function = method if isinstance(method, tuple) else (method.name, loaded(method.call, str(self.folder)))
        rng = streams.stream(self.seed, self.group, f"method {name}", r)
        return values_of(function(Sample(r, rng, lambda: (table, survey), self._totals(self.spec.weighting.margins))), self.items)

    def _estimates(self, method, r, table, survey):
        if method.variance not in ("linearized", "none"):
            seed = int(streams.key(self.seed, self.group, "replicates", r)[0] >> np.uint64(1)) if method.variance == "rao-wu" else None
            survey = survey.replicates(method.variance, n=method.replicates, seed=seed)
        values, place = np.full((len(self.items), len(FIELDS)), np.nan), {item: k for k, item in enumerate(self.items)}
        level = self.spec.estimation.level
        for name, row in self.definitions.iterrows():
            by = list(row["by"]) or None
            if row["kind"] == "ratio":
                found = survey.ratio(row["numerator"], row["denominator"], by=by, df=np.inf)
            else:
                found = getattr(survey, row["kind"])(row["numerator"], by=by, df=np.inf)
            domains = list(found.columns["domain"])
            degrees = item_degrees(found.design, found.items, domains, strict=False)
            if row["kind"] == "total":
                for d in self._domains(row["by"]):
                    values[place[name, d], [0, 3]] = 0.0
                    if method.variance != "none":
                        values[place[name, d], 1:3] = 0.0, 1.0
                degrees = np.fmax(degrees, 1.0)
            bounds = None
            if method.interval == "percentile":
                bounds = np.quantile(found.design.values(found.items), [(1 - level) / 2, (1 + level) / 2], axis=1, method="inverted_cdf").T
            for k, domain in enumerate(found.columns["domain"]):
                i = place[name, domain]
                values[i, 0] = found.columns["estimate"][k] * self.factor[i]
                if method.variance != "none" and degrees[k] >= 1:
                    values[i, 1:3] = found.columns["se"][k] * self.factor[i], degrees[k]
                values[i, 3] = found.columns["n"][k]
                if bounds is not None:
                    values[i, 5:7] = bounds[k] * self.factor[i]
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
            if isinstance(method, tuple) or method.call is not None or method.variance not in ("linearized", "none"):
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
        """Numerators, denominators, domains (E, K), whether each is a ratio (E,)."""
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
        return np.array(u), np.array(v), np.array(inside), np.array(ratio)

    def _raking(self, margins):
        """(a, b of each type, total of the lead margin, level (B, M) of the others, their totals): the longest margin leads."""
        row = self._types[1]
        if not margins:
            none = np.zeros(len(row), np.int64)
            return none, none, np.ones(1), np.zeros((1, 0), np.int64), np.zeros(0)
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
        return codes[row].astype(np.int64), b, np.bincount(codes).astype(float), level, np.concatenate([*total, np.zeros(0)])

    @cached_property
    def _prepared(self):
        type_of, row = self._types
        base = (np.diff(self.first) / self.n)[self.stratum[row]]
        plans = [(m.variance == "linearized", self._weighting(m)["margins"]) for m in self.methods]
        return type_of, self.stratum[row].astype(np.int64), base, [(errors, bool(c), self._raking(c)) for errors, c in plans]

    def block(self, repetitions):
        """`Block` of some repetitions, each one kernel call for every method."""
        type_of, stratum, base, plans = self._prepared
        u, v, inside, ratio = self._by_type
        values = np.full((len(repetitions), len(self.methods), len(self.items), len(FIELDS)), np.nan)
        failures, first = [], self.first.astype(np.int64)
        taken = np.zeros((int(np.diff(first).max()) >> 6) + 1, np.uint64)
        positions, counts = np.empty(int(self.n.sum()), np.int64), np.zeros(len(base), np.int32)
        out = np.empty((len(self.items), 4))
        for i, r in enumerate(repetitions):
            key = streams.key(self.seed, self.group, "sampling", int(r))
            for m, (errors, raked, (a, b, lead_total, level, total)) in enumerate(plans):
                gap = kernels.repetition(
                    key[0], key[1], first, self.n, taken, positions, type_of, counts, stratum, a, b, u, v, inside, ratio,
                    raked, lead_total, level, total, TOL, MAX_ITER, base, out,
                )  # fmt: skip
                if not gap <= TOL:
                    error = CalibrationError(
                        f"raking stopped after {MAX_ITER} sweeps with a gap of {gap:.2e}; a level of {', '.join(self._weighting(self.methods[m])['margins'])} "
                        "has no respondents, or the margins contradict each other"
                    )
                    failures.append((int(r), m, f"CalibrationError: {error}"))
                    continue
                if np.any(~np.isfinite(out[:, 0]) & (out[:, 3] > 0)):
                    failures.append((int(r), m, "DataError: the denominator of a ratio is 0 in this sample"))
                    continue
                values[i, m, :, 0] = out[:, 0] * self.factor
                values[i, m, :, 3] = out[:, 3]
                if errors:
                    out[~ratio, 2] = np.fmax(out[~ratio, 2], 1.0)
                    good = out[:, 2] >= 1
                    values[i, m, good, 1], values[i, m, good, 2] = (out[:, 1] * self.factor)[good], out[good, 2]
        return Block(np.asarray(repetitions, np.int64), values, tuple(failures))


def _systematic(rng, first, last, pi):
    """Systematic sampling with unequal probabilities, the elements in random order."""
    order = rng.permutation(last - first)
    ends = np.cumsum(pi[order])
    marks = rng.random() + np.arange(round(float(ends[-1])))
    return first + order[np.searchsorted(ends, marks, side="right").clip(max=len(order) - 1)]


def read_table(path, folder="."):
    """A population's table: CSV or Parquet, beside the study's file."""
    path = Path(folder) / path
    try:
        if path.suffix in (".parquet", ".pq"):
            return pd.read_parquet(path)
        if path.suffix in (".csv", ".gz"):
            return pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise SpecError(f"population.table = {str(path)!r} cannot be read: {error}") from None
    raise SpecError(f"population.table = {str(path)!r}: give a .csv or .parquet file.")
