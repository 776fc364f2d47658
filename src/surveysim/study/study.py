"""`Study`: a Monte Carlo study from its specification, run into a ledger, resumed and extended by the same call."""

import contextlib
import json
import os
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from importlib.metadata import version
from typing import Any, Self

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import Pathname, Progress, Table
from ..display import Shown
from ..errors import SpecError, StudyError, SurveysimError
from ..keys import flat, merge
from ..signals import interruptible
from ..survey.checking import told
from ..survey.country_facts import folder_digest
from ..survey.country_spec import CountrySpec
from ..survey.layers import extended, read, with_changes
from ..survey.spec import SurveySpec
from ..tables import framed
from ..writing import advancing, same_umask
from . import completeness, fingerprints, plugins, precision, scenarios
from .execution import Plan
from .ledger import Ledger, MemoryLedger
from .manifest import Manifest, ScenarioEntry
from .methods import Handed
from .mistakes import build
from .parts import FIELDS
from .results import StudyResult
from .scheduling import execute, run_block
from .source import Source
from .spec import MethodSpec, is_table

BEFORE = {
    new: old for old, new in scenarios.RENAMED.items()
}  # folders go on holding a key by the name it had when they began
PACKAGES = ("surveysim-dualframe", "numpy", "scipy", "numba", "pandas")  # whose versions a folder says


