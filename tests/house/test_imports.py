"""The check of imports finds what it is for."""

from . import imports


def library(tmp_path, monkeypatch, **texts):
    monkeypatch.setattr(imports, "SOURCE", tmp_path)
    for name, text in texts.items():
        path = tmp_path / "room" / (name if "." in name else f"{name}.py")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    known = imports.files()
    return known, {name: imports.imported(file, known) for name, file in known.items()}


def test_a_circle_by_an_import_in_a_function__is_found(tmp_path, monkeypatch):
    known, graph = library(
        tmp_path, monkeypatch, __init__="", a="from .b import B\n", b="def f():\n    from . import a\n    return a\n"
    )
    assert imports.circles(graph) == [["room.a", "room.b"]]
    assert [node.lineno for node in imports.inside(known["room.b"])] == [2]


def test_a_circle_through_the_door_or_later__is_found(tmp_path, monkeypatch):
    told = {"__init__.pyi": "from .a import A as A\n"}
    later = "a = Later(__package__, '.a')\n"
    for back in ("from . import A\n", later):
        _, graph = library(tmp_path, monkeypatch, __init__="", a="from .b import B\nA = 1\n", b=back, **told)
        assert imports.circles(graph) == [["room.a", "room.b"]]


def test_what_only_types_need__is_no_circle(tmp_path, monkeypatch):
    types = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import a\n"
    _, graph = library(tmp_path, monkeypatch, __init__="", a="from .b import B\n", b=types)
    assert imports.circles(graph) == []
    for otherwise in ("a = Later(__package__, '.a')", "from . import a"):
        text = f"{types}else:\n    {otherwise}\n"
        _, graph = library(tmp_path, monkeypatch, __init__="", a="from .b import B\n", b=text)
        assert imports.circles(graph) == [["room.a", "room.b"]]


def test_an_import_in_a_function__needs_a_reason(tmp_path, monkeypatch):
    lines = (
        "from . import a",
        "import pyarrow as pa",
        "import resource",
        "from . import a  # one kind at a time",
        "import json",
    )
    text = "def f():\n" + "".join(f"    {line}\n" for line in lines)
    known, _ = library(tmp_path, monkeypatch, __init__="", a="", b=text)
    silent = [node.lineno for node in imports.inside(known["room.b"]) if imports.unreasoned(known["room.b"], node)]
    assert silent == [2, 6]
