"""The results of a study, read from its ledger: performance, comparisons, tables, plots."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from .. import guards
from ..aliases import Pathname
from ..display import Shown
from ..errors import StudyError
from ..judging.measures import coverage_interval, judged
from . import comparisons
from .comparisons import Front
from .ledger import Ledger, MemoryLedger
from .manifest import ScenarioEntry
from .plots import Plots
from .readings import Readings


@dataclass(frozen=True)
class StudyResult(Shown):
    """What a study found.

    Attributes
    ----------
    name, aim : of the study. scenarios : list of entries with name, id, varied keys, estimands with their true values, methods, level,
        as attributes or as of a dict.
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
    scenarios: list[ScenarioEntry] = field(repr=False)
    repetitions: int
    ledger: Ledger | MemoryLedger = field(repr=False)

    # ------------------------------------------------------------------------------------------------------ the ledger
    @cached_property
    def _readings(self):
        return Readings(self.scenarios, self.repetitions, self.ledger)

    def done(self, scenario: ScenarioEntry) -> int:
        """Repetitions of a scenario that are there, of those asked for."""
        return self._readings.done(scenario)

    @cached_property
    def failures(self) -> pd.DataFrame:
        """Table scenario, repetition, method, message, replay of every failure; method is empty where the whole repetition failed."""
        return self._readings.failures()

    # ----------------------------------------------------------------------------------------------------- performance
    def performance(
        self,
        by: str | list[str] | None = None,
        reference: str | None = None,
        power: bool = False,
        estimands: list[str] | None = None,
    ) -> pd.DataFrame:
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
        front, wanted = Front.by(self.scenarios, by), comparisons.known(self.scenarios[0], reference, estimands)
        power = guards.flag(power, "power", error=StudyError)
        return comparisons.performance(self._readings, front, reference, power, wanted)

    def compare(
        self, reference: str, by: str | list[str] | None = None, estimands: list[str] | None = None
    ) -> pd.DataFrame:
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
        front, wanted = Front.by(self.scenarios, by), comparisons.known(self.scenarios[0], reference, estimands)
        return comparisons.methods(self._readings, front, reference, wanted)

    def compare_scenarios(
        self, reference: str, method: str | None = None, estimands: list[str] | None = None
    ) -> pd.DataFrame:
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
        base, wanted = self.scenario(reference), comparisons.known(self.scenarios[0], method, estimands)
        return comparisons.scenarios(self._readings, base, base.methods[0].name if method is None else method, wanted)

    def extrapolated_coverage(
        self,
        methods: list[str],
        estimand: str,
        domain: str = "",
        target: float = math.inf,
        scenario: str | None = None,
    ) -> pd.DataFrame:
        """Coverage of percentile intervals extrapolated to infinitely many resamples, from methods that differ in `replicates` alone.

        Parameters
        ----------
        methods : names of at least two methods with interval "percentile". target : resamples to extrapolate to.

        Returns
        -------
        DataFrame bootstraps, measure (cover, ciwidth), value, mcse; the last rows are the extrapolated ones (Boos & Zhang 2000).
        """
        s = self.scenario(scenario)
        return comparisons.extrapolated_coverage(self._readings, s, methods, s.estimand(estimand, domain), target)

    # ----------------------------------------------------------------------------------------------------------- tables
    def to_frame(
        self, columns: list[str] | None = None, where: Mapping[str, Any] | None = None, large: bool = False
    ) -> pd.DataFrame:
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
        return self._readings.frame(columns, where, large)

    def summary(self) -> str:
        """A few lines: how much was run, the widest bias and the lowest coverage, each with its Monte Carlo error."""
        done = [self.done(s) for s in self.scenarios]
        failed = len(self.failures)
        lines = [
            f"{self.name}: {len(self.scenarios)} scenarios × {min(done):,}{'' if min(done) == max(done) else f' to {max(done):,}'} "
            "repetitions "
            f"× {len(self.scenarios[0].methods)} methods × {len(self.scenarios[0].estimands)} estimands; {failed} failures"
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
        n, p, level = float(table.loc[at, "value"].iloc[0]), row["value"], self.scenario(row["scenario"]).level
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
    def plot(self) -> Plots:
        """Drawings: zip, lolly, forest, coverage, se_ratio, convergence; each returns a matplotlib Axes."""
        return Plots(self)

    def report(self, path: Pathname, lang: str = "en") -> Path:
        """Write a self-contained HTML report and return its path."""
        from ..report.study_page import write_study_report  # numbers need no pages

        return write_study_report(self, path, lang)

    # ------------------------------------------------------------------------------------------------------------ names
    def scenario(self, name: str | None = None) -> ScenarioEntry:
        """A scenario's entry by name; None is the first."""
        if name is None:
            return self.scenarios[0]
        found = [s for s in self.scenarios if guards.is_text(name, s.name)]
        if not found:
            raise StudyError(
                f"there is no scenario {guards.sight(name)}; there are {', '.join(repr(s.name) for s in self.scenarios[:20])}."
            )
        return found[0]


def _where(row):
    return ", ".join(str(v) for v in (row["scenario"], row["method"], row["estimand"], row["domain"]) if v)
