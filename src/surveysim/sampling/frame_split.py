"""How many interviews each of two overlapping frames should have, for least cost or least error; province by province."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize

from .. import guards
from ..aliases import Array, Floats, Table, Values
from ..apportion import ALIKE, bisected, shared_out
from ..display import Shown
from ..errors import DesignError
from ..tables import framed
from .allocation import METHODS, allocate, number, quantile, whole

DOMAINS = ("a", "ab", "b")
MOST = 1e18  # persons, and money for one interview


@dataclass(frozen=True)
class FrameAllocation(Shown):
    """Interviews by frame.

    Attributes
    ----------
    table : per stratum: design ("overlap", or "screening" where frame B's overlap is left out), theta (of frame A's overlap
        sample), n_A, n_B (interviews that count), screened (frame-B contacts left out), cost, moe (of the stratum's proportion).
    cost : in all. moe : of the proportion over all strata. n : interviews in all.
    """

    table: pd.DataFrame
    cost: float
    moe: float

    @property
    def n(self) -> int:
        return int(self.table[["n_A", "n_B"]].to_numpy().sum())

    def __repr__(self) -> str:
        return (
            f"{self.table.to_string(index=False, float_format=lambda v: f'{v:,.4g}')}\n{self.n:,} interviews, cost {self.cost:,.0f}, "
            f"margin of error {100 * self.moe:.3f} points"
        )

    def _shown(self):
        return self.table


def allocate_frames(
    sizes: Mapping[str, float] | Table, cost: Sequence[float] = (1.0, 1.0), *, n: int | None = None, budget: float | None = None,
    moe: float | None = None, stratum_moe: float | None = None, p: float | Values = 0.5, deff: Sequence[float] = (1.0, 1.0),
    screening: float | None = None, between: str = "optimal", minimum: int = 2, level: float = 0.95,
) -> FrameAllocation:  # fmt: skip
    """Split interviews between two overlapping frames A and B.

    Parameters
    ----------
    sizes : {"a": persons, "ab": …, "b": …}, or a table with these columns and one row per stratum (first other column: its name).
    cost : of one interview in frame A and in frame B.
    n, budget, moe : give one: interviews in all (then the least error of so many, whatever they cost), money in all, or the
        margin of error of the proportion over all strata.
    stratum_moe : with `moe` or alone: no stratum's own margin of error may be larger.
    p : the proportion in every domain, one number or {"a": p, "ab": p, "b": p}; 0.5 is the worst case.
    deff : design effects of the two samples.
    screening : cost of a frame-B contact that is found in the overlap and left out; where given, every stratum takes the
        cheaper of screening and of interviewing everybody. None interviews everybody.
    between : "optimal" (least cost over strata), or a method of `allocate` by persons, which needs `n`.
    minimum : least interviews of a stratum in either frame that is used at all.
    level : confidence level of the margins.

    Returns
    -------
    FrameAllocation.

    Notes
    -----
    With domain sizes known, the total of a stratum has the variance (Hartley 1962)

    V = N_A² deff_A (S²_a N_a/N_A + θ² S²_ab N_ab/N_A) / n_A + N_B² deff_B (S²_b N_b/N_B + (1-θ)² S²_ab N_ab/N_B) / n_B.

    For a given θ cost × variance is least with n_f ∝ √(V_f / c_f), where it is F = (Σ √(c_f V_f))²; θ minimizes F. Over
    strata V = Σ F_h / C_h, so spending goes by √F_h, or by what the stratum's own bound asks if that is more (the
    Karush-Kuhn-Tucker conditions of the convex problem).

    References
    ----------
    Hartley (1962), Proc. Soc. Stat. Sect. ASA, 203-206; Cochran (1977), section 5.5; Lohr (2011), Surv. Methodol. 37:197-213.

    Examples
    --------
    Two frames of 800 persons that share 600, at the same cost: half of the interviews each, θ = 1/2.

    >>> import surveysim as ss
    >>> split = ss.allocate_frames({"a": 200, "ab": 600, "b": 200}, n=100)
    >>> split.table[["design", "theta", "n_A", "n_B"]].round(2).values.tolist()
    [['overlap', 0.5, 50, 50]]
    >>> print(round(split.moe, 4))
    0.1037
    """
    table, names, title = _sizes(sizes)
    variance = _variances(p)
    cost, deff = _pair(cost, "cost", MOST), _pair(deff, "deff", 1e9)
    screening = None if screening is None else number(screening, "screening", 0, MOST, open_=False)
    minimum, z = whole(minimum, "minimum", 0, int(MOST)), quantile(level)
    guards.choice(between, "between", ("optimal", *METHODS), error=DesignError)
    if sum(x is not None for x in (n, budget, moe)) > 1 or all(x is None for x in (n, budget, moe, stratum_moe)):
        raise DesignError("give one of n, budget and moe (or stratum_moe alone).")
    n = None if n is None else whole(n, "n", 1)
    budget = None if budget is None else number(budget, "budget", 0, MOST)
    moe, stratum_moe = (
        None if v is None else number(v, what, 0, 0.5) for v, what in ((moe, "moe"), (stratum_moe, "stratum_moe"))
    )
    prices = cost if n is None else (1.0, 1.0)
    splits = [_best(row, variance, prices, deff, screening) for row in table]
    F, persons = np.array([s[0] for s in splits]), table.sum(axis=1)
    if not F.any():
        raise DesignError(
            f"p = {guards.sight(p)} leaves nothing that varies, so any interviews would do; give a p between 0 and 1."
        )
    least = np.zeros(len(F))
    if stratum_moe is not None:
        least = F / _variance_of(stratum_moe, z, persons)
    if between != "optimal":
        if n is None or stratum_moe is not None:
            raise DesignError(f"between = {between!r} needs n, the interviews in all, and no stratum_moe.")
        spend = allocate(persons, n, method=between) * np.array([s[4] for s in splits])
    elif moe is not None:
        spend = _meet(F, least, float(_variance_of(moe, z, persons.sum())))
    elif budget is not None or n is not None:
        spend = _spend(F, least, budget, n, np.array([s[4] for s in splits]))
    else:
        spend = least
    prices = Prices(
        cost, screening or 0.0, np.array([r[1] / r[2] if s[1] == "screening" else 0.0 for s, r in zip(splits, table)])
    )
    kernels = [_split(row, variance, deff, design, theta) for (_, design, theta, _, _), row in zip(splits, table)]
    real, low = _wanted(splits, spend, kernels, minimum)
    people = np.column_stack([table[:, 0] + table[:, 1], table[:, 1] + table[:, 2]])
    counts = _counts(real, low, people, prices, budget, n)
    result, moe = _result(splits, kernels, counts, table, prices, z)
    result.insert(0, title, names)
    return FrameAllocation(result, float(result["cost"].sum()), moe)


class Prices(NamedTuple):
    """What interviews cost: (A, B) of one, of a contact that is left out, and such contacts for each of frame B, by stratum (H,)."""

    interview: tuple
    contact: float
    contacts: np.ndarray

    def screened(self, counts: Array) -> Floats:
        """Contacts (H,) that are left out for so many interviews (H, 2): whole ones."""
        return np.ceil(counts[:, 1] * self.contacts)

    def paid(self, counts: Array) -> Floats:
        """Money (H,)."""
        return counts @ np.array(self.interview) + self.contact * self.screened(counts)

    def mean(self) -> Floats:
        """Money (H, 2) of one interview, contacts in proportion."""
        return np.column_stack(
            [np.full(len(self.contacts), self.interview[0]), self.interview[1] + self.contact * self.contacts]
        )


def _variance_of(moe, z, persons):
    """Variance that a margin of error leaves to a total of so many persons."""
    variance = (moe * persons / z) ** 2
    if not np.all(variance > 1e-200):
        raise DesignError(f"moe = {moe:g} asks for more interviews than there are persons; ask for a larger one.")
    return variance


def _sizes(sizes):
    """Persons by stratum and domain (H, 3), names of the strata and of their column."""
    if hasattr(sizes, "keys") and not hasattr(sizes, "columns"):
        frame = pd.DataFrame([dict(sizes)])
    else:
        frame = framed(sizes, "sizes, persons in the domains a, ab and b or a table of them,", DesignError).to_pandas()
    missing = [d for d in DOMAINS if d not in frame]
    if missing:
        raise DesignError(f"sizes lack {missing[0]!r}; give persons in the domains a, ab and b.")
    if len(frame) == 0:
        raise DesignError("sizes has no strata; give persons in the domains a, ab and b.")
    told = {"error": DesignError, "remedy": "Give persons, 0 or more."}
    table = [guards.number_array(frame[d].tolist(), f"sizes, domain {d!r}", **told) for d in DOMAINS]
    table = np.column_stack(table)
    bad = (table < 0) | (table > MOST)
    bad[:, 0] |= np.all(table[:, :2] == 0, axis=1)
    if bad.any():
        h, d = np.argwhere(bad)[0]
        raise DesignError(
            f"sizes: stratum {h + 1} has {table[h, d]:g} persons in domain {DOMAINS[d]!r}; give 0 or more persons, at most "
            f"{MOST:g}, with somebody in frame A of every stratum."
        )
    rest = [c for c in frame if c not in DOMAINS]
    return table, list(frame[rest[0]]) if rest else ["all"] * len(frame), rest[0] if rest else "stratum"


def _variances(p):
    values = p if hasattr(p, "keys") else dict.fromkeys(DOMAINS, p)
    wanted = "Give one number, or one for each of a, ab and b."
    if set(values) != set(DOMAINS):
        raise DesignError(f"p = {guards.sight(p)}. {wanted}")
    shares = [number(values[d], "p", 0, 1, open_=False, remedy=wanted) for d in DOMAINS]
    return np.array([share * (1 - share) for share in shares])


def _pair(values, what, most):
    """Two numbers above 0."""
    pair = guards.pair(values, what, error=DesignError, remedy="For frame A and frame B.")
    return tuple(number(value, what, 0, most, remedy="Give a pair, for frame A and frame B.") for value in pair)


def _kernel(row, variance, deff, theta):
    """n × variance of either frame's part of the total."""
    a, ab, b = row
    part = a * variance[0] + theta**2 * ab * variance[1], b * variance[2] + (1 - theta) ** 2 * ab * variance[1]
    return (a + ab) * deff[0] * part[0], (ab + b) * deff[1] * part[1]


