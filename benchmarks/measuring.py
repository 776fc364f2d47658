"""What the benchmarks share: the shortest of several runs, a row of the table, peak memory."""

import time
import tracemalloc


def best(function, times=5):
    """Shortest of several runs, in seconds; the first one warms up."""
    function()
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        function()
        spent.append(time.perf_counter() - start)
    return min(spent)


def row(what, mine, against, theirs, more=""):
    """One line of the table: times in ms, and how they compare."""
    ratio = f"{theirs / mine:,.1f} × as fast" if theirs >= mine else f"{mine / theirs:.2f} × the time"
    return f"| {what} | {1e3 * mine:.2f} ms{more} | {against} {1e3 * theirs:,.2f} ms | {ratio} |"


def peak(function):
    """Bytes at the peak of a call, beyond what was there."""
    tracemalloc.start()
    function()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most
