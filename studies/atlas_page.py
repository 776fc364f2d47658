"""The pages of the coverage atlas: what was found, in ten sentences, a figure, and every cell in a page that needs no network."""

import base64
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from atlas_intervals import LEVEL, MORE, OWN

from surveysim.pictures.style import SERIES

HERE = Path(__file__).parent
PLACE = ["estimator", "kind", "icc", "units", "cv", "p", "n"]
AXES = [*PLACE, "variance", "interval"]
FILLED = 10  # persons with what is asked about, and without, that an equally precise simple random sample has in a well-filled design
NEAR = 0.015  # a coverage is near its level within this


def write(table, run, hours):
    """The Markdown page, its figure, and the page of all cells; hours : of one core, as measured."""
    page = (HERE / "atlas_page.html").read_text(encoding="utf-8").replace("{{data}}", packed(table))
    (run.docs / "_static" / "coverage-atlas.html").write_text(page, encoding="utf-8")
    run.figure("coverage-atlas", drawn(table))
    known = (
        {"tables": tables(table), "hours": f"{hours:.1f}"}
        | sizes(table)
        | usual(table)
        | special(table)
        | franco(table)
    )
    run.page("coverage-atlas", (HERE / "atlas_page.md").read_text(encoding="utf-8").format(**known))


# ------------------------------------------------------------------------------------------------------------ the page of all cells
def packed(table):
    """Levels and numbers of all cells as JSON: codes and ten-thousandths in base64."""
    codes, levels, tenth = {}, {}, {}
    for name in AXES:
        code, level = pd.factorize(table[name], sort=name in ("icc", "units", "cv", "n"))
        codes[name], levels[name] = coded(code.astype(np.uint8)), [shown(x) for x in level]
    for name in ("coverage", "below", "above", "width"):
        tenth[name] = coded(np.round(10_000 * table[name]).astype(np.uint16))
    repetitions = coded(table["repetitions"].to_numpy(np.uint16))
    return json.dumps(
        {"rows": len(table), "levels": levels, "codes": codes, "numbers": tenth, "repetitions": repetitions}
    )


def coded(values):
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


def shown(level):
    return level if isinstance(level, str) else f"{float(level):.4g}"


# ------------------------------------------------------------------------------------------------------------------- what was found
def expected(table):
    """Persons of the rarer kind that an equally precise simple random sample would be expected to have."""
    each = np.where(table["units"] > 0, table["n"] / table["units"].clip(lower=1), 1)
    deff = (1 + table["cv"] ** 2) * (1 + (each - 1) * table["icc"])
    return table["n"] * np.minimum(table["p"], 1 - table["p"]) / deff


def percent(x, digits=1):
    return f"{100 * float(x):.{digits}f}" if np.isfinite(x) else "–"


def mean(table, **where):
    """Mean coverage in percent of the cells with these levels."""
    for name, level in where.items():
        column = table[name] if isinstance(level, str) else table[name].astype(float).round(6)
        table = table[column == level]
    return percent(table["coverage"].mean())


def by_interval(table):
    """Mean coverage, share of cells near the level, the lowest coverage and mean width by interval."""
    grouped = table.assign(near=(table["coverage"] - LEVEL).abs() <= NEAR).groupby("interval", observed=True)
    found = grouped.agg(
        coverage=("coverage", "mean"), near=("near", "mean"), lowest=("coverage", "min"), width=("width", "mean")
    )
    return found.reindex([m for m in (*OWN[:-1], *MORE, "bootstrap percentile", "bootstrap t") if m in found.index])


def sizes(table):
    many, few = table["repetitions"].max(), table["repetitions"].min()
    error, error_few = (percent(np.sqrt(LEVEL * (1 - LEVEL) / n), 2) for n in (many, few))
    return {
        "level": percent(LEVEL, 0),
        "places": f"{len(table[PLACE].drop_duplicates()):,}",
        "cells": f"{len(table):,}",
        "most": f"{many:,}",
        "fewest": f"{few:,}",
        "error": error,
        "error_few": error_few,
    }


def usual(table):
    """Coverage of linearized intervals in well-filled designs and the others, and by what designs differ in."""
    plain = table[table["variance"] == "linearized"]
    filled, rare = plain[expected(plain) >= FILLED], plain[expected(plain) < FILLED]
    best, others = by_interval(filled), by_interval(rare)["coverage"]
    short = {"uniform prior": "uniform", "agresti-coull": "ac", "korn-graubard": "kg"}
    found = {f"{short.get(name, name)}_rare": percent(x) for name, x in others.items()}
    clustered, logit = filled[filled["icc"] > 0], filled[filled["interval"] == "logit"]
    return found | {
        "wald": mean(filled, interval="wald"),
        "logit": mean(logit),
        "logit_near": percent(best["near"]["logit"], 0),
        "top": percent(best["coverage"].max()),
        "top_name": best["coverage"].idxmax(),
        "closest": (best["coverage"] - LEVEL).abs().idxmin(),
        "flat": percent(filled[filled["icc"] == 0]["coverage"].mean()),
        "clustered": percent(clustered["coverage"].mean()),
        "narrow": percent(1 - best["width"]["logit"] / best["width"]["korn-graubard"], 0),
        **{f"m{m}": mean(clustered, units=float(m)) for m in (10, 30, 100)},
        **{name: mean(logit, cv=cv) for name, cv in (("cv0", 0.0), ("cv05", 0.5), ("cv1", 1.0))},
        **{name.split("-", maxsplit=1)[0]: mean(logit, estimator=name) for name in ("plain", "raked", "dual-frame")},
    }