def _best(row, variance, cost, deff, screening):
    """Least cost × variance of a stratum: (F, design, θ, (share of money for A, for B), cost per interview)."""

    def product(theta, prices):
        return sum(np.sqrt(c * k) for c, k in zip(prices, _kernel(row, variance, deff, theta))) ** 2

    found = optimize.minimize_scalar(product, bounds=(0, 1), args=(cost,), method="bounded", options={"xatol": 1e-10})
    theta = min((0.0, 1.0, float(found.x)), key=lambda t: product(t, cost))
    choice = product(theta, cost), "overlap", theta, cost
    if screening is not None and row[2] > 0:
        prices = cost[0], cost[1] + screening * row[1] / row[2]
        kernel = _split(row, variance, deff, "screening", 1.0)
        F = sum(np.sqrt(c * k) for c, k in zip(prices, kernel)) ** 2
        if choice[0] > F:
            choice = F, "screening", 1.0, prices
    F, design, theta, prices = choice
    kernel = _split(row, variance, deff, design, theta)
    root = np.sqrt(np.array(kernel) / np.array(prices))
    numbers = root / max((np.array(prices) * root).sum(), 1e-300)  # interviews per unit of money
    return F, design, theta, numbers, 1 / max(numbers.sum(), 1e-300)


def _split(row, variance, deff, design, theta):
    if design == "overlap":
        return _kernel(row, variance, deff, theta)
    a, ab, b = row
    return (a + ab) * deff[0] * (a * variance[0] + ab * variance[1]), b * deff[1] * b * variance[2]


