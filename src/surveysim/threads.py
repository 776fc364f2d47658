"""Work on blocks by threads: kernels and most of numpy let other threads run meanwhile."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")
_POOL: ThreadPoolExecutor | None = None  # kept, because one made anew takes longer than the rows of a small table


def each(work: Callable[[Item], Made], items: Iterable[Item], workers: int | None = None) -> Iterator[Made]:
    """`work(item)` of every item, in order and as soon as it is there, by one thread per core or so many `workers`.

    Whoever ends early, by an error of theirs or of the work, waits for what has begun and for nothing else.
    """
    pool = ThreadPoolExecutor(workers or os.cpu_count())
    try:
        yield from pool.map(work, items)
    finally:
        pool.shutdown(cancel_futures=True)


def by_threads(work: Callable[[int, int], Made], blocks: int) -> list[Made]:
    """Run `work(first, last)` on shares of the blocks, one for each core; the results in order."""
    global _POOL
    if blocks < 4:
        return [work(0, blocks)]
    cores = min(os.cpu_count() or 1, blocks // 2)
    if cores <= 1:
        return [work(0, blocks)]
    if _POOL is None:
        _POOL = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="surveysim-rows")
    ends = [blocks * k // cores for k in range(cores + 1)]
    others = [_POOL.submit(work, *share) for share in pairwise(ends[1:])]
    return [work(0, ends[1]), *(other.result() for other in others)]


def _forget_pool() -> None:
    """A forked child has the pool of its parent without its threads, which would be waited for without end."""
    global _POOL
    _POOL = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)
