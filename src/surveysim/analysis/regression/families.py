"""Families of generalized linear models and their links: McCullagh & Nelder (1989), Generalized Linear Models, ch. 2."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from ... import guards
from ...aliases import Floats
from ...errors import DataError

SMALL = np.finfo(float).tiny
ROOT = np.sqrt(2 * np.pi)


def _normal(x):
    return np.exp(-0.5 * x * x) / ROOT


@dataclass(frozen=True)
class Link:
    """η = g(μ).

    Attributes
    ----------
    mean, slope, bend : μ(η) and its first two derivatives. of : g. reach : the η beyond which μ does not change in double precision.
    """

    name: str
    mean: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]
    bend: Callable[[Floats], Floats]
    of: Callable[[Floats], Floats]
    reach: tuple[float, float] = (-np.inf, np.inf)

    def clipped(self, eta: Floats) -> Floats:
        """η within reach."""
        return eta if self.reach == (-np.inf, np.inf) else np.clip(eta, *self.reach)


def _logit_slope(eta):
    mu = special.expit(eta)
    return mu * (1 - mu)


def _logit_bend(eta):
    mu = special.expit(eta)
    return mu * (1 - mu) * (1 - 2 * mu)


LINKS = {
    link.name: link
    for link in (
        Link("identity", lambda e: e, np.ones_like, np.zeros_like, lambda m: m),
        Link("log", np.exp, np.exp, np.exp, np.log, (-700.0, 700.0)),
        Link("logit", special.expit, _logit_slope, _logit_bend, special.logit, (-36.0, 36.0)),
        Link("probit", special.ndtr, _normal, lambda e: -e * _normal(e), special.ndtri, (-8.0, 8.0)),
        Link(
            "cloglog",
            lambda e: -np.expm1(-np.exp(e)),
            lambda e: np.exp(e - np.exp(e)),
            lambda e: np.exp(e - np.exp(e)) * (1 - np.exp(e)),
            lambda m: np.log(-np.log1p(-m)),
            (-36.0, 3.55),
        ),
    )
}


@dataclass(frozen=True)
class Family:
    """A distribution by what its quasi-likelihood needs.

    Attributes
    ----------
    links : names, the canonical one first. variance, bend : V(μ) and V'(μ). deviance : d(y, μ) of each row, infinite where μ is impossible.
    start : means to begin from. ratios : what exp(coefficient) is called, by link.
    """

    name: str
    links: tuple
    variance: Callable[[Floats], Floats]
    bend: Callable[[Floats], Floats]
    deviance: Callable[[Floats, Floats], Floats]
    start: Callable[[Floats], Floats]
    ratios: dict


def _binomial(y, mu):
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 2 * (
            special.xlogy(y, y) - special.xlogy(y, mu) + special.xlogy(1 - y, 1 - y) - special.xlogy(1 - y, 1 - mu)
        )
    return np.where((mu >= 0) & (mu <= 1), found, np.inf)


def _poisson(y, mu):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(mu > 0, 2 * (special.xlogy(y, y) - special.xlogy(y, mu) - (y - mu)), np.inf)


FAMILIES = {
    family.name: family
    for family in (
        Family(
            "gaussian",
            ("identity", "log"),
            np.ones_like,
            np.zeros_like,
            lambda y, m: (y - m) ** 2,
            lambda y: y,
            {"log": "ratio of means"},
        ),
        Family(
            "binomial",
            ("logit", "probit", "cloglog", "log", "identity"),
            lambda m: m * (1 - m),
            lambda m: 1 - 2 * m,
            _binomial,
            lambda y: (y + 0.5) / 2,
            {"logit": "odds ratio", "log": "risk ratio", "cloglog": "hazard ratio"},
        ),
        Family(
            "poisson",
            ("log", "identity"),
            lambda m: m,
            np.ones_like,
            _poisson,
            lambda y: y + 0.1,
            {"log": "rate ratio"},
        ),
    )
}
BOUNDED = {("binomial", "log"), ("binomial", "identity"), ("poisson", "identity")}  # η may lead to an impossible μ
ORDINAL = {"logit": "odds ratio", "probit": "", "cloglog": "hazard ratio"}
NAMES = (*FAMILIES, "ordinal", "quasibinomial", "quasipoisson")


def chosen(family: object, link: object) -> tuple[str, str]:
    """The names of a family and of its link; families with "quasi" in front are the same here."""
    name = str(guards.choice(family, "family", NAMES)).removeprefix("quasi")
    links = tuple(ORDINAL) if name == "ordinal" else FAMILIES[name].links
    return name, links[0] if link is None else str(guards.choice(link, f"link of {name}", links))


def counts(y: Floats, what: str) -> Floats:
    """The response of a Poisson model: no negative numbers."""
    message = "{what} has to be counts: {bad} of {n} values are negative, the first is {first:g}. Choose another family, or mend them."
    guards.refuse(y < 0, message, what=what, first=y)
    return y


def zero_one(y: Floats, what: str) -> Floats:
    """The response of a binomial model: zeros and ones."""
    bad = (y != 0) & (y != 1)
    if bad.any():
        values = np.unique(y)
        seen = ", ".join(f"{v:g}" for v in values[:5]) + (" …" if len(values) > 5 else "")
        raise DataError(
            f"{what} is not 0 or 1 in {int(bad.sum()):,} of {len(y):,} rows (its values are {seen}): a binomial model takes truth values, "
            f"zeros and ones, or a category of two levels. Say which values count, such as I({what[1:-1]} == {float(np.max(y)):g})."
        )
    return y
