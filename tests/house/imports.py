"""Imports between files, those inside functions and those made later included: no circles, and a reason for each inside a function.

`python tests/house/imports.py` is part of `run.py lint`; `--list` shows every import inside a function. It stands there because what is
imported is heavy or may be absent, in a command because commands start at once, or for the reason in a comment on its line. A name that
a room's door hands on counts as an import of the file it comes from. Imports for the checker of types alone do not count.
"""

import ast
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src"
INSIDE = 106  # imports inside functions; the number may only fall
HEAVY = {
    "jinja2",
    "markupsafe",
    "matplotlib",
    "multiprocessing",
    "narwhals",
    "numpy",
    "openpyxl",
    "pandas",
    "polars",
    "pyarrow",
    "rich",
}
HEAVY |= {"scipy", "xlsxwriter"}
ABSENT = {
    "fcntl",
    "msvcrt",
    "resource",
    "pyreadstat",
    "samplics",
    "svy",
}  # on some systems, or where an extra is not installed
AT_ONCE = "surveysim.cli"  # a command loads what it needs, when it runs


class File:
    """A file: its module, its tree, and what its door hands on."""

    def __init__(self, path):
        self.path = path
        parts = path.relative_to(SOURCE).with_suffix("").parts
        self.door = parts[-1] == "__init__"
        self.name = ".".join(parts[:-1] if self.door else parts)
        self.package = self.name if self.door else self.name.rpartition(".")[0]
        self.text = path.read_text(encoding="utf-8")
        self.tree = ast.parse(self.text)
        self.homes = dict(self._homes()) if self.door else {}

    def _homes(self):
        """(name, module) of what this door hands on, as its file for checkers of types says."""
        told = self.path.with_suffix(".pyi")
        for node in ast.parse(told.read_text(encoding="utf-8") if told.exists() else "").body:
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield alias.name, absolute(self.package, "." * node.level + (node.module or ""))


def absolute(package, relative):
    """Module that a relative name means in a package."""
    level = len(relative) - len(relative.lstrip("."))
    base = package.split(".")[: len(package.split(".")) - level + 1]
    return ".".join([*base, *filter(None, [relative[level:]])])


def files():
    """{module: File} of the library."""
    return {file.name: file for file in map(File, sorted(SOURCE.rglob("*.py")))}


def imported(file, known):
    """Modules that a file imports anywhere."""
    found, only_types = set(), {id(n) for n in _for_types(file)}
    for node in ast.walk(file.tree):
        if isinstance(node, ast.ImportFrom) and node.level and id(node) not in only_types:
            module = absolute(file.package, "." * node.level + (node.module or ""))
            found |= {_home(module, alias.name, known) for alias in node.names}
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Later":
            found.add(absolute(file.package, ast.literal_eval(node.args[1])))
    return (found & set(known)) - {file.name}


def _for_types(file):
    """What stands under `if TYPE_CHECKING:`."""
    blocks = (n for n in file.tree.body if isinstance(n, ast.If) and getattr(n.test, "id", "") == "TYPE_CHECKING")
    return [node for block in blocks for statement in block.body for node in ast.walk(statement)]


def _home(module, name, known):
    """The file that `from module import name` needs."""
    if f"{module}.{name}" in known:
        return f"{module}.{name}"
    home = known[module].homes.get(name) if module in known else None
    return module if home is None else _home(home, name, known)


def circles(graph):
    """Strongly connected parts of more than one file (Tarjan 1972)."""
    index, low, stack, found = {}, {}, [], []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        for w in sorted(graph[v]):
            if w not in index:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in stack:
                low[v] = min(low[v], index[w])
        if low[v] == index[v]:
            part = stack[stack.index(v) :]
            del stack[stack.index(v) :]
            if len(part) > 1:
                found.append(sorted(part))

    for v in sorted(graph):
        if v not in index:
            visit(v)
    return found


def inside(file):
    """Imports of the library inside functions."""
    functions = (n for n in ast.walk(file.tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    nodes = {id(n): n for f in functions for n in ast.walk(f) if isinstance(n, ast.Import | ast.ImportFrom)}
    return sorted(nodes.values(), key=lambda n: n.lineno)


def unreasoned(file, node):
    """Whether nothing says why an import is not at the top of its file."""
    first = (node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name).partition(".")[0]
    given = "#" in file.text.splitlines()[node.lineno - 1]
    away = not getattr(node, "level", 0) and first in HEAVY | ABSENT
    return not (given or away or file.package == AT_ONCE)


def main():
    known = files()
    graph = {name: imported(file, known) for name, file in known.items()}
    late = [(file, node) for file in known.values() for node in inside(file)]
    silent = [(file, node) for file, node in late if unreasoned(file, node)]
    found = circles(graph)
    for part in found:
        print("circle: " + " - ".join(name.removeprefix("surveysim.") for name in part))
        for name in part:
            print(f"  {name} imports {', '.join(sorted(graph[name] & set(part)))}")
    for what, listed in (("", late if "--list" in sys.argv else []), ("no reason: ", silent)):
        for file, node in listed:
            print(f"{what}{file.path.relative_to(SOURCE)}:{node.lineno}: {ast.unparse(node)}")
    print(
        f"{len(known)} files, {sum(map(len, graph.values()))} imports, {len(found)} circles, {len(late)} inside functions"
    )
    return bool(found) or bool(silent) or len(late) > INSIDE


if __name__ == "__main__":
    sys.exit(main())