class Study(Shown):
    """A Monte Carlo study: what varies, what is drawn, which methods estimate what, how often (docs/reference/studies.md).

    Parameters
    ----------
    keys : nested dict of the specification's keys, or a SurveySpec to repeat as it is.
    methods : {name: callable} beside those of the keys; a callable takes a `Sample` and returns estimates.
    table : DataFrame that is the population of a study of sampling alone. changes : "a.b=c" texts on top.

    Raises
    ------
    SpecError : all mistakes of the specification at once, each with its path.

    Examples
    --------
    >>> import surveysim as ss; ss.Study({"extends": "cnnic-2024-12"}, changes=["study.repetitions=50"])
    <Study 'study': 1 scenarios × 50 repetitions × 1 methods × 113 estimands>
    """

    def __init__(
        self,
        keys: Any,
        methods: Mapping[str, Callable[..., Any]] | None = None,
        table: Table | None = None,
        changes: Sequence[str] = (),
        place: Pathname = "study",
        folder: Pathname = ".",
    ) -> None:
        if isinstance(keys, SurveySpec | CountrySpec):
            keys = keys.model_dump()
        if not isinstance(keys, dict):
            raise SpecError(f"a study takes its keys as a dict, or a SurveySpec; got {type(keys).__name__}.")
        folder, place = (
            guards.path(folder, "folder", error=SpecError),
            str(guards.path(place, "place", error=SpecError)),
        )
        if table is not None:
            if is_table(keys):
                raise SpecError(f"{place}: population.table and table= are both given; give one.")
            keys = merge(keys, {"population": {"table": "(given)"}})
        keys = with_changes(extended(keys, folder / place), changes)
        self.place, self.folder, self.keys = place, str(folder.absolute()), keys
        self.spec, self._scenarios = build(keys, place)
        self.methods = self._methods(methods)
        self._token = uuid.uuid4().hex if methods else ""
        self.definitions = self.spec.definitions()
        self.table = self.spec.table if table is None else _given(table)
        self.varied = [scenario.varied for scenario in self._scenarios]
        self.scenarios = [scenario.name for scenario in self._scenarios]

    @classmethod
    def from_toml(
        cls, path: Pathname, changes: Sequence[str] = (), methods: Mapping[str, Callable[..., Any]] | None = None
    ) -> Self:
        """Read a study's file, or repeat a preset; `changes` are "a.b=c" texts, `methods` {name: callable} on top of the file's."""
        path = guards.path(path, "path", error=SpecError)
        return cls(read(path, changes), methods=methods, place=str(path), folder=path.absolute().parent)

    def _methods(self, given):
        given = guards.mapping(given, "methods", error=SpecError, remedy="Names are its keys, callables its values.")
        odd = [name for name, method in given.items() if not isinstance(name, str) or not callable(method)]
        if odd:
            raise SpecError(
                f"methods[{guards.sight(odd[0])}] = {guards.sight(given[odd[0]])}: give {{name: callable}}."
            )
        twice = [m.name for m in self.spec.methods if m.name in given]
        if twice:
            raise SpecError(f"{self.place}: the method {twice[0]!r} is given twice.")
        for m in self.spec.methods:
            if m.call is not None:
                plugins.checked(m.call, self.folder)
        default = (MethodSpec(name="recipe"),) if not self.spec.methods and not given else self.spec.methods
        return (*default, *(Handed(name, function) for name, function in given.items()))

    def __repr__(self):
        return (
            f"<Study {self.spec.study.name!r}: {len(self.scenarios)} scenarios × {self.spec.study.repetitions:,} repetitions × "
            f"{len(self.methods)} methods × {len(self.definitions)} estimands>"
        )

    # ----------------------------------------------------------------------------------------------------- fingerprints
    def facts(self, k: int) -> dict[str, Any]:
        """{key: value} of everything the results of scenario k depend on; labels, repetitions and executors are not among them."""
        scenario = self._scenarios[k]
        keys = {f"survey.{BEFORE.get(key, key)}": value for key, value in flat(_plain(scenario.spec)).items()}
        keys |= {f"methods.{m.name}": m.fact(self.folder) for m in self.methods}
        keys["order"] = [[m.name for m in self.methods], list(self.definitions.index)]  # results are kept by position
        keys |= fingerprints.of_estimands(self.definitions)
        keys |= {"study.seed": self.spec.study.seed, "random group": scenario.group, "part": self.spec.together}
        keys |= {"study.control_variates": True} if self.spec.study.control_variates else {}
        numbers = fingerprints.SURVEY if self.table is None else fingerprints.TABLE
        keys |= fingerprints.of_code(numbers, self.spec.has_fieldwork)
        if self.table is not None:
            keys["population"] = self._population
        if isinstance(scenario.spec, CountrySpec):  # what the folder says, not where it lies
            keys["survey.population.folder"] = folder_digest(scenario.spec.population.folder)
        return json.loads(json.dumps(keys, default=str))

    @cached_property
    def _population(self):
        return fingerprints.of_table(self.table, self.folder)

    def ids(self) -> list[str]:
        """Ledger names of the scenarios: digests of their facts."""
        return [fingerprints.digest(self.facts(k)) for k in range(len(self.scenarios))]

    def plan(self) -> Plan:
        """What workers need."""
        key = self._token + fingerprints.digest([self.facts(k) for k in range(len(self.scenarios))])
        part, made = self.spec.study, type(self.spec)
        given = (part.seed, part.timeout, self.folder, self.table, part.control_variates)
        return Plan(key, made, tuple(self._scenarios), self.methods, self.definitions, *given)

    def _load(self):
        """Load the plug-ins, so that one that cannot be is refused before anything runs."""
        for m in self.spec.methods:
            if m.call is not None:
                plugins.loaded(m.call, self.folder)

    # -------------------------------------------------------------------------------------------------------- running
    def run(
        self,
        out: Pathname | None = None,
        executor: Any = "threads",
        workers: int | None = None,
        progress: Progress | None = True,
        block: int | None = None,
    ) -> StudyResult:
        """Run what is missing, write it, and return the results; the same call resumes and extends.

        Parameters
        ----------
        out : folder of the ledger; None keeps it in memory. executor : "threads", "processes" (spawned), or any object with `submit` as
            concurrent.futures has it, such as Dask's `client.get_executor()`. workers : None is one per core.
        progress : show a bar on a terminal's stderr, or a function that is called with the number of repetitions done.
        block : repetitions a worker takes at a time. Results do not depend on it, nor on executor and workers, to the byte.

        Returns
        -------
        StudyResult.

        Raises
        ------
        StudyError : the folder holds another study (the message says what differs), another process runs it, it cannot be written,
            more repetitions failed than study.failures allows. KeyboardInterrupt is passed on when what is done is safe.
        """
        if block is not None:
            block = guards.whole_number(block, "block", 1, error=StudyError, remedy="It is a number of repetitions.")
        workers = guards.workers(workers, error=StudyError)
        if progress is not None and not isinstance(progress, bool):
            guards.function(progress, "progress", error=StudyError)
        ledger = MemoryLedger() if out is None else Ledger(out)
        self._load()
        with interruptible(), _same_place(), same_umask(), ledger.lock():
            entries = self._open(ledger)
            plan, wanted = self.plan(), self.spec.study.repetitions
            while True:
                self._fill(plan, ledger, entries, wanted, (executor, workers, block), progress)
                result = self._result(ledger, entries, wanted)
                more = precision.repetitions(self.spec.study, result)
                if more <= wanted:
                    precision.say_unmet(self.spec.study, result)
                    return result
                wanted = more

    def _fill(self, plan, ledger, entries, wanted, hands: tuple[Any, int | None, int | None], bar):
        """Run what is missing of so many repetitions; hands : executor, workers and block of `run`."""
        ids = [entry.id for entry in entries]
        work = completeness.missing(ledger, ids, wanted, self.spec.together)
        failed = completeness.Budget(self, ids, wanted)
        for k, name in enumerate(ids):
            for found in ledger.read(name, wanted):
                failed(k, found)
        total = sum(len(repetitions) for _, _, repetitions in work)
        if total:
            every = len(ids) * wanted
            with advancing(bar, self.spec.study.name, every, every - total) as tick:
                execute(plan, ledger, ids, work, *hands, tick, failed)

    # -------------------------------------------------------------------------------------------------------- the folder
    def _open(self, ledger: Ledger | MemoryLedger) -> list[ScenarioEntry]:
        """Entries of the manifest, checked against a study that is there already, and written."""
        old, plan, part = ledger.manifest, self.plan(), self.spec.study
        there = () if old is None else old.scenarios
        entries = [
            replace(self._kept(ledger.folder, there, k) or self._entry(plan, k), name=s.name, varied=s.varied)
            for k, s in enumerate(self._scenarios)
        ]
        if isinstance(ledger, Ledger):
            ledger.clear_temporary()
        mine, names = {e.id for e in entries}, {e.name for e in entries}
        kept = [
            entry if entry.name not in names else replace(entry, name=f"{entry.name} ({entry.id})")
            for entry in there
            if entry.id not in mine
        ]
        made = {name: version(name) for name in PACKAGES}
        manifest = Manifest(part.name, part.aim, (*entries, *kept), made)
        if old is None or manifest.sealed() != old.sealed():
            ledger.write_manifest(manifest)
        return entries

    def _kept(self, folder: Any, there: tuple[ScenarioEntry, ...], k: int) -> ScenarioEntry | None:
        """The entry of scenario k among those of a folder, or None; refuses another of its name or of an earlier release."""
        facts, name = self.facts(k), self.scenarios[k]
        mark = fingerprints.digest(facts)
        found = next((entry for entry in there if entry.id == mark), None)
        other = next((entry for entry in there if entry.name == name or fingerprints.BEFORE in entry.facts), None)
        if found is None and other is not None:
            raise StudyError(fingerprints.difference(folder, name, other.facts, facts))
        return found

    def _entry(self, plan: Plan, k: int) -> ScenarioEntry:
        facts, level = self.facts(k), self._scenarios[k].spec.estimation.level
        methods = tuple(m.entry() for m in self.methods)
        return ScenarioEntry(fingerprints.digest(facts), facts, level, methods, self._source(plan, k).entries())

    def _source(self, plan: Plan, k: int) -> Source:
        """The source of a scenario, planned; errors say which scenario they are about."""
        try:
            source = plan.source(k)
            source.planned()
        except SurveysimError as error:
            raise type(error)(f"{self.place}: scenario {self.scenarios[k]!r}: {error}") from None
        return source

    def _result(self, ledger, entries, repetitions):
        part = self.spec.study
        return StudyResult(part.name, part.aim, entries, repetitions, ledger)

    def _there(self, ledger: Ledger) -> list[ScenarioEntry | None]:
        """What a folder has of every scenario; refuses another study's."""
        there = () if ledger.manifest is None else ledger.manifest.scenarios
        return [self._kept(ledger.folder, there, k) for k in range(len(self.scenarios))]

    def result(self, out: Pathname) -> StudyResult:
        """The results that are in a folder, without running anything; fewer repetitions than asked for are fine."""
        ledger = Ledger(out)
        if ledger.manifest is None:
            raise StudyError(f"{out}: there is no study in this folder; run it first.")
        entries = [
            replace(entry, name=s.name, varied=s.varied)
            for entry, s in zip(self._there(ledger), self._scenarios, strict=True)
            if entry is not None and ledger.counts(entry.id)
        ]
        if not entries:
            raise StudyError(f"{out}: no repetition of this study is finished yet.")
        most = max(ledger.counts(e.id) for e in entries) if self.spec.study.target_mcse else 0
        return self._result(ledger, entries, max(self.spec.study.repetitions, most))

    def status(self, out: Pathname) -> pd.DataFrame:
        """Table scenario, done, wanted, failed, damaged: what is in a folder; `attrs` say whether it is "running", and every "faults"."""
        ledger = Ledger(out)
        self._there(ledger)
        return completeness.status(ledger, self.scenarios, self.ids(), self.spec.study)

    def check(self) -> None:
        """Plan every scenario: what only shows with the population or the table at hand. Raises SpecError with all mistakes."""
        plan, found = self.plan(), []
        for k, name in enumerate(self.scenarios):
            try:
                plan.source(k).planned()
            except SurveysimError as error:
                found.append(f"{self.place}: scenario {name!r}: {error}")
        if found:
            raise SpecError(told(found))

    def dry_run(self, out: Pathname | None = None, workers: int | None = None, trial: bool = True) -> dict[str, Any]:
        """What a run would do: a dict of scenarios, repetitions missing, seconds and bytes. Nothing is written.

        Parameters
        ----------
        out, workers : as for `run`. trial : carry out three repetitions of each of up to five scenarios to predict the seconds; they are
            None without, which takes no time, and runs no code of estimators.
        """
        plan, ids, wanted = self.plan(), self.ids(), self.spec.study.repetitions
        ledger = MemoryLedger() if out is None else Ledger(out)
        together = self.spec.together
        missing = sum(completeness.left(ledger, key, wanted, together) for key in dict.fromkeys(ids))
        trial = guards.flag(trial, "trial", error=StudyError)
        cores, each = (
            guards.workers(workers, error=StudyError) or os.cpu_count() or 1,
            self._tried(plan) if trial else None,
        )
        known = self.spec.items(self.definitions)
        items, fields = len(plan.source(0).items if known is None else known), len(FIELDS) + plan.controlled
        return {
            "scenarios": len(ids),
            "repetitions": missing,
            "seconds_per_repetition": each,
            "seconds": None if each is None else each * missing / cores,
            "bytes": (len(self.methods) * items * fields * 6.0 + 60) * wanted * len(ids),
            "workers": cores,
        }

    def _tried(self, plan):
        """Seconds a repetition, of two after the first, which compiles."""
        self._load()
        seconds = []
        for k in range(min(len(self.scenarios), 5)):
            run_block(plan, k, np.arange(1))
            start = time.perf_counter()
            run_block(plan, k, np.arange(1, 3))
            seconds.append((time.perf_counter() - start) / 2)
        return float(np.mean(seconds))

    def replay(self, scenario: str | int, repetition: int) -> Any:
        """One repetition again, whole: the `SurveyRun` of a survey, or the (table, Survey) of a sample from a table.

        Parameters
        ----------
        scenario : name, or number. repetition : 0 or larger.
        """
        k = scenario if isinstance(scenario, int) and not isinstance(scenario, bool) else None
        if isinstance(scenario, str) and scenario in self.scenarios:
            k = self.scenarios.index(scenario)
        if k is None or not 0 <= k < len(self.scenarios):
            raise StudyError(
                f"there is no scenario {guards.sight(scenario)}; there are {', '.join(map(repr, self.scenarios[:20]))}."
            )
        repetition = guards.whole_number(repetition, "repetition", error=StudyError)
        return self.plan().source(k).replay(repetition)


def _given(table: Any) -> pd.DataFrame:
    """A population that was handed in, as a pandas table."""
    return table if isinstance(table, pd.DataFrame) else framed(table, "table", SpecError).to_pandas()


def _plain(spec):
    """Keys of a scenario's survey or table study that its results depend on."""
    data = spec.model_dump()
    for key in ("name", "study", "grid", "scenarios", "methods", "estimands"):
        data.pop(key, None)
    return data


@contextlib.contextmanager
def _same_place():
    """An estimator may change the working directory; whoever called finds it as it was."""
    try:
        before = os.getcwd()
    except OSError:  # it was removed
        before = None
    try:
        yield
    finally:
        if before is not None:
            with contextlib.suppress(OSError):
                os.chdir(before)
