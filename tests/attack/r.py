"""Live R: a long-lived Rscript that sources a file for every case and writes what it found; left out politely where R is not installed.

Compared are samples in stages, strata and clusters, adjusted by calibrate or postStratify, with totals, means, ratios and proportions.
R survey before 4.3 centres lonely PSUs of totals at 0, rakes margin by margin and takes residuals on the first of several adjustments
first: those are left out.
"""

import atexit
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from .laws import near
from .statistics import plain_items

SERVE = """
suppressPackageStartupMessages(library(survey)); options(digits = 17, warn = -1, survey.ultimate.cluster = FALSE)
input <- file("stdin"); open(input); cat("ready\\n"); flush(stdout())
while (length(line <- readLines(input, n = 1)) > 0) {
  out <- sub("[.]R$", ".out", line)
  found <- tryCatch({ source(line, local = new.env()) ; NULL }, error = function(e) conditionMessage(e))
  if (!is.null(found)) writeLines(paste("error", gsub("\\n", " ", found)), out)
  cat("done\\n"); flush(stdout())
}
"""
_STATE = {}


class R:
    """The process, or None in its place where there is no R with the package survey."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="attack-r-"))
        (self.folder / "serve.R").write_text(SERVE)
        self.process = subprocess.Popen(
            ["Rscript", "--vanilla", str(self.folder / "serve.R")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.ready = self.process.stdout.readline().strip() == "ready"
        atexit.register(self.end)

    def end(self):
        self.process.kill()
        self.process.communicate()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, code, table):
        """Numbers that the code writes with `writeLines(format(x, digits = 17), out)`; None where R refused."""
        data, script = self.folder / "data.csv", self.folder / "case.R"
        data.write_text(table, encoding="utf-8")
        script.write_text(
            code.replace("DATA", repr(str(data))).replace("OUT", repr(str(self.folder / "case.out"))), encoding="utf-8"
        )
        self.process.stdin.write(f"{script}\n")
        self.process.stdin.flush()
        if self.process.stdout.readline().strip() != "done":
            _STATE.clear()
            return None
        text = (self.folder / "case.out").read_text().split("\n")
        if text[0].startswith("error"):
            return None
        return [float("nan") if v.strip() in ("NA", "NaN") else float(v) for v in text if v.strip()]


def running():
    """The R process, started when first asked for; None without R."""
    if "r" not in _STATE:
        r = R() if shutil.which("Rscript") and os.environ.get("ATTACK_R", "1") != "0" else None
        _STATE["r"] = r if r is not None and r.ready else None
    return _STATE["r"]


def check(case, known, report):
    """Estimates and errors of a case in R, to 1e-7."""
    q, columns, options = case["question"], case["columns"], case["design"]
    code = _design(options, columns)
    if code is None or q["what"] not in ("total", "mean", "ratio", "proportion") or q["options"].get("deff"):
        return
    steps = _steps(case, known)
    if steps is None or running() is None:
        return
    items = {key: item for key, item in plain_items(q, columns).items() if key in known["answer"]}
    asked = []
    for k, (y, x, _) in enumerate(items.values()):
        del y
        call = f"svytotal(~y{k}, d)" if x is None else f"svyratio(~y{k}, ~x{k}, d)"
        asked.append(f"e <- {call}; found <- c(found, as.numeric(coef(e)), as.numeric(SE(e)))")
    lines = [
        "data <- read.csv(DATA, stringsAsFactors = FALSE)",
        *code,
        *steps,
        "found <- c()",
        *asked,
        "writeLines(format(found, digits = 17), OUT)",
    ]
    found = running().run("\n".join(lines) + "\n", _table(case, known, items))
    if found is None:
        report.count("refused by R", 1)
        return
    weight = np.abs(known["path"][-1])
    for k, (key, (y, x, inside)) in enumerate(items.items()):
        row, (estimate, se) = known["answer"][key], found[2 * k : 2 * k + 2]
        size = float(sum(w * abs(v) for w, v, i in zip(weight, y, inside) if i)) / (
            1.0 if x is None else abs(sum(w * v for w, v, i in zip(weight, x, inside) if i))
        )
        if not near(row["estimate"], estimate, 1e-7, 1e-8 * size) or not near(row["se"], se, 1e-6, 1e-6 * size):
            report.finding(
                "r", f"{key}: {row['estimate']!r} ± {row['se']!r}, R has {estimate!r} ± {se!r}", known["session"], None,
                [row["estimate"], row["se"], estimate, se],
            )  # fmt: skip
            return
    report.count("r", 2 * len(items))


def _design(options, columns):
    """Lines that make the design `d` in R, or None where R has another or none."""
    if "pps" in options or "probability" in options or options.get("lonely_psu") in ("average", "adjust"):
        return None
    psu = options.get("psu")
    ids = "~1" if psu is None else "~" + " + ".join(psu if isinstance(psu, list) else [psu])
    given = [f"ids = {ids}", "data = data", "weights = ~base"]
    if "strata" in options:
        given.append("strata = ~h")
    if options.get("fpc") is not None:
        fpc = options["fpc"] if isinstance(options["fpc"], list) else [options["fpc"]]
        if any(v == 1 for f in fpc for v in columns[f]["values"]):
            return None  # R takes a fraction of 1 for a population of 1
        given.append("fpc = ~" + " + ".join(fpc))
    if options.get("nest"):
        given.append("nest = TRUE")
    return [
        f'options(survey.lonely.psu = "{options.get("lonely_psu", "fail")}")',
        f"d <- svydesign({', '.join(given)})",
    ]


def _steps(case, known):
    """Lines that adjust the weights as the case did, or None where R cannot."""
    lines = []
    if len(known["steps"]) > 1:
        return None  # R takes residuals on the first adjustment first
    for k, (step, before) in enumerate(zip(known["steps"], known["path"])):
        options = step["options"]
        if {"by", "q", "cluster", "covariance", "trim", "missing"} & set(options) or np.any(before == 0):
            return None
        if step["method"] == "poststratify":
            lines += [
                f"p <- data.frame(s{k} = unique(data$s{k})); p$Freq <- sapply(p$s{k}, function(s) data$t{k}[data$s{k} == s][1])"
            ]
            lines += [f"d <- postStratify(d, ~s{k}, p)"]
        elif step["method"] in ("calibrate", "rake") and options.get("margins_are") != "shares":
            fun = {"linear": "linear", "truncated": "linear", "raking": "raking", "logit": "logit"}[
                options.get("method", "raking")
            ]
            bounds = options.get("bounds")
            if step["method"] == "rake" and bounds is not None:
                return None
            terms, totals = _terms(step, k)
            if not terms:
                return None
            given = f", bounds = c({bounds[0]!r}, {bounds[1]!r})" if bounds else ""
            population = ", ".join(f"{n} = {t!r}" for n, t in zip(terms, totals))
            given += ", epsilon = 1e-12, maxit = 500"
            lines.append(
                f"d <- calibrate(d, ~ 0 + {' + '.join(terms)}, population = c({population}), calfun = '{fun}'{given})"
            )
        else:
            return None
    return lines


def _terms(step, k):
    """Names and totals of calibration variables, the last level of all margins but the first left out as redundant."""
    names, totals, first = [], [], True
    for m, (variable, total) in enumerate(step["totals"].items()):
        del variable
        if not isinstance(total, dict):
            names.append(f"m{k}_{m}")
            totals.append(float(total))
            continue
        levels = list(total.values())
        for j, value in enumerate(levels if first else levels[:-1]):
            names.append(f"m{k}_{m}_{j}")
            totals.append(float(value))
        first = False
    return names, totals


def _table(case, known, items):
    """The case's data as R reads them: design columns, indicators of margins, numerators and denominators by domain."""
    columns, n = case["columns"], len(known["path"][0])
    made = {name: columns[name]["values"] for name in ("h", "c", "d", "e", "N", "F", "M", "L") if name in columns}
    made["base"] = known["path"][0].tolist()
    for k, step in enumerate(known["steps"]):
        if step["method"] == "poststratify":
            ((variable, totals),) = step["totals"].items()
            own = _levels(columns, variable, n)
            place = {level: j for j, level in enumerate(totals)}
            made[f"s{k}"], made[f"t{k}"] = [place[v] for v in own], [float(totals[v]) for v in own]
            continue
        for m, (variable, totals) in enumerate(step["totals"].items()):
            if not isinstance(totals, dict):
                made[f"m{k}_{m}"] = columns[variable]["values"]
                continue
            own = _levels(columns, variable, n)
            for j, level in enumerate(totals):
                made[f"m{k}_{m}_{j}"] = [float(v == level) for v in own]
    for k, (y, x, inside) in enumerate(items.values()):
        made[f"y{k}"] = [v if i else 0.0 for v, i in zip(y, inside)]
        if x is not None:
            made[f"x{k}"] = [v if i else 0.0 for v, i in zip(x, inside)]
    rows = [",".join(made), *(",".join(repr(float(made[name][r])) for name in made) for r in range(n))]
    return "\n".join(rows) + "\n"


def _levels(columns, variable, n):
    if isinstance(variable, tuple):
        return [tuple(columns[name]["values"][r] for name in variable) for r in range(n)]
    return columns[variable]["values"]
