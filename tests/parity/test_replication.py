"""Replicate variances against R survey and svrep, from saved factors (replication_make.R), raked replicates included; and our own
schemes against the same designs."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from surveysim import Survey
from surveysim.inference.replication import Replication
from surveysim.inference.schemes import JACKKNIVES

HERE = Path(__file__).parent


@cache
def read(name):
    return pd.read_csv(HERE / f"replication_{name}.csv")


DESIGNS, RESULTS = read("replicate_designs"), read("results")


def factors(row, table):
    """Replicate factors (n, R) of the rows."""
    saved = read(row.factor_file.removesuffix(".csv"))
    keys = row.key.split("+")
    return table[keys].merge(saved, on=keys, how="left").drop(columns=keys).to_numpy()


def margins(name):
    part = read("margins").query("data == @name")
    return {m: dict(zip(g["level"], g["total"], strict=True)) for m, g in part.groupby("margin", sort=False)}


def four(s):
    spread = {"ci": "replicates"} if isinstance(s.engine, Replication) and s.engine.kind not in JACKKNIVES else {}
    tables = [s.mean("y"), s.total("y"), s.ratio("y", "x"), s.quantile("y", 0.5, **spread)]
    return pd.concat([t.to_frame() for t in tables])[["estimate", "se"]].to_numpy()


@pytest.mark.parametrize("centre", ["full_sample", "replicate_mean"])
@pytest.mark.parametrize("row", list(DESIGNS.itertuples()), ids=lambda r: r.id)
def test_saved_factors__give_the_standard_errors_of_r(row, centre):
    table = read(row.data)
    rscales = [float(v) for v in str(row.rscales).split("|")]
    s = Survey(
        table,
        weight="w",
        replicate_weights=factors(row, table) * table["w"].to_numpy()[:, None],
        scale=row.scale,
        rscales=rscales[0] if len(rscales) == 1 else rscales,
        mse=centre == "full_sample",
    )
    expected = RESULTS.query("id == @row.id and centre == @centre and not raked")
    np.testing.assert_allclose(four(s), expected[["estimate", "se"]], rtol=1e-9)


@pytest.mark.parametrize("row", list(DESIGNS.itertuples()), ids=lambda r: r.id)
def test_saved_factors__raked_in_every_replicate(row):
    """Replicates re-raked to both margins: theirs to 1e-9 of the total, so errors agree to 1e-6."""
    table = read(row.data)
    matrix = factors(row, table)
    s = Survey(table, weight="w").rake(margins(row.data), tol=1e-12)
    weights = np.stack([s.adjustments[0].again(table["w"].to_numpy() * f) for f in matrix.T], axis=1)
    rscales = [float(v) for v in str(row.rscales).split("|")]
    brought = Survey(
        table, weight=s.weight.copy(), replicate_weights=weights, scale=row.scale,
        rscales=rscales[0] if len(rscales) == 1 else rscales, mse=True,
    )  # fmt: skip
    expected = RESULTS.query("id == @row.id and centre == 'full_sample' and raked")
    found = four(brought)
    np.testing.assert_allclose(found[:, 0], expected["estimate"], rtol=1e-6)
    np.testing.assert_allclose(found[:3, 1], expected["se"][:3], rtol=2e-6)


OWN = {"jkn": "jkn", "jkn_twopsu": "jkn", "jkn_fpc": "jkn"}


def own(name, kind, raked, **options):
    table = read("twopsu" if "twopsu" in name or kind in ("brr", "fay") else "twostage")
    fpc = "N_psu" if name == "jkn_fpc" else None
    s = Survey(table, weight="w", strata="stratum", psu="psu", fpc=fpc, nest=True)
    s = s.rake(margins("twopsu" if len(table) < 60 else "twostage"), tol=1e-12) if raked else s
    return s.replicates(kind, **options)


@pytest.mark.parametrize("raked", [False, True])
@pytest.mark.parametrize("centre", ["full_sample", "replicate_mean"])
@pytest.mark.parametrize("name", list(OWN))
def test_our_jackknife__is_theirs(name, centre, raked):
    expected = RESULTS.query("id == @name and centre == @centre and raked == @raked")
    found = four(own(name, OWN[name], raked, mse=centre == "full_sample"))
    np.testing.assert_allclose(found[:3], expected[["estimate", "se"]][:3], rtol=2e-6 if raked else 1e-9)


@pytest.mark.parametrize(("kind", "options"), [("brr", {}), ("fay", {"rho": 0.3}), ("fay", {"rho": 0.5})])
def test_our_half_samples__are_balanced(kind, options):
    """Any fully balanced set gives the linearized error of a total (Wolter 2007, section 3.3), and so does theirs."""
    taylor = Survey(read("twopsu"), weight="w", strata="stratum", psu="psu", nest=True).total("y").to_frame()["se"][0]
    assert own(kind, kind, False, **options).total("y").to_frame()["se"][0] == pytest.approx(taylor, rel=1e-10)


def test_linearized_errors__of_the_same_samples():
    expected = read("taylor")
    table, two = read("twostage"), read("twopsu")
    surveys = {
        "twostage_wr": Survey(table, weight="w", strata="stratum", psu="psu", nest=True),
        "twostage_fpc_both_stages": Survey(
            table, weight="w", strata="stratum", psu=["psu", "ssu"], fpc=["N_psu", "N_ssu"], nest=True
        ),
        "twopsu_wr": Survey(two, weight="w", strata="stratum", psu="psu", nest=True),
    }
    for name, s in surveys.items():  # noqa: B007
        np.testing.assert_allclose(four(s)[:3], expected.query("design == @name")[["estimate", "se"]], rtol=1e-9)
