"""The recipes of examples/recipes on the files made beside them, against calculations in plain numpy and pandas."""

import sys
import tomllib
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from naive import imputation
from naive import recipe as naive
from numpy.testing import assert_allclose

import surveysim as ss

FOLDER = Path(__file__).parents[2] / "examples" / "recipes"
sys.path.insert(0, str(FOLDER))
import made_files  # noqa: E402


def applied(name):
    return ss.Recipe.from_toml(FOLDER / f"{name}.toml").apply(made_files.FILES[name]())


def steps_of(name):
    """The steps as the file has them, by kind."""
    entries = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))["steps"]
    return {entry["kind"]: entry for entry in entries}


def margins_of(rows):
    """{partition: {variables: {levels: total}}} of the rows of a recipe file."""
    made = {}
    for row in rows:
        variable, level = (tuple(v) if isinstance(v, list) else (v,) for v in (row["variable"], row["level"]))
        made.setdefault(row.get("partition"), {}).setdefault(variable, {})[level] = row["total"]
    return made


def codes_of(table, variable, levels):
    """Place (n,) of each row's levels among those of a margin, a list of tuples."""
    keys = list(zip(*(table[name] for name in variable)))
    return np.array([levels.index(key) for key in keys])


def swept(weight, margins, tol=1e-12):
    """Raked weights: margins are (codes (n,), totals); Deming & Stephan (1940)."""
    weight = weight.copy()
    for _ in range(100_000):
        for code, total in margins:
            weight *= (total / np.bincount(code, weight, len(total)))[code]
        gap = max(np.abs(np.bincount(code, weight, len(total)) / total - 1).max() for code, total in margins)
        if gap < tol:
            return weight
    raise AssertionError(gap)


def effective(weight, first, overlap):
    """θ of effective sizes: (Σw)² / Σw² of the two overlap samples."""
    size = [weight[at].sum() ** 2 / (weight[at] ** 2).sum() for at in (overlap & first, overlap & ~first)]
    return size[0] / sum(size)


def test_new_south_wales__table_2_to_its_printed_digits():
    """Barr et al. (2014), table 2. Printed are 3,932,630 and 2,874,274 for halves of odd numbers, and 78765261 for 7,865,261."""
    weights, table = applied("new_south_wales"), made_files.new_south_wales()
    assert table["frame"].value_counts().to_dict() == {"landline": 2171, "mobile": 1069}
    initial, shared = (
        pd.Series(weights.columns[name]).groupby([table["frame"], table["domain"]]).sum()
        for name in ("initial_weight", "composite_weight")
    )
    assert initial["landline"].sum() == pytest.approx(8_939_582, abs=1e-3)
    assert initial["landline", "landline only"] == pytest.approx(1_074_321, abs=1e-3)
    assert initial["landline", "both"] == pytest.approx(7_865_261, abs=1e-3)  # the slip: 78765261 is printed
    assert initial["mobile"].sum() == pytest.approx(7_819_874, abs=1e-3)
    assert initial["mobile", "mobile only"] == pytest.approx(2_071_325, abs=1e-3)
    assert initial["mobile", "both"] == pytest.approx(5_748_549, abs=1e-3)
    assert int(shared["landline", "both"]) == 3_932_630
    assert int(shared["mobile", "both"]) == 2_874_274
    assert shared["landline", "landline only"] == pytest.approx(1_074_321, abs=1e-3)


def test_new_south_wales__weights():
    weights, table = applied("new_south_wales"), made_files.new_south_wales()
    ways = np.where(
        table["frame"] == "landline",
        table["eligible"] / table["lines"].clip(lower=1),
        1 / table["mobiles"].clip(lower=1),
    )
    w = ways / table["probability"] * np.where(table["domain"] == "both", 0.5, 1.0)
    totals = margins_of(steps_of("new_south_wales")["Poststratify"]["totals"]["rows"])[None]["age", "sex", "stratum"]
    cell = pd.Series(list(zip(table["age"], table["sex"], table["stratum"])))
    expected = w * cell.map(totals) / w.groupby(cell).transform("sum")
    assert_allclose(weights.final, expected, rtol=1e-8)


