"""What ±0.66 points says at other sample sizes, and whether the report's own change is more than chance."""

import numpy as np
import pandas as pd
import pytest
from scipy import special

from surveysim import DataError, reference, sample_size
from surveysim.report import html
from surveysim.survey.claims import at_sizes, claim, judged_change, most_alike, of_everybody

FALLEN = "app_short_video_rate"


def test_percentages_of_everybody__are_those_of_all_netizens_or_residents():
    definitions = reference.indicators()
    names = of_everybody(definitions)
    assert len(names) == 48
    assert {"internet_penetration", "app_ride_hailing_rate", "genai_users_rate_population"} <= set(names)
    assert not {"internet_penetration_60plus", "netizens_size", "app_ride_hailing_rate_60plus"} & set(names)


def test_claim__by_hand():
    """Three rates of everybody, of which one is wider than 0.66, and one of a group, which is."""
    definitions = pd.DataFrame(
        {
            "unit": ["percent", "percent", "percent", "percent", "10k persons"],
            "denominator": ["persons", "internet", "internet", "persons*age_60plus", ""],
        },
        index=list("abcde"),
    )
    moe = pd.Series({"a": 0.5, "b": 0.67, "c": 0.66, "d": 2.0, "e": 900.0})
    found = claim(moe, definitions, 0.66)
    assert (found["rates"], found["wide"], found["widest"], found["widest_indicator"]) == (3, 1, 0.67, "b")
    assert (found["group_rates"], found["wide_groups"], found["widest_group_indicator"]) == (1, 1, "d")
    table = at_sizes(moe, 100, definitions, 0.66, (100, 400)).set_index("n")
    assert table["widest"].tolist() == pytest.approx([0.67, 0.335])
    assert table["wide"].tolist() == [1, 0]
    assert table.loc[400, "wide_groups"] == 1


def test_change__of_two_stated_margins_by_hand():
    """±0.66 twice is ±0.933; 1.1 less its printed rounding of 0.05 is 2.2 standard errors away."""
    found = judged_change([("stated", np.nan, reference.statement().se)], overlaps=(0.0,))
    row = found.table.iloc[0]
    assert row["moe"] == pytest.approx(0.66 * np.sqrt(2))
    assert row["p"] == pytest.approx(0.0209, abs=1e-4)
    assert row["bears"] == pytest.approx(1.1 - 0.66 * np.sqrt(2))
    assert found.answer == row["verdict"] == "yes"


@pytest.mark.parametrize(("points", "answer"), [(0.3, "yes"), (0.3914, "rounding"), (0.5, "no")])
def test_change__between_yes_and_no_lies_what_was_not_printed(points, answer):
    """1.1 / (1.96 √2) is 0.3968, with the digits that rounding took 0.3788 to 0.4149."""
    found = judged_change([("stated", np.nan, points)], overlaps=(0.0,))
    assert found.table["verdict"].tolist() == [answer]
    assert found.answer == ("depends" if answer == "rounding" else answer)


def test_likeness__is_perfect_for_equal_shares_and_falls_with_their_difference():
    assert most_alike(0.3, 0.3) == pytest.approx(1)
    assert most_alike(0.2, 0.5) == most_alike(0.5, 0.2) == pytest.approx(0.5)


@pytest.mark.statistical
def test_panel__takes_away_what_is_said():
    """4,000 pairs of surveys of 400, half of them the same people, who all keep their answer as far as the shares allow."""
    p, q, n, rng = 0.775, 0.786, 400, np.random.default_rng(8)
    twice, first, second = (rng.random((4000, n // 2)) for _ in range(3))
    before = np.hstack([twice, first]) < p
    now = np.hstack([twice, second]) < q
    spread = 100 * (now.mean(axis=1) - before.mean(axis=1)).std(ddof=1)
    row = judged_change([("simple", n, 100 * np.sqrt(q * (1 - q) / n))], overlaps=(0.5,)).table.iloc[0]
    assert spread == pytest.approx(row["moe"] / special.ndtri(0.975), rel=4 / np.sqrt(2 * 4000))


def test_sentence__says_the_verdict_in_both_languages():
    sizes = [("design", n, 0.26 * np.sqrt(22047 / n)) for n in (22047, 60000)]
    found = judged_change([("stated", np.nan, reference.statement().se), *sizes])
    assert len(found.table) == 6
    english, chinese = found.sentence(), found.sentence("zh")
    assert english.startswith(
        "Yes: the change of Internet penetration from 77.5 % to 78.6 % (+1.1 points) is more than chance"
    )
    assert "±0.93 at worst (±0.66 as stated, independent samples)" in english
    assert "this design of 60,000, 50 % asked twice" in english
    assert chinese.startswith("是：互联网普及率由77.5%变为78.6%")
    assert chinese.endswith("。")
    assert english.count(". ") == 0  # one sentence
    for points, word in ((5.0, "No:"), (0.45, "It depends:")):
        assert judged_change([("stated", np.nan, points)]).sentence().startswith(word)
    fallen = judged_change([("stated", np.nan, reference.statement().se)], FALLEN)
    assert fallen.answer == "yes"
    assert "(-2.6 points)" in fallen.sentence()


@pytest.mark.parametrize("name", ["netizens_size", "internet_penetration_60plus"])
def test_change__needs_two_printed_percentages(name):
    with pytest.raises(DataError, match=f"{name}' has no printed percentage"):
        judged_change([("stated", np.nan, 0.3)], name)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_page__cites_the_earlier_rounds_as_the_facts_have_them(lang):
    facts = reference.load("phone_surveys").set_index("id")["value"].astype(str)
    text = html.labels(lang)["sizes_text"]
    rounds = [int(float(facts[name])) for name in ("cnnic25_total", "cnnic35_total", "cnnic60k_total")]
    assert sorted(rounds) == [60_000, 72_000, 76_000]
    assert all(f"{n:,}" in text for n in rounds)
    assert f"{sample_size():,}" in text
