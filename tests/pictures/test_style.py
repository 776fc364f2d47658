"""The house style: labels in lines, legends and titles, numbers in sentences."""

import sys

import pytest

from surveysim.errors import DataError
from surveysim.pictures import style


def test_labels__are_folded_and_no_longer_than_three_lines():
    lines = style.folded("word " * 60).split("\n")
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert len(style.folded("长" * 40).split("\n")[0]) == style.LONGEST // 2
    assert style.folded("") == " "


def test_headings__stand_above_their_rows():
    ax, y = style.headed(["sex", "sex", "age"], ["f", "m", "60+"], None)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["sex", "f", "m", "age", "60+"]
    assert list(y) == [1.5, 2.5, 4.5]
    ax, y = style.headed(["sex", "sex"], ["f", "m"], None)
    assert (ax.get_ylabel(), list(y)) == ("sex", [0.5, 1.5])


def test_names__have_their_heading_where_there_are_several():
    assert style.full(["sex", "age"], ["f", "60+"]) == ["sex f", "age 60+"]
    assert style.full(["sex", "sex"], ["f", "m"]) == ["f", "m"]


def test_numbers__are_short():
    assert [style.shown(v) for v in (1234567.8, 12.345, 0.00012345)] == ["1,234,568", "12.3", "0.000123"]


def test_without_matplotlib__the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(DataError, match=r"\[report\]"):
        style.axes(4, 3)


def test_svg__may_shrink():
    ax = style.axes(4, 3)
    assert "min-width:0" in style.svg(ax, "nothing", least="0")
    assert "min-width" not in style.svg(ax, "nothing")
