"""What a survey is to be expected to bring, without drawing it: every number of both frames counted once, by what it reaches.

A number's type says all that its calls depend on, and the chain of calls is solved for every type; their product over all numbers is the
expected fate of a number in a unit. A unit is dialled in random order until its target is met, so that by Wald's identity it takes its
target over the chance of an interview.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import guards, streams, threads
from ..aliases import Floats
from ..columns import AGES, DISPOSITIONS, EDUCATION_4, FRAMES, SEX, URBAN
from ..display import Shown
from ..errors import DesignError, SpecError
from ..fieldwork.case_file import CATEGORY
from ..fieldwork.cost import per_interview
from ..fieldwork.dispositions import response_rates
from ..kernels import expectation as kernels
from ..kernels.respondents import N_TYPES, PERSON_TYPES
from ..weighting.steps.nonresponse import class_factors
from .preparation import Preparation, prepare
from .weighted import shares_of_unknown

if TYPE_CHECKING:
    from .spec import SurveySpec

PARTS = (("sex", SEX), ("urban", URBAN), ("age_group", AGES), ("education", EDUCATION_4), ("internet", ("no", "yes")))
PARTS += (("telephones", ("one kind", "both kinds")), ("work", ("other", "farming", "manufacturing")))


@dataclass(frozen=True)
class Expectation(Shown):
    """Expected fieldwork of a survey; see `SurveySpec.expect`.

    Attributes
    ----------
    spec : the survey. numbers : (2, U, types) all numbers by frame, frame unit and what they reach, over every draw of who answers.
    persons, squares : the same times the persons that a number stands for (its multiplicity weight), and their squares.
    """

    spec: "SurveySpec"
    numbers: np.ndarray = field(repr=False)
    persons: np.ndarray = field(repr=False)
    squares: np.ndarray = field(repr=False)
    preparation: Preparation = field(repr=False)

    @cached_property
    def hit_rate(self) -> Floats:
        """Interviews per number dialled, by frame and unit (2, U)."""
        complete = np.stack([o.chance[:, 0].sum(axis=1) for o in self.preparation.fieldwork.outcomes])
        return np.einsum("fut,ft->fu", self.numbers, complete) / self.preparation.design.numbers

    @cached_property
    def dialled(self) -> Floats:
        """Expected numbers dialled, by frame and unit (2, U): interviews over the hit rate."""
        targets = self.preparation.design.targets
        return np.divide(targets, self.hit_rate, out=np.zeros(targets.shape), where=(targets > 0) & (self.hit_rate > 0))

    @cached_property
    def tally(self) -> list[Floats]:
        """Expected numbers dialled by unit, final code and calls, (U, codes, calls + 1) of each frame."""
        each = self.dialled / self.preparation.design.numbers
        outcomes = self.preparation.fieldwork.outcomes
        return [np.einsum("u,ut,tck->uck", each[f], self.numbers[f], outcomes[f].chance) for f in range(2)]

    def dispositions(self, by: Sequence[str] | str = ("frame",)) -> pd.DataFrame:
        """Expected numbers by final AAPOR category; by : any of "frame" and "province" (of the number), or ()."""
        by, counts = _by(by), np.zeros((2, self.dialled.shape[1], len(DISPOSITIONS)))
        for f, tally in enumerate(self.tally):
            np.add.at(counts[f].T, CATEGORY, tally.sum(axis=2).T)
        table = self._units().assign(**{name: counts[..., k].ravel() for k, name in enumerate(DISPOSITIONS)})
        table = table.assign(numbers=self.dialled.ravel())
        shown = ["numbers", *DISPOSITIONS]
        return table.groupby(by, sort=False, as_index=False)[shown].sum() if by else table[shown].sum().to_frame().T

    def rates(self) -> pd.DataFrame:
        """AAPOR outcome rates of the expected dispositions, one column a frame, with the true e: RR1 … RR6, COOP, REF, CON."""
        counts: Any = self.dispositions().set_index("frame")
        each = self.dialled / self.preparation.design.numbers
        columns = {}
        for f, frame in enumerate(FRAMES):
            if not self.dialled[f].any():
                continue
            chance = self.preparation.fieldwork.outcomes[f].chance[:PERSON_TYPES].sum(axis=2)
            real = np.einsum("u,ut,tc->c", each[f], self.numbers[f, :, :PERSON_TYPES], chance)
            e = {}
            for name in ("UH", "UO"):
                true, all_ = real[DISPOSITIONS.index(name) == CATEGORY].sum(), float(counts.loc[frame, name])
                e[name] = float(np.clip(true / all_, 0, 1)) if all_ > 0 else 0.0
            columns[frame] = response_rates(counts.loc[frame, list(DISPOSITIONS)].to_dict(), e)
        return pd.DataFrame(columns)

    def costs(self, by: Sequence[str] | str = ("frame",)) -> pd.DataFrame:
        """Expected numbers, calls, interviews, hours on the telephone and their cost, as `SurveyRun.costs` has them of a run."""
        each = self.dialled / self.preparation.design.numbers
        outcomes = self.preparation.fieldwork.outcomes
        minutes = [(o.chance * o.minutes).sum(axis=(1, 2)) for o in outcomes]
        calls = [(tally * np.arange(tally.shape[2])).sum(axis=(1, 2)) for tally in self.tally]
        hours = np.stack([each[f] * (self.numbers[f] @ minutes[f]) / 60 for f in range(2)])
        table = self._units().assign(
            numbers=self.dialled.ravel(),
            calls=np.concatenate(calls),
            interviews=self.preparation.design.targets.ravel().astype(float),
            hours=hours.ravel(),
        )
        return per_interview(table, _by(by), self.preparation.fieldwork.protocol.cost_per_hour)

    def profile(self) -> pd.DataFrame:
        """Who is to be expected, before any raking.

        Returns
        -------
        DataFrame variable, level, and in percent: covered, of the people aged 6+ whom the frames reach; interviews, of the interviews;
        weighted, by number and multiplicity weights, nonresponse classes and the sharing of the overlap as the specification has them;
        bias, what is left of weighted after covered, in points: what raking has to mend, or cannot.
        """
        theta = self.theta
        reached, made, weighed = (np.zeros(PERSON_TYPES) for _ in range(3))
        both = (np.arange(PERSON_TYPES) // 3) % 2 == 1
        for f, share in enumerate((theta, 1 - theta)):
            if not self.dialled[f].any():
                continue
            mine = np.where(both, share, 1.0)
            complete = self.preparation.fieldwork.outcomes[f].chance[:PERSON_TYPES, 0].sum(axis=1)
            people, numbers = self.persons[f, :, :PERSON_TYPES], self.numbers[f, :, :PERSON_TYPES]
            reached += mine * people.sum(axis=0)
            made += complete * ((self.dialled[f] / self.preparation.design.numbers[f]) @ numbers)
            weighed += mine * complete * (self.factor[f] @ people)
        shape = (2, 2, 8, 4, 2, 2, 3)
        rows, axes = (
            [],
            {"sex": 0, "urban": 1, "age_group": 2, "education": 3, "internet": 4, "telephones": 5, "work": 6},
        )
        for name, labels in PARTS:
            others = tuple(a for a in range(7) if a != axes[name])
            parts = [v.reshape(shape).sum(axis=others) for v in (reached, made, weighed)]
            shares = [100 * part / part.sum() for part in parts]
            rows += [
                (name, label, *(s[k] for s in shares), shares[2][k] - shares[0][k]) for k, label in enumerate(labels)
            ]
        return pd.DataFrame(rows, columns=["variable", "level", "covered", "interviews", "weighted", "bias"])

    @cached_property
    def factor(self) -> Floats:
        """Expected nonresponse factor of the class of each frame and unit (2, U)."""
        prep, factor = self.preparation, np.ones(self.dialled.shape)
        for f, tally in enumerate(self.tally):
            for p in range(len(prep.design.provinces)):
                units = (prep.design.province == p) & (prep.design.targets[f] > 0)
                if not units.any():
                    continue
                by_code = tally[units].sum(axis=0)
                share = float(self.dialled[f, units] @ prep.working[f, units] / self.dialled[f, units].sum())
                counts = np.bincount(CATEGORY, by_code.sum(axis=1), len(DISPOSITIONS))
                e, unscreened = shares_of_unknown(prep.spec.weighting, by_code, share)
                factor[f, units] = class_factors(counts[None, :], e, unscreened)[0]
        return factor

    @cached_property
    def theta(self) -> float:
        """Share of the overlap that the landline sample stands for: as given, or by expected interviews over their Kish design effects."""
        rule, prep = self.spec.weighting.composite, self.preparation
        there: Any = self.dialled.any(axis=1)
        if not there.all():
            return float(there[0])
        if not isinstance(rule, str):
            return float(rule)
        both, effective = (np.arange(PERSON_TYPES) // 3) % 2 == 1, []
        for f in range(2):
            complete = prep.fieldwork.outcomes[f].chance[:PERSON_TYPES, 0].sum(axis=1) * both
            each = np.divide(
                prep.design.numbers[f], self.dialled[f], out=np.zeros(self.dialled.shape[1]), where=self.dialled[f] > 0
            )
            first = self.factor[f] @ self.persons[f, :, :PERSON_TYPES] @ complete
            second = (self.factor[f] ** 2 * each) @ self.squares[f, :, :PERSON_TYPES] @ complete
            effective.append(first**2 / second)
        return float(effective[0] / sum(effective))

    def summary(self) -> str:
        """One line: numbers, interviews, response rates, cost."""
        whole, rates = self.costs(()).iloc[0], self.rates()
        shown: Any = rates.loc["RR3"]
        said = ", ".join(f"{frame} {100 * share:.1f} %" for frame, share in shown.items())
        return (
            f"{whole['interviews']:,.0f} interviews are to be expected of {whole['numbers']:,.0f} numbers and {whole['calls']:,.0f} calls "
            f"({whole['calls_per_interview']:.0f} an interview), {whole['hours']:,.0f} hours on the telephone; response rate RR3 {said}"
        )

    def __repr__(self) -> str:
        return f"{self.summary()}\n{self.costs().to_string(index=False, float_format=lambda v: f'{v:,.1f}')}"

    def _shown(self) -> pd.DataFrame:
        return self.costs()

    def _units(self) -> pd.DataFrame:
        """Frame and province of every frame unit, landline first."""
        provinces = self.preparation.frames[0].units["province"].to_numpy(str)
        return pd.DataFrame({"frame": np.repeat(FRAMES, len(provinces)), "province": np.tile(provinces, 2)})


def refuse_uncounted(spec: "SurveySpec") -> None:
    """Refuse surveys whose numbers nobody can count beforehand."""
    if spec.fieldwork.level == "calls":
        raise SpecError(
            'fieldwork.level = "calls": a centre releases numbers week by week and leaves many unfinished when its targets are met, '
            'which nobody can count beforehand; expect the survey with level = "outcome", whose numbers are worked to the end, or run it.'
        )
    if spec.sample.prefectures:
        raise SpecError(
            "sample.prefectures: which units are dialled is drawn anew each time; expect the survey of all of them."
        )


def dialling_tables(prep: Preparation) -> list[Any]:
    """What a census takes of the fieldwork of both frames."""
    keys = streams.key(0, "", "fieldwork"), streams.key(0, "", "sampling")  # of nothing that is used
    return [prep.fieldwork.tables(f, keys) for f in range(2)]


def expect(spec: "SurveySpec", progress: Callable[[str], Any] | None = None, workers: int | None = None) -> Expectation:
    """Count all numbers of a specification's frames by what they reach; see `SurveySpec.expect`."""
    if workers is not None:
        guards.whole_number(workers, "workers", 1, remedy="It is the number of threads; None takes all cores.")
    refuse_uncounted(spec)
    tell = guards.function(progress, "progress", error=SpecError) or (lambda text: None)
    prep = prepare(spec)
    pop, design = prep.pop, prep.design
    tables = dialling_tables(prep)
    made = np.zeros((3, 2, design.targets.shape[1], N_TYPES))
    wanted = [(f, u) for f, u in np.argwhere(design.targets > 0)]
    order = sorted(
        wanted, key=lambda at: -int(design.numbers[at])
    )  # the largest first, so that no core waits long at the end

    def work(at):
        f, u = at
        sums = kernels.counting(N_TYPES)
        kernels.take_census(pop.people, prep.frames[f].numbers, tables[f], int(f == 0), u, sums)
        made[:, f, u] = sums[:3]
        return design.numbers[at]

    done, whole, told = 0, sum(int(design.numbers[at]) for at in wanted), 0
    for count in threads.each(work, order, workers):
        done += int(count)
        if 10 * done // whole > told:
            told = 10 * done // whole
            tell(f"{done:,} of {whole:,} numbers counted")
    found = Expectation(spec, made[0], made[1], made[2], prep)
    short = (design.targets > 0) & ~(found.hit_rate * design.numbers >= design.targets)
    if short.any():
        f, u = np.argwhere(short)[0]
        row, brings = prep.frames[f].units.iloc[u], found.hit_rate[f, u] * design.numbers[f, u]
        raise DesignError(
            f"{FRAMES[f]} unit {row['unit']} ({row['name_en']}): all its {design.numbers[f, u]:,} numbers bring {brings:,.4g} interviews "
            f"on average, fewer than the {design.targets[f, u]:,} wanted ({int(short.sum())} such units). Lower the target, or raise "
            f"population.scale or the response probabilities."
        )
    return found


def _by(by: Any) -> list[str]:
    """Columns to sum by, checked."""
    names: list[str] = [by] if isinstance(by, str) else list(by or ())
    for name in names:
        guards.choice(name, "by", ("frame", "province"))
    return names
