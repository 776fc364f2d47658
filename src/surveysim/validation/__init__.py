"""Parity on the user's own machine: our numbers against committed ones, and against R, svy and samplics where they are installed."""

import shutil
import subprocess
import tempfile
import warnings
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..estimation import Survey
from ..weighting import Multiplicity, Recipe, calibrate, poststratify, rake, trim_weights

SEX, AGE = {"male": 118000.0, "female": 122000.0}, {"6-29": 70000.0, "30-59": 104000.0, "60+": 66000.0}
MARGINS: Any = {"sex": SEX, "age": AGE}
DESIGN: dict[str, Any] = {"weight": "weight", "strata": "stratum", "psu": "psu"}
CLOSE = 1e-8  # relative difference that counts as agreement
COMMITTED = "R survey 4.1-1 (committed)"


def validate(live: bool = True) -> pd.DataFrame:
    """Compare statistics and weights with other software on a shipped table of 400 respondents.

    Parameters
    ----------
    live : also run R survey, svy and samplics where they are installed; a few seconds.

    Returns
    -------
    DataFrame: case, quantity, source, expected, surveysim, difference (relative), ok.
    """
    folder = resources.files(str(__package__))
    with resources.as_file(folder / "data.csv") as path:
        data = pd.read_csv(path)
    with resources.as_file(folder / "expected.csv") as path:
        expected = [pd.read_csv(path).assign(source=COMMITTED)]
    if live:
        expected += [found for found in (_r(folder), _svy(data), _samplics(data)) if found is not None]
    ours = pd.DataFrame(_ours(data), columns=["case", "quantity", "surveysim"])
    table = (
        pd.concat(expected, ignore_index=True)
        .rename(columns={"value": "expected"})
        .merge(ours, on=["case", "quantity"])
    )
    table["difference"] = np.abs(table["surveysim"] / table["expected"] - 1)
    table["ok"] = table["difference"] <= CLOSE
    return table[["case", "quantity", "source", "expected", "surveysim", "difference", "ok"]]


def _ours(data):
    """(case, quantity, value) of everything that is compared."""
    data = data.assign(hours2=data["hours"] + data["weight"] / 1000, answer=data["online"] == 1)
    surveys = {"plain": Survey(data, **DESIGN), "fpc": Survey(data, **DESIGN, fpc="n_psu")}
    plain = surveys["plain"]
    for name, s in surveys.items():
        yield from _both(f"{name} mean", s.mean("online"))
        yield from _both(f"{name} total", s.total("hours"))
        yield from _both(f"{name} ratio", s.ratio("hours", "online"))
        yield from _both(f"{name} domain mean", s.where(data["region"] == "north").mean("online"))
    raked = plain.rake(MARGINS, tol=1e-13)
    yield from _both("raked mean", raked.mean("online"))
    yield from _both("raked total", raked.total("hours"))
    options = {"weight": "weight", "tol": 1e-13}
    weights = {
        "rake": rake(data, MARGINS, **options).weight,
        "linear": calibrate(data, MARGINS, **options).weight,
        "raking": calibrate(data, MARGINS, method="raking", **options).weight,
        "logit": calibrate(data, MARGINS, method="logit", bounds=(0.4, 2.5), **options).weight,
        "poststratify": poststratify(data, {"age": AGE}, weight="weight").weight,
        "trim": trim_weights(data["weight"], lower=200, upper=1000),
    }
    yield from ((f"weights {name}", "sum of squares", float(w @ w)) for name, w in weights.items())
    yield from _chains(data, plain, raked)
    row = plain.quantile("hours2", 0.5).to_frame().iloc[0]
    yield from (("median", quantity, row[quantity]) for quantity in ("estimate", "lower", "upper"))
    jackknife = plain.replicates("jkn")
    yield from _both("jkn mean", jackknife.mean("online"))
    yield from _both("jkn ratio", jackknife.ratio("hours", "online"))
    row = plain.proportion("answer", ci="beta").to_frame().iloc[0]
    yield from (("beta interval", quantity, row[quantity]) for quantity in ("lower", "upper"))
    test = plain.independence("sex", "age")
    yield from (("Rao-Scott test", "F", test.statistic), ("Rao-Scott test", "p", test.p_value))


def _chains(data, plain, raked):
    """Errors after several adjustments, of shares and of trimmed weights."""
    whole = sum(SEX.values())
    shares = {name: {level: total / whole for level, total in levels.items()} for name, levels in MARGINS.items()}
    region = {"region": {"north": 90000.0, "south": whole - 90000.0}}
    halved = Survey(data.assign(frame="mobile", n_mobile=1 + data["online"], n_lines=0, n_eligible=1), **DESIGN)
    halved = halved.rake(MARGINS, tol=1e-13).apply(Recipe([Multiplicity()]))
    twice = raked.calibrate(region)
    yield from _both("rake, calibrate total", twice.total("hours"))
    yield from _both("rake, halve total", halved.total("hours"))
    yield from _both("shares total", plain.rake(shares, tol=1e-13).total("hours"))
    yield from _both("shares, trim total", plain.rake(shares, tol=1e-13, trim=(0.5, 1.6)).total("hours"))
    yield from _both("jkn rake, calibrate total", twice.replicates("jkn").total("hours"))


def _both(case, estimates):
    row = estimates.to_frame().iloc[0]
    return [(case, quantity, row[quantity]) for quantity in ("estimate", "se")]


def _r(folder):
    """The same numbers from R survey on this machine, or None."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as place, resources.as_file(folder) as here:
        out = Path(place) / "expected.csv"
        done = subprocess.run(
            ["Rscript", str(here / "make.R"), str(here / "data.csv"), str(out)], capture_output=True, timeout=300
        )
        if done.returncode or not out.exists():
            return None
        version = subprocess.run(
            ["Rscript", "-e", 'cat(as.character(packageVersion("survey")))'], capture_output=True, text=True, timeout=60
        )
        return pd.read_csv(out).assign(source=f"R survey {version.stdout} (here)")


def _samplics(data):
    """Raked weights and a mean from samplics, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from samplics.weighting import SampleWeight

            columns = {name: data[name].to_numpy() for name in MARGINS}
            w = SampleWeight().rake(
                data["weight"].to_numpy(), columns, MARGINS, tol=1e-12, ctrl_tol=1e-12, max_iter=500
            )
            p = SampleWeight().poststratify(data["weight"].to_numpy(), MARGINS["age"], domain=data["age"].to_numpy())
    except ImportError:
        return None
    return _squares({"rake": w, "poststratify": p}, "samplics")


def _svy(data):
    """Raked and linear weights from svy, or None."""
    try:
        import polars as pl
        import svy
    except ImportError:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sample = svy.Sample(pl.from_pandas(data), svy.Design(wgt="weight"))
        found: Any = sample.weighting.rake(controls=MARGINS, tol=1e-12, max_iter=500).data
        raked = found["rk_wgt"]
        linear = sample.weighting.calibrate(controls={svy.Cat(k): v for k, v in MARGINS.items()}).data["calib_wgt"]
    return _squares({"rake": raked, "linear": linear}, "svy")


def _squares(weights, package):
    rows = [
        (f"weights {name}", "sum of squares", float(np.sum(np.asarray(w, dtype=float) ** 2)))
        for name, w in weights.items()
    ]
    return pd.DataFrame(rows, columns=["case", "quantity", "value"]).assign(
        source=f"{package} {metadata.version(package)} (here)"
    )
