"""Texts, escaping, figures."""

import tomllib
from importlib.resources import files

import numpy as np

from surveysim.pictures import style
from surveysim.report import figures, html


def test_labels__have_the_same_keys_in_both_languages():
    table = tomllib.loads((files("surveysim.report") / "labels.toml").read_text(encoding="utf-8"))
    assert list(table["en"]) == list(table["zh"])
    assert all(table["en"].values())
    assert all(table["zh"].values())


def test_svg__is_the_same_twice_and_has_no_fixed_colours():
    text = html.labels("zh")
    counts = {"男": np.array([1, 2]), "女": np.array([2, 1])}
    drawings = [style.svg(figures.weights(np.arange(3.0), counts, text), "权数") for _ in range(2)]
    assert drawings[0] == drawings[1]
    assert style.INK not in drawings[0]
    assert "var(--ink)" in drawings[0]


def test_number__shows_absence_as_a_dash():
    assert [html.number(v, 1) for v in (1234.56, None, float("nan"))] == ["1,234.6", "–", "–"]


def test_people__are_written_as_people_write_them():
    en, zh = html.labels("en"), html.labels("zh")
    assert html.people(110_266, 670, en) == "1.103 ± 0.007 billion people"
    assert html.people(110_266, 670, zh) == "11.03 ± 0.07 亿人"
    assert html.people(110_832, 0, en) == "1.11 billion people"
    assert html.people(6_321, 88, zh) == "6,321 ± 88 万人"
    assert html.people(6_321, 88, en) == "63.2 ± 0.9 million people"
    assert html.people(0.5, 0, en) == "5 thousand people"


def test_signs__are_set_as_the_language_sets_them():
    assert html.percent(78.24, 1, html.labels("en")) == "78.2 %"
    assert html.percent(78.24, 1, html.labels("zh")) == "78.2%"
    assert html.signed(-1.04, 1) == "−1.0"
    assert html.with_error(-0.1234, 0.02) == "−0.123 (0.020)"
