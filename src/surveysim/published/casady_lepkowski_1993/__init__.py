"""Casady and Lepkowski's strata of banks with and without listed numbers: the cheapest rates, and what they gain."""

from typing import Any

import numpy as np

import surveysim as ss
from surveysim import sampling

from ..comparing import Ours

BANKS, SIZE, DIALS = 1000, 100, 4000  # of 100 numbers; numbers dialled by the simple design
NAMES, HITS, SHARES, YES = ("listed bank", "zero bank"), (0.5, 0.02), (0.4, 0.6), (0.3, 0.5)
PRICES = (2.0, 5.0, 10.0)  # of a number that works, over one that does not


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """Relative rate of the banks without a listed number; cost times variance of the cheapest rates over that of simple random digits."""
    frame, yes = _frame()
    found: dict[str, Any] = {}
    for price in PRICES:
        numbers = [share * BANKS * SIZE for share in SHARES]
        cost = [1 + (price - 1) * h for h in HITS]
        n = ss.allocate([v * 10**6 for v in numbers], DIALS * 10**6, "cost", sd=spread(), cost=cost) / 10**6
        rates = n / numbers
        found[f"rate of zero banks over others, price {price:g}"] = Ours(rates[1] / rates[0], 0.0, relative(price))
        each = [
            _repeated(frame, yes, design, price, repetitions, seed) for design in (rates, [DIALS / (BANKS * SIZE)] * 2)
        ]
        ratio = each[0][0] / each[1][0]
        error = ratio * np.hypot(each[0][1] / each[0][0], each[1][1] / each[1][0])
        found[f"cost × variance, stratified over simple, price {price:g}"] = Ours(ratio, error, gain(price, rates))
    return found


def _frame():
    """Numbers of which the shares that work, and that say yes, are exactly those above."""
    bank, place = np.divmod(np.arange(BANKS * SIZE), SIZE)
    zero = bank >= SHARES[0] * BANKS
    works = place < np.array(HITS)[zero.astype(int)] * SIZE
    order = np.empty(len(bank))
    for k in range(2):
        mine = works & (zero == k)
        order[mine] = np.arange(mine.sum()) / mine.sum()
    yes = works & (order < np.array(YES)[zero.astype(int)])
    return sampling.NumberFrame(bank, works, listed=(place == 0) & ~zero), yes


def _repeated(frame, yes, rates, price, repetitions, seed):
    """Cost times variance of the share that says yes, and its Monte Carlo error."""
    rng, shares, costs = np.random.default_rng(seed), np.empty(repetitions), np.empty(repetitions)
    for r in range(repetitions):
        sample = frame.stratified("banks", dict(zip(NAMES, rates)), rng)
        number, w = sample.table["number"].to_numpy(), sample.weight
        shares[r] = (w @ yes[number]) / (w @ frame.works[number])
        costs[r] = sample.cost(1.0, price)
    value = shares.var(ddof=1) * costs.mean()
    return value, value * np.sqrt(2 / (repetitions - 1))


def spread() -> list[float]:
    """√(h S² (1 + (1 - h) λ)) of each stratum, with λ = (mean - μ)² / S²: standard deviation of a number's residual."""
    held = [share * h for share, h in zip(SHARES, HITS)]
    mean = sum(w * y for w, y in zip(held, YES)) / sum(held)
    return [(h * (y * (1 - y) + (1 - h) * (y - mean) ** 2)) ** 0.5 for h, y in zip(HITS, YES)]


def relative(price: float) -> float:
    """Rates go by √(h S² (1 + (1 - h) λ) / (1 + (γ - 1) h))."""
    listed, zero = (s / (1 + (price - 1) * h) ** 0.5 for s, h in zip(spread(), HITS))
    return zero / listed


def gain(price: float, rates: Any) -> float:
    """Cost times variance of these rates over that of equal ones."""

    def product(rate):
        cost = sum(share * f * (1 + (price - 1) * h) for share, f, h in zip(SHARES, rate, HITS))
        return cost * sum(share * s**2 * (1 / f - 1) for share, s, f in zip(SHARES, spread(), rate))

    return product(rates) / product([DIALS / (BANKS * SIZE)] * 2)
