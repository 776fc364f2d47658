"""Gini, S80/S20 and the poverty rate against published linearizations in R (distributions.R, distributions_versions.txt)."""

from functools import cache
from pathlib import Path

import pandas as pd
import pytest

import surveysim as ss

HERE = Path(__file__).parent
EXPECTED = pd.read_csv(HERE / "distributions_expected.csv", keep_default_na=False, na_values={"se": [""]})
MARGINS = {
    "sex": {"male": 118000.0, "female": 122000.0},
    "age": {"6-29": 70000.0, "30-59": 104000.0, "60+": 66000.0},
}


@cache
def survey(design):
    data = pd.read_csv(HERE / "linearized_data.csv")
    told = {"fpc": "n_psu"} if design == "fpc" else {}
    made = ss.Survey(
        data.assign(income=data["hours"] + data["weight"] / 100), weight="weight", strata="stratum", psu="psu", **told
    )
    return made.rake(MARGINS, tol=1e-13) if design == "raked" else made


def r(design, statistic):
    return EXPECTED[(EXPECTED["design"] == design) & (EXPECTED["statistic"] == statistic)].iloc[0]


def asked(row):
    made = survey(row.design)
    part = made.where(made.data["region"] == row.domain) if row.domain else made
    name, _, width = row.statistic.partition("_")
    if name == "poverty":
        return part.poverty("income", width=float(width))
    return getattr(part, row.statistic)("income")


OURS = EXPECTED[EXPECTED["statistic"].str.match("gini|share_ratio|poverty")]


@pytest.mark.parametrize("row", list(OURS.itertuples(index=False)), ids=lambda row: "-".join(row[:3]))
def test_distributions__are_the_published_linearizations(row):
    found = asked(row).table.iloc[0]
    assert [found["estimate"], found["se"]] == pytest.approx([row.estimate, row.se], rel=1e-8)


@pytest.mark.parametrize("design", ["plain", "fpc", "raked"])
def test_gini__has_laekens_value(design):
    assert survey(design).gini("income").table["estimate"][0] == pytest.approx(
        r(design, "laeken gini")["estimate"], rel=1e-8
    )


@pytest.mark.parametrize("design", ["plain", "fpc", "raked"])
def test_poverty__is_conveys_with_its_bandwidth(design):
    width = r(design, "convey bandwidth")["estimate"]
    found, row = survey(design).poverty("income", width=width).table.iloc[0], r(design, "convey arpr")
    assert [found["estimate"], found["se"]] == pytest.approx([row["estimate"], row["se"]], rel=1e-8)


def test_gini__is_convey_in_which_a_weight_is_so_many_people():
    """convey's cumulated weight is that of the last of w people of a row's income: 2 r - 1, where ours is the middle, 2 r - w."""
    made = survey("plain")
    w, y = made.weight, made.data["income"].to_numpy()
    more = (w * (w - 1) * y).sum() / (w.sum() * (w * y).sum())
    found = made.gini("income").table["estimate"][0] + more
    assert found == pytest.approx(r("plain", "convey gini")["estimate"], rel=1e-8)
