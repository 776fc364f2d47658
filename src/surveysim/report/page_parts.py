"""Parts of the survey's page about all of it: how it was done, the survey repeated, the error budget, downloads.

Plain texts, tables and drawings for `report`, which computes nothing.
"""

import numpy as np
import pandas as pd

from ..columns import DISPOSITIONS, FRAMES
from ..judging.measures import judged, with_verdicts
from ..keys import toml
from . import figures, html, study_figures
from .labelling import domain_name, estimand_name, margin_name

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


def ademp(result, rates, text, repetitions):
    """Aims, data-generating mechanism, estimands, methods, performance measures, as (what, text) rows."""
    spec, prep = result.spec, result.preparation
    made, sample = result.interviews["frame"].value_counts(), spec.sample
    selection = "some_units" if sample.prefectures else "all_units"
    mark = "、" if text["lang"] == "zh" else ", "
    rows = {
        "aim": {},
        "data": {"size": f"{prep.pop.size:,}", "year": spec.population.year, "seed": spec.population.seed},
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


def repeated(repetitions, text):
    """The survey repeated: verdict, figures, a table of the main indicators, one of all of them."""
    from markupsafe import Markup

    table, lang, n = performance_table(repetitions), text["lang"], f"{repetitions.repetitions:,}"
    low = table.dropna(subset=["cover"]).sort_values("cover", kind="stable").head(LOWEST)
    low = low.assign(label=[estimand_name(k, text) for k in low.index])
    level = repetitions.scenarios[0].level
    low = with_verdicts(low.assign(value=low["cover"] / 100, n=low["repetitions"]), level)
    drawings = [
        (study_figures.coverage(low, text, level), text["figure_coverage_lowest"].format(n=len(low))),
    ]
    if "internet_penetration" in table.index:
        title = text["figure_zip_text"].format(name=estimand_name("internet_penetration", text), n=n)
        drawings = [
            (
                figures.estimates_over_repetitions(*repeated_penetration(repetitions), text),
                text["figure_repetitions_text"].format(n=n),
            ),
            (untitled(repetitions.plot.zip("internet_penetration", lang=lang)), title),
            *drawings,
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
        "figures": [(Markup(figures.svg(ax, caption)), caption) for ax, caption in drawings],
        "heads": [text["indicator"], text["parameter"], *(text[f"measure_{c}"] for c in columns)],
        "rows": [row(name, table.loc[name]) for name in main],
        "all": [row(name, values) for name, values in table.iterrows()],
        "more": text["study_more"].format(n=len(table)),
    }


def untitled(ax):
    """The Axes without the title that says in a notebook what the caption says here."""
    ax.set_title("", loc="left")
    return ax


def budget_part(budget, text):
    """The error budget: a figure of penetration, a table of the main indicators by stage."""
    from markupsafe import Markup

    names = list(dict.fromkeys(budget.table["indicator_id"]))
    main = [name for name in MAIN if name in names and (budget.rows(name)["unit"] == "percent").all()] or names[:3]
    caption = text["budget_figure"].format(name=estimand_name(main[0], text))
    stages = ("coverage", "sampling", "nonresponse", "measurement", "weighting", "total")
    rows = []
    for name in main:
        of = budget.rows(name)
        cells = [
            f"{of.loc[s, 'bias']:+.2f} ({of.loc[s, 'bias_mcse']:.2f}) · {of.loc[s, 'variance'] ** 0.5:.2f}"
            for s in stages
        ]
        rows.append([estimand_name(name, text), *cells])
    totals = budget.totals.set_index(["indicator_id", "control_population"])
    kinds = list(dict.fromkeys(budget.totals["control_population"]))
    by_totals = [
        [
            estimand_name(name, text),
            *(f"{r.bias:+.2f} ({r.bias_mcse:.2f}) · {r.se:.2f}" for r in totals.loc[name].loc[kinds].itertuples()),
        ]
        for name in main
    ]
    return {
        "totals": by_totals,
        "total_heads": [text["indicator"], *(text[kind] for kind in kinds)],
        "note": text["budget_note"].format(n=budget.repetitions),
        "figure": Markup(figures.svg(budget.plot(main[0], text["lang"]), caption)),
        "caption": caption,
        "heads": [text["indicator"], *(text[f"stage_{s}"] for s in stages)],
        "rows": rows,
    }


def downloads(result, tables, repetitions, budget, text):
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


def performance_table(repetitions):
    """One row per indicator of a StudyResult's first scenario and method: repetitions, parameter, mean, bias, empse, modelse, cover
    (percent), each with its mcse."""
    long, first = repetitions.performance(), repetitions.scenarios[0]
    mine = (long["scenario"] == first.name) & (long["method"] == first.methods[0].name) & (long["domain"] == "")
    long = long[mine]
    value, mcse = (long.pivot(index="estimand", columns="measure", values=c) for c in ("value", "mcse"))
    found = pd.DataFrame({"parameter": {e.name: e.true for e in first.estimands if not e.domain}})
    found.insert(0, "repetitions", value["nsim"].astype(int))
    found["mean"] = value["thetamean"]
    for name, factor in (("bias", 1), ("empse", 1), ("modelse", 1), ("cover", 100)):
        found[name], found[f"{name}_mcse"] = factor * value[name], factor * mcse[name]
    return found.rename_axis("indicator_id")


def coverage_verdict(result, text, table=None):
    """Sentences on the coverages of a StudyResult that are below or above their level by more than Monte Carlo error explains."""
    table = result.performance() if table is None else table
    keys = ["scenario", "method", "estimand", "domain"]
    n = table[table["measure"] == "nsim"].set_index(keys)["value"]
    cover = table[(table["measure"] == "cover") & table["value"].notna()].set_index(keys)["value"]
    if cover.empty:
        return []
    level = np.array([result.scenario(key[0]).level for key in cover.index])
    found, sentences = judged(cover, n.reindex(cover.index), level), []
    for sign, name, extreme in ((-1, "coverage_below", cover.idxmin), (1, "coverage_above", cover.idxmax)):
        if np.any(found == sign):
            scenario, method, estimand, domain = extreme()
            scenarios, methods = (len(set(cover.index.get_level_values(k))) > 1 for k in ("scenario", "method"))
            parts = (
                scenarios and scenario,
                methods and method,
                estimand_name(estimand, text),
                domain_name(domain, text),
            )
            sentences.append(
                text[name].format(
                    count=int((found == sign).sum()),
                    all=len(cover),
                    level=f"{100 * level[0]:g}",
                    worst=f"{100 * cover[extreme()]:.1f}",
                    where=" · ".join(p for p in parts if p),
                )
            )
    if not sentences:
        sentences.append(text["coverage_as_stated"].format(all=len(cover), level=f"{100 * level[0]:g}"))
    return sentences


def monte_carlo_error(done, level, text):
    """How well so many repetitions know coverage."""
    mcse2 = f"{200 * np.sqrt(level * (1 - level) / max(done, 1)):.1f}"
    return text["statement_verdict"].format(repetitions=f"{done:,}", mcse2=mcse2)


def repeated_penetration(repetitions):
    """Estimate and interval of penetration in every repetition, in percent, and the truth."""
    first = repetitions.scenarios[0]
    where = {"estimand": "internet_penetration", "scenario": first.name, "method": first.methods[0].name}
    table = repetitions.to_frame(where=where).dropna(subset=["estimate"])
    return table[["estimate", "lower", "upper"]].to_numpy(), float(table["true"].iloc[0])
