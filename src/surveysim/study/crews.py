"""Who carries out tasks: threads, processes of our own, or anybody's executor; each says what happens as messages.

A crew takes tasks (`room`, `give`) and gives `events`: (worker, message) with the messages of `execution.steps`, and ("end",) of a task,
("died", exit code) of a process, ("error", exception), ("lost", exception) of a task that somebody's executor could not bring home.
"""

import contextlib
import ctypes
import os
import pickle
import queue
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import StudyError, SurveysimError, SurveysimWarning
from .execution import Plan, Task, of_process, steps
from .faults import told
from .parts import Block

AHEAD = 2  # tasks a worker has, so that it never waits for the parent's disk
GRACE = 10.0  # seconds a repetition has to come to its end when everything is stopped
PULSE = 1.0  # seconds between two looks at processes that say nothing
LOST = ("KilledWorker", "WorkerDied", "TerminatedWorkerError")  # how executors of others say that a worker died

Event = tuple[Any, tuple[Any, ...]]  # (worker, message)


class _Worker:
    """One who works, as the parent sees it: a thread with its inbox, or a process with its pipe."""

    inbox: Any
    thread: Any
    pipe: Any
    process: Any

    def __init__(self):
        self.tasks, self.now, self.done, self.gone = [], None, 0, False

    def at(self, r):
        self.now = (r, time.monotonic())


class _Crew:
    """Workers that are hired as tasks come."""

    broken = False
    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...  # what a kind of crew has

    def __init__(self, plan, size):
        self.plan, self.size, self.workers = plan, size, []

    def room(self):
        return len(self.workers) < self.size or any(len(w.tasks) < AHEAD for w in self.workers)

    def idle(self):
        return not any(w.tasks for w in self.workers)

    def give(self, task):
        worker = min(self.workers, key=lambda w: len(w.tasks), default=None)
        if worker is None or (worker.tasks and len(self.workers) < self.size):
            worker = self._hired()
            self.workers.append(worker)
        worker.tasks.append(task)
        self._hand(worker, task)

    def late(self, timeout):
        """Workers whose repetition had its time, and some more to end by itself."""
        now = time.monotonic()
        return [w for w in self.workers if w.now is not None and now > w.now[1] + 1.1 * timeout + 1.0]

    def dismiss(self, worker):
        """Do without a worker from now on; the tasks it still had, the one it was at first."""
        self.workers.remove(worker)
        worker.gone = True
        return worker.tasks


class Threads(_Crew):
    """Threads of this process. One whose repetition blocks for longer than it may is left behind, and ends with the process."""

    def __init__(self, plan: Plan, size: int) -> None:
        super().__init__(plan, size)
        self.mail, self.stopped = queue.SimpleQueue(), threading.Event()

    def _hired(self):
        worker = _Worker()
        worker.inbox = queue.SimpleQueue()
        worker.thread = threading.Thread(target=self._work, args=(worker,), name="surveysim", daemon=True)
        worker.thread.start()
        return worker

    def _hand(self, worker, task):
        worker.inbox.put(task)

    def _work(self, worker):
        process = os.getpid()

        def say(message):
            if os.getpid() != process:  # a child that a plug-in forked, and that came back from it
                os._exit(0)
            self.mail.put((worker, message))

        while (task := worker.inbox.get()) is not None and not worker.gone:
            try:
                steps(self.plan, task, say, lambda: worker.gone or self.stopped.is_set())
                say(("end",))
            except BaseException as error:
                say(("error", error))

    def events(self, timeout: float | None) -> Iterable[Event]:
        found = []
        with contextlib.suppress(queue.Empty):
            found.append(self.mail.get(timeout=timeout))
            while True:
                found.append(self.mail.get_nowait())
        return [(worker, message) for worker, message in found if not worker.gone]

    def stop(self) -> Iterable[Event]:
        """End after the repetitions that run; yields what they say meanwhile, and ends when the caller has taken their last task."""
        self.stopped.set()
        end = time.monotonic() + GRACE
        while not self.idle() and time.monotonic() < end:
            yield from self.events(0.1)

    def close(self) -> None:
        self.stopped.set()
        for worker in self.workers:
            worker.inbox.put(None)
        for worker in self.workers:
            worker.thread.join(0.0 if worker.tasks else GRACE)


