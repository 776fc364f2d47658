"""The report of one survey: plain tables for `report`, which computes nothing, and the files of the demo."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import guards, reference
from ..aliases import Ints
from ..columns import DISPOSITIONS, FRAMES
from ..errors import SpecError
from ..judging.verdicts import performance_table
from ..pictures.style import axes, svg
from ..writing import write_text
from . import drawings, figures, html
from .finding import finding
from .labelling import change_case, estimand_name, name_column, note_of, province_names
from .page_parts import ademp, budget_part, downloads, repeated

SECTIONS = (
    *(("summary", "summary"), ("change", "change"), ("statement", "statement"), ("study", "study_section")),
    *(("budget", "budget"), ("intervals", "intervals"), ("map", "map"), ("controls", "controls"), ("design", "design")),
    *(("margins", "margins"), ("weights", "weights"), ("dispositions", "dispositions")),
    *(("eligibility", "eligibility_short"), ("costs", "costs"), ("table", "table")),
    *(("assumptions", "assumptions"), ("downloads", "downloads")),
)
CONTROLLED = ("internet_penetration", "netizens_size", "internet_penetration_60plus", "app_short_video_rate")
COST_HEADS = (
    "numbers",
    "calls",
    "interviews",
    "interviewer_hours",
    "cost",
    "calls_per_interview",
    "minutes_per_interview",
)
ESTIMATE_HEADS = (
    "indicator",
    "unit",
    "published",
    "parameter",
    "estimate",
    "se",
    "lower",
    "upper",
    "moe",
    "deff",
    "note",
)


def write_report(
    result: Any, tables: Any, path: Any, lang: str = "en", repetitions: Any = None, budget: Any = None
) -> Path:
    """Write the HTML report of a SurveyRun, from its `PageTables`, and return its path; see `SurveyRun.report`."""
    text, path = html.labels(lang), guards.path(path, "path", error=SpecError)
    return written(path, html.render("survey.html", lang, **content(result, tables, text, repetitions, budget)))


def written(path: Path, page: str) -> Path:
    """Write a page so that it is there whole, or not at all; returns its path."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, page)
    except OSError as error:
        raise SpecError(
            f"{path}: the report cannot be written ({error.strerror}). Choose a folder you may write to."
        ) from None
    return path


def content(result: Any, tables: Any, text: dict[str, str], repetitions: Any, budget: Any = None) -> dict[str, Any]:
    """Everything the template shows, as texts and drawings."""
    table, provinces, record, short = tables.comparison, tables.provinces, tables.records, province_names(text)
    there = {"study": repetitions is not None, "budget": budget is not None}
    return {
        **finding(result, tables, text, repetitions),
        "kicker": text["title"],
        "sections": [(key, text[label]) for key, label in SECTIONS if there.get(key, True)],
        "ademp": ademp(result, tables.rates, text, repetitions),
        "study": None if repetitions is None else repeated(repetitions, text),
        "budget": None if budget is None else budget_part(budget, text),
        "provinces": [
            [short[row.Index], *(html.number(getattr(row, c), 2) for c in ("estimate", "lower", "upper", "moe"))]
            for row in provinces.itertuples()
        ],
        "province_heads": [text[c] for c in ("province", "estimate", "lower", "upper", "moe")],
        "downloads": downloads(result, tables, repetitions, budget, text),
        "done": text["subtitle"].format(
            spec=result.spec.name,
            interviews=f"{len(result.interviews):,}",
            provinces=len(provinces),
            seed=result.seed,
            year=result.spec.population.year,
            size=html.people(result.preparation.pop.size / 1e4, 0, text),
        ),
        "cards": cards(tables, text),
        "statement": statement_rows(tables.statement, text, repetitions),
        "agreement": text["agreement"].format(k=int(table["agrees"].sum()), n=len(table)),
        "rural_bases": rural_bases(tables.rural, text),
        "statement_text": text["statement_text"].format(nominal_n=f"{tables.nominal:,}"),
        **claim_tables(tables, text),
        **control_tables(tables.controls, text),
        **drawn(tables, text),
        "map_text": text["map_text"].format(
            least=f"{provinces['moe'].min():.1f}", most=f"{provinces['moe'].max():.1f}"
        ),
        "margins_text": text["margins_text"].format(
            people=text[result.spec.weighting.control_population],
            sweeps=record["final_weight"]["sweeps"],
            merged=len(record["final_weight"]["merged"]),
        ),
        "weights_text": text["weights_text"].format(theta=f"{record['composite_weight']['theta']:.3f}"),
        "steps": [_step_shown(row, text) for row in tables.steps.itertuples()],
        "disposition_heads": [text["category"], *(head for frame in FRAMES for head in (text[frame], "%"))],
        "dispositions": disposition_rows(tables.dispositions, text),
        **fieldwork_tables(result.spec, tables, text),
        "rate_heads": [text["frame"], *tables.rates.index],
        "rates": [[text[frame], *(html.number(100 * v, 1) for v in column)] for frame, column in tables.rates.items()],
        "estimates": [estimate_cells(row, text) for row in table.itertuples()],
        "estimate_heads": [text[c] for c in ESTIMATE_HEADS],
    }


