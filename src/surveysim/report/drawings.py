"""A survey's drawings, as rows and tiles that are as wide as the page: estimates, margins, provinces, the error budget, coverage."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from . import html
from .labelling import estimand_name, level_name, margin_name, theme
from .strips import Mark, Row, Scale, strips

Z = 1.959963984540054  # Monte Carlo intervals are 95 % ones
MAP = (  # where a province has its tile: the first two digits of its adcode, and its letters (GB/T 2260)
    ".    .    .    .    .    .    .    .    23HL",
    ".    .    .    .    .    15NM .    .    22JL",
    "65XJ .    62GS 64NX 14SX 13HE 11BJ 21LN .",
    ".    63QH .    61SN 41HA 37SD 12TJ .    .",
    "54XZ .    51SC 50CQ 42HB 34AH 32JS 31SH .",
    ".    .    53YN 52GZ 43HN 36JX 33ZJ .    .",
    ".    .    .    .    45GX 44GD 35FJ .    .",
    ".    .    .    .    46HI .    .    .    .",
)
TILES = {
    f"{name[:2]}0000": (column, row, name[2:])
    for row, line in enumerate(MAP, 1)
    for column, name in enumerate(line.split(), 1)
    if name != "."
}
COLOURS, EAST = 5, 6  # steps of the tile map; columns whose tips open to the left


def estimates(table: pd.DataFrame, text: dict[str, str], themes: bool = True) -> list[dict[str, Any]]:
    """Intervals of percentages about their population value, a drawing for each theme on one scale.

    table : indicator_id, estimate, lower, upper, moe, parameter, published (NaN allowed).
    """
    away = table[["estimate", "lower", "upper", "published"]].sub(table["parameter"], axis=0)
    rows: dict[str, list[Row]] = {}
    for row, off in zip(html.rows_of(table), html.rows_of(away), strict=True):
        tone = "first" if off.lower <= 0 <= off.upper else "alert"
        marks = [Mark("diamond", "second", off.published), Mark("span", tone, off.lower, off.upper)]
        told = text["told_estimate"].format(
            lower=html.number(row.lower, 2),
            upper=html.percent(row.upper, 2, text),
            parameter=html.percent(row.parameter, 2, text),
            published=html.percent(row.published, 1, text) if row.published == row.published else "–",
        )
        shown = Row(
            estimand_name(row.indicator_id, text),
            f"{html.number(row.estimate, 1)} ± {html.number(row.moe, 1)}",
            told,
            [*marks, Mark("dot", tone, off.estimate)],
        )
        rows.setdefault(theme(row.indicator_id) if themes else "", []).append(shown)
    scale = Scale.of([0.0, *away.to_numpy().ravel()])
    return [
        strips(part, text["interval_axis"], title=text[f"theme_{name}"] if name else "", lines=[0.0], scale=scale)
        for name, part in rows.items()
    ]


def estimates_legend(table: pd.DataFrame, text: dict[str, str]) -> list[tuple[str, str, str]]:
    """What the marks of `estimates` stand for."""
    missed = ((table["lower"] > table["parameter"]) | (table["upper"] < table["parameter"])).any()
    shown = [("dot", "first", text["interval"]), *([("dot", "alert", text["interval_misses"])] if missed else [])]
    return [*shown, ("diamond", "second", text["published"])] if table["published"].notna().any() else shown


def margins(table: pd.DataFrame, text: dict[str, str], own: bool = False) -> list[dict[str, Any]]:
    """Margins before and after weighting, a drawing for each variable: table with margin, level, target, before, after in percent.

    own : names of variables and levels are those of somebody's file, and stay as they are.
    """
    scale = Scale.of(table[["target", "before", "after"]].to_numpy().ravel())
    found = []
    by_margin: Any = table.groupby("margin", sort=False)
    for margin, part in by_margin:
        rows = [
            Row(
                str(row.level) if own else level_name(row.level, text, margin),
                f"{row.before:.1f} → {row.after:.1f}",
                f"{text['target']} {html.percent(row.target, 2, text)}",
                [
                    Mark("span", "muted", row.before, row.after),
                    Mark("diamond", "second", row.before),
                    Mark("dot", "first", row.after),
                    Mark("tick", "ink", row.target),
                ],
            )
            for row in html.rows_of(part)
        ]
        title = str(margin) if own else margin_name(margin, text)
        found.append(strips(rows, text["share_axis"], title=title, scale=scale))
    return found


def margins_legend(text: dict[str, str]) -> list[tuple[str, str, str]]:
    """What the marks of `margins` stand for."""
    return [("diamond", "second", text["before"]), ("dot", "first", text["after"]), ("tick", "ink", text["target"])]


def provinces(table: pd.DataFrame, names: Mapping[str, str], text: dict[str, str]) -> list[dict[str, Any]]:
    """Tiles of the 31 provinces: table with estimate, lower, upper, moe by adcode; colours in five steps."""
    low, high = table["estimate"].min(), table["estimate"].max()
    scale = Scale.of(table[["lower", "upper"]].to_numpy().ravel())
    tiles, values = [], html.entries_of(table)
    for code, (column, row, letters) in TILES.items():
        value = values[code]
        step = int((value["estimate"] - low) / (high - low) * COLOURS) if high > low else 0
        tiles.append(
            {
                "column": column,
                "row": row,
                "east": column > EAST,
                "step": min(step, COLOURS - 1),
                "name": names[code],
                "short": names[code] if text["lang"] == "zh" else letters,
                "value": f"{value['estimate']:.1f}",
                "moe": f"± {value['moe']:.1f}",
                "at": [scale.at(value[end]) for end in ("lower", "estimate", "upper")],
                "told": text["told_province"].format(
                    name=names[code],
                    estimate=html.percent(value["estimate"], 2, text),
                    **{end: html.number(value[end], 2) for end in ("lower", "upper")},
                ),
            }
        )
    return tiles


def stated(table: pd.DataFrame, used: str, text: dict[str, str]) -> list[dict[str, Any]]:
    """Margins of published percentages against what is stated of them, a drawing for each theme on one scale.

    table : indicator_id, unit, published, respondents, stated, moe, and design_moe where `used` is "design".
    """
    shares, rows = table[(table["unit"] == "%") & table["moe"].notna()], {}
    column = "design_moe" if used == "design" else "moe"
    for row in shares.to_dict("records"):
        moe = row[column]
        told = text["told_margin"].format(
            published=html.percent(row["published"], 1, text), respondents=html.number(row["respondents"], 0)
        )
        mark = Mark("dot", "alert" if moe > row["stated"] else "first", moe)
        name = row["indicator_id"]
        rows.setdefault(theme(name), []).append(Row(estimand_name(name, text), f"±{moe:.2f}", told, [mark]))
    lines = [shares["stated"].iloc[0]] if len(shares) else []
    scale = Scale.of([0.0, *shares[column]])
    return [
        strips(part, text["points_axis"], title=text[f"theme_{name}"], lines=lines, scale=scale)
        for name, part in rows.items()
    ]


def waterfall(table: pd.DataFrame, text: dict[str, str]) -> dict[str, Any]:
    """How the biases of a survey's stages add up to that of its estimate: table with bias, bias_mcse, variance by stage."""
    stages, rows, at, found = (
        [stage for stage in table.index if stage not in ("together", "total")],
        [],
        0.0,
        html.entries_of(table),
    )
    for stage in (*stages, "total"):
        row, start = found[stage], 0.0 if stage == "total" else at
        end, error = start + row["bias"], Z * row["bias_mcse"]
        tone = "ink" if stage == "total" else "second" if row["bias"] < 0 else "first"
        marks = [
            Mark("bar", tone, start, end),
            Mark("tick", tone, end),
            Mark("span", "muted", end - error, end + error),
        ]
        rows.append(
            Row(
                text[f"stage_{stage}"],
                f"{html.signed(row['bias'], 2)} ± {error:.2f}",
                text["told_stage"].format(se=f"{np.sqrt(row['variance']):.2f}"),
                marks,
                strong=stage == "total",
            )
        )
        at = end
    axis = text["points_axis"] if table["unit"].iloc[0] == "percent" else text[table["unit"].iloc[0]]
    return strips(rows, axis, lines=[0.0])


