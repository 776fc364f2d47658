"""The commands `surveysim weights …`: weights for a survey file, and what weights do to it."""

import json
from pathlib import Path

import click

from ..errors import DataError
from .writing import apart, replaced

_DATA = click.argument("data", type=click.Path(dir_okay=False, path_type=Path))
_MARGINS = click.option(
    "--margins",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File with the columns variable, level and total, percent or share; a crossed margin is sex*age, female*60+.",
)
_BY = click.option("--by", help="Column of partitions, each with its own margins (a column of the margins file too).")
_MISSING = click.option(
    "--missing",
    type=click.Choice(["fail", "drop", "level"]),
    default="fail",
    show_default=True,
    help="Rows that miss a raking variable: refuse them, take their weight away, or give them a level of their own.",
)
_SHEET = click.option("--sheet", help="Sheet of an Excel file; the first unless given.")
_ENCODING = click.option("--encoding", default="utf-8-sig", help="Encoding of CSV files, such as gb18030.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


@click.group()
def weights():
    """Weights for a survey file: CSV, Parquet, SPSS (.sav), Stata (.dta) or Excel (.xlsx)."""


@weights.command("rake")
@_DATA
@_MARGINS
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The file with the weights added, in the kind its name ends with.",
)
@click.option("--weight", help="Column of initial weights; 1 unless given.")
@_BY
@_MISSING
@click.option("--population", type=click.FloatRange(min=0, min_open=True), help="What the weights sum to, for shares.")
@click.option("--rescale", help="Margin whose sum the others follow where totals disagree.")
@click.option("--bounds", type=float, nargs=2, help="Least and most raked weight over initial weight.")
@click.option("--trim", type=float, nargs=2, help="Least and most weight as multiples of the mean weight.")
@click.option("--name", default="raked_weight", show_default=True, help="Name of the new column.")
@click.option(
    "--diagnostics",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the margins, before and after, to a CSV file.",
)
@_SHEET
@_ENCODING
@_JSON
def weights_rake(
    data, margins, out, weight, by, missing, population, rescale, bounds, trim, name, diagnostics, sheet, encoding, as_json
):  # fmt: skip
    """Rake the weights of DATA to margins and write the file back with them, labels kept."""
    from ..weighting import diagnose, rake

    if margins is None:
        raise click.UsageError("--margins is needed: what the weights are raked to.")
    apart((data, margins), (out, diagnostics))
    file, table, targets, reading = _read(data, margins, by, weight, sheet, encoding)
    targets, reading = blown_up(targets, reading, population, by, margins)
    base = "__weight__" if weight is not None else None
    found = rake(
        table, targets, weight=base, by=by, bounds=bounds, trim=trim, margins_are=reading, rescale=rescale, missing=missing
    )  # fmt: skip
    report = diagnose(table, found, targets, base=base, by=by, missing=missing)
    files_written = [str(file.write(out, {name: (found.weight, f"Raked to {', '.join(_variables(targets))}")}))]
    if diagnostics is not None:
        from ..display import guarded_table

        replaced(
            diagnostics, guarded_table(report.margins).to_csv(index=False, lineterminator="\n", float_format="%.10g")
        )
        files_written.append(str(diagnostics))
    if as_json:
        facts = {"iterations": found.iterations, "max_gap": found.max_gap, "rescaled": found.rescaled}
        click.echo(_json(report, {"files": files_written} | facts))
        return
    click.echo(_text(report, by))
    click.echo(f"\n{found.summary()}\nThe file with the column {name!r} is {' and '.join(files_written)}.")


@weights.command("diagnose")
@_DATA
@click.option("--weight", required=True, help="Column of the weights.")
@click.option("--base", help="Column of the weights before adjustment.")
@_MARGINS
@_BY
@_MISSING
@_SHEET
@_ENCODING
@_JSON
def weights_diagnose(data, weight, base, margins, by, missing, sheet, encoding, as_json):
    """What the weights of DATA do: design effect, effective n, extreme weights, and margins where they are given."""
    from ..weighting import diagnose

    file, table, targets, _ = _read(data, margins, by, weight, sheet, encoding)
    if base is not None:
        table["__base__"] = file.numbers(base)
    report = diagnose(
        table, "__weight__", targets, base=None if base is None else "__base__", by=by, missing=missing
    )  # fmt: skip
    click.echo(_json(report, {}) if as_json else _text(report, by))


def _read(data, margins, by, weight, sheet, encoding):
    """The file, a table of what weighting needs of it, the margins, and how they are to be read."""
    import pandas as pd

    from .. import files

    file, table, targets, reading = files.read(data, sheet, encoding), {}, None, None
    if margins is not None:
        targets, reading = files.read_margins(margins, by, encoding=encoding)
        table = raking_table(file, targets, by)
    if weight is not None:
        table["__weight__"] = file.numbers(weight)
    return file, pd.DataFrame(table, index=range(len(file))), targets, reading


def blown_up(targets, reading, population, by, path):
    """Margins in shares as totals of a known population; as they are without one."""
    if population is None:
        return targets, reading
    if reading != "shares":
        raise DataError(f"{path}: --population is for margins in percent or shares; these are totals.")
    if by is not None:
        raise DataError("--population cannot be split among the levels of --by; give totals in the margins file.")
    scale = targets.groupby("variable", sort=False)["total"].transform("sum")
    return targets.assign(total=targets["total"] / scale * population), "totals"


def raking_table(file, targets, by):
    """Columns of a file that margins name, as text: codes or labels, whichever the margins have."""
    wanted = {}
    for variable, level in zip(targets["variable"], targets["level"], strict=True):
        pairs = zip(variable, level, strict=True) if isinstance(variable, tuple) else [(variable, level)]
        for name, one in pairs:
            wanted.setdefault(name, set()).add(one)
    if by is not None:
        wanted[by] = set(targets[by])
    return {name: file.named(name, levels) for name, levels in wanted.items()}


def _variables(targets):
    return ["*".join(v) if isinstance(v, tuple) else v for v in dict.fromkeys(targets["variable"])]


def _text(report, by):
    """The diagnosis for a terminal."""
    f, lines = report.facts, [report.summary()]
    lines.append(
        f"largest weight {f['share_largest']:.2f} % of the sum, heaviest 1 % of the rows {f['share_top_1']:.1f} %"
        + (f"; adjusted by {f['g_smallest']:.3f} to {f['g_largest']:.3f}" if "g_smallest" in f else "")
    )
    if len(report.margins):
        shown = report.margins.drop(columns=[] if by else ["partition"])
        shown["gap"] = shown["gap"].round(6) + 0.0  # no -0.00
        shown = shown.drop(columns=[c for c in ("before",) if shown[c].isna().all()])
        lines += ["", "Shares in percent:", shown.to_string(index=False, float_format=lambda v: f"{v:,.2f}", na_rep="")]
    lines += ["", "Largest weights:"]
    worst = report.extremes.assign(row=report.extremes["row"] + 1).rename(columns={"row": "data row"})
    lines.append(worst.to_string(index=False, float_format=lambda v: f"{v:,.4g}"))
    return "\n".join(lines)


def _json(report, more):
    margins = json.loads(report.margins.to_json(orient="records", force_ascii=False))
    extremes = json.loads(report.extremes.assign(row=report.extremes["row"] + 1).to_json(orient="records"))
    return json.dumps(more | report.facts | {"margins": margins, "extremes": extremes}, ensure_ascii=False)
