"""The page of published results made again: theirs, ours, Monte Carlo errors, verdicts, seconds; computes nothing but layout."""

import math
from pathlib import Path
from typing import Any

from .. import guards
from ..errors import SpecError
from . import html
from .survey_page import written

HEADS = ("what", "theirs", "ours", "allowed", "verdict")
SUMMARY_HEADS = ("result", "verdict", "agree", "repetitions", "seconds")
COUNTED = ("agrees", "slip", "choice", "undecided", "differs")


def write_published_report(found: Any, path: Any, lang: str = "en") -> Path:
    """Write the page of a `Reproduced` and return its path."""
    text, path = html.labels(lang), guards.path(path, "path", error=SpecError)
    return written(path, html.render("published.html", lang, **_content(found, text)))


def _content(found, text):
    """Everything the template shows."""
    results = list(html.rows_of(found.results))
    papers = {row.name: row.source.partition(")")[0] + ")" for row in results}
    titles = {
        row.name: f"{papers[row.name]}{text['colon']}{row.title_zh if text['lang'] == 'zh' else row.title}"
        for row in results
    }
    sums = {name: int(found.results[name].sum()) for name in (*COUNTED, "numbers")}
    said = {"results": len(results), "numbers": f"{sums['numbers']:,}", "agree": f"{sums['agrees']:,}"}
    size = text["published_full" if found.full else "published_small"]
    return {
        "kicker": text["published_title"],
        "title": text["published_finding"].format(**said),
        "lead": text["published_lead"],
        "done": size.format(seconds=html.number(found.results["seconds"].sum(), 0)),
        "sections": [("summary", text["summary"]), *papers.items(), ("downloads", text["downloads"])],
        "cards": [
            {"title": text[f"published_{name}"], "value": f"{sums[name]:,}", "detail": text[f"published_{name}_text"]}
            for name in COUNTED
        ],
        "summary_heads": [text[f"published_head_{name}"] for name in SUMMARY_HEADS],
        "summary_rows": [_summary(row, titles, text) for row in results],
        "heads": [text[f"published_head_{name}"] for name in HEADS],
        "parts": [_part(row, found.table[found.table["name"] == row.name], titles, text) for row in results],
        "downloads": [
            html.download(f"{name}.csv", text[f"published_file_{name}"], table)
            for name, table in (("results", found.results), ("numbers", found.table))
        ],
    }


def _summary(row, titles, text):
    repetitions = f"{row.repetitions:,}" if row.repetitions else text["published_none"]
    agree = text["count_of"].format(k=row.agrees, n=row.numbers)
    return [titles[row.name], text[f"published_{row.verdict}"], agree, repetitions, html.number(row.seconds, 1)]


def _part(row, table, titles, text):
    """One result: what it says of itself, its numbers, and the reasons of those that differ."""
    return {
        "id": row.name,
        "title": titles[row.name],
        "source": row.source,
        "read": text["published_read"].format(read=row.read, name=row.name),
        "rows": [_row(one, text) for one in html.rows_of(table)],
        "reasons": [
            (f"{one.what}: {one.printed or _plain(one.theirs)}", one.why) for one in html.rows_of(table) if one.why
        ],
    }


def _row(one, text):
    theirs = one.printed or text["published_formula"].format(value=_plain(one.theirs))
    ours = html.with_error(one.ours, one.mcse) if one.mcse else _plain(one.ours, one.printed)
    return [one.what, theirs, ours, _plain(one.allowed, figures=2), text[f"published_{one.verdict}"]]


def _plain(value, printed="", figures=6):
    """A number with two digits more than were printed, or with some figures that say something; a real minus."""
    if printed and printed[0] not in "<>":
        digits = len(printed.partition(".")[2]) + 2
    else:
        digits = figures - 1 - math.floor(math.log10(abs(value))) if value else 0
    return html.number(value, min(max(digits, 0), 9)).replace("-", "−")
