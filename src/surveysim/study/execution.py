"""What a worker does: the repetitions of a task one by one, each under its clock."""

import contextlib
import ctypes
import os
import signal
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..errors import SurveysimError
from .faults import Struck, told, too_long
from .parts import Block
from .quiet import repeating
from .scenarios import Scenario
from .source import Source
from .spec import Keys

Task = tuple[int, int, np.ndarray]  # (scenario, first repetition of the part, repetitions)
ALL = -1  # the method number of a failure before any method began


@dataclass(frozen=True)
class Plan:
    """Everything a worker needs to know.

    Attributes
    ----------
    key : digest of the plan. kind : of the study's keys, which say where its repetitions come from. methods : MethodSpec or Handed.
    definitions : of the estimands, by name. seed, timeout : of the study. folder : of the study's file. table : path or DataFrame.
    controlled : whether repetitions have control variates.
    """

    key: str
    kind: type[Keys]
    scenarios: tuple[Scenario, ...]
    methods: tuple
    definitions: pd.DataFrame = field(repr=False)
    seed: int
    timeout: float | None = None
    folder: str = "."
    table: pd.DataFrame | str | None = field(default=None, repr=False)
    controlled: bool = False

    def source(self, k: int) -> Source:
        """The source of scenario k, made once in a process; the last few are kept."""
        with _making:
            if (self.key, k) in _sources:
                _sources.move_to_end((self.key, k))
            else:
                scenario = self.scenarios[k]
                given = (self.methods, self.definitions, self.seed, scenario.group, self.folder, self.table)
                made = _sources[self.key, k] = self.kind.source()(scenario.spec, *given)
                made.controlled = self.controlled
                while len(_sources) > KEPT:
                    _sources.popitem(last=False)
            return _sources[self.key, k]


KEPT = 4
_sources, _making = OrderedDict(), threading.Lock()


def _unlocked():
    """A forked child would wait for the thread of its parent that held the lock."""
    global _making
    _making = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlocked)


def steps(plan: Plan, task: Task, say: Callable[[tuple[Any, ...]], object], stopped: Callable[[], bool]) -> None:
    """Carry out a task (scenario, first of the part, repetitions) and say how it goes.

    `say` is handed ("at", r) and ("did", r, values, failures) of each repetition, or ("block", Block) of all at once where nothing can keep
    a kernel from its end; `stopped` says whether to stop before the next.
    """
    k, _, repetitions = task
    with repeating():
        source = plan.source(k)
        block = source.block(repetitions) if plan.timeout is None else None
        if block is not None:
            say(("block", block))
            return
        source.warm()
        if plan.timeout is not None and not source.drew:
            with contextlib.suppress(Exception):  # what has to be compiled is compiled before a clock runs
                source.draw(0)
            source.drew = True
        for r in map(int, repetitions):
            if stopped():
                return
            say(("at", r))
            values, failures = one(source, r, plan.timeout)
            say(("did", r, values, tuple((r, m, text) for m, text in failures)))


def one(source: Source, r: int, timeout: float | None) -> tuple[np.ndarray, list[tuple[int, str]]]:
    """Values and failures of one repetition; whatever goes wrong in it is a failure of it."""
    empty = np.full(source.shape, np.nan)
    try:
        with limited(timeout):
            values, failures = source.repetition(r)
    except (SurveysimError, MemoryError) as error:
        return empty, [(ALL, told(error))]
    endless = np.isinf(values[..., :2]).any(axis=(1, 2))
    for m in np.flatnonzero(endless):
        failures.append((int(m), "StudyError: an estimate or a standard error is infinite"))
        values[m] = np.nan
    return values, failures


def failed(shape: tuple[int, ...], r: int, error: BaseException) -> Block:
    """Block of a repetition that did not come to its end; `shape` (methods, items, fields)."""
    return Block(np.array([r], np.int64), np.full((1, *shape), np.nan), ((int(r), ALL, told(error)),))


_alone = False  # whether this process does nothing but repetitions, in its main thread


def of_process() -> None:
    """Say that this process belongs to a study: its clock may use the process's signals."""
    global _alone
    _alone = hasattr(signal, "setitimer")


@contextlib.contextmanager
def limited(seconds: float | None) -> Iterator[None]:
    """Raise RepetitionTimeoutError when the block takes longer.

    In a process of the study a signal ends also calls that wait, such as sleep; in a thread Python code is interrupted, and what blocks is
    left to whoever waits for the thread (`crews`). Kernels end first.
    """
    if seconds is None:
        yield
        return
    try:
        with _alarm(seconds) if _alone and threading.current_thread() is threading.main_thread() else _timer(seconds):
            yield
    except Struck:
        raise too_long(seconds) from None


@contextlib.contextmanager
def _alarm(seconds):
    """Strike the main thread by a signal, again and again where a plug-in swallows it."""
    active = True

    def strike(*_):
        if active:
            raise Struck

    before = signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)
    try:
        yield
    finally:
        active = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _timer(seconds):
    """Strike this thread by an exception that its next line of Python raises."""
    state, lock, thread = {"active": True}, threading.Lock(), threading.get_ident()

    def strike():
        with lock:
            if state["active"]:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(Struck))

    timer = threading.Timer(seconds, strike)
    timer.daemon = True
    timer.start()
    try:
        yield
        with lock:
            state["active"] = False
        for _ in range(100):  # a strike that came at the last moment is delivered here
            pass
    finally:
        with lock:
            state["active"] = False
        timer.cancel()
