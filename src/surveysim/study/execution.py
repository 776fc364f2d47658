"""Repetitions of a survey: threads above serial kernels, keyed seeds, results in repetition order."""

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import StudyError, SurveysimError
from ..estimation import intervals
from ..estimation.estimates import item_degrees
from . import estimands
from .survey import field_and_weight, parameters_of, prepare, variance_design


@dataclass(frozen=True)
class Repetitions:
    """Estimates of all repetitions: arrays (R, E) `estimate`, `se`, `df` in shares, persons or hours; `failures`.

    A failed repetition is a row of NaN and an entry (repetition, message) in `failures`; it is counted, never dropped.
    """

    seed: int
    definitions: pd.DataFrame
    estimate: np.ndarray
    se: np.ndarray
    df: np.ndarray
    level: float
    scale: float
    failures: tuple

    def performance(self, parameters):
        """Bias, empirical and model standard errors, and coverage, each with its Monte Carlo standard error.

        Parameters
        ----------
        parameters : mapping of indicator to its exact value, in the units of the report.

        Returns
        -------
        DataFrame by indicator: repetitions, parameter, mean, bias, bias_mcse, empse, empse_mcse, modelse, modelse_mcse,
        cover, cover_mcse (percent).

        References
        ----------
        Morris, White & Crowther (2019), Stat. Med. 38:2074-2102, Table 6.
        """
        rows = []
        for k, (name, row) in enumerate(self.definitions.iterrows()):
            factor = 100.0 if row["unit"] == "percent" else (1e-4 / self.scale if row["unit"] == "10k persons" else 1.0)
            ok = np.isfinite(self.estimate[:, k]) & np.isfinite(self.se[:, k])
            value, se, df = self.estimate[ok, k], self.se[ok, k], self.df[ok, k]
            truth = parameters[name] / factor
            lower, upper = self.interval(row["unit"], value, se, df)
            n = len(value)
            cover = np.mean((lower <= truth) & (truth <= upper))
            empse = value.std(ddof=1)
            modelse = np.sqrt(np.mean(se**2))
            rows.append(
                {
                    "indicator_id": name,
                    "repetitions": n,
                    "parameter": parameters[name],
                    "mean": value.mean() * factor,
                    "bias": (value.mean() - truth) * factor,
                    "bias_mcse": empse / np.sqrt(n) * factor,
                    "empse": empse * factor,
                    "empse_mcse": empse / np.sqrt(2 * (n - 1)) * factor,
                    "modelse": modelse * factor,
                    "modelse_mcse": np.sqrt(np.var(se**2, ddof=1) / (4 * n * modelse**2)) * factor if modelse else 0.0,
                    "cover": 100 * cover,
                    "cover_mcse": 100 * np.sqrt(cover * (1 - cover) / n),
                }
            )
        return pd.DataFrame(rows)

    def interval(self, unit, value, se, df):
        """The intervals of one indicator: logit for shares, Wald for sizes and means, as in a single survey."""
        if unit == "percent":
            return intervals.proportion_interval(np.clip(value, 1e-12, 1 - 1e-12), se, "logit", self.level, df)
        return intervals.wald_interval(value, se, self.level, df)


def one(prep, seed, repetition):
    """Estimate, standard error and df (3, E) of one repetition."""
    cases, table, weights = field_and_weight(prep, seed, repetition)
    design = variance_design(table, weights)
    variables = estimands.Variables(prep.pop, cases)
    found = estimands.statistics(prep.definitions, variables, prep.known, design.weight, np.ones(len(table), bool))
    se = np.sqrt(design.variances([s.score for s in found]))
    df = item_degrees(design, found, list(prep.definitions.index))
    return np.array([[s.value for s in found], se, df])


def repeat(spec, repetitions, seed=1, workers=None, progress=None):
    """Run a survey many times from one population.

    Parameters
    ----------
    spec : SurveySpec. repetitions : how many. seed : of the study; repetition r is keyed by (seed, stage, r).
    workers : threads, None for one per core; the result does not depend on it.
    progress : called with 1 after every repetition.

    Returns
    -------
    Repetitions.
    """
    if repetitions < 2:
        raise StudyError(f"repetitions = {repetitions}: at least 2 are needed for a Monte Carlo error.")
    prep = prepare(spec)
    result = np.full((repetitions, 3, len(prep.definitions)), np.nan)
    failures = []
    workers = workers or os.cpu_count()
    with ThreadPoolExecutor(workers) as pool:
        waiting = deque()
        for r in range(repetitions):
            waiting.append((r, pool.submit(one, prep, seed, r)))
            while len(waiting) > 2 * workers or (r == repetitions - 1 and waiting):
                index, future = waiting.popleft()
                try:
                    result[index] = future.result()
                except SurveysimError as error:
                    failures.append((index, f"{type(error).__name__}: {error}"))
                if progress is not None:
                    progress(1)
    return Repetitions(
        seed,
        prep.definitions,
        result[:, 0],
        result[:, 1],
        result[:, 2],
        spec.estimation.level,
        prep.pop.scale,
        tuple(failures),
    )


__all__ = ["Repetitions", "parameters_of", "repeat"]
