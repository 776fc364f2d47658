"""Who is reached and who takes part: probabilities by frame, daypart, sex, age, education, town, work and internet use.

The report prints nothing on response, so every default is an assumption (docs/fieldwork.md has the sources that there are); they are
keys of the survey specification.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from ..aliases import Floats, Ints
from ..on_demand import Later

outcomes = Later(__package__, "..population.outcomes")
respondents = Later(__package__, "..kernels.respondents")
special = Later("scipy", ".special")
FLAT = (0.0,) * 6
SELECTIONS = ("random", "anybody", "last_birthday", "next_birthday", "kish")
HERMITE = 32  # points of the Gauss-Hermite rule that averages over interviewers
CLASSES = 10  # of contact: 8 ages, household, business
HOUSEHOLD, BUSINESS = 8, 9
WORKING_AGES = slice(2, 6)  # 20-59 of the 8 ages


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseModel:
    """Probabilities of one frame's fieldwork; contact and cooperation are logistic curves, their effects are log odds."""

    attempts: int = 5  # most calls to one number
    contact: float = 0.36  # one call reaches a person aged 40-49 (mobile) or the household (landline)
    contact_per_decade: float = 0.10  # mobile only: older people answer more often
    daypart: tuple = FLAT  # on contact: weekday morning, afternoon, evening, weekend morning, afternoon, evening
    working_age_daytime: float = 0.0  # on contact, mobile only: ages 20-59 on weekdays before the evening
    business_contact: float = 0.6  # a business answers on weekdays by day; at other times odds are exp(-2) of that
    member_available: float = 0.80  # landline only: the selected member is at home
    cooperation: float = 0.30  # of a reached rural man aged 40-49 with primary school
    female: float = 0.10
    age_per_decade: float = 0.05
    child: float = 0.0  # ages 6-9, whose parents must agree
    education_level: float = 0.08  # per level of four
    urban: float = -0.20
    farming: float = 0.0  # employment: against all others
    manufacturing: float = 0.0
    internet_user: float = 0.0  # non-ignorable: netizens, given all of the above
    both_phones: float = 0.0  # people with a telephone of the other kind too: they answer one rather than the other
    busy: float = 0.04  # of calls
    blocked: float = 0.0  # numbers that reject every call as spam
    appointment: float = 0.10  # ask to be called later, of those who neither cooperate nor are unable
    appointment_kept: float = 1.5  # log odds of contact at the appointed call
    appointment_willing: float = 0.8  # log odds of cooperation at the appointed call
    hard: float = 0.6  # refusals that are not called again
    conversions: int = 1  # soft refusals of one number that are called again
    after_refusal: float = -0.8  # log odds of cooperation after a refusal
    break_off: float = 0.04  # of those who cooperate
    partial: float = 0.5  # break-offs late enough to count as partial interviews
    other: float = 0.06  # language, illness: of those who do not cooperate
    language: float = 0.3  # of these
    refuse_unscreened: float = 0.5  # refusals before eligibility is known
    known_no_contact: float = 0.3  # numbers whose device tells that they are a person's or household's
    machine: float = 0.2  # fax, data and machine lines among those of businesses and machines
    dead_known: float = 0.9  # dead numbers recognised at once; the others just ring
    selection: str = "random"  # landline: member of the household to be interviewed (`SELECTIONS`)
    misselection: float = 0.0  # landline: whoever answers is interviewed instead of the one selected
    shared: float = (
        0.0  # mobile: numbers that another member of the household answers half of the time, and is interviewed on
    )

    def complete(self) -> Self:
        """The same frame without nonresponse: whoever has the number answers the first call and takes part, and numbers that nobody
        has are known at once. Selection within the household stays."""
        none = dict.fromkeys(("busy", "blocked", "break_off"), 0.0)
        all_ = dict.fromkeys(("contact", "member_available", "cooperation", "dead_known", "business_contact"), 1.0)
        return replace(self, attempts=1, **none, **all_)

    def contact_table(self) -> Floats:
        """Probability that one call reaches somebody, (10, 2, 21): 8 ages, household, business; without and with an appointment; by
        slot of the week."""
        slot = np.arange(21)
        weekday, part = slot // 3 < 5, slot % 3
        day = weekday & (part < 2)
        when = np.array(self.daypart)[np.where(weekday, 0, 3) + part]
        score = np.full((CLASSES, 21), special.logit(self.contact)) + when
        score[:8] += self.contact_per_decade * (np.arange(8) - 4.0)[:, None]
        score[WORKING_AGES] += self.working_age_daytime * day
        score[BUSINESS] = special.logit(self.business_contact) - 2.0 * ~day
        with np.errstate(invalid="ignore"):
            return special.expit(np.stack([score, score + self.appointment_kept], axis=1))

    def contact_class(self, landline: bool) -> Ints:
        """Class of contact of each type of number (types,)."""
        kind = np.arange(respondents.N_TYPES)
        if landline:
            classes = np.full(respondents.N_TYPES, HOUSEHOLD)
        else:
            classes = np.where(kind < respondents.PERSON_TYPES, (kind // 48) & 7, 0)
        classes[respondents.PERSON_TYPES + 1 :] = BUSINESS
        return classes

    def willingness(self) -> Floats:
        """Log odds of cooperation by type (types,): sex, group (town × age × education), internet use, having the other telephone
        too, sector (`kernels.respondents.type_of`)."""
        sex, internet, both = (np.array([0.0, 1.0]).reshape(shape) for shape in ((2, 1, 1, 1, 1), (2, 1, 1), (2, 1)))
        group = (
            self.age_per_decade * (outcomes.GROUP_AGE - 4.0)
            + self.education_level * outcomes.GROUP_EDUCATION
            + self.urban * outcomes.GROUP_TOWN
            + self.child * (outcomes.GROUP_AGE == 0)
        )
        score = (
            special.logit(self.cooperation)
            + self.female * sex
            + group[None, :, None, None, None]
            + self.internet_user * internet
            + self.both_phones * both
            + np.array([0.0, self.farming, self.manufacturing])
        )
        return np.concatenate([score.ravel(), np.zeros(respondents.N_TYPES - respondents.PERSON_TYPES)])

    def shifts(self) -> Floats:
        """Log odds of cooperation (4,): first, after a refusal, by appointment, both."""
        a, b = self.after_refusal, self.appointment_willing
        return np.array([0.0, a, b, a + b])

    def cooperation_table(self, interviewer_sd: float = 0.0) -> Floats:
        """Probability of cooperation (types, 4), by state of the case, averaged over interviewers whose log odds have this standard
        deviation."""
        x, weight = np.polynomial.hermite_e.hermegauss(HERMITE if interviewer_sd else 1)
        score = self.willingness()[:, None, None] + self.shifts()[:, None] + interviewer_sd * x
        return special.expit(score) @ (weight / weight.sum())
