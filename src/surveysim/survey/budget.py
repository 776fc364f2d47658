"""Where the error of an estimate comes from: stages of the survey switched off under common random numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Floats
from ..display import Shown
from ..errors import SpecError, StudyError
from ..population import estimand_kinds, outcomes, parameters
from ..population.parameters import LINES, MOBILES, ONLINE
from ..report import figures, html
from ..threads import each
from ..weighting import Weights
from . import estimands
from .controls import CONTROLS
from .preparation import Preparation, prepare, reweighted
from .spec import StagesSpec, SurveySpec
from .weighted import field_and_weight, weigh

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..population import Population

STAGES = ("coverage", "sampling", "nonresponse", "measurement", "weighting")
SWITCHES = ({"nonresponse": False, "measurement": False}, {"measurement": False})  # of the first two levels
LEVELS = ("complete", "true", "real")  # complete response; real response with true answers; everything as it is
PRESET = "cnnic-2024-12"


@dataclass(frozen=True)
class ErrorBudget(Shown):
    """Errors of every estimand by stage.

    Attributes
    ----------
    table : DataFrame indicator_id, unit, stage, bias, bias_mcse, bias2, variance, variance_mcse, in the estimand's unit. Stages are what
        each one adds to the error of the estimate, in this order: coverage (people whom no frame in use reaches), sampling (numbers, and
        members within households, weighted by probabilities of selection alone), nonresponse, measurement, weighting
        (nonresponse adjustment and raking, which take error away as well as adding it). "together" is what the stages' products
        add: 2 Σ covariances, and in bias2 the products of biases. "total" is the error of the final estimate.
    final : DataFrame indicator_id, response, bias, bias_mcse, se, se_mcse of the finally weighted estimate: under complete response
        ("complete"), real response with true answers ("true"), and as it is ("real").
    totals : DataFrame indicator_id, control_population, bias, bias_mcse, se, se_mcse of the same interviews weighted to people with a
        telephone ("covered_6plus") and to all residents ("residents_6plus", which are what statistical bureaus publish).
    repetitions : how many.
    """

    table: pd.DataFrame
    final: pd.DataFrame
    totals: pd.DataFrame
    repetitions: int

    def summary(self, indicator: str = "internet_penetration") -> str:
        """One line: bias and standard error of the final estimate, and the stages with the largest bias and variance."""
        rows = self.rows(indicator)
        total = rows.loc["total"]
        parts = rows.loc[list(STAGES)]
        worst, widest = str(parts["bias"].abs().idxmax()), str(parts["variance"].idxmax())
        return (
            f"{indicator}: bias {total['bias']:+.3f} (mcse {total['bias_mcse']:.3f}), standard error "
            f"{np.sqrt(total['variance']):.3f}; largest bias {worst} {parts.loc[worst, 'bias']:+.3f}, largest variance {widest} "
            f"{parts.loc[widest, 'variance']:.4f}"
        )

    def _shown(self):
        return self.table

    def plot(self, indicator: str = "internet_penetration", lang: str = "en", ax: "Axes | None" = None) -> "Axes":
        """Bias and standard error by stage, on a matplotlib Axes, which is returned."""
        return figures.error_budget(self.rows(indicator), html.labels(lang), ax)

    def rows(self, indicator: str) -> pd.DataFrame:
        """The stages of one indicator, by their names."""
        rows = self.table[self.table["indicator_id"] == indicator].set_index("stage")
        if rows.empty:
            raise StudyError(
                f"{indicator!r} is not in this error budget; there are {', '.join(self.table['indicator_id'].unique())}."
            )
        return rows

    def __repr__(self):
        return f"<ErrorBudget: {self.table['indicator_id'].nunique()} estimands, {self.repetitions} repetitions>"


def error_budget(
    spec: Any,
    repetitions: int = 200,
    seed: int = 1,
    workers: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> ErrorBudget:
    """Split the error of a survey's estimates by the stage it comes from.

    Each repetition runs the survey three times from the same random numbers: with everybody answering, with real response and true
    answers, and as it is. Differences between estimates of one repetition are what a stage adds.

    Parameters
    ----------
    spec : SurveySpec. repetitions : at least 2. seed : of the study. workers : threads, None for one per core; the result does not depend
        on it. progress : called with 1 after every repetition.

    Returns
    -------
    ErrorBudget.

    Raises
    ------
    StudyError : fewer than 2 repetitions.

    References
    ----------
    Groves & Lyberg (2010), Public Opin. Q. 74:849-879 (the components of total survey error).

    Examples
    --------
    >>> import surveysim as ss
    >>> small = {"interviews": 4000, "landline_share": 0.0, "minimum_per_province": 0}
    >>> keys = {"population": {"scale": 0.01}, "sample": small, "weighting": {"margins": ["sex"]}}
    >>> spec = ss.SurveySpec.preset("cnnic-2024-12", **keys)
    >>> budget = ss.error_budget(spec, repetitions=2)
    >>> budget
    <ErrorBudget: 113 estimands, 2 repetitions>
    >>> penetration = budget.table.set_index("indicator_id").loc["internet_penetration"]
    >>> penetration["stage"].tolist()
    ['coverage', 'sampling', 'nonresponse', 'measurement', 'weighting', 'together', 'total']
    """
    needed = "At least 2 are needed for a Monte Carlo error."
    repetitions = guards.whole_number(repetitions, "repetitions", 2, error=StudyError, remedy=needed)
    seed, workers = guards.seed_of(seed, error=SpecError), guards.workers(workers, error=StudyError)
    guards.function(progress, "progress", error=SpecError)
    if not isinstance(spec, SurveySpec):
        raise SpecError(f"spec is a {type(spec).__name__}; give a SurveySpec, such as SurveySpec.preset({PRESET!r}).")
    prep = prepare(spec)
    levels = [prepare(spec.model_copy(update={"stages": StagesSpec(**off)})) for off in SWITCHES] + [prep]

    totals = [reweighted(prep, {"control_population": control}) for control in CONTROLS]

    def work(repetition):
        found = one(levels, totals, seed, repetition)
        if progress is not None:
            progress(1)
        return found

    found, totals = (np.stack(part) for part in zip(*each(work, range(repetitions), workers), strict=True))
    truth, covered = population_values(prep.pop, prep.definitions, prep.design.targets.any(axis=1))
    return budget_of(prep.definitions, truth, covered, found, totals)


def one(levels: Any, totals: Any, seed: int, repetition: int) -> tuple[Floats, Floats]:
    """Estimates of one repetition in the estimands' units: (3, 2, E) by level of `LEVELS`, with base and final weights; and (2, E) of the
    last one's interviews by preparation of `totals`."""
    result = []
    for prep in levels:
        cases, table, weights = field_and_weight(prep, seed, repetition)
        variables = estimands.Variables(prep.pop, cases)
        result.append([_estimates(prep, variables, w) for w in (base_weights(prep, weights), weights.final)])
    others = [_estimates(prep, variables, weigh(prep, cases, table).final) for prep in totals]
    return np.array(result), np.array(others)


