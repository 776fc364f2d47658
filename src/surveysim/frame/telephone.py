"""The landline and the mobile frame: numbers that can be dialled, and whom each one reaches."""

from functools import cached_property

import numpy as np
import pandas as pd

from ..aliases import Array, Ints, Values
from ..apportion import starts
from ..display import Shown
from ..errors import DataError, SpecError, UnknownNameError
from ..guards import choice, is_text, number, sight, whole_number
from ..kernels import numbers as kernels
from ..population import Population
from ..population.china import China
from ..population.finite import ids_below
from . import china, plain
from .fill import Prefixes
from .prefixes import SUFFIXES

MOST = 1_000_000_000  # telephone numbers at once; more would not fit into memory

BUCKET_BITS = 20


class TelephoneFrame(Shown):
    """All numbers of one kind, by frame unit: prefixes × 10,000 numbers, some of which reach somebody.

    Parameters
    ----------
    pop : Population.
    kind : "mobile" (a number reaches its owner) or "landline" (a number reaches a household).
    out_of_area : share of people registered elsewhere (census hukou columns) who kept a number from there; mobile only.
    prefixes : "shipped" (the real number of mobile prefixes of every unit, codes dealt at random from the real segments) or
        "phone" (the real codes, from the package `phone`, extra "frame"). Who is reached is the same: only digits differ.
        Both are for `Population.china`; other populations get running codes.
    prefix_spread : standard deviation of the log of the share of a prefix's numbers that are given out, within unit and operator.
    empty_prefixes, new_prefixes : shares of the mobile prefixes that have given out no number, and, opened of late, a quarter of
        what others have. Mobile prefixes also differ by operator, as the operators' subscriptions do. The three are for
        `Population.china`; prefixes of other populations are filled alike.

    Attributes
    ----------
    units : DataFrame of the frame units (337 in China): province, unit, names, `prefixes`, `numbers` (prefixes × 10,000),
        `working_rate` (expected share of numbers that reach a person or household), `business_rate` (share of the other
        numbers that reach a business or a machine).

    Examples
    --------
    >>> import pandas as pd, surveysim as ss
    >>> people = pd.DataFrame({"region": ["north", "north", "south"], "mobiles": [1, 2, 1]})
    >>> pop = ss.Population.from_frame(people, stratum="region", mobiles="mobiles")
    >>> frame = ss.TelephoneFrame(pop, "mobile")
    >>> print(frame)
    <TelephoneFrame mobile: 2 units, 20,000 numbers>
    >>> frame.units[["unit", "numbers", "working_rate"]].values.tolist()  # 3 and 1 of 10,000
    [['north', 10000, 0.0003], ['south', 10000, 0.0001]]
    """

    def __init__(
        self,
        pop: Population,
        kind: str = "mobile",
        *,
        out_of_area: float = 0.5,
        prefixes: str = "shipped",
        prefix_spread: float = 0.5,
        empty_prefixes: float = 0.08,
        new_prefixes: float = 0.10,
    ) -> None:
        if not isinstance(pop, Population):
            raise DataError(f"pop must be a Population; got {type(pop).__name__}.")
        choice(kind, "kind", ("mobile", "landline"), error=SpecError)
        out_of_area = number(out_of_area, "out_of_area", 0, 1, error=SpecError, remedy="It is a share.")
        if not is_text(prefixes, "shipped") and not is_text(prefixes, "phone"):
            raise SpecError(f'prefixes = {prefixes!r}: choose "shipped" or "phone".')
        shares = {"empty_prefixes": empty_prefixes, "new_prefixes": new_prefixes}
        empty, new = (number(v, n, 0, 1, error=SpecError, remedy="It is a share.") for n, v in shares.items())
        if empty + new > 1:
            raise SpecError(f"empty_prefixes + new_prefixes = {empty + new:g}: give shares that add up to 1 at most.")
        spread = number(
            prefix_spread, "prefix_spread", 0, 3, error=SpecError, remedy="It is a standard deviation of logs."
        )
        self.pop, self.kind = pop, kind
        if isinstance(pop.source, China):
            differ = Prefixes(spread, empty, new) if kind == "mobile" else Prefixes(spread)
            self._layout = china.layout(pop, kind, out_of_area, prefixes, differ)
        else:
            self._layout = plain.layout(pop, kind)
        self.units, self.numbers, self.prefixes = self._layout.units, self._layout.numbers, self._layout.prefixes

    def __repr__(self) -> str:
        return (
            f"<TelephoneFrame {self.kind}: {len(self.prefixes)} units, {int(self.prefixes.sum()) * SUFFIXES:,} numbers>"
        )

    def named(self, stratum: str) -> str:
        """A stratum of the population as people know it, its code in brackets."""
        name = self._layout.names.get(stratum)
        return f"{name} ({stratum})" if name else stratum

    @cached_property
    def _codes(self):
        """Codes in unit order, and what finds one (`kernels.Codes`)."""
        codes = self._layout.codes().astype(np.int64)
        order = np.argsort(codes)
        ordered = codes[order]
        shift = max(0, int(ordered[-1] - ordered[0]).bit_length() - BUCKET_BITS)
        edges = np.arange((ordered[0] >> shift), (ordered[-1] >> shift) + 2) << shift
        bucket = np.searchsorted(ordered, edges)
        unit = np.repeat(np.arange(len(self.prefixes)), self.prefixes)
        return codes, kernels.Codes(ordered, order, bucket, np.array([shift]), unit, starts(self.prefixes))

    @property
    def prefix_fill(self) -> Array:
        """Share of each prefix's numbers that are slots of people or households, in the order of the units; not all slots are in use.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> pop = ss.Population.from_frame(pd.DataFrame({"mobiles": [1, 2]}), mobiles="mobiles")
        >>> ss.TelephoneFrame(pop).prefix_fill.tolist()  # room for two numbers of each person
        [0.0004]
        """
        return kernels.given_by(self.numbers.prefix) / SUFFIXES

    def digits(self, unit: Values, number: Values) -> Array:
        """Telephone numbers as text from unit indices and number indices (arrays of equal length).

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> pop = ss.Population.from_frame(pd.DataFrame({"mobiles": [1]}), mobiles="mobiles")
        >>> ss.TelephoneFrame(pop).digits([0, 0], [0, 9999]).tolist()
        ['10000000000', '10000009999']
        """
        unit, number = np.asarray(unit, np.int64), np.asarray(number, np.int64)
        if len(unit) == 0:
            return np.array([], dtype="U1")
        value = self._codes[0][starts(self.prefixes)[unit] + number // SUFFIXES] * SUFFIXES + number % SUFFIXES
        text = np.zeros((len(value), len(str(int(value.max()))) - 1), np.uint32)
        kernels.write_digits(value, text)
        return text.view(f"U{text.shape[1]}").ravel()

    def _parse(self, numbers):
        """Unit and number indices of telephone numbers as text; unit -1 where the prefix is not in the frame."""
        try:
            text = np.asarray(numbers)
        except ValueError:  # lists of several lengths
            raise DataError(f"numbers = {sight(numbers)}: give a list of texts.") from None
        if text.dtype.kind in "iuf" and text.size:
            raise DataError(f"telephone numbers are text, because of leading zeros; got {text.dtype}.")
        text = np.ascontiguousarray(text.astype(str).ravel())
        if len(text) == 0:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        value = np.empty(len(text), np.int64)
        kernels.read_digits(text.view(np.uint32).reshape(len(text), -1), value)
        bad = value < 0
        if bad.any():
            raise DataError(
                f"{int(bad.sum())} of {len(text)} telephone numbers are not digits; the first is {str(text[bad][0])!r}."
            )
        unit, number = np.empty(len(text), np.int64), np.empty(len(text), np.int64)
        kernels.look_up(value, self._codes[1], unit, number)
        return unit, number

    # ------------------------------------------------------------------------------------------------ public use
    def unit_index(self, adcode: str) -> int:
        """Index of a frame unit from the adcode of the unit or of one of its prefectures (elsewhere: the stratum).

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> people = pd.DataFrame({"region": ["north", "south"], "mobiles": [1, 1]})
        >>> pop = ss.Population.from_frame(people, stratum="region", mobiles="mobiles")
        >>> ss.TelephoneFrame(pop).unit_index("south")
        1
        """
        code, units = str(adcode), self.units["unit"].astype(str)
        found = np.nonzero((units == code).to_numpy())[0]
        if len(found):
            return int(found[0])
        if code not in self._layout.places:
            raise UnknownNameError(
                f"no prefecture and no frame unit has adcode {adcode!r}; there are {len(units)} units such as {units[0]!r}."
            )
        return int(self._layout.places[code])

    def random_numbers(self, prefecture: str, n: int, rng: np.random.Generator) -> Array:
        """`n` numbers to dial in a prefecture or frame unit (adcode), with replacement; digits as text.

        Examples
        --------
        >>> import numpy as np, pandas as pd, surveysim as ss
        >>> people = pd.DataFrame({"region": ["north", "south"], "mobiles": [1, 1]})
        >>> pop = ss.Population.from_frame(people, stratum="region", mobiles="mobiles")
        >>> ss.TelephoneFrame(pop).random_numbers("south", 2, np.random.default_rng(1)).tolist()
        ['10000014731', '10000015118']
        """
        u = self.unit_index(prefecture)
        n = whole_number(n, "n", 0, MOST, remedy="It is how many telephone numbers to draw.")
        if not isinstance(rng, np.random.Generator):
            raise DataError(f"rng = {rng!r}: give a numpy Generator, such as numpy.random.default_rng(1).")
        return self.digits(np.full(n, u), rng.integers(0, self.numbers.space[u], n))

    def owner(self, numbers: Values) -> Ints:
        """int64 person (mobile) or household (landline) ids; -1 where nobody can be reached.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> pop = ss.Population.from_frame(pd.DataFrame({"mobiles": [1, 2]}), mobiles="mobiles")
        >>> frame = ss.TelephoneFrame(pop)
        >>> frame.owner(frame.numbers_of([0, 1])["number"]).tolist()
        [0, 1, 1]
        >>> frame.owner(["19999999999"]).tolist()  # not in the frame
        [-1]
        """
        unit, number = self._parse(numbers)
        out = np.full((len(unit), 2), -1, np.int64)
        known = unit >= 0
        part = np.empty((int(known.sum()), 2), np.int64)
        kernels.owners(self.numbers, unit[known], number[known], part)
        out[known] = part
        slot = np.nonzero(out[:, 0] >= 0)[0]
        if self._layout.order is not None:
            out[slot, 0] = self._layout.order[out[slot, 0]]
        result = np.full(len(out), -1, np.int64)
        slot = slot[self.pop.n_numbers(self.kind, out[slot, 0]) > out[slot, 1]]
        result[slot] = out[slot, 0]
        return result

    def numbers_of(self, ids: Values) -> pd.DataFrame:
        """Working numbers of persons (mobile) or households (landline): a long table of id and number.

        Examples
        --------
        >>> import pandas as pd, surveysim as ss
        >>> pop = ss.Population.from_frame(pd.DataFrame({"mobiles": [1, 2]}), mobiles="mobiles")
        >>> ss.TelephoneFrame(pop).numbers_of([0, 1]).values.tolist()
        [[0, '10000008107'], [1, '10000008109'], [1, '10000008110']]
        """
        if self.kind == "mobile":
            what, name, size = "person", "person_id", self.pop.size
        else:
            what, name, size = "household", self.pop.household_name, self.pop.n_households
        ids, order = ids_below(ids, size, what), self._layout.order
        place = ids if order is None else np.argsort(order)[ids]
        out = np.empty((len(ids), 3, 2), np.int64)
        kernels.numbers_of_owners(self.numbers, place, out)
        held = self.pop.n_numbers(self.kind, ids)
        row, layer = np.nonzero((out[:, :, 0] >= 0) & (np.arange(3) < held[:, None]))
        slot = out[row, layer]
        return pd.DataFrame({name: ids[row], "number": self.digits(slot[:, 0], slot[:, 1])})
