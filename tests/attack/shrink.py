"""A failing case made small: fewer checks, adjustments, options, columns and rows, as long as the same check fails."""

import copy
import os
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def environment(**more):
    """The environment of a process that imports this package, with other variables."""
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in paths if p), **more}


def shrink(family, case, fails, check, seconds=60.0):
    """The finding of the smallest case found in time; None where the case does not fail again."""
    end = time.monotonic() + seconds
    best = fails(case)
    if best is None:
        return None
    again = True
    while again and time.monotonic() < end:
        again = False
        for candidate in family.smaller(case, check):
            if time.monotonic() > end:
                break
            found = fails(candidate)
            if found is not None:
                case, best, again = candidate, found, True
                break
        else:
            case, best, again = fewer_rows(family, case, best, fails, end)
    return best


def fewer_rows(family, case, best, fails, end):
    """Delta debugging (Zeller & Hildebrandt 2002, IEEE Trans. Softw. Eng. 28:183-200) on the rows of every table of a case."""
    shrunk = False
    for name, n in family.tables_of(case).items():
        kept, parts = list(range(n)), 2
        whole = case
        while len(kept) > 1 and parts <= len(kept) and time.monotonic() < end:
            size = -(-len(kept) // parts)
            for first in range(0, len(kept), size):
                rest = kept[:first] + kept[first + size :]
                candidate = family.with_rows(whole, name, rest)
                found = fails(candidate) if rest else None
                if found is not None:
                    kept, case, best, shrunk, parts = rest, candidate, found, True, max(parts - 1, 2)
                    break
                if time.monotonic() > end:
                    break
            else:
                parts = min(2 * parts, len(kept)) if parts < len(kept) else len(kept) + 1
    return case, best, shrunk


def crash(family, name, case, seconds=120.0, tries=60):
    """The lines of the smallest case found that takes its process down."""
    tried = 0

    def fails(candidate):
        nonlocal tried
        tried += 1
        if tried > tries:
            return None
        with tempfile.TemporaryDirectory() as folder:
            trace = os.path.join(folder, "trace.py")
            with open(os.path.join(folder, "case"), "wb") as file:
                pickle.dump((name, candidate), file)
            command = [sys.executable, "-m", "attack.worker", file.name]
            code = subprocess.run(
                command, env=environment(ATTACK_TRACE=trace), capture_output=True, timeout=120, check=False
            ).returncode
            if code >= 0:
                return None
            with open(trace, encoding="utf-8") as lines:
                return {
                    "check": "crash",
                    "message": f"the process ended with signal {-code}",
                    "script": lines.read(),
                    "kind": "",
                }

    return shrink(family, copy.deepcopy(case), fails, "crash", seconds)
