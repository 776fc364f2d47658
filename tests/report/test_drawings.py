"""A survey's drawings: themes, tiles, the waterfall, hostile names."""

import re

import pandas as pd
import pytest

from surveysim import reference
from surveysim.report import drawings, html

TEXT = html.labels("en")


def estimates(*names):
    row = {"estimate": 50.0, "lower": 49.0, "upper": 51.0, "moe": 1.0, "parameter": 50.5, "published": 50.4}
    return pd.DataFrame([{"indicator_id": name, **row} for name in names])


@pytest.mark.parametrize(
    "label", ["<script>alert(1)</script>", '"quoted" & <b>', "=cmd|' /C calc'!A0", "\u202eright to left"]
)
def test_hostile_labels__are_harmless_in_drawings(label):
    table = estimates(label)
    parts = {"intervals": drawings.estimates(table, TEXT), "intervals_legend": drawings.estimates_legend(table, TEXT)}
    heads: dict = dict.fromkeys(("title", "lead"), label)
    names = (
        "sections",
        "heads",
        "rows",
        "step_heads",
        "steps",
        "frames",
        "dispositions",
        "rates",
        "cost_heads",
        "costs",
    )
    empty: dict = {name: [] for name in names}
    page = html.render("country.html", "en", histogram="", downloads=[], **heads, **empty, **parts)
    assert "<script" not in page
    assert "<b>" not in re.sub(r'<b class="number">', "", page)
    assert "\u202e" not in page


def test_estimates__stand_by_theme_each_at_most_a_screen_high():
    facts = reference.published()
    table = estimates(*facts.index[facts["unit"] == "%"])
    found = drawings.estimates(table, TEXT)
    assert sum(len(part["rows"]) for part in found) == len(table)
    assert 5 <= len(found) <= 8
    assert max(len(part["rows"]) for part in found) <= 20  # rows of 40 pixels on a telephone
    assert len({tuple(part["ticks"]) for part in found}) == 1  # one scale, so that they can be compared
    assert all(part["lines"] for part in found)


def test_estimates__that_miss_the_population_stand_out():
    table = estimates("internet_penetration", "device_tv").assign(parameter=[50.5, 60.0])
    tones = [{mark["tone"] for mark in part["rows"][0].marks} for part in drawings.estimates(table, TEXT)]
    assert tones == [{"first", "second"}, {"alert", "second"}]
    assert ("dot", "alert", TEXT["interval_misses"]) in drawings.estimates_legend(table, TEXT)
    assert "population 60.00 %" in drawings.estimates(table, TEXT)[1]["rows"][0].told


def test_tiles__have_every_province_once_with_its_interval():
    codes = reference.provinces()
    assert set(drawings.TILES) == set(codes)
    assert len({place[:2] for place in drawings.TILES.values()}) == 31
    table = pd.DataFrame({"estimate": range(31), "lower": [k - 1.5 for k in range(31)], "moe": 1.5}, index=codes)
    tiles = drawings.provinces(table.assign(upper=table["lower"] + 3.0), dict(zip(codes, codes, strict=True)), TEXT)
    assert {tile["step"] for tile in tiles} == set(range(5))
    for tile in tiles:
        low, middle, high = (float(place[:-1]) for place in tile["at"])
        assert middle - low == pytest.approx(high - middle, abs=0.02)
        assert tile["moe"] == "± 1.5"


def test_waterfall__begins_every_bar_where_the_one_before_ends():
    stages = ["coverage", "sampling", "nonresponse", "measurement", "weighting", "together", "total"]
    bias = [-0.5, 0.1, -0.3, 0.2, 0.6, 0.0, 0.1]
    table = pd.DataFrame({"bias": bias, "bias_mcse": 0.01, "variance": 0.04, "unit": "percent"}, index=stages)
    rows = drawings.waterfall(table, TEXT)["rows"]
    assert [row.name for row in rows] == ["Coverage", "Sampling", "Nonresponse", "Measurement", "Weighting", "Total"]
    ends = [row.marks[1]["x"] for row in rows]
    for bar, before in zip((row.marks[0] for row in rows[1:-1]), ends, strict=False):
        assert before in (bar["x"], bar["end"])
    assert ends[-1] == ends[-2]  # the stages add up to the total
    assert rows[0].value == "−0.50 ± 0.02"
    assert rows[-1].strong
