"""How China's numbers lie: prefixes by unit, owners' slots, numbers that live elsewhere, shares in use."""

from functools import partial

import numpy as np
import pandas as pd

from .. import reference, streams
from ..apportion import largest_remainder, starts, within_room
from ..errors import DataError
from ..kernels import numbers as kernels
from ..kernels import people as people_kernels
from ..population import Population
from . import fill
from . import prefixes as codes_of
from .coverage import planning
from .fill import Prefixes
from .layout import Layout

FULLEST = 0.95  # assumption: no unit hosts more slots than this share of its numbers; the rest lives elsewhere
LANDLINE_FILL = 0.36  # assumption: working share of fixed numbers, as found for mobiles (17.9 of 49.95 hundred million)
SAME_PROVINCE_AWAY = 0.5  # assumption: of people from another county of the province, those from another prefecture


# The operators whose subscriptions are known, and their columns of `phone_prefix_by_prefecture`
OPERATORS = {
    "china_mobile": ("china_mobile",),
    "china_telecom": ("china_telecom",),
    "others": ("china_unicom", "china_broadnet", "vno_on_mobile", "vno_on_unicom", "vno_on_telecom"),
}


def layout(pop: Population, kind: str, out_of_area: float, prefixes: str, differ: Prefixes) -> Layout:
    """The `Layout` of one frame of `Population.china`; its prefixes `differ`."""
    plan = planning(pop)
    province = np.searchsorted(np.array(reference.provinces()), plan["province"].to_numpy(str))
    counts = _count_prefixes(pop, kind, plan)
    numbers = _numbers(pop, kind, counts, province, out_of_area if kind == "mobile" else 0.0)
    working = _working_rate(numbers, province, plan["mobile_numbers" if kind == "mobile" else "residential_lines"])
    business = _business_rate(pop, kind, working, province)
    units = plan.assign(
        prefixes=counts, numbers=counts * codes_of.SUFFIXES, working_rate=working, business_rate=business
    )
    weight = fill.weights(pop, kind, counts, differ, _by_operators(counts) if kind == "mobile" else 1.0)
    numbers = _with_prefixes(numbers, weight, counts, working, business)
    of_mobiles = {"shipped": codes_of.shipped, "phone": codes_of.from_phone}[prefixes]
    make = codes_of.exchanges if kind == "landline" else of_mobiles
    members = reference.frame_units()
    index = np.searchsorted(plan["unit"].to_numpy(str), members["unit"].to_numpy(str))
    places = dict(zip(members["adcode"].astype(str), index))
    known = reference.load("provinces")
    names = dict(zip(known["adcode"].astype(str), known["name_en"].astype(str), strict=True))
    return Layout(units, numbers, counts, partial(make, counts, numbers.key[0]), places, names)


def _columns(operators):
    return [f"n_prefix7_{column}" for column in operators]


def _operator_fill():
    """Subscriptions per number of each of `OPERATORS`."""
    subscriptions = reference.load("phone_operators").set_index("operator")["mobile_subscriptions_10k"]
    table = reference.load("phone_prefix_by_prefecture")
    return np.array(
        [subscriptions[name] / table[_columns(columns)].to_numpy().sum() for name, columns in OPERATORS.items()]
    )


def _by_operators(counts):
    """Fill of every prefix (P,) by its operator: units have prefixes of each as the real ones do, one operator after the other."""
    table, units = reference.load("phone_prefix_by_prefecture"), reference.frame_units()
    of_unit = units.set_index(units["adcode"].astype(str))["unit"].astype(str)
    table = table.assign(unit=of_unit.loc[table["adcode"].astype(str)].to_numpy())
    groups = pd.DataFrame({name: table[_columns(columns)].sum(axis=1) for name, columns in OPERATORS.items()})
    share = groups.groupby(table["unit"]).sum().to_numpy(float) + 1e-9
    units = np.stack([largest_remainder(row, n) for row, n in zip(share, counts, strict=True)])
    return np.repeat(np.tile(_operator_fill(), len(units)), units.ravel())


def _count_prefixes(pop, kind, plan):
    """Prefixes per unit: the real mobile ones (scaled), or the exchanges that hold the unit's fixed lines."""
    if kind == "mobile":
        real = reference.frame_units().groupby("unit")["n_prefix7_total"].sum().to_numpy()
        return np.maximum(1, np.rint(real * pop.scale)).astype(np.int64)
    fixed = plan["residential_lines"] / pop.arguments["residential_share"]
    return np.maximum(1, np.ceil(fixed / LANDLINE_FILL / codes_of.SUFFIXES)).to_numpy(np.int64)


def _layers(pop, kind, province):
    """Modulus (3,) and cut (3, U) of the slot layers."""
    cycles, none = pop.people.cycles[:, province], np.zeros(len(province), np.int64)
    if kind == "mobile":
        modulus, cut = (1, people_kernels.MOBILE_CYCLE, people_kernels.THIRD_CYCLE), (none + 1, cycles[0], cycles[1])
    else:
        modulus, cut = (people_kernels.LINE_CYCLE, people_kernels.SECOND_LINE_CYCLE, 1), (cycles[2], cycles[3], none)
    return np.array(modulus), np.stack(cut)


