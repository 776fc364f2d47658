"""A process that runs cases it is told of on standard input and answers each with a line of JSON.

Library code may take the process down; the parent knows which case it was at, and `ATTACK_TRACE` holds the lines it ran.
"""

import json
import os
import pickle
import sys
import traceback

from . import families, shrink
from .report import Report, skeleton


def run(name, case):
    """The report of one case; an error of the attacker itself is a finding too."""
    report = Report()
    try:
        families.family(name).attack(case, report)
    except Exception:
        report.findings.append(
            {
                "check": "attacker",
                "message": traceback.format_exc()[-1500:],
                "script": "",
                "kind": traceback.format_exc()[-200:],
            }
        )
    return report


def answer(name, seed, number):
    """Run a case by its number."""
    try:
        cell, case = families.case_of(name, seed, number)
    except Exception:
        finding = {
            "check": "attacker",
            "message": traceback.format_exc()[-1500:],
            "script": "",
            "kind": traceback.format_exc()[-200:],
        }
        return {"reached": False, "counts": {}, "refusals": [], "findings": [finding]}
    report = run(name, case)
    return {
        "cell": [str(c) for c in cell],
        "reached": report.reached,
        "counts": report.counts,
        "refusals": [skeleton(r) for r in report.refusals],
        "findings": [{k: f[k] for k in ("check", "message", "script", "kind")} for f in report.findings],
    }


def smaller(name, seed, number, check, seconds):
    """The script of the smallest case found that fails the same check."""
    _, case = families.case_of(name, seed, number)

    def fails(candidate):
        found = [f for f in run(name, candidate).findings if f["check"] == check]
        return found[0] if found else None

    finding = shrink.shrink(families.family(name), case, fails, check, seconds)
    return {"findings": [] if finding is None else [finding]}


def main():
    """Serve until standard input ends."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever prints goes to standard error
    if len(sys.argv) > 1:  # one pickled case, for shrinking what takes processes down
        with open(sys.argv[1], "rb") as file:
            name, case = pickle.load(file)
        run(name, case)
        return
    print("ready", file=out, flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        reply = smaller(*order["shrink"]) if "shrink" in order else answer(*order["case"])
        print(json.dumps(reply), file=out, flush=True)


if __name__ == "__main__":
    main()
