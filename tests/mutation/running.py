"""Running chosen tests of a tree in a fresh child of a process that has the heavy libraries loaded already."""

import importlib
import os
import shutil
import signal
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HEAVY = (
    "numba", "pandas", "pyarrow", "scipy.stats", "scipy.special", "scipy.sparse", "scipy.optimize", "scipy.linalg",
    "hypothesis", "pydantic", "narwhals.stable.v2", "_pytest.doctest", "xml.dom.minidom", "asyncio", "rich.console", "click",
)  # fmt: skip

ALWAYS = (
    "-p", "no:cacheprovider", "-m", "not long", "--hypothesis-seed=0", "-W", "ignore:Module already imported",
)  # fmt: skip


def load():
    """Import what every run of the tests imports, but nothing of the project."""
    for name in HEAVY:
        with suppress(ImportError):
            importlib.import_module(name)
    assert not any(name.split(".")[0] == "surveysim" for name in sys.modules)


@dataclass(eq=False)
class Chosen:
    """A plugin: only the wanted tests, in the wanted order, each with a limit; remembers the first that fails.

    The alarm ends the whole process, because a compiled loop that never ends listens to nothing else.
    """

    order: dict = field(default_factory=dict)
    said: Path = None
    limit: object = None  # seconds for a test, as a function of its id

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        if self.limit is not None:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(int(self.limit(item.nodeid)))
        try:
            return (yield)
        finally:
            signal.alarm(0)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        if self.order:
            items[:] = sorted((i for i in items if i.nodeid in self.order), key=lambda i: self.order[i.nodeid])

    def _say(self, report):
        if report.failed and not self.said.exists():
            crash = getattr(report.longrepr, "reprcrash", None)
            text = crash.message if crash else str(report.longrepr).strip()
            self.said.write_text(f"{report.nodeid}\n{text}", encoding="utf-8")

    pytest_collectreport = pytest_runtest_logreport = _say


def run(tree, arguments, plugins, limit, log):
    """Exit code of pytest in a child process, None if it took longer than `limit` seconds; a crash is a negative code."""
    temporary = Path(log).with_suffix(".tmp")
    temporary.mkdir()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        places = {"TMPDIR": str(temporary), "HYPOTHESIS_STORAGE_DIRECTORY": str(temporary / "hypothesis")}
        _child(tree, arguments, plugins, log, places)
    end = time.monotonic() + limit
    pause = 0.01
    try:
        while time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(pause)
            pause = min(pause * 1.5, 0.2)
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(child, 0)
        shutil.rmtree(temporary, ignore_errors=True)
    return None


def _child(tree, arguments, plugins, log, environment):
    code = 70
    try:
        os.setsid()
        os.chdir(tree)
        source = str(Path(tree) / "src")
        sys.path.insert(0, source)
        sys.dont_write_bytecode = True
        os.environ |= {"PYTHONPATH": source, "PYTHONDONTWRITEBYTECODE": "1", "SURVEYSIM_EVERY_CASE": "1", **environment}
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(out, stream)
        code = int(pytest.main([*arguments, *ALWAYS], plugins))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
