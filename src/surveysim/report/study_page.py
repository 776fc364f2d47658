"""The HTML report of a study: plain tables and drawings for `report`, which computes nothing."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from .. import guards
from ..errors import SpecError
from ..judging.measures import with_verdicts
from ..judging.verdicts import by_method
from ..pictures.style import svg
from . import drawings, html
from .labelling import domain_name, estimand_name
from .page_parts import coverage_verdict, monte_carlo_error, narrow
from .survey_page import written

SHOWN = ("bias", "empse", "modelse", "relerror", "rmse", "cover", "ciwidth", "deff", "n_missing")
PERCENT = ("cover",)
MOST_FIGURES = (
    60  # zips, and running means, of a page: all scenarios and methods of the first estimand, fewer of the others
)
MOST_ROWS, MOST_PARTS, MOST_FAILURES, MOST_DOMAINS, MOST_LINKS, MOST_STRIPS = 400, 12, 50, 8, 16, 30


def write_study_report(result: Any, path: Any, lang: str = "en") -> Path:
    """Write the HTML report of a StudyResult and return its path; see `StudyResult.report`."""
    text, path = html.labels(lang), guards.path(path, "path", error=SpecError)
    return written(path, html.render("study.html", lang, **content(result, text)))


def content(result: Any, text: dict[str, str]) -> dict[str, Any]:
    """Everything the template shows, as texts and drawings: one part for each estimand, the first twelve with figures."""
    done = min(result.done(s) for s in result.scenarios)
    first, failures = result.scenarios[0], result.failures
    table = result.performance()
    names = list(dict.fromkeys(e.name for e in first.estimands))
    pairs = [(s.name, m.name) for s in result.scenarios for m in s.methods]
    rest = max(1, (MOST_FIGURES - len(pairs)) // max(min(len(names), MOST_PARTS) - 1, 1))
    drawn = [pairs[:MOST_FIGURES] if k == 0 else pairs[:rest] if k < MOST_PARTS else [] for k in range(len(names))]
    shown = overview(result, table, text)
    parts = [part(result, table, name, which, text) for name, which in zip(names, drawn, strict=True)]
    return {
        "title": finding(result, table, text),
        "kicker": result.aim,
        "lead": " ".join([monte_carlo_error(done, first.level, text), *coverage_verdict(result, text, table)]),
        "done": text["study_done"].format(
            scenarios=len(result.scenarios), methods=len(first.methods), repetitions=f"{done:,}"
        ),
        "sections": ([("summary", text["study_found"])] if shown["rows"] else [])
        + [("design", text["study_design"])]
        + [(f"part-{k}", p["title"]) for k, p in enumerate(parts[:MOST_LINKS], 1)]
        + ([("failures", text["study_failures"])] if len(failures) else [])
        + [("downloads", text["downloads"])],
        "ademp": ademp(result, names, done, len(failures), text),
        "overview": shown,
        "parts": parts,
        "failures": failures.head(MOST_FAILURES).astype(str).to_numpy().tolist(),
        "failure_heads": [text[f"failure_{c}"] for c in failures.columns],
        "downloads": [
            html.download("performance.csv", text["file_performance"], table),
            *([html.download("failures.csv", text["study_failures"], failures.astype(str))] if len(failures) else []),
        ],
    }


def finding(result: Any, table: pd.DataFrame, text: dict[str, str]) -> str:
    """What was found of coverage, in a sentence with the study's name; the name alone where nothing has a coverage."""
    rows = by_method(result, table)
    if rows.empty:
        return str(result.name)
    short = int(rows["below"].sum())
    level = f"{100 * result.scenarios[0].level:g}"
    said = text["overview_title_short" if short else "overview_title_fine"]
    return said.format(name=result.name, k=f"{short:,}", n=f"{int(rows['estimates'].sum()):,}", level=level)