def _meet(F, least, target):
    """Least spending by stratum with Σ F / spending = target and spending at least `least`."""
    root = np.sqrt(F)
    with np.errstate(divide="ignore", invalid="ignore"):
        if np.where(F > 0, F / least, 0).sum() <= target and np.all(least[F > 0] > 0):
            return least

        def gap(log_rate):
            spend = np.maximum(root * np.exp(log_rate), least)
            return np.where(F > 0, F / spend, 0).sum() - target

    rate = np.log(root.sum() / target)  # without bounds
    return np.maximum(root * np.exp(optimize.brentq(gap, rate - 60, rate + 1e-9, xtol=1e-13)), least)


def _spend(F, least, budget, n, price):
    """Spending by √F, at least `least`, that uses up a budget or a number of interviews."""
    unit, total, what = (np.ones(len(F)), budget, "budget") if n is None else (1 / price, n, "n")
    if (least * unit).sum() > total:
        raise DesignError(
            f"{what} = {total:,.10g}: the strata's own bounds alone need {(least * unit).sum():,.0f}; raise it, or stratum_moe."
        )
    root = np.sqrt(F)
    most = 2 * total / max((root * unit).sum(), 1e-300)
    _, high, _ = bisected(lambda rate: (np.maximum(root * rate, least) * unit).sum() < total, 0.0, most, 200)
    return np.maximum(root * high, least)


def _wanted(splits, spend, kernels, minimum):
    """Interviews (H, 2) that money buys, real numbers, and the least there may be: none in a frame that nothing varies in."""
    some = np.array(kernels) > 0
    real = np.array([money * np.array(numbers) for (_, _, _, numbers, _), money in zip(splits, spend)])
    return np.where(some, real, 0.0), np.where(some, minimum, 0)


