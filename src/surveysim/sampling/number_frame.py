"""Telephone numbers in banks as a frame, number by number, and the designs that draw from it.

Random digits, Mitofsky and Waksberg's two stages, and strata of numbers at rates of their own: list-assisted (banks with and without a
listed number), listed numbers taken entirely, numbers that are flagged as active.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Array, Floats, Ints, Values
from ..coding import codes_inside
from ..display import Shown
from ..errors import DesignError
from .allocation import number, whole
from .selection import generator

STRATA = {  # by what is known of a number: the strata, first those that hold it
    "banks": ("listed bank", "zero bank"),
    "listed": ("listed", "listed bank", "zero bank"),
    "active": ("active", "inactive"),
}
MOST = 100_000_000  # numbers of a frame


@dataclass(frozen=True)
class NumberSample(Shown):
    """Numbers that a design has drawn.

    Attributes
    ----------
    table : a row for each: number (its place in the frame), bank, stratum, psu, probability, works. Of Mitofsky and Waksberg's
        design every number of the first stage, and of the second those that work.
    dials : numbers dialled, those included that are no rows. covered : share of the frame's working numbers that have a chance.
    """

    table: pd.DataFrame
    dials: int
    covered: float

    @property
    def weight(self) -> Floats:
        """Weights (n,) of the rows, 1 / probability."""
        return 1 / self.table["probability"].to_numpy()

    @property
    def hits(self) -> float:
        """Share of the numbers dialled that work."""
        return int(self.table["works"].sum()) / self.dials

    def cost(self, dial: float, interview: float) -> float:
        """What it costs: `dial` for a number that does not work, `interview` for one that does."""
        works = int(self.table["works"].sum())
        return (
            number(dial, "dial", 0, open_=False) * (self.dials - works)
            + number(interview, "interview", 0, open_=False) * works
        )

    def summary(self) -> str:
        """One line: what was dialled, what works, what is covered."""
        works = int(self.table["works"].sum())
        return f"{self.dials:,} numbers dialled, {works:,} work ({self.hits:.1%}); {self.covered:.1%} of those that work are covered"

    __repr__ = summary

    def _shown(self) -> pd.DataFrame:
        return self.table


@dataclass(frozen=True)
class NumberFrame:
    """Telephone numbers one by one: the bank of each, whether it works, and what a design may know of it.

    Parameters
    ----------
    bank : (N,) whole numbers, 0 … B - 1: the bank of each number, of 100 numbers in North America.
    works : (N,) whether it reaches a household or person. listed : (N,) whether a directory has it; None if nothing is known.
    active : (N,) whether it is flagged as active, rightly or wrongly; None without flags.

    Raises
    ------
    DesignError : columns of different lengths, values that are no truth values, no number that works.

    References
    ----------
    Waksberg (1978), JASA 73:40-46; Casady & Lepkowski (1993), Surv. Methodol. 19:103-113; Brick, Waksberg, Kulp & Starer (1995), Public
    Opin. Q. 59:218-235.

    Examples
    --------
    Two banks of four numbers; the second has no listed number.

    >>> from surveysim import sampling
    >>> frame = sampling.NumberFrame([0] * 4 + [1] * 4, [1, 1, 1, 0, 1, 0, 0, 0], listed=[1, 0, 0, 0, 0, 0, 0, 0])
    >>> sample = frame.stratified("banks", {"listed bank": 1.0, "zero bank": 0.0})
    >>> print(sample)
    4 numbers dialled, 3 work (75.0%); 75.0% of those that work are covered
    """

    bank: Any
    works: Any
    listed: Any = None
    active: Any = None
    _starts: Ints = field(init=False, repr=False)
    _order: Ints = field(init=False, repr=False)

    def __post_init__(self) -> None:
        given = {"works": self.works} | {
            k: getattr(self, k) for k in ("listed", "active") if getattr(self, k) is not None
        }
        bank = guards.number_array(
            self.bank, "bank", error=DesignError, remedy="Give whole numbers, the bank of each number."
        )
        if (bank % 1).any():
            raise DesignError(f"bank = {guards.sight(self.bank)}: give whole numbers, the bank of each number.")
        bank = codes_inside("bank", bank.astype(np.int64), max(len(bank), 1), len(bank))
        for name, values in given.items():
            object.__setattr__(self, name, _truths(values, name, len(bank)))
        if not self.works.any():
            raise DesignError("works: no number of the frame works, so there is nobody to reach.")
        object.__setattr__(self, "bank", bank)
        object.__setattr__(self, "_order", np.argsort(bank, kind="stable"))
        object.__setattr__(self, "_starts", np.concatenate([[0], np.cumsum(np.bincount(bank))]))

    def __len__(self) -> int:
        return len(self.bank)

    @classmethod
    def simulated(
        cls,
        banks: int,
        *,
        size: int = 100,
        empty: float = 0.6,
        density: float = 0.5,
        spread: float = 0.2,
        listed: float = 0.6,
        unlisted_banks: float = 0.04,
        sensitivity: float = 0.97,
        false_positive: float = 0.1,
        rng: np.random.Generator | int | None = None,
    ) -> Self:
        """A frame of so many banks.

        Parameters
        ----------
        banks : how many. size : numbers of each. empty : share of banks in which none works. density, spread : mean and standard deviation
            of the share of working numbers in the others (a beta law).
        listed : share of the working numbers that are listed. unlisted_banks : share of the banks with working numbers that list none.
        sensitivity : share of the working numbers flagged as active. false_positive : the same of the others.
        rng : numpy Generator or seed.

        Examples
        --------
        >>> from surveysim import sampling
        >>> frame = sampling.NumberFrame.simulated(1000, rng=1)
        >>> print(len(frame), round(frame.works.mean(), 3))
        100000 0.2
        """
        banks, size = whole(banks, "banks", 1, MOST), whole(size, "size", 1, MOST)
        if banks * size > MOST:
            raise DesignError(f"banks = {banks:,} of {size:,} numbers: a frame holds {MOST:,} at most.")
        shares = {"empty": empty, "listed": listed, "unlisted_banks": unlisted_banks, "sensitivity": sensitivity}
        shares = {
            k: number(v, k, 0, 1, False, "It is a share.")
            for k, v in (shares | {"false_positive": false_positive}).items()
        }
        density, spread, rng = (
            number(density, "density", 0, 1),
            number(spread, "spread", 0, open_=False),
            generator(rng),
        )
        strength = density * (1 - density) / spread**2 - 1 if spread else np.inf
        if strength <= 0:
            raise DesignError(
                f"spread = {spread:g}: shares with the mean {density:g} spread less than {np.sqrt(density * (1 - density)):.3g}."
            )
        fill = rng.beta(density * strength, (1 - density) * strength, banks) if spread else np.full(banks, density)
        fill[rng.random(banks) < shares["empty"]] = 0.0
        bank = np.repeat(np.arange(banks), size)
        works = rng.random(banks * size) < fill[bank]
        lists = rng.random(banks) >= shares["unlisted_banks"]
        return cls(
            bank,
            works,
            works & lists[bank] & (rng.random(len(bank)) < shares["listed"]),
            rng.random(len(bank)) < np.where(works, shares["sensitivity"], shares["false_positive"]),
        )

    # ------------------------------------------------------------------------------------------------------------ designs
    def random_digits(self, n: int, rng: np.random.Generator | int | None = None) -> NumberSample:
        """Simple random digits: n numbers, all alike, without replacement."""
        n = whole(n, "n", 1, len(self))
        drawn = np.sort(generator(rng).choice(len(self), n, replace=False))
        return self._sample(drawn, np.full(n, n / len(self)), np.full(n, "all", object), drawn, n, 1.0)

    def strata(self, by: str) -> Array:
        """Stratum (N,) of each number, by its name.

        by : "banks", "listed bank" (one listed number or more in its bank) or "zero bank"; "listed", the listed numbers and of the others
        those two; "active" or "inactive" as flagged.
        """
        return np.array(STRATA[self._by(by)], object)[self._codes(by)]

    def _by(self, by):
        guards.choice(by, "by", tuple(STRATA), error=DesignError)
        known = "active" if by == "active" else "listed"
        if getattr(self, known) is None:
            raise DesignError(f'by = "{by}": the frame does not know which numbers are {known}; give {known}=.')
        return by

    def _codes(self, by):
        """Stratum (N,) of each number, its place among their names."""
        if by == "active":
            return np.where(self.active, 0, 1)
        zero = (np.bincount(self.bank, self.listed) == 0)[self.bank].astype(np.int64)
        return zero if by == "banks" else np.where(self.listed, 0, 1 + zero)

    def stratified(
        self, by: str, rates: Mapping[str, float], rng: np.random.Generator | int | None = None
    ) -> NumberSample:
        """Numbers of every stratum at a rate of its own, without replacement.

        Parameters
        ----------
        by : as of `strata`. rates : {stratum: share of its numbers that is drawn}, in whole numbers; 1 takes all, 0 leaves the stratum out
            and those who can be reached there uncovered.

        Notes
        -----
        Shares that cost least go by √(h (1 + (1 - h) λ) / c) with h the share that works, λ the squared distance of the stratum's mean in
        standard deviations, and c the mean cost of a number (Casady & Lepkowski 1993): `allocate` with method "cost".
        """
        names = STRATA[self._by(by)]
        if not isinstance(rates, Mapping) or set(rates) != set(names):
            raise DesignError(f"rates = {guards.sight(rates)}: give one for each of {', '.join(map(repr, names))}.")
        code, rng, drawn, probability = self._codes(by), generator(rng), [], []
        for k, name in enumerate(names):
            rate, inside = (
                number(rates[name], f"rates[{name!r}]", 0, 1, False, "It is a share."),
                np.flatnonzero(code == k),
            )
            n = round(rate * len(inside))
            if n == 0 < rate * len(inside):
                raise DesignError(
                    f"rates[{name!r}] = {rate:g} draws none of {len(inside):,} numbers; raise it, or give 0."
                )
            drawn.append(np.sort(rng.choice(inside, n, replace=False)))
            probability.append(n / max(len(inside), 1))
        rows, chance = np.concatenate(drawn), np.array(probability)
        if not len(rows):
            raise DesignError("rates leave every stratum out; raise one.")
        works = np.bincount(code, self.works, len(names))
        stratum = np.array(names, object)[code[rows]]
        return self._sample(
            rows, chance[code[rows]], stratum, rows, len(rows), float(works[chance > 0].sum() / works.sum())
        )

    def mitofsky_waksberg(
        self,
        more: int,
        *,
        banks: int | None = None,
        first: int | None = None,
        rng: np.random.Generator | int | None = None,
    ) -> NumberSample:
        """Two stages: random numbers, and where one works so many more that work from its bank.

        Parameters
        ----------
        more : k, further working numbers from each bank that is kept. Where the bank has fewer it is dialled through, and they count more.
        banks : banks to be kept; numbers are dialled until there are so many. first : or the numbers dialled at the first stage.
        rng : numpy Generator or seed.

        Returns
        -------
        NumberSample. Every number of the first stage is a PSU, drawn with replacement; those that do not work are rows too, with the
        chance of the first stage alone, D / N. With `first`, D, the probability is D (k + 1) / N for the working numbers of every bank that
        has k + 1, whatever else it holds; with `banks`, m, it is estimated, unbiased weights of inverse sampling being
        N (m - 1) / ((D - 1) m (k + 1)), and N / (D - 1) for numbers that do not work.

        References
        ----------
        Waksberg (1978), JASA 73:40-46.

        Examples
        --------
        >>> from surveysim import sampling
        >>> frame = sampling.NumberFrame.simulated(1000, rng=1)
        >>> print(frame.mitofsky_waksberg(4, banks=50, rng=2))
        680 numbers dialled, 250 work (36.8%); 100.0% of those that work are covered
        """
        more, rng, N = whole(more, "more", 0), generator(rng), len(self)
        if (banks is None) == (first is None):
            raise DesignError("give either banks, how many are kept, or first, the numbers of the first stage.")
        given = (first, "first") if banks is None else (banks, "banks")
        asked, works = whole(*given, 2, remedy="An error takes two."), int(self.works.sum())
        if asked * (more + 1) > (N if banks is None else works):
            raise DesignError(
                f"{asked:,} {'numbers' if banks is None else 'banks'}, and {more} more in each bank that is kept, would take numbers "
                f"of the frame ({N:,}, of which {works:,} work) more than once; ask for fewer."
            )
        if banks is None:
            dialled = rng.integers(0, N, asked)
            share = nobody = len(dialled) / N
        else:  # of inverse sampling the last number is known to work
            dialled = self._until(asked, rng)
            nobody = (len(dialled) - 1) / N
            share = asked / (asked - 1) * nobody
        number_of, psu, dials = [dialled], [np.arange(len(dialled))], len(dialled)
        chance = np.full(len(dialled), nobody)  # of numbers that do not work: the second stage brings none of them
        for k in np.flatnonzero(self.works[dialled]):
            b = self.bank[dialled[k]]
            bank = self._order[self._starts[b] : self._starts[b + 1]]
            others = rng.permutation(bank[bank != dialled[k]])
            hit = np.flatnonzero(self.works[others])
            dials += len(others) if len(hit) < more else int(hit[more - 1]) + 1 if more else 0
            number_of.append(others[hit[:more]])
            psu.append(np.full(len(number_of[-1]), k))
            chance[k] = share * (1 + len(number_of[-1]))
        rows, psu = np.concatenate(number_of), np.concatenate(psu)
        return self._sample(rows, chance[psu], np.full(len(rows), "all", object), psu, dials, 1.0)

    def _until(self, wanted, rng):
        """Random numbers, with replacement, up to the one that keeps the last bank wanted."""
        dialled = np.empty(0, np.int64)
        while True:
            dialled = np.append(dialled, rng.integers(0, len(self), 1000 + int(2 * wanted / self.works.mean())))
            hit = np.flatnonzero(self.works[dialled])
            if len(hit) >= wanted:
                return dialled[: hit[wanted - 1] + 1]

    def _sample(self, rows, probability, stratum, psu, dials, covered):
        columns = {"number": rows, "bank": self.bank[rows], "stratum": stratum, "psu": psu, "probability": probability}
        return NumberSample(pd.DataFrame(columns | {"works": self.works[rows]}), int(dials), covered)


def _truths(values: Values, name: str, n: int) -> Array:
    """(n,) truth values."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "b" and values.shape == (n,):
        return values
    given = guards.number_array(
        values, name, shape=(n,), error=DesignError, remedy="Give a truth value for each number."
    )
    message = "{name} has {bad} values other than true and false, the first is {first:g} at place {row}."
    guards.refuse(~np.isin(given, (0.0, 1.0)), message, DesignError, name=name, first=given)
    return given == 1
