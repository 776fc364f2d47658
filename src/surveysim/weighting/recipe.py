"""Weights by recipe: a list of frozen steps, each turning one weight column into the next.

The order is the survey's: design → multiplicity → nonresponse per frame → composite → raking.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from typing import Any, Self

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Column, Floats, Pathname, Table
from ..coding import all_finite
from ..display import Shown
from ..errors import DataError, SurveysimError
from ..keeping import held
from ..tables import called, column_names, numbers_of, rows_of, same_index
from ..writing import write_text
from . import recipe_file
from .cells import refuse_weights
from .constraints import Multiplied
from .drawn import Drawn
from .result import Calibration, deff_kish, remember
from .rows import COPIED
from .steps.filled import overlaid, without
from .trimming import copies


@dataclass(frozen=True)
class Applied:
    """A recipe as it was applied: to these cases and dispositions as they were, from these weights (n,) or None.

    index : of the table of cases, where it has one.
    """

    recipe: "Recipe"
    cases: Any
    dispositions: Any
    start: np.ndarray | None
    index: Any


@dataclass(frozen=True)
class Weights(Drawn, Shown):
    """The result of a recipe.

    Attributes
    ----------
    columns : one array (n,) per step, in order, rows as the cases; table : the same as a DataFrame. final : (n,) the last of them.
    steps : table of every step's weights; margins : of the last calibration, before and after all steps.
    records : one dict per step: what it did (θ, factors, merged levels, sweeps …).
    start : (n,) weights that the first step set, or that the recipe was given.
    results : the Calibration (or other links) of every step, None of those that multiply weights.
    replay : how the recipe was applied, so that it can be again; None for the weights of a replicate.

    Examples
    --------
    >>> import pandas as pd, surveysim as ss
    >>> from surveysim.weighting import BaseWeight, Margins, Rake
    >>> cases = pd.DataFrame({"w": [10, 10, 20], "sex": ["m", "f", "f"]})
    >>> rake = Rake(Margins.parse({"sex": {"m": 20, "f": 30}}), minimum=1)
    >>> weights = ss.Recipe([BaseWeight("w"), rake]).apply(cases)
    >>> {name: column.round(6).tolist() for name, column in weights.columns.items()}
    {'base_weight': [10.0, 10.0, 20.0], 'final_weight': [20.0, 10.0, 20.0]}
    >>> print(weights.summary())
    base_weight (deff 1.12) → final_weight (deff 1.08)
    """

    columns: dict = field(repr=False)
    records: tuple
    start: np.ndarray = field(repr=False)
    results: tuple = field(repr=False)
    replay: Applied | None = field(repr=False, default=None)

    @property
    def calibrations(self) -> tuple[Calibration, ...]:
        """The rakings, in order."""
        return tuple(result for result in self.results if isinstance(result, Calibration))

    @cached_property
    def links(self) -> tuple[Any, ...]:
        """What every step does to scores, from `start` on; see `weighting.constraints`."""
        links, before = [], self.start
        for after, result in zip(self.columns.values(), self.results, strict=True):
            if result is not None:
                links += result.links
            elif after is not before:
                links.append(Multiplied(np.divide(after, before, out=np.zeros(len(after)), where=before != 0)))
            before = after
        return tuple(links)

    @property
    def completed(self) -> dict[Any, pd.Series]:
        """The columns that were imputed, as they were weighted: {name: column}."""
        made = [getattr(result, "columns", {}) for result in self.results]
        return {name: column.copy() for columns in made for name, column in columns.items()}

    @property
    def calibration(self) -> Calibration | None:
        """The last raking; None without one."""
        return self.calibrations[-1] if self.calibrations else None

    @cached_property
    def table(self) -> pd.DataFrame:
        return pd.DataFrame(self.columns)

    @cached_property
    def steps(self) -> pd.DataFrame:
        """Table step, respondents (rows with weight), sum, smallest, median, largest, deff_kish."""
        there = {name: weight[weight != 0] for name, weight in self.columns.items()}
        rows = [[name, len(w), w.sum(), w.min(), np.median(w), w.max(), deff_kish(w)] for name, w in there.items()]
        return pd.DataFrame(rows, columns=["step", "respondents", "sum", "smallest", "median", "largest", "deff_kish"])

    @cached_property
    def margins(self) -> pd.DataFrame | None:
        """Margins of the last calibration, from `start` to `final`, as a `Calibration` has them; None without one."""
        if self.calibration is None:
            return None
        problem, total = self.calibration.problem, self.calibration.goal.total
        begun, ended = (
            problem.reweighted(np.where(self.final != 0, w, 0.0)).table(np.ones_like(problem.cells.weight), total)
            for w in (self.start, self.final)
        )
        return ended.assign(before=begun["before"])

    def _shown(self):
        return self.steps

    def _margins_drawn(self):
        return self.margins

    def _weights_by_name(self, text):
        return self.columns

    @cached_property
    def final(self) -> Floats:
        weight = list(self.columns.values())[-1]
        if self.calibration is not None:
            remember(weight)
        return weight

    def again(self, base: Floats, copied: Floats | None = None) -> Floats:
        """Final weights (n,) of the same weighting from other initial weights (n,); θ and merged levels stay.

        base : what takes the place of `start`: of the weights that the recipe was given, or that its first step brought.
        copied : (n,) how many respondents a row stands for, of which trims and scaling to n ask; `base` over `start` unless given. Where
        other adjustments came before it has to be given.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> from surveysim.weighting import Margins, Rake
        >>> cases = pd.DataFrame({"sex": ["m", "f", "f"]})
        >>> rake = Rake(Margins.parse({"sex": {"m": 20, "f": 30}}), minimum=1)
        >>> weights = ss.Recipe([rake]).apply(cases)
        >>> weights.again([1.0, 1.0, 2.0]).round(6).tolist()  # one respondent counts twice
        [20.0, 10.0, 20.0]
        """
        if self.replay is None:
            raise DataError("these are the weights of a replicate; ask those of the sample.")
        recipe, cases = self.replay.recipe, self.replay.cases
        if isinstance(cases, pd.DataFrame):
            same_index(base, cases.index, "base")
        base = guards.number_array(base, "base", shape=self.start.shape, remedy="They are 0 or larger, one per row.")
        if recipe.starts:  # which repeats its own weights, times what they are multiplied by
            base = copies(base, self.start)
        return recipe.replay(self, cases, base, self.replay.dispositions, copied).final

    def summary(self) -> str:
        """One line: the steps and the Kish design effect after each.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> from surveysim.weighting import BaseWeight
        >>> ss.Recipe([BaseWeight("w")]).apply(pd.DataFrame({"w": [1, 3]})).summary()
        'base_weight (deff 1.25)'
        """
        return " → ".join(f"{name} (deff {deff_kish(self.columns[name]):.2f})" for name in self.columns)


def _negative(weight, before):
    """What else to say of a step that failed, where the one before gave it negative weights."""
    bad = int((weight < 0).sum())
    if not bad or not before:
        return ""
    return (
        f" {bad} of {len(weight)} weights are negative after the step {before[-1].name!r}, which bounds = (0, upper) there, or another "
        "method, keep positive."
    )


def _refuse_no_table(dispositions):
    if dispositions is not None and not hasattr(dispositions, "columns"):
        raise DataError(f"dispositions = {guards.sight(dispositions)}: give a table.")


class Recipe:
    """A list of weighting steps, applied in order.

    Parameters
    ----------
    steps : frozen step objects, whose names are the columns of the result: `BaseWeight`, `InverseSampling`, `Released`, `Selection`,
        `SingleFrame`, `Multiplicity`, `NonresponseClasses`, `NonresponsePropensity`, `UnitNonresponse`, `Subsample`, `Composite`, `Impute`,
        `Trim`, `Rake`, `Calibrate`, `Poststratify`, `Scale`.

    Examples
    --------
    >>> import surveysim as ss
    >>> from surveysim.weighting import BaseWeight, Margins, Rake
    >>> ss.Recipe([BaseWeight("w"), Rake(Margins.parse({"sex": {"m": 20, "f": 30}}))])
    Recipe(base_weight → final_weight)
    """

    def __init__(self, steps: Iterable[Any]) -> None:
        if not isinstance(steps, list | tuple):
            raise DataError(f"a recipe takes a list of steps; got {type(steps).__name__}.")
        self.steps = tuple(steps)
        for step in self.steps:
            if not hasattr(step, "apply") or not isinstance(getattr(step, "name", None), str):
                raise DataError(
                    f"{step!r} is no step: a step has a name and apply(cases, weight, dispositions, fixed)."
                )
        names = [step.name for step in self.steps]
        if not names:
            raise DataError("a recipe needs at least one step.")
        if len(set(names)) < len(names):
            raise DataError(
                f"two steps have the name {next(n for n in names if names.count(n) > 1)!r}; names become columns."
            )
        late = [step.name for step in self.steps[1:] if getattr(step, "starts", False)]
        if late:
            raise DataError(
                f"{late[0]!r} starts from weights of its own and would undo the steps before it; put it first."
            )

    @property
    def starts(self) -> bool:
        """Whether the first step brings weights of its own."""
        return getattr(self.steps[0], "starts", False)

    def __repr__(self) -> str:
        return f"Recipe({' → '.join(step.name for step in self.steps)})"

    def apply(self, cases: Table, dispositions: Any = None, weight: Column | None = None) -> Weights:
        """Weights of the interviews in `cases` (a table); `dispositions` are the counts nonresponse steps use.

        weight : (n,) to start from, where no step brings weights of its own; None is 1.

        Returns
        -------
        Weights. `cases` is left untouched.

        Examples
        --------
        A landline with two eligible members stands for two persons, a person with two mobiles has each number count half.

        >>> import pandas as pd, surveysim as ss
        >>> from surveysim.weighting import BaseWeight, Multiplicity
        >>> cases = pd.DataFrame({"frame": ["landline", "mobile"], "w": 100})
        >>> cases = cases.assign(n_lines=[1, 0], n_eligible=[2, 1], n_mobile=[0, 2])
        >>> ss.Recipe([BaseWeight("w"), Multiplicity()]).apply(cases).final.tolist()
        [200.0, 50.0]
        """
        column_names(cases)  # or it is no table
        if rows_of(cases) == 0:
            raise DataError("the table of cases has no rows, so there is nobody to weight.")
        _refuse_no_table(dispositions)
        start = None if weight is None else numbers_of(cases, weight, rows_of(cases), "weight", finite=False)
        if start is not None and not all_finite(start):
            refuse_weights(start, called("weight", weight))
        if start is not None and self.starts:
            raise DataError(f"the recipe starts with weights of its own ({self.steps[0].name!r}); leave weight out.")
        with np.errstate(over="ignore"):
            found = self._run(cases, dispositions, start, None)
        if not all_finite(found.final):
            refuse_weights(found.final, f"{self.steps[-1].name}, beyond double precision")
        applied = Applied(self, held(cases), held(dispositions), start, getattr(cases, "index", None))
        return replace(found, replay=applied)

    def replay(
        self,
        weights: Weights,
        cases: Any,
        multiplier: Floats | None,
        dispositions: Any = None,
        copied: Floats | None = None,
    ) -> Weights:
        """The same weighting in a replicate of the sample: initial weights times `multiplier` (n,), then step by step.

        copied : as of `Weights.again`.

        What a survey decides once is kept from `weights`, the full sample's: θ and the merged levels. Nonresponse factors come
        from the dispositions given; raking is repeated.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> from surveysim.weighting import Margins, Rake
        >>> cases = pd.DataFrame({"sex": ["m", "f", "f"]})
        >>> recipe = ss.Recipe([Rake(Margins.parse({"sex": {"m": 20, "f": 30}}), minimum=1)])
        >>> weights = recipe.apply(cases)
        >>> recipe.replay(weights, cases, [1, 2, 0]).final.round(6).tolist()  # the third is left out
        [20.0, 30.0, 0.0]
        """
        if not isinstance(weights, Weights):
            raise DataError(f"weights = {guards.sight(weights)}: give the Weights that apply() gave.")
        n = rows_of(cases)
        if isinstance(cases, pd.DataFrame):
            same_index(multiplier, cases.index, "multiplier")
        multiplier = guards.number_array(
            multiplier, "multiplier", shape=(n,), remedy="They are 0 or larger, one per row."
        )
        if np.any(multiplier < 0):
            raise DataError(f"multiplier needs {n} finite numbers, 0 or larger, one per row.")
        start = None if weights.replay is None else weights.replay.start
        _refuse_no_table(dispositions)
        if copied is not None:
            copied = guards.number_array(copied, "copied", shape=(n,), remedy=COPIED)
        one = copies(multiplier, np.ones(len(multiplier)) if start is None else start) if copied is None else copied
        done = zip(weights.records, weights.results, strict=True)
        return self._run(cases, dispositions, multiplier, [{**r, "copies": one, "result": made} for r, made in done])

    def _run(self, cases, dispositions, multiplier, fixed):
        factor = np.ones(len(cases)) if multiplier is None else multiplier
        weight, columns, records, results, start = factor, {}, [], [], factor
        for k, step in enumerate(self.steps):
            try:
                weight, record, result = step.apply(cases, weight, dispositions, None if fixed is None else fixed[k])
            except SurveysimError as error:
                raise type(error)(f"step {step.name!r}: {error}{_negative(weight, self.steps[:k])}") from error
            cases = overlaid(cases, getattr(result, "columns", {}))
            if isinstance(gone := getattr(result, "gone", None), np.ndarray):
                cases = without(cases, gone)
            if getattr(step, "starts", False):
                start = weight = weight * factor
            columns[step.name] = weight
            records.append({"step": step.name, **record})
            results.append(result)
        return Weights(columns, tuple(records), start, tuple(results))

    def to_toml(self, path: Pathname | None = None) -> str:
        """The recipe as TOML text, control totals included; written to `path` when one is given.

        Examples
        --------
        >>> import surveysim as ss
        >>> from surveysim.weighting import BaseWeight
        >>> print(ss.Recipe([BaseWeight("w")]).to_toml().strip())
        [[steps]]
        kind = "BaseWeight"
        column = "w"
        name = "base_weight"
        """
        text = recipe_file.written(self.steps)
        if path is not None:
            write_text(path, text)
        return text

    @classmethod
    def from_toml(cls, source: Pathname) -> Self:
        """A recipe from the TOML of `to_toml`: a path, or the text itself (with a line break).

        Examples
        --------
        >>> import surveysim as ss
        >>> from surveysim.weighting import BaseWeight, Multiplicity
        >>> recipe = ss.Recipe([BaseWeight("w"), Multiplicity()])
        >>> ss.Recipe.from_toml(recipe.to_toml())
        Recipe(base_weight → multiplicity_weight)
        """
        if not isinstance(source, str | PathLike):
            raise DataError(f"source = {guards.sight(source)}: give the path of a recipe, or its text.")
        return cls(recipe_file.steps_in(source))