def overview(result: Any, table: pd.DataFrame, text: dict[str, str]) -> dict[str, Any]:
    """Every scenario and method in a row: its coverages, judged, and the lowest of them with its Monte Carlo error."""
    rows = by_method(result, table)
    several = len(result.scenarios) > 1
    heads = [*([text["study_scenario"]] if several else []), text["study_method"]]
    body = [
        [
            *([row.scenario] if several else []),
            row.method,
            *(text["count_of"].format(k=k, n=row.estimates) for k in (row.below, row.above)),
            _cell(row.lowest, row.mcse, "cover"),
            " · ".join(part for part in (estimand_name(row.estimand, text), domain_name(row.domain, text)) if part),
        ]
        for row in html.rows_of(rows.head(MOST_ROWS))
    ]
    ends = [text[f"overview_{name}"] for name in ("below", "above", "lowest", "where")]
    return {"caption": text["overview_caption"], "heads": heads + ends, "rows": body, "texts": len(heads)}


def ademp(result: Any, names: Sequence[str], done: int, failed: int, text: dict[str, str]) -> list[tuple[str, str]]:
    """Aims, data-generating mechanisms, estimands, methods, performance measures, as (what, text) rows."""
    keys = list(dict.fromkeys(key for s in result.scenarios for key in s.varied))
    shown = [estimand_name(name, text) for name in names[:12]]
    count, mark = len(result.scenarios[0].estimands), "、" if text["lang"] == "zh" else ", "
    return [
        *([(text["ademp_aim"], result.aim)] if result.aim else []),
        (text["study_scenarios"], f"{len(result.scenarios)}" + (f" ({', '.join(keys)})" if keys else "")),
        (text["study_estimands"], f"{count}: {mark.join(shown)}{' …' if len(names) > 12 else ''}"),
        (text["study_methods"], mark.join(m.name for m in result.scenarios[0].methods)),
        (text["study_repetitions"], f"{done:,}"),
        (text["study_failed"], f"{failed}"),
    ]


def part(
    result: Any, table: pd.DataFrame, name: str, drawn: Sequence[tuple[str, str]], text: dict[str, str]
) -> dict[str, Any]:
    """One estimand: a row for every scenario, domain and method (of many domains their middle and their worst first); its figures.

    drawn : scenarios and methods whose intervals are drawn one by one; none draws nothing.
    """
    rows = table[table["estimand"] == name]
    shown = [m for m in SHOWN if m in set(rows["measure"])]
    keys = ["scenario", "domain", "method"]
    texts = [k for k in keys if rows[k].nunique() > 1] or ["method"]
    value, mcse = (rows.pivot(index=keys, columns="measure", values=c) for c in ("value", "mcse"))
    order = list(rows[keys].drop_duplicates().itertuples(index=False, name=None))
    heads = [text[f"study_{k}"] for k in texts] + [text[f"measure_{m}"] for m in shown]
    body = []
    for key in order[:MOST_ROWS]:
        names = dict(zip(keys, (key[0], domain_name(key[1], text), key[2]), strict=True))
        body.append([names[k] for k in texts] + [_cell(value.loc[key, m], mcse.loc[key, m], m) for m in shown])
    whole = {"caption": text["study_caption"], "heads": heads, "rows": body, "texts": len(texts), "folded": False}
    domains, tables = rows["domain"].nunique(), [whole]
    if domains > MOST_DOMAINS:
        whole |= {"folded": True, "caption": text["all_domains"].format(n=domains)}
        tables = [over_domains(rows, shown, domains, text, result.scenarios[0].level), whole]
    return {
        "title": estimand_name(name, text),
        "tables": tables,
        "strips": compared(result, rows, text) if drawn else [],
        "figures": figures_of(result, rows, name, drawn, text) if drawn else [],
    }


