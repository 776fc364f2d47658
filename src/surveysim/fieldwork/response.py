"""Who is reached and who takes part: probabilities by frame, sex, age, education, town and internet use.

The report prints nothing on response, so every default is an assumption; they are keys of the survey specification.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from ..population.outcomes import GROUP_AGE, GROUP_EDUCATION, GROUP_TOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseModel:
    """Probabilities of one frame's fieldwork; cooperation is a logistic curve, its effects are log odds."""

    attempts: int = 5  # most calls to one number
    contact: float = 0.36  # one call reaches a person aged 40-49 (mobile) or the household (landline)
    contact_per_decade: float = 0.10  # log odds, mobile only: older people answer more often
    member_available: float = 0.80  # landline only: the chosen member can be had within the calls
    cooperation: float = 0.30  # of a reached rural man aged 40-49 with primary school
    female: float = 0.10
    age_per_decade: float = 0.05
    education_level: float = 0.08  # per level of four
    urban: float = -0.20
    internet_user: float = 0.0  # non-ignorable: log odds of netizens given all of the above
    both_phones: float = (
        0.0  # log odds of people with a telephone of the other kind too: they answer one rather than the other
    )
    break_off: float = 0.04  # of those who cooperate
    other: float = 0.06  # language, illness: of those who do not cooperate
    refuse_unscreened: float = 0.5  # refusals before eligibility is known
    known_no_contact: float = 0.3  # never reached, but known to be a person's or household's number
    dead_known: float = 0.9  # dead numbers recognised at once; the others just ring

    def contact_by_age(self):
        """Probability that one call reaches the person, by the eight age groups (8,)."""
        score = np.arange(8) - 4.0
        return special.expit(special.logit(self.contact) + self.contact_per_decade * score)

    def cooperation_table(self):
        """Probability of cooperation by sex, group (town × age × education), internet use and having the other telephone too,
        (2, 64, 2, 2)."""
        sex, internet, both = (np.array([0.0, 1.0]).reshape(shape) for shape in ((2, 1, 1, 1), (2, 1), (2,)))
        group = (
            self.age_per_decade * (GROUP_AGE - 4.0) + self.education_level * GROUP_EDUCATION + self.urban * GROUP_TOWN
        )
        return special.expit(
            special.logit(self.cooperation)
            + self.female * sex
            + group[None, :, None, None]
            + self.internet_user * internet
            + self.both_phones * both
        )

    def ends(self):
        """Probabilities of the other ends, in the order the kernel takes them (6,)."""
        return np.array(
            [self.break_off, self.other, self.refuse_unscreened, self.known_no_contact, self.dead_known, self.contact]
        )

    def expected_rate(self, landline):
        """Interviews expected per working number, for sizing the banks: average person, all calls made."""
        reach = 1 - (1 - self.contact) ** self.attempts
        take_part = self.cooperation_table()[..., 0].mean() * (1 - self.break_off)
        return reach * take_part * (self.member_available if landline else 0.95)
