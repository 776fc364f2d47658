"""Which changes since December 2023 can be told from zero."""

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim import audit
from surveysim.audit import changes as module
from surveysim.errors import DataError


@pytest.fixture(scope="module")
def margins():
    return ss.published_margins()


@pytest.fixture(scope="module")
def changes():
    return ss.published_changes().set_index("indicator_id")


def test_changes__verdicts_under_stated_errors(margins, changes):
    table = changes
    assert len(table) == 47
    row = table.loc["internet_penetration"]
    assert row["change"] == pytest.approx(1.1)
    assert row["moe_stated"] == pytest.approx(0.66 * np.sqrt(2))
    assert table.loc["app_short_video_rate", "verdict_simple"] == "yes"
    assert table.loc["app_ride_hailing_rate", "verdict_simple"] == "no"
    assert (table["holm_simple"] >= table["p_simple"]).all()
    assert "micro-dramas" in table.loc["app_online_video_rate", "note"]
    assert "design" not in "".join(table.columns)
    given = margins.assign(design_se=margins["moe"] / 1.959963984540054)
    same = ss.published_changes(margins=given).set_index("indicator_id")
    np.testing.assert_allclose(same["moe_design"], same["moe_simple"])


def test_changes__the_level_does_not_change_p_values(margins, changes):
    a, b = changes, ss.published_changes(level=0.99).set_index("indicator_id")
    for name in ("stated", "simple"):
        np.testing.assert_allclose(a[f"p_{name}"], b[f"p_{name}"])
    wide = ss.published_margins(level=0.99).set_index("indicator_id")["ratio"]
    np.testing.assert_allclose(wide, margins.set_index("indicator_id")["ratio"])


def test_changes__netizens_and_non_netizens_are_one_change(changes):
    a, b = (changes.loc[name] for name in ("netizens_size", "non_netizens_size"))
    assert a["change"] == -b["change"]
    assert a["moe_simple"] == pytest.approx(
        b["moe_simple"], rel=3e-3
    )  # the report rounds non-netizens to 3.01 hundred million


def test_changes__rounding_of_what_was_printed(changes):
    table = changes["rounding"]
    assert table["internet_penetration"] == 0.05  # the change itself is printed
    assert table["app_ride_hailing_rate"] == 0.1  # two figures are
    assert table["netizens_size"] == table["app_online_government_size"] == 0.5
    assert table["app_online_news_size"] == 50.5


def test_changes__correlation_takes_error_away(changes):
    apart, together = changes, ss.published_changes(correlation=0.5).set_index("indicator_id")
    np.testing.assert_allclose(together["moe_stated"], apart["moe_stated"] / np.sqrt(2))
    with pytest.raises(DataError, match="correlation = 1"):
        ss.published_changes(correlation=1)


def test_holm__hand_worked():
    """Holm (1979): 0.01 × 3, then 0.02 × 2 and 0.03 × 1, never below the one before; another family apart."""
    p = pd.Series([0.03, 0.01, 0.02, 0.04], index=list("abcd"))
    adjusted = module._holm(p, pd.Series(["x", "x", "x", "y"], index=p.index))
    assert adjusted.tolist() == pytest.approx([0.04, 0.03, 0.04, 0.04])


def test_verdict__has_the_errors_of_each_size(changes):
    """The same margin as the table of all changes for the same errors, at each n the one that √n leaves."""
    found = audit.change_verdict((22_047, 4 * 22_047), overlaps=(0.0,)).table.set_index(["errors", "n"])["moe"]
    assert found["simple", 22_047] == pytest.approx(changes.loc["internet_penetration", "moe_simple"], rel=1e-6)
    assert found["simple", 4 * 22_047] == pytest.approx(found["simple", 22_047] / 2)
    assert found["stated"].iloc[0] == pytest.approx(changes.loc["internet_penetration", "moe_stated"])
    with pytest.raises(DataError, match="is no modelled estimate"):
        audit.change_verdict(indicator="ipv4")


def test_verdict__takes_the_errors_of_the_modelled_survey_where_there_are_some(margins):
    table = margins.assign(design_se=0.3)
    found = audit.change_verdict(margins={22_047: table, 60_000: table.assign(design_se=0.2)}).table
    assert found["errors"].tolist() == ["stated"] * 2 + ["design"] * 4
    apart = found[found["overlap"] == 0].set_index("n")["moe"]
    assert apart[60_000] == pytest.approx(apart[22_047] * 2 / 3)
