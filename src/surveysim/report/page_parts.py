"""Parts of the survey's page about all of it: how it was done, the survey repeated, the error budget, downloads.

Plain texts, tables and drawings for `report`, which computes nothing.
"""

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from ..columns import DISPOSITIONS, FRAMES
from ..judging.measures import with_verdicts
from ..judging.verdicts import off_level, performance_table, repeated_penetration
from ..keys import toml
from ..pictures.style import axes, svg
from . import drawings, figures, html
from .labelling import domain_name, estimand_name, margin_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAIN = (
    *(
        "internet_penetration",
        "internet_penetration_urban",
        "internet_penetration_rural",
        "internet_penetration_60plus",
    ),
    *("app_short_video_rate", "app_online_payment_rate", "app_ride_hailing_rate", "app_ride_hailing_rate_60plus"),
    *("genai_users_rate_population", "genai_rate_age_20_29", "nonuser_reason_literacy"),
)
LOWEST = 20  # indicators whose coverage is drawn


def ademp(result: Any, rates: Any, text: dict[str, str], repetitions: Any) -> list[tuple[str, str]]:
    """Aims, data-generating mechanism, estimands, methods, performance measures, as (what, text) rows."""
    spec, prep = result.spec, result.preparation
    made, sample = result.interviews["frame"].value_counts(), spec.sample
    selection = "some_units" if sample.prefectures else "all_units"
    mark = "、" if text["lang"] == "zh" else ", "
    rows = {
        "aim": {},
        "data": {
            "size": html.people(prep.pop.size / 1e4, 0, text),
            "year": spec.population.year,
            "seed": spec.population.seed,
        },
        "frames": {f: f"{made.get(f, 0):,}" for f in FRAMES}
        | {"units": prep.design.targets.shape[1], "between": text[sample.between], "suffixes": text[sample.suffixes]}
        | {"selection": text[selection].format(n=sample.prefectures)},
        "fieldwork": {f: html.number(100 * rates[f]["RR3"] if f in rates else None, 1) for f in FRAMES}
        | {"level": text["outcome" if spec.fieldwork.level == "outcome" else "calls_level"]},
        "estimands": {"n": len(prep.definitions)},
        "methods": {
            "steps": " → ".join(text[step.name] for step in prep.recipe.steps),
            "margins": mark.join(margin_name(margin, text) for margin in spec.weighting.margins),
            "level": f"{100 * spec.estimation.level:g}",
        },
    }
    found = [
        (text[f"ademp_{key}"], html.without_dashes(text[f"ademp_{key}_text"].format(**values)))
        for key, values in rows.items()
    ]
    if repetitions is None:
        return [*found, (text["ademp_performance"], text["ademp_performance_none"])]
    n = f"{repetitions.repetitions:,}"
    return [*found, (text["ademp_performance"], text["ademp_performance_text"].format(n=n))]


def repeated(repetitions: Any, text: dict[str, str]) -> dict[str, Any]:
    """The survey repeated: verdict, figures, a table of the main indicators, one of all of them."""
    table, lang, n = performance_table(repetitions), text["lang"], f"{repetitions.repetitions:,}"
    low = table.dropna(subset=["cover"]).sort_values("cover", kind="stable").head(LOWEST)
    low = low.assign(label=[estimand_name(k, text) for k in low.index])
    level = repetitions.scenarios[0].level
    low = with_verdicts(low.assign(value=low["cover"] / 100, n=low["repetitions"]), level)
    pictures = []
    if "internet_penetration" in table.index:
        title = text["figure_zip_text"].format(name=estimand_name("internet_penetration", text), n=n)
        sorted_ones = figures.estimates_over_repetitions(
            *repeated_penetration(repetitions), text, axes(figures.NARROW, 3.4)
        )
        pictures = [
            (sorted_ones, text["figure_repetitions_text"].format(n=n)),
            (narrow(repetitions.plot.zip("internet_penetration", lang=lang)), title),
        ]
    columns = ("bias", "empse", "modelse", "cover")

    def row(name, values):
        cells = (html.with_error(values[c], values[f"{c}_mcse"]) for c in columns)
        return [estimand_name(name, text), html.number(values["parameter"], 2), *cells]

    main = [name for name in MAIN if name in table.index] or list(table.index[:10])
    return {
        "verdict": " ".join(
            [monte_carlo_error(repetitions.repetitions, level, text), *coverage_verdict(repetitions, text)]
        ),
        "figures": [(svg(ax, caption, least="0"), caption) for ax, caption in pictures],
        "coverage": drawings.coverage(low, text, level),
        "coverage_text": text["figure_coverage_lowest"].format(n=len(low)),
        "heads": [text["indicator"], text["parameter"], *(text[f"measure_{c}"] for c in columns)],
        "rows": [row(name, table.loc[name]) for name in main],
        "all": [row(name, values) for name, values in table.iterrows()],
        "more": text["study_more"].format(n=len(table)),
    }