def base_weights(prep: Preparation, weights: Weights) -> Floats:
    """Weights by selection alone: number weight × multiplicity × composite share, scaled to the size of the control population."""
    columns = weights.columns
    base = columns["multiplicity_weight"] * (columns["composite_weight"] / columns["nonresponse_weight"])
    return base * (weights.final.sum() / base.sum())


def _estimates(prep, variables, w):
    found = estimands.statistics(prep.definitions, variables, prep.known, w)
    return [s.value * f for s, f in zip(found, estimands.factors(prep.definitions, prep.pop.scale), strict=True)]


def population_values(
    pop: "Population", definitions: pd.DataFrame, frames: Any = (True, True)
) -> tuple[Floats, Floats]:
    """Values of the estimands in the whole population, and with the numerators and estimated denominators of its members on the
    (landline, mobile) frames in use, which a perfect survey would give."""
    sums = pop.sums("answers", fine=False)
    covered = ((LINES > 0) & frames[0]) | ((MOBILES > 0) & frames[1])
    asked_of = dict(zip(outcomes.definitions()["name"], outcomes.definitions()["universe"], strict=True))

    def cells(name):
        if name in parameters.STATUS_VALUES and name != "landlines":
            return sums.status @ (parameters.STATUS_VALUES[name] * covered)
        if name == "nonuser":
            return sums.column(name, status=True) @ covered.astype(np.int64)
        mask = (ONLINE == 0) if asked_of.get(name) == "nonuser" else (ONLINE == 1)
        of, reached = sums.status @ mask.astype(np.int64), sums.status @ (mask & covered).astype(np.int64)
        return sums.column(name) * np.divide(reached, of, out=np.zeros(of.shape), where=of > 0)

    def total(expression, known=False):
        name, groups = parameters.split(expression)
        table = sums.persons if name == "persons" else (sums.column(name) if known else cells(name))
        return float(table[parameters.group_mask(groups, table.shape)].sum())

    truth, seen = [], []
    for row in definitions.itertuples():
        kind, scale = estimand_kinds.of(row), 1 / pop.scale
        truth.append(float(kind.value(row, lambda e: total(e, known=True), scale)))
        seen.append(float(kind.value(row, total, scale)))
    return np.array(truth), np.array(seen)


