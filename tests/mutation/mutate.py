#!/usr/bin/env python3
"""Small changes of the code, one at a time, each against the tests that run the changed line: which does no test notice?

python3 run.py mutate [--rooms weighting,sampling] [--count 60] [--seed 1]
python3 run.py mutate --only src/surveysim/weighting/trimming.py:55:1      one change, as a run names it, with the tests' output
python3 run.py mutate --rooms dispositions --tests tests/fieldwork/test_dispositions.py
                                                                           what these tests alone notice
python3 run.py mutate --list src/surveysim/weighting/trimming.py           every change of a file

Exit code 1 if a change was not noticed.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
import tomllib
from collections import Counter
from itertools import accumulate
from pathlib import Path

import pytest
import running
from changes import changes
from lines import Lines
from tree import Tree

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
SOURCE = Path("src/surveysim")
ROOMS = {
    "weighting": ["weighting/**/*.py", "tables.py"],
    "estimation": ["estimation/**/*.py", "inference/*.py", "analysis/**/*.py"],
    "kernels": [f"kernels/{name}.py" for name in ("cells", "newton", "raking", "replicates", "variance")],
    "sampling": ["sampling/*.py"],
    "judging": ["judging/*.py"],
    "dispositions": ["fieldwork/dispositions.py"],
}
EVERYWHERE = ("test_docstrings.py",)
TESTS = dict.fromkeys(
    ("weighting", "estimation", "kernels"),
    (
        "weighting/**/*",
        "estimation/**/*",
        "inference/*",
        "analysis/**/*",
        "kernels/*",
        "naive/*",
        "parity/*",
        "test_tables.py",
        "test_coding.py",
    ),
)
TESTS |= {
    "sampling": ("sampling/*", "naive/test_sampling.py"),
    "judging": ("judging/*", "naive/test_performance.py", "parity/test_simulation.py"),
    "dispositions": ("fieldwork/test_dispositions.py", "fieldwork/test_eligibility.py", "naive/test_dispositions.py"),
}
LONGEST = 7200  # seconds for all tests of a change
FIXTURES = 180  # seconds for what tests share, and for kernels that are compiled first
FIRST = 12  # tests run before the others are even collected


def say(text):
    print(text, file=sys.stderr, flush=True)


def files_of(room):
    return sorted(
        path.relative_to(PROJECT).as_posix() for pattern in ROOMS[room] for path in (PROJECT / SOURCE).glob(pattern)
    )


def test_files(rooms):
    patterns = {pattern for room in rooms for pattern in (*TESTS[room], *EVERYWHERE)}
    found = {
        path for pattern in patterns for path in (PROJECT / "tests").glob(pattern) if path.name.startswith("test_")
    }
    return sorted(path.relative_to(PROJECT).as_posix() for path in found)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", default=",".join(ROOMS), help="comma-separated; default: all")
    parser.add_argument(
        "--count", type=int, default=100, help="changes that count, drawn over all places of change alike"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", help="FILE:LINE:K; may be repeated")
    parser.add_argument("--tests", nargs="+", help="run these test files instead of those that run the changed line")
    parser.add_argument("--list", metavar="FILE", help="print every change of a file")
    parser.add_argument(
        "--patience", type=float, default=300, help="seconds of tests for a change, the quickest first; default: 300"
    )
    parser.add_argument("--table", type=Path, help="also write the tables to this file, as Markdown")
    given = parser.parse_args()
    unknown = [room for room in given.rooms.split(",") if room not in ROOMS]
    if unknown:
        parser.error(f"no room {unknown[0]!r}; rooms are {', '.join(ROOMS)}")
    return given


# ---- the changes -----------------------------------------------------------------------------------------------------


def equivalents():
    """The entries of equivalent.toml: changes that are no faults, with the reason."""
    return tomllib.loads((HERE / "equivalent.toml").read_text(encoding="utf-8"))["change"]


def is_equivalent(change, listed):
    """Whether a change is listed; `below`, the line after it, is named where its own line occurs more than once."""
    return any(
        (entry["file"], entry["before"], entry["after"], entry.get("below", change.below))
        == (change.file, change.before, change.after, change.below)
        for entry in listed
    )


def drawn(rooms, count, seed, listed):
    """Changes at `count` places drawn alike, one of each; what is listed as no fault makes room for the next."""
    places = {}
    for room in rooms:
        for file in files_of(room):
            for change in changes((PROJECT / file).read_text(encoding="utf-8"), file):
                places.setdefault((file, change.node), (room, []))[1].append(change)
    generator = random.Random(seed)
    order = sorted(places)
    generator.shuffle(order)
    chosen = []
    for place in order:
        room, others = places[place]
        change = generator.choice(others)
        source = (PROJECT / change.file).read_text(encoding="utf-8")
        if is_equivalent(change, listed) or not change.compiles(source):
            continue
        chosen.append((room, change))
        if len(chosen) == count:
            break
    return chosen


def named(names):
    chosen = []
    for name in names:
        file = name.split(":")[0]
        room = next((room for room in ROOMS if file in files_of(room)), None)
        found = [c for c in changes((PROJECT / file).read_text(encoding="utf-8"), file) if c.name == name]
        if not found:
            raise SystemExit(f"no change is called {name}; `--list {file}` names them")
        chosen.append((room, found[0]))
    return chosen


# ---- trying them -----------------------------------------------------------------------------------------------------


def batches(change, known, given):
    """(test files, their tests in order or {} for all)."""
    if given.tests:
        yield given.tests, {}
        return
    tests = known.tests_for(change)
    so_far = accumulate(known.seconds[test] for test in tests)
    tests = [test for test, seconds in zip(tests, so_far) if seconds <= given.patience]
    for batch in (tests[:FIRST], tests[FIRST:]):
        if batch:
            yield sorted({test.split("::")[0] for test in batch}), {test: i for i, test in enumerate(batch)}


def noticed(tree, change, known, given, folder, number):
    """What noticed a change: a test with its message, a crash, the time it took; or None."""

    def limit(test):
        return FIXTURES + 10 * (known.seconds.get(test, 0.0) if known else 10.0)

    with tree.changed(change):
        for part, (files, order) in enumerate(batches(change, known, given)):
            said = folder / f"{number}-{part}"
            log, chosen = said.with_suffix(".log"), running.Chosen(order, said, limit)
            code = running.run(tree.root, ["-x", "-q", *files], [chosen], LONGEST, log)
            if code in (None, -signal.SIGALRM):
                return "time: a test takes more than ten times as long"
            if code < 0:
                return f"crash: signal {-code}"
            if code == pytest.ExitCode.NO_TESTS_COLLECTED:
                raise SystemExit(f"{change.name}: no test was found:\n{log.read_text(encoding='utf-8')}")
            if code:
                return said.read_text(encoding="utf-8") if said.exists() else f"exit code {code}"
    return None


def difference(change):
    return f"{change.name}\n    - {change.before}\n    + {change.after}"


def table(rows):
    """Tried and noticed by room, as Markdown."""
    tried, seen = Counter(room for room, *_ in rows), Counter(room for room, _, by in rows if by)
    lines = ["| room | tried | noticed | share |", "| --- | ---: | ---: | ---: |"]
    for room in [*(room for room in ROOMS if tried[room]), "all"]:
        a, b = (tried[room], seen[room]) if room != "all" else (len(rows), sum(seen.values()))
        lines.append(f"| {room} | {a} | {b} | {100 * b / max(a, 1):.1f} % |")
    return "\n".join(lines)


def main():
    given = arguments()
    if given.list:
        for change in changes((PROJECT / given.list).read_text(encoding="utf-8"), given.list):
            print(difference(change))
        return 0
    running.load()
    chosen = named(given.only) if given.only else drawn(given.rooms.split(","), given.count, given.seed, equivalents())
    rows = []
    with tempfile.TemporaryDirectory(prefix="surveysim-mutation-") as name:
        folder = Path(name)
        (folder / "measured").mkdir()
        scope, tests = [file for room in ROOMS for file in files_of(room)], test_files({room for room, _ in chosen})
        known = None
        if not given.tests:
            known = Lines.measured(PROJECT, folder / "measured", scope, tests)
        tree = Tree(PROJECT, folder)
        if given.tests and running.run(tree.root, ["-x", "-q", *given.tests], [], 3600, folder / "before.log"):
            raise SystemExit(
                f"these tests fail as it is:\n{(folder / 'before.log').read_text(encoding='utf-8')[-3000:]}"
            )
        start = time.time()
        for number, (room, change) in enumerate(chosen):
            by = noticed(tree, change, known, given, folder, number)
            rows.append((room, change, by))
            say(f"{number + 1:4d} {time.time() - start:6.0f} s  {'noticed ' if by else 'SURVIVED'} {change.name}")
            if given.only:
                print(difference(change), by, sep="\n")
            elif not by:
                say(difference(change))
    survivors = [difference(change) for _, change, by in rows if not by]
    timed = sum((by or "").startswith("time") for _, _, by in rows)
    text = f"{table(rows)}\n\n{len(survivors)} survived; {timed} were noticed by taking too long.\n\n" + "\n".join(
        survivors
    )
    print(text)
    if given.table:
        given.table.write_text(text + "\n", encoding="utf-8")
    return int(bool(survivors))


if __name__ == "__main__":
    sys.exit(main())
