"""The results of a study, read from its ledger: performance, comparisons, tables, plots."""

import warnings
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from .. import guards
from ..display import Shown
from ..errors import DataError, StudyError, SurveysimWarning
from ..estimation.intervals import proportion_interval, wald_interval
from ..judging.measures import MEASURES, NAN, coverage_interval, extrapolated, judged, measure, paired, precision_gain
from .ledger import FIELDS
from .plots import Plots

MEMORY = 32 * 2**20  # bytes of estimates held at a time
LARGEST = 5_000_000  # rows of a table that is made without being asked twice


@dataclass(frozen=True)
class Chunk:
    """All repetitions of some items (method, estimand) of a scenario: arrays (R, items)."""

    repetitions: np.ndarray
    values: dict


@dataclass(frozen=True)
class StudyResult(Shown):
    """What a study found.

    Attributes
    ----------
    name, aim : of the study. scenarios : list of dicts: name, id, varied keys, estimands with their true values, methods, level.
    repetitions : how many were asked for. ledger : where they are.

    Examples
    --------
    Samples of 25 from a table of 100 people, 60 of them at work; the standard error is √(0.24 × 100 / 99 × 0.75 / 25) = 0.085.

    >>> import pandas as pd, surveysim as ss
    >>> keys = {"study": {"repetitions": 400}, "sample": {"n": 25}}
    >>> keys["estimands"] = [{"name": "share", "numerator": "works"}]
    >>> study = ss.Study(keys, table=pd.DataFrame({"works": [1] * 60 + [0] * 40}))
    >>> result = study.run(progress=False)
    >>> measures = result.performance().set_index("measure")["value"]
    >>> measures[["thetamean", "empse", "modelse"]].round(3).to_dict()
    {'thetamean': 0.601, 'empse': 0.083, 'modelse': 0.085}
    """

    name: str
    aim: str
    scenarios: list = field(repr=False)
    repetitions: int
    ledger: object = field(repr=False)
    plan: object = field(repr=False, default=None)

    # ------------------------------------------------------------------------------------------------------ the ledger
    def chunks(self, scenario, items):
        """`Chunk` of items [(method, estimand)], positions in the scenario's lists, as many at a time as fit into memory."""
        R = self.done(scenario)
        size = max(MEMORY // max(8 * len(FIELDS) * R, 1), 1)
        for at in range(0, len(items), size):
            part = items[at : at + size]
            method, item = (np.array(x) for x in zip(*part, strict=True))
            out, repetitions, row = np.full((R, len(part), len(FIELDS)), NAN), np.empty(R, np.int64), 0
            for block in self.ledger.read(scenario["id"], self.repetitions):
                rows = slice(row, row + len(block.repetitions))
                repetitions[rows], out[rows] = block.repetitions, block.values[:, method, item]
                row = rows.stop
            yield part, Chunk(repetitions[:row], {name: out[:row, :, k] for k, name in enumerate(FIELDS)})

    def done(self, scenario):
        """Repetitions of a scenario that are there, of those asked for."""
        return (
            sum(len(b.repetitions) for b in self.ledger.read(scenario["id"], self.repetitions))
            if self.ledger.folder is None
            else min(self.ledger.counts(scenario["id"]), self.repetitions)
        )

    @cached_property
    def failures(self):
        """Table scenario, repetition, method, message, replay of every failure; method is empty where the whole repetition failed."""
        rows = []
        for s in self.scenarios:
            for block in self.ledger.read(s["id"], self.repetitions):
                for r, m, text in block.failures:
                    method = "" if m < 0 else s["methods"][m]["name"]
                    rows.append((s["name"], r, method, text, f"study.replay({s['name']!r}, {r})"))
        return pd.DataFrame(rows, columns=["scenario", "repetition", "method", "message", "replay"])

    def _columns(self, s, m, e, chunk, j):
        """What `measure` takes, of one item; intervals recomputed by the method."""
        method, estimand = s["methods"][m], s["estimands"][e]
        estimate, se, df, n, deff, lower, upper = (chunk.values[name][:, j] for name in FIELDS)
        own = ~np.isnan(lower) & ~np.isnan(upper)
        if not np.isfinite(se).any():
            bounds = dict(lower=lower, upper=upper) if own.any() else {}
            return dict(estimate=estimate, se=None, true=estimand["true"]) | bounds
        made = interval_of(method, estimand, estimate, se, df, n, s["level"])
        lower, upper = np.where(own, lower, made[0]), np.where(own, upper, made[1])
        given = dict(estimate=estimate, se=se, true=estimand["true"], lower=lower, upper=upper)
        return given | (dict(deff=deff) if np.isfinite(deff).any() else {})

    def _items(self, s, estimands=None):
        return [
            (m, e)
            for m in range(len(s["methods"]))
            for e in range(len(s["estimands"]))
            if estimands is None or s["estimands"][e]["name"] in estimands
        ]

    # ----------------------------------------------------------------------------------------------------- performance
    def performance(self, by=None, reference=None, power=False, estimands=None):
        """Performance of every method for every estimand, each measure with its Monte Carlo standard error.

        Parameters
        ----------
        by : keys of the grid to show in place of the scenario's name, such as ["sample.landline_share"]. reference : name of the method
            that relprec compares with. power : add the share of estimates that differ from 0. estimands : names of some of them.

        Returns
        -------
        DataFrame scenario (or the keys), method, estimand, domain, measure, value, mcse, in the estimands' units. `measures.MEASURES` says
        what each is; `failures` counts the repetitions of a method that ended in an error, which n_missing includes.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> keys = {"study": {"repetitions": 100}, "sample": {"n": 25}, "grid": {"sample.n": [25, 100]}}
        >>> keys["estimands"] = [{"name": "share", "numerator": "works"}]
        >>> study = ss.Study(keys, table=pd.DataFrame({"works": [1] * 60 + [0] * 40}))
        >>> found = study.run(progress=False).performance(by="sample.n")  # 100 is everybody
        >>> found[found["measure"] == "empse"][["sample.n", "value"]].round(2).values.tolist()
        [[25.0, 0.08], [100.0, 0.0]]
        """
        front, rows, beyond = self._front(by), [], []
        estimands, power = self._known(reference, estimands), guards.flag(power, "power", error=StudyError)
        for s in self.scenarios:
            failed = self._failed(s)
            base = None if reference is None else next(k for k, m in enumerate(s["methods"]) if m["name"] == reference)
            items = self._items(s, estimands)
            partners = items if base is None else sorted(items, key=lambda item: (item[1], item[0] != base, item[0]))
            known, found = {}, {}
            for part, chunk in self.chunks(s, partners):
                for j, (m, e) in enumerate(part):
                    given = self._columns(s, m, e, chunk, j)
                    found[m, e] = measure(**given, level=s["level"], power=power) | {
                        "failures": (float(failed[m]), NAN)
                    }
                    if base is not None:
                        ok = np.isfinite(given["estimate"]) & (given["se"] is None or np.isfinite(given["se"]))
                        pair = given["estimate"][ok], chunk.repetitions[ok]
                        if m == base:
                            known = {e: pair}
                        found[m, e]["relprec"] = precision_gain(pair[0], known[e][0], pair[1], known[e][1])
            for m, e in items:
                key = (*front(s), s["methods"][m]["name"], s["estimands"][e]["name"], s["estimands"][e]["domain"])
                rows += [(*key, name, *found[m, e][name]) for name in (*MEASURES, "failures") if name in found[m, e]]
                beyond += _beyond(key, s["estimands"][e], found[m, e].get("thetamean", (NAN, NAN))[0])
        if beyond:
            more = f" (and {len(beyond) - 1} more)" if len(beyond) > 1 else ""
            warnings.warn(f"{beyond[0]}{more}", SurveysimWarning, stacklevel=2)
        return pd.DataFrame(
            rows, columns=[*self._names(by), "method", "estimand", "domain", "measure", "value", "mcse"]
        )

    def compare(self, reference, by=None, estimands=None):
        """Every method against a reference in the same repetitions: differences of bias, mse, coverage and width, ratio of variances.

        Returns
        -------
        DataFrame scenario, method, reference, estimand, domain, measure, value, mcse, correlation, pairs.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> keys = {"study": {"repetitions": 100}, "sample": {"n": 20}}
        >>> keys["estimands"] = [{"name": "mean", "numerator": "y"}]
        >>> keys["methods"] = [{"name": "plain"}, {"name": "raked", "weighting": {"margins": ["y"]}}]
        >>> study = ss.Study(keys, table=pd.DataFrame({"y": [0] * 30 + [1] * 70}))
        >>> found = study.run(progress=False).compare("plain")  # raked to y itself: no error is left
        >>> found.set_index("measure")["value"][["mse", "varratio"]].round(3).to_dict()
        {'mse': -0.01, 'varratio': 0.0}
        """
        return self._paired(by, estimands, reference=reference)

    def compare_scenarios(self, reference, method=None, estimands=None):
        """Every scenario against another under common random numbers, as `compare` does methods; the reference is a scenario's name.

        bias is the difference of the errors, estimate minus true value, because scenarios may differ in what is true.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> keys = {"study": {"repetitions": 100}, "sample": {"n": 25}, "grid": {"sample.n": [25, 100]}}
        >>> keys["estimands"] = [{"name": "share", "numerator": "works"}]
        >>> study = ss.Study(keys, table=pd.DataFrame({"works": [1] * 60 + [0] * 40}))
        >>> found = study.run(progress=False).compare_scenarios("n=25")  # 100 is everybody
        >>> found.loc[found["measure"] == "varratio", ["scenario", "value", "pairs"]].values.tolist()
        [['n=100', 0.0, 100]]
        """
        base, estimands = self.scenario(reference), self._known(method, estimands)
        method = base["methods"][0]["name"] if method is None else method
        rows = []
        for s in self.scenarios:
            if s is base:
                continue
            m = self._method(s, method)
            for e, estimand in enumerate(s["estimands"]):
                if estimands is not None and estimand["name"] not in estimands:
                    continue
                sides = [self._errors(x, m, e) for x in (s, base)]
                _, i, j = np.intersect1d(sides[0][0], sides[1][0], return_indices=True)
                found, r, n = paired(
                    *[[None if x is None else x[at] for x in side[1]] for side, at in zip(sides, (i, j), strict=True)],
                    0.0,
                )
                key = (s["name"], reference, method, estimand["name"], estimand["domain"])
                rows += [(*key, name, *pair, r, n) for name, pair in found.items()]
        return pd.DataFrame(
            rows,
            columns=[
                "scenario",
                "reference",
                "method",
                "estimand",
                "domain",
                "measure",
                "value",
                "mcse",
                "correlation",
                "pairs",
            ],
        )

    def _errors(self, s, m, e):
        """(repetitions, (error, se, lower, upper about the truth)) of one item."""
        ((_, chunk),) = self.chunks(s, [(m, e)])
        given, true = self._columns(s, m, e, chunk, 0), s["estimands"][e]["true"]
        bounds = [None if given.get(k) is None else given[k] - true for k in ("lower", "upper")]
        return chunk.repetitions, (given["estimate"] - true, given["se"], *bounds)

    def _paired(self, by, estimands, reference):
        front, rows = self._front(by), []
        estimands = self._known(reference, estimands)
        for s in self.scenarios:
            base = self._method(s, reference)
            for e, estimand in enumerate(s["estimands"]):
                if estimands is not None and estimand["name"] not in estimands:
                    continue
                known = self._errors(s, base, e)
                for m, method in enumerate(s["methods"]):
                    if m == base:
                        continue
                    found, r, n = paired(self._errors(s, m, e)[1], known[1], 0.0)
                    key = (*front(s), method["name"], reference, estimand["name"], estimand["domain"])
                    rows += [(*key, name, *pair, r, n) for name, pair in found.items()]
        names = [
            *self._names(by),
            "method",
            "reference",
            "estimand",
            "domain",
            "measure",
            "value",
            "mcse",
            "correlation",
            "pairs",
        ]
        return pd.DataFrame(rows, columns=names)

    def extrapolated_coverage(self, methods, estimand, domain="", target=np.inf, scenario=None):
        """Coverage of percentile intervals extrapolated to infinitely many resamples, from methods that differ in `replicates` alone.

        Parameters
        ----------
        methods : names of at least two methods with interval "percentile". target : resamples to extrapolate to.

        Returns
        -------
        DataFrame bootstraps, measure (cover, ciwidth), value, mcse; the last rows are the extrapolated ones (Boos & Zhang 2000).
        """
        s = self.scenario(scenario)
        e = self._estimand(s, estimand, domain)
        sides = [self._errors(s, self._method(s, name), e)[1] for name in methods]
        counts = np.array([s["methods"][self._method(s, name)].get("replicates") or 0 for name in methods], dtype=float)
        if len(methods) < 2 or len(np.unique(counts)) < len(counts) or (counts == 0).any():
            raise StudyError(
                f"methods = {list(methods)!r}: name at least two bootstrap methods with different replicates."
            )
        lower, upper = (np.column_stack([side[k] for side in sides]) for k in (2, 3))
        ok = np.isfinite(lower).all(axis=1)
        hold = {"cover": ((lower <= 0) & (upper >= 0)).astype(float)[ok], "ciwidth": (upper - lower)[ok]}
        rows = []
        for k in np.argsort(counts):
            rows += [(counts[k], name, *measure(v[:, k], None, 0.0)["thetamean"]) for name, v in hold.items()]
        rows += [(float(target), name, *extrapolated(v, counts, target)) for name, v in hold.items()]
        return pd.DataFrame(rows, columns=["bootstraps", "measure", "value", "mcse"])

    # ----------------------------------------------------------------------------------------------------------- tables
    def to_frame(self, columns=None, where=None, large=False):
        """One row per scenario, repetition, method and estimand.

        Parameters
        ----------
        columns : some of scenario, repetition, method, estimand, domain, true, estimate, se, df, n, deff, lower, upper.
        where : {column: value or list of values} of scenario, method, estimand or domain. large : make more than 5 million rows.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> keys = {"study": {"repetitions": 3}, "sample": {"n": 4}}
        >>> keys["estimands"] = [{"name": "mean", "numerator": "y"}]
        >>> result = ss.Study(keys, table=pd.DataFrame({"y": [2, 2, 2, 2, 2]})).run(progress=False)
        >>> result.to_frame(["repetition", "estimate", "se"]).values.tolist()
        [[0.0, 2.0, 0.0], [1.0, 2.0, 0.0], [2.0, 2.0, 0.0]]
        """
        every = ["scenario", "repetition", "method", "estimand", "domain", "true", *FIELDS]
        columns = guards.words(columns, "columns") or every
        unknown = [c for c in columns if c not in every]
        if unknown:
            raise DataError(f"{unknown[0]!r} is no column of a study's table; there are {', '.join(every)}.")
        given = guards.mapping(where, "where")
        asked = {k: guards.words(v, f"where[{guards.sight(k)}]") or [] for k, v in given.items()}
        if not set(asked) <= {"scenario", "method", "estimand", "domain"}:
            raise DataError(f"where = {guards.sight(where)}: choose by scenario, method, estimand or domain.")

        def wanted(**labels):
            return all(k not in asked or v in asked[k] for k, v in labels.items())

        large, plan, size = guards.flag(large, "large", error=DataError), [], 0
        for s in self.scenarios:
            items = [
                (m, e)
                for m, e in self._items(s)
                if wanted(
                    scenario=s["name"],
                    method=s["methods"][m]["name"],
                    estimand=s["estimands"][e]["name"],
                    domain=s["estimands"][e]["domain"],
                )
            ]
            plan.append((s, items))
            size += len(items) * self.done(s)
        if size > LARGEST and not large:
            raise StudyError(
                f"the table would have {size:,} rows ({size * 8 * len(columns) / 2**30:.1f} GiB). Choose rows with where=, or say "
                "large=True."
            )
        parts = []
        for s, items in plan:
            for part, chunk in self.chunks(s, items) if items else ():
                for j, (m, e) in enumerate(part):
                    given, estimand = self._columns(s, m, e, chunk, j), s["estimands"][e]
                    data = {"scenario": s["name"], "repetition": chunk.repetitions, "method": s["methods"][m]["name"]}
                    data |= {"estimand": estimand["name"], "domain": estimand["domain"], "true": estimand["true"]}
                    data |= {name: chunk.values[name][:, j] for name in FIELDS}
                    data |= {k: given[k] for k in ("lower", "upper") if given.get(k) is not None}
                    parts.append(pd.DataFrame({c: data[c] for c in columns}, index=range(len(chunk.repetitions))))
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)

    def summary(self):
        """A few lines: how much was run, the widest bias and the lowest coverage, each with its Monte Carlo error."""
        done = [self.done(s) for s in self.scenarios]
        failed = len(self.failures)
        lines = [
            f"{self.name}: {len(self.scenarios)} scenarios × {min(done):,}{'' if min(done) == max(done) else f' to {max(done):,}'} "
            "repetitions "
            f"× {len(self.scenarios[0]['methods'])} methods × {len(self.scenarios[0]['estimands'])} estimands; {failed} failures"
            + (f" in {len(self.failures[['scenario', 'repetition']].drop_duplicates())} repetitions" if failed else "")
        ]
        if min(done) < 2:
            return lines[0] + "; too few for Monte Carlo errors"
        table = self.performance()
        for line in (self._widest_bias(table), self._lowest_coverage(table)):
            lines += [line] if line else []
        return "\n".join([*lines, "± is two Monte Carlo standard errors."])

    def _widest_bias(self, table):
        """The bias that is largest for its Monte Carlo error, in words."""
        rows = table[(table["measure"] == "bias") & (table["mcse"] > 0)]
        if rows.empty:
            return None
        row = rows.loc[(rows["value"] / rows["mcse"]).abs().idxmax()]
        return f"largest bias for its error: {row['value']:+.4g} ± {2 * row['mcse']:.2g} ({_where(row)})"

    def _lowest_coverage(self, table):
        """The lowest coverage with its 95 % Monte Carlo interval, and whether that holds the nominal level."""
        rows = table[(table["measure"] == "cover") & table["value"].notna()]
        if rows.empty:
            return None
        row = rows.loc[rows["value"].idxmin()]
        keys = ["scenario", "method", "estimand", "domain"]
        at = (table["measure"] == "nsim") & (table[keys] == row[keys]).all(axis=1)
        n, p, level = float(table.loc[at, "value"].iloc[0]), row["value"], self.scenario(row["scenario"])["level"]
        low, high = coverage_interval(p, n)
        verdict = (
            f", below {100 * level:g} %"
            if judged(p, n, level) < 0
            else f", which does not contradict {100 * level:g} %" + (": no verdict" if n < 1000 else "")
        )
        spread = f"{100 * low:.1f} to {100 * high:.1f} with 95 % confidence{verdict}"
        return f"lowest coverage: {100 * p:.1f} % of {n:,.0f} ({spread}; {_where(row)})"

    def __repr__(self):
        return f"<StudyResult: {self.summary().splitlines()[0]}>"

    # ------------------------------------------------------------------------------------------------------------ looks
    @property
    def plot(self):
        """Drawings: zip, lolly, forest, coverage, se_ratio, convergence; each returns a matplotlib Axes."""
        return Plots(self)

    def report(self, path, lang="en"):
        """Write a self-contained HTML report and return its path."""
        from ..report.study_page import write_study_report  # numbers need no pages

        return write_study_report(self, path, lang)

    # ------------------------------------------------------------------------------------------------------------ names
    def scenario(self, name=None):
        """A scenario's entry by name; None is the first."""
        if name is None:
            return self.scenarios[0]
        found = [s for s in self.scenarios if guards.is_text(name, s["name"])]
        if not found:
            raise StudyError(
                f"there is no scenario {guards.sight(name)}; there are {', '.join(repr(s['name']) for s in self.scenarios[:20])}."
            )
        return found[0]

    def _method(self, s, name):
        names = [m["name"] for m in s["methods"]]
        if not any(guards.is_text(name, known) for known in names):
            raise StudyError(f"there is no method {guards.sight(name)}; there are {', '.join(names)}.")
        return names.index(name)

    def _estimand(self, s, name, domain=""):
        for e, estimand in enumerate(s["estimands"]):
            if estimand["name"] == name and estimand["domain"] == domain:
                return e
        known = dict.fromkeys(e["name"] for e in s["estimands"])
        if name in known:
            domains = [e["domain"] or '""' for e in s["estimands"] if e["name"] == name]
            raise StudyError(
                f"the estimand {name!r} has no domain {domain!r}; give domain=, one of {', '.join(domains[:8])}"
                f"{' …' if len(domains) > 8 else ''}."
            )
        raise StudyError(
            f"there is no estimand {name!r}{f' in {domain!r}' if domain else ''}; there are {', '.join(known)}."
        )

    def _known(self, reference, estimands):
        """Names of estimands that were asked for, or None; refuses those, and a method, that there are not."""
        if reference is not None:
            self._method(self.scenarios[0], reference)
        names = guards.words(estimands, "estimands", error=StudyError)
        for name in names or ():
            if name not in {e["name"] for e in self.scenarios[0]["estimands"]}:
                self._estimand(self.scenarios[0], name)
        return names

    def _failed(self, s):
        """Failed repetitions (M,) of every method."""
        count = np.zeros(len(s["methods"]), np.int64)
        for block in self.ledger.read(s["id"], self.repetitions):
            for m in range(len(count)):
                count[m] += len({r for r, k, _ in block.failures if k in (m, -1)})
        return count

    def _names(self, by):
        return guards.words(by, "by", error=StudyError) or ["scenario"]

    def _front(self, by):
        """Function of a scenario: the values shown in front of its rows."""
        names = self._names(by)
        if by is None:
            return lambda s: (s["name"],)
        for s in self.scenarios:
            unknown = [n for n in names if n not in s["varied"]]
            if unknown:
                raise StudyError(
                    f"by = {unknown[0]!r} is no key of the grid; there are {', '.join(s['varied']) or 'none'}."
                )
        keys = [tuple(str(s["varied"][n]) for n in names) for s in self.scenarios]
        if len(set(keys)) < len(keys):
            raise StudyError(f"by = {names!r} does not tell the scenarios apart; add keys, or leave it out.")
        return lambda s: tuple(s["varied"][n] for n in names)


