"""The cheapest design that is precise enough: stochastic root-finding over a few design inputs.

Every design is judged by a small study under common random numbers; log variances and log cost are quadratic in the inputs near the
solution, so a response surface (Box & Wilson 1951) is fitted, solved, checked by a study at its solution, and fitted again, closer (Chen &
Schmeiser 2001, IIE Trans. 33:259-275: retrospective approximation). A last study with other random numbers says how good the answer is.
"""

import itertools
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from .. import guards
from ..display import Shown
from ..errors import CalibrationError, DataError, DesignError, SpecError, StudyError
from ..inference.intervals import t_quantile
from ..keys import merge, nested
from ..survey.spec import SurveySpec
from .study import Study

GRID = {1: 4001, 2: 201, 3: 41}  # points of each input where the surface is solved
REFINED = 4  # times the last study may correct the search
NEAR = 0.15  # of the range: designs this far from the solution count half


@dataclass(frozen=True)
class Solution(Shown):
    """A design and how good it is.

    Attributes
    ----------
    inputs : {key: value} of the design. cost : of it. check : DataFrame estimand, domain, bound, moe, mcse, empirical, empirical_mcse,
    met of
    the widest domain of each bound, from a study with other random numbers: margins by estimated and by empirical standard errors.
    designs : DataFrame of every design that was tried: inputs, cost, widest moe of each bound, or why it cannot be carried out.
    """

    inputs: dict
    cost: float
    check: pd.DataFrame
    designs: pd.DataFrame = field(repr=False)

    def _shown(self):
        return self.check

    def summary(self) -> str:
        """The design, its cost and its margins of error."""
        design = ", ".join(
            f"{key} = {value:,}" if isinstance(value, int) else f"{key} = {value:.3f}"
            for key, value in self.inputs.items()
        )
        rows = [
            f"  {r.estimand}{f' ({r.domain})' if r.domain else ''}: ±{r.moe:.4g} (mcse {r.mcse:.2g}), bound {r.bound:.4g}; "
            f"±{r.empirical:.4g} (mcse {r.empirical_mcse:.2g}) over repetitions{'' if r.met else '; NOT MET'}"
            for r in self.check.itertuples()
        ]
        return "\n".join([f"{design}; cost {self.cost:,.0f}, {len(self.designs)} designs tried", *rows])


