"""Samples from a table that is the population: elements or clusters, in strata, with equal or unequal probabilities."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import streams
from ..aliases import Pathname
from ..coding import categorical
from ..errors import DataError, SpecError, StudyError
from ..estimation import Survey
from ..inference.linearization import Design
from ..kernels import sampling as kernels
from ..sampling import allocate


class TableSample:
    """A sampling design on a table.

    Parameters
    ----------
    design : `TableDesign` of the specification. data : DataFrame of the population. seed, group : of the random numbers.

    Attributes
    ----------
    data : the population stratum by stratum. stratum (N,), labels, first (H + 1,) : where strata are. n (H,) : units to draw in each.
    """

    def __init__(self, design: Any, data: pd.DataFrame, seed: int, group: str) -> None:
        self.design, self.seed, self.group = design, seed, group
        strata = design.strata
        codes, labels = pd.factorize(data[strata], sort=True) if strata else (np.zeros(len(data), np.int64), ["all"])
        order = np.argsort(codes, kind="stable")
        self.data = data.iloc[order].reset_index(drop=True)
        self.stratum, self.labels = codes[order], [str(label) for label in labels]
        self.first = np.searchsorted(self.stratum, np.arange(len(self.labels) + 1))
        self.n = self._allocated()
        self._check_sizes()

    @cached_property
    def _levels(self):
        return {}

    def coded(self, column: str) -> tuple[np.ndarray, list[Any]]:
        """Codes (N,) and labels of a column of the population."""
        if column not in self._levels:
            codes, labels = pd.factorize(self.data[column], sort=True)
            self._levels[column] = codes, list(labels)
        return self._levels[column]

    def _check_sizes(self):
        """Sizes and probabilities that a sample cannot be drawn with."""
        s, N = self.design, self._units()
        size = self.data[s.size].to_numpy(dtype=float) if s.size else np.ones(len(self.data))
        if np.any(size <= 0):
            raise DataError(f"sample.size: {int(np.sum(size <= 0))} sizes of column {s.size!r} are not above 0.")
        if s.method in ("bernoulli", "poisson", "pps_systematic"):
            pi = self.n[self.stratum] * size / np.add.reduceat(size, self.first[:-1])[self.stratum]
            if np.any(pi > 1 + 1e-12):
                raise DataError(
                    f"sample.n: {int(np.sum(pi > 1))} elements would have probabilities above 1, up to {pi.max():.3g}; lower n, or take "
                    "them with certainty, in a stratum of their own."
                )
        elif s.method.endswith("with_replacement") and np.any(self.n < 2):
            h = int(np.argmax(self.n < 2))
            raise SpecError(
                f"sample.n: stratum {self.labels[h]!r} gets {self.n[h]} draws; a variance needs at least 2."
            )
        elif s.method == "srs":
            short = np.flatnonzero((self.n > N) | ((self.n < 2) & (self.n < N)))
            if len(short):
                h = short[0]
                raise SpecError(
                    f"sample.n: {len(short)} strata cannot have their sample, the first is {self.labels[h]!r} with n = {self.n[h]} of "
                    f"{N[h]} units: a variance needs at least 2, and no more than there are."
                )

    def _allocated(self):
        """Units to draw in every stratum (H,)."""
        s, H = self.design, len(self.labels)
        N = self._units()
        if isinstance(s.n, dict):
            unknown = [k for k in s.n if k not in self.labels]
            absent = [k for k in self.labels if k not in s.n]
            if unknown or absent:
                why = "unknown" if unknown else "not there"
                raise SpecError(
                    f"sample.n: stratum {(unknown or absent)[0]!r} is {why}; strata are {', '.join(self.labels[:10])}."
                )
            n = np.array([s.n[k] for k in self.labels])
        elif H == 1:
            n = np.array([s.n])
        else:
            sd = self._deviations() if s.allocation == "neyman" else None
            n = self._shared_out(N, s.n, sd)
        return n.astype(np.int64)

    def _deviations(self):
        """Standard deviations (H,) of the column that matters, of elements or of cluster totals."""
        s, h = self.design, self.stratum
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
        limited = not self.design.method.endswith("with_replacement")
        while True:
            left = n - found[~open_].sum()
            part = allocate(
                N[open_],
                int(left),
                self.design.allocation,
                sd=None if sd is None else sd[open_],
                minimum=min(2, N.min()),
            )
            found[open_] = np.asarray(part)
            whole = open_ & (found > N)
            if not limited or not whole.any():
                return found
            found[whole], open_ = N[whole], open_ & ~whole

    def _units(self):
        """Sampling units of every stratum (H,): elements, or clusters."""
        if not self.design.cluster:
            return np.diff(self.first)
        table = pd.DataFrame({"h": self.stratum, "c": self.coded(self.design.cluster)[0]}).drop_duplicates()
        if table["c"].duplicated().any():
            name = self.coded(self.design.cluster)[1][table["c"][table["c"].duplicated()].iloc[0]]
            raise DataError(
                f"sample.cluster: cluster {name!r} lies in more than one stratum; give clusters names of their own."
            )
        return np.bincount(table["h"], minlength=len(self.labels))

    @cached_property
    def _clusters(self):
        """(order of rows cluster by cluster, first row of each (C + 1,), stratum of each (C,), first cluster of each stratum (H + 1,))."""
        codes = self.coded(self.design.cluster)[0]
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

    def sample(self, r: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """(rows (n,), columns of the design) of repetition r."""
        s, key = self.design, streams.key(self.seed, self.group, "sampling", r)
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
                [
                    a + rng.choice(b - a, k, p=share[a:b] / share[a:b].sum())
                    for a, b, k in zip(self.first, self.first[1:], self.n)
                ]
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
        chosen, take, N = self._drawn(key, first), self.design.take, np.diff(first)
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
        made = {"weight": (N / self.n)[h] * M / m, "stratum": h, "psu": cluster, "fpc": N[h]}
        return rows, made | ({} if take is None else {"fpc2": M, "element": np.arange(len(rows))})

    def survey(self, r: int, columns: Sequence[str] | None = None) -> tuple[pd.DataFrame, Survey]:
        """Table and Survey of repetition r, with design weights."""
        rows, design = self.sample(r)
        table = self.data.iloc[rows] if columns is None else self.data[columns].iloc[rows]
        named = design | {"stratum": categorical(design["stratum"], self.labels)}  # errors name strata
        table = table.reset_index(drop=True).assign(**{f"_{name}": values for name, values in named.items()})
        options: dict[str, Any] = {"weight": "_weight", "strata": "_stratum"}
        if "psu" in design:
            options["psu"] = ["_psu", "_element"] if "element" in design else "_psu"
        if "fpc" in design:
            options["fpc"] = ["_fpc", "_fpc2"] if "fpc2" in design else "_fpc"
        if self.design.method == "pps_systematic":
            options |= {"weight": None, "probability": "_probability", "pps": "brewer"}
        made = Survey(table, **options)
        if self.design.method in ("bernoulli", "poisson"):
            pi = design["probability"]
            d = made.design
            made = Survey.of_design(table, Design(d.weight, d.stages, d.lonely, (), Poisson(pi)))
        return table, made


class Poisson:
    """Covariances of weighted scores where every element is drawn by itself with probability π: Σ (1 - π) z z'."""

    def __init__(self, probability: np.ndarray) -> None:
        self.probability = probability

    def __call__(self, z):
        return (z * (1 - self.probability)) @ z.T


