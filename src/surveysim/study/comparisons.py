"""Performance of methods, and methods and scenarios against each other, from the readings of a study."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .. import guards
from ..errors import StudyError, SurveysimWarning
from ..judging.controls import CONTROL, NAMED, PLAIN, controlled
from ..judging.measures import MEASURES, NAN, extrapolated, measure, paired, precision_gain
from .manifest import EstimandEntry, ScenarioEntry
from .readings import Readings, measured

MEASURED = ("measure", "value", "mcse")
PAIRED = (*MEASURED, "correlation", "pairs")


@dataclass(frozen=True)
class Front:
    """What is shown in front of a scenario's rows: its name, or the values of some keys of the grid."""

    names: list[str]
    of: Callable[[ScenarioEntry], tuple]

    @classmethod
    def by(cls, scenarios: list[ScenarioEntry], by: list[str] | str | None) -> "Front":
        names = guards.words(by, "by", error=StudyError) or ["scenario"]
        if by is None:
            return cls(names, lambda s: (s.name,))
        for s in scenarios:
            unknown = [n for n in names if n not in s.varied]
            if unknown:
                raise StudyError(
                    f"by = {unknown[0]!r} is no key of the grid; there are {', '.join(s.varied) or 'none'}."
                )
        keys = [tuple(str(s.varied[n]) for n in names) for s in scenarios]
        if len(set(keys)) < len(keys):
            raise StudyError(f"by = {names!r} does not tell the scenarios apart; add keys, or leave it out.")
        return cls(names, lambda s: tuple(s.varied[n] for n in names))


def known(first: ScenarioEntry, reference: str | None, estimands: list[str] | str | None) -> Callable:
    """Whether an estimand was asked for; refuses names, and a method, that there are not."""
    if reference is not None:
        first.method(reference)
    names = guards.words(estimands, "estimands", error=StudyError)
    for name in names or ():
        if name not in {e.name for e in first.estimands}:
            first.estimand(name)
    return lambda estimand: names is None or estimand.name in names


def performance(
    readings: Readings, front: Front, reference: str | None, power: bool, wanted: Callable[[EstimandEntry], bool]
) -> pd.DataFrame:
    """Performance of every method for every estimand; see `StudyResult.performance`."""
    rows, beyond = [], []
    for s in readings.scenarios:
        failed = readings.failed(s)
        items = readings.items(s, lambda method, estimand: wanted(estimand))
        found, gains = _measures(readings, s, items, reference, power)
        for m, e in items:
            estimand = s.estimands[e]
            key = (*front.of(s), s.methods[m].name, estimand.name, estimand.domain)
            better = gains.get((m, e), {})
            measures = found[m, e] | better | {"failures": (float(failed[m]), NAN)}
            ways = {name: (CONTROL if name in better else PLAIN,) if s.controlled else () for name in measures}
            rows += [(*key, name, *measures[name], *ways[name]) for name in (*MEASURES, "failures") if name in measures]
            beyond += _beyond(key, estimand, measures.get("thetamean", (NAN, NAN))[0])
    if beyond:
        more = f" (and {len(beyond) - 1} more)" if len(beyond) > 1 else ""
        warnings.warn(f"{beyond[0]}{more}", SurveysimWarning, stacklevel=3)
    named = [NAMED] if any(s.controlled for s in readings.scenarios) else []
    return pd.DataFrame(rows, columns=[*front.names, "method", "estimand", "domain", *MEASURED, *named])


def _measures(
    readings: Readings, s: ScenarioEntry, items: list, reference: str | None, power: bool
) -> tuple[dict, dict]:
    """{item: measures}, and {item: those that a control variate finds better}.

    With a reference its items come first of each estimand, and the others are compared with them.
    """
    base = None if reference is None else s.method(reference)
    order = items if base is None else sorted(items, key=lambda item: (item[1], item[0] != base, item[0]))
    theirs, found, gains = {}, {}, {}
    for part, chunk in readings.chunks(s, order):
        for j, (m, e) in enumerate(part):
            given = measured(s, m, e, chunk, j)
            found[m, e] = measure(**given, level=s.level, power=power)
            if s.controlled and found[m, e]["n_missing"][0] == 0:
                gains[m, e] = controlled(given["estimate"], given["true"], chunk.values["control"][:, j])
            if base is None:
                continue
            ok = np.isfinite(given["estimate"]) & (given["se"] is None or np.isfinite(given["se"]))
            pair = given["estimate"][ok], chunk.repetitions[ok]
            if m == base:
                theirs = {e: pair}
            found[m, e]["relprec"] = precision_gain(pair[0], theirs[e][0], pair[1], theirs[e][1])
    return found, gains