def solve_design(
    keys: Any,
    inputs: Mapping[str, tuple[float, float]],
    bounds: Mapping[str, float],
    minimize: str = "cost",
    cost: Callable[[dict[str, Any]], float] | None = None,
    table: Any = None,
    repetitions: int = 30,
    check: int = 200,
    rounds: int = 8,
    seed: int = 1,
    workers: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> Solution:
    """Find the inputs of a design that meets bounds on margins of error at least cost.

    Parameters
    ----------
    keys : SurveySpec, or the keys of a study with its estimands (and `table`, as for `Study`).
    inputs : {key: (lowest, highest)} of one to three numeric keys, such as {"sample.interviews": (10_000, 60_000)}; whole numbers stay
        whole.
    bounds : {estimand: largest margin of error}, in its unit; of an estimand with domains, of its widest domain. inf for one that is
        only to be minimized.
    minimize : "cost", or the name of an estimand whose margin of error is to be smallest.
    cost : function of a dict {key: value} of the inputs, such as lambda design: 12.5 * design["sample.n"];
        None is the fieldwork's own cost (surveys only).
    repetitions : of each study on the way. check : of the last. rounds : at most so many solutions are looked at.

    Returns
    -------
    Solution.

    Raises
    ------
    StudyError : no design within the limits meets the bounds (the message says which bound fails, and by how much), or none can be
        carried out.
    """
    lab = _Lab(keys, inputs, bounds, cost, table, _Runs(repetitions, seed, workers, progress))
    guards.choice(minimize, "minimize", ("cost", *lab.bounds), error=SpecError)
    for least, value, what in ((1, rounds, "rounds"), (2, check, "check")):
        guards.whole_number(value, what, least, error=SpecError)
    if minimize == "cost" and cost is None and not lab.has_cost:
        raise SpecError("cost = None: a sample from a table has no fieldwork to cost; give a function of the inputs.")
    for place in itertools.product((0.0, 0.5, 1.0), repeat=len(inputs)):
        lab.try_(lab.rounded(np.array(place)))
    best = None
    for _ in range(rounds):
        place = lab.rounded(lab.solved(minimize, best))
        moved = best is None or np.max(np.abs(place - best)) > 0.004
        best = place
        if not lab.try_(place) or not moved:
            break
    for _ in range(REFINED):  # the search has few repetitions: the surface is put through what many say at its solution
        found, judged = lab.solution(best, check)
        place = lab.rounded(lab.solved(minimize, best, judged))
        if found.check["met"].all() and lab.cost_near(place, best, found):
            break
        best = place
        lab.try_(place)
    return found


class _Runs(NamedTuple):
    """How designs are tried."""

    repetitions: int
    seed: int
    workers: int | None
    progress: Any


class _Lab:
    """Designs that were tried, and what is learnt from them; places are in [0, 1] for each input."""

    def __init__(self, keys, inputs, bounds, cost, table, runs):
        repetitions, seed, workers, progress = runs
        guards.whole_number(repetitions, "repetitions", 2, error=SpecError)
        guards.seed_of(seed, error=SpecError)
        self.keys = keys.model_dump() if isinstance(keys, SurveySpec) else keys
        if not isinstance(self.keys, dict):
            raise SpecError(f"keys = {guards.sight(keys)}: give a SurveySpec, or the keys of a study as a dict.")
        inputs, bounds = (
            guards.mapping(v, what, error=SpecError) for v, what in ((inputs, "inputs"), (bounds, "bounds"))
        )
        cost, progress = (guards.function(f, w, error=SpecError) for f, w in ((cost, "cost"), (progress, "progress")))
        self.inputs, self.bounds, self.cost_of, self.table = inputs, bounds, cost, table
        self.repetitions, self.seed, self.workers, self.progress = repetitions, seed, workers, progress
        if not 1 <= len(inputs) <= 3:
            raise SpecError(f"inputs names {len(inputs)} keys; give one to three.")
        for key, limits in inputs.items():
            if not operator.lt(*guards.pair(limits, f"inputs[{guards.sight(key)}]", error=SpecError)):
                raise SpecError(f"inputs[{key!r}] = {limits!r}: give (lowest, highest).")
        self.low, self.high = (np.array([float(v[k]) for v in inputs.values()]) for k in (0, 1))
        self.whole = np.array([all(isinstance(x, int) for x in v) for v in inputs.values()])
        first = self._study((0.5,) * len(inputs), 2, seed)
        self.has_cost, self.names = first.spec.has_cost, list(first.definitions.index)
        unknown = [name for name in bounds if name not in self.names]
        if unknown or not bounds:
            raise SpecError(
                f"bounds: {unknown[0] if unknown else 'empty'!r}; give {{estimand: margin}} of {', '.join(self.names[:8])}."
            )
        for name, bound in bounds.items():
            guards.number(bound, f"bounds[{name!r}]", 0, open_=True, infinite=True, error=SpecError)
        self.places, self.moes, self.costs, self.rows = [], [], [], []

    # ------------------------------------------------------------------------------------------------------------ designs
    def values(self, place):
        """{key: value} at a place: counts move by ratios, shares by differences."""
        scale = self.low > 0
        log = np.exp(np.log(np.where(scale, self.low, 1)) * (1 - place) + np.log(np.where(scale, self.high, 1)) * place)
        value = np.where(self.whole & scale, log, self.low + (self.high - self.low) * place)
        return {
            key: round(float(v)) if w else float(v) for key, v, w in zip(self.inputs, value, self.whole, strict=True)
        }

    def rounded(self, place):
        """The place of the design that whole numbers allow."""
        value = np.array(list(self.values(place).values()), dtype=float)
        scale = self.whole & (self.low > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            log = np.log(value / self.low) / np.log(self.high / self.low)
        return np.clip(np.where(scale, log, (value - self.low) / (self.high - self.low)), 0, 1)

    def _study(self, place, repetitions, seed):
        data = self.keys
        for key, value in self.values(np.asarray(place, dtype=float)).items():
            data = merge(data, nested(key, value))
        data = merge(
            data, {"study": {"repetitions": repetitions, "seed": seed, "failures": 0.0}, "grid": {}, "scenarios": []}
        )
        return Study(data, table=self.table)

    def try_(self, place):
        """Judge the design at a place; False where it was judged before."""
        if self._of(self.places, place) is not None:
            return False
        self.places.append(place)
        values = self.values(place)
        try:
            study = self._study(place, self.repetitions, self.seed)
            moe, _ = _margins(study.run(workers=self.workers, progress=False))
            cost = self._cost(study, values)
        except (DesignError, CalibrationError, DataError, SpecError, StudyError) as error:
            moe, cost = None, np.nan
            self.rows.append(values | {"cost": np.nan, "problem": str(error).splitlines()[0]})
        else:
            widest = {name: moe[moe["estimand"] == name]["moe"].max() for name in self.bounds}
            self.rows.append(
                values | {"cost": cost} | {f"moe {name}": v for name, v in widest.items()} | {"problem": ""}
            )
        self.moes.append(moe)
        self.costs.append(cost)
        if self.progress is not None:
            self.progress(1)
        return True

    def _cost(self, study, values):
        if self.cost_of is not None:
            return guards.number(self.cost_of(values), "cost(design)", error=SpecError)
        if not self.has_cost:
            return 1.0
        source = study.plan().source(0)
        return float(np.mean([source.cost(r) for r in range(2)]))

    # -------------------------------------------------------------------------------------------------------- the surface
    def cost_near(self, place, best, found):
        """Whether another place would save less than a hundredth of the cost, or is the same."""
        if np.allclose(place, best):
            return True
        cost = self._of(self.costs, place)
        cost = self._cost(self._study(place, 2, self.seed), self.values(place)) if cost is None else cost
        return cost > 0.99 * found.cost

    def solved(self, minimize, about, judged=None):
        """The place where the fitted surface meets the bounds at the least cost (or the least margin).

        The surface passes through the margins at `about`: those of a larger study (`judged`), or of the search.
        """
        good = [k for k, moe in enumerate(self.moes) if moe is not None]
        terms = _terms(np.array([self.places[k] for k in good])) if good else np.empty((0, 1))
        if len(good) < 3:
            problem = next((row["problem"] for row in self.rows if row["problem"]), "")
            raise StudyError(
                f"{len(good)} of {len(self.rows)} designs can be carried out; the first problem: {problem}"
            )
        weight = np.ones(len(good))
        if about is not None:
            far = np.array([np.max(np.abs(self.places[k] - about)) for k in good])
            weight = 1 / (1 + (far / NEAR) ** 2)
        table = self.moes[good[0]]
        items = table[table["estimand"].isin(self.bounds)].index.to_numpy()
        y = np.array([np.r_[np.log(self.moes[k].loc[items, "moe"]), np.log(self.costs[k])] for k in good])
        ridge = 1e-8 * np.eye(terms.shape[1])
        left = terms.T @ (terms * weight[:, None]) + ridge
        beta = np.linalg.solve(left, terms.T @ (y * weight[:, None]))
        axis = np.linspace(0, 1, GRID[len(self.inputs)])
        grid = np.stack(np.meshgrid(*[axis] * len(self.inputs), indexing="ij"), axis=-1).reshape(-1, len(self.inputs))
        found = _terms(grid) @ beta
        if about is not None:
            known = judged if judged is not None else self._of(self.moes, about)
            if known is not None:
                here = (_terms(about[None, :]) @ beta)[0]
                found[:, :-1] += np.log(known.loc[items, "moe"].to_numpy()) - here[:-1]
        bound = np.log([self.bounds[name] for name in table.loc[items, "estimand"]])
        slack = (bound - found[:, :-1]).min(axis=1)
        if not (slack >= 0).any():
            worst = int(np.argmin(bound - found[np.argmax(slack), :-1]))
            row, best = table.loc[items[worst]], np.exp(found[np.argmax(slack), worst])
            raise StudyError(
                f"no design within the limits meets the bound of {row['estimand']!r}"
                f"{' in ' + row['domain'] if row['domain'] else ''}: the closest has "
                f"±{best:.3g}, the bound is ±{self.bounds[row['estimand']]:.3g}. Widen inputs, or the bound."
            )
        if minimize == "cost":
            aim = found[:, -1]
        else:
            aim = found[:, :-1][:, (table.loc[items, "estimand"] == minimize).to_numpy()].max(axis=1)
        return grid[np.argmin(np.where(slack >= 0, aim, np.inf))]

    def _of(self, known, place):
        """What is known of a place that was tried, or None."""
        return next((k for p, k in zip(self.places, known, strict=True) if np.allclose(p, place)), None)

    def solution(self, place, check):
        """(Solution, its margins) of the design at a place, judged with other random numbers."""
        study = self._study(place, check, self.seed + 1)
        moe, spread = _margins(study.run(workers=self.workers, progress=False))
        rows = []
        for name, bound in self.bounds.items():
            row = moe[moe["estimand"] == name].sort_values("moe").iloc[-1]
            other = spread[(spread["estimand"] == name) & (spread["domain"] == row["domain"])].iloc[0]
            met = bool(row["moe"] <= bound + 2 * row["mcse"])
            rows.append((name, row["domain"], bound, row["moe"], row["mcse"], other["moe"], other["mcse"], met))
        names = ["estimand", "domain", "bound", "moe", "mcse", "empirical", "empirical_mcse", "met"]
        values = self.values(place)
        found = Solution(values, self._cost(study, values), pd.DataFrame(rows, columns=names), pd.DataFrame(self.rows))
        return found, moe


def _margins(result):
    """Tables estimand, domain, moe, mcse of every item: by estimated standard errors, and by those over repetitions."""
    table = result.performance()
    level = result.scenarios[0].level
    keys, found = ["estimand", "domain"], []
    method = table["method"].iloc[0]
    degrees = result.to_frame([*keys, "df"], {"method": method}).groupby(keys, sort=False)["df"].mean().reset_index()
    t = t_quantile(level, np.where(np.isfinite(degrees["df"]), degrees["df"], np.inf))
    for measure in ("modelse", "empse"):
        part = table[(table["measure"] == measure) & (table["method"] == method)].reset_index(drop=True)
        if len(part) < len(degrees):
            raise StudyError("the study's method gives no standard errors, so designs have no margins of error.")
        found.append(part[keys].assign(moe=t * part["value"], mcse=t * part["mcse"]))
    return found


def _terms(places):
    """Terms of a quadratic surface (points, terms)."""
    k = places.shape[1]
    squares = [places[:, i] * places[:, j] for i in range(k) for j in range(i, k)]
    return np.column_stack([np.ones(len(places)), *places.T, *squares])
