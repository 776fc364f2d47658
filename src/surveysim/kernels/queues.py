"""Queues of cases in the slots of a call centre, and the interviewers that are free, the earliest first."""

from typing import TYPE_CHECKING

from ..aliases import Array, Int
from .compiling import inline_jit

if TYPE_CHECKING:
    from .calling import Cases, Centre


@inline_jit
def line_up(h: "Centre", o: "Cases", queue: Int, slot: Int, i: Int) -> None:
    """Put case i at the end of a queue."""
    if h.queue[queue, slot, 2] == 0:
        h.queue[queue, slot, 0] = i
    else:
        o.row[h.queue[queue, slot, 1]].follows = i
    h.queue[queue, slot, 1] = i
    h.queue[queue, slot, 2] += 1


@inline_jit
def put_off(h: "Centre", o: "Cases", queue: Int, slot: Int, later: Int) -> None:
    """Move the rest of a queue in front of a later slot's."""
    if h.queue[queue, slot, 2] > 0:
        if h.queue[queue, later, 2] == 0:
            h.queue[queue, later, 1] = h.queue[queue, slot, 1]
        else:
            o.row[h.queue[queue, slot, 1]].follows = h.queue[queue, later, 0]
        h.queue[queue, later, 0] = h.queue[queue, slot, 0]
        h.queue[queue, later, 2] += h.queue[queue, slot, 2]
        h.deferred[0] += h.queue[queue, slot, 2]
        h.queue[queue, slot, 2] = 0


@inline_jit
def settle(clock: Array, who: Array, seats: Int) -> None:
    """Restore the heap of free interviewers, earliest first, after the first one's clock went on."""
    at, time, name = 0, clock[0], who[0]
    while True:
        child = 2 * at + 1
        if child >= seats:
            break
        if child + 1 < seats and (
            clock[child + 1] < clock[child] or (clock[child + 1] == clock[child] and who[child + 1] < who[child])
        ):
            child += 1
        if clock[child] > time or (clock[child] == time and who[child] > name):
            break
        clock[at], who[at] = clock[child], who[child]
        at = child
    clock[at], who[at] = time, name
