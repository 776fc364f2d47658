"""Blocks of repetitions on threads, processes or any executor; the parent writes the ledger, workers return arrays."""

import contextlib
import ctypes
import os
import pickle
import signal
import sys
import threading
import warnings
from collections import OrderedDict
from concurrent.futures import FIRST_COMPLETED, CancelledError, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..errors import StudyError, SurveysimError, SurveysimWarning
from .draw_survey import SurveySource
from .draw_table import TableSource
from .ledger import FIELDS, Block, joined
from .study_spec import TableStudySpec

ALL = -1  # the method number of a failure before any method began
PATIENCE = 3  # times a pool of processes may break before the study gives up


class RepetitionTimeoutError(SurveysimError):
    """A repetition took longer than study.timeout."""


@dataclass(frozen=True)
class Plan:
    """Everything a worker needs to know.

    Attributes
    ----------
    key : digest of the plan. scenarios : (name, group, survey spec) of each. methods : MethodSpec or (name, callable).
    definitions : of the estimands, by name. seed, timeout : of the study. folder : of the study's file. table : path or DataFrame.
    """

    key: str
    scenarios: tuple
    methods: tuple
    definitions: pd.DataFrame = field(repr=False)
    seed: int
    timeout: float | None = None
    folder: str = "."
    table: object = field(default=None, repr=False)

    def source(self, k):
        """The source of scenario k, made once in a process; the last few are kept."""
        with _making:
            if (self.key, k) in _sources:
                _sources.move_to_end((self.key, k))
            else:
                _sources[self.key, k] = self._made(k)
                while len(_sources) > KEPT:
                    _sources.popitem(last=False)
            return _sources[self.key, k]

    def _made(self, k):
        _, group, spec = self.scenarios[k]
        if isinstance(spec, TableStudySpec):
            return TableSource(spec, self.methods, self.definitions, self.seed, group, self.folder, self.table)
        return SurveySource(spec, self.methods, self.definitions, self.seed, group, self.folder)


KEPT = 4
_sources, _making = OrderedDict(), threading.Lock()


# ------------------------------------------------------------------------------------------------------ in the worker
def run_block(plan, k, repetitions, stop=None):
    """`Block` of some repetitions of scenario k; fewer where `stop` is set meanwhile. `plan` may be the key of one sent before."""
    plan = plan if isinstance(plan, Plan) else _plans[plan]
    source = plan.source(k)
    if plan.timeout is None and source.fast:
        return source.block(repetitions)
    source.warm()
    done, values, failures = [], [], []
    for r in repetitions:
        if stop is not None and stop.is_set():
            break
        found, failed = one(source, int(r), plan.timeout)
        done.append(r)
        values.append(found)
        failures += [(int(r), m, text) for m, text in failed]
    shape = (0, len(plan.methods), len(source.items), len(FIELDS))
    return Block(np.array(done, np.int64), np.stack(values) if values else np.empty(shape), tuple(failures))


def one(source, r, timeout):
    """Values and failures of one repetition; whatever goes wrong in it is a failure of it."""
    empty = np.full((len(source.methods), len(source.items), len(FIELDS)), np.nan)
    try:
        with limited(timeout):
            values, failures = source.repetition(r)
    except SurveysimError as error:
        return empty, [(ALL, f"{type(error).__name__}: {error}")]
    endless = np.isinf(values[..., :2]).any(axis=(1, 2))
    for m in np.flatnonzero(endless):
        failures.append((int(m), "StudyError: an estimate or a standard error is infinite"))
        values[m] = np.nan
    return values, failures


@contextlib.contextmanager
def limited(seconds):
    """Raise RepetitionTimeoutError in this thread when the block takes longer; Python code is interrupted, a kernel ends first."""
    if seconds is None:
        yield
        return
    state, lock, thread = {"active": True}, threading.Lock(), threading.get_ident()

    def strike():
        with lock:
            if state["active"]:
                kind = ctypes.py_object(_Struck)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), kind)

    timer = threading.Timer(seconds, strike)
    timer.daemon = True
    timer.start()
    try:
        yield
        with lock:
            state["active"] = False
        for _ in range(100):  # a strike that came at the last moment is delivered here
            pass
    except _Struck:
        raise RepetitionTimeoutError(f"the repetition took longer than study.timeout = {seconds:g} seconds") from None
    finally:
        with lock:
            state["active"] = False
        timer.cancel()


