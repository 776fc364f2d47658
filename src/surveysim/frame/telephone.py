"""The landline and the mobile frame: numbers that can be dialled, and whom each one reaches."""

from functools import cached_property

import numpy as np
import pandas as pd

from .. import reference, streams
from ..errors import DataError, SpecError, UnknownNameError
from ..kernels import numbers as kernels
from ..kernels import people as people_kernels
from ..kernels import randomness
from ..population import Population
from ..population.synthesis import largest_remainder
from .coverage import planning

SUFFIXES = 10_000  # numbers behind one prefix or exchange
FULLEST = 0.95  # assumption: no unit hosts more slots than this share of its numbers; the rest lives elsewhere
LANDLINE_FILL = 0.36  # assumption: working share of fixed numbers, as found for mobiles (17.9 of 49.95 hundred million)
SAME_PROVINCE_AWAY = 0.5  # assumption: of people from another county of the province, those from another prefecture


class TelephoneFrame:
    """All numbers of one kind, by frame unit: prefixes × 10,000 numbers, some of which reach somebody.

    Parameters
    ----------
    pop : Population.
    kind : "mobile" (a number reaches its owner) or "landline" (a number reaches a household).
    out_of_area : share of people registered elsewhere (census hukou columns) who kept a number from there; mobile only.

    Attributes
    ----------
    units : DataFrame of the 337 frame units: province, unit, names, `prefixes`, `numbers` (prefixes × 10,000),
        `working_rate` (expected share of numbers that reach a person or household), `business_rate` (share of the other
        numbers that reach a business or a machine).
    """

    def __init__(self, pop, kind="mobile", *, out_of_area=0.5):
        if not isinstance(pop, Population):
            raise DataError(f"pop must be a Population; got {type(pop).__name__}.")
        if kind not in ("mobile", "landline"):
            raise SpecError(f'kind = {kind!r}: choose "mobile" or "landline".')
        if not 0 <= out_of_area <= 1:
            raise SpecError(f"out_of_area = {out_of_area!r}: give a share from 0 to 1.")
        self.pop, self.kind, self.out_of_area = pop, kind, out_of_area if kind == "mobile" else 0.0
        self._plan = planning(pop)
        self._province = np.searchsorted(np.array(reference.provinces()), self._plan["province"].to_numpy(str))
        self.prefixes = self._count_prefixes()
        self.numbers = self._build()
        self.units = self._plan.assign(
            prefixes=self.prefixes,
            numbers=self.prefixes * SUFFIXES,
            working_rate=self._working_rate(),
            business_rate=self._business_rate(),
        )

    def __repr__(self):
        return (
            f"<TelephoneFrame {self.kind}: {len(self.prefixes)} units, {int(self.prefixes.sum()) * SUFFIXES:,} numbers>"
        )

    # ------------------------------------------------------------------------------------------------ construction
    def _count_prefixes(self):
        """Prefixes per unit: the real mobile ones (scaled), or the exchanges that hold the unit's fixed lines."""
        if self.kind == "mobile":
            real = reference.frame_units().groupby("unit")["n_prefix7_total"].sum().to_numpy()
            return np.maximum(1, np.rint(real * self.pop.scale)).astype(np.int64)
        fixed = self._plan["residential_lines"] / self.pop.arguments["residential_share"]
        return np.maximum(1, np.ceil(fixed / LANDLINE_FILL / SUFFIXES)).to_numpy(np.int64)

    def _layers(self):
        """Modulus (3,) and cut (3, U) of the slot layers."""
        cycles = self.pop.people.cycles[:, self._province]
        units = len(self._province)
        if self.kind == "mobile":
            return (
                np.array([1, people_kernels.MOBILE_CYCLE, people_kernels.THIRD_CYCLE]),
                np.stack([np.ones(units, np.int64), cycles[0], cycles[1]]),
            )
        return (
            np.array([people_kernels.LINE_CYCLE, people_kernels.SECOND_LINE_CYCLE, 1]),
            np.stack([cycles[2], cycles[3], np.zeros(units, np.int64)]),
        )

    def _build(self):
        people = self.pop.people
        owner_start = people.unit_person if self.kind == "mobile" else people.unit_household
        owners, (modulus, cut) = np.diff(owner_start), self._layers()
        sizes = (owners // modulus[:, None]) * cut + np.minimum(owners % modulus[:, None], cut)
        layer_start = np.concatenate([np.zeros((1, len(owners)), np.int64), np.cumsum(sizes, axis=0)])
        slots, space = layer_start[3], self.prefixes * SUFFIXES
        room = np.floor(FULLEST * space).astype(np.int64)
        away = self._away(slots, room)
        full, rest = slots // kernels.AWAY, slots % kernels.AWAY
        nation = full * away[0] + np.minimum(rest, away[0])
        province = full * away[1] + np.clip(rest - away[0], 0, away[1])
        local = slots - nation - province
        guests_province = self._host(province, room - local, by_province=True)
        guests_nation = self._host(nation, room - local - guests_province, by_province=False)
        start = _starts
        hosted = np.stack([np.zeros_like(local), local, local + guests_nation, local + guests_nation + guests_province])
        pools = np.bincount(self._province, province, 31).astype(np.int64)
        return kernels.Numbers(
            key=streams.key(self.pop.seed, self.kind, "numbers").repeat(2)[:3] + np.arange(3, dtype=np.uint64) * 7919,
            owner_start=owner_start,
            modulus=modulus.astype(np.int64),
            cut=cut.astype(np.int64),
            layer_start=layer_start,
            unit_province=self._province.astype(np.int64),
            away=away,
            pool_start=np.stack([start(nation), start(province)]),
            pool_size=np.append(pools, nation.sum()).astype(np.int64),
            pool_first=start(pools)[:31],
            host_start=np.stack([start(guests_nation), start(guests_province)]),
            hosted=hosted,
            space=space,
            bits=np.array([max(2, int(n - 1).bit_length()) for n in space]),
        )

    def _away(self, slots, room):
        """Slots per AWAY that carry another province's number, or another unit's of the province; (2, U)."""
        places = reference.frame_units()
        population = places.groupby("unit")["population_2020_persons"].sum().to_numpy(float)
        other_county = (
            places.groupby("unit")["nonlocal_hukou_other_county_or_beyond_2020_persons"].sum().to_numpy(float)
        )
        other_province = places.groupby("unit")["nonlocal_hukou_other_province_2020_persons"].sum().to_numpy(float)
        nation = self.out_of_area * other_province / population
        province = self.out_of_area * SAME_PROVINCE_AWAY * np.maximum(other_county - other_province, 0) / population
        single = np.bincount(self._province)[self._province] == 1
        province[single] = 0
        crowded = 1 - room / np.maximum(slots, 1) - nation  # numbers that do not fit at home are a neighbour's
        province = np.maximum(province, np.where(single, 0, crowded))
        return np.ceil(np.stack([nation, province]) * kernels.AWAY - 1e-9).astype(np.int64)

    def _host(self, guests, room, by_province):
        """How many guests each unit hosts: in proportion to its rural people (where migrants come from), within its room."""
        rural = reference.frame_units().groupby("unit")["rural_2020_persons"].sum().to_numpy(float) + 1.0
        group = self._province if by_province else np.zeros(len(guests), np.int64)
        result = np.zeros(len(guests), np.int64)
        for g in np.unique(group):
            members = np.nonzero(group == g)[0]
            result[members] = _fill(rural[members], np.maximum(room[members], 0), int(guests[members].sum()))
        return result

    def _working_rate(self):
        """Expected share of a unit's numbers that reach somebody."""
        n, plan = self.numbers, self._plan
        active = plan["mobile_numbers" if self.kind == "mobile" else "residential_lines"].to_numpy()
        slots = np.maximum(n.layer_start[3], 1)
        fill = active / slots
        local, nation, province = np.diff(n.hosted, axis=0)
        sent_nation, sent_province = np.diff(n.pool_start, axis=1)
        rate_nation = (fill * sent_nation).sum() / max(sent_nation.sum(), 1)
        sent = np.bincount(self._province, sent_province, 31)
        rate_province = np.bincount(self._province, fill * sent_province, 31) / np.maximum(sent, 1)
        return (local * fill + nation * rate_nation + province * rate_province[self._province]) / n.space

    def _business_rate(self):
        """Share of the numbers that reach nobody at home which are a business's or a machine's."""
        phones = self.pop.model.telephones
        if self.kind == "mobile":
            other = (phones.mobile_subscriptions - phones.personal_mobiles) / phones.mobile_subscriptions
            ratio = (other / (1 - other))[self._province]
        else:
            share = self.pop.arguments["residential_share"]
            ratio = (1 - share) / share
        working = self._working_rate()
        return np.clip(working * ratio / (1 - working), 0, 0.9)

    # ------------------------------------------------------------------------------------------------ digits
    @cached_property
    def _codes(self):
        """Prefix codes (as int) in unit order, their sorted copy and the order that sorts them (mobile)."""
        segments = reference.load("phone_prefix_by_segment")
        every = np.concatenate(
            [int(p) * 10_000 + np.arange(n) for p, n in zip(segments["prefix3"], segments["n_prefix7_total"])]
        )
        image = np.empty(len(every), np.int64)
        randomness.permute_all(np.arange(len(every)), len(every), self.numbers.key[0], False, image)
        codes = every[image[: self.prefixes.sum()]]
        return codes, np.sort(codes), np.argsort(codes)

    @cached_property
    def _exchanges(self):
        """Exchange codes of every landline unit: random choices of 200-899 or 2000-8999, sorted, none twice in an area."""
        places = reference.frame_units().drop_duplicates("unit")
        result, used = [], {}
        for area, digits, count in zip(places["area_code"], places["local_digits"], self.prefixes):
            low, possible = (200, 700) if digits == 7 else (2000, 7000)
            first = used.get(area, 0)
            image = np.empty(count, np.int64)
            randomness.permute_all(
                np.arange(first, first + count), possible, self.numbers.key[0] + np.uint64(int(area)), False, image
            )
            used[area] = first + count
            result.append(low + np.sort(image))
        return result

    def digits(self, unit, number):
        """Telephone numbers as text from unit indices and number indices (arrays of equal length)."""
        unit, number = np.asarray(unit), np.asarray(number)
        if len(unit) == 0:
            return np.array([], dtype="U1")
        suffix = np.char.zfill((number % SUFFIXES).astype(str), 4)
        if self.kind == "mobile":
            code = self._codes[0][_starts(self.prefixes)[unit] + number // SUFFIXES].astype(str)
            return np.char.add(code, suffix)
        area = reference.frame_units().drop_duplicates("unit")["area_code"].to_numpy(str)[unit]
        code = np.array([self._exchanges[u][x // SUFFIXES] for u, x in zip(unit, number)]).astype(str)
        return np.char.add(np.char.add(area, code), suffix)

    def _parse(self, numbers):
        """Unit and number indices of telephone numbers as text; unit -1 where the prefix is not in the frame."""
        text = np.asarray(numbers, dtype=str)
        bad = ~np.char.isdigit(text)
        if bad.any():
            raise DataError(
                f"{int(bad.sum())} of {len(text)} telephone numbers are not digits; the first is {text[bad][0]!r}."
            )
        if self.kind == "mobile":
            return self._parse_mobile(text)
        area_codes = reference.frame_units().drop_duplicates("unit")["area_code"].to_numpy(str)
        unit, number = np.full(len(text), -1), np.zeros(len(text), np.int64)
        for u in np.unique(area_codes, return_index=True)[1]:
            rows = np.nonzero(np.char.startswith(text, area_codes[u]))[0]
            for v in np.nonzero(area_codes == area_codes[u])[0]:
                codes = self._exchanges[v]
                width = len(area_codes[u]) + len(str(codes[0])) + 4
                fits = rows[(np.char.str_len(text[rows]) == width) & (unit[rows] < 0)]
                code = np.array([int(t[len(area_codes[u]) : -4]) for t in text[fits]], dtype=np.int64)
                at = np.minimum(np.searchsorted(codes, code), len(codes) - 1)
                hit = codes[at] == code
                unit[fits[hit]] = v
                number[fits[hit]] = at[hit] * SUFFIXES + np.array(
                    [int(t[-4:]) for t in text[fits[hit]]], dtype=np.int64
                )
        return unit, number

    def _parse_mobile(self, text):
        ok = np.char.str_len(text) == 11
        value = np.where(ok, text, "0").astype(np.int64)
        _, ordered, order = self._codes
        at = np.minimum(np.searchsorted(ordered, value // SUFFIXES), len(ordered) - 1)
        hit = ok & (ordered[at] == value // SUFFIXES)
        place, starts = order[at], _starts(self.prefixes)
        unit = np.searchsorted(starts, place, side="right") - 1
        number = (place - starts[unit]) * SUFFIXES + value % SUFFIXES
        return np.where(hit, unit, -1), np.where(hit, number, 0)

    # ------------------------------------------------------------------------------------------------ public use
    def unit_index(self, adcode):
        """Index of a frame unit from the adcode of the unit or of one of its prefectures."""
        places = reference.frame_units()
        codes = self._plan["unit"].to_numpy(str)
        if adcode in codes:
            return int(np.nonzero(codes == adcode)[0][0])
        row = places.index[places["adcode"] == str(adcode)]
        if len(row) == 0:
            raise UnknownNameError(
                f"no prefecture and no frame unit has adcode {adcode!r}; codes are six digits as text, "
                f"such as {codes[0]!r}."
            )
        return int(np.nonzero(codes == places.loc[row[0], "unit"])[0][0])

    def random_numbers(self, prefecture, n, rng):
        """`n` numbers to dial in a prefecture or frame unit (adcode), with replacement; digits as text."""
        u = self.unit_index(prefecture)
        return self.digits(np.full(n, u), rng.integers(0, self.numbers.space[u], n))

    def owner(self, numbers):
        """int64 person (mobile) or household (landline) ids; -1 where nobody can be reached."""
        unit, number = self._parse(numbers)
        out = np.full((len(unit), 2), -1, np.int64)
        known = unit >= 0
        part = np.empty((int(known.sum()), 2), np.int64)
        kernels.owners(self.numbers, unit[known].astype(np.int64), number[known].astype(np.int64), part)
        out[known] = part
        slot = out[:, 0] >= 0
        active = np.zeros(len(out), bool)
        active[slot] = self._active(out[slot, 0], out[slot, 1])
        return np.where(active, out[:, 0], -1)

    def _active(self, ids, layer):
        """Whether the owner's slot of a layer holds a working number."""
        if self.kind == "mobile":
            return (self.pop.attributes(ids)[:, 5] >> layer) & 1 == 1
        out = np.empty((len(ids), 4), np.int64)
        people_kernels.household_table(self.pop.people, ids, out)
        return out[:, 3] > layer

    def numbers_of(self, ids):
        """Working numbers of persons (mobile) or households (landline): a long table of id and number."""
        what = "person" if self.kind == "mobile" else "household"
        size = self.pop.size if self.kind == "mobile" else self.pop.n_households
        ids = self.pop._ids(ids, size, what)
        out = np.empty((len(ids), 3, 2), np.int64)
        kernels.numbers_of_owners(self.numbers, ids, out)
        row, layer = np.nonzero(out[:, :, 0] >= 0)
        keep = self._active(ids[row], layer)
        row, layer = row[keep], layer[keep]
        slot = out[row, layer]
        return pd.DataFrame({f"{what}_id": ids[row], "number": self.digits(slot[:, 0], slot[:, 1])})


def _starts(counts):
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _fill(weight, room, total):
    """Integers proportional to `weight` that sum to `total`, none above `room`."""
    if total > room.sum():
        raise DataError(
            f"{total:,} telephone numbers have to live in other units, which have room for {int(room.sum()):,}; "
            f"lower out_of_area."
        )
    result, open_ = np.zeros(len(weight), np.int64), room > 0
    while total > result.sum():
        share = largest_remainder(np.where(open_, weight, 0.0), total - int(result.sum()))
        result = np.minimum(result + share, room)
        open_ = result < room
    return result
