"""What a survey found: title, sentence and answers are of the verdict and of the errors of this design at its number of interviews."""

from types import SimpleNamespace

import pandas as pd
import pytest

from surveysim import reference
from surveysim.report import html
from surveysim.report.finding import finding
from surveysim.survey.claims import judged_change


def found(se, lang="en", interviews=54_100):
    errors = [("stated", float("nan"), reference.statement().se), ("design", 22_047, 1.5 * se), ("design", 54_000, se)]
    row = {"indicator_id": "internet_penetration", "estimate": 78.24, "lower": 77.7, "upper": 78.8, "moe": 0.53}
    tables = SimpleNamespace(
        verdict=judged_change(errors),
        comparison=pd.DataFrame([row | {"parameter": 78.6}]),
        statement={"largest_group": 2.31, "largest_group_indicator": "elder_mode_use_60plus"},
    )
    return finding(SimpleNamespace(interviews=range(interviews)), tables, html.labels(lang))


@pytest.mark.parametrize(
    ("se", "title", "real"),
    [(0.2, "which is more than chance", "Yes"), (0.45, "depends", "It depends"), (3.0, "depends", "It depends")],
)
def test_title__is_the_verdict(se, title, real):
    said = found(se)
    assert title in said["title"]
    assert said["asked"][1][1].startswith(real)


def test_lead__has_both_years_with_the_margins_of_the_nearest_number_of_interviews():
    said = found(0.2)
    assert (
        said["lead"]
        == "77.5 % ± 0.4 of all residents were online in December 2023, 78.6 % ± 0.4 in December 2024: a change of +1.1 ± 0.6 points."
    )
    assert "at 54,000 interviews" in said["note"]
    assert "finds 78.2 % ± 0.5 where 78.6 % is true" in said["note"]
    assert "at 22,047 interviews" in found(0.2, interviews=20_000)["note"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_drawing_and_answers__have_the_numbers(lang):
    said = found(0.2, lang)
    assert [row.value for row in said["finding"]["rows"]] == ["77.5 ± 0.4", "78.6 ± 0.4", "78.2 ± 0.5"]
    quote, real, meaning = (answer for _, answer in said["asked"])
    assert "± 0.4" in quote
    assert "±2.3" in quote  # not so of a group
    assert "±0.93" in real  # at worst, as stated
    assert "95" in meaning