def test_pew__weights():
    weights, table, step = applied("pew"), made_files.pew(), steps_of("pew")
    land, cell = (
        step["SingleFrame"]["frames"]
        if isinstance(step["SingleFrame"]["frames"][0], dict)
        else map(dict, step["SingleFrame"]["frames"])
    )
    p, q = land["rate"] * table["lines"] / table["adults"], cell["rate"] * table["cells"]
    w = (1 / (p + q - p * q)).to_numpy()
    for name in step["Impute"]["columns"]:

        def uniforms(k, name=name):
            key = np.random.SeedSequence(
                step["Impute"]["seed"], spawn_key=(zlib.crc32(name.encode()), zlib.crc32(b"impute"), k)
            )
            return np.random.Generator(np.random.Philox(key)).random((len(table), 2))

        table[name] = imputation.hot_deck(
            [None if pd.isna(v) else v for v in table[name]], table["frame"].tolist(), w.tolist(), uniforms
        )
        assert weights.completed[name].tolist() == table[name].tolist()
    margins = margins_of(step["Rake"]["margins"]["rows"])[None]
    coded = [
        (codes_of(table, variable, list(totals)), w.sum() * np.array(list(totals.values())) / sum(totals.values()))
        for variable, totals in margins.items()
    ]
    raked = swept(w, coded)
    assert_allclose(weights.columns["raked_weight"], raked, rtol=1e-8)
    trimmed = np.array(naive.trim(raked.tolist(), "mean", step["Trim"]["most"], step["Trim"]["least"]))
    assert weights.records[3]["cut"] > 10
    assert_allclose(weights.final, trimmed * len(table) / trimmed.sum(), rtol=1e-8)


def test_pew__counts_and_design_effect():
    """Interviews are those of December 2013; Kish's design effect of raked weights is near the published 1.334, though the file is made."""
    table, w = made_files.pew(), applied("pew").columns["raked_weight"]
    assert pd.crosstab(table["frame"], table["sex"]).loc["landline"].tolist() == [589, 411]
    assert len(w) * (w**2).sum() / w.sum() ** 2 == pytest.approx(1.334, abs=0.1)


def test_nats__weights():
    weights, table, step = applied("nats"), made_files.nats(), steps_of("nats")
    w, there, known = table["base"].copy(), table["status"] == "R", table["status"] != "U"
    whole, kept = (
        w.groupby(table["stratum"]).transform("sum"),
        w.where(known, 0).groupby(table["stratum"]).transform("sum"),
    )
    w = (w * whole / kept).where(known, 0)
    eligible, by = table["status"].isin(["R", "N"]), [table["stratum"], table["region"]]
    w = (w * w.where(eligible, 0).groupby(by).transform("sum") / w.where(there, 0).groupby(by).transform("sum")).where(
        there, 0
    )
    assert_allclose(weights.columns["nonresponse_weight"], w, rtol=1e-10)
    table, w = table[there], w[there]
    landline = (table["frame"] == "landline").to_numpy()
    w = (w * np.where(landline, table["adults"] / table["lines"], 1.0).astype(float)).to_numpy().copy()
    both = (table["domain"] == "both").to_numpy()
    theta = effective(w, landline, both)
    w *= np.where(both, np.where(landline, theta, 1 - theta), 1.0)
    margins = margins_of(step["Calibrate"]["totals"]["rows"])[None]
    coded = [
        (codes_of(table, variable, list(totals)), np.array(list(totals.values())))
        for variable, totals in margins.items()
    ]
    assert_allclose(weights.final[there], swept(w, coded), rtol=1e-8)
    assert (weights.final[~there] == 0).all()


