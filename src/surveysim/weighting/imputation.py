"""Imputation of what respondents did not say: which respondent's answer each missing one takes.

Random numbers belong to rows, so that the same respondents give the same donors whatever happens to others, and an imputation that is
repeated in a replicate changes where its donors do.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..aliases import Array, Floats, Ints
from ..errors import DataError
from .constraints import Link
from .step_links import means

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
    at = np.searchsorted(mean[give], mean[want])[:, None] + np.arange(-donors, donors)  # the nearest are among these
    near = give[np.clip(at, 0, len(give) - 1)]
    gap = np.where((at >= 0) & (at < len(give)), np.abs(mean[near] - mean[want, None]), np.inf)
    order = np.argsort(gap, axis=1, kind="stable")
    one = order[np.arange(len(want)), (u[want, 0] * donors).astype(np.int64)]
    result[want] = near[np.arange(len(want)), one]
    return result


def drawn_levels(chance: Floats, level: Ints, donor: Floats, missing: Array, uniforms: Uniforms) -> Ints:
    """Of missing rows a row with a level drawn from their probabilities `chance` (n, levels)."""
    give = np.flatnonzero(np.nan_to_num(donor) > 0)[::-1]
    example = np.zeros(chance.shape[1], np.int64)
    example[level[give]] = give  # the first row with each level
    edges = np.cumsum(chance, axis=1)
    drawn = (edges <= uniforms(0)[:, :1] * edges[:, -1:]).sum(axis=1)
    return np.where(missing, example[drawn], np.arange(len(level)))


def modelled(x: Floats, level: Ints, donor: Floats, group: Ints, levels: int) -> Floats:
    """Probabilities (n, levels) of levels by multinomial logistic models on x (n, p), fitted with the donors' weights in each group.

    References
    ----------
    Rubin (1987), Multiple Imputation for Nonresponse in Surveys, ch. 5; McCullagh & Nelder (1989), Generalized Linear Models, ch. 5.
    """
    weight, result = np.nan_to_num(donor), np.zeros((len(x), levels))
    for g in np.unique(group[weight > 0]):
        rows = np.flatnonzero(group == g)
        gives, mine = weight[rows] > 0, level[rows]
        used = np.unique(mine[gives])
        place = np.where(gives, np.searchsorted(used, mine), 0)
        result[np.ix_(rows, used)] = multinomial(x[rows], place, weight[rows], len(used))
    return result


def multinomial(x: Floats, level: Ints, weight: Floats, levels: int) -> Floats:
    """Probabilities (n, levels) of a multinomial logistic regression on x (n, p), by Newton's method; a slight ridge keeps them inside."""
    n, p = x.shape
    share, ridge = shared(x, weight)
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
        slope = x.T @ (share[:, None] * (hit - chance)[:, 1:]) - ridge[:, None] * beta
        curve = information(x, share, chance, ridge)
        step = np.linalg.lstsq(curve, slope.T.ravel(), rcond=1e-13)[0].reshape(levels - 1, p).T
        length, now = 1.0, fit(beta, chance)
        while fit(beta + length * step, chances(beta + length * step)) < now - 1e-15 and length > 1e-6:
            length /= 2
        beta = beta + length * step
        chance = chances(beta)
        if np.max(np.abs(x @ step), initial=0.0) <= 1e-10:
            break
    return chance