def over_domains(
    rows: pd.DataFrame, shown: Sequence[str], domains: int, text: dict[str, str], level: float
) -> dict[str, Any]:
    """Of every scenario and method the median of each measure over the domains, and the domain farthest from the ideal."""
    body, several = [], rows["scenario"].nunique() > 1
    ideal = {"cover": level, "deff": 1.0}
    for (scenario, method), mine in rows.groupby(["scenario", "method"], sort=False):
        cells = []
        for measure in shown:
            values = mine[mine["measure"] == measure].set_index("domain")
            away = (values["value"] - ideal.get(measure, 0.0)).abs()
            if away.isna().all():
                cells.append("–")
                continue
            worst = away.idxmax()
            middle = values["value"].median() * (100 if measure in PERCENT else 1)
            at = _cell(values.loc[worst, "value"], values.loc[worst, "mcse"], measure)
            cells.append(f"{middle:.3g} · {domain_name(worst, text)} {at}")
        body.append([*([scenario] if several else []), method, *cells])
    heads = [*([text["study_scenario"]] if several else []), text["study_method"]]
    return {
        "caption": text["over_domains"].format(n=domains),
        "heads": heads + [text[f"measure_{m}"] for m in shown],
        "rows": body,
        "texts": len(heads),
        "folded": False,
    }


def compared(result: Any, rows: pd.DataFrame, text: dict[str, str]) -> list[tuple[Any, str, Any]]:
    """All scenarios and methods under each other: estimates against the true value, and coverage; drawing, caption, legend of each."""
    first = rows[rows["domain"] == rows["domain"].iloc[0]]
    value, mcse = (first.pivot(index=["scenario", "method"], columns="measure", values=c) for c in ("value", "mcse"))
    value = value.reindex(first.set_index(["scenario", "method"]).index.unique())
    label = [" · ".join(k if len(result.scenarios) > 1 else k[1:]) for k in value.index]
    domain = domain_name(rows["domain"].iloc[0], text)
    name, end = rows["estimand"].iloc[0], f" · {domain}" if domain else ""
    true = [
        next(e.true for e in result.scenario(k[0]).estimands if (e.name, e.domain) == (name, rows["domain"].iloc[0]))
        for k in value.index
    ]
    spread = value.assign(
        label=label, mean=value["thetamean"], mcse=mcse["thetamean"], spread=value["empse"], true=true
    )
    found = [
        (
            drawings.spreads(spread.head(MOST_STRIPS), text, ""),
            text["figure_forest"] + end,
            drawings.spreads_legend(text),
        )
    ]
    if "cover" in value and value["cover"].notna().any():
        level = result.scenarios[0].level
        table = with_verdicts(value.assign(label=label, value=value["cover"], n=value["nsim"]), level)
        found.append((drawings.coverage(table.head(MOST_STRIPS), text, level), text["figure_coverage"] + end, []))
    return found


def figures_of(
    result: Any, rows: pd.DataFrame, name: str, pairs: Iterable[tuple[str, str]], text: dict[str, str]
) -> list[tuple[str, str]]:
    """Figures of one estimand as inline SVG: the intervals and the running mean of each scenario and method."""
    plots, domain, made = result.plot, rows["domain"].iloc[0], []
    about = [estimand_name(name, text), domain_name(domain, text)]
    cover = rows[(rows["measure"] == "cover") & (rows["domain"] == domain) & rows["value"].notna()]
    covered = set(zip(cover["scenario"], cover["method"], strict=True))
    for scenario, method in (pair for pair in pairs if pair in covered):
        at = {"scenario": scenario, "method": method, "lang": text["lang"]}
        one = [*about, *([scenario] if len(result.scenarios) > 1 else []), method]
        made.append((plots.zip(name, domain, **at), "figure_zip", one))
        made.append((plots.convergence(name, domain, **at), "figure_convergence", one))
    captions = [f"{text[title]}: {' · '.join(part for part in parts if part)}" for _, title, parts in made]
    return [(svg(narrow(ax), caption, least="0"), caption) for (ax, *_), caption in zip(made, captions, strict=True)]


def _cell(value, mcse, measure):
    factor = 100 if measure in PERCENT else 1
    return html.with_error(factor * value, factor * mcse)