def methods(readings: Readings, front: Front, reference: str, wanted: Callable) -> pd.DataFrame:
    """Every method against a reference in the same repetitions; see `StudyResult.compare`."""
    rows = []
    for s in readings.scenarios:
        base = s.method(reference)
        for e, estimand in enumerate(s.estimands):
            if not wanted(estimand):
                continue
            theirs = readings.errors(s, base, e)
            for m, method in enumerate(s.methods):
                if m != base:
                    key = (*front.of(s), method.name, reference, estimand.name, estimand.domain)
                    rows += _pairs(key, *paired(readings.errors(s, m, e)[1], theirs[1], 0.0))
    return pd.DataFrame(rows, columns=[*front.names, "method", "reference", "estimand", "domain", *PAIRED])


def scenarios(readings: Readings, base: ScenarioEntry, method: str, wanted: Callable) -> pd.DataFrame:
    """Every scenario against another in the repetitions both have; see `StudyResult.compare_scenarios`."""
    rows = []
    for s in readings.scenarios:
        if s is base:
            continue
        m = s.method(method)
        for e, estimand in enumerate(s.estimands):
            if not wanted(estimand):
                continue
            (mine, errors), (others, their_errors) = (readings.errors(x, m, e) for x in (s, base))
            _, i, j = np.intersect1d(mine, others, return_indices=True)
            sides = (_at(errors, i), _at(their_errors, j))
            rows += _pairs((s.name, base.name, method, estimand.name, estimand.domain), *paired(*sides, 0.0))
    return pd.DataFrame(rows, columns=["scenario", "reference", "method", "estimand", "domain", *PAIRED])


def _at(errors: tuple, rows: np.ndarray) -> list:
    return [None if values is None else values[rows] for values in errors]


def _pairs(key: tuple, found: dict, correlation: float, pairs: int) -> list[tuple]:
    return [(*key, name, *pair, correlation, pairs) for name, pair in found.items()]


def extrapolated_coverage(
    readings: Readings, s: ScenarioEntry, methods: list[str], e: int, target: float
) -> pd.DataFrame:
    """Coverage and width of percentile intervals; see `StudyResult.extrapolated_coverage`."""
    places = [s.method(name) for name in methods]
    sides = [readings.errors(s, m, e)[1] for m in places]
    counts = np.array([s.methods[m].replicates or 0 for m in places], dtype=float)
    if len(methods) < 2 or len(np.unique(counts)) < len(counts) or (counts == 0).any():
        raise StudyError(f"methods = {list(methods)!r}: name at least two bootstrap methods with different replicates.")
    lower, upper = (np.column_stack([side[k] for side in sides]) for k in (2, 3))
    ok = np.isfinite(lower).all(axis=1)
    hold = {"cover": ((lower <= 0) & (upper >= 0)).astype(float)[ok], "ciwidth": (upper - lower)[ok]}
    rows = []
    for k in np.argsort(counts):
        rows += [(counts[k], name, *measure(v[:, k], None, 0.0)["thetamean"]) for name, v in hold.items()]
    rows += [(float(target), name, *extrapolated(v, counts, target)) for name, v in hold.items()]
    return pd.DataFrame(rows, columns=["bootstraps", *MEASURED])


def _beyond(key: tuple, estimand: EstimandEntry, mean: float) -> list[str]:
    """What to say of a share whose mean estimate can be none, or is one in another unit than its true value."""
    if not estimand.share or not np.isfinite(mean):
        return []
    whole, true = estimand.whole, estimand.true
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
