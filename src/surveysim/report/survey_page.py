"""The report of one survey: plain tables for `report`, which computes nothing, and the files of the demo."""

import numpy as np
import pandas as pd

from .. import guards, reference
from ..columns import DISPOSITIONS, FRAMES
from ..errors import SpecError
from ..estimation import scores
from ..estimation.estimates import estimates
from ..sampling import sample_size
from ..weighting.result import deff_kish
from ..writing import write_text
from . import figures, html
from .labelling import estimand_name, name_column, note_of, province_names
from .page_parts import ademp, budget_part, downloads, performance_table, repeated

SECTIONS = (
    *(("summary", "summary"), ("design", "design"), ("statement", "statement"), ("study", "study_section")),
    *(("budget", "budget"), ("intervals", "intervals"), ("map", "map"), ("margins", "margins"), ("weights", "weights")),
    *(("dispositions", "dispositions"), ("eligibility", "eligibility_short"), ("costs", "costs"), ("table", "table")),
    *(("assumptions", "assumptions"), ("downloads", "downloads")),
)
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


def write_report(result, path, lang="en", repetitions=None, budget=None):
    """Write the HTML report of a SurveyRun and return its path; see `SurveyRun.report`."""
    text, path = html.labels(lang), guards.path(path, "path", error=SpecError)
    return written(path, html.render("survey.html", lang, **content(result, text, repetitions, budget)))