def _beyond(key, estimand, mean):
    """What to say of a share whose mean estimate can be none, or is one in another unit than its true value."""
    if not estimand["share"] or not np.isfinite(mean):
        return []
    whole, true = (100.0 if estimand["unit"] == "percent" else 1.0), estimand["true"]
    name = ", ".join(str(v) for v in key if v != "")
    if not 0 <= mean <= whole:
        return [
            f"{name}: the estimates are {mean:.4g} on average, and a share in this unit lies between 0 and {whole:g} (its true value is "
            f"{true:.4g}). Is the estimator's in percent? Give it in the unit of the estimand."
        ]
    if whole == 100 and true > 2 and mean <= 1 and abs(100 * mean - true) < 0.2 * true:
        return [
            f"{name}: the estimates are {mean:.4g} on average, and the true value {true:.4g} percent. Give percentages, not shares."
        ]
    return []


def _where(row):
    return ", ".join(str(v) for v in (row["scenario"], row["method"], row["estimand"], row["domain"]) if v)


def interval_of(method, estimand, estimate, se, df, n, level):
    """Bounds of the intervals a method makes: on shares by its formula, otherwise estimate ± t se."""
    degrees = np.where(np.isfinite(df), df, np.inf)
    kind = method.get("interval", "wald")
    if not estimand["share"] or kind in ("wald", "percentile"):
        return wald_interval(estimate, se, level, degrees)
    factor = 100.0 if estimand["unit"] == "percent" else 1.0
    p = np.clip(estimate / factor, 0, 1)
    size = np.where(np.isfinite(n) & (n > 0), n, 1.0)
    lower, upper = proportion_interval(p, se / factor, kind, level, degrees, size)
    return lower * factor, upper * factor
