"""`Study`: a Monte Carlo study from its specification, run into a ledger, resumed and extended by the same call."""

import contextlib
import json
import os
import time
import uuid
import warnings
from functools import cached_property
from importlib.metadata import version

import numpy as np
import pandas as pd

from .. import guards
from ..display import Shown, short
from ..errors import SpecError, StudyError, SurveysimError, SurveysimWarning
from ..judging.tables import repetitions_needed
from ..keys import flat, merge
from ..signals import interruptible
from ..survey import estimands
from ..survey.checking import told
from ..survey.layers import extended
from ..survey.spec import SurveySpec
from ..writing import advancing, same_umask
from . import fingerprints, plugins
from .execution import Plan, estimands_of
from .ledger import FIELDS, FORMAT, TOGETHER, Ledger, MemoryLedger
from .methods import Handed
from .results import StudyResult
from .scheduling import execute, run_block
from .study_spec import MethodSpec, TableStudySpec, build, given_table, is_table, read, with_changes

GROWTH = 4  # times the repetitions may grow in one step towards target_mcse
ROOM = 100  # times study.repetitions that target_mcse may go to, unless study.max_repetitions says otherwise


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

    def __init__(self, keys, methods=None, table=None, changes=(), place="study", folder="."):
        if isinstance(keys, SurveySpec):
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
        self.spec, scenarios = build(keys, place)
        self.methods = self._methods(methods)
        self._token = uuid.uuid4().hex if methods else ""
        table_ = isinstance(self.spec, TableStudySpec)
        entries = self.spec.estimands
        if table_:
            self.definitions = estimands.defined_on_table(entries)
        elif entries:
            self.definitions = estimands.defined(entries)
        else:
            self.definitions = estimands.selected(self.spec).assign(by=[()] * len(estimands.selected(self.spec)))
        self.table = given_table(table) if table is not None else (self.spec.population.table if table_ else None)
        self.varied = [varied for _, varied, _, _ in scenarios]
        self.scenarios = [name for name, *_ in scenarios]
        self._specs = [(name, group, spec) for name, _, group, spec in scenarios]

    @classmethod
    def from_toml(cls, path, changes=(), methods=None):
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
            if m.own:
                plugins.checked(m.call, self.folder)
        default = (MethodSpec(name="recipe"),) if not self.spec.methods and not given else self.spec.methods
        return (*default, *(Handed(name, function) for name, function in given.items()))

    def __repr__(self):
        return (
            f"<Study {self.spec.study.name!r}: {len(self.scenarios)} scenarios × {self.spec.study.repetitions:,} repetitions × "
            f"{len(self.methods)} methods × {len(self.definitions)} estimands>"
        )

    # ----------------------------------------------------------------------------------------------------- fingerprints
    def facts(self, k):
        """{key: value} of everything the results of scenario k depend on; labels, repetitions and executors are not among them."""
        _, group, spec = self._specs[k]
        keys = {f"survey.{key}": value for key, value in flat(_plain(spec)).items()}
        keys |= {f"methods.{m.name}": m.fact(self.folder) for m in self.methods}
        columns = [c for c in self.definitions.columns if c != "note"]
        keys["order"] = [[m.name for m in self.methods], list(self.definitions.index)]  # results are kept by position
        keys |= {f"estimands.{n}": [row[c] for c in columns] for n, row in self.definitions.iterrows()}
        keys |= {
            "study.seed": self.spec.study.seed,
            "random group": group,
            "part": self._together,
        }
        keys |= fingerprints.of_code(isinstance(self.spec, TableStudySpec))
        if self.table is not None:
            keys["population"] = self._population
        return json.loads(json.dumps(keys, default=str))

    @cached_property
    def _population(self):
        return fingerprints.of_table(self.table, self.folder)

    def ids(self):
        """Ledger names of the scenarios: digests of their facts."""
        return [fingerprints.digest(self.facts(k)) for k in range(len(self.scenarios))]

    def plan(self):
        """What workers need."""
        key = self._token + fingerprints.digest([self.facts(k) for k in range(len(self.scenarios))])
        part = self.spec.study
        return Plan(
            key, tuple(self._specs), self.methods, self.definitions, part.seed, part.timeout, self.folder, self.table
        )

    def _load(self):
        """Load the plug-ins, so that one that cannot be is refused before anything runs."""
        for m in self.spec.methods:
            if m.call is not None:
                plugins.loaded(m.call, self.folder)

    # -------------------------------------------------------------------------------------------------------- running
    def run(self, out=None, executor="threads", workers=None, progress=True, block=None):
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
                self._fill(plan, ledger, entries, wanted, executor, workers, block, progress)
                result = self._result(ledger, entries, wanted, plan)
                more = self._more(result)
                if more <= wanted:
                    self._say_unmet(result)
                    return result
                wanted = more

    def _fill(self, plan, ledger, entries, wanted, executor, workers, block, progress):
        ids = [entry["id"] for entry in entries]
        work = self._missing(plan, ledger, ids, wanted)
        failed = self._failures(ledger, ids, wanted)
        total = sum(len(repetitions) for _, _, repetitions in work)
        if total:
            every = len(ids) * wanted
            with advancing(progress, self.spec.study.name, every, every - total) as tick:
                execute(plan, ledger, ids, work, executor, workers, block, tick, failed)

    def _missing(self, plan, ledger, ids, wanted):
        """[(scenario, first repetition of the part, missing repetitions)]."""
        work = []
        for k, name in enumerate(ids):
            if name in ids[:k]:  # the same scenario under another name
                continue
            together, done = self._together, ledger.done(name)
            for first in range(0, wanted, together):
                every = np.arange(first, min(first + together, wanted))
                missing = np.setdiff1d(every, done[first]) if first in done else every
                if len(missing):
                    work.append((k, first, missing))
        return work

    @property
    def _together(self):
        if not isinstance(self.spec, TableStudySpec):
            return TOGETHER
        from .table_source import TableSource  # a study has one kind of source

        return TableSource.together

    def _failures(self, ledger, ids, wanted):
        """A check of the failure budget, called with every part that is finished."""
        part = self.spec.study
        allowed = max(part.failures * wanted, 1.0) if part.failures else 0.0
        seen = {k: {} for k in range(len(ids))}

        def check(k, block):
            seen[k] |= {f[0]: f for f in block.failures}
            if len(seen[k]) > allowed:
                r, m, text = seen[k][min(seen[k])]
                name, method = self.scenarios[k], "" if m < 0 else f", method {self.methods[m].name!r}"
                raise StudyError(
                    f"scenario {name!r}: {len(seen[k])} repetitions failed, more than study.failures = {part.failures:g} of {wanted:,} "
                    f"allows. The first is repetition {r}{method}: {short(text)}\nstudy.replay({name!r}, {r}) repeats it. Nothing is lost. "
                    "Raise study.failures to go on; a mended estimator or survey is another study, in a folder of its own."
                )

        for k, name in enumerate(ids):
            for block in ledger.read(name, wanted):
                check(k, block)
        return check

    def _more(self, result):
        """Repetitions that target_mcse asks for; no more than the study has where it is met, or impossible."""
        part, have = self.spec.study, result.repetitions
        if not part.target_mcse:
            return have
        most = part.max_repetitions or ROOM * part.repetitions
        table = result.performance()
        present = {k: v for k, v in part.target_mcse.items() if k in set(table["measure"])}
        if len(present) < len(part.target_mcse):
            absent = min(set(part.target_mcse) - set(present))
            raise StudyError(
                f"study.target_mcse: {absent!r} is not measured here: no method gives standard errors, or it has no reference."
            )
        need = repetitions_needed(_unsure(table), present)
        need = (need["needed"] * have / need["nsim"]).max()  # some repetitions may be missing
        return have if not np.isfinite(need) else int(min(max(np.ceil(need), have), most, GROWTH * have))

    def _say_unmet(self, result):
        """Warn where study.target_mcse is out of reach of the most repetitions there may be."""
        if self.spec.study.target_mcse:
            table = _unsure(result.performance())
            for name, target in self.spec.study.target_mcse.items():
                worst = table.loc[table["measure"] == name, "mcse"].max()
                if worst > target:
                    warnings.warn(
                        f"study.target_mcse: the error of {name} is {worst:.3g} after {result.repetitions:,} repetitions, above "
                        f"{target:g}; raise study.max_repetitions.",
                        SurveysimWarning,
                        stacklevel=3,
                    )

    # -------------------------------------------------------------------------------------------------------- the folder
    def _open(self, ledger):
        """Entries of the manifest, checked against a study that is there already, and written."""
        there = [] if ledger.manifest is None else ledger.manifest["scenarios"]
        plan = self.plan()
        entries = [
            (self._kept(ledger.folder, there, k) or self._entry(plan, k)) | {"name": name, "varied": self.varied[k]}
            for k, name in enumerate(self.scenarios)
        ]
        if ledger.folder is not None:
            ledger.clear_temporary()
        mine, names = {e["id"] for e in entries}, {e["name"] for e in entries}
        kept = [
            s if s["name"] not in names else s | {"name": f"{s['name']} ({s['id']})"}
            for s in there
            if s["id"] not in mine
        ]
        part = self.spec.study
        manifest = {
            "format": FORMAT,
            "name": part.name,
            "aim": part.aim,
            "scenarios": [*entries, *kept],
            "versions": {name: version(name) for name in ("surveysim-dualframe", "numpy", "scipy", "numba", "pandas")},
        }
        if manifest != ledger.manifest:
            ledger.write_manifest(manifest)
        return entries

    def _kept(self, folder, there, k):
        """The entry of scenario k among those of a folder, or None; refuses another of its name or of an earlier release."""
        facts, name = self.facts(k), self.scenarios[k]
        mark = fingerprints.digest(facts)
        found = next((entry for entry in there if entry["id"] == mark), None)
        other = next((entry for entry in there if entry["name"] == name or fingerprints.BEFORE in entry["facts"]), None)
        if found is None and other is not None:
            raise StudyError(fingerprints.difference(folder, name, other["facts"], facts))
        return found

    def _entry(self, plan, k):
        facts, spec, source = self.facts(k), self._specs[k][2], self._source(plan, k)
        return {
            "id": fingerprints.digest(facts),
            "facts": facts,
            "level": spec.estimation.level,
            "methods": [m.entry() for m in self.methods],
            "estimands": estimands_of(source),
        }

    def _source(self, plan, k):
        """The source of a scenario, planned; errors say which scenario they are about."""
        try:
            source = plan.source(k)
            source.planned()
        except SurveysimError as error:
            raise type(error)(f"{self.place}: scenario {self.scenarios[k]!r}: {error}") from None
        return source

    def _result(self, ledger, entries, repetitions, plan=None):
        part = self.spec.study
        return StudyResult(part.name, part.aim, entries, repetitions, ledger, plan)

    def result(self, out):
        """The results that are in a folder, without running anything; fewer repetitions than asked for are fine."""
        ledger = Ledger(out)
        if ledger.manifest is None:
            raise StudyError(f"{out}: there is no study in this folder; run it first.")
        kept = [self._kept(ledger.folder, ledger.manifest["scenarios"], k) for k in range(len(self.scenarios))]
        entries = [
            entry | {"name": name, "varied": varied}
            for entry, name, varied in zip(kept, self.scenarios, self.varied, strict=True)
            if entry is not None and ledger.counts(entry["id"])
        ]
        if not entries:
            raise StudyError(f"{out}: no repetition of this study is finished yet.")
        most = max(ledger.counts(e["id"]) for e in entries) if self.spec.study.target_mcse else 0
        return self._result(ledger, entries, max(self.spec.study.repetitions, most))

    def status(self, out):
        """Table scenario, done, wanted, failed, damaged: what is in a folder; `attrs` say whether it is "running", and every "faults"."""
        ledger, faults = Ledger(out), []
        wanted, rows = self.spec.study.repetitions, []
        there, ids = [] if ledger.manifest is None else ledger.manifest["scenarios"], self.ids()
        for k in range(len(self.scenarios)):
            self._kept(ledger.folder, there, k)
        for name, key in zip(self.scenarios, ids, strict=True):
            done, failed, damaged = 0, set(), 0
            for parts in ledger.stretches(key).values():
                try:
                    block = ledger.settled(parts)
                except StudyError as error:
                    damaged += 1
                    faults.append(str(error))
                    continue
                done += (
                    int(np.sum(block.repetitions < wanted))
                    if not self.spec.study.target_mcse
                    else len(block.repetitions)
                )
                failed |= {f[0] for f in block.failures if f[0] < wanted or self.spec.study.target_mcse}
            rows.append((name, done, wanted, len(failed), damaged))
        table = pd.DataFrame(rows, columns=["scenario", "done", "wanted", "failed", "damaged"])
        table.attrs |= {"running": ledger.running(), "faults": faults}
        return table

    def check(self):
        """Plan every scenario: what only shows with the population or the table at hand. Raises SpecError with all mistakes."""
        plan, found = self.plan(), []
        for k, name in enumerate(self.scenarios):
            try:
                plan.source(k).planned()
            except SurveysimError as error:
                found.append(f"{self.place}: scenario {name!r}: {error}")
        if found:
            raise SpecError(told(found))

    def dry_run(self, out=None, workers=None, trial=True):
        """What a run would do: a dict of scenarios, repetitions missing, seconds and bytes. Nothing is written.

        Parameters
        ----------
        out, workers : as for `run`. trial : carry out three repetitions of each of up to five scenarios to predict the seconds; they are
            None without, which takes no time, and runs no code of estimators.
        """
        plan, ids, wanted = self.plan(), self.ids(), self.spec.study.repetitions
        ledger = MemoryLedger() if out is None else Ledger(out)
        missing = sum(self._left(ledger, key, wanted) for key in dict.fromkeys(ids))
        trial = guards.flag(trial, "trial", error=StudyError)
        cores, each = (
            guards.workers(workers, error=StudyError) or os.cpu_count() or 1,
            self._tried(plan) if trial else None,
        )
        items = len(estimands.items_of(self.definitions) if self.table is None else plan.source(0).items)
        return {
            "scenarios": len(ids),
            "repetitions": missing,
            "seconds_per_repetition": each,
            "seconds": None if each is None else each * missing / cores,
            "bytes": (len(self.methods) * items * len(FIELDS) * 6.0 + 60) * wanted * len(ids),
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

    def _left(self, ledger, key, wanted):
        """Repetitions of a scenario that are not there yet, by the names of the parts; only one that may hold more than wanted is read."""
        parts = [] if ledger.folder is None else [part for part in ledger.parts(key) if part.first < wanted]
        whole = sum(part.count for part in parts if part.first + self._together <= wanted)
        last = [ledger.load(part).repetitions for part in parts if part.first + self._together > wanted]
        return wanted - whole - sum(int(np.sum(repetitions < wanted)) for repetitions in last)

    def replay(self, scenario, repetition):
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


def _unsure(table):
    """Performance in which shares of 0 or 1 have the error of (x + 2) / (n + 4), not 0 (Agresti & Coull 1998)."""
    table = table.copy()
    keys = [c for c in table.columns if c not in ("measure", "value", "mcse")]
    n = table[table["measure"] == "nsim"].set_index(keys)["value"]
    for k in table.index[table["measure"].isin(["cover", "becover"]) & (table["mcse"] == 0)]:
        size = n.loc[tuple(table.loc[k, keys])]
        p = (table.loc[k, "value"] * size + 2) / (size + 4)
        table.loc[k, "mcse"] = np.sqrt(p * (1 - p) / size)
    return table


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
