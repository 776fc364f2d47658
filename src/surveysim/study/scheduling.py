"""The parent's side of a run: it hands out tasks, writes the ledger, and finds the repetitions that end or block their worker."""

import contextlib
import os
import pickle
import warnings
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor
from itertools import chain
from typing import Any

import numpy as np

from ..errors import StudyError, SurveysimError, SurveysimWarning
from ..signals import undisturbed
from . import faults
from .crews import PULSE, Foreign, Processes, Threads, block_of, end_with_pool, workers_of
from .execution import Plan, Task, failed, steps
from .ledger import Ledger, MemoryLedger
from .parts import Block, joined
from .quiet import filtered

PATIENCE = 3  # times in a row that worker processes may die before they do any work
KINDS = {"threads": Threads, "processes": Processes}


def execute(
    plan: Plan,
    ledger: Ledger | MemoryLedger,
    ids: list[str],
    work: Iterable[Task],
    executor: Any = "threads",
    workers: int | None = None,
    block: int | None = None,
    tick: Callable[[int], object] | None = None,
    check: Callable[[int, Block], object] | None = None,
) -> None:
    """Run what is missing and write it, part by part.

    Parameters
    ----------
    plan : Plan. ledger : where parts go. ids : ledger name of every scenario.
    work : [(scenario, first repetition of the part, missing repetitions)]. block : repetitions handed to a worker at a time; the result
        does not depend on it, nor on `executor` and `workers`.
    tick : called with the number of repetitions done. check : called with (scenario, Block) when a part was written, and with failures of
        whole repetitions as soon as they are known.
    """
    crew = _crew(plan, executor, workers)
    open_, missing = {}, {(k, first): len(repetitions) for k, first, repetitions in work}

    def keep(task, found):
        at = task[:2]
        open_.setdefault(at, []).append(found)
        missing[at] -= len(found.repetitions)
        if missing[at] <= 0:
            write(*at)
        elif check is not None and any(
            m < 0 for _, m, _ in found.failures
        ):  # such as cost a process, or all their time
            check(task[0], Block(found.repetitions, found.values[:0], found.failures))

    def write(k, first):
        older = ledger.part(ids[k], first)
        whole = joined([*([] if older is None else [older]), *open_[k, first]])
        ledger.write(ids[k], first, whole)
        del open_[k, first]  # not before it is written, because an interruption may come in between
        if check is not None:
            check(k, whole)

    try:
        drive(crew, _tasks(work, block), keep, tick)
    except BaseException:
        with undisturbed():
            for at in list(open_):
                with contextlib.suppress(StudyError):
                    write(*at)
        raise


def _crew(plan, executor, workers):
    """Who does the work."""
    if isinstance(executor, str) and executor in KINDS:
        if executor == "processes":
            check_sent(plan)
        return KINDS[executor](plan, workers or os.cpu_count() or 1)
    if isinstance(executor, str) or not hasattr(executor, "submit"):
        raise StudyError(f"executor = {executor!r}: give 'threads', 'processes' or an object with submit().")
    return Foreign(plan, executor, workers or workers_of(executor), run_block)


def check_sent(plan: Plan) -> None:
    """Refuse what cannot be sent to another process, before any is started."""
    for method in plan.methods:
        if method.own:
            try:
                pickle.dumps(method)
            except Exception as error:
                raise StudyError(
                    f"method {method.name!r} cannot be sent to processes ({error}). Define it at the top of a module, name it in the "
                    'file as call = "file.py:function", or use executor="threads".'
                ) from None


def _tasks(work, block):
    """Work cut to tasks (scenario, first repetition of the part, repetitions)."""
    for k, first, repetitions in work:
        size = block or len(repetitions)
        for at in range(0, len(repetitions), size):
            yield k, first, repetitions[at : at + size]


def drive(
    crew: Any,
    tasks: Iterable[Task],
    keep: Callable[[Task, Block], object],
    tick: Callable[[int], object] | None = None,
    alone: bool = False,
) -> None:
    """Let a crew carry out tasks and close it; `keep` is called with (task, Block) of all that is done, in any order.

    A repetition during which a process ended is a suspect: it is run again in a process of its own while nothing else runs, and kept if
    that goes well, because it may have died of what others did. If the process ends again (or `alone`), the repetition has failed.
    """
    driver = _Driver(crew, iter(tasks), keep, tick, alone)
    try:
        with filtered():
            driver.run()
    except BaseException:
        with undisturbed():
            driver.wind_up()
        raise
    finally:
        driver.crew.close()


def run_block(plan: Plan, k: int, repetitions: np.ndarray) -> Block:
    """`Block` of some repetitions of scenario k, carried out in this process: what somebody's executor is handed.

    Where repetitions have a clock they run in a thread that is left behind if one of them blocks.
    """
    end_with_pool()
    found, task = [], (k, int(repetitions[0]), repetitions)
    if plan.timeout is None:
        with filtered():
            steps(plan, task, lambda message: found.append(message), lambda: False)
        return joined([block_of(message) for message in found if message[0] != "at"])
    drive(Threads(plan, 1), [task], lambda _, block: found.append(block))
    return joined(found)


