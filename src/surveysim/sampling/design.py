"""The sample design of the modelled survey: interviews by frame and frame unit, number banks, variance strata.

Provinces are strata, every frame unit is taken (or some are selected in each province, with probability proportional to size), and
numbers are dialled in random order until a unit's target is met.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from .. import guards
from ..aliases import Floats, Ints
from ..columns import FRAMES
from ..errors import DesignError
from ..frame import TelephoneFrame
from ..frame.telephone import SUFFIXES
from .allocation import allocate, number, whole
from .selection import inclusion_probabilities, select


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleDesign:
    """Targets and banks of both frames over the frame units; row 0 is landline, row 1 mobile.

    Attributes
    ----------
    targets : (2, U) valid interviews to be made.
    suffixes : (2, U) random 4-digit suffixes S in a unit's first bank; every prefix gets them all.
    numbers : (2, U) numbers in the unit's space, N.
    province : (U,) index of the province among `provinces`, the strata of the population.
    stratum : (2, U) variance stratum: frame × unit, units planned with fewer than 2 interviews joined to a neighbour.
    shared_suffixes : whether all prefixes of a unit get the same suffixes (as printed) or each its own.
    size : (2, U) people whom a unit's share of its province's interviews follows. yields : (2, U) expected interviews per suffix.
    bank_factor, minimum : expected yield of the first bank over the target; least interviews per frame unit and frame.
    probability : (U,) inclusion probabilities of the units; 1 where every unit is taken.
    taken : (U,) whether a unit is in the sample.
    """

    targets: np.ndarray
    suffixes: np.ndarray
    numbers: np.ndarray
    provinces: tuple[str, ...]
    province: np.ndarray
    stratum: np.ndarray
    shared_suffixes: bool
    size: np.ndarray
    yields: np.ndarray
    bank_factor: float
    minimum: int
    probability: np.ndarray
    taken: np.ndarray

    @classmethod
    def plan(
        cls,
        frames: Sequence[TelephoneFrame],
        *,
        interviews: int,
        landline_share: float = 0.5,
        between: str = "power",
        power: float = 0.5,
        minimum_per_province: int = 300,
        minimum_per_unit: int = 3,
        suffixes: str = "shared",
        bank_factor: float = 1.5,
        interview_rate: Sequence[float] = (0.25, 0.25),
        prefectures: int | None = None,
    ) -> Self:
        """Allocate `interviews` between provinces, frames and units, and size the banks.

        Parameters
        ----------
        frames : (landline TelephoneFrame, mobile TelephoneFrame) of one population.
        interviews : valid interviews in both frames together.
        landline_share : part of them made on landlines.
        between, power, minimum_per_province : `allocate` between provinces, by residents aged 6+ (the report is silent).
        minimum_per_unit : least interviews per frame unit and frame.
        suffixes : "shared" or "independent".
        bank_factor : the first bank's expected yield over the target; S is the smallest integer that reaches it.
        interview_rate : expected interviews per working number, (landline, mobile), for sizing the banks only.
        prefectures : frame units to be selected in each province by `draw`, with probability proportional to residents aged 6+; None
            takes all of them, and so do provinces that have no more.

        Notes
        -----
        Inside a province the landline sample follows the landline-covered population aged 6+, the mobile sample the
        resident population (Appendix 1, 1.2 of the report).
        """
        landline, mobile = frames
        if not (isinstance(landline, TelephoneFrame) and landline.kind == "landline" and mobile.kind == "mobile"):
            raise DesignError("frames must be (landline TelephoneFrame, mobile TelephoneFrame).")
        interviews, minimum_per_unit = whole(interviews, "interviews", 1), whole(minimum_per_unit, "minimum_per_unit")
        landline_share = number(landline_share, "landline_share", 0, 1, open_=False)
        bank_factor = number(bank_factor, "bank_factor", 0)
        prefectures = None if prefectures is None else whole(prefectures, "prefectures", 1)
        guards.choice(suffixes, "suffixes", ("shared", "independent"), error=DesignError)
        told = {"error": DesignError, "remedy": "Give two finite shares, (landline, mobile)."}
        rates = guards.number_array(interview_rate, "interview_rate", shape=(2,), **told)
        units = landline.units
        provinces, province = np.unique(units[landline.pop.stratum_name].to_numpy(str), return_inverse=True)
        people = units["residents_6plus"].to_numpy()
        per_province = allocate(
            np.bincount(province, people), interviews, between, minimum=minimum_per_province, power=power
        )
        n_landline = round(interviews * landline_share)
        of_landline = allocate(per_province, n_landline) if n_landline else np.zeros_like(per_province)
        by_frame = np.stack([of_landline, per_province - of_landline])
        size = np.stack([units["landline_6plus"], units["residents"]])
        targets = _targets(by_frame, size, province, minimum_per_unit, [landline.named(code) for code in provinces])
        yields = rates[:, None] * [frame.prefixes * frame.units["working_rate"].to_numpy() for frame in frames]
        if np.any(yields < 0):
            raise DesignError(
                f"interview_rate = {guards.sight(interview_rate)}: give two finite shares, 0 or larger, (landline, mobile)."
            )
        return cls(
            targets=targets,
            suffixes=first_bank(targets, yields, bank_factor),
            numbers=np.stack([frame.numbers.space for frame in frames]),
            provinces=tuple(provinces.tolist()),
            province=province,
            stratum=variance_strata(targets, province),
            shared_suffixes=suffixes == "shared",
            size=size.astype(float),
            yields=yields,
            bank_factor=bank_factor,
            minimum=minimum_per_unit,
            probability=_chances(people, province, prefectures),
            taken=np.ones(len(units), bool),
        )

    def by_province(self, units: Ints) -> Ints:
        """Sums (…, provinces) of whole numbers of the units (…, U)."""
        result = np.zeros((*units.shape[:-1], len(self.provinces)), np.int64)
        np.add.at(result.T, self.province, units.T)
        return result

    def draw(self, rng: np.random.Generator) -> Self:
        """The design of one sample: units selected (Sampford's method inside each province), their targets and banks.

        A province's interviews are shared among its selected units in proportion to size over inclusion probability, so that people
        of a province have equal chances, but for rounding. Units that are certain stay strata of their own; of the others, those of
        a province are PSUs of one stratum, both frames together.
        """
        if np.all(self.probability == 1):
            return self
        taken, province = np.ones(len(self.probability), bool), self.province
        for p in np.unique(province[self.probability < 1]):
            inside = np.nonzero(province == p)[0]
            taken[inside] = False
            taken[inside[select(self.probability[inside], "sampford", rng)]] = True
        targets = np.zeros_like(self.targets)
        for f in range(2):
            for p, n in enumerate(self.by_province(self.targets[f])):
                inside = np.nonzero((province == p) & taken)[0]
                if n:
                    share = np.maximum(self.size[f, inside], 1e-9) / self.probability[inside]
                    targets[f, inside] = allocate(share, n, minimum=self.minimum)
        return replace(
            self,
            targets=targets,
            suffixes=first_bank(targets, self.yields, self.bank_factor),
            stratum=self.strata_of(targets),
            taken=taken,
        )

    def strata_of(self, interviews: Ints) -> Ints:
        """Variance strata (2, U) for interviews planned or made (2, U).

        Units selected by chance are PSUs of one stratum in their province; where one would be alone there it joins the next province
        that has some, by the numbers to be selected, not by which.
        """
        chance = self.probability < 1
        stratum = variance_strata(np.where(chance, 0, interviews), self.province)  # certain units join each other only
        if not chance.any():
            return stratum
        chosen = np.rint(np.bincount(self.province, np.where(chance, self.probability, 0.0))).astype(int)
        group, some = np.full(len(chosen), -1), np.nonzero(chosen)[0]
        group[some], _ = _joined(chosen[some], int(stratum.max()))
        return np.where(chance, group[self.province], stratum)


def first_bank(targets: Ints, yields: Floats, factor: float) -> Ints:
    """Suffixes (2, U) of a unit's first bank: the smallest number whose expected yield is `factor` times the target."""
    return np.clip(np.ceil(factor * targets / np.maximum(yields, 1e-12)), 1, SUFFIXES).astype(np.int64)


def _targets(by_frame, size, province, minimum, names):
    """Interviews (2, U) of the frame units, those of provinces (2, P) shared out by size (2, U)."""
    targets, short = np.zeros(size.shape, np.int64), []
    for f, p in np.ndindex(by_frame.shape):
        inside, n = np.nonzero(province == p)[0], int(by_frame[f, p])
        if n and minimum * len(inside) > n:
            short.append((names[p], FRAMES[f], n, len(inside)))
        elif n:
            targets[f, inside] = allocate(np.maximum(size[f, inside], 1e-9), n, minimum=minimum)
    if short:
        _refuse(short, minimum)
    return targets


def _chances(people: Floats, province: Ints, prefectures: int | None) -> Floats:
    """Inclusion probabilities (U,) of the units where so many are selected in each province; None takes all."""
    probability = np.ones(len(people))
    if prefectures is None:
        return probability
    for p in range(province.max() + 1):
        inside = np.nonzero(province == p)[0]
        if len(inside) > prefectures:
            probability[inside] = inclusion_probabilities(people[inside], prefectures)
    return probability


def _refuse(short, minimum):
    """Name every province whose interviews are too few for its frame units; short : (province, frame, interviews, units)."""
    by_province = {}
    for province, frame, n, units in short:
        by_province.setdefault((province, units), []).append(f"{n:,} {frame}")
    each = [
        f"{province} has {' and '.join(found)} interviews for {units} units"
        for (province, units), found in by_province.items()
    ]
    raise DesignError(
        f"{len(each)} provinces have fewer interviews than sample.minimum_per_unit = {minimum} for each frame unit: {'; '.join(each)}. "
        f"Raise sample.interviews or sample.minimum_per_province, or lower sample.minimum_per_unit."
    )


def variance_strata(targets: Ints, province: Ints) -> Ints:
    """Stratum of each frame × unit, (2, U): a unit planned with fewer than 2 interviews joins the next of its province.

    The rule looks at planned numbers only, so it is fixed before sampling. Units are taken in adcode order; what is left
    over at the end joins the last stratum of the province.
    """
    stratum = np.empty(targets.shape, np.int64)
    label = -1
    for f in range(targets.shape[0]):
        for p in np.unique(province):
            inside = np.nonzero(province == p)[0]
            stratum[f, inside], label = _joined(targets[f, inside], label)
    return stratum


def _joined(held, label):
    """Labels after `label` for units in their order, with so many interviews each, and the last label that was given.

    A unit joins the one before until they hold 2 together; what is left over at the end joins the last.
    """
    labels, together, first = np.empty(len(held), np.int64), 2, label + 1
    for k, interviews in enumerate(held):
        if together >= 2:
            label, together = label + 1, 0
        labels[k] = label
        together += interviews
    if together < 2 and label > first:
        labels[labels == label] = label - 1
        label -= 1
    return labels, label
