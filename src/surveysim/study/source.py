"""What repetitions come from: the one loop in which every method is judged, and how estimates become values."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from .. import streams
from ..errors import SurveysimError
from ..on_demand import Later
from . import faults, table_kinds
from .manifest import EstimandEntry
from .parts import FIELDS, Block
from .samples import Sample, values_of

standard_errors = Later(__package__, "..inference.standard_errors")  # a plan is described without what estimates


@dataclass(frozen=True)
class Drawn:
    """A repetition that was carried out: `judged` gives a method's values (items, FIELDS) by its number; `sample` is what was drawn."""

    judged: Callable[[int], np.ndarray]
    sample: Any = None

    def __call__(self, m: int) -> np.ndarray:
        return self.judged(m)


class Source(ABC):
    """Repetitions of one scenario.

    Attributes
    ----------
    items : (name, domain) of everything that is estimated; their units, whether they are shares (E,), and what turns an estimate into
        the unit (E,).
    """

    spec: Any
    methods: tuple
    definitions: pd.DataFrame
    seed: int
    group: str
    folder: str
    items: list[tuple[str, str]]
    units: list[str]
    shares: np.ndarray
    factor: np.ndarray
    drew = False  # what has to be compiled was compiled
    controlled = False  # whether values have a control variate behind FIELDS

    @abstractmethod
    def __init__(
        self,
        spec: Any,
        methods: tuple,
        definitions: pd.DataFrame,
        seed: int,
        group: str,
        folder: str = ".",
        table: Any = None,
    ) -> None:
        """Of a scenario's spec, and what all scenarios of a plan share."""

    @abstractmethod
    def drawn(self, r: int) -> Drawn:
        """Carry out repetition r."""

    @abstractmethod
    def truth(self) -> np.ndarray:
        """Exact values (E,) of the estimands."""

    @abstractmethod
    def draw(self, r: int) -> None:
        """Carry out a repetition for nothing but to have done so once."""

    @abstractmethod
    def replay(self, r: int) -> Any:
        """Repetition r again, whole."""

    def cost(self, r: int) -> float:
        """What the fieldwork of repetition r costs."""
        raise NotImplementedError

    def controls(self, r: int, sample: Any) -> np.ndarray:
        """Control variates (methods, items) of repetition r, whose expectation over repetitions is 0; NaN for what has none."""
        raise NotImplementedError

    def planned(self) -> None:  # noqa: B027 - nothing where it is made already
        """Make what only shows with the population at hand."""

    def warm(self) -> None:  # noqa: B027 - the same
        """Make what is made once, before anybody looks at the clock."""

    def block(self, repetitions: np.ndarray) -> Block | None:
        """Many repetitions at once; None where they are made one by one."""
        return None

    def entries(self) -> tuple[EstimandEntry, ...]:
        """The estimands with their exact values."""
        columns = (self.items, self.units, self.shares.tolist(), self.truth().tolist())
        kinds = self.definitions["kind"]
        return tuple(
            EstimandEntry(name, domain, kinds[name], unit, share, true)
            for (name, domain), unit, share, true in zip(*columns, strict=True)
        )

    @cached_property
    def place(self) -> dict[tuple[str, str], int]:
        """{(name, domain): its position}."""
        return {item: k for k, item in enumerate(self.items)}

    @property
    def shape(self) -> tuple[int, int, int]:
        """Methods, items and fields of a repetition's values."""
        return len(self.methods), len(self.items), len(FIELDS) + self.controlled

    def empty(self) -> np.ndarray:
        """Values (items, FIELDS) that are all missing."""
        return np.full((len(self.items), len(FIELDS)), np.nan)

    def repetition(self, r: int) -> tuple[np.ndarray, list[tuple[int, str]]]:
        """Values (methods, items, FIELDS) of repetition r, and its failures [(method, message)]."""
        values, failures, judged = np.full(self.shape, np.nan), [], self.drawn(r)
        for m, method in enumerate(self.methods):
            try:
                values[m, :, : len(FIELDS)] = judged(m)
            except SurveysimError as error:
                failures.append((m, faults.told(error)))
            except BaseException as error:
                if not method.own or not faults.of_plugin(error):
                    raise
                failures.append((m, faults.told(error)))  # whatever a plug-in raises
        if self.controlled:
            values[..., -1] = self.controls(r, judged.sample)
        return values, failures

    def plugged_in(self, method: Any, r: int, make: Callable[[], Any], **known: Any) -> np.ndarray:
        """Values of a method that makes its estimates itself."""
        rng = streams.stream(self.seed, self.group, f"method {method.name}", r)
        return values_of(method.function(str(self.folder))(Sample(r, rng, make, **known)), self.items)

    def replicated(self, survey: Any, method: Any, r: int) -> Any:
        """The survey with the replicates that a method asks for."""
        if method.variance in ("linearized", "none"):
            return survey
        key = streams.key(self.seed, self.group, "replicates", r)[0] if method.variance == "rao-wu" else None
        return survey.replicates(
            method.variance, n=method.replicates, seed=None if key is None else int(key >> np.uint64(1))
        )

    def frame_sizes(self) -> dict[str, float]:
        """Persons on the landline frame A, the mobile frame B and both, ab, in the population."""
        raise NotImplementedError

    def options(self, method: Any) -> dict[str, Any]:
        """What an estimator is told besides its variables."""
        options: dict[str, Any] = {"df": np.inf}  # degrees are counted afterwards, where a thin domain is no error
        if method.estimator != "recipe":
            options["estimator"] = method.estimator
            if method.theta is not None:
                options["theta"] = method.theta
            if method.frame_sizes:
                options["frame_sizes"] = {k: self._sizes[k] for k in method.frame_sizes}
        return options

    @cached_property
    def _sizes(self):
        return self.frame_sizes()

    def tabled(self, method: Any, survey: Any) -> np.ndarray:
        """Values of a method whose estimands are statistics of the columns of a survey's table."""
        values = self.empty()
        rows: Any = self.definitions.itertuples()
        for row in rows:
            kind = table_kinds.of(row)
            found = kind.asked(survey, row, by=list(row.by) or None, **self.options(method))
            if kind.summed:  # of a domain that nobody is in it is 0, without error
                at = [i for (name, _), i in self.place.items() if name == row.Index]
                values[at, 0] = values[at, 3] = 0.0
                if method.variance != "none":
                    values[at, 1], values[at, 2] = 0.0, 1.0
            self.put(values, method, row.Index, found, list(found.columns["domain"]), 1.0 if kind.summed else None)
        return values

    def put(
        self,
        values: np.ndarray,
        method: Any,
        name: str,
        found: Any,
        domains: Sequence[str],
        least: float | None,
        base: np.ndarray | None = None,
        sign: float = 1.0,
        shift: np.ndarray | None = None,
    ) -> None:
        """Estimates of one estimand in its domains, as values: shift + sign × estimate / base; `least` degrees of freedom, or None."""
        degrees = standard_errors.item_degrees(found.design, found.items, [""] * len(domains), strict=False)
        degrees = degrees if least is None else np.fmax(degrees, least)
        bounds = self._percentiles(found) if method.interval == "percentile" else None
        for k, domain in enumerate(domains):
            i, over = self.place[name, domain], 1.0 if base is None else base[k]

            def own(value, over=over, k=k, factor=self.factor[i]):
                value = sign * value / over
                return (value if shift is None else shift[k] + value) * factor

            values[i, 0], values[i, 3] = own(found.columns["estimate"][k]), found.columns["n"][k]
            if method.variance != "none":
                enough = degrees[k] >= 1
                values[i, 1] = found.columns["se"][k] / over * self.factor[i] if enough else np.nan
                values[i, 2] = degrees[k] if enough else np.nan
            if bounds is not None:
                values[i, 5:7] = np.sort(own(bounds[k]))

    def _percentiles(self, found):
        """Bounds (rows, 2) from the replicates' values."""
        level = self.spec.estimation.level
        values = found.design.values(found.items)
        return np.quantile(values, [(1 - level) / 2, (1 + level) / 2], axis=1, method="inverted_cdf").T