def drawn(tables: Any, text: dict[str, str]) -> dict[str, Any]:
    """The drawings of the survey, with what their marks stand for."""
    shares = tables.comparison[tables.comparison["unit"] == "percent"]
    histogram = {text[f]: counts for f, counts in tables.histogram.items()}
    weights = figures.weights(tables.edges, histogram, text, axes(figures.NARROW, 3.0))
    return {
        "intervals": drawings.estimates(shares, text),
        "intervals_legend": drawings.estimates_legend(shares, text),
        "tiles": drawings.provinces(tables.provinces, province_names(text), text),
        "margins": drawings.margins(tables.margins, text),
        "margins_legend": drawings.margins_legend(text),
        "histogram": svg(weights, text["weights"], least="0"),
    }


def estimate_cells(row: Any, text: dict[str, str]) -> list[str]:
    """One estimate of the table of all of them; the numbers are those of its heads, of sizes in the unit people write."""
    unit, factor, digits = text[row.unit], 1.0, 2
    if row.unit == "10k persons":
        unit, factor, digits = text["size_unit"], float(text["size_factor"]), int(text["size_digits"])

    def cell(c):
        value = getattr(row, c)
        return (
            html.number(value, 2)
            if c == "deff"
            else html.number(value * factor, 1 if c == "published" and digits == 2 else digits)
        )

    numbers = (cell(c) for c in ESTIMATE_HEADS[2:-1])
    return [estimand_name(row.indicator_id, text), unit, *numbers, note_of(row.indicator_id, row.note, text)]


def cards(tables: Any, text: dict[str, str]) -> list[dict[str, str]]:
    """Penetration, netizens, and how many intervals hold the truth."""
    rows = tables.comparison.set_index("indicator_id")

    def card(name, title, value, shown):
        known = (f"{text[c]} {shown(rows.loc[name, c])}" for c in ("published", "parameter"))
        return {"title": text[title], "value": value, "detail": " · ".join(known)}

    share = rows.loc["internet_penetration"]
    value = f"{html.percent(share['estimate'], 1, text)} ± {html.number(share['moe'], 1)}"
    found = [card("internet_penetration", "penetration", value, lambda v: html.percent(v, 1, text))]
    if "netizens_size" in rows.index:
        size = rows.loc["netizens_size"]
        value = html.people(size["estimate"], size["moe"], text)
        found.append(card("netizens_size", "netizens", value, lambda v: html.people(v, 0, text)))
    held = text["count_of"].format(k=tables.covered, n=len(rows))
    return [*found, {"title": text["held"], "value": held, "detail": text["held_text"]}]


def statement_rows(statement: Mapping[str, Any], text: dict[str, str], repetitions: Any) -> list[tuple[str, str]]:
    """The error statement as (what, value) rows."""

    def points(value):
        return text["points"].format(value=f"±{value:.2f}")

    names = reference.published()[name_column(text)]
    rows = [
        (text["statement_nominal"], points(statement["nominal"])),
        (text["statement_moe"], points(statement["moe"])),
    ]
    for key in ("largest", "largest_group"):
        if key in statement:
            rows.append(
                (
                    text[f"statement_{key}"].format(indicator=names[statement[f"{key}_indicator"]]),
                    points(statement[key]),
                )
            )
    if repetitions is not None:
        row = performance_table(repetitions).loc["internet_penetration"].to_dict()
        rows += [
            (
                text["statement_cover"].format(repetitions=int(row["repetitions"])),
                f"{html.percent(row['cover'], 1, text)} ± {2 * row['cover_mcse']:.1f}",
            ),
            (text["statement_empse"], f"{row['empse']:.3f} ± {2 * row['empse_mcse']:.3f} / {row['modelse']:.3f}"),
        ]
    return rows


def claim_tables(tables: Any, text: dict[str, str]) -> dict[str, Any]:
    """What the statement of error says at other sample sizes, and whether the report's own change is more than chance."""
    sizes = [
        [
            f"{row.n:,}",
            *(f"{value:.2f}" for value in (row.nominal, row.penetration, row.widest)),
            text["count_of"].format(k=row.wide, n=row.rates),
            html.number(row.widest_group, 2),
            text["count_of"].format(k=row.wide_groups, n=row.group_rates),
        ]
        for row in tables.sizes.itertuples()
    ]
    size_heads = ("n", "nominal", "penetration", "widest", "wide", "group", "wide")
    return {
        "sizes": sizes,
        "size_heads": [text[f"size_{key}"] for key in size_heads],
        "verdict": tables.verdict.sentence(text["lang"]),
        **change_table(tables.verdict, text),
    }


