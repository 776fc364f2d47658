"""Which tests run a line and how long they take: measured once for a state of the sources and a test file, then kept.

Lines of compiled kernels cannot be seen. A kernel is run by the tests that run a line of another room that calls it, or calls a
kernel that does, and by the tests of kernels that name one of these.
"""

import ast
import hashlib
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import running
from tracing import Tracer
from tree import KERNELS, Tree


@dataclass
class Lines:
    project: Path
    seconds: dict  # of tests
    tests: dict  # {file: {line: tests}}

    @classmethod
    def measured(cls, project, folder, scope, test_files):
        """Lines of the files in `scope` with what runs them among `test_files`; kept in out/mutation."""
        kept = project / "out" / "mutation" / "lines.json"
        known = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
        shared = sorted([*(project / "src").rglob("*.py"), project / "tests/conftest.py"])
        base = hashlib.sha256(b"".join(path.read_bytes() for path in shared) + sys.version.encode())
        now = {}
        for file in test_files:
            digest = base.copy()
            digest.update((project / file).read_bytes())
            now[file] = digest.hexdigest()
        stale = [file for file in test_files if known.get(file, {}).get("digest") != now[file]]
        if stale:
            print(f"measuring which lines the tests of {len(stale)} files run", file=sys.stderr, flush=True)
            found = _measured(project, folder, scope, stale)
            known |= {file: {"digest": now[file], **found[file]} for file in stale}
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(known), encoding="utf-8")
        return cls._joined(project, {file: known[file] for file in test_files})

    @classmethod
    def _joined(cls, project, known):
        seconds, tests = {}, {}
        for of_file in known.values():
            seconds |= of_file["seconds"]
            for file, by_line in of_file["lines"].items():
                for line, names in by_line.items():
                    tests.setdefault(file, {}).setdefault(int(line), []).extend(names)
        return cls(project, seconds, tests)

    def tests_for(self, change):
        """Tests that run the changed statement, the quickest first.

        For defaults they are those that run the function, for a module's constant those that run a line with its name.
        """
        constant = re.match(r"(\w+) = ", change.before)
        if KERNELS in Path(change.file).parents:
            found = self._tests_of_kernel(change)
        elif change.home is None and constant:
            found = self._tests_of_lines(re.compile(rf"\b{constant[1]}\b"))
        else:
            first, last = change.home or (0, 10**9)
            lines = self.tests.get(change.file, {})
            found = {test for line, tests in lines.items() if first <= line <= last for test in tests}
        return sorted(found, key=lambda test: (self.seconds[test], test))

    def _tests_of_kernel(self, change):
        called = re.compile(rf"\.({'|'.join(sorted(self._callers(change)))})\b")
        found = self._tests_of_lines(called)
        for file in (self.project / "tests/kernels").glob("test_*.py"):
            if called.search(file.read_text(encoding="utf-8")):
                start = file.relative_to(self.project).as_posix()
                found |= {test for test in self.seconds if test.split("::")[0] == start}
        return found

    def _tests_of_lines(self, pattern):
        """Tests that run a line of this text."""
        found = set()
        for file, by_line in self.tests.items():
            text = (self.project / file).read_text(encoding="utf-8").splitlines()
            found |= {test for line, tests in by_line.items() if pattern.search(text[line - 1]) for test in tests}
        return found

    def _callers(self, change):
        """The changed function, or all of the file, and every kernel that calls one of them."""
        uses, found = {}, set()
        for file in (self.project / KERNELS).glob("*.py"):
            for node in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef):
                    uses[node.name] = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
                    inside = change.home is None or node.lineno <= change.home[0] <= node.end_lineno
                    found |= {node.name} if inside and file == self.project / change.file else set()
        more = found
        while more:
            more = {name for name, names in uses.items() if names & found} - found
            found |= more
        return found


def _measured(project, folder, scope, test_files):
    """Seconds and lines by test file, in a tree where every file has one comment more."""
    tree = Tree(project, folder)
    tree.commented(scope)
    measured = _traced(tree, folder / "traced", [f for f in scope if KERNELS not in Path(f).parents], test_files)
    for test in measured["failed"]:
        print(f"left out, for it fails with a comment added to each file: {test}", file=sys.stderr, flush=True)
    failed = set(measured["failed"])
    found = {file: {"seconds": {}, "lines": {}} for file in test_files}
    for test in measured["seconds"].keys() - failed:
        found[test.split("::")[0]]["seconds"][test] = measured["seconds"][test]
    for file, by_line in measured["lines"].items():
        for line, tests in by_line.items():
            for test in set(tests) - failed - {"import"}:
                found[test.split("::")[0]]["lines"].setdefault(file, {}).setdefault(line, []).append(test)
    return found


def _traced(tree, said, scope, test_files):
    tracer = Tracer(said, [str(tree.root / file) for file in scope])
    log = said.with_suffix(".log")
    code = running.run(tree.root, ["-q", *test_files], [tracer], 7200, log)
    if not said.exists():
        raise SystemExit(f"the tests ended with {code}:\n{log.read_text(encoding='utf-8')[-3000:]}")
    found = json.loads(said.read_text(encoding="utf-8"))
    found["lines"] = {str(Path(file).relative_to(tree.root)): lines for file, lines in found["lines"].items()}
    return found