def budget_of(definitions: pd.DataFrame, truth: Floats, covered: Floats, found: Floats, by_totals: Any) -> ErrorBudget:
    """ErrorBudget from estimates (R, 3, 2, E) and (R, 2, E), population values (E,) and those of its covered part."""
    R = len(found)
    complete, true, real = (found[:, k, 0] for k in range(3))
    final = found[:, 2, 1]
    parts = {
        "coverage": np.broadcast_to(covered - truth, real.shape),
        "sampling": complete - covered,
        "nonresponse": true - complete,
        "measurement": real - true,
        "weighting": final - real,
    }
    rows, finals, totals = [], [], []
    for e, (name, row) in enumerate(definitions.iterrows()):
        total = final[:, e] - truth[e]
        each = {stage: values[:, e] for stage, values in parts.items()} | {"total": total}
        figures = {stage: _bias_and_variance(values) for stage, values in each.items()}
        products = figures["total"][2] - sum(figures[stage][2] for stage in STAGES)
        figures["together"] = (0.0, 0.0, products, float("nan"))
        squares = {stage: figures[stage][0] ** 2 for stage in (*STAGES, "total")}
        squares["together"] = squares["total"] - sum(squares[stage] for stage in STAGES)
        for stage in (*STAGES, "together", "total"):
            bias, bias_mcse, *spread = figures[stage]
            rows.append((name, row["unit"], stage, bias, bias_mcse, squares[stage], *spread))
        finals += [(name, level, *_bias_and_se(found[:, k, 1, e] - truth[e])) for k, level in enumerate(LEVELS)]
        totals += [(name, control, *_bias_and_se(by_totals[:, k, e] - truth[e])) for k, control in enumerate(CONTROLS)]
    of_final = ["bias", "bias_mcse", "se", "se_mcse"]
    columns = ["indicator_id", "unit", "stage", "bias", "bias_mcse", "bias2", "variance", "variance_mcse"]
    return ErrorBudget(
        pd.DataFrame(rows, columns=columns),
        pd.DataFrame(finals, columns=["indicator_id", "response", *of_final]),
        pd.DataFrame(totals, columns=["indicator_id", "control_population", *of_final]),
        R,
    )


def _bias_and_variance(error):
    """Mean, its Monte Carlo error, variance, its Monte Carlo error from the fourth moment."""
    R = len(error)
    variance = float(error.var(ddof=1))
    fourth = float(np.mean((error - error.mean()) ** 4))
    mcse = np.sqrt(variance / R), np.sqrt(max(fourth - variance**2, 0.0) / R)
    return float(error.mean()), float(mcse[0]), variance, float(mcse[1])


def _bias_and_se(error):
    """Mean, its Monte Carlo error, standard deviation, its Monte Carlo error."""
    bias, bias_mcse, variance, _ = _bias_and_variance(error)
    return bias, bias_mcse, np.sqrt(variance), np.sqrt(variance / (2 * (len(error) - 1)))
