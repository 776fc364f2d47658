"""The changes themselves: what is changed, what is left alone, and that the tree is the same afterwards."""

import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
KERNEL = "src/surveysim/kernels/rake.py"


def load(name):
    spec = importlib.util.spec_from_file_location(f"mutation_{name}", HERE / f"{name}.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


changes, tree = load("changes"), load("tree")


def forms(source):
    return [change.applied(source) for change in changes.changes(source, "a.py")]


@pytest.mark.parametrize(
    ("source", "others"),
    [
        ("a < b", ["(a <= b)", "(a >= b)"]),
        ("a * b", ["(a / b)", "a", "b"]),
        ("a - b", ["(a + b)", "a"]),
        ("a and b", ["(a or b)", "b", "a"]),
        ("not a", ["a"]),
        ("x[1]", ["x[2]", "x[0]"]),
        ("x = 0.5", ["x = 0.55"]),
        ("f(1e-9)", ["pass"]),
        ("np.minimum(a, b)", ["(np.maximum(a, b))", "pass"]),
        ("a if b else c", ["a", "c"]),
        ("for i in x:\n    break", ["for i in x:\n    pass"]),
        ("if a:\n    b = c", ["if False:\n    b = c"]),
        ("if a:\n    raise E(f'{1 + 1}')", ["if a:\n    pass"]),
        ("a += 1", ["pass", "a -= 1", "a += 2", "a += 0"]),
        ("def f():\n    x[i] = y", ["def f():\n    pass"]),
        ("a = y", []),
        ("s = 'text' + t", []),
        ("def f(a: int = N) -> 3:\n    'text'\n    a = g(a)", ["def f(a: int = N) -> 3:\n    'text'\n    pass"]),
        ("@g(1)\ndef __repr__(self):\n    return 1 + 2", []),
    ],
)
def test_changes__are_those_of_one_operator_constant_factor_or_statement(source, others):
    assert sorted(map(strip, forms(source))) == sorted(map(strip, others))


def strip(text):
    return text.replace("(", "").replace(")", "")


def test_changes__keep_the_rest_of_the_text_and_count_within_the_line():
    source = "é = 'ü'; b = 2 * (c +\n    d)  # why\n"
    found = changes.changes(source, "a.py")
    assert [change.name for change in found] == [f"a.py:1:{k}" for k in range(len(found))]
    added = next(change for change in found if "-" in change.after)
    assert added.applied(source) == "é = 'ü'; b = 2 * ((c - d))  # why\n"
    assert added.before == "é = 'ü'; b = 2 * (c + d) # why"


def test_changes__know_the_lines_whose_tests_would_notice():
    source = "A = 1\n\n\ndef f(a=2):\n    if a < 1:\n        return [\n            a + 3,\n        ]\n"
    homes = {change.line: change.home for change in changes.changes(source, "a.py")}
    assert homes == {1: None, 4: (4, 8), 5: (5, 5), 7: (6, 8)}


def test_changed__moves_compiled_callers_aside_and_puts_everything_back(tmp_path):
    kernels = tmp_path / "project" / KERNEL
    (kernels.parent / "__pycache__").mkdir(parents=True)
    kernels.write_text("def rake(a):\n    return a + a\n", encoding="utf-8")
    (kernels.parent / "many.py").write_text("from .rake import rake\n", encoding="utf-8")
    (kernels.parent / "apart.py").write_text("from .compiling import jit\n", encoding="utf-8")
    cached = ("rake.rake-1.py311.nbi", "many.f-2.py311.1.nbc", "apart.g-3.py311.nbi", "rake.cpython-311.pyc")
    for name in cached:
        (kernels.parent / "__pycache__" / name).write_text(name, encoding="utf-8")
    copy = tree.Tree(tmp_path / "project", tmp_path)
    changed = copy.root / KERNEL
    was = {path: path.stat().st_mtime_ns for path in copy.root.rglob("*.*")}
    change = changes.changes(kernels.read_text(encoding="utf-8"), KERNEL)[0]
    with copy.changed(change):
        assert "a - a" in changed.read_text(encoding="utf-8")
        assert [path.name for path in (changed.parent / "__pycache__").iterdir()] == ["apart.g-3.py311.nbi"]
        (changed.parent / "__pycache__" / "many.f-2.py311.2.nbc").write_text("stale", encoding="utf-8")
    assert {path: path.stat().st_mtime_ns for path in copy.root.rglob("*.*")} == was
    assert (changed.parent / "__pycache__" / cached[1]).read_text(encoding="utf-8") == cached[1]
    assert "a + a" in kernels.read_text(encoding="utf-8")


def test_kernels__are_run_by_what_calls_them_or_calls_a_kernel_that_does(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))
    lines = load("lines")
    kernel, room = "src/surveysim/kernels/sums.py", "src/surveysim/room.py"
    texts = {
        kernel: "def inner(a):\n    return a + 1\n\n\ndef outer(a):\n    return inner(a)\n\n\ndef other(a):\n    return a - 1\n",
        room: "def mean(a):\n    return kernels.outer(a)\n\n\ndef rest(a):\n    return kernels.other(a)\n",
        "tests/kernels/test_sums.py": "kernels.inner(1)\n",
        "tests/kernels/test_rest.py": "kernels.innermost(1)\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    seconds = {
        "t::mean": 2.0,
        "t::rest": 1.0,
        "tests/kernels/test_sums.py::f": 3.0,
        "tests/kernels/test_rest.py::g": 0.1,
    }
    known = lines.Lines(tmp_path, seconds, {room: {2: ["t::mean"], 6: ["t::rest"]}})
    of = {change.line: known.tests_for(change) for change in changes.changes(texts[kernel], kernel)}
    assert of == {2: ["t::mean", "tests/kernels/test_sums.py::f"], 10: ["t::rest"]}
    change = changes.changes(texts[room].replace("outer(a)", "outer(a + 1)"), room)[0]
    assert known.tests_for(change) == ["t::mean"]
