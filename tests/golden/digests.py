"""The file of digests beside the numbers: read, compared, renewed where a number was raised."""

import hashlib
import tomllib
from pathlib import Path

from surveysim import editions

from .works import WORKS

FILE = Path(__file__).with_name("digests.toml")
RESTS_ON = {
    "POPULATION": (),
    "DRAWS": ("POPULATION",),
    "ESTIMATES": ("POPULATION", "DRAWS"),
}  # whose change changes them too
HEAD = "# Digests of small works by the numbers of surveysim/editions.py they were made with: PYTHONPATH=src:tests python -m golden\n"


def current(number):
    """The numbers that the works of one depend on, as they are now."""
    return {name: getattr(editions, name) for name in (*RESTS_ON[number], number)}


def digest(number, name):
    return hashlib.sha256(WORKS[number][name]()).hexdigest()[:16]


def kept():
    """{number: {"numbers": {…}, "works": {name: digest}}} as committed."""
    return tomllib.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


def renew():
    """Write the file; refuses other bytes under the same numbers."""
    old, lines, changed = kept(), [HEAD], []
    for number, made in WORKS.items():
        before = old.get(number, {})
        same = before.get("numbers") == current(number)
        found = {name: digest(number, name) for name in made}
        changed += [f"{number}: {n}" for n, d in found.items() if same and before["works"].get(n, d) != d]
        for part, values in (("numbers", current(number)), ("works", found)):
            lines += [f"[{number}.{part}]", *(f'"{k}" = {v!r}'.replace("'", '"') for k, v in values.items()), ""]
    if changed:
        raise SystemExit(
            f"other bytes under the same numbers: {', '.join(changed)}. Raise the number in surveysim/editions.py."
        )
    FILE.write_text("\n".join(lines), encoding="utf-8")
    return f"{FILE.name}: {sum(map(len, WORKS.values()))} digests"
