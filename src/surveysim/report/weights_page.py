"""The page of a weighted file: what was weighted, margins before and after, what the weights are; computes nothing but layout."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import guards
from ..errors import SpecError
from ..pictures.saving import alt
from ..pictures.style import svg, words
from ..weighting.drawn import shares
from . import drawings, html
from .figures import NARROW
from .survey_page import written

if TYPE_CHECKING:
    from ..weighting import Calibration, Diagnosis, Weights

SECTIONS = ("summary", "margins", "weights", "extremes", "downloads")
MOST = 60  # rows of margins that are shown unfolded
FACTS = (
    "respondents",
    "without_weight",
    "sum",
    "smallest",
    "median",
    "mean",
    "largest",
    "cv",
    "deff_kish",
    "effective_n",
)
FACTS += ("extreme", "share_largest", "share_top_1", "g_smallest", "g_largest")
WHOLE = {"respondents", "without_weight", "effective_n", "extreme"}


def write_weights_report(
    weights: "Calibration | Weights", diagnosis: "Diagnosis", path: Any, told: Mapping[str, str], lang: str = "en"
) -> Path:
    """Write the page of weights and their diagnosis; returns its path.

    told : what the page says of the file: `file`, the name of what was weighted, `column`, the name of its new weights, `initial`,
        the name of those it had, "" for none, and `recipe`, the name of what made the `Weights` of a recipe.
    """
    text, path = html.labels(lang), guards.path(path, "path", error=SpecError)
    return written(path, html.render("weights.html", lang, **_content(weights, diagnosis, dict(told), text)))


def _content(weights, diagnosis, told, text):
    """Everything the template shows."""
    facts, margins, short = diagnosis.facts, diagnosis.margins, words(text["lang"])
    names = list(dict.fromkeys(margins["margin"]))
    mark = "、" if text["lang"] == "zh" else ", "
    lead = text["raked_lead_recipe" if "recipe" in told else "raked_lead" if told["initial"] else "raked_lead_from_one"]
    sections = [key for key in SECTIONS if key != "margins" or names]
    named = text["raked_by"] if (margins["partition"] != "").any() else text["raked_level"]
    found = "raked_title" if not names else "raked_left" if _largest_gap(margins) else "raked_met"
    title = text[found].format(
        gap=f"{_largest_gap(margins):.2f}",
        effective=f"{facts['effective_n']:,.0f}",
        n=f"{facts['respondents']:,}",
        **told,
    )
    drawn, totals = shares(weights.margins) if names else (margins, True)
    strips = not totals and len(drawn) <= MOST
    pictures = ["margins", "weights"] if names and not strips else ["weights"]
    return {
        "kicker": text["raked_title"].format(**told) if names else "",
        "title": title,
        "lead": lead.format(n=f"{facts['respondents']:,}", margins=mark.join(map(str, names)), **told),
        "sections": [(key, text[f"raked_{key}" if key != "downloads" else key]) for key in sections],
        "cards": _cards(facts, margins, text),
        "summary": weights.summary() if text["lang"] == "en" else "",
        "step_heads": [
            text["raked_step"],
            "n",
            *(text[f"fact_{k}"] for k in ("sum", "median", "largest", "deff_kish")),
        ],
        "steps": [_step(r) for r in weights.steps.itertuples()] if "recipe" in told else [],
        "heads": [named, "n", *(short[c] for c in ("target", "before", "after")), text["raked_gap"]],
        "rows": [_row(r) for r in margins.itertuples()],
        "folded": len(margins) > MOST,
        "facts": [[text[f"fact_{k}"], _shown(k, facts[k])] for k in FACTS if k in facts],
        "extreme_heads": [text["raked_row"], text["raked_weight"], text["raked_median"], text["raked_share"]],
        "extremes": [
            [f"{r.row + 1:,}", html.number(r.weight, 3), html.number(r.over_median, 2), html.number(r.share, 2)]
            for r in diagnosis.extremes.itertuples()
        ],
        "margins": drawings.margins(drawn, text, own=True) if strips else [],
        "margins_legend": drawings.margins_legend(text),
        "figures": [_drawing(weights, kind, text["lang"]) for kind in pictures],
        "downloads": [
            html.download("margins.csv", text["raked_margins"], margins),
            html.download(
                "extremes.csv", text["raked_extremes"], diagnosis.extremes.assign(row=diagnosis.extremes["row"] + 1)
            ),
        ],
    }


def _largest_gap(margins):
    """The largest gap in points; one that would be shown as 0.00 is none."""
    gap = margins["gap"].abs().max()
    return 0.0 if gap < 0.005 else gap


def _cards(facts, margins, text):
    """The four numbers that come first."""
    return [
        {"title": text[f"card_{key}"], "value": value, "detail": text[f"card_{key}_text"].format(**detail)}
        for key, value, detail in (
            ("deff", f"{facts['deff_kish']:.2f}", {}),
            ("effective", f"{facts['effective_n']:,.0f}", {"n": f"{facts['respondents']:,}"}),
            ("gap", f"{_largest_gap(margins):.2f}", {"levels": len(margins)}),
            ("extreme", f"{facts['extreme']:,}", {"share": f"{facts['share_top_1']:.1f}"}),
        )
        if key != "gap" or len(margins)
    ]


def _step(r):
    """A step's row."""
    numbers = (_shown(key, getattr(r, key)) for key in ("sum", "median", "largest", "deff_kish"))
    return [r.step, f"{r.respondents:,}", *numbers]


def _row(r):
    """A level's row: its name, respondents, shares in percent, and how far it is off."""
    name = " · ".join(
        str(part) for part in (r.partition, f"{r.margin}: {r.level}" if r.level != "" else r.margin) if part != ""
    )
    shares = (html.number(v, 1) for v in (r.target, r.before, r.after))
    return [name, f"{r.respondents:,}", *shares, html.number(round(r.gap, 2) + 0.0, 2)]


def _shown(key, value):
    return f"{value:,.0f}" if key in WHOLE else html.number(value, 3 if abs(value) < 1000 else 0)


def _drawing(weights, kind, lang):
    """A picture and its sentence."""
    ax = weights.plot(kind, lang=lang)
    ax.figure.set_size_inches(NARROW, ax.figure.get_size_inches()[1])
    return svg(ax, alt(ax), least="0"), alt(ax)