def coverage(table: pd.DataFrame, text: dict[str, str], level: float) -> dict[str, Any]:
    """Coverage with its Monte Carlo interval against the level: table with label, value, lower, upper (shares), low (below it)."""
    rows = []
    for row in html.rows_of(table):
        tone, low, high = "alert" if row.low else "first", 100 * row.lower, 100 * row.upper
        rows.append(
            Row(
                str(row.label),
                html.percent(100 * row.value, 1, text),
                text["told_coverage"].format(lower=f"{low:.1f}", upper=html.percent(high, 1, text)),
                [Mark("span", tone, low, high), Mark("dot", tone, 100 * row.value)],
            )
        )
    return strips(rows, text["coverage_axis"], lines=[100 * level])


def spreads(table: pd.DataFrame, text: dict[str, str], axis: str) -> dict[str, Any]:
    """Mean estimates with the spread of the estimates against the true value: table with label, mean, mcse, spread, true."""
    rows = [
        Row(
            str(row.label),
            html.with_error(row.mean, row.mcse),
            text["told_spread"].format(true=f"{row.true:,.5g}", spread=f"{row.spread:,.3g}"),
            [
                Mark("bar", "pale", row.mean - Z * row.spread, row.mean + Z * row.spread),
                Mark("tick", "alert", row.true),
                Mark("span", "first", row.mean - Z * row.mcse, row.mean + Z * row.mcse),
                Mark("dot", "first", row.mean),
            ],
        )
        for row in html.rows_of(table)
    ]
    return strips(rows, axis)


def spreads_legend(text: dict[str, str]) -> list[tuple[str, str, str]]:
    """What the marks of `spreads` stand for."""
    return [
        ("dot", "first", text["forest_mean"]),
        ("bar", "pale", text["forest_spread"]),
        ("tick", "alert", text["forest_true"]),
    ]