def special(table):
    """What variances and bootstraps change, and on which side small shares are missed."""
    pairs = table[table["variance"] != "replicates"].pivot_table(
        "coverage", [*PLACE, "interval"], "variance", observed=True
    )
    pairs = pairs[expected(pairs.reset_index()).to_numpy() >= FILLED]
    boots = table[(table["variance"] == "replicates") & (expected(table) >= FILLED)]
    small = table[(table["variance"] == "linearized") & (expected(table) >= FILLED) & (table["p"] < 0.1)]
    sides = small.groupby("interval", observed=True)[["below", "above"]].mean()
    return {
        "jack": percent((pairs["jackknife"] - pairs["linearized"]).abs().mean(), 2),
        "raowu": percent((pairs["rao-wu"] - pairs["linearized"]).abs().mean(), 2),
        "percentile": mean(boots, interval="bootstrap percentile"),
        "boot_t": mean(boots, interval="bootstrap t"),
        **{
            f"{m}_{side}": percent(sides[side].get(m, np.nan))
            for m in ("wald", "logit", "wilson")
            for side in ("below", "above")
        },
    }


def franco(table):
    """What Franco and others conclude of clustered designs, design by design."""
    cells = table[(table["icc"] > 0) & (expected(table) >= 2)]
    wide, normal = (
        cells[cells["variance"] == name].pivot_table("coverage", PLACE, "interval", observed=True)
        for name in ("linearized", "linearized, normal")
    )
    off = (wide - LEVEL).abs()
    better = {
        name: (off[m] < off["wald"]).mean()
        for name, m in (("wilson", "wilson"), ("uniform", "uniform prior"), ("jeffreys", "jeffreys"))
    }
    short = {"all": wide, "normal": normal}
    return {
        "franco": f"{len(wide):,}",
        **{f"franco_{name}": percent(x, 0) for name, x in better.items()},
        **{f"franco_{name}": percent((x.max(axis=1) < LEVEL).mean(), 0) for name, x in short.items()},
    }


def tables(table):
    """The intervals' coverage by how well designs are filled."""
    plain, lines = table[table["variance"].isin(["linearized", "replicates"])], []
    hope = expected(plain)
    for title, rows in (
        ("Well-filled designs", plain[hope >= FILLED]),
        (f"Designs with 2 to {FILLED} expected", plain[(hope >= 2) & (hope < FILLED)]),
        ("Designs with fewer than 2 expected", plain[hope < 2]),
    ):
        lines += [f"## {title}", "", "Cells weigh alike; near is within 1.5 points of the level.", ""]
        lines += [
            "| interval | mean coverage | cells near | lowest | mean width |",
            "| --- | ---: | ---: | ---: | ---: |",
        ]
        for name, row in by_interval(rows).iterrows():
            cells = (
                percent(row["coverage"]),
                f"{percent(row['near'], 0)} %",
                percent(row["lowest"]),
                f"{row['width']:.4f}",
            )
            lines.append(f"| {name} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def drawn(table):
    """Mean coverage by share in a panel for each correlation, a line an interval, where 2 of the rarer kind are expected."""
    rows = table[(table["variance"] == "linearized") & (expected(table) >= 2)]
    kinds = sorted(rows["icc"].astype(float).round(4).unique())
    figure, axes = plt.subplots(1, len(kinds), figsize=(9, 3.6), sharey=True, squeeze=False)
    for axis, icc in zip(axes[0], kinds, strict=True):
        part = rows[rows["icc"].astype(float).round(4) == icc]
        for colour, method in zip(
            SERIES, ("wald", "logit", "wilson", "korn-graubard", "uniform prior", "jeffreys"), strict=False
        ):
            line = 100 * part[part["interval"] == method].groupby("p", observed=True)["coverage"].mean()[::-1]
            axis.plot(range(len(line)), line.to_numpy(), marker="o", markersize=3, label=method, color=colour)
            axis.set_xticks(range(len(line)), [shown(p) for p in line.index])
        axis.axhline(100 * LEVEL, color="0.5", linewidth=0.8)
        axis.set_title(f"ICC {icc:g}", fontsize=10)
        axis.set_xlabel("share p")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0][0].set_ylabel("mean coverage, %")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="lower center", ncols=6, fontsize=8, frameon=False)
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    return figure
