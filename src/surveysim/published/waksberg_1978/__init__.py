"""Waksberg's two stages of random digits: dials, standard errors and the best number of further interviews, by simulation and formula."""

from typing import Any

import numpy as np
from scipy import optimize

import surveysim as ss
from surveysim import sampling

from ..comparing import Ours

BANKS, EMPTY, SIZE, KEPT = 400, 260, 100, 40  # banks, those without a household, their numbers; banks that are kept
HELD = np.concatenate([np.zeros(EMPTY, int), 20 + np.arange(BANKS - EMPTY) % 61])  # households of each bank
PRICES = {"1:1": (1.0, 1.0), "1:5": (1.0, 5.0), "1:20": (1.0, 20.0)}  # of a number that is nobody's, of an interview
RHO = (0.02, 0.05, 0.10)


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """Dials for an interview; standard error of a share, and how its estimated variance compares; best size of a cluster."""
    bank = np.repeat(np.arange(BANKS), SIZE)
    works = np.tile(np.arange(SIZE), BANKS) < HELD[bank]
    yes = works & ((np.arange(len(bank)) * 7919) % 1000 < (250 + 500 * (np.arange(BANKS) % 7) / 6)[bank])
    frame, rng, found = sampling.NumberFrame(bank, works), np.random.default_rng(seed), {}
    for more in (2, 4, 9):
        dials, shares, variances = np.empty((3, repetitions))
        for r in range(repetitions):
            sample = frame.mitofsky_waksberg(more, banks=KEPT, rng=rng)
            table = sample.table[sample.table["works"]].assign(yes=lambda t: yes[t["number"]] * 1.0)
            mean = ss.Survey(table, psu="psu").mean("yes").table.iloc[0]
            dials[r], shares[r], variances[r] = sample.dials / len(table), mean["estimate"], mean["se"] ** 2
        expected = variance(yes, bank, more + 1)
        error, root = shares.std(ddof=1), np.sqrt(repetitions)
        found |= {
            f"dials for an interview, k = {more}": Ours(dials.mean(), dials.std() / root, calls(more)),
            f"standard error, k = {more}": Ours(error, error / np.sqrt(2 * repetitions), expected**0.5),
            f"variance by the survey's own, k = {more}": Ours(variances.mean(), variances.std() / root, expected),
        }
    for name, (nobody, interview) in PRICES.items():
        for rho in RHO:
            each = nobody * empty() / hit(), interview + nobody * ((1 - empty()) / hit() - 1)
            best = sampling.clusters(rho, cost=each, moe=0.01, rounded=False).best
            found[f"best size of a cluster, prices {name}, ρ = {rho:g}"] = Ours(
                best, 0.0, cheapest(nobody, interview, rho)
            )
    return found


def hit() -> float:
    """π, the share of all numbers that reach a household."""
    return float(HELD.sum() / (BANKS * SIZE))


def empty() -> float:
    """t, the share of banks that have none."""
    return float(np.mean(HELD == 0))


def calls(more: float) -> float:
    """(1 / π + k (1 - t) / π) / (k + 1): a bank that is kept is found by 1 / π numbers; of its own π / (1 - t) work, on average."""
    return (1 + more * (1 - empty())) / hit() / (more + 1)


def variance(yes: Any, bank: Any, size: int) -> float:
    """Of the share: banks come with probabilities proportional to what they hold, and `size` of their households without replacement."""
    held = HELD[HELD > 0]
    share = np.bincount(bank, yes)[HELD > 0] / held
    chance, whole = held / held.sum(), yes.sum() / held.sum()
    inside = (1 - size / held) * share * (1 - share) * held / (held - 1) / size
    return float(chance @ ((share - whole) ** 2 + inside) / KEPT)


def cheapest(nobody: float, interview: float, rho: float) -> float:
    """The size k + 1 for which cost times variance is least, by search."""

    def product(log_size):
        size = np.exp(log_size)
        dials = calls(size - 1) * size
        return ((dials - size) * nobody + size * interview) * (1 + (size - 1) * rho) / size

    found: Any = optimize.minimize_scalar(product, bounds=(-3, 8), method="bounded", options={"xatol": 1e-14})
    start, width = found.x - 0.5, 1e-4
    root: Any = optimize.brentq(lambda x: product(x + width) - product(x - width), start, start + 1, xtol=1e-15)
    return float(np.exp(root))