def narrow(ax: "Axes") -> "Axes":
    """The Axes as wide as a telephone, without the title that says in a notebook what the caption says here."""
    ax.set_title("", loc="left")
    figure = cast("Any", ax.figure)
    figure.set_size_inches(figures.NARROW, figure.get_size_inches()[1])
    return ax


def budget_part(budget: Any, text: dict[str, str]) -> dict[str, Any]:
    """The error budget: a figure of penetration, a table of the main indicators by stage."""
    names = list(dict.fromkeys(budget.table["indicator_id"]))
    main = [name for name in MAIN if name in names and (budget.rows(name)["unit"] == "percent").all()] or names[:3]
    caption = text["budget_figure"].format(name=estimand_name(main[0], text))
    stages = ("coverage", "sampling", "nonresponse", "measurement", "weighting", "total")
    rows = []
    for name in main:
        of = budget.rows(name)
        cells = [
            f"{html.signed(of.loc[s, 'bias'], 2)} ({of.loc[s, 'bias_mcse']:.2f}) · {of.loc[s, 'variance'] ** 0.5:.2f}"
            for s in stages
        ]
        rows.append([estimand_name(name, text), *cells])
    totals = budget.totals.set_index(["indicator_id", "control_population"])
    kinds = list(dict.fromkeys(budget.totals["control_population"]))
    by_totals = [
        [
            estimand_name(name, text),
            *(
                f"{html.signed(r.bias, 2)} ({r.bias_mcse:.2f}) · {r.se:.2f}"
                for r in totals.loc[name].loc[kinds].itertuples()
            ),
        ]
        for name in main
    ]
    return {
        "totals": by_totals,
        "total_heads": [text["indicator"], *(text[kind] for kind in kinds)],
        "note": text["budget_note"].format(n=budget.repetitions),
        "waterfall": drawings.waterfall(budget.rows(main[0]), text),
        "caption": caption,
        "heads": [text["indicator"], *(text[f"stage_{s}"] for s in stages)],
        "rows": rows,
    }


def downloads(result: Any, tables: Any, repetitions: Any, budget: Any, text: dict[str, str]) -> list[dict[str, str]]:
    """The tables of the page as files."""
    named = tables.comparison.assign(name=[estimand_name(k, text) for k in tables.comparison["indicator_id"]])
    found = [
        ("estimates", named),
        ("margins", result.weights.calibration.margins),
        ("weights", tables.steps),
        (
            "dispositions",
            pd.DataFrame(tables.dispositions.T, index=DISPOSITIONS, columns=FRAMES)
            .rename_axis("category")
            .reset_index(),
        ),
        ("provinces", tables.provinces.reset_index()),
    ]
    if repetitions is not None:
        found.append(("performance", performance_table(repetitions).reset_index()))
    if budget is not None:
        found.append(("budget", budget.table))
    files = [html.download(f"{name}.csv", text[f"file_{name}"], part) for name, part in found]
    spec = toml(result.spec.model_dump(exclude_none=True))
    return [*files, html.download("survey.toml", text["file_specification"], spec)]


def coverage_verdict(result: Any, text: dict[str, str], table: pd.DataFrame | None = None) -> list[str]:
    """Sentences on the coverages of a StudyResult that are below or above their level by more than Monte Carlo error explains."""
    cover, level, off = off_level(result, result.performance() if table is None else table)
    if cover.empty:
        return []
    shown = {"all": len(cover), "level": f"{100 * level:g}"}
    if not off:
        return [text["coverage_as_stated"].format(**shown)]
    several = [len(set(cover.index.get_level_values(k))) > 1 for k in ("scenario", "method")]
    sentences = []
    for side in off:
        scenario, method, estimand, domain = side.key
        words = estimand_name(estimand, text), domain_name(domain, text)
        parts = (several[0] and scenario, several[1] and method, *words)
        where, worst = " · ".join(p for p in parts if p), f"{100 * side.worst:.1f}"
        name = "coverage_below" if side.sign < 0 else "coverage_above"
        sentences.append(text[name].format(**shown, count=side.count, worst=worst, where=where))
    return sentences


def monte_carlo_error(done: int, level: float, text: dict[str, str]) -> str:
    """How well so many repetitions know coverage."""
    mcse2 = f"{200 * np.sqrt(level * (1 - level) / max(done, 1)):.1f}"
    return text["statement_verdict"].format(repetitions=f"{done:,}", mcse2=mcse2)
