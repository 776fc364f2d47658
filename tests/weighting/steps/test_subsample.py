"""Subsampled nonrespondents: values by hand, Hansen and Hurwitz's variance by simulation, what is refused."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import surveysim as ss
from surveysim.weighting import BaseWeight, Recipe, Subsample, UnitNonresponse

FILE = pd.DataFrame(
    {
        "w": [10.0, 20, 30, 40, 50, 60],
        "phase": [1, 1, 2, 0, 2, 0],
        "region": list("nsnnss"),
        "y": [1.0, 2, 3, np.nan, 5, np.nan],
    }
)


def weights(step, data=FILE):
    return Recipe([BaseWeight("w"), step]).apply(data)


def test_subsample__those_who_were_left_out_are_stood_for_in_their_class():
    assert_allclose(weights(Subsample(by="region")).final, [10, 20, 70, 0, 110, 0])
    assert_allclose(weights(Subsample()).final, [10, 20, 30 * 180 / 80, 0, 50 * 180 / 80, 0])
    record = weights(Subsample(by="region")).records[1]
    assert (record["first"], record["second"], record["left_out"]) == (2, 2, 2)
    assert record["most"] == pytest.approx(70 / 30)


def test_subsample__by_the_rate_needs_no_rows_of_those_left_out():
    both = [weights(Subsample(rate=0.4), data).final for data in (FILE, FILE[FILE["phase"] > 0])]
    assert_allclose(both[0], [10, 20, 75, 0, 125, 0])
    assert_allclose(both[1], [10, 20, 75, 125])
    column = FILE.assign(rate=[np.nan, np.nan, 0.5, np.nan, 0.1, np.nan])
    assert_allclose(weights(Subsample(rate="rate"), column).final, [10, 20, 60, 0, 500, 0])


def test_subsample__hansen_and_hurwitz_by_hand():
    """Ten sampled, six answer with mean 2, of four others two are followed: (6 × 2 + 4 × mean(4, 8)) / 10 = 3.6; and the variance is
    Σ (z - 3.6)² / (9 × 10) with z = y, for the two followed 2 (y - 6) + 6, and 6 for those left out."""
    data = pd.DataFrame({"phase": [1] * 6 + [2, 2, 0, 0], "y": [1.0, 1, 2, 2, 3, 3, 4, 8, np.nan, np.nan]})
    survey = ss.Survey(data).apply(Recipe([Subsample()]))
    row = survey.mean("y").table.iloc[0]
    z = np.array([1, 1, 2, 2, 3, 3, 2 * (4 - 6) + 6, 2 * (8 - 6) + 6, 6, 6.0])
    assert row["estimate"] == pytest.approx(3.6)
    assert row["se"] == pytest.approx(np.sqrt(((z - 3.6) ** 2).sum() / 90))


def test_subsample__then_nonresponse_of_the_second_phase():
    data = FILE.assign(status=["R", "R", "R", "N", "N", "N"])
    steps = [BaseWeight("w"), Subsample(by="region"), UnitNonresponse(by="phase")]
    data.loc[5, "status"] = "N"
    found = Recipe(steps).apply(data.assign(phase=[1, 1, 2, 2, 2, 0])).final
    assert_allclose(found, [10, 20, 30 + 40 + 110, 0, 0, 0])


def simulated(design, rng, n=240, rate=0.4):
    """A sample of people or of clusters of six, those who answer at first and a subsample of the others; who answers says yes more."""
    if design == "clusters":
        cluster = np.repeat(np.arange(n // 6), 6)
        level = rng.normal(0, 0.5, n // 6)[cluster]
    else:
        cluster, level = np.arange(n), np.zeros(n)
    answers = rng.random(n) < 1 / (1 + np.exp(-0.2 - level))
    y = level + answers + rng.normal(0, 1, n) * np.where(answers, 0.6, 1.2)
    region = rng.random(n) < 0.3
    phase = np.where(answers, 1, 0)
    for inside in (region, ~region) if design == "classes" else (np.ones(n, bool),):
        others = np.flatnonzero(~answers & inside)
        drawn = rng.choice(others, max(round(rate * len(others)), 1), replace=False)
        phase[others[rng.random(len(others)) < rate] if design == "rate" else drawn] = 2
    data = pd.DataFrame({"y": np.where(phase == 0, np.nan, y), "phase": phase, "cluster": cluster, "region": region})
    step = Subsample(by="region") if design == "classes" else Subsample(rate=rate) if design == "rate" else Subsample()
    return ss.Survey(data, psu="cluster" if design == "clusters" else None).apply(Recipe([step]))


@pytest.mark.statistical
@pytest.mark.parametrize("design", ["people", "clusters", "classes", "rate"])
def test_subsample__its_variance_is_that_of_repeated_samples(design):
    rng, found = np.random.default_rng(5), []
    for _ in range(300):
        survey = simulated(design, rng)
        mean, total = survey.mean("y").table.iloc[0], survey.total("y").table.iloc[0]
        found.append([mean["estimate"], mean["se"] ** 2, total["estimate"], total["se"] ** 2])
    mean, variance, total, of_total = np.array(found).T
    assert 0.8 < variance.mean() / mean.var(ddof=1) < 1.2  # its own error is 0.07
    if design != "rate":  # where the file has all who were sampled
        assert 0.8 < of_total.mean() / total.var(ddof=1) < 1.2


@pytest.mark.parametrize("design", ["people", "clusters", "classes"])
def test_subsample__replicates_repeat_it(design):
    survey = simulated(design, np.random.default_rng(6))
    linear = survey.mean("y").table["se"].iloc[0]
    for kind, options, within in (("jkn", {}, 0.04), ("rao-wu", {"n": 400, "seed": 1}, 0.15)):
        other = survey.replicates(kind, **options).mean("y").table["se"].iloc[0]
        assert other == pytest.approx(linear, rel=within), kind


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: weights(Subsample(), FILE.assign(phase=3)), "6 values other than 0 .left out., 1 and 2"),
        (
            lambda: weights(Subsample(), FILE.assign(phase=[1, 1, 0, 0, 2, 0]).assign(phase=[1, 1, 0, 0, 0, 0])),
            "no units that were subsampled",
        ),
        (
            lambda: weights(Subsample(by="region"), FILE.assign(phase=[1, 1, 2, 0, 0, 0])),
            "region = s has weight of 110",
        ),
        (lambda: weights(Subsample("nothing")), "nothing"),
        (lambda: weights(Subsample(rate="y"), FILE), "no share above 0"),
        (lambda: Subsample(by="region", rate=0.3), "not both"),
        (lambda: Subsample(rate=0), "nobody"),
        (lambda: Subsample(rate=1.5), "rate"),
    ],
)
def test_what_makes_no_sense__is_refused(make, said):
    with pytest.raises(ss.SurveysimError, match=said):
        make()


def test_subsample__comes_back_from_toml():
    for step in (Subsample("p", by=("a", "b")), Subsample(rate=0.25), Subsample(rate="share")):
        recipe = Recipe([BaseWeight("w"), step])
        assert Recipe.from_toml(recipe.to_toml()).steps == recipe.steps
