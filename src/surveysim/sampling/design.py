"""The sample design of the modelled survey: interviews by frame and frame unit, number banks, variance strata.

31 provinces are strata, every frame unit is taken, and numbers are dialled in random order until a unit's target is met.
"""

from dataclasses import dataclass

import numpy as np

from ..columns import FRAMES
from ..errors import DesignError
from ..frame import TelephoneFrame
from ..frame.telephone import SUFFIXES
from .allocation import allocate


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleDesign:
    """Targets and banks of both frames over the 337 units; row 0 is landline, row 1 mobile.

    Attributes
    ----------
    targets : (2, U) valid interviews to be made.
    suffixes : (2, U) random 4-digit suffixes S in a unit's first bank; every prefix gets them all.
    numbers : (2, U) numbers in the unit's space, N.
    province : (U,) index of the province.
    stratum : (2, U) variance stratum: frame × unit, units planned with fewer than 2 interviews joined to a neighbour.
    shared_suffixes : whether all prefixes of a unit get the same suffixes (as printed) or each its own.
    """

    targets: np.ndarray
    suffixes: np.ndarray
    numbers: np.ndarray
    province: np.ndarray
    stratum: np.ndarray
    shared_suffixes: bool

    @classmethod
    def plan(
        cls,
        frames,
        *,
        interviews,
        landline_share=0.5,
        between="power",
        power=0.5,
        minimum_per_province=300,
        minimum_per_unit=3,
        suffixes="shared",
        bank_factor=1.5,
        interview_rate=(0.25, 0.25),
    ):
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

        Notes
        -----
        Inside a province the landline sample follows the landline-covered population aged 6+, the mobile sample the
        resident population (Appendix 1, 1.2 of the report).
        """
        landline, mobile = frames
        if not (isinstance(landline, TelephoneFrame) and landline.kind == "landline" and mobile.kind == "mobile"):
            raise DesignError("frames must be (landline TelephoneFrame, mobile TelephoneFrame).")
        units = landline.units
        province = np.unique(units["province"].to_numpy(str), return_inverse=True)[1]
        people = np.bincount(province, units["residents_6plus"])
        per_province = allocate(people, interviews, between, minimum=minimum_per_province, power=power)
        n_landline = round(interviews * landline_share)
        of_landline = allocate(per_province, n_landline) if n_landline else np.zeros_like(per_province)
        by_frame = np.stack([of_landline, per_province - of_landline])
        size = np.stack([units["landline_6plus"], units["residents"]])
        targets = np.zeros((2, len(units)), np.int64)
        for f in range(2):
            for p in range(len(people)):
                inside = np.nonzero(province == p)[0]
                if by_frame[f, p]:
                    targets[f, inside] = _inside(
                        size[f, inside],
                        int(by_frame[f, p]),
                        minimum_per_unit,
                        FRAMES[f],
                        units["province"].iloc[inside[0]],
                    )
        numbers = np.stack([landline.numbers.space, mobile.numbers.space])
        prefixes = np.stack([landline.prefixes, mobile.prefixes])
        working = np.stack([landline.units["working_rate"], mobile.units["working_rate"]])
        yields = prefixes * working * np.asarray(interview_rate)[:, None]
        if not np.all(np.isfinite(yields)) or np.any(yields < 0):
            raise DesignError("interview_rate must be two finite shares, (landline, mobile).")
        first = np.clip(np.ceil(bank_factor * targets / np.maximum(yields, 1e-12)), 1, SUFFIXES).astype(np.int64)
        return cls(
            targets=targets,
            suffixes=first,
            numbers=numbers,
            province=province,
            stratum=variance_strata(targets, province),
            shared_suffixes=suffixes == "shared",
        )


def _inside(size, n, minimum, frame, province):
    if minimum * len(size) > n:
        raise DesignError(
            f"province {province} has {n} {frame} interviews for {len(size)} frame units, fewer than "
            f"sample.minimum_per_unit = {minimum} each. Raise sample.interviews or "
            f"sample.minimum_per_province, or lower sample.minimum_per_unit."
        )
    return allocate(np.maximum(size, 1e-9), n, minimum=minimum)


def variance_strata(targets, province):
    """Stratum of each frame × unit, (2, U): a unit planned with fewer than 2 interviews joins the next of its province.

    The rule looks at planned numbers only, so it is fixed before sampling. Units are taken in adcode order; what is left
    over at the end joins the last stratum of the province.
    """
    stratum = np.empty(targets.shape, np.int64)
    label = -1
    for f in range(targets.shape[0]):
        for p in np.unique(province):
            inside, held = np.nonzero(province == p)[0], 2  # interviews in the open stratum; 2 or more close it
            for u in inside:
                if held >= 2:
                    label, held = label + 1, 0
                stratum[f, u] = label
                held += targets[f, u]
            if held < 2 and stratum[f, inside[0]] < label:
                stratum[f, inside[stratum[f, inside] == label]] = label - 1
                label -= 1
    return stratum