class _Struck(BaseException):
    """What interrupts a repetition; no `except Exception` of a plug-in catches it."""


_plans = {}  # of a worker process, by key: sent once


def _begin(plan):
    """A worker process leaves Ctrl-C to the parent, keeps the plan, and says nothing of what a thread would not say."""
    _plans[plan.key] = plan
    sys.stdout = sys.stderr
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore", SurveysimWarning)


# ------------------------------------------------------------------------------------------------------ in the parent
def execute(plan, ledger, ids, work, executor="threads", workers=None, block=None, tick=None, check=None):
    """Run what is missing and write it, part by part.

    Parameters
    ----------
    plan : Plan. ledger : where parts go. ids : ledger name of every scenario.
    work : [(scenario, first repetition of the part, missing repetitions)]. block : repetitions handed to a worker at a time; the result
        does not depend on it, nor on `executor` and `workers`.
    tick : called with the number of repetitions done. check : called with (scenario, Block) before a part is written.
    """
    if executor == "processes":
        _check_sent(plan)
    pool = _Pool(executor, workers, plan)
    tasks = iter(_tasks(work, block))
    open_, pending = {}, {}
    missing = {(k, first): len(repetitions) for k, first, repetitions in work}

    def take(future):
        k, first, _ = pending.pop(future)
        found = future.result()
        open_.setdefault((k, first), []).append(found)
        if tick is not None:
            tick(len(found.repetitions))
        missing[k, first] -= len(found.repetitions)
        if missing[k, first] <= 0:
            write(k, first)

    def write(k, first):
        blocks = open_.pop((k, first))
        older = ledger.part(ids[k], first)
        whole = joined([*([] if older is None else [older]), *blocks])
        ledger.write(ids[k], first, whole)
        if check is not None:
            check(k, whole)

    try:
        with _silent():
            for task in tasks:
                pending[pool.submit(run_block, pool.sent, task[0], task[2])] = task
                while len(pending) >= pool.window:
                    _collect(pool, pending, take, plan)
            while pending:
                _collect(pool, pending, take, plan)
    except BaseException:
        with _undisturbed():
            pool.stop.set()
            for future in list(pending):
                future.cancel()
            running = wait([f for f in pending if not f.cancelled()], timeout=pool.grace)
            for future in running.done:
                with contextlib.suppress(Exception, CancelledError):
                    take(future)
            if running.not_done:
                pool.end()
            for k, first in list(open_):
                if any(len(b.repetitions) for b in open_[k, first]):
                    with contextlib.suppress(StudyError):
                        write(k, first)
        raise
    finally:
        pool.close()


def _tasks(work, block):
    """Work cut to blocks."""
    for k, first, repetitions in work:
        size = block or len(repetitions)
        for at in range(0, len(repetitions), size):
            yield k, first, repetitions[at : at + size]


def _collect(pool, pending, take, plan):
    """Take what is finished; a broken pool of processes is made anew and its blocks are run again."""
    done = wait(pending, return_when=FIRST_COMPLETED).done
    for future in sorted(done, key=lambda f: (*pending[f][:2], int(pending[f][2][0]))):
        try:
            task = pending[future]
            take(future)
            pool.worked = True
        except BrokenProcessPool:
            lost = [task, *pending.values()]
            pending.clear()
            pool.renew(plan, lost[0])
            for again in lost:
                pending[pool.submit(run_block, pool.sent, again[0], again[2])] = again
            return
        except (SurveysimError, KeyboardInterrupt):
            raise
        except Exception as error:
            name = plan.scenarios[task[0]][0]
            raise StudyError(
                f"scenario {name!r}, repetitions {task[2][0]} to {task[2][-1]}: the worker ended with {type(error).__name__}: {error}. "
                f"Parts that were written are safe; study.replay({name!r}, {int(task[2][0])}) repeats the first of them here."
            ) from error


