"""Warnings in repetitions: ours are kept back in the threads that carry them out, and nowhere else.

Filters of warnings belong to the whole process, and catch_warnings in several threads leaves them as the last one found them. So one
filter stands there while studies run, which looks at the thread that warns; when the last study ends the filters are as the first one
found them, whatever estimators did to them meanwhile.
"""

import contextlib
import threading
import warnings
from collections.abc import Iterator
from typing import Any

from ..errors import SurveysimWarning

_thread, _lock = threading.local(), threading.Lock()
_running, _found = 0, ([], [])
_process: Any = warnings  # whose list of filters is changed as catch_warnings changes it


class _InRepetitions(type):
    """Of a category of warnings: those of ours in a thread that carries out repetitions."""

    def __subclasscheck__(cls, other):
        return getattr(_thread, "repeats", False) and issubclass(other, SurveysimWarning)


class _Kept(Warning, metaclass=_InRepetitions):
    """What the filter keeps back."""


_FILTER = ("ignore", None, _Kept, None, 0)


@contextlib.contextmanager
def filtered() -> Iterator[None]:
    """While a study runs: the filter is there; afterwards the filters are what they were."""
    global _running, _found
    with _lock:
        if not _running:
            _found = _process.filters, list(_process.filters)
            _process.filters.insert(0, _FILTER)
            _process._filters_mutated()
        _running += 1
    try:
        yield
    finally:
        with _lock:
            _running -= 1
            if not _running:
                _process.filters, content = _found
                _process.filters[:] = content
                _process._filters_mutated()


@contextlib.contextmanager
def repeating() -> Iterator[None]:
    """This thread carries out repetitions: what it would warn of is in the ledger."""
    before, _thread.repeats = getattr(_thread, "repeats", False), True
    try:
        yield
    finally:
        _thread.repeats = before
