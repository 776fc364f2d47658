"""The numbers of a survey's page against the run they are of."""

import numpy as np
import pytest

from surveysim import SurveySpec
from surveysim.survey.page_tables import page_tables

SMALL = {
    "population": {"scale": 0.01},
    "sample": {"interviews": 4000, "minimum_per_province": 60, "minimum_per_unit": 2},
}


@pytest.fixture(scope="module")
def run():
    return SurveySpec.preset("cnnic-2024-12", **SMALL).run(seed=4, record=False)


@pytest.fixture(scope="module")
def tables(run):
    return page_tables(run)


def test_provinces__add_up_to_the_nation(run, tables):
    people = run.preparation.pop.people
    residents = np.bincount(people.area_zone[people.class_area] >> 1, np.diff(people.class_person), 31)
    national = run.estimates.table.set_index("variable").loc["internet_penetration", "estimate"]
    assert np.average(tables.provinces["estimate"], weights=residents) == pytest.approx(national, rel=1e-3)
    assert (tables.provinces["moe"] > 0).all()


def test_margins__are_met_after_raking(tables):
    sums = tables.margins.groupby("margin")[["target", "before", "after"]].sum()
    np.testing.assert_allclose(sums, 100)
    np.testing.assert_allclose(tables.margins["after"], tables.margins["target"], rtol=1e-6)


def test_weights__count_every_interview(run, tables):
    assert sum(counts.sum() for counts in tables.histogram.values()) == len(run.interviews)
    last = tables.steps.iloc[-1]
    assert last["largest"] == run.weights.final.max()
    assert last["deff_kish"] == pytest.approx(
        len(run.interviews) * (run.weights.final**2).sum() / run.weights.final.sum() ** 2
    )


def test_intervals_and_rural_bases__are_counted_from_the_estimates(run, tables):
    table = run.comparison()
    assert tables.covered == ((table["lower"] <= table["parameter"]) & (table["parameter"] <= table["upper"])).sum()
    few = SurveySpec.preset("cnnic-2024-12", **SMALL, estimation={"indicators": ["internet_penetration"]}).run(
        seed=4, record=False
    )
    assert page_tables(few).rural is None
    assert tables.rural[0] != tables.rural[1]


def test_crosses__are_shown_by_their_variables():
    """A joint adjustment has the shares of every variable in it."""
    cross = {"margins": [["sex", "urban"], "education"]}
    run = SurveySpec.preset("cnnic-2024-12", **SMALL, weighting=cross).run(seed=4, record=False)
    table = page_tables(run).margins
    assert list(table["margin"].unique()) == ["sex", "urban", "education"]
    np.testing.assert_allclose(table.groupby("margin")[["target", "after"]].sum(), 100)
    np.testing.assert_allclose(table["after"], table["target"], rtol=1e-6)


def test_sizes__move_the_margins_of_the_run(run, tables):
    """At four times the interviews of a size its margins are half."""
    own = run.estimates.table.set_index("variable").loc["internet_penetration"]
    row = tables.sizes.iloc[0]
    assert row["penetration"] == pytest.approx(own["moe"] * np.sqrt(4000 / 22_047))
    assert tables.sizes["n"].tolist() == [22_047, 54_000, 60_000]
    assert row["nominal"] == pytest.approx(0.66, abs=1e-4)
    first = tables.verdict.table.query("n == 22047 and overlap == 0").iloc[0]
    assert first["moe"] == pytest.approx(1.959964 * own["se"] * np.sqrt(4000 / 22_047) * np.sqrt(2), rel=0.02)
