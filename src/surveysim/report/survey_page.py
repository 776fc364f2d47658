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
from ..pictures.style import svg
from ..writing import write_text
from . import figures, html
from .labelling import change_case, estimand_name, level_name, margin_name, name_column, note_of, province_names
from .page_parts import ademp, budget_part, downloads, repeated

SECTIONS = (
    *(("summary", "summary"), ("design", "design"), ("statement", "statement"), ("change", "change")),
    *(("study", "study_section"), ("controls", "controls")),
    *(("budget", "budget"), ("intervals", "intervals"), ("map", "map"), ("margins", "margins"), ("weights", "weights")),
    *(("dispositions", "dispositions"), ("eligibility", "eligibility_short"), ("costs", "costs"), ("table", "table")),
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
        "title": text["title"],
        "sections": [(key, text[label]) for key, label in SECTIONS if there.get(key, True)],
        "ademp": ademp(result, tables.rates, text, repetitions),
        "study": None if repetitions is None else repeated(repetitions, text),
        "budget": None if budget is None else budget_part(budget, text),
        "provinces": [
            [short[row.Index], html.number(row.estimate, 2), html.number(row.moe, 2)] for row in provinces.itertuples()
        ],
        "downloads": downloads(result, tables, repetitions, budget, text),
        "lead": text["subtitle"].format(
            spec=result.spec.name,
            interviews=f"{len(result.interviews):,}",
            provinces=31,
            seed=result.seed,
            year=result.spec.population.year,
            size=f"{result.preparation.pop.size:,}",
        ),
        "cards": cards(table, text),
        "statement": statement_rows(tables.statement, text, repetitions),
        "covered": text["covered_of"].format(k=tables.covered, n=len(table)),
        "agreement": text["agreement"].format(k=int(table["agrees"].sum()), n=len(table)),
        "rural_bases": rural_bases(tables.rural, text),
        "statement_text": text["statement_text"].format(nominal_n=f"{tables.nominal:,}"),
        **claim_tables(tables, text),
        **control_tables(tables.controls, text),
        "figures": drawings(tables, text),
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
        "disposition_heads": ["", *(head for frame in FRAMES for head in (text[frame], "%"))],
        "dispositions": disposition_rows(tables.dispositions, text),
        **fieldwork_tables(result.spec, tables, text),
        "rate_names": list(tables.rates.index),
        "rates": [[text[frame], *(html.number(100 * v, 1) for v in column)] for frame, column in tables.rates.items()],
        "estimates": [estimate_cells(row, text) for row in table.itertuples()],
        "estimate_heads": [text[c] for c in ESTIMATE_HEADS],
    }


def drawings(tables: Any, text: dict[str, str]) -> dict[str, Any]:
    """The figures of the survey, as inline SVG."""
    shares = tables.comparison[tables.comparison["unit"] == "percent"]
    names = [estimand_name(name, text) for name in shares["indicator_id"]]
    drawn = {
        "intervals": figures.intervals(names, shares, text),
        "map": figures.tile_map(province_names(text), tables.provinces["estimate"].to_dict(), text),
        "margins": figures.margins(margin_labels(tables.margins, text), tables.margins, text),
        "weights": figures.weights(tables.edges, {text[f]: counts for f, counts in tables.histogram.items()}, text),
    }
    return {key: svg(ax, text[key]) for key, ax in drawn.items()}


def estimate_cells(row: Any, text: dict[str, str]) -> list[str]:
    """One estimate of the table of all of them; the numbers are those of its heads."""
    numbers = (html.number(getattr(row, c), _digits(row.unit, c)) for c in ESTIMATE_HEADS[2:-1])
    return [estimand_name(row.indicator_id, text), text[row.unit], *numbers, note_of(row.indicator_id, row.note, text)]


def _digits(unit, column):
    if column == "deff":
        return 2
    if unit == "10k persons":
        return 0
    return 1 if column == "published" else 2


def cards(table: pd.DataFrame, text: dict[str, str]) -> list[dict[str, str]]:
    """Penetration, netizens and interviews, as the first thing a reader sees."""
    rows = table.set_index("indicator_id")
    result = []
    for name, title, unit, digits in (
        ("internet_penetration", "penetration", " %", 2),
        ("netizens_size", "netizens", f" {text['10k persons']}", 0),
    ):
        if name not in rows.index:
            continue
        row = rows.loc[name]
        detail = (
            f"± {html.number(row['moe'], digits)} · {text['published']} {html.number(row['published'], digits and 1)} · "
            f"{text['population']} {html.number(row['parameter'], digits)}"
        )
        result.append({"title": text[title], "value": html.number(row["estimate"], digits) + unit, "detail": detail})
    return result


