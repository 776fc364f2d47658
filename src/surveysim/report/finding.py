"""What a survey found, as the first thing a reader sees: a title, a sentence, a drawing, and three questions answered from its numbers."""

from typing import Any

from ..judging.verdicts import performance_table
from . import html
from .labelling import estimand_name
from .strips import Mark, Row, strips

INDICATOR = "internet_penetration"


def finding(result: Any, tables: Any, text: dict[str, str], repetitions: Any = None) -> dict[str, Any]:
    """Title, lead, cards, drawing and answers of a survey's page."""
    verdict, row = tables.verdict, tables.comparison.set_index("indicator_id").loc[INDICATOR]
    case = _own_errors(verdict.table, len(result.interviews))
    said = {
        "before": html.percent(verdict.before, 1, text),
        "now": html.percent(verdict.now, 1, text),
        "change": html.signed(verdict.now - verdict.before, 1),
        "moe_before": f"{case['moe_before']:.1f}",
        "moe_now": f"{case['moe_now']:.1f}",
        "moe_change": f"{case['moe']:.1f}",
        "n": f"{case['n']:,.0f}",
        "interviews": f"{len(result.interviews):,}",
        "estimate": html.percent(row["estimate"], 1, text),
        "moe": f"{row['moe']:.1f}",
        "parameter": html.percent(row["parameter"], 1, text),
        "level": html.percent(100 * verdict.level, 0, text),
    }
    return {
        "title": text[f"finding_{verdict.answer}"].format(**said),
        "lead": text["finding_lead"].format(**said),
        "note": text["finding_note"].format(**said),
        "finding": _drawing(verdict, case, row, text),
        "finding_caption": text["finding_caption"].format(**said),
        "asked": [
            (text[f"ask_{key}"].format(**said), answer) for key, answer in _answers(tables, said, text, repetitions)
        ],
    }


def _own_errors(table, interviews):
    """The row of the verdict with this design's errors of two independent samples, at the number of interviews nearest to those made."""
    own = table[(table["errors"] == "design") & (table["overlap"] == 0)]
    return own.loc[(own["n"] - interviews).abs().idxmin()]


def _drawing(verdict, case, row, text):
    """Last year and this year as printed, and the survey's own estimate with the truth."""
    now, before = (
        (text[f"{when}_printed"], value, case[f"moe_{when}"], f"{value:.1f} ± {case[f'moe_{when}']:.1f}")
        for when, value in (("now", verdict.now), ("before", verdict.before))
    )
    rows = [
        Row(name, shown, "", [Mark("span", "second", value - moe, value + moe), Mark("diamond", "second", value)])
        for name, value, moe, shown in (before, now)
    ]
    truth = text["truth_is"].format(value=html.percent(row["parameter"], 2, text))
    marks = [Mark("span", "first", row["lower"], row["upper"]), Mark("dot", "first", row["estimate"])]
    marks.append(Mark("tick", "ink", row["parameter"]))
    rows.append(Row(text["now_simulated"], f"{row['estimate']:.1f} ± {row['moe']:.1f}", truth, marks, strong=True))
    return strips(rows, text["penetration_axis"])


def _answers(tables, said, text, repetitions):
    """(key of a question, its answer)."""
    statement, covered = tables.statement, ""
    if repetitions is not None and INDICATOR in (table := performance_table(repetitions)).index:
        row = html.entries_of(table)[INDICATOR]
        share = html.percent(row["cover"], 1, text)
        covered = text["quote_covered"].format(
            n=f"{row['repetitions']:,.0f}", share=share, error=f"{2 * row['cover_mcse']:.1f}"
        )
    group = {"largest": f"{statement['largest_group']:.1f}"} if "largest_group" in statement else None
    groups = group and text["quote_groups"].format(
        **group, indicator=estimand_name(statement["largest_group_indicator"], text)
    )
    yield "quote", text["quote_answer"].format(**said) + covered + (groups or "")
    moe = tables.verdict.table["moe"]
    yield (
        "real",
        text[f"real_{tables.verdict.answer}"].format(**said, least=f"{moe.min():.2f}", most=f"{moe.max():.2f}"),
    )
    yield "meaning", text["meaning_answer"].format(**said)
