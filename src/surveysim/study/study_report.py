"""The HTML report of a study: plain tables and drawings for `report`, which computes nothing."""

import numpy as np

from ..report import figures, html
from .publish import written

SHOWN = ("bias", "empse", "modelse", "relerror", "rmse", "cover", "ciwidth", "deff", "n_missing")
PERCENT = ("cover",)
MOST_ROWS, MOST_PARTS, MOST_FAILURES = 400, 12, 50


def write_study_report(result, path, lang="en"):
    """Write the HTML report of a StudyResult and return its path; see `StudyResult.report`."""
    text = html.labels(lang)
    return written(path, html.render("study.html", lang, **content(result, text)))


def content(result, text):
    """Everything the template shows, as texts and drawings: one part for each estimand, the first twelve with figures."""
    done = min(result.done(s) for s in result.scenarios)
    first, failures = result.scenarios[0], result.failures
    table = result.performance()
    names = list(dict.fromkeys(e["name"] for e in first["estimands"]))
    keys = list(dict.fromkeys(key for s in result.scenarios for key in s["varied"]))
    ademp = [
        (text["study_scenarios"], f"{len(result.scenarios)}" + (f" ({', '.join(keys)})" if keys else "")),
        (text["study_methods"], ", ".join(m["name"] for m in first["methods"])),
        (
            text["study_estimands"],
            f"{len(first['estimands'])}: {', '.join(names[:12])}{' …' if len(names) > 12 else ''}",
        ),
        (text["study_repetitions"], f"{done:,}"),
        (text["study_failed"], f"{len(failures)}"),
    ]
    return {
        "name": result.name,
        "aim": result.aim,
        "ademp": ademp,
        "verdict": text["statement_verdict" if done >= 1000 else "statement_no_verdict"].format(
            repetitions=f"{done:,}", mcse2=f"{200 * np.sqrt(0.95 * 0.05 / max(done, 1)):.1f}"
        ),
        "parts": [part(result, table, name, k < MOST_PARTS, text) for k, name in enumerate(names)],
        "failures": failures.head(MOST_FAILURES).astype(str).to_numpy().tolist(),
        "failure_heads": [text[f"failure_{c}"] for c in failures.columns],
    }


def part(result, table, name, drawn, text):
    """One estimand: a row for every scenario, domain and method; and its figures."""
    rows = table[table["estimand"] == name]
    shown = [m for m in SHOWN if m in set(rows["measure"])]
    keys = ["scenario", "domain", "method"]
    texts = [k for k in keys if rows[k].nunique() > 1] or ["method"]
    value, mcse = (rows.pivot(index=keys, columns="measure", values=c) for c in ("value", "mcse"))
    order = rows[keys].drop_duplicates().itertuples(index=False, name=None)
    body = []
    for key in list(order)[:MOST_ROWS]:
        cells = [key[keys.index(k)] for k in texts]
        body.append(cells + [_cell(value.loc[key, m], mcse.loc[key, m], m) for m in shown])
    return {
        "title": name,
        "texts": len(texts),
        "heads": [text[f"study_{k}"] for k in texts] + [text[f"measure_{m}"] for m in shown],
        "rows": body,
        "figures": drawings(result, rows, name, text) if drawn else [],
    }


def drawings(result, rows, name, text):
    """Figures of one estimand as inline SVG."""
    from markupsafe import Markup

    plots, domain, lang = result.plot, rows["domain"].iloc[0], text["lang"]
    made = [(plots.forest(name, domain, lang=lang), text["figure_forest"])]
    if "cover" in set(rows["measure"]):
        made += [
            (plots.coverage(name, domain, lang=lang), text["figure_coverage"]),
            (plots.zip(name, domain, lang=lang), text["figure_zip"]),
            (plots.convergence(name, domain, lang=lang), text["figure_convergence"]),
        ]
    return [Markup(figures.svg(ax, f"{title}: {name}")) for ax, title in made]


def _cell(value, mcse, measure):
    """A value with its Monte Carlo error in brackets, with as many digits as that error leaves meaning."""
    if not np.isfinite(value):
        return "–"
    factor = 100 if measure in PERCENT else 1
    if not np.isfinite(mcse):
        return html.number(factor * value, 0)
    digits = int(np.clip(1 - np.floor(np.log10(factor * mcse)), 0, 9)) if mcse > 0 else 2
    return f"{html.number(factor * value, digits)} ({html.number(factor * mcse, digits)})"
