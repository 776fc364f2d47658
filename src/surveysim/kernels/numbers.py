"""Telephone numbers as a keyed bijection between owners' slots and the number spaces of frame units.

Every owner (a person, or a household) of a unit may hold up to three slots, one per layer; a layer takes the owners whose
index modulo `modulus` is below a cut, so that slots are counted and found by arithmetic. Of a unit's slots, in cycles of
AWAY, some are numbers of other provinces, some of other units of the province: they go through a permuted pool to the
units that host them. Hosted slots are then permuted and dealt to the unit's prefixes in their order, to each as many as it has
given out: a run of suffixes, in the circle of 10,000, that begins anywhere.
"""

from collections import namedtuple
from typing import Any

import numpy as np

from ..aliases import Array, Int
from .compiling import borrowed, inline_jit, jit
from .people import find, find_row
from .randomness import bits_of, permute, unpermute

AWAY = 1009  # prime
SUFFIXES = 10_000  # numbers behind one prefix
GIVEN_BITS, BUSINESS_BITS = 14, 16  # of a packed prefix, the lowest last

Numbers = namedtuple(
    "Numbers",
    [
        "key",  # (3,) uint64: number spaces, national pool, provincial pools
        "owner_start",  # (U + 1,) first owner id of each unit
        "modulus",  # (3,) of each layer; 1 takes everybody
        "cut",  # (3, U) owners per modulus in the layer; 0 is no layer
        "layer_start",  # (4, U) first slot of each layer, and the number of slots
        "unit_province",  # (U,)
        "away",  # (2, U) slots per AWAY numbered in other provinces, in other units of the province
        "pool_start",  # (2, U + 1) where a unit's away slots begin: nationally; counted on through the provinces
        "pool_size",  # (32,) size of the 31 provincial pools and of the national one
        "pool_first",  # (31,) where a province's pool begins in pool_start[1]
        "host_start",  # (2, U + 1) where the places a unit offers begin, counted as in pool_start
        "hosted",  # (4, U) first hosted index of local, national, provincial guests, and their end
        "space",  # (U,) numbers of the unit, given out or not
        "bits",  # (U,) bits_of() the slots it hosts
        "prefix_start",  # (U + 1,) first prefix of each unit
        "prefix",  # (P,) packed: numbers given out by the earlier prefixes of the unit, numbers given out, and 65536 × probability
        # that a number without owner is a business's or a machine's
        "run",  # (P,) int32: first suffix that is given out
    ],
)


Codes = namedtuple(
    "Codes",  # of prefixes and exchanges
    [
        "ordered",  # codes in ascending order
        "order",  # places in unit order that they come from
        "bucket",  # where codes that agree but for their last `shift` bits begin in `ordered`: a few steps are left
        "shift",  # (1,)
        "unit",  # of each place
        "start",  # (U + 1,) first place of each unit
    ],
)


@inline_jit
def quotient(a: Int, b: Int) -> Int:
    """a // b of whole numbers from 0 to 2**52: exact, because the quotient is rounded by less than it is off a whole number."""
    return np.int64(np.float64(a) / np.float64(b))


@inline_jit
def slot_owner(modulus: Array, cut: Array, layer_start: Array, u: Int, s: Int) -> tuple[Int, Int]:
    """Owner index in the unit and layer of slot s."""
    layer = np.int64(s >= layer_start[1, u]) + np.int64(s >= layer_start[2, u])
    e = s - layer_start[layer, u]
    return e + quotient(e, cut[layer, u]) * (modulus[layer] - cut[layer, u]), layer


@inline_jit
def pool_of(n: Numbers, level: Int, province: Int) -> tuple[Int, Int, np.uint64]:
    """First place, size and key of the national pool (level 0) or of a province's (1)."""
    if level == 0:
        return np.int64(0), n.pool_size[-1], n.key[1]
    return n.pool_first[province], n.pool_size[province], n.key[2] + np.uint64(province)


