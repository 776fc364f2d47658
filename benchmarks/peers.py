"""Raking by packages that install from PyPI, called as their users call them; each returns weights (n,) in rows' order."""

import shutil
import subprocess
import tempfile
import warnings
from functools import lru_cache

import numpy as np


def samplics(data, margins):
    """samplics 0.6.1, SampleWeight.rake."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from samplics.weighting import SampleWeight

    columns = {name: data[name].astype(str).to_numpy() for name in margins}
    return np.asarray(
        SampleWeight().rake(data["weight"].to_numpy(), columns, margins, tol=1e-6, ctrl_tol=1e-6, max_iter=200)
    )


def ipfn(data, margins):
    """ipfn 1.4.4, on the rows as a table of weights."""
    from ipfn.ipfn import ipfn as fit

    table = data.assign(total=data["weight"].to_numpy(dtype=float), row=np.arange(len(data)))
    for name in margins:
        table[name] = table[name].astype(str)
    import pandas as pd

    targets = [pd.Series(totals).rename_axis(name).rename("total") for name, totals in margins.items()]
    done = fit(
        table, targets, [[name] for name in margins], weight_col="total", convergence_rate=1e-6, rate_tolerance=0.0
    )
    return done.iteration().sort_values("row")["total"].to_numpy()


def leafblower(data, margins):
    """leafblower 0.1.0, method raking, from the base weights."""
    from leafblower import harvest

    table = {name: data[name].astype(str).tolist() for name in margins}
    whole = sum(next(iter(margins.values())).values())
    shares = {name: {k: v / whole for k, v in totals.items()} for name, totals in margins.items()}
    base = data["weight"].to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = harvest(
            table,
            shares,
            max_weight=1e12,
            method="raking",
            start_weights=base / base.mean(),
            attach_weights=False,
            max_iterations=500,
        )
    found = np.asarray(found["weights"], dtype=float)
    return found / found.sum() * whole


@lru_cache(maxsize=2)
def _svy_sample(key):
    """A table as svy's Sample, made once: its users have it already."""
    import polars as pl
    import svy

    data, margins = TABLES[key]
    return svy.Sample(pl.from_pandas(data.astype(dict.fromkeys(margins, str))), svy.Design(wgt="weight"))


def svy_sample(data, margins):
    TABLES[id(data)] = (data, tuple(margins))
    return _svy_sample(id(data))


def svy(data, margins):
    """svy 0.35.0, Sample.weighting.rake; making the Sample is not timed."""
    return svy_sample(data, margins).weighting.rake(controls=margins, tol=1e-6).data["rk_wgt"].to_numpy()


def svy_linear(data, margins):
    """svy 0.35.0, Sample.weighting.calibrate (GREG)."""
    from svy import Cat

    done = svy_sample(data, margins).weighting.calibrate(controls={Cat(name): t for name, t in margins.items()})
    return done.data["calib_wgt"].to_numpy()


R_LOGIT = """suppressPackageStartupMessages(library(survey)); a <- commandArgs(TRUE); d <- read.csv(a[1]); d$province <- factor(d$province)
s <- svydesign(ids = ~psu, strata = ~province, weights = ~weight, data = d)
x <- model.matrix(~province + sex + age + education + urban, d)
s <- calibrate(s, ~province + sex + age + education + urban, colSums(x * d$raked), calfun = "raking", epsilon = 1e-7)
spent <- function() system.time(svyglm(as.formula(a[2]), s, family = quasibinomial()))[["elapsed"]]
cat(min(spent(), spent(), spent()))"""


def r_logit(data, formula):
    """Seconds that R survey takes for a logit on raked weights, the best of three; None without R."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        data.to_csv(f"{folder}/data.csv", index=False)
        done = subprocess.run(
            ["Rscript", "-e", R_LOGIT, f"{folder}/data.csv", formula], capture_output=True, text=True, check=False
        )
    return float(done.stdout) if done.returncode == 0 else None


def svy_survey(data):
    """A complex sample as svy's Sample."""
    import polars as pl
    import svy

    table = pl.from_pandas(data.astype({"province": str, "sex": str, "age": str, "education": str, "urban": str}))
    return svy.Sample(table, svy.Design(wgt="weight", stratum="province", psu="psu"))


TABLES = {}
PEERS = {"svy 0.35.0": svy, "samplics 0.6.1": samplics, "ipfn 1.4.4": ipfn, "leafblower 0.1.0": leafblower}