def _systematic(rng, first, last, pi):
    """Systematic sampling with unequal probabilities, the elements in random order."""
    order = rng.permutation(last - first)
    ends = np.cumsum(pi[order])
    marks = rng.random() + np.arange(round(float(ends[-1])))
    return first + order[np.searchsorted(ends, marks, side="right").clip(max=len(order) - 1)]


def read_table(path: Pathname, folder: Pathname = ".") -> pd.DataFrame:
    """A population's table: CSV or Parquet, beside the study's file."""
    path = Path(folder) / path
    try:
        if path.suffix in (".parquet", ".pq"):
            return pd.read_parquet(path)
        if path.suffix in (".csv", ".gz"):
            return pd.read_csv(path, dtype=dict.fromkeys(_columns_of_codes(path), "str"))
    except (OSError, ValueError) as error:
        raise SpecError(f"population.table = {str(path)!r} cannot be read: {error}") from None
    raise SpecError(f"population.table = {str(path)!r}: give a .csv or .parquet file.")


def _columns_of_codes(path):
    """Columns of a CSV file with codes such as 01, which are text: as numbers 01 and 1 would be one level."""
    text = pd.read_csv(path, dtype=str, keep_default_na=False)
    return [name for name in text.columns if text[name].str.fullmatch(r"[-+]?0[0-9]+").any()]
