"""Benchmarks: ratios to a peer or to the memory floor, measured in one run; writes benchmarks/RESULTS.md.

`python3 run.py bench`, or `python3 run.py bench raking estimation` for the rows of these alone, which writes nothing. Every file here
that has a function `bench` gives rows. Times are the best of several after a warm-up; compilation is not timed.
"""

import importlib
import os
import platform
import sys
from pathlib import Path

HERE = Path(__file__).parent
HEAD = ["| what | surveysim | against | ratio |", "| --- | ---: | ---: | ---: |"]


def names():
    """The algorithms that have a benchmark, a file each."""
    return [path.stem for path in sorted(HERE.glob("*.py")) if "\ndef bench(" in path.read_text(encoding="utf-8")]


def main(chosen):
    if unknown := set(chosen) - set(names()):
        sys.exit(f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    rows = [row for name in chosen or names() for row in importlib.import_module(name).bench()]
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    said = f"Made by `python3 run.py bench`. Read the ratios: absolute times belong to this machine ({machine})."
    text = "\n".join(["# Benchmark results", "", said, "", *HEAD, *rows, ""])
    if not chosen:
        (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