def merged_thin(code, total, count, least):
    """Codes and totals of a margin whose thin levels join the next, the last the one before."""
    group, at = [[k] for k in range(len(total))], 0
    while at < len(group):
        if sum(count[k] for k in group[at]) >= least:
            at += 1
        elif at + 1 < len(group):
            group[at : at + 2] = [group[at] + group[at + 1]]
        else:
            group[at - 1 :] = [group[at - 1] + group[at]]
    home = np.empty(len(total), int)
    for number, members in enumerate(group):
        home[members] = number
    return home[code], np.bincount(home, total)


def test_brfss__weights():
    weights, table, step = applied("brfss"), made_files.brfss(), steps_of("brfss")
    landline, both = (table["frame"] == "landline").to_numpy(), (table["domain"] == "both").to_numpy()
    w = (table["nrecstr"] / table["nrecsel"]).to_numpy()
    w = w * np.where(landline, table["numadult"].clip(upper=5) / table["numphon"].clip(upper=3), 1.0)
    for state in made_files.STATES:
        own = (table["state"] == state).to_numpy()
        theta = effective(w[own], landline[own], both[own])
        w[own] *= np.where(both[own], np.where(landline[own], theta, 1 - theta), 1.0)
    stratum = [*zip(table["state"], table["region"], table["density"])]
    w = np.array(naive.trim(w.tolist(), "iqr", step["Trim"]["most"], group=stratum))
    assert weights.records[3]["cut"] > 0
    totals = dict(step["Scale"]["to"])
    for state in made_files.STATES:
        own = (table["state"] == state).to_numpy()
        w[own] *= totals[state] / w[own].sum()
    rake, coded, parts = step["Rake"], {}, margins_of(step["Rake"]["margins"]["rows"])
    order = [tuple(name) if isinstance(name, list) else name for name in rake["reconcile"]["order"]]
    for state in made_files.STATES:
        own = table[table["state"] == state]
        printed = {
            v if len(v) > 1 else v[0]: {k if len(v) > 1 else k[0]: t for k, t in m.items()}
            for v, m in parts[state].items()
        }
        for variable, margin in naive.agreed(printed, order).items():
            names = variable if isinstance(variable, tuple) else (variable,)
            code, total = codes_of(own, names, list(margin)), np.array(list(margin.values()))
            count = np.bincount(code, minlength=len(total))
            coded.setdefault(state, []).append(
                merged_thin(code, total, count, max(rake["minimum"], rake["minimum_share"] * len(own)))
            )
    initial, mean = w.copy(), sum(coded[state][0][1].sum() for state in coded) / len(table)
    low = np.maximum(rake["bounds"][0] * initial, rake["least"] * mean)
    high = np.minimum(rake["bounds"][1] * initial, rake["most"] * mean)
    for _ in range(500):  # raking and cutting in turn
        for state in made_files.STATES:
            own = (table["state"] == state).to_numpy()
            w[own] = swept(w[own], coded[state], tol=1e-11)
        cut = np.clip(w, low, high)
        if not (np.abs(cut - w) > 1e-6 * cut).any():
            break
        w = cut
    assert weights.records[-1]["trimmed"] > 0
    assert len(weights.records[-1]["merged"]) > 10
    assert_allclose(weights.final, w, rtol=1e-8)
    changes = weights.records[-1]["reconciled"]
    assert len(changes)


@pytest.mark.parametrize("name", made_files.FILES)
def test_recipe__is_the_one_in_its_file_and_has_errors(name, tmp_path):
    """A recipe that was read is written the same, a file read back from CSV has the same weights, and estimates have errors."""
    recipe, table = ss.Recipe.from_toml(FOLDER / f"{name}.toml"), made_files.FILES[name]()
    weights = recipe.apply(table)
    assert_allclose(ss.Recipe.from_toml(recipe.to_toml()).apply(table).final, weights.final, rtol=1e-12)
    table.to_csv(tmp_path / "a.csv", index=False)
    assert_allclose(recipe.apply(pd.read_csv(tmp_path / "a.csv")).final, weights.final, rtol=1e-8)
    assert ss.Survey(table, weight=weights).proportion("sex").table["se"].gt(0).all()
