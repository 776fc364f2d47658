"""Which test runs which line, how long each test takes, and which fail before anything is changed."""

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import coverage
import pytest


@dataclass(eq=False)
class Tracer:
    """A plugin. What a fixture shared by several tests runs is counted for each of them."""

    said: Path
    files: list
    seconds: dict = field(default_factory=dict)
    failed: list = field(default_factory=list)
    shared: dict = field(default_factory=dict)  # fixture: tests that use it

    def pytest_sessionstart(self):
        self.coverage = coverage.Coverage(data_file=None, config_file=False, include=self.files)
        self.coverage.start()
        self.coverage.switch_context("import")

    def pytest_collection_modifyitems(self, items):
        """Examples of other rooms' docstrings simulate whole surveys to no purpose here."""
        ends = {
            Path(file).with_suffix("").as_posix().rpartition("surveysim/")[2].replace("/", ".") for file in self.files
        }
        items[:] = [
            item
            for item in items
            if "test_docstrings" not in item.nodeid or item.nodeid.rpartition("[surveysim.")[2].rstrip("]") in ends
        ]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self.item, self.time = item.nodeid, time.perf_counter()
        self._forget(item)
        for name in item.fixturenames:
            self.shared.setdefault(f"fixture {name}", []).append(item.nodeid)
        self.coverage.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self.coverage.switch_context("import")
            self.seconds[item.nodeid] = round(time.perf_counter() - self.time, 3)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        if fixturedef.scope == "function":
            return (yield)
        self.coverage.switch_context(f"fixture {fixturedef.argname}")
        start = time.perf_counter()
        try:
            return (yield)
        finally:
            self.time += time.perf_counter() - start  # not this test's own
            self.coverage.switch_context(self.item)

    def _forget(self, item):
        """Answers kept from an earlier test would hide what this one runs."""
        modules = [m for m in list(sys.modules.values()) if getattr(m, "__file__", None) in self.files]
        for module in [item.module, *modules]:
            for thing in list(vars(module).values()):
                if hasattr(thing, "cache_clear"):
                    thing.cache_clear()

    def pytest_sessionfinish(self):
        found = {"seconds": self.seconds, "failed": self.failed, "lines": self.lines()}
        Path(self.said).write_text(json.dumps(found), encoding="utf-8")

    def pytest_runtest_logreport(self, report):
        if report.failed and report.nodeid not in self.failed:
            self.failed.append(report.nodeid)

    def lines(self):
        """{file: {line: tests}}; a line that importing alone runs has the test "import"."""
        self.coverage.stop()
        data = self.coverage.get_data()
        found = {}
        for file in data.measured_files():
            found[file] = {
                line: sorted({test for name in contexts if name for test in self.shared.get(name, [name])})
                for line, contexts in data.contexts_by_lineno(file).items()
            }
        return found
