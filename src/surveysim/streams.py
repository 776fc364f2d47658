"""Random streams: keyed, never global.

A stream is a function of (study seed, random group, stage, repetition indices). Repetition 17 is the same alone, on one
core or on a cluster, and turning one stage off leaves the draws of the others alone.
"""

import zlib

import numpy as np

from .aliases import Array


def _spawn_key(group: object, stage: str, repetitions: tuple[int, ...]) -> tuple[int, ...]:
    return (zlib.crc32(str(group).encode()), zlib.crc32(stage.encode()), *repetitions)


def stream(study_seed: int, group: object, stage: str, *repetitions: int) -> np.random.Generator:
    """A numpy Generator for one stage; `repetitions` are the indices of this stage and of those before it."""
    seed = np.random.SeedSequence(study_seed, spawn_key=_spawn_key(group, stage, repetitions))
    return np.random.Generator(np.random.Philox(seed))


def key(study_seed: int, group: object, stage: str, *repetitions: int) -> Array:
    """The same key as two uint64, for kernels that run Philox themselves on (unit id, draw)."""
    seed = np.random.SeedSequence(study_seed, spawn_key=_spawn_key(group, stage, repetitions))
    return seed.generate_state(2, np.uint64)
