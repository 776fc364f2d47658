"""The cases that stay in the everyday run: few, always the same, with every value of every parameter."""

import itertools

import everyday

CROSSED = [{"a": a, "b": b, "c": c} for a, b, c in itertools.product(range(4), range(3), range(5))]


def test_crossed_parameters__keep_every_value():
    kept = everyday.chosen("crossed", CROSSED, 6)
    assert len(kept) <= 4 + 3 + 5
    for name, values in (("a", 4), ("b", 3), ("c", 5)):
        assert {CROSSED[k][name] for k in kept} == set(range(values))
    assert kept == everyday.chosen("crossed", CROSSED, 6)
    assert len(everyday.chosen("crossed", CROSSED, 40)) == 40
    assert everyday.chosen("crossed", CROSSED, 1000) == set(range(60))


def test_parameters_of_one_list__count_once():
    """A list of cases with three names each has no values of its own to cover."""
    cases = [{"kind": k, "values": k, "make": k} for k in range(300)]
    assert everyday.dimensions(cases) == ["kind"]
    assert len(everyday.chosen("list", cases, 12)) == 12
    assert everyday.chosen("list", cases, 12) != everyday.chosen("another", cases, 12)


class Item:
    """What is asked of a collected test."""

    def __init__(self, nodeid, count, index):
        self.nodeid, self.args, self.marks = nodeid, (count,), []
        self.callspec = type(
            "Spec", (), {"indices": {"x": index, "kind": index}, "params": {"x": index, "kind": "abc"[index % 3]}}
        )

    def get_closest_marker(self, name):
        return self if name == "everyday" else None

    def add_marker(self, mark):
        self.marks.append(mark)


def test_what_does_not_stay_is_long():
    items = [Item(f"tests/test_x.py::test_y[{k}]", 5, k) for k in range(20)]
    everyday.mark(items, "long")
    assert sum(item.marks == ["long"] for item in items) == 15
    assert [item.nodeid for item in items if not item.marks] == [
        items[k].nodeid
        for k in sorted(everyday.chosen("tests/test_x.py::test_y", [everyday.parameters(item) for item in items], 5))
    ]
    assert {everyday.parameters(item)["kind"] for item in items if not item.marks} == set("abc")
