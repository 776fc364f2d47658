"""Texts, escaping, figures."""

import tomllib
from importlib.resources import files

import pandas as pd
import pytest

from surveysim.pictures import style
from surveysim.report import figures, html


def test_labels__have_the_same_keys_in_both_languages():
    table = tomllib.loads((files("surveysim.report") / "labels.toml").read_text(encoding="utf-8"))
    assert list(table["en"]) == list(table["zh"])
    assert all(table["en"].values())
    assert all(table["zh"].values())


@pytest.mark.parametrize(
    "label", ["<script>alert(1)</script>", '"quoted" & <b>', "=cmd|' /C calc'!A0", "\u202eright to left"]
)
def test_hostile_labels__are_harmless_in_figures(label):
    text = html.labels("en")
    table = pd.DataFrame(
        {"estimate": [50.0], "lower": [49.0], "upper": [51.0], "parameter": [50.5], "published": [50.4]}
    )
    drawing = style.svg(figures.intervals([label], table, text), label)
    assert "<script" not in drawing
    assert "<b>" not in drawing


def test_tile_map__has_every_province_once():
    from surveysim import reference

    assert set(figures.TILES) == set(reference.provinces())
    assert len(set(figures.TILES.values())) == 31


def test_svg__is_the_same_twice_and_has_no_fixed_colours():
    text = html.labels("zh")
    table = pd.DataFrame({"target": [50.0, 50.0], "before": [40.0, 60.0], "after": [50.0, 50.0]})
    drawings = [style.svg(figures.margins(["男", "女"], table, text), "性别") for _ in range(2)]
    assert drawings[0] == drawings[1]
    assert style.INK not in drawings[0]
    assert "var(--ink)" in drawings[0]


def test_number__shows_absence_as_a_dash():
    assert [html.number(v, 1) for v in (1234.56, None, float("nan"))] == ["1,234.6", "–", "–"]
