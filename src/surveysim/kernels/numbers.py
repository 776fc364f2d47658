"""Telephone numbers as a keyed bijection between owners' slots and the number spaces of frame units.

Every owner (a person, or a household) of a unit may hold up to three slots, one per layer; a layer takes the owners whose
index modulo `modulus` is below a cut, so that slots are counted and found by arithmetic. Of a unit's slots, in cycles of
AWAY, some are numbers of other provinces, some of other units of the province: they go through a permuted pool to the
units that host them. Hosted slots are then permuted into the unit's number space.
"""

from collections import namedtuple

import numpy as np

from .compiling import borrowed, inline_jit, jit
from .people import find, find_row
from .randomness import bits_of, permute, unpermute

AWAY = 1009  # prime

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
        "space",
        "bits",  # (U,) numbers in the unit's space, and bits_of() it
    ],
)


@inline_jit
def slot_owner(modulus, cut, layer_start, u, s):
    """Owner index in the unit and layer of slot s."""
    layer = 0
    while layer < 2 and s >= layer_start[layer + 1, u]:
        layer += 1
    e = s - layer_start[layer, u]
    return e + (e // cut[layer, u]) * (modulus[layer] - cut[layer, u]), layer


@jit
def guest_slot(key, unit_province, away, pool_start, pool_size, pool_first, host_start, hosted, v, h):
    """Unit and slot of the hosted index h of unit v that belongs to another unit's owner (a call: it is rare)."""
    if h < hosted[2, v]:
        q = host_start[0, v] + h - hosted[1, v]
        place = unpermute(q, pool_size[31], bits_of(pool_size[31]), key[1])
        u = find_row(pool_start, 0, place)
        r, gone = place - pool_start[0, u], away[0, u]
        return u, (r // gone) * AWAY + r % gone
    province = unit_province[v]
    first, size = pool_first[province], pool_size[province]
    q = host_start[1, v] + h - hosted[2, v] - first
    place = first + unpermute(q, size, bits_of(size), key[2] + np.uint64(province))
    u = find_row(pool_start, 1, place)
    r, gone = place - pool_start[1, u], away[1, u]
    return u, (r // gone) * AWAY + away[0, u] + r % gone


@inline_jit
def number_owner(
    key,
    owner_start,
    modulus,
    cut,
    layer_start,
    unit_province,
    away,
    pool_start,
    pool_size,
    pool_first,
    host_start,
    hosted,
    space,
    bits,
    v,
    x,
):
    """Who holds number x of unit v: owner id, layer and the owner's unit; -1 where the number is nobody's slot."""
    none = np.int64(-1)
    h = unpermute(x, space[v], bits[v], key[0] + np.uint64(v))
    if h >= hosted[3, v]:
        return none, none, none
    u = np.int64(v)
    if h < hosted[1, v]:
        gone = away[0, v] + away[1, v]
        cycle = h // (AWAY - gone)
        s = h + gone * (cycle + 1)
    else:
        u, s = guest_slot(key, unit_province, away, pool_start, pool_size, pool_first, host_start, hosted, v, h)
    index, layer = slot_owner(modulus, cut, layer_start, u, s)
    return owner_start[u] + index, np.int64(layer), np.int64(u)


@jit
def number_of(n, u, index, layer):
    """Unit and number of the slot an owner (its index in unit u) has in a layer, or -1 where there is none."""
    none = np.int64(-1)
    modulus, cut = n.modulus[layer], n.cut[layer, u]
    if index % modulus >= cut:
        return none, none
    s = n.layer_start[layer, u] + (index // modulus) * cut + index % modulus
    cycle, r = s // AWAY, s % AWAY
    nation, province = n.away[0, u], n.away[1, u]
    if r < nation:
        q = permute(n.pool_start[0, u] + cycle * nation + r, n.pool_size[31], bits_of(n.pool_size[31]), n.key[1])
        v = find_row(n.host_start, 0, q)
        h = n.hosted[1, v] + q - n.host_start[0, v]
    elif r < nation + province:
        p = n.unit_province[u]
        first, size = n.pool_first[p], n.pool_size[p]
        place = n.pool_start[1, u] + cycle * province + r - nation - first
        q = first + permute(place, size, bits_of(size), n.key[2] + np.uint64(p))
        v = find_row(n.host_start, 1, q)
        h = n.hosted[2, v] + q - n.host_start[1, v]
    else:
        v, h = u, cycle * (AWAY - nation - province) + r - nation - province
    return np.int64(v), permute(h, n.space[v], bits_of(n.space[v]), n.key[0] + np.uint64(v))


@jit
def owners(n, units, numbers, out):
    """Fill `out` (k, 2) with owner id and layer of each number."""
    n = borrowed(n)
    key, owner_start, modulus, cut, layer_start = n.key, n.owner_start, n.modulus, n.cut, n.layer_start
    unit_province, away, pool_start, pool_size, pool_first = (
        n.unit_province,
        n.away,
        n.pool_start,
        n.pool_size,
        n.pool_first,
    )
    host_start, hosted, space, bits = n.host_start, n.hosted, n.space, n.bits
    for i in range(len(numbers)):
        out[i, 0], out[i, 1], _ = number_owner(
            key,
            owner_start,
            modulus,
            cut,
            layer_start,
            unit_province,
            away,
            pool_start,
            pool_size,
            pool_first,
            host_start,
            hosted,
            space,
            bits,
            units[i],
            numbers[i],
        )


@jit
def numbers_of_owners(n, ids, out):
    """Fill `out` (k, 3, 2) with unit and number of each owner's slots, -1 where a layer has none."""
    n = borrowed(n)
    for i in range(len(ids)):
        u = find(n.owner_start, ids[i])
        for layer in range(3):
            out[i, layer, 0], out[i, layer, 1] = number_of(n, u, ids[i] - n.owner_start[u], layer)
