import tomllib

import pytest

from surveysim.keys import flat, merge, nested, packaged, toml


def test_keys__are_merged_flattened_and_nested_again_without_changing_what_is_given():
    base = {"a": {"b": 1, "c": 2}, "d": 3}
    assert merge(base, {"a": {"c": 4}}) == {"a": {"b": 1, "c": 4}, "d": 3}
    assert base == {"a": {"b": 1, "c": 2}, "d": 3}
    assert flat(base) == {"a.b": 1, "a.c": 2, "d": 3}
    assert nested("a.b", 1) == {"a": {"b": 1}}


def test_toml__reads_back_as_the_same():
    data = {"name": "x", "a": {"b": [1, 2], "c d": {"é": "q"}}, "list": [{"k": True}]}
    assert tomllib.loads(toml(data)) == data


@pytest.mark.parametrize(("room", "name"), [("report", "labels.toml"), ("survey", "presets/cnnic-2024-12.toml")])
def test_packaged__is_read_once(room, name):
    found = packaged(f"surveysim.{room}", name)
    assert found
    assert packaged(f"surveysim.{room}", name) is found