@contextlib.contextmanager
def _undisturbed():
    """A second Ctrl-C does not keep what is done from being written."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _check_sent(plan):
    """Refuse what cannot be sent to another process, before any is started."""
    for method in plan.methods:
        if isinstance(method, tuple):
            try:
                pickle.dumps(method[1])
            except Exception as error:
                raise StudyError(
                    f"method {method[0]!r} cannot be sent to processes ({error}). Define it at the top of a module, name it in the file as "
                    'call = "file.py:function", or use executor="threads".'
                ) from None


class _Pool:
    """An executor of ours or the caller's, and how to stop it."""

    def __init__(self, executor, workers, plan):
        self.plan = plan
        self.sent = plan.key if executor == "processes" else plan
        self.stop, self.kind, self.broken, self.worked = threading.Event(), executor, 0, False
        self.workers = workers or os.cpu_count() or 1
        self.own = isinstance(executor, str)
        if not self.own:
            if not hasattr(executor, "submit"):
                raise StudyError(f"executor = {executor!r}: give 'threads', 'processes' or an object with submit().")
            self.pool, self.workers = executor, workers or _workers_of(executor)
        elif executor not in ("threads", "processes"):
            raise StudyError(f"executor = {executor!r}: give 'threads', 'processes' or a concurrent.futures executor.")
        else:
            self.pool = self._made()
        self.window = 2 * self.workers + 1
        self.grace = 10.0 if executor == "processes" else 60.0

    def _made(self):
        if self.kind == "threads":
            return ThreadPoolExecutor(self.workers, thread_name_prefix="surveysim")
        import multiprocessing

        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self.workers, mp_context=context, initializer=_begin, initargs=(self.plan,))

    def submit(self, function, *arguments):
        if self.own and self.kind == "threads":
            return self.pool.submit(function, *arguments, self.stop)
        return self.pool.submit(function, *arguments)

    def renew(self, plan, task):
        """A new pool of processes in place of one that lost a worker."""
        self.broken += 1
        if not self.own or self.broken > (PATIENCE if self.worked else 1):
            name = plan.scenarios[task[0]][0]
            why = (
                "often there is not enough memory. Parts that were written are safe; run again with fewer workers."
                if self.worked
                else 'before any of them did any work: put what your script runs under if __name__ == "__main__":, because every new '
                'process reads the script again, or use executor="threads".'
            )
            raise StudyError(
                f"worker processes died {self.broken} times, last near scenario {name!r}, repetition {int(task[2][0])}: {why}"
            )
        self.pool.shutdown(wait=False, cancel_futures=True)
        self.pool = self._made()

    def end(self):
        """Give up on worker processes that do not come to an end."""
        if self.own and self.kind == "processes":
            for process in list(getattr(self.pool, "_processes", {}).values()):
                process.terminate()

    def close(self):
        if self.own:
            self.pool.shutdown(wait=True, cancel_futures=True)


def _workers_of(executor):
    """Workers of somebody's executor: threads of a Dask cluster, else what pools call _max_workers."""
    client = getattr(executor, "_client", None)
    if client is not None and hasattr(client, "ncores"):
        return max(sum(client.ncores().values()), 1)
    return getattr(executor, "_max_workers", None) or os.cpu_count() or 1


@contextlib.contextmanager
def _silent():
    """No warning for every repetition; what matters is counted in the ledger."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SurveysimWarning)
        yield


def estimands_of(source):
    """The estimands of a source with their exact values, as plain dicts."""
    columns = (source.items, source.units, source.shares.tolist(), source.truth().tolist())
    return [
        {
            "name": name,
            "domain": domain,
            "kind": source.definitions.loc[name, "kind"],
            "unit": unit,
            "share": share,
            "true": true,
        }
        for (name, domain), unit, share, true in zip(*columns, strict=True)
    ]
