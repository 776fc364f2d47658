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

from .. import sampling
from ..estimation import Survey
from ..estimation.waves import combine
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
    yield from (*_waves(data), *_tables(plain, raked), *_planning())


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


def _waves(data):
    """Changes and averages of two waves in the same PSUs, and in others."""
    halves = {wave: Survey(data.iloc[k::2], **DESIGN) for k, wave in enumerate(("2023", "2024"))}
    for name, overlap in (("waves", "psu"), ("waves apart", None)):
        both = combine(halves, overlap)
        means = both.mean("hours", by="wave")
        yield from _both(f"{name} 2023", means)
        yield from _both(f"{name} change", means.change())
        yield from _both(f"{name} relative change", means.change(relative=True))
        yield from _both(f"{name} average", means.average([1, 3]))
        yield from _both(f"{name} change of a ratio", both.ratio("hours", "online", by="wave").change())


def _tables(plain, raked):
    """Cells of tables, in R's order, their tests, and a model with the test of a term."""
    order = ["30-59", "6-29", "60+"]
    for percent, what in (("column", "columns"), ("row", "rows"), ("total", "all")):
        made = plain.crosstab("age", "region", percent)
        table = made.table[made.table["column"] != "Total"].set_index(["column", "level"])
        places = [(column, level) for column in ("north", "south") for level in order]
        yield from _numbered(f"percent of {what}", *(table.loc[places, name] for name in ("estimate", "se")))
    weights = made.bases["weight"][1:]
    yield "weights of columns", "sum of squares", float(weights @ weights)
    for statistic in ("F", "Chisq", "Wald", "adjWald"):
        test = plain.crosstab("age", "region", test=statistic).tests.iloc[0]
        yield from ((f"table {statistic}", key, test[name]) for key, name in (("statistic",) * 2, ("p", "p_value")))
    model = raked.glm("online ~ age + sex", family="binomial")
    yield from _numbered("logit", model.table["estimate"], model.table["se"])
    term = model.test("age")
    yield from (("logit term", "F", term.statistic), ("logit term", "p", term.p_value))


def _planning():
    """Power and sizes, as base R and PracTools have them."""
    size, plan = sampling.sample_size, sampling.clusters(0.05, (750, 100), budget=1e5, sd=1, rounded=False)
    found = {
        "power of proportions": sampling.power(400, 0.08, p=0.4),
        "power of means": sampling.power(60, 0.5, sd=1, df=118, sides=1),
        "n of proportions": size(difference=0.08, p=0.4, power=0.9),
        "detectable": sampling.detectable(400, p=0.4),
        "nPropMoe": size(0.02, p=0.3),
        "nCont": size(0.05 * sampling.allocation.quantile(0.95), sd=2, population=500),
        "nDep2sam": size(difference=5, sd=200**0.5, correlation=0.9, overlap=0.75, sides=1),
    }
    yield from (("planning", *pair) for pair in found.items())
    yield from (
        ("clusOpt2", name, value) for name, value in (("m", plan.m), ("clusters", plan.clusters), ("CV", plan.se))
    )


def _numbered(case, estimates, errors):
    for k, pair in enumerate(zip(estimates, errors, strict=True), 1):
        yield from ((f"{case} {k}", quantity, value) for quantity, value in zip(("estimate", "se"), pair, strict=True))


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
