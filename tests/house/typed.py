"""Errors that the checker of types finds in each room, and public functions there whose annotations are not full: numbers that only fall.

`python tests/house/typed.py` is part of `run.py lint`; with the name of a room or file it shows what is found there. The numbers stand in
`typed.toml`: the check fails where one rises, and where one fell and the file still has the old one; `--lower` writes those that fell.
"""

import ast
import json
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "surveysim"
RECORD = Path(__file__).with_suffix(".toml")
GROUND = "ground floor"
HEAD = """# Counted by typed.py, by room: what the checker of types finds, and public functions without full annotations. May only fall.
"""


def room(path):
    """The room of a file."""
    parts = Path(path).relative_to(SOURCE).parts
    return parts[0] if len(parts) > 1 else GROUND


def errors():
    """(file, line, message) of all that the checker finds."""
    checker = Path(sys.executable).with_name("basedpyright")
    command = (checker, "--outputjson", "--pythonpath", sys.executable, "--project", ROOT)
    told = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout)
    wrong = [found for found in told["generalDiagnostics"] if found["severity"] == "error"]
    return [(found["file"], found["range"]["start"]["line"] + 1, found["message"]) for found in wrong]


def bare(source=SOURCE):
    """(file, line, name) of public functions and methods without a type for every parameter and the result."""
    for path in sorted(source.rglob("*.py")):
        for name, node in _functions(ast.parse(path.read_text(encoding="utf-8"))):
            if not all(part is not None for part in _annotations(node)):
                yield str(path), node.lineno, f"{name} is not fully annotated"


def _functions(node):
    """(name, function) of the public ones of a module or class."""
    for part in node.body:
        if isinstance(part, ast.ClassDef) and not part.name.startswith("_"):
            yield from ((f"{part.name}.{name}", function) for name, function in _functions(part))
        elif isinstance(part, ast.FunctionDef) and (not part.name.startswith("_") or part.name == "__init__"):
            yield part.name, part


def _annotations(node):
    """Those of the parameters, `self` and `cls` apart, and of the result."""
    given = node.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
    yield from (parameter.annotation for parameter in every if parameter.arg not in ("self", "cls"))
    yield node.returns


def judged(now, before):
    """What is wrong with numbers by kind and room, beside those of before."""
    for kind in sorted({*now, *before}):
        for place in sorted({*now.get(kind, {}), *before.get(kind, {})}):
            new, old = now.get(kind, {}).get(place, 0), before.get(kind, {}).get(place, 0)
            if new > old:
                yield f"{kind}, {place}: {new}, and {old} were recorded; see `python tests/house/typed.py {place.split()[0]}`"
            elif new < old:
                yield f"{kind}, {place}: {new}, fewer than the {old} recorded; `python tests/house/typed.py --lower` records it"


def main(arguments):
    found = {"errors": errors(), "bare": list(bare())}
    for path, line, message in [*found["errors"], *found["bare"]]:
        if any(word in (room(path).split()[0], path.rpartition("/")[2]) for word in arguments):
            print(f"{Path(path).relative_to(ROOT)}:{line}: {message}")
    now = {kind: Counter(room(path) for path, *_ in listed) for kind, listed in found.items()}
    before = tomllib.loads(RECORD.read_text(encoding="utf-8"))
    if "--lower" in arguments:
        places = {kind: sorted(rooms) for kind, rooms in before.items()}
        before = {kind: {p: min(before[kind][p], now[kind][p]) for p in rooms} for kind, rooms in places.items()}
        RECORD.write_text(HEAD + "".join(map(_section, before.items())), encoding="utf-8")
    wrong = list(judged(now, before))
    print(*wrong, *(f"{sum(counts.values())} {kind}" for kind, counts in now.items()), sep="\n")
    return bool(wrong)


def _section(kind_and_rooms):
    kind, rooms = kind_and_rooms
    return f"\n[{kind}]\n" + "".join(f'"{place}" = {count}\n' for place, count in rooms.items() if count)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
