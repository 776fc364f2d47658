"""The coverage atlas' own kernels and intervals against the library and against definitions."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats

import surveysim as ss

sys.path.insert(0, str(Path(__file__).parents[2] / "studies"))
import atlas_intervals
import atlas_samples
import coverage_atlas as atlas

KINDS = [("simple", 0.0, 0), ("stratified", 0.0, 0), ("two-stage", 0.05, 10)]
PLACES = [atlas.Place(estimator, *kind, 0.5, 0.2, 200) for estimator in atlas.ESTIMATORS for kind in KINDS]


def people(place, seed):
    """A drawn sample as the kernels have it, and as a table with a row a person."""
    design, types = atlas.design_of(place)
    T = len(types.weight)
    sample = atlas_samples.draw(np.random.default_rng(seed), design, T)
    persons, stratum, copies = sample
    rows = [
        (int(stratum[k]), k, t)
        for k in range(len(stratum))
        for i in range(copies[k])
        for t in range(T)
        for _ in range(int(persons[k, t]))
    ]
    table = pd.DataFrame(rows, columns=["stratum", "unit", "type"])
    if place.units == 0:
        table["unit"] = np.arange(len(table))
    cell = types.cell[table["type"]]
    table = table.assign(w=types.weight[table["type"]], y=types.answer[table["type"]], x1=cell // 2, x2=cell % 2)
    return design, types, sample, table


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.estimator}-{place.kind}")
def test_estimate_and_errors__are_the_librarys(place):
    design, types, (persons, stratum, copies), table = people(place, 5)
    assert len(table) == place.n
    survey = ss.Survey(table, weight="w", strata="stratum", psu="unit")
    if design.cells == 4:
        half = {0: 0.5, 1: 0.5}
        survey = survey.rake({"x1": half, "x2": half}, tol=1e-12)
    want = survey.mean("y").table.iloc[0]
    again = survey.replicates("jkn", mse=True).mean("y").table.iloc[0]

    added, units = (
        atlas_samples.collapse(persons, types, design.cells),
        np.where(design.units > 0, design.units, design.persons),
    )
    sums, factor, score, once = (
        np.zeros(added.shape[1:]),
        np.ones(design.cells),
        np.zeros(added.shape[1:]),
        np.ones(len(units)),
    )
    atlas_samples.add_up(added, stratum, copies, once, sums)
    share = atlas_samples.estimate(sums, factor)
    atlas_samples.scores(sums, factor, share, score)
    V = atlas_samples.variance(added, stratum, copies, units, score, once)
    J = atlas_samples.jackknife(added, stratum, copies, units, factor, share)
    assert_allclose(share, want["estimate"], rtol=1e-9)
    assert_allclose(np.sqrt(V), want["se"], rtol=1e-8)
    assert_allclose(np.sqrt(J), again["se"], rtol=1e-7)
    assert atlas.freedom(place) == want["df"]


def test_repetitions__are_unbiased_and_bootstrap_and_jackknife_agree():
    place = PLACES[5]  # raked, two-stage
    table = atlas.repetitions(place, 2000)
    error = table["share"].std() / np.sqrt(len(table))
    assert abs(table["share"].mean() - place.p) < 4 * error
    ratio = {
        name: np.sqrt((table[name] ** 2).mean()) / table["share"].std()
        for name in ("linearized", "jackknife", "rao-wu")
    }
    assert all(abs(r - 1) < 0.12 for r in ratio.values()), ratio


def test_correlation__is_as_stated():
    place = atlas.Place("plain", "two-stage", 0.2, 100, 0.0, 0.2, 5000)
    design, types = atlas.design_of(place)
    rng, pairs = np.random.default_rng(3), []
    for _ in range(40):
        persons, *_ = atlas_samples.draw(rng, design, len(types.weight))
        yes = persons @ types.answer
        pairs.append(np.mean(yes * (yes - 1) / (50 * 49)))
    assert abs((np.mean(pairs) - 0.04) / 0.16 - 0.2) < 0.03


def test_weights__have_their_coefficient_of_variation():
    for cv in (0.0, 0.5, 1.0):
        w = atlas.weights(cv)
        assert_allclose([w.mean(), w.std()], [1, cv], atol=1e-9)


def test_intervals__by_their_definitions():
    p, se, n, df = np.array([0.1, 0.37]), np.array([0.03, 0.04]), 150, 24
    t, size = stats.t.ppf(0.975, df), p * (1 - p) / se**2
    for end in atlas_intervals.interval("likelihood", p, se, df, n):
        assert_allclose(2 * size * (p * np.log(p / end) + (1 - p) * np.log((1 - p) / (1 - end))), t**2, rtol=1e-6)
    effective = size * (stats.t.ppf(0.975, n - 1) / t) ** 2
    for method, prior in (("jeffreys", 0.5), ("uniform prior", 1.0)):
        low, high = atlas_intervals.interval(method, p, se, df, n)
        for k in range(2):
            a, b = p[k] * effective[k] + prior, (1 - p[k]) * effective[k] + prior
            whole, inside = (
                integrate.quad(lambda q, a=a, b=b: q ** (a - 1) * (1 - q) ** (b - 1) * 1e20, *ends)[0]
                for ends in ((0, 1), (low[k], high[k]))
            )
            assert_allclose(inside / whole, 0.95, rtol=1e-6)
    # Agresti & Coull (1998): 2 successes and 2 failures more, in effect, at z = 2
    low, high = atlas_intervals.interval("agresti-coull", np.array([0.1]), np.array([np.sqrt(0.09 / 100)]), np.inf, 100)
    z = stats.norm.ppf(0.975)
    middle = (10 + z**2 / 2) / (100 + z**2)
    assert_allclose([low[0], high[0]], middle + np.array([-z, z]) * np.sqrt(middle * (1 - middle) / (100 + z**2)))


@pytest.mark.parametrize("method", [*atlas_intervals.OWN, *atlas_intervals.MORE])
def test_intervals__hold_their_estimate_where_nobody_says_yes(method):
    low, high = atlas_intervals.interval(method, np.array([0.0, 1.0]), np.zeros(2), 9, 100)
    assert low[0] == 0
    assert high[1] == 1
    assert 0 < high[0] < 0.2
    assert 0.8 < low[1] < 1


def test_places__have_names_of_their_own_and_units_of_two():
    every = list(atlas.places())
    assert len({place.name for place in every}) == len(every) == 2160
    assert all(place.n >= 2 * place.units for place in every)


def test_kept_repetitions__are_taken_up_and_read_by_performance(tmp_path):
    place = PLACES[2]
    first = atlas.repetitions(place, 60, tmp_path)
    (file,) = tmp_path.iterdir()
    pd.read_parquet(file).assign(share=0.25).to_parquet(file)
    again = atlas.repetitions(place, 60, tmp_path)
    assert (again["share"] == 0.25).all()
    assert_allclose(first.drop(columns="share"), again.drop(columns="share"))
    found = ss.performance(atlas.for_performance(place, first, "wilson"), true=place.p, lower="lower", upper="upper")
    measure = found.set_index("measure")["value"]
    (row,) = [r for r in atlas.measured(place, 60) if r[7:9] == ("linearized", "wilson")]
    assert_allclose(measure["cover"], row[10])
