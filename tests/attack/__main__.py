"""`python -m attack`: run cases in processes of their own for a while, and say what was visited and what was found."""

import argparse
import contextlib
import json
import os
import re
import select
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from . import families, shrink
from .tally import Tally

LIMIT = 120  # seconds after which a case hangs
FULL = 20  # minutes from which on every cell must be visited; before, every pair of levels


def say(text):
    print(text, file=sys.stderr, flush=True)


class Worker:
    """A worker process."""

    def __init__(self, folder, k):
        self.trace = str(Path(folder) / f"trace{k}.py")
        environment = shrink.environment(ATTACK_TRACE=self.trace, PYTHONHASHSEED="0")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "attack.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.process.stdout.readline()

    def ask(self, order, limit=LIMIT):
        """The reply, or None where the process died or hung."""
        try:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
            if not select.select([self.process.stdout], [], [], limit)[0]:
                self.process.kill()
                self.process.wait()
                return None
            line = self.process.stdout.readline()
            return json.loads(line) if line else None
        except (BrokenPipeError, ValueError):
            return None

    def lines(self):
        """What the process had run when it ended."""
        try:
            return Path(self.trace).read_text(encoding="utf-8")
        except OSError:
            return ""

    def end(self):
        self.process.kill()
        code = self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        return code


class Attack:
    """Workers, the tally, and the folder for scripts."""

    def __init__(self, names, seed, folder, shrinking=True, most=40):
        self.tally, self.seed, self.folder = Tally(names, seed), seed, Path(folder)
        self.lock, self.scripts, self.shrinking, self.most = threading.Lock(), [], shrinking, most

    def run(self, seconds, workers, coarse):
        """Attack for so many seconds, and up to three times as long while cells are empty."""
        start = time.monotonic()
        end, self.last, self.coarse = start + seconds, start + 3 * seconds, coarse
        with tempfile.TemporaryDirectory() as scratch:
            threads = [threading.Thread(target=self._serve, args=(scratch, k, end)) for k in range(workers)]
            for thread in threads:
                thread.start()
            while any(t.is_alive() for t in threads):
                threads[0].join(10)
                for t in threads[1:]:
                    t.join(0.01)
                with self.lock:
                    t = self.tally
                    empty = sum(not c for name in t.names for c in t.reached[name])
                    say(
                        f"attack: {time.monotonic() - start:.0f} s, {t.cases:,} cases, {sum(t.counts.values()):,} comparisons, "
                        f"{empty:,} cells not visited, {len(t.findings)} findings"
                    )

    def _serve(self, scratch, k, end):
        worker = Worker(scratch, k)
        while time.monotonic() < end or (time.monotonic() < self.last and self._holes()):
            with self.lock:
                name, number = self.tally.next()
            reply = worker.ask({"case": [name, self.seed, number]})
            if reply is None:
                lines, code = worker.lines(), worker.end()
                message = f"the process ended with signal {-code}" if code != -9 else f"no answer in {LIMIT} s"
                finding = {"check": "crash", "message": message, "script": lines, "kind": message}
                reply = {"reached": False, "counts": {}, "refusals": [], "findings": [finding]}
                worker = Worker(scratch, k)
            with self.lock:
                new = self.tally.add(name, number, reply)
                new = new[: max(self.most - len(self.scripts), 0)]
                self.scripts += [None] * len(new)
            for finding in new:
                worker = self._write(name, number, finding, worker, scratch, k)
        worker.end()

    def _holes(self):
        """Whether a cell is empty."""
        with self.lock:
            t = self.tally
            return any(t.missing.values()) if self.coarse else any(0 in t.reached[name] for name in t.names)

    def _write(self, name, number, finding, worker, scratch, k):
        """Shrink a finding and write its script; a worker that lived through it."""
        small = None
        if self.shrinking and finding["check"] == "crash" and "signal" in finding["message"]:
            small = shrink.crash(families.family(name), name, families.case_of(name, self.seed, number)[1])
        elif self.shrinking and finding["check"] not in ("attacker", "crash"):
            reply = worker.ask({"shrink": [name, self.seed, number, finding["check"], 40.0]}, 240)
            if reply is None:
                worker.end()
                worker = Worker(scratch, k)
            elif reply["findings"]:
                small = reply["findings"][0]
        finding = small or finding
        label = re.sub(r"\W+", "-", f"{name}-{finding['check']}-{self.seed}-{number}").strip("-")
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"attack-{label}.py"
        head = (
            f"# {name} case {number} of seed {self.seed}: {finding['check']}\n# "
            + finding["message"].replace("\n", "\n# ")
            + "\n"
        )
        path.write_text(head + finding["script"], encoding="utf-8")
        with self.lock:
            self.scripts.append(path)
            say(f"attack: FOUND {name} {number} {finding['check']}: {finding['message'][:200]} ({path.name})")
        return worker


def one(names, seed, number):
    """Run one case in this process, after writing what it is."""
    from . import worker

    (name,) = names
    reply = worker.answer(name, seed, number)
    for finding in reply["findings"]:
        print(finding["script"])
        print(f"# {finding['check']}: {finding['message']}")
    say(
        f"{reply.get('cell')} reached {reply['reached']}, {reply['counts']}, refused {reply['refusals']}, {len(reply['findings'])} findings"
    )
    return int(bool(reply["findings"]))


def main():
    """Parse, attack, report; 1 with findings or empty cells."""
    parser = argparse.ArgumentParser(prog="run.py attack", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--family", choices=families.NAMES, action="append")
    parser.add_argument("--case", type=int, help="rerun one case (with --family and --seed)")
    parser.add_argument("--out", default="out/attack", help="folder for the scripts of findings")
    parser.add_argument("--workers", type=int, default=min(os.cpu_count() or 1, 4))
    parser.add_argument("--no-shrink", action="store_true")
    parser.add_argument("--most", type=int, default=40, help="findings to shrink and write")
    options = parser.parse_args()
    names = tuple(options.family or families.NAMES)
    if options.case is not None:
        return one(names, options.seed, options.case)
    attack = Attack(names, options.seed, options.out, not options.no_shrink, options.most)
    coarse = options.minutes < FULL
    attack.run(60 * options.minutes, options.workers, coarse)
    return summary(attack.tally, options.seed, coarse)


def summary(tally, seed, coarse):
    """Print the tables and the one line; the exit code."""
    say("\n" + "\n\n".join([*map(tally.table, tally.names), "comparisons by family\n" + tally.comparisons()]))
    if tally.refusals:
        say("\nrefused by the library: " + "; ".join(f"{c} × {text}" for text, c in tally.refusals.most_common(12)))
    empty = tally.empty(coarse)
    for cell in empty[:20]:
        say(f"not visited: {cell}")
    for key, numbers in tally.findings.items():
        say(f"FOUND {key[0]}: {' | '.join(map(str, key[1:]))}: {len(numbers)} cases, the first is {numbers[0]}")
    print(
        f"attack: seed {seed}, {tally.cases:,} cases, {sum(tally.counts.values()):,} comparisons, {len(tally.findings)} findings, "
        f"{len(empty)} cells{' of the coarse table' if coarse else ''} not visited"
    )
    return int(bool(tally.findings or empty))


if __name__ == "__main__":
    sys.exit(main())
