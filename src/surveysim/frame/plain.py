"""Numbers for a population that is not China's: every stratum is a unit, every owner may hold a few numbers, nobody is away."""

from functools import partial

import numpy as np
import pandas as pd

from .. import streams
from ..kernels.numbers import Numbers
from ..population import Population
from . import fill
from .layout import Layout
from .prefixes import SUFFIXES, running

FILL = 0.36  # assumption: share of the numbers behind a prefix that work


def layout(pop: Population, kind: str) -> Layout:
    """The `Layout` of one frame of a population with strata."""
    order, owner_start, most, held = pop.owners(kind)
    units, owners = len(pop.strata), np.diff(owner_start)
    cut = np.zeros((3, units), np.int64)
    cut[:most] = 1
    counts = np.maximum(1, np.ceil(np.maximum(held / FILL, owners * most / 0.95) / SUFFIXES)).astype(np.int64)
    space, none = counts * SUFFIXES, np.zeros(units, np.int64)
    layer_start = np.cumsum(np.vstack([none, cut * owners]), axis=0)
    alike, nobody = np.ones(int(counts.sum())), np.zeros(units)
    given = fill.given_out(layer_start[3], counts, alike, nobody)
    numbers = Numbers(
        key=streams.key(pop.seed, kind, "numbers").repeat(2)[:3] + np.arange(3, dtype=np.uint64) * 7919,
        owner_start=owner_start,
        modulus=np.ones(3, np.int64),
        cut=cut,
        layer_start=layer_start,
        unit_province=none,
        away=np.zeros((2, units), np.int64),
        pool_start=np.zeros((2, units + 1), np.int64),
        pool_size=np.zeros(32, np.int64),
        pool_first=np.zeros(31, np.int64),
        host_start=np.zeros((2, units + 1), np.int64),
        hosted=np.stack([none, layer_start[3], layer_start[3], layer_start[3]]),
        space=space,
        bits=np.array([max(2, int(n - 1).bit_length()) for n in layer_start[3]]),
        **fill.tables(streams.key(pop.seed, kind, "numbers"), counts, given, np.zeros(len(given))),
    )
    table = pd.DataFrame(
        {
            pop.stratum_name: list(pop.strata),
            "unit": [str(s) for s in pop.strata],
            "owners": owners,
            "prefixes": counts,
            "numbers": space,
            "working_rate": held / space,
            "business_rate": 0.0,
        }
    )
    places = {str(s): u for u, s in enumerate(pop.strata)}
    return Layout(table, numbers, counts, partial(running, counts, kind), places, order=order)