def written(path, page):
    """Write a page so that it is there whole, or not at all; returns its path."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, page)
    except OSError as error:
        raise SpecError(
            f"{path}: the report cannot be written ({error.strerror}). Choose a folder you may write to."
        ) from None
    return path


def content(result, text, repetitions, budget=None):
    """Everything the template shows, as texts and drawings."""
    table = result.comparison()
    statement = result.error_statement()
    provinces, short = provincial_penetration(result), province_names(text)
    raw_steps = weight_steps(result)
    steps = [[text[name], *shown] for name, *shown in map(_step_shown, raw_steps)]
    there = {"study": repetitions is not None, "budget": budget is not None}
    record = {entry["step"]: entry for entry in result.weights.records}
    inside = ((table["lower"] <= table["parameter"]) & (table["upper"] >= table["parameter"])).sum()
    return {
        "title": text["title"],
        "sections": [(key, text[label]) for key, label in SECTIONS if there.get(key, True)],
        "ademp": ademp(result, text, repetitions),
        "study": None if repetitions is None else repeated(repetitions, text),
        "budget": None if budget is None else budget_part(budget, text),
        "provinces": [
            [short[row.Index], html.number(row.estimate, 2), html.number(row.moe, 2)] for row in provinces.itertuples()
        ],
        "downloads": downloads(result, table, raw_steps, provinces, repetitions, budget, text),
        "lead": text["subtitle"].format(
            spec=result.spec.name,
            interviews=f"{len(result.interviews):,}",
            provinces=31,
            seed=result.seed,
            year=result.spec.population.year,
            size=f"{result.preparation.pop.size:,}",
        ),
        "cards": cards(table, text),
        "statement": statement_rows(statement, text, repetitions, table),
        "covered": text["covered_of"].format(k=int(inside), n=len(table)),
        "agreement": text["agreement"].format(k=int(table["agrees"].sum()), n=len(table)),
        "rural_bases": rural_bases(result, text),
        "statement_text": text["statement_text"].format(nominal_n=f"{sample_size():,}"),
        "figures": drawings(result, table, provinces, text),
        "map_text": text["map_text"].format(
            least=f"{provinces['moe'].min():.1f}", most=f"{provinces['moe'].max():.1f}"
        ),
        "margins_text": text["margins_text"].format(
            sweeps=record["final_weight"]["sweeps"], merged=len(record["final_weight"]["merged"])
        ),
        "weights_text": text["weights_text"].format(theta=f"{record['composite_weight']['theta']:.3f}"),
        "steps": steps,
        "disposition_heads": ["", *(head for frame in FRAMES for head in (text[frame], "%"))],
        "dispositions": disposition_rows(result, text),
        **fieldwork_tables(result, text),
        "rate_names": list(result.response_rates().index),
        "rates": [
            [text[frame], *(html.number(100 * v, 1) for v in column)]
            for frame, column in result.response_rates().items()
        ],
        "estimates": [estimate_cells(row, text) for row in table.itertuples()],
        "estimate_heads": [text[c] for c in ESTIMATE_HEADS],
    }


def drawings(result, table, provinces, text):
    """The figures of the survey, as inline SVG."""
    from markupsafe import Markup

    shares = table[table["unit"] == "percent"]
    names = [estimand_name(name, text) for name in shares["indicator_id"]]
    drawn = {
        "intervals": figures.intervals(names, shares, text),
        "map": figures.tile_map(province_names(text), provinces["estimate"].to_dict(), text),
        "margins": figures.margins(*national_margins(result, text), text),
        "weights": figures.weights(*weight_histogram(result, text), text),
    }
    return {key: Markup(figures.svg(ax, text[key])) for key, ax in drawn.items()}


def estimate_cells(row, text):
    """One estimate of the table of all of them; the numbers are those of its heads."""
    numbers = (html.number(getattr(row, c), _digits(row.unit, c)) for c in ESTIMATE_HEADS[2:-1])
    return [estimand_name(row.indicator_id, text), text[row.unit], *numbers, note_of(row.indicator_id, row.note, text)]


def _digits(unit, column):
    if column == "deff":
        return 2
    if unit == "10k persons":
        return 0
    return 1 if column == "published" else 2


def cards(table, text):
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


def statement_rows(statement, text, repetitions, table):
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
        row = performance_table(repetitions).loc["internet_penetration"]
        rows += [
            (
                text["statement_cover"].format(repetitions=int(row["repetitions"])),
                f"{row['cover']:.1f} % ± {2 * row['cover_mcse']:.1f}",
            ),
            (text["statement_empse"], f"{row['empse']:.3f} ± {2 * row['empse_mcse']:.3f} / {row['modelse']:.3f}"),
        ]
    return rows


def provincial_penetration(result):
    """Netizens over all residents by province of residence: estimate, se, moe in percent, indexed by adcode."""
    prep, w = result.preparation, result.survey.weight
    internet = result.interviews["internet"].to_numpy(dtype=float)
    residence = result.interviews["province"].cat.codes.to_numpy()
    people = prep.pop.people
    residents = np.bincount(people.area_zone[people.class_area] >> 1, np.diff(people.class_person), 31)
    found = [scores.per_known(scores.total(w, internet, residence == p), residents[p]) for p in range(31)]
    rows = [("known", "internet_penetration", "percent", f"province={code}") for code in reference.provinces()]
    table = estimates(
        result.survey.design, found, rows, level=result.spec.estimation.level, ci="logit", scale=np.full(31, 100.0)
    ).to_frame()
    return table.set_index(pd.Index(reference.provinces(), name="province"))


def national_margins(result, text):
    """Labels and table target, before, after (percent of each margin, all provinces together)."""
    table = result.weights.calibration.margins
    sums = table.groupby(["margin", "level"], sort=False)[["target", "before", "after"]].sum()
    shares = 100 * sums / sums.groupby("margin", sort=False).transform("sum")
    level = {"rural": text["rural_level"], "urban": text["urban_level"]}
    labels = [f"{text[margin]}: {level.get(name, text.get(name, name))}" for margin, name in shares.index]
    return labels, shares.reset_index()


def weight_histogram(result, text):
    """Edges and counts by frame of final weights over their mean."""
    relative = np.minimum(result.weights.final / result.weights.final.mean(), 6.0)
    edges = np.linspace(0, 6, 61)
    frame = result.interviews["frame"].cat.codes.to_numpy()
    return edges, {text[name]: np.histogram(relative[frame == f], edges)[0] for f, name in enumerate(FRAMES)}


def _step_shown(row):
    name, deff, least, most, inside = row
    return name, f"{deff:.2f}", html.number(least, 0), html.number(most, 0), f"{inside:.2f}"


def weight_steps(result):
    """(step, Kish deff, smallest and largest weight, mean deff inside province × frame) after each step."""
    table = result.weights.table
    groups = (
        result.interviews["number_province"].cat.codes.to_numpy() * 2 + result.interviews["frame"].cat.codes.to_numpy()
    )
    rows = []
    for name in table.columns:
        w = table[name].to_numpy()
        inside = np.average(
            [deff_kish(w[groups == g]) for g in np.unique(groups)], weights=np.unique(groups, return_counts=True)[1]
        )
        rows.append([name, deff_kish(w), w.min(), w.max(), inside])
    return rows


def disposition_rows(result, text):
    """Counts and percentages of every category by frame, and the numbers dialled."""
    counts = result.case_file.dispositions.sum(axis=1)
    total = np.maximum(counts.sum(axis=1), 1)

    def cells(values):
        return [cell for f in range(2) for cell in (f"{values[f]:,}", f"{100 * values[f] / total[f]:.1f}")]

    return [[text[name], *cells(counts[:, k])] for k, name in enumerate(DISPOSITIONS)] + [
        [text["numbers"], *cells(counts.sum(axis=1))]
    ]


def fieldwork_tables(result, text):
    """e by method against the truth, and effort and cost by frame."""
    table = result.eligibility()
    used = result.spec.weighting.nonresponse
    frames = [part.set_index("method") for _, part in table.groupby("frame", sort=False)]
    methods = [
        [
            ("● " if method == used else "") + text[f"e_{method}"],
            *(html.number(100 * part.loc[method, c], 1) for part in frames for c in ("e", "RR3")),
        ]
        for method in frames[0].index
    ]
    days = result.calendar()
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
            for row in result.costs().itertuples()
        ],
        "calendar_text": text[
            "calendar_text" if result.spec.fieldwork.level == "calls" else "calendar_expected"
        ].format(
            days=days["days"],
            hours=f"{days['staffed_hours']:,.0f}",
            share=f"{100 * days['on_the_telephone']:.0f}",
            cost=f"{days['cost']:,.0f}",
        ),
    }


def rural_bases(result, text):
    """Rural penetration on both population bases of the report."""
    rural = result.preparation.definitions.index
    if "rural_netizens_size" not in rural:
        return ""
    value = result.estimates.table.set_index("variable").loc["rural_netizens_size", "estimate"]
    return text["rural_bases"].format(
        a=f"{100 * value * 1e4 / reference.national('rural', 2023):.1f}",
        b=f"{100 * value * 1e4 / reference.national('rural', 2024):.1f}",
    )