def _counts(real, low, people, prices, budget, n):
    """Interviews (H, 2): rounded up; by largest remainders to the number asked for, or to what the budget pays."""
    if n is not None and low.sum() > n:
        raise DesignError(
            f"the minimum per stratum and frame alone needs {int(low.sum()):,} interviews; lower it, or raise n."
        )
    if budget is not None:
        real = _within(budget, real, low, prices)
    _refuse_too_many(np.maximum(real, low), people)
    if n is not None:
        shares = [Fraction(v) for v in real.ravel().tolist()]
        counts = np.array(shared_out(shares, n, low.ravel().tolist())).reshape(-1, 2)
    elif budget is not None:
        counts = _spent(budget, real, low, prices, people)
    else:
        counts = np.maximum(np.ceil(real - 1e-9).astype(np.int64), low)
    _refuse_too_many(counts, people)
    none = (counts == 0) & (real > 0)
    if none.any():
        h, f = np.argwhere(none)[0]
        raise DesignError(
            f"frame {'AB'[f]} of stratum {h + 1} would get no interview, and its persons no estimate; ask for more, or raise the minimum."
        )
    return counts


def _spent(budget, real, low, prices, people):
    """Whole interviews (H, 2) that a budget pays: rounded down, then one more each by largest remainders as long as it fits.

    What a dear interview leaves is spent alike on those that still fit, until none does.
    """
    counts, wanted = low.copy(), real - low
    while True:
        step = np.minimum(np.floor(wanted + 1e-9).astype(np.int64), (people - counts).astype(np.int64))
        while step.any() and not _pays(budget, prices, counts + step):  # contacts that are left out are whole
            step[:, 1] = np.maximum(step[:, 1] - (prices.contacts > 0), 0)
        counts, open_ = counts + step, np.zeros(real.shape, bool)
        for cell in np.argsort(-np.round(wanted - step, ALIKE), axis=None, kind="stable"):
            counts.flat[cell] += 1
            counts.flat[cell] -= real.flat[cell] <= 0 or not _pays(budget, prices, counts, people)
        for cell in np.flatnonzero(real > 0):
            counts.flat[cell] += 1
            open_.flat[cell] = _pays(budget, prices, counts, people)
            counts.flat[cell] -= 1
        if not open_.any():
            return counts
        wanted = np.where(open_, real, 0.0)
        wanted *= (budget - prices.paid(counts).sum()) / (wanted * prices.mean()).sum()


def _pays(budget, prices, counts, people=np.inf):
    """Whether a budget pays so many interviews, of persons there are."""
    return prices.paid(counts).sum() <= budget * (1 + 1e-12) and bool(np.all(counts <= people))


def _within(budget, real, low, prices):
    """Interviews (H, 2) raised to their least, the others lowered in proportion so that all cost the budget."""
    fixed, price = np.zeros(real.shape, bool), prices.mean()
    while _pays(budget, prices, low):
        left = budget - (low * price)[fixed].sum()
        if left < -1e-9 * budget:
            break
        others = (real * price)[~fixed].sum()
        scaled = np.where(fixed, low, real * (min(left / others, 1.0) if others > 0 else 1.0))
        below = ~fixed & (scaled < low)
        if not below.any():
            return scaled
        fixed |= below
    raise DesignError(
        f"budget = {budget:,.10g}: the minimum of interviews per stratum and frame alone costs {prices.paid(low).sum():,.10g}; raise the "
        f"budget, or lower the minimum."
    )


def _refuse_too_many(counts, people):
    """Raise where a frame would need more interviews than it has persons; counts may be real numbers, rounded up later."""
    beyond = counts >= people + 1
    if beyond.any() or np.any((counts > people) & (counts % 1 == 0)):
        h, f = np.argwhere(counts > people)[0]
        raise DesignError(
            f"frame {'AB'[f]} of stratum {h + 1} would need {counts[h, f]:,.0f} interviews of {people[h, f]:,.0f} persons; ask for less, "
            f"or join strata."
        )


def _result(splits, kernels, counts, table, prices, z):
    """The table of strata without their names, and the margin of error over all of them."""
    rows, total, contacts = [], 0.0, zip(prices.screened(counts).astype(np.int64), prices.paid(counts))
    for (_, design, theta, _, _), kernel, n, row, (screened, paid) in zip(splits, kernels, counts, table, contacts):
        v = sum(k / m for k, m in zip(kernel, n) if k > 0)
        rows.append((design, theta, *n, screened, paid, z * np.sqrt(v) / row.sum()))
        total += v
    columns = ["design", "theta", "n_A", "n_B", "screened", "cost", "moe"]
    return pd.DataFrame(rows, columns=columns), float(z * np.sqrt(total) / table.sum())
