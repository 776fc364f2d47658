"""The commands `surveysim weights …`: weights for a survey file, and what weights do to it."""

import json
from pathlib import Path

import click

from ..writing import write_text
from .options import (
    LABELLED,
    PARTITIONS,
    RAKED,
    RAKING,
    READING,
    is_marked,
    json_option,
    read_file,
    read_margins,
    refuse_unused,
    shared,
)
from .writing import apart, say_if_guarded

_DATA = click.argument("data", type=click.Path(dir_okay=False, path_type=Path))
_MARGINS = click.option(
    "--margins",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File with the columns variable, level and total, percent or share; a crossed margin is sex*age, female*60+.",
)
_BY = click.option("--by", "--rake-by", help=PARTITIONS)


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
@click.option("--name", default="raked_weight", show_default=True, help="Name of the new column.")
@click.option(
    "--diagnostics",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the margins, before and after, to a CSV file.",
)
@shared(RAKING, READING)
@json_option
def weights_rake(data, margins, out, weight, by, name, diagnostics, as_json, **options):
    """Rake the weights of DATA to margins and write the file back with them, labels kept."""
    from ..weighting import diagnose, rake

    if margins is None:
        raise click.UsageError("--margins is needed: what the weights are raked to.")
    apart((data, margins), (out, diagnostics))
    file, table, given, base = _read(data, margins, by, weight, options)
    found = rake(table, given.targets, weight=base, **given.options)
    report = diagnose(table, found, given.targets, base=base, by=by, missing=options["missing"], tol=options["tol"])
    files_written = [str(file.write(out, {name: (found.weight, f"{RAKED} {', '.join(given.variables)}")}))]
    if diagnostics is not None:
        from ..display import csv_text

        write_text(diagnostics, csv_text(report.margins))
        say_if_guarded(report.margins, diagnostics)
        files_written.append(str(diagnostics))
    if not (out.suffix.lower() in LABELLED or is_marked(name)):
        click.echo(
            f"surveysim: nothing in {out} tells `surveysim estimate` that {name!r} is a raked weight, whose errors it would take for those "
            "of a plain one: such files have no labels. A name with 'raked' in it tells.",
            err=True,
        )
    if as_json:
        facts = {"iterations": found.iterations, "max_gap": found.max_gap, "rescaled": found.rescaled}
        click.echo(_json(report, {"files": files_written} | facts))
        return
    click.echo(_text(report, by))
    click.echo(f"\n{found.summary()}\nThe file with the column {name!r} is {' and '.join(files_written)}.")


@weights.command("diagnose")
@_DATA
@click.option("--weight", help="Column of the weights.")
@click.option("--base", help="Column of the weights before adjustment.")
@_MARGINS
@_BY
@shared(RAKING, READING)
@json_option
def weights_diagnose(data, weight, base, margins, by, as_json, **options):
    """What the weights of DATA do: design effect, effective n, extreme weights, and margins, bounds and trims where they are given."""
    from ..weighting import diagnose

    if weight is None:
        raise click.UsageError("--weight is needed: the column of the weights.")
    file, table, given, weight = _read(data, margins, by, weight, options)
    if base is not None:
        base = _put(table, base, "base", file)
    report = diagnose(
        table,
        weight,
        None if given is None else given.targets,
        base=base,
        by=by,
        missing=options["missing"],
        bounds=options["bounds"],
        trim=options["trim"],
        tol=options["tol"],
    )
    click.echo(_json(report, {}) if as_json else _text(report, by))


def _read(data, margins, by, weight, options):
    """The file, a table of what weighting needs of it, its `Margins`, or None, and the name of the weights in the table."""
    import pandas as pd

    file, given = read_file(data, options, margins), None
    if margins is None:
        refuse_unused(("missing", "population", "rescale", "by"), "is for margins; give them with --margins")
    else:
        given = read_margins(file, margins, by, options)
    table = pd.DataFrame({} if given is None else given.table, index=range(len(file)))
    return file, table, given, None if weight is None else _put(table, weight, "weight", file)


def _put(table, column, part, file):
    """Add a column of numbers; its name, which is its own unless it is a raking variable, or the weight, too."""
    name = column if column not in table.columns else f"{column} ({part})"
    table[name] = file.numbers(column)
    return name


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
