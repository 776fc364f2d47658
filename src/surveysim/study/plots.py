"""Plots of a study's results; the drawing is in `report.study_figures`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import StudyError
from ..judging.measures import MEASURES, with_verdicts
from ..report import html, study_figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .results import StudyResult

AT = {"relvar": 1.0}  # measures whose ideal is not 0; coverage's is the level


@dataclass(frozen=True)
class Plots:
    """Drawings of one estimand (the first unless named) of a `StudyResult`; each returns a matplotlib Axes.

    Arguments of all: estimand, domain : which. scenario, method : one of them, None for all (or the first, where one is drawn).
    lang : "en" or "zh". ax : Axes to draw on.
    """

    result: "StudyResult"

    def zip(
        self,
        estimand: str | None = None,
        domain: str = "",
        scenario: str | None = None,
        method: str | None = None,
        lang: str = "en",
        ax: "Axes | None" = None,
    ) -> "Axes":
        """Intervals of all repetitions, ranked by how far their estimate is off (Morris, White & Crowther 2019)."""
        s, e = self._at(scenario, estimand, domain)
        name = s.methods[0].name if method is None else method
        where = {"scenario": s.name, "method": name, "estimand": e.name, "domain": domain}
        s.method(name)
        table = self.result.to_frame(where=where).dropna(subset=["estimate", "lower", "upper"])
        if table.empty:
            raise StudyError(f"method {name!r} has no intervals for {e['name']!r}, so there are none to draw.")
        return self._titled(study_figures.zip_plot(table, html.labels(lang), s.level, ax), e, s, name)

    def lolly(
        self,
        measure: str = "bias",
        estimand: str | None = None,
        domain: str = "",
        scenario: str | None = None,
        lang: str = "en",
        ax: "Axes | None" = None,
    ) -> "Axes":
        """One measure of every scenario and method, with Monte Carlo intervals."""
        if measure not in MEASURES:
            raise StudyError(f"measure = {measure!r}: choose one of {', '.join(MEASURES)}.")
        table, s, text = *self._table(measure, estimand, domain, scenario), html.labels(lang)
        at = s.level if measure in ("cover", "becover") else AT.get(measure, 0.0)
        ax = study_figures.lolly(table, text, text[f"measure_{measure}"], at, ax)
        return self._titled(ax, self._at(scenario, estimand, domain)[1])

    def forest(
        self,
        estimand: str | None = None,
        domain: str = "",
        scenario: str | None = None,
        lang: str = "en",
        ax: "Axes | None" = None,
    ) -> "Axes":
        """Mean and spread of the estimates of every scenario and method, against the true value."""
        mean, _ = self._table("thetamean", estimand, domain, scenario)
        spread, _ = self._table("empse", estimand, domain, scenario)
        true = [self._at(name, estimand, domain)[1].true for name in mean["scenario"]]
        table = mean.rename(columns={"value": "mean"}).assign(spread=spread["value"].to_numpy(), true=true)
        return study_figures.forest(table, html.labels(lang), self._at(None, estimand, domain)[1].name, ax)

    def coverage(
        self,
        estimand: str | None = None,
        domain: str | None = None,
        scenario: str | None = None,
        method: str | None = None,
        lang: str = "en",
        ax: "Axes | None" = None,
    ) -> "Axes":
        """Coverage with Monte Carlo intervals: of every scenario and method for one estimand, or of all estimands of one method."""
        if estimand is not None:
            table, s = self._table("cover", estimand, domain or "", scenario)
            table = _counted(table, self._table("nsim", estimand, domain or "", scenario)[0])
            return study_figures.coverage(with_verdicts(table, s.level), html.labels(lang), s.level, ax)
        s = self.result.scenario(scenario)
        name = s.methods[0].name if method is None else method
        table = self.result.performance()
        at = (table["measure"] == "cover") & (table["scenario"] == s.name) & (table["method"] == name)
        every, table = table[table["measure"] == "nsim"], table[at].sort_values("value", kind="stable")
        if table.empty:
            raise StudyError(f"method {name!r} has no intervals in scenario {s['name']!r}.")
        label = [f"{e} {d}".strip() for e, d in zip(table["estimand"], table["domain"], strict=True)]
        table = with_verdicts(_counted(table.assign(label=label), every), s.level)
        return study_figures.coverage(table, html.labels(lang), s.level, ax)

    def se_ratio(
        self,
        estimand: str | None = None,
        domain: str = "",
        scenario: str | None = None,
        lang: str = "en",
        ax: "Axes | None" = None,
    ) -> "Axes":
        """Model over empirical standard error of every scenario and method, with Monte Carlo intervals; 1 is right."""
        table, _ = self._table("relerror", estimand, domain, scenario)
        table = table.assign(value=1 + table["value"] / 100, mcse=table["mcse"] / 100)
        ax = study_figures.lolly(table, html.labels(lang), html.labels(lang)["se_ratio_axis"], 1.0, ax)
        return self._titled(ax, self._at(scenario, estimand, domain)[1])

    def convergence(
        self,
        estimand: str | None = None,
        domain: str = "",
        scenario: str | None = None,
        method: str | None = None,
        lang: str = "en",
        ax: "Axes | None" = None,
    ) -> "Axes":
        """The running mean of the estimates, with two Monte Carlo errors."""
        s, e = self._at(scenario, estimand, domain)
        name = s.methods[0].name if method is None else method
        where = {"scenario": s.name, "method": name, "estimand": e.name, "domain": domain}
        table = self.result.to_frame(["repetition", "estimate", "true"], where).dropna()
        n = np.arange(1, len(table) + 1)
        off = table["estimate"].to_numpy() - table["true"].to_numpy()
        mean = np.cumsum(off) / n
        variance = (np.cumsum(off**2) - n * mean**2) / np.maximum(n - 1, 1)
        table = table.assign(mean=mean + table["true"], mcse=np.sqrt(np.maximum(variance, 0) / n))
        return self._titled(study_figures.convergence(table.iloc[1:], html.labels(lang), e.name, ax), e, s, name)

    # ------------------------------------------------------------------------------------------------------------------
    def _titled(self, ax, estimand, scenario=None, method=None):
        """The Axes with a small title that says what is drawn."""
        several = len(self.result.scenarios) > 1
        parts = (estimand.name, estimand.domain, scenario and several and scenario.name, method)
        ax.set_title(" · ".join(str(p) for p in parts if p), fontsize=8.5, color=study_figures.MUTED, loc="left")
        return ax

    def _at(self, scenario, estimand, domain):
        s = self.result.scenario(scenario)
        name = s.estimands[0].name if estimand is None else estimand
        if estimand is None and not domain:
            return s, s.estimands[0]
        return s, s.estimands[s.estimand(name, domain)]

    def _table(self, measure, estimand, domain, scenario):
        """(label, value, mcse of a measure by scenario and method, a scenario's entry)."""
        s, e = self._at(scenario, estimand, domain)
        table = self.result.performance(
            reference=s.methods[0].name if measure == "relprec" else None,
            power=measure == "power",
            estimands=[e.name],
        )
        at = (table["measure"] == measure) & (table["domain"] == e.domain)
        table = table[at & (table["scenario"] == scenario if scenario else True)]
        if table.empty:
            raise StudyError(f"{measure!r} is not measured for {e['name']!r}: no method gives standard errors.")
        several = len(self.result.scenarios) > 1 and scenario is None
        label = table["scenario"] + ": " + table["method"] if several else table["method"]
        return table.assign(label=label).reset_index(drop=True), s


def _counted(table: pd.DataFrame, every: pd.DataFrame) -> pd.DataFrame:
    """Coverages with how many repetitions each is of; methods without intervals have repetitions and no coverage."""
    keys = ["scenario", "method", "estimand", "domain"]
    n = every.set_index(keys)["value"].reindex(pd.MultiIndex.from_frame(table[keys]))
    return table.assign(n=n.to_numpy(dtype=float))
