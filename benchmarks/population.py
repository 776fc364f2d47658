"""Streaming a whole country, and random access to its people and numbers: against their random numbers alone."""

import os
import resource
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
from measuring import best, row

import surveysim as ss
from surveysim.kernels.randomness import philox, philox_words
from surveysim.population import parameters


@numba.njit(nogil=True)
def same_numbers(first, last, blocks, key):
    """The floor: draw the random numbers of persons first … last - 1 (`blocks` Philox blocks each) and nothing else."""
    total = np.uint64(0)
    for person in range(first, last):
        for block in range(blocks):
            a, b, c, d = philox(person, 0, block, 0, key[0], key[1])
            total ^= a ^ b ^ c ^ d
    return total


def on_all_cores(function, size):
    """Seconds of a function of id ranges on a thread per core."""
    edges = np.linspace(0, size, 64 * os.cpu_count() + 1).astype(np.int64)

    def run():
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(function, edges[:-1], edges[1:]))

    return best(run, 1)


def bench():
    """The whole country, and random access: against a loop that draws the same random numbers and does nothing else."""
    pop, rows, rng = ss.Population.china(), [], np.random.default_rng(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for depth, blocks, what in (
        ("cells", 1, "persons by prefecture, urban, sex, age and education"),
        ("status", 1, "internet use, telephones and work by the same"),
        ("answers", 5, f"all {len(pop.outcome_names)} outcomes and hours by the same"),
    ):
        mine = best(lambda d=depth: parameters.stream(pop.people, d), 1)
        floor = on_all_cores(lambda a, b, k=blocks: same_numbers(a, b, k, pop.people.key), pop.size)
        rows.append(
            f"| all {pop.size:,} people: {what}, {os.cpu_count()} threads | {mine:.1f} s | the same random numbers and nothing "
            f"else {floor:.1f} s | {mine / floor:.2f} × the time |"
        )
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    rows.append(f"| memory of these three passes beyond what the process had | {peak:.0f} MB | | |")
    ids = rng.integers(0, pop.size, 1_000_000)
    ten = [
        "province",
        "prefecture",
        "urban",
        "sex",
        "age",
        "education",
        "household_size",
        "n_mobile",
        "n_lines",
        "internet",
    ]
    mine = best(lambda: pop.persons(ids, ten))
    floor = best(lambda: philox_at(ids, pop.people.key))
    rows.append(
        row("persons(1,000,000 random ids), 10 columns", mine, "one Philox block each, written to memory", floor)
    )
    for kind in ("mobile", "landline"):
        frame = ss.TelephoneFrame(pop, kind)
        unit = rng.integers(0, 337, 1_000_000)
        text = frame.digits(unit, (rng.random(len(unit)) * frame.numbers.space[unit]).astype(np.int64))
        mine = best(lambda f=frame, t=text: f.owner(t))
        rows.append(
            row(f"owner(1,000,000 {kind} numbers as text)", mine, "one Philox block each, written to memory", floor)
        )
    return rows


def philox_at(ids, key):
    counters = np.zeros((len(ids), 4), np.uint64)
    counters[:, 0] = ids
    philox_words(counters, key[0], key[1], out := np.empty((len(ids), 4), np.uint64))
    return out