class Processes(_Crew):
    """Processes of our own, spawned, each a group by itself; they end when this one does, however it ends."""

    def __init__(self, plan: Plan, size: int) -> None:
        import multiprocessing

        super().__init__(plan, size)
        self.context, self.looked = multiprocessing.get_context("spawn"), time.monotonic()

    def _hired(self):
        worker = _Worker()
        worker.pipe, theirs = self.context.Pipe()
        worker.process = self.context.Process(target=_serve, args=(theirs, self.plan, os.getpid()), name="surveysim")
        worker.process.start()
        theirs.close()
        return worker

    def _hand(self, worker, task):
        with contextlib.suppress(OSError):  # it died; that is found out by listening
            worker.pipe.send(task)

    def events(self, timeout: float | None) -> Iterable[Event]:
        from multiprocessing.connection import wait as ready

        known = {w.pipe: w for w in self.workers} | {w.process.sentinel: w for w in self.workers}
        heard = {id(known[thing]): known[thing] for thing in ready(list(known), min(timeout or PULSE, PULSE))}
        if not heard or time.monotonic() > self.looked + PULSE:
            self.looked = time.monotonic()
            heard |= {
                id(w): w for w in self.workers if not w.process.is_alive()
            }  # its own children may keep its pipes open
        return [(worker, message) for worker in heard.values() for message in self._said(worker)]

    def _said(self, worker):
        """What a worker said, to its last word."""
        found = []
        try:
            while worker.pipe.poll():
                found.append(worker.pipe.recv())
        except (EOFError, OSError, pickle.UnpicklingError):
            worker.process.join(GRACE)
        if not worker.process.is_alive():
            with contextlib.suppress(EOFError, OSError, pickle.UnpicklingError):
                while worker.pipe.poll():
                    found.append(worker.pipe.recv())
            found.append(("died", worker.process.exitcode))
        return found

    def dismiss(self, worker: Any) -> list[Task]:
        _kill(worker.process)
        worker.pipe.close()
        return super().dismiss(worker)

    def stop(self) -> Iterable[Event]:
        """End at once: what was done was said already."""
        return self.events(0.001)

    def close(self) -> None:
        for worker in self.workers:
            with contextlib.suppress(OSError):
                worker.pipe.send(None)
        end = time.monotonic() + 2.0
        for worker in self.workers:
            if not worker.tasks:
                worker.process.join(max(end - time.monotonic(), 0.0))
        for worker in list(self.workers):
            self.dismiss(worker)