def shared(x: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Shares (n,) of the weights, and the ridge (p,) of the model on x (n, p)."""
    return weight / (weight.sum() or 1.0), RIDGE * np.maximum(np.average(x**2, axis=0, weights=weight + 1e-300), 1e-300)


def information(x: Floats, share: Floats, chance: Floats, ridge: Floats) -> Floats:
    """Fisher information of the coefficients of a multinomial logistic model and its ridge, level by level without the first."""
    inner, p = chance[:, 1:], x.shape[1]
    blocks = np.zeros((inner.shape[1], p, inner.shape[1], p))
    for j in range(len(blocks)):
        for k in range(len(blocks)):
            blocks[j, :, k, :] = (x * (share * inner[:, j] * ((j == k) - inner[:, k]))[:, None]).T @ x
        blocks[j, :, j, :] += np.diag(ridge)
    return blocks.reshape(inner.shape[1] * p, inner.shape[1] * p)


@dataclass(frozen=True)
class Redrawn(Link):
    """Answers drawn with probabilities that are estimated from respondents' weights: shares in groups, or models on x.

    The draws stay, and a row that was imputed stands for p'/p of itself where p has become p', scaled to the weight of its group's
    imputed rows: what Rao & Shao (1992, Biometrika 79:811-822) add to imputed numbers, for levels.

    Attributes
    ----------
    group, level : (n,) of all rows, with the levels imputed. missing : (n,) bool, the rows imputed. weight : (n,) weights before.
    x, chances : model matrix (n, p) and probabilities (n, levels); None for shares.
    """

    group: np.ndarray
    level: np.ndarray
    missing: np.ndarray
    weight: np.ndarray
    x: np.ndarray | None = None
    chances: np.ndarray | None = None
    covariance = None

    @property
    def donor(self) -> Floats:
        """Weights (n,) of the rows that gave their levels, 0 for those imputed."""
        return np.where(self.missing, 0.0, self.weight)

    @property
    def cell(self) -> Ints:
        """Group and level of each row as one code (n,)."""
        return np.unique(self.group * (int(self.level.max()) + 1) + self.level, return_inverse=True)[1].ravel()

    def chance(self) -> Floats:
        """Probability (n,) of the level of each row; NaN where nobody gives."""
        if self.chances is not None:
            return self.chances[np.arange(len(self.level)), self.level]
        part, whole = (np.bincount(code, self.donor)[code] for code in (self.cell, self.group))
        return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)

    def again(self, weight: Floats) -> Floats:
        """Weights (n,) in a replicate from those before; as they are in groups that have lost the levels that were imputed."""
        now = replace(self, weight=weight)
        if self.x is not None and self.chances is not None:
            found = modelled(self.x, self.level, now.donor, self.group, self.chances.shape[1])
            now = replace(now, chances=found)
        imputed = np.where(self.missing, weight, 0.0)
        moved = imputed * np.nan_to_num(
            np.divide(now.chance(), self.chance(), where=self.missing, out=np.ones(len(weight)))
        )
        whole, made = (np.bincount(self.group, part)[self.group] for part in (imputed, moved))
        scaled = np.where(made > 0, moved * whole / np.where(made > 0, made, 1.0), imputed)
        return np.where(self.missing, scaled, weight)

    def residuals(self, scores: Floats) -> tuple[Floats, list[Any]]:
        """As `Multiplied.residuals`: who gives a level adds what imputed rows with it say beyond the mean of its group's."""
        imputed = np.where(self.missing, self.weight, 0.0)
        more = (scores - means(scores, self.group, imputed)[:, self.group]) * imputed
        if self.x is not None and self.chances is not None:
            scores += self._by_model(more)
            return scores, []
        cell = self.cell
        whole = np.bincount(cell, self.donor)
        for row, own in zip(scores, more, strict=True):
            part = np.divide(np.bincount(cell, own), whole, out=np.zeros(len(whole)), where=whole > 0)
            row += np.where(self.missing, 0.0, part[cell])
        return scores, []

    def _by_model(self, more):
        """What the rows that models were fitted on add (E, n): their score of the coefficients times what these do to the imputed."""
        assert self.x is not None  # as models were fitted
        assert self.chances is not None
        result = np.zeros(more.shape)
        for g in np.unique(self.group[self.missing]):
            rows = np.flatnonzero(self.group == g)
            x, donor = self.x[rows], self.donor[rows]
            used = np.unique(self.level[rows][donor > 0])
            chance = self.chances[np.ix_(rows, used)]
            off = (self.level[rows][:, None] == used) - chance
            score = (off[:, 1:, None] * x[:, None, :]).reshape(len(rows), (len(used) - 1) * x.shape[1])
            share, ridge = shared(x, donor)
            own = score - np.tile(RIDGE * x**2 / ridge, len(used) - 1) * (
                share @ score
            )  # the ridge follows the rows, too
            inverse = np.linalg.pinv(information(x, share, chance, ridge) * donor.sum(), rcond=1e-13, hermitian=True)
            result[:, rows] = np.where(donor > 0, ((more[:, rows] @ score) @ inverse) @ own.T, 0.0)
        return result
