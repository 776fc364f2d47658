"""The page of an audit: which published figures keep to the error statement, and which changes are more than chance."""

from pathlib import Path
from typing import Any

from .. import guards
from ..errors import SpecError
from . import drawings, html
from .labelling import estimand_name
from .survey_page import change_table, written

SECTIONS = ("summary", "change", "margins", "changes", "sizes", "downloads")
INDICATOR = "internet_penetration"
CHANGE_HEADS = ("indicator", "before", "now", "change", "p", "verdict")
SIZE_HEADS = ("n", "errors", "penetration", "widest", "wide", "group", "wide")


def write_audit_report(audit: Any, path: Any, lang: str = "en") -> Path:
    """Write the page of an `Audit` and return its path; see `Audit.report`."""
    text, path = html.labels(lang), guards.path(path, "path", error=SpecError)
    return written(path, html.render("audit.html", lang, **content(audit, text)))


def content(audit: Any, text: dict[str, str]) -> dict[str, Any]:
    """Everything the template shows."""
    found, used, verdict = audit.findings, audit.used, audit.verdict
    row = audit.margins.set_index("indicator_id").loc[INDICATOR]
    own = row["design_moe" if used == "design" else "moe"]
    moe = verdict.table["moe"]
    said = {
        **found,
        "largest": f"{found['largest']:.1f}",
        "indicator": estimand_name(found["indicator"], text),
        "now": html.percent(verdict.now, 1, text),
        "moe_now": f"{own:.1f}",
        "change": html.signed(verdict.now - verdict.before, 1),
        "least": f"{moe.min():.2f}",
        "most": f"{moe.max():.2f}",
        "level": html.percent(100 * audit.level, 0, text),
        "n": f"{audit.sizes['n'].iloc[0]:,.0f}",
        "whose": text[f"change_errors_{used}"],
    }
    real = text[f"real_{verdict.answer}"].format(**said)
    return {
        "kicker": text["audit_title"],
        "title": text["audit_finding"].format(**said),
        "lead": text["audit_lead"].format(**said),
        "sections": [(key, text[f"audit_{key}" if key in ("margins", "changes") else key]) for key in SECTIONS],
        "asked": [
            (text["ask_quote"].format(**said), text["audit_quote"].format(**said)),
            (text["ask_real"], real),
            (text["ask_meaning"], text["meaning_answer"].format(**said)),
        ],
        "verdict": verdict.sentence(text["lang"]),
        **change_table(verdict, text),
        "margins": drawings.stated(audit.margins, used, text),
        "margins_legend": [("dot", "first", text["audit_keeps"]), ("dot", "alert", text["audit_wider"])],
        "margins_text": text["audit_margins_text"].format(**said),
        "changes": _changes(audit.changes, used, text),
        "change_columns": [text[f"audit_head_{name}"] for name in CHANGE_HEADS],
        "changes_text": text["audit_changes_text"].format(**said),
        "sizes": _sizes(audit.sizes, text),
        "size_heads": [text[f"size_{name}"] for name in SIZE_HEADS],
        "downloads": [
            html.download(f"{name}.csv", text[f"audit_file_{name}"], part) for name, part in audit.tables.items()
        ],
    }


def _changes(table, used, text):
    """A row for every published change, in the unit people write."""
    rows = []
    for row in table.to_dict("records"):
        size = row["unit"] == "10k persons"
        factor, digits = (float(text["size_factor"]), int(text["size_digits"])) if size else (1.0, 1)
        unit = (
            f" {text['size_unit']}"
            if size
            else text["percent_sign"]
            if row["unit"] == "%"
            else f" {text['hours per week']}"
        )
        moe, p, verdict = row[f"moe_{used}"], row[f"holm_{used}"], row[f"verdict_{used}"]
        rows.append(
            [
                estimand_name(row["indicator_id"], text),
                *(f"{html.number(row[when] * factor, digits)}{unit}" for when in ("before", "now")),
                f"{html.signed(row['change'] * factor, digits)} ± {html.number(moe * factor, digits)}",
                html.chance(p),
                text[f"verdict_{verdict}"] if verdict else "–",
            ]
        )
    return rows


def _sizes(table, text):
    """A row for every number of interviews and kind of errors."""
    return [
        [
            f"{row.n:,}",
            text[f"change_errors_{row.errors}"],
            *(html.number(value, 2) for value in (row.penetration, row.widest)),
            text["count_of"].format(k=row.wide, n=row.rates),
            html.number(row.widest_group, 2),
            text["count_of"].format(k=row.wide_groups, n=row.group_rates),
        ]
        for row in table.itertuples()
    ]
