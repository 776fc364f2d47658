"""What ±0.66 points says at every number of interviews, and the least at which it holds."""

import numpy as np
import pytest

import surveysim as ss
from surveysim import audit
from surveysim.errors import DataError, StudyError

SMALL = {
    "population": {"scale": 0.01},
    "sample": {"minimum_per_province": 0, "minimum_per_unit": 2},
    "weighting": {"minimum_per_level": 10},
}


def test_sizes__say_what_the_margins_of_each_say():
    sizes = audit.published_sizes((22_047, 60_000)).set_index("n")
    for n, row in sizes.iterrows():
        table = ss.published_margins(n)
        percent = table[(table["unit"] == "%") & table["moe"].notna()]
        assert row["rates"] + row["group_rates"] == len(percent) == 82
        assert row["wide"] + row["wide_groups"] == (percent["moe"] > 0.66).sum()
        assert row["wide_estimates"] == (table["ratio"] > 1).sum()
        assert row["penetration"] == table.set_index("indicator_id").loc["internet_penetration", "moe"]
        assert max(row["widest"], row["widest_group"]) == percent["moe"].max()
    assert (sizes["widest_mcse"] == 0).all()


def test_sizes__of_tables_that_were_made_have_both_kinds_of_errors():
    table = ss.published_margins(30_000)
    given = table.assign(design_mean_moe=1.5 * table["moe"], design_mean_mcse=0.01)
    found = audit.published_sizes(margins={30_000: given}).set_index("errors")
    assert found["n"].tolist() == [30_000] * 2
    assert found.loc["design", "widest"] == pytest.approx(1.5 * found.loc["simple", "widest"])
    assert found.loc["design", "widest_mcse"] == 0.01
    np.testing.assert_allclose(audit.published_sizes((30_000,), level=0.99)["bound"], 0.66 * 2.5758293 / 1.9599640)


@pytest.fixture(scope="module")
def least():
    spec = ss.SurveySpec.preset("cnnic-2024-12", **SMALL)
    return audit.least_sample(spec, 2.0, interviews=(3000, 12_000), repetitions=4, check=12, seed=3)


def test_least_sample__has_margins_within_the_bound_and_no_interviews_to_spare(least):
    """At its size the widest of all 48 is the bound, within its Monte Carlo error and that of the search."""
    table = least.solution.check
    assert len(table) == 48
    assert table["moe"].max() == pytest.approx(2.0, abs=0.06)
    assert table.set_index("estimand")["moe"].idxmax() == least.widest
    assert 0 < least.mcse < 0.1 * least.interviews
    spec = ss.SurveySpec.preset(
        "cnnic-2024-12", **(SMALL | {"sample": SMALL["sample"] | {"interviews": least.interviews}})
    )
    estimates = spec.run(seed=5).estimates.table.set_index("variable")["moe"]
    assert estimates[table["estimand"]].max() == pytest.approx(2.0, rel=0.12)


def test_least_sample__says_itself_with_its_error(least):
    text = least.summary()
    assert f"from {least.interviews:,} interviews on" in text
    assert f"Monte Carlo error {least.mcse:,.0f}" in text
    assert least.widest in text


def test_least_sample__refuses_what_cannot_be():
    spec = ss.SurveySpec.preset("cnnic-2024-12", **SMALL, estimation={"indicators": ["netizens_size"]})
    with pytest.raises(DataError, match="no percentage of all netizens"):
        audit.least_sample(spec)
    few = ss.SurveySpec.preset("cnnic-2024-12", **SMALL, estimation={"indicators": ["app_ride_hailing_rate"]})
    with pytest.raises(StudyError, match="no design within the limits"):
        audit.least_sample(few, 0.1, interviews=(4000, 8000), repetitions=2, check=2)
