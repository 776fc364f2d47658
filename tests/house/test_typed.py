"""The check of types counts what it is for, and its numbers only fall."""

from . import typed


def test_functions_that_are_not_fully_annotated__are_found(tmp_path):
    lines = (
        "def full(a: int, *, b: str = '') -> None: ...",
        "def result(a: int): ...",
        "def parameter(a) -> int: ...",
        "def _private(a): ...",
        "class Thing:",
        "    def method(self, a: int) -> int: ...",
        "    def other(self, *more) -> int: ...",
        "    def __init__(self, a): ...",
    )
    (tmp_path / "a.py").write_text("\n".join(lines))
    names = [message.split()[0] for _, _, message in typed.bare(tmp_path)]
    assert names == ["result", "parameter", "Thing.other", "Thing.__init__"]


def test_numbers__may_neither_rise_nor_fall_unrecorded():
    before = {"errors": {"weighting": 3, "study": 2}}
    assert list(typed.judged({"errors": {"weighting": 3, "study": 2}}, before)) == []
    for now in ({"weighting": 4, "study": 2}, {"weighting": 3, "study": 2, "frame": 1}, {"weighting": 3}):
        (found,) = typed.judged({"errors": now}, before)
        assert found.startswith("errors, ")