def statement_rows(statement: Mapping[str, Any], text: dict[str, str], repetitions: Any) -> list[tuple[str, str]]:
    """The error statement as (what, value) rows."""

    def points(value):
        return "± " + text["points"].format(value=f"{value:.2f}")

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
                f"{row['cover']:.1f} % ± {2 * row['cover_mcse']:.1f}",
            ),
            (text["statement_empse"], f"{row['empse']:.3f} ± {2 * row['empse_mcse']:.3f} / {row['modelse']:.3f}"),
        ]
    return rows


def claim_tables(tables: Any, text: dict[str, str]) -> dict[str, Any]:
    """What ±0.66 points says at other sample sizes, and whether the report's own change is more than chance."""
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
    change = [
        [
            change_case(row, text),
            f"{row.moe:.2f}",
            f"{row.p:.4f}" if row.p >= 1e-4 else "< 0.0001",
            text[f"verdict_{row.verdict}"],
            f"{max(row.bears, 0):.2f}",
        ]
        for row in tables.verdict.table.itertuples()
    ]
    size_heads = ("n", "nominal", "penetration", "widest", "wide", "group", "wide")
    return {
        "sizes": sizes,
        "size_heads": [text[f"size_{key}"] for key in size_heads],
        "verdict": tables.verdict.sentence(text["lang"]),
        "change": change,
        "change_heads": [text[f"change_head_{key}"] for key in ("case", "moe", "p", "verdict", "bears")],
    }


def control_tables(table: pd.DataFrame, text: dict[str, str]) -> dict[str, Any]:
    """Estimates of the same interviews with both kinds of control totals, beside the population."""
    kinds = list(dict.fromkeys(table["control_population"]))
    people = table.groupby("control_population")["people"].first()
    wide = table.set_index(["indicator_id", "control_population"])
    rows = [[text["controls_people"], "", *(html.number(people[kind], 0) for kind in kinds)]]
    shown = [name for name in CONTROLLED if name in set(table["indicator_id"])]
    for name in shown:
        found = wide.loc[name].loc[kinds]
        digits = 0 if found["unit"].iloc[0] == "10k persons" else 2
        cells = (f"{html.number(r.estimate, digits)} ± {html.number(r.moe, digits)}" for r in found.itertuples())
        rows.append([estimand_name(name, text), html.number(found["parameter"].iloc[0], digits), *cells])
    first = wide["estimate"].loc["internet_penetration"]
    gap = first["residents_6plus"] - first["covered_6plus"]
    name = estimand_name("internet_penetration", text)
    return {
        "controls": rows,
        "control_heads": [text["indicator"], text["population"], *(text[kind] for kind in kinds)],
        "controls_text": text["controls_text"].format(name=name, gap=f"{gap:+.2f}"),
    }


def margin_labels(table: pd.DataFrame, text: dict[str, str]) -> list[str]:
    """Names of the levels of margins."""
    pairs = zip(table["margin"], table["level"], strict=True)
    return [f"{margin_name(margin, text)}: {level_name(name, text)}" for margin, name in pairs]


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
            *(head for frame in table["frame"].unique() for head in (f"{text[frame]}: e, %", "RR3, %")),
        ],
        "cost_heads": ["", *(text[c] for c in COST_HEADS)],
        "eligibility_text": html.without_dashes(
            text["eligibility_text"].format(
                **{frame: html.number(100 * true.get(frame, float("nan")), 1) for frame in FRAMES}
            )
        ),
        "costs": [
            [
                text[row.frame],
                *(html.number(getattr(row, c), 0) for c in ("numbers", "calls", "interviews", "hours", "cost")),
                *(html.number(getattr(row, c), 1) for c in ("calls_per_interview", "minutes_per_interview")),
            ]
            for row in tables.costs.itertuples()
        ],
        "calendar_text": text["calendar_text" if spec.fieldwork.level == "calls" else "calendar_expected"].format(
            days=days["days"],
            hours=f"{days['staffed_hours']:,.0f}",
            share=f"{100 * days['on_the_telephone']:.0f}",
            cost=f"{days['cost']:,.0f}",
        ),
    }


def rural_bases(bases: tuple[float, float] | None, text: dict[str, str]) -> str:
    """Rural penetration on both population bases of the report."""
    return "" if bases is None else text["rural_bases"].format(a=f"{bases[0]:.1f}", b=f"{bases[1]:.1f}")