def _numbers(pop, kind, prefixes, in_province, out_of_area):
    """The tables of `kernels.numbers`: who has which slot, and where guests from other units live."""
    people = pop.people
    owner_start = people.unit_person if kind == "mobile" else people.unit_household
    owners, (modulus, cut) = np.diff(owner_start), _layers(pop, kind, in_province)
    sizes = (owners // modulus[:, None]) * cut + np.minimum(owners % modulus[:, None], cut)
    layer_start = np.concatenate([np.zeros((1, len(owners)), np.int64), np.cumsum(sizes, axis=0)])
    slots, space = layer_start[3], prefixes * codes_of.SUFFIXES
    room = np.floor(FULLEST * space).astype(np.int64)
    away = _away(slots, room, in_province, out_of_area)
    full, rest = slots // kernels.AWAY, slots % kernels.AWAY
    nation = full * away[0] + np.minimum(rest, away[0])
    province = full * away[1] + np.clip(rest - away[0], 0, away[1])
    local = slots - nation - province
    guests_province = _host(province, room - local, in_province)
    guests_nation = _host(nation, room - local - guests_province, np.zeros_like(in_province))
    hosted = np.stack([np.zeros_like(local), local, local + guests_nation, local + guests_nation + guests_province])
    pools = np.bincount(in_province, province, 31).astype(np.int64)
    return kernels.Numbers(
        key=streams.key(pop.seed, kind, "numbers").repeat(2)[:3] + np.arange(3, dtype=np.uint64) * 7919,
        owner_start=owner_start,
        modulus=modulus.astype(np.int64),
        cut=cut.astype(np.int64),
        layer_start=layer_start,
        unit_province=in_province.astype(np.int64),
        away=away,
        pool_start=np.stack([starts(nation), starts(province)]),
        pool_size=np.append(pools, nation.sum()).astype(np.int64),
        pool_first=starts(pools)[:31],
        host_start=np.stack([starts(guests_nation), starts(guests_province)]),
        hosted=hosted,
        space=space,
        bits=np.array([max(2, int(n - 1).bit_length()) for n in hosted[3]]),
        prefix_start=starts(prefixes),
        prefix=np.zeros(0, np.int64),
        run=np.zeros(0, np.int32),
    )


def _with_prefixes(numbers, weight, counts, working, business):
    """The tables with what every prefix has given out."""
    hosted, unit = numbers.hosted[3], np.repeat(np.arange(len(counts)), counts)
    each = business * (1 - working) * numbers.space / np.maximum(hosted, 1)
    given = fill.given_out(hosted, counts, weight, each)
    shares = fill.business_by_prefix(given, unit, hosted, working, business)
    return numbers._replace(**fill.tables(numbers.key, counts, given, shares))


def _away(slots, room, in_province, out_of_area):
    """Slots per AWAY that carry another province's number, or another unit's of the province; (2, U)."""
    places = reference.frame_units().groupby("unit")
    population = places["population_2020_persons"].sum().to_numpy(float)
    other_county = places["nonlocal_hukou_other_county_or_beyond_2020_persons"].sum().to_numpy(float)
    other_province = places["nonlocal_hukou_other_province_2020_persons"].sum().to_numpy(float)
    nation = out_of_area * other_province / population
    province = out_of_area * SAME_PROVINCE_AWAY * np.maximum(other_county - other_province, 0) / population
    single = np.bincount(in_province)[in_province] == 1
    province[single] = 0
    crowded = 1 - room / np.maximum(slots, 1) - nation  # numbers that do not fit at home are a neighbour's
    province = np.maximum(province, np.where(single, 0, crowded))
    return np.ceil(np.stack([nation, province]) * kernels.AWAY - 1e-9).astype(np.int64)


def _host(guests, room, group):
    """How many guests each unit hosts: in proportion to its rural people (where migrants come from), within its room."""
    rural = reference.frame_units().groupby("unit")["rural_2020_persons"].sum().to_numpy(float) + 1.0
    result = np.zeros(len(guests), np.int64)
    for g in np.unique(group):
        members = np.nonzero(group == g)[0]
        free, total = np.maximum(room[members], 0), int(guests[members].sum())
        if total > free.sum():
            raise DataError(
                f"{total:,} telephone numbers have to live in other units, which have room for {int(free.sum()):,}; "
                f"lower out_of_area."
            )
        result[members] = within_room(rural[members], free, total)
    return result


def _working_rate(n, in_province, active):
    """Expected share of a unit's numbers that reach somebody."""
    fill = active.to_numpy() / np.maximum(n.layer_start[3], 1)
    local, nation, province = np.diff(n.hosted, axis=0)
    sent_nation, sent_province = np.diff(n.pool_start, axis=1)
    rate_nation = (fill * sent_nation).sum() / max(sent_nation.sum(), 1)
    sent = np.bincount(in_province, sent_province, 31)
    rate_province = np.bincount(in_province, fill * sent_province, 31) / np.maximum(sent, 1)
    return (local * fill + nation * rate_nation + province * rate_province[in_province]) / n.space


def _business_rate(pop, kind, working, in_province):
    """Share of the numbers that reach nobody at home which are a business's or a machine's."""
    phones = pop.model.telephones
    if kind == "mobile":
        other = (phones.mobile_subscriptions - phones.personal_mobiles) / phones.mobile_subscriptions
        ratio = (other / (1 - other))[in_province]
    else:
        share = pop.arguments["residential_share"]
        ratio = (1 - share) / share
    return np.clip(working * ratio / (1 - working), 0, 0.9)