class _Driver:
    """The state of `drive`."""

    def __init__(self, crew, tasks, keep, tick, alone):
        self.crew, self.plan, self.tasks, self.keep, self.alone = crew, crew.plan, tasks, keep, alone
        self.tick = tick or (lambda n: None)
        self.again, self.suspects = deque(), deque()
        self.heard = deque()  # messages that came, and were not acted on yet
        self.worked, self.deaths = False, 0

    def run(self):
        while True:
            self._give()
            if self.crew.idle():
                if self.suspects:
                    self._try_alone(*self.suspects.popleft())
                    continue
                if self.crew.broken:
                    self._replace()
                    continue
                return
            self.heard.extend(self.crew.events(PULSE / 4 if self.plan.timeout else PULSE))
            while self.heard:
                worker, message = self.heard.popleft()
                getattr(self, f"_{message[0]}")(worker, *message[1:])
            if self.plan.timeout:
                for worker in self.crew.late(self.plan.timeout):
                    self._stuck(worker)

    def wind_up(self):
        """Stop the crew, and keep what was done: it was heard beside the message that ended the run, or is said meanwhile."""
        for worker, message in chain(self.heard, self.crew.stop()):
            if message[0] in ("did", "block") and worker.tasks:
                with contextlib.suppress(StudyError):
                    self.keep(worker.tasks[0], block_of(message))
            elif message[0] in ("end", "error") and worker.tasks:
                worker.tasks.pop(0)

    def _give(self):
        """Hand out tasks; while there are suspects nothing new is begun, so that they can be alone."""
        while not self.suspects and self.crew.room():
            task = self.again.popleft() if self.again else next(self.tasks, None)
            if task is None:
                return
            self.crew.give(task)

    # ------------------------------------------------------------------------------------------------- what workers say
    def _at(self, worker, r):
        worker.at(r)

    def _did(self, worker, r, values, failures):
        worker.now, self.worked, self.deaths = None, True, 0
        worker.done += 1
        self.keep(worker.tasks[0], block_of(("did", r, values, failures)))

    def _block(self, worker, block):
        self.worked, self.deaths = True, 0
        worker.done += len(block.repetitions)
        self.keep(worker.tasks[0], block)

    def _end(self, worker):
        worker.tasks.pop(0)
        self._ticked(worker)

    def _ticked(self, worker):
        if worker.done:
            self.tick(worker.done)
        worker.done = 0

    def _error(self, worker, error):
        k, _, repetitions = worker.tasks.pop(0)  # the worker is done with it, and nobody waits for it
        if isinstance(error, SurveysimError | KeyboardInterrupt):
            raise error
        name = self.plan.scenarios[k].name
        raise StudyError(
            f"scenario {name!r}, repetitions {repetitions[0]} to {repetitions[-1]}: the worker ended with {faults.told(error)}. Parts that "
            f"were written are safe; study.replay({name!r}, {int(repetitions[0])}) repeats the first of them here."
        ) from error

    def _lost(self, worker, error):
        """A task that somebody's executor could not bring home is run here, where its repetitions can be told apart."""
        task = worker.tasks.pop(0)
        check_sent(self.plan)
        if isinstance(error, BrokenExecutor):
            self.crew.broken = True
            self.again.append(task)
        else:
            self.suspects.append((task, False))

    def _died(self, worker, code):
        """A process ended: by the repetition that it was at, or before it did anything."""
        now, tasks = worker.now, self.crew.dismiss(worker)
        self._ticked(worker)
        if now is not None:
            task, rest = _split(tasks[0], now[0])
            self._put_back([*rest, *tasks[1:]])
            if self.alone:
                self._fail(task, faults.died(code))
            else:
                self.suspects.append((task, True))
            return
        self._put_back(tasks)
        if tasks:
            self.deaths += 1
            if self.deaths > (PATIENCE if self.worked else 1):
                self._give_up(tasks[0])

    def _stuck(self, worker):
        """A repetition that neither its clock nor anything else ended."""
        now, tasks = worker.now, self.crew.dismiss(worker)
        self._ticked(worker)
        task, rest = _split(tasks[0], now[0])
        self._put_back([*rest, *tasks[1:]])
        self._fail(task, faults.too_long(self.plan.timeout))

    # ---------------------------------------------------------------------------------------------------- what is done then
    def _put_back(self, tasks):
        self.again.extendleft(reversed(tasks))

    def _fail(self, task, error):
        source = self.plan.source(task[0])
        self.keep(task, failed(source.shape, int(task[2][0]), error))
        self.tick(1)

    def _try_alone(self, task, alone):
        drive(Processes(self.plan, 1), [task], self.keep, self.tick, alone)

    def _replace(self):
        """Go on in processes of our own where a pool that was handed in broke: one of its workers died, and it takes no more work."""
        warnings.warn(
            "the executor's pool broke because one of its workers died; the study goes on in processes of its own.",
            SurveysimWarning,
            stacklevel=2,
        )
        self.crew = Processes(self.plan, self.crew.size)

    def _give_up(self, task):
        name = self.plan.scenarios[task[0]].name
        why = (
            "often there is not enough memory. Parts that were written are safe; run again with fewer workers."
            if self.worked
            else 'before any of them did any work: put what your script runs under if __name__ == "__main__":, because every new '
            'process reads the script again, or use executor="threads".'
        )
        raise StudyError(
            f"worker processes died {self.deaths} times, last near scenario {name!r}, repetition {int(task[2][0])}: {why}"
        )


def _split(task, r):
    """(the task of one repetition, [the task of those after it] if there are any)."""
    k, first, repetitions = task
    at = int(np.flatnonzero(np.asarray(repetitions) == r)[0])
    rest = repetitions[at + 1 :]
    return (k, first, repetitions[at : at + 1]), ([(k, first, rest)] if len(rest) else [])