@jit
def guest_slot(n: Numbers, v: Int, h: Int) -> tuple[Int, Int]:
    """Unit and slot of the hosted index h of unit v that belongs to another unit's owner (a call: it is rare)."""
    level = np.int64(h >= n.hosted[2, v])
    first, size, key = pool_of(n, level, n.unit_province[v])
    q = n.host_start[level, v] + h - n.hosted[1 + level, v] - first
    place = first + unpermute(q, size, bits_of(size), key)
    u = find_row(n.pool_start, level, place)
    r, gone = place - n.pool_start[level, u], n.away[level, u]
    return u, (r // gone) * AWAY + level * n.away[0, u] + r % gone


@inline_jit
def hosted_owner(n: Numbers, v: Int, h: Int) -> tuple[Int, Int, Int]:
    """Owner id, layer and the owner's unit of the slot that unit v hosts at index h."""
    u = np.int64(v)
    if h < n.hosted[1, v]:
        gone = n.away[0, v] + n.away[1, v]
        s = h + gone * (quotient(h, AWAY - gone) + 1)
    else:
        u, s = guest_slot(n, v, h)
    index, layer = slot_owner(n.modulus, n.cut, n.layer_start, u, s)
    return n.owner_start[u] + index, np.int64(layer), np.int64(u)


@inline_jit
def business_of(prefix: Int | np.ndarray) -> Any:
    """65536 × probability of a packed prefix that a number without owner is a business's or a machine's."""
    return prefix & ((1 << BUSINESS_BITS) - 1)


@inline_jit
def given_by(prefix: Int | np.ndarray) -> Any:
    """Numbers that a packed prefix has given out."""
    return (prefix >> BUSINESS_BITS) & ((1 << GIVEN_BITS) - 1)


@inline_jit
def place_of(prefix: Int, run: Int, suffix: Int) -> Int:
    """Place of a suffix behind a packed prefix among the numbers that the unit has given out; -1 where it is none of them."""
    t = suffix - run
    t += SUFFIXES * np.int64(t < 0)
    return (prefix >> (BUSINESS_BITS + GIVEN_BITS)) + t if t < given_by(prefix) else np.int64(-1)


@jit
def number_at(n: Numbers, v: Int, place: Int) -> Int:
    """The inverse: number of unit v at a place among those given out."""
    low, high = n.prefix_start[v], n.prefix_start[v + 1]
    while (
        high - low > 1
    ):  # the last prefix that begins there or earlier; those without numbers begin where the next does
        middle = (low + high) >> 1
        if n.prefix[middle] >> (BUSINESS_BITS + GIVEN_BITS) <= place:
            low = middle
        else:
            high = middle
    suffix = n.run[low] + place - (n.prefix[low] >> (BUSINESS_BITS + GIVEN_BITS))
    return (low - n.prefix_start[v]) * SUFFIXES + suffix - SUFFIXES * np.int64(suffix >= SUFFIXES)


@inline_jit
def number_owner(n: Numbers, v: Int, x: Int) -> tuple[Int, Int, Int]:
    """Who holds number x of unit v: owner id, layer and the owner's unit; -1 where the number is nobody's slot."""
    none, of_unit = np.int64(-1), quotient(x, SUFFIXES)
    j = n.prefix_start[v] + of_unit
    place = place_of(n.prefix[j], n.run[j], x - of_unit * SUFFIXES)
    if place < 0:
        return none, none, none
    return hosted_owner(n, v, unpermute(place, n.hosted[3, v], n.bits[v], n.key[0] + np.uint64(v)))


@jit
def number_of(n: Numbers, u: Int, index: Int, layer: Int) -> tuple[Int, Int]:
    """Unit and number of the slot an owner (its index in unit u) has in a layer, or -1 where there is none."""
    none = np.int64(-1)
    modulus, cut = n.modulus[layer], n.cut[layer, u]
    if index % modulus >= cut:
        return none, none
    s = n.layer_start[layer, u] + (index // modulus) * cut + index % modulus
    cycle, r = s // AWAY, s % AWAY
    nation, province = n.away[0, u], n.away[1, u]
    if r < nation + province:
        level = np.int64(r >= nation)
        first, size, key = pool_of(n, level, n.unit_province[u])
        place = n.pool_start[level, u] + cycle * n.away[level, u] + r - level * nation - first
        q = first + permute(place, size, bits_of(size), key)
        v = find_row(n.host_start, level, q)
        h = n.hosted[1 + level, v] + q - n.host_start[level, v]
    else:
        v, h = u, cycle * (AWAY - nation - province) + r - nation - province
    place = permute(h, n.hosted[3, v], n.bits[v], n.key[0] + np.uint64(v))
    return np.int64(v), number_at(n, np.int64(v), place)


@jit
def owners(n: Numbers, units: Array, numbers: Array, out: Array) -> None:
    """Fill `out` (k, 2) with owner id and layer of each number."""
    n = borrowed(n)
    for i in range(len(numbers)):
        out[i, 0], out[i, 1], _ = number_owner(n, units[i], numbers[i])


@jit
def numbers_of_owners(n: Numbers, ids: Array, out: Array) -> None:
    """Fill `out` (k, 3, 2) with unit and number of each owner's slots, -1 where a layer has none."""
    n = borrowed(n)
    for i in range(len(ids)):
        u = find(n.owner_start, ids[i])
        for layer in range(3):
            out[i, layer, 0], out[i, layer, 1] = number_of(n, u, ids[i] - n.owner_start[u], layer)


@jit
def read_digits(text: Array, out: Array) -> None:
    """Whole numbers from rows of characters (code points, 0 after the end), each with a leading 1; -1 where not digits."""
    for i in range(len(text)):
        value = np.int64(1)
        for j in range(text.shape[1]):
            character = np.int64(text[i, j])
            if character == 0:
                break
            if character < 48 or character > 57 or value > 10**16:
                value = -1
                break
            value = value * 10 + character - 48
        out[i] = value if value != 1 else -1


@jit
def write_digits(value: Array, text: Array) -> None:
    """The inverse: rows of characters from whole numbers with a leading 1."""
    for i in range(len(value)):
        v, width = value[i], 0
        while v > 1:
            v, width = v // 10, width + 1
        v = value[i]
        for j in range(width - 1, -1, -1):
            text[i, j] = 48 + v % 10
            v //= 10


@jit
def look_up(value: Array, c: Codes, unit: Array, number: Array) -> None:
    """Unit and number index of telephone numbers by their Codes; -1 where no unit has the code."""
    c = borrowed(c)
    ordered, bucket, shift = c.ordered, c.bucket, c.shift[0]
    low = ordered[0] >> shift
    for i in range(len(value)):
        code = value[i] // 10_000
        unit[i], number[i] = -1, 0
        b = (code >> shift) - low
        if b < 0 or b >= len(bucket) - 1:
            continue
        first, last = bucket[b], bucket[b + 1]
        while first < last and ordered[first] < code:
            middle = (first + last) >> 1
            if ordered[middle] < code:
                first = middle + 1
            else:
                last = middle
        if first < len(ordered) and ordered[first] == code:
            place = c.order[first]
            unit[i] = c.unit[place]
            number[i] = (place - c.start[unit[i]]) * 10_000 + value[i] % 10_000
