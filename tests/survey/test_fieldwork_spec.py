"""What the presets say of response: signs by sex and age, their reverse, and use of the internet itself."""

import numpy as np
import pytest

from surveysim import SurveySpec
from surveysim.kernels import respondents
from surveysim.population import outcomes

SMALL = {
    "population": {"scale": 0.01},
    "sample": {"interviews": 5000, "minimum_per_province": 0, "minimum_per_unit": 2},
    "estimation": {"indicators": ["internet_penetration"]},
}


def odds(name, frame):
    """Log odds of cooperation by sex, group, internet use, other telephone, sector."""
    model = SurveySpec.preset(name).fieldwork.models()[frame]
    return model, model.willingness()[: respondents.PERSON_TYPES].reshape(2, 64, 2, 2, 3)


@pytest.mark.parametrize(
    ("name", "sign"), [("cnnic-2024-12", -1), ("cnnic-2024-12-reversed", 1), ("cnnic-2024-12-online", -1)]
)
def test_mobiles__are_answered_by_whom_the_preset_says(name, sign):
    model, score = odds(name, 1)
    assert (sign * (score[1] - score[0]) > 0).all()
    young, old = (score[:, age == outcomes.GROUP_AGE] for age in (2, 6))
    assert (sign * (old - young) > 0).all()
    contact = model.contact_table()[:8, 0, 0]
    assert sign * (contact[7] - contact[6]) > 0


def test_landlines__are_answered_by_women_and_the_old():
    _, score = odds("cnnic-2024-12", 0)
    assert (score[1] > score[0]).all()
    assert (score[:, outcomes.GROUP_AGE == 6] > score[:, outcomes.GROUP_AGE == 2]).all()


def test_online__moves_netizens_alone_in_both_frames():
    for frame in range(2):
        (_, ignorable), (_, driven) = (odds(name, frame) for name in ("cnnic-2024-12", "cnnic-2024-12-online"))
        np.testing.assert_allclose((driven - ignorable)[:, :, 0], 0, atol=1e-12)
        np.testing.assert_allclose((driven - ignorable)[:, :, 1], 0.3, atol=1e-12)


@pytest.mark.statistical
def test_samples__of_mobiles_are_as_the_signs_say():
    """Same random numbers: interviews on mobiles with fewer women and fewer old people than under the other signs."""
    shares = {}
    for name in ("cnnic-2024-12", "cnnic-2024-12-reversed"):
        table = SurveySpec.preset(name, **SMALL).run(seed=3, record=False).interviews
        mobile = table[table["frame"] == "mobile"]
        shares[name] = np.array([(mobile["sex"] == "female").mean(), (mobile["age"] >= 60).mean()])
    assert (shares["cnnic-2024-12-reversed"] - shares["cnnic-2024-12"] > 0.02).all()


@pytest.mark.parametrize("name", ["cnnic-2024-12", "cnnic-2024-12-calls"])
def test_selection_at_home__is_not_perfect(name):
    landline = SurveySpec.preset(name).fieldwork.landline
    assert landline.selection != "random", "a random member is nobody's choice, and misselection would do nothing"
    assert landline.misselection > 0