def _kill(process):
    """End a process, what it started, and wait for it."""
    with contextlib.suppress(OSError, AttributeError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        process.kill()
    process.join(GRACE)


def _serve(pipe, plan, parent):
    """The life of a worker process: it leaves Ctrl-C to the parent, and says nothing of what a thread would not say."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if hasattr(os, "setpgid"):
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
    _end_with(parent)
    _bound_memory()
    of_process()
    sys.stdout = sys.stderr
    warnings.simplefilter("ignore", SurveysimWarning)
    process = os.getpid()

    def say(message):
        if os.getpid() != process:  # a child that a plug-in forked, and that came back from it
            os._exit(0)
        pipe.send(message)

    try:
        while (task := pipe.recv()) is not None:
            try:
                steps(plan, task, say, lambda: False)
                say(("end",))
            except OSError:
                raise
            except BaseException as error:
                say(("error", _sendable(error)))
    except (EOFError, OSError):  # the parent is gone
        os._exit(1)


def _sendable(error):
    """An error that can be sent to another process; where it cannot, its type and text."""
    try:
        return pickle.loads(pickle.dumps(error))
    except BaseException:
        return StudyError(told(error))


def _end_with(parent):
    """Let this process end when its parent does, also by kill -9."""
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    except (OSError, AttributeError, TypeError):  # no Linux
        _watch(parent)
    if os.name == "posix" and os.getppid() != parent:
        os._exit(1)


def _watch(parent):
    """End this process when it gets another parent, because its own is gone."""

    def look():
        while os.getppid() == parent:
            time.sleep(PULSE)
        os._exit(1)

    if os.name == "posix":
        threading.Thread(target=look, name="surveysim-parent", daemon=True).start()


@cache
def end_with_pool() -> None:
    """Let a process of somebody's pool end when the pool's owner does: nobody else would tell it."""
    import multiprocessing

    if multiprocessing.parent_process() is not None and threading.current_thread() is threading.main_thread():
        _watch(os.getppid())


def _bound_memory():
    """Refuse this process more memory than there is now: a repetition that eats it gets a MemoryError, and nobody else is killed for it."""
    try:
        import resource

        with open("/proc/meminfo", encoding="ascii") as file:
            there = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in file}
        free = there["MemAvailable"] + there.get("SwapFree", 0)
        with contextlib.suppress(OSError, ValueError):  # no group of processes with a limit of its own
            with open("/sys/fs/cgroup/memory.max", encoding="ascii") as limit:
                most = int(limit.read())
            with open("/sys/fs/cgroup/memory.current", encoding="ascii") as used:
                free = min(free, most - int(used.read()))
        with open("/proc/self/statm", encoding="ascii") as file:
            mine = int(file.read().split()[5]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        soft = int(mine + 0.9 * free)
        resource.setrlimit(resource.RLIMIT_DATA, (soft if hard < 0 else min(soft, hard), hard))
    except (ImportError, OSError, KeyError, ValueError, IndexError):  # no Linux
        return


class Foreign:
    """Somebody's executor: a pool, a cluster. Every task is a future of `task(plan, scenario, repetitions)`, silent until it is done."""

    broken = False  # a pool that lost a worker takes no more work

    def __init__(self, plan: Plan, executor: Any, size: int, task: Callable[..., Block]) -> None:
        self.plan, self.executor, self.size, self.task = plan, executor, size, task
        self.futures = {}

    def room(self) -> bool:
        return not self.broken and len(self.futures) < 2 * self.size + 1

    def idle(self) -> bool:
        return not self.futures

    def give(self, task: Task) -> None:
        worker = _Worker()
        worker.tasks.append(task)
        try:
            self.futures[self.executor.submit(self.task, self.plan, task[0], task[2])] = worker
        except BrokenExecutor as error:
            self.futures[_Failed(error)] = worker

    def events(self, timeout: float | None) -> Iterable[Event]:
        broken = [f for f in self.futures if isinstance(f, _Failed)]
        done = broken or wait(list(self.futures), timeout=timeout, return_when=FIRST_COMPLETED).done
        return [event for future in list(done) for event in self._said(future)]

    def _said(self, future):
        worker = self.futures.pop(future)
        try:
            return [(worker, ("block", future.result())), (worker, ("end",))]
        except (SurveysimError, KeyboardInterrupt) as error:
            return [(worker, ("error", error))]
        except BaseException as error:
            lost = isinstance(error, BrokenExecutor) or type(error).__name__ in LOST
            return [(worker, ("lost" if lost else "error", error))]

    def late(self, timeout: float | None) -> list[Any]:
        return []

    def stop(self) -> Iterable[Event]:
        for future in list(self.futures):
            future.cancel()
        running = [f for f in self.futures if not f.cancelled() and not isinstance(f, _Failed)]
        done = wait(running, timeout=3 * GRACE).done
        return [event for future in done for event in self._said(future)]

    def close(self) -> None:
        """It is not ours."""


class _Failed:
    """A future of a task that could not be submitted."""

    def __init__(self, error):
        self.error = error

    def result(self):
        raise self.error

    def cancel(self):
        return True

    def cancelled(self):
        return True


def block_of(message: tuple[Any, ...]) -> Block:
    """The Block of a message ("did", r, values, failures) or ("block", Block)."""
    if message[0] == "block":
        return message[1]
    _, r, values, failures = message
    return Block(np.array([r], np.int64), values[None], failures)


def workers_of(executor: Any) -> int:
    """Workers of somebody's executor: threads of a Dask cluster, else what pools call _max_workers."""
    client = getattr(executor, "_client", None)
    if client is not None and hasattr(client, "ncores"):
        return max(sum(client.ncores().values()), 1)
    return getattr(executor, "_max_workers", None) or os.cpu_count() or 1
