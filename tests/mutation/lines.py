"""Which tests run a line and how long they take: measured once for a state of the sources and a test file, then kept."""

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import running
from tracing import Tracer
from tree import KERNELS, Tree

SLOWEST = 20  # seconds for one test with kernels that are not compiled


@dataclass
class Lines:
    seconds: dict  # of tests
    tests: dict  # {file: {line: tests}}

    @classmethod
    def measured(cls, project, folder, scope, test_files, of_kernels):
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
            found = _measured(project, folder, scope, stale, [file for file in stale if file in of_kernels])
            known |= {file: {"digest": now[file], **found[file]} for file in stale}
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps(known), encoding="utf-8")
        return cls._joined({file: known[file] for file in test_files})

    @classmethod
    def _joined(cls, known):
        seconds, tests = {}, {}
        for of_file in known.values():
            seconds |= of_file["seconds"]
            for file, by_line in of_file["lines"].items():
                for line, names in by_line.items():
                    tests.setdefault(file, {}).setdefault(int(line), []).extend(names)
        return cls(seconds, tests)

    def tests_for(self, change):
        """Tests that run the changed statement, the quickest first; for what is run at import, all of its function or file."""
        first, last = change.home or (0, 10**9)
        lines = self.tests.get(change.file, {})
        found = {test for line, tests in lines.items() if first <= line <= last for test in tests}
        return sorted(found, key=lambda test: (self.seconds[test], test))


def _measured(project, folder, scope, test_files, of_kernels):
    """Kernels run compiled in the first pass and as Python in the second, where their lines can be seen."""
    tree = Tree(project, folder)
    tree.commented(scope)
    kernels = [file for file in scope if KERNELS in Path(file).parents]
    compiled = _traced(tree, folder / "compiled", [f for f in scope if f not in kernels], test_files, 600)
    plain = {"lines": {}}
    if of_kernels:
        plain = _traced(tree, folder / "plain", kernels, of_kernels, SLOWEST, NUMBA_DISABLE_JIT="1")
    for test in compiled["failed"]:
        print(f"left out, for it fails with a comment added to each file: {test}", file=sys.stderr, flush=True)
    failed = set(compiled["failed"])
    found = {file: {"seconds": {}, "lines": {}} for file in test_files}
    for test, seconds in compiled["seconds"].items():
        found[test.split("::")[0]]["seconds"][test] = seconds
    for file, by_line in (compiled["lines"] | plain["lines"]).items():
        for line, tests in by_line.items():
            for test in set(tests) - failed - {"import"}:
                found[test.split("::")[0]]["lines"].setdefault(file, {}).setdefault(line, []).append(test)
    return found


def _traced(tree, said, scope, test_files, limit, **environment):
    tracer = Tracer(said, [str(tree.root / file) for file in scope], limit)
    log = said.with_suffix(".log")
    code = running.run(tree.root, ["-q", *test_files], [tracer], 7200, log, **environment)
    if not said.exists():
        raise SystemExit(f"the tests ended with {code}:\n{log.read_text(encoding='utf-8')[-3000:]}")
    found = json.loads(said.read_text(encoding="utf-8"))
    found["lines"] = {str(Path(file).relative_to(tree.root)): lines for file, lines in found["lines"].items()}
    return found
