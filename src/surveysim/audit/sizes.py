"""What ±0.66 points says at every number of interviews the survey may have had, and the least at which it holds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import special

from .. import guards, reference
from ..aliases import Progress
from ..display import Shown
from ..errors import DataError
from ..study.design_solver import Solution, solve_design
from ..survey import SurveySpec
from ..survey.claims import claim, of_everybody
from ..survey.estimands import selected
from .margins import planned, published_margins

STATEMENT = reference.statement()


def published_sizes(
    sizes: Sequence[int] = STATEMENT.sizes,
    deff: float = 1.0,
    *,
    level: float = 0.95,
    repetitions: int = 0,
    spec: SurveySpec | None = None,
    margins: Mapping[int, pd.DataFrame] | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """What ±0.66 points says at several numbers of interviews: the report prints none.

    Parameters
    ----------
    sizes : interviews. deff, level, repetitions, spec, progress : as for `published_margins`. margins : {interviews: its table} where
    these were made already; sizes and what they were made with are theirs then.

    Returns
    -------
    DataFrame, a row for each n and kind of errors ("simple", and with repetitions "design", by mean estimated standard errors): n,
    errors, bound (the statement at this level), penetration (margin of internet penetration), of percentages of all netizens or all
    residents how many there are (rates), the widest margin, its Monte Carlo error (widest_mcse), its indicator and how many are wider
    than the bound (wide); the same of percentages of groups (group_rates, widest_group, widest_group_indicator, wide_groups); of all
    estimates (estimates), how many are wider than stated (wide_estimates).

    Examples
    --------
    >>> from surveysim import audit
    >>> found = audit.published_sizes()
    >>> found[["n", "rates", "group_rates"]].to_numpy().tolist()
    [[22047, 48, 34], [54000, 48, 34], [60000, 48, 34]]
    >>> bool(found["wide"].is_monotonic_decreasing)
    True
    """
    spec, _, deff, level = planned(spec, 2, deff, level)
    bound, definitions, rows = STATEMENT.se * float(special.ndtri((1 + level) / 2)), selected(spec), []
    for n in sizes if margins is None else margins:
        if margins is None:
            given = {"level": level, "repetitions": repetitions, "spec": spec, "progress": progress}
            table = published_margins(n, deff, **given).set_index("indicator_id")
        else:
            table = margins[n].set_index("indicator_id")
        for errors, column in (("simple", "moe"), ("design", "design_mean_moe")):
            if column in table:
                rows.append({"n": n, "errors": errors, "bound": bound} | _row(table, column, definitions, bound))
    return pd.DataFrame(rows)


def _row(table, column, definitions, bound):
    """One size's margins, in a few numbers."""
    moe, found = table[column], claim(table[column], definitions, bound)
    mcse = table["design_mean_mcse"].get(found["widest_indicator"], np.nan) if column != "moe" else 0.0
    ratio = (moe / table["stated"]).dropna()
    head = {"penetration": moe.get("internet_penetration", np.nan)}
    tail = {"widest_mcse": mcse, "estimates": int(moe.notna().sum()), "wide_estimates": int((ratio > 1).sum())}
    return head | found | tail


@dataclass(frozen=True)
class LeastSample(Shown):
    """The fewest interviews at which every percentage of all netizens and of all residents keeps to a margin.

    Attributes
    ----------
    interviews : that number. mcse : its Monte Carlo error. bound : the margin, in points. widest : the percentage that decides.
    solution : `study.design_solver.Solution`: margins of all of them by estimated and by empirical errors, and every design tried.
    """

    interviews: int
    mcse: float
    bound: float
    widest: str
    solution: Solution = field(repr=False)

    def _shown(self):
        return self.solution.check

    def summary(self) -> str:
        """One line."""
        row = self.solution.check.set_index("estimand").loc[self.widest]
        return (
            f"±{self.bound:g} points hold for all {len(self.solution.check)} percentages of all netizens or residents from "
            f"{self.interviews:,} interviews on (Monte Carlo error {self.mcse:,.0f}); the widest, {self.widest}, has ±{row['moe']:.3f} "
            f"there ({row['empirical']:.3f} ± {2 * row['empirical_mcse']:.3f} over repetitions)"
        )


def least_sample(
    spec: SurveySpec | None = None,
    bound: float = STATEMENT.moe,
    *,
    interviews: tuple[int, int] = (20_000, 100_000),
    repetitions: int = 20,
    check: int = 100,
    seed: int = 1,
    workers: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> LeastSample:
    """Solve for the least number of interviews at which a margin holds for every percentage of all netizens and of all residents.

    Parameters
    ----------
    spec : the survey, None is the preset. bound : margin of error in points, at the survey's level. interviews : (fewest, most) looked at.
    repetitions, check, seed, workers, progress : as for `study.solve_design`: of each design on the way, and of the last study, whose
    random numbers are others.

    Returns
    -------
    LeastSample. Its Monte Carlo error is that of the widest margin (by estimated standard errors), turned into interviews by n ∝ 1 / moe².

    Examples
    --------
    >>> import surveysim as ss
    >>> sample = {"minimum_per_province": 0, "minimum_per_unit": 2}
    >>> small = ss.SurveySpec.preset("cnnic-2024-12", population={"scale": 0.01}, sample=sample)
    >>> found = ss.audit.least_sample(small, 2.0, interviews=(3000, 12_000), repetitions=3, check=4)
    >>> 4000 < found.interviews < 9000
    True
    """
    spec, *_ = planned(spec, 2, 1.0, 0.95)
    bound = guards.number(bound, "bound", 0, open_=True)
    definitions = selected(spec)
    names = of_everybody(definitions)
    if not names:
        raise DataError(
            "estimation.indicators has no percentage of all netizens or residents, so no margin can hold for them."
        )
    keys = spec.model_dump()
    keys["estimation"]["indicators"] = tuple(names)
    found = solve_design(
        keys,
        {"sample.interviews": interviews},
        dict.fromkeys(names, bound),
        cost=lambda design: design["sample.interviews"],
        repetitions=repetitions,
        check=check,
        seed=seed,
        workers=workers,
        progress=progress,
    )
    row = found.check.iloc[found.check["moe"].argmax()]
    n = int(found.inputs["sample.interviews"])
    return LeastSample(n, 2 * n * row["mcse"] / row["moe"], bound, str(row["estimand"]), found)
