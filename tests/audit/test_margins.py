"""The margin of every published estimate."""

import numpy as np
import pytest

import surveysim as ss


@pytest.fixture(scope="module")
def margins():
    return ss.published_margins()


def test_margins__a_row_for_every_published_estimate(margins):
    assert len(margins) == 121
    assert (margins["moe"].isna() == (margins["note"] != "")).all()
    assert margins["moe"].notna().sum() == 113
    table = margins.set_index("indicator_id")
    assert table.loc["elder_mode_use_60plus", "moe"] > 0.66 * 2.5  # among netizens aged 60+
    assert table.loc["im_app_hourly_share_09_19", "note"] == "not an estimate of this survey"


def test_margins__by_hand(margins):
    """Ride hailing is 48.7 % of the netizens, who are 86.8 % of the people aged 6+ with a telephone: 19,132 respondents."""
    row = margins.set_index("indicator_id").loc["app_ride_hailing_rate"]
    assert row["respondents"] == pytest.approx(19132, rel=1e-3)
    assert row["moe"] == pytest.approx(100 * 1.959964 * np.sqrt(0.487 * 0.513 / row["respondents"]), rel=1e-3)
    doubled = ss.published_margins(2 * 22047, 2.0).set_index("indicator_id")["moe"]
    np.testing.assert_allclose(doubled, margins.set_index("indicator_id")["moe"], rtol=1e-12)


def test_margins__monte_carlo_part():
    spec = ss.SurveySpec.preset(
        "cnnic-2024-12",
        population={"scale": 0.02},
        sample={"minimum_per_unit": 2},
        estimation={"indicators": ["internet_penetration", "app_ride_hailing_rate"]},
    )
    ticks = []
    table = ss.published_margins(repetitions=20, spec=spec, progress=ticks.append).set_index("indicator_id")
    row = table.loc["internet_penetration"]
    assert sum(ticks) == 20
    assert row["design_mcse"] == pytest.approx(row["design_moe"] / np.sqrt(2 * 19), rel=1e-6)
    assert table["design_moe"].notna().sum() == 2
    assert 0.6 < row["design_mean_moe"] / row["design_moe"] < 1.6
    assert row["design_mean_mcse"] < row["design_mcse"] / 3  # estimated errors hardly vary
