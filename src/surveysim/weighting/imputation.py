"""Imputation of what respondents did not say: which respondent's answer each missing one takes.

Random numbers belong to rows, so that the same respondents give the same donors whatever happens to others, and an imputation that is
repeated in a replicate changes where its donors do.
"""

from collections.abc import Callable

import numpy as np

from ..aliases import Array, Floats, Ints
from ..errors import DataError

Uniforms = Callable[[int], Array]  # round → uniform numbers (n, 2) of the rows
ROUNDS = 10_000
STEPS = 200
RIDGE = 1e-6  # of the weights' sum: keeps coefficients finite where a predictor separates levels


def hot_deck(group: Ints, donor: Floats, missing: Array, uniforms: Uniforms) -> Ints:
    """Rows (n,) whose value each row takes: of missing ones a random donor of the group, with probabilities as the donors' weights.

    group : (n,). donor : (n,) weights, 0 where a row has none; NaN where its value is missing. missing : (n,) bool.

    References
    ----------
    Andridge & Little (2010), Int. Stat. Rev. 78:40-64; Rao & Shao (1992), Biometrika 79:811-822 (weighted selection of donors).
    """
    size = int(group.max(initial=0)) + 1
    known = np.flatnonzero(~np.isnan(donor))
    known = known[np.argsort(group[known], kind="stable")]
    count = np.bincount(group[known], minlength=size)
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    most = np.zeros(size)
    np.maximum.at(most, group[known], donor[known])
    result, open_ = np.arange(len(group)), np.flatnonzero(missing)
    for k in range(ROUNDS):
        if len(open_) == 0:
            return result
        u = uniforms(k)[open_]
        mine = group[open_]
        tried = known[first[mine] + (u[:, 0] * count[mine]).astype(np.int64)]
        taken = u[:, 1] * most[mine] < donor[tried]
        result[open_[taken]] = tried[taken]
        open_ = open_[~taken]
    raise DataError("a few donors have nearly all of the weight, so that none was drawn; use wider classes.")


def sequential(group: Ints, donor: Floats, missing: Array, order: Ints) -> Ints:
    """Of missing rows the last donor before them in their group in the `order` (n,) of rows, else the next after them."""
    result = np.arange(len(group))
    order = order[np.argsort(group[order], kind="stable")]
    gives = np.nan_to_num(donor[order]) > 0
    at = np.arange(len(order))
    before = np.maximum.accumulate(np.where(gives, at, -1))
    after = np.minimum.accumulate(np.where(gives, at, len(order))[::-1])[::-1]
    same = (before >= 0) & (group[order[before]] == group[order])
    chosen = np.where(same, before, np.minimum(after, len(order) - 1))
    result[order] = np.where(missing[order], order[chosen], order)
    return result


def predictive_mean(x: Floats, value: Floats, donor: Floats, missing: Array, donors: int, uniforms: Uniforms) -> Ints:
    """Of missing rows one of the donors whose means by a weighted regression on x (n, p) are nearest to theirs.

    References
    ----------
    Little (1988), J. Bus. Econ. Stat. 6:287-296.
    """
    weight = np.nan_to_num(donor)
    root = np.sqrt(weight)
    beta = np.linalg.lstsq(x * root[:, None], np.where(weight > 0, value, 0.0) * root, rcond=1e-12)[0]
    mean = x @ beta
    give = np.flatnonzero(weight > 0)
    give = give[np.argsort(mean[give], kind="stable")]
    result, want, u = np.arange(len(mean)), np.flatnonzero(missing), uniforms(0)
    donors = min(donors, len(give))
    for row in want:
        at = int(np.searchsorted(mean[give], mean[row]))
        near = give[max(0, at - donors) : at + donors]
        near = near[np.argsort(np.abs(mean[near] - mean[row]), kind="stable")[:donors]]
        result[row] = near[int(u[row, 0] * len(near))]
    return result


def logistic(x: Floats, level: Ints, donor: Floats, missing: Array, uniforms: Uniforms) -> Ints:
    """Of missing rows a row with a level drawn from a multinomial logistic model on x (n, p), fitted with the donors' weights.

    References
    ----------
    Rubin (1987), Multiple Imputation for Nonresponse in Surveys, ch. 5; McCullagh & Nelder (1989), Generalized Linear Models, ch. 5.
    """
    weight = np.nan_to_num(donor)
    used = np.unique(level[weight > 0])
    place = np.searchsorted(used, level)
    chance = multinomial(x, np.where(weight > 0, place, 0), weight, len(used))
    u = uniforms(0)[:, 0]
    drawn = np.minimum((np.cumsum(chance, axis=1) <= u[:, None]).sum(axis=1), len(used) - 1)
    example = np.zeros(len(used), np.int64)
    give = np.flatnonzero(weight > 0)[::-1]
    example[place[give]] = give  # the first row with each level
    return np.where(missing, example[drawn], np.arange(len(level)))


def multinomial(x: Floats, level: Ints, weight: Floats, levels: int) -> Floats:
    """Probabilities (n, levels) of a multinomial logistic regression on x (n, p), by Newton's method; a slight ridge keeps them inside."""
    n, p = x.shape
    scale = weight.sum() or 1.0
    share, ridge = weight / scale, RIDGE * np.maximum(np.average(x**2, axis=0, weights=weight + 1e-300), 1e-300)
    hit = np.zeros((n, levels))
    hit[np.arange(n), level] = 1.0
    beta = np.zeros((p, levels - 1))

    def chances(beta):
        score = np.column_stack([np.zeros(n), x @ beta])
        score = np.exp(score - score.max(axis=1, keepdims=True))
        return score / score.sum(axis=1, keepdims=True)

    def fit(beta, chance):
        return share @ np.log(np.maximum(chance[np.arange(n), level], 1e-300)) - 0.5 * np.sum(ridge[:, None] * beta**2)

    chance = chances(beta)
    for _ in range(STEPS):
        inner = chance[:, 1:]
        slope = x.T @ (share[:, None] * (hit[:, 1:] - inner)) - ridge[:, None] * beta
        curve = np.zeros((levels - 1, p, levels - 1, p))
        for j in range(levels - 1):
            for k in range(levels - 1):
                w = share * inner[:, j] * ((j == k) - inner[:, k])
                curve[j, :, k, :] = (x * w[:, None]).T @ x + (j == k) * np.diag(ridge)
        size = (levels - 1) * p
        step = np.linalg.lstsq(curve.reshape(size, size), slope.T.ravel(), rcond=1e-13)[0].reshape(levels - 1, p).T
        length, now = 1.0, fit(beta, chance)
        while fit(beta + length * step, chances(beta + length * step)) < now - 1e-15 and length > 1e-6:
            length /= 2
        beta = beta + length * step
        chance = chances(beta)
        if np.max(np.abs(x @ step), initial=0.0) <= 1e-10:
            break
    return chance