def change_table(verdict: Any, text: dict[str, str]) -> dict[str, Any]:
    """Whether the report's own change is more than chance, a row for each error, number of interviews and overlap."""
    rows = [
        [
            change_case(row, text),
            f"{row.moe:.2f}",
            html.chance(row.p),
            text[f"verdict_{row.verdict}"],
            f"{max(row.bears, 0):.2f}",
        ]
        for row in verdict.table.itertuples()
    ]
    return {
        "change": rows,
        "change_heads": [text[f"change_head_{key}"] for key in ("case", "moe", "p", "verdict", "bears")],
    }


def control_tables(table: pd.DataFrame, text: dict[str, str]) -> dict[str, Any]:
    """Estimates of the same interviews with both kinds of control totals, beside the population."""
    kinds = list(dict.fromkeys(table["control_population"]))
    people = table.groupby("control_population")["people"].first()
    wide = table.set_index(["indicator_id", "control_population"])
    rows = [[text["controls_people"], "", *(html.people(people[kind], 0, text) for kind in kinds)]]
    shown = [name for name in CONTROLLED if name in set(table["indicator_id"])]
    for name in shown:
        found: Any = wide.loc[name].loc[kinds]
        size = found["unit"].iloc[0] == "10k persons"
        true = found["parameter"].iloc[0]
        cells = (
            html.people(r.estimate, r.moe, text) if size else f"{html.percent(r.estimate, 2, text)} ± {r.moe:.2f}"
            for r in html.rows_of(found)
        )
        known = html.people(true, 0, text) if size else html.percent(true, 2, text)
        rows.append([estimand_name(name, text), known, *cells])
    first = wide["estimate"].loc["internet_penetration"]
    gap = first["residents_6plus"] - first["covered_6plus"]
    name = estimand_name("internet_penetration", text)
    return {
        "controls": rows,
        "control_heads": [text["indicator"], text["population"], *(text[kind] for kind in kinds)],
        "controls_text": text["controls_text"].format(name=name, gap=html.signed(gap, 2)),
    }


def _step_shown(row, text):
    ends = (html.number(weight, 0) for weight in (row.smallest, row.largest))
    return [text[row.step], f"{row.deff_kish:.2f}", *ends, f"{row.inside:.2f}"]


def disposition_rows(counts: Ints, text: dict[str, str]) -> list[list[str]]:
    """Counts and percentages of every category by frame, and the numbers dialled."""
    total = np.maximum(counts.sum(axis=1), 1)

    def cells(values):
        return [cell for f in range(2) for cell in (f"{values[f]:,}", f"{100 * values[f] / total[f]:.1f}")]

    return [[text[name], *cells(counts[:, k])] for k, name in enumerate(DISPOSITIONS)] + [
        [text["numbers"], *cells(counts.sum(axis=1))]
    ]


def fieldwork_tables(spec: Any, tables: Any, text: dict[str, str]) -> dict[str, Any]:
    """e by method against the truth, and effort and cost by frame."""
    table, used, days = tables.eligibility, spec.weighting.nonresponse, tables.calendar
    frames = [part.set_index("method") for _, part in table.groupby("frame", sort=False)]
    methods = [
        [
            ("● " if method == used else "") + text[f"e_{method}"],
            *(html.number(100 * part.loc[method, c], 1) for part in frames for c in ("e", "RR3")),
        ]
        for method in frames[0].index
    ]
    true = table.groupby("frame")["true"].first()
    return {
        "eligibility": methods,
        "eligibility_heads": [
            text["method"],
            *(
                text["eligibility_head"].format(frame=text[frame], what=what)
                for frame in table["frame"].unique()
                for what in ("e", "RR3")
            ),
        ],
        "cost_heads": [text["frame"], *(text[c] for c in COST_HEADS)],
        "eligibility_text": html.without_dashes(
            text["eligibility_text"].format(
                **{frame: html.number(100 * true.get(frame, float("nan")), 1) for frame in FRAMES}
            )
        ),
        "costs": cost_rows(tables.costs, text),
        "calendar_text": text["calendar_text" if spec.fieldwork.level == "calls" else "calendar_expected"].format(
            days=days["days"],
            hours=f"{days['staffed_hours']:,.0f}",
            share=f"{100 * days['on_the_telephone']:.0f}",
            cost=f"{days['cost']:,.0f}",
        ),
    }


def cost_rows(costs: Any, text: dict[str, str]) -> list[list[str]]:
    """Effort and cost by frame, under `COST_HEADS`."""
    return [
        [
            text[row.frame],
            *(html.number(getattr(row, c), 0) for c in ("numbers", "calls", "interviews", "hours", "cost")),
            *(html.number(getattr(row, c), 1) for c in ("calls_per_interview", "minutes_per_interview")),
        ]
        for row in costs.itertuples()
    ]


def rural_bases(bases: tuple[float, float] | None, text: dict[str, str]) -> str:
    """Rural penetration on both population bases of the report."""
    return "" if bases is None else text["rural_bases"].format(a=f"{bases[0]:.1f}", b=f"{bases[1]:.1f}")
