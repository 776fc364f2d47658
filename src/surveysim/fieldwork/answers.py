"""From what is true of a respondent to what is written down: misreports, proxies, interviewers, missing answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..aliases import Floats, Ints, Truths
from ..errors import SpecError
from ..on_demand import Later
from ..population.attributes import Attributes

if TYPE_CHECKING:
    from ..population.population import Population
    from .calls import Fieldwork

randomness = Later(__package__, "..kernels.randomness")
special = Later("scipy", ".special")
MEASURE = 1 << 22  # second word of the Philox counter
INTERNET, NUMBERS, PROXY = 0, 1, 2  # third word: what is misreported; items follow
ITEMS = 16
MISSING = 2


@dataclass(frozen=True, slots=True)
class Heard:
    """What the interviews say: attributes, own mobiles (n,), answers (n, K) of 0, 1 and 2 (none), hours (n,)."""

    attributes: Attributes
    n_mobile: np.ndarray
    answers: np.ndarray
    hours: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Errors of answers; all zero by default, which leaves every answer true.

    Attributes
    ----------
    internet_over, internet_under : share of non-users who say that they use the internet, and of users who deny it. Whoever is taken
        for a user is asked, and answers, as the other users of the same kind.
    desirable, over : outcomes that look well, and the share of true "no" that becomes "yes". sensitive, under : the other way round.
    interviewer_sd : standard deviation of interviewers' log odds of a "yes", over all outcomes.
    proxy_child, proxy_old : share of interviews at ages 6-9 and 70+ that somebody else answers. proxy_under : share of "yes" that a proxy
        does not know.
    missing, missing_old : share of answers not given; at ages 70+. missing_yes : the same factor for those whose answer is "yes" (1:
        missing at random).
    forgotten_number : share of people with several mobiles who leave one out.
    """

    internet_over: float = 0.0
    internet_under: float = 0.0
    desirable: tuple = ()
    over: float = 0.0
    sensitive: tuple = ()
    under: float = 0.0
    interviewer_sd: float = 0.0
    proxy_child: float = 0.0
    proxy_old: float = 0.0
    proxy_under: float = 0.2
    missing: float = 0.0
    missing_old: float = 0.0
    missing_yes: float = 1.0
    forgotten_number: float = 0.0

    def hear(
        self,
        pop: "Population",
        person: Ints,
        attributes: Attributes,
        interviewer: Ints,
        fieldwork: "Fieldwork",
        keys: Any,
    ) -> Heard:
        """What the interviews of these persons say, `Heard`; the true `attributes` are left alone."""
        n_mobile = attributes.n_mobile
        if self.internet_over or self.internet_under:
            user = attributes.internet
            flip = self._draw(person, INTERNET, keys)[:, 0] < np.where(user, self.internet_under, self.internet_over)
            attributes = attributes.with_internet(user ^ flip)
        if self.forgotten_number:
            n_mobile = n_mobile - ((n_mobile > 1) & (self._draw(person, NUMBERS, keys)[:, 0] < self.forgotten_number))
        answers, hours = pop.answers(person, attributes)
        if self._touches_answers():
            effect = fieldwork.effects(keys, self.interviewer_sd, 1)[interviewer]
            self._mishear(pop, person, attributes, answers, effect, keys)
        return Heard(attributes, n_mobile, answers, hours)

    def _touches_answers(self):
        proxies, absent = self.proxy_child or self.proxy_old, self.missing or self.missing_old
        return any((self.over, self.under, self.interviewer_sd, proxies, absent))

    def _draw(self, person, what, keys):
        """Four uniforms per person (n, 4), keyed by person and by what is drawn."""
        counters, words = np.zeros((len(person), 4), np.uint64), np.empty((len(person), 4), np.uint64)
        counters[:, 0], counters[:, 1], counters[:, 2] = person, MEASURE, what
        randomness.philox_words(counters, *keys[0], words)
        return (words >> np.uint64(11)) / 2.0**53

    def _mishear(self, pop, person, attributes, answers, effect, keys):
        """Change the answers (n, K) item by item, where the item was asked; what hangs on another answer after it."""
        model, age = pop.model.outcomes, attributes.age
        asked = model.asked[attributes.asked_as] == 1
        old = age >= 70
        share = np.select([age < 10, old], [self.proxy_child, self.proxy_old], 0.0)
        proxy = self._draw(person, PROXY, keys)[:, 0] < share
        absent = np.where(old, self.missing_old, self.missing)
        parent = dict(model.nested)
        for k in sorted(range(len(pop.outcome_names)), key=lambda k: k in parent):
            name, ask = pop.outcome_names[k], asked[:, k]
            if k in parent:
                answers[:, k] *= answers[:, parent[k]] == 1
                ask = ask & (answers[:, parent[k]] == 1)
            u, yes = self._draw(person, ITEMS + k, keys), answers[:, k] == 1
            said = self.said(name, yes, ask, u[:, 0], effect, proxy)
            silent = self.silent(yes, u[:, 1], absent)
            answers[:, k] = np.where(ask, np.where(silent, MISSING, said), answers[:, k])

    def silent(self, yes: Truths, u: Floats, share: Floats) -> Truths:
        """Whether no answer is given (n,) where the truth is `yes`, by uniforms u and shares of answers not given (n,)."""
        return u < share * np.where(yes, self.missing_yes, 1.0)

    def said(self, name: str, yes: Truths, ask: Truths, u: Floats, effect: Any = 0.0, proxy: Any = 0.0) -> Truths:
        """What is said (n,) where the truth is `yes` (n,), of those who are asked, by uniforms u (n,): moved by interviewers' log odds
        `effect`, by what looks well or is sensitive, and by proxies."""
        p = yes[ask].mean() if ask.any() else 0.0
        moved = special.expit(special.logit(np.clip(p, 1e-9, 1 - 1e-9)) + effect)
        up, down = np.maximum(moved - p, 0) / max(1 - p, 1e-9), np.maximum(p - moved, 0) / max(p, 1e-9)
        up = 1 - (1 - up) * (1 - self.over * (name in self.desirable))
        down = 1 - (1 - down) * (1 - self.under * (name in self.sensitive)) * (1 - self.proxy_under * proxy)
        return np.where(yes, u >= down, u < up)

    def check(self, outcomes: Sequence[str], place: str = "measurement") -> None:
        """Raise SpecError where an item is no modelled outcome."""
        for item in (*self.desirable, *self.sensitive):
            if item not in outcomes:
                raise SpecError(
                    f"{place}: {item!r} is no outcome of the population; there are {', '.join(outcomes[:5])}, …"
                )
