"""The commands `surveysim weights …`: weights for a survey file, and what weights do to it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..display import csv_text
from ..errors import SurveysimError
from ..files.kinds import LABELLED
from ..on_demand import Later
from ..writing import write_text
from .options import (
    FILE,
    PARTITIONS,
    RAKED,
    RAKING,
    READING,
    Margins,
    defaulted,
    is_marked,
    json_option,
    language_option,
    missing_codes,
    read_file,
    read_margins,
    refuse_unused,
    shared,
)
from .writing import answer, apart, folder, plain, rows_of, say_if_guarded, shown

weighting, weights_page, parts, dataset = (
    Later(__package__, "..weighting"),
    Later(__package__, "..report.weights_page"),
    Later(__package__, "..files.parts"),
    Later(__package__, "..weighting.folders"),
)  # help is shown without

if TYPE_CHECKING:
    import pandas as pd

    from ..files import DataFile

_DATA = click.argument("data", type=FILE)
_MARGINS = click.option(
    "--margins",
    type=FILE,
    help="File with the columns variable, level and total, percent or share; a crossed margin is sex*age, female*60+.",
)
_BY = click.option("--by", "--rake-by", help=PARTITIONS)
_PAGE = click.option(
    "--report", type=FILE, help="Write a page of the weighting: margins, weights, pictures, in one HTML file."
)
MOST = 10  # rows of what a step changed, and levels of what it found, that are printed


@click.group()
def weights() -> None:
    """Weights for a survey file: CSV, Parquet, SPSS (.sav), Stata (.dta) or Excel (.xlsx)."""


@weights.command("rake")
@click.argument("data", type=click.Path(path_type=Path))
@_MARGINS
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="The file with the weights added, in the kind its name ends with; for a folder a folder.",
)
@click.option("--weight", help="Column of initial weights; 1 unless given.")
@_BY
@defaulted("--name", str, "raked_weight", "Name of the new column.")
@click.option("--diagnostics", type=FILE, help="Write the margins, before and after, to a CSV file.")
@_PAGE
@language_option("Language of the page.")
@shared(RAKING, READING)
@json_option
def weights_rake(
    data: Path,
    margins: Path | None,
    out: Path,
    by: str | None,
    name: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Rake the weights of DATA to margins and write the file back with them, labels kept.

    DATA may be a folder of Parquet files larger than memory, which are raked together and written to the folder of -o.
    """
    if margins is None:
        raise click.UsageError("--margins is needed: what the weights are raked to.")
    if data.is_dir():
        _rake_folder(data, margins, out, by, name, as_json, options)
        return
    if out.is_dir():
        raise click.UsageError(f"{out}: is a folder; name the file to write.")
    diagnostics, page = options["diagnostics"], options["report"]
    _refuse_language(page)
    apart((data, margins), (out, diagnostics, page))
    file, table, given, base = _read(data, margins, by, options)
    assert given is not None  # as margins were
    found = weighting.rake(table, given.targets, weight=base, **given.options)
    report = weighting.diagnose(
        table, found, given.targets, base=base, by=by, missing=options["missing"], tol=options["tol"]
    )
    files_written = [str(file.write(out, {name: (found.weight, f"{RAKED} {', '.join(given.variables)}")}))]
    if diagnostics is not None:
        write_text(diagnostics, csv_text(report.margins))
        say_if_guarded(report.margins, diagnostics)
        files_written.append(str(diagnostics))
    if page is not None:
        names = {"file": data.name, "column": name, "initial": options["weight"] or ""}
        files_written.append(str(weights_page.write_weights_report(found, report, page, names, options["lang"])))
    _say_if_unmarked(out, name)
    facts = {"iterations": found.iterations, "max_gap": found.max_gap, "rescaled": found.rescaled}
    where = f"The file with the column {name!r} is {' and '.join(files_written)}."
    told = _facts(report, {"files": files_written} | facts)
    answer(as_json, told, lambda: f"{_text(report, by)}\n\n{found.summary()}\n{where}")


def _rake_folder(data, margins, out, by, name, as_json, options):
    """`weights rake` of a folder."""
    why = f"is for a single file, and {data} is a folder"
    refuse_unused(("report", "lang", "trim", "closest", "reconcile", "sheet", "encoding", "header_row"), why)
    apart((margins,), (options["diagnostics"],))
    if options["diagnostics"] is not None:
        folder(options["diagnostics"].parent)
    head = parts.in_parts(data).head()
    given = read_margins(head, margins, by, options)
    na = {column: frozenset(codes) for column, codes in missing_codes(head, options["na"]).items()}
    keywords = {k: v for k, v in given.options.items() if k not in ("trim", "closest", "reconcile")}
    told: dict[str, Any] = {"weight": options["weight"], "name": name, "na": na}
    found = dataset.rake_folder(
        data, given.targets, out, progress=lambda text: click.echo(f"surveysim: {text}", err=True), **told, **keywords
    )
    if options["diagnostics"] is not None:
        write_text(options["diagnostics"], csv_text(found.margins))
    table = found.margins.drop(columns=[] if by else ["partition"])
    facts = {k: v for k, v in vars(found).items() if k not in ("path", "margins")}
    answer(
        as_json,
        {"files_written": str(out)} | facts | {"margins": rows_of(found.margins)},
        lambda: f"{found.summary()}\n\n{shown(table, ',.6g')}\n\nThe files with the column {name!r} are in {out}.",
    )


@weights.command("apply")
@click.argument("recipe", type=FILE)
@_DATA
@click.option(
    "-o",
    "--out",
    type=FILE,
    help="The file with the weights added, in the kind its name ends with; nothing is written unless given.",
)
@click.option("--weight", help="Column of the weights to start from, where no step brings its own; 1 unless given.")
@click.option("--name", help="Name of the new column; that of the last step unless given.")
@click.option("--steps", is_flag=True, help="Also a column for every step before the last.")
@click.option(
    "--dispositions", type=FILE, help="File of counts of numbers by class, for steps that ask for dispositions."
)
@_PAGE
@language_option("Language of the page.")
@shared(READING)
@json_option
def weights_apply(recipe: Path, data: Path, out: Path | None, name: str | None, as_json: bool, **options: Any) -> None:
    """Weight DATA by the steps of RECIPE, a TOML file, say what each step did, and write the file back with the weights."""
    from .. import files

    counts, page = options["dispositions"], options["report"]
    _refuse_language(page)
    if out is None:
        refuse_unused(("name", "steps"), "is for the file with the weights; name it with --out")
    apart((recipe, data, counts), (out, page))
    asked, file = weighting.Recipe.from_toml(recipe), read_file(data, options, counts)
    numbers = None if counts is None else files.read(counts, encoding=options["encoding"])
    try:
        found = asked.apply(file, numbers, options["weight"])
    except SurveysimError as error:
        raise type(error)(f"{recipe}: {error}") from None
    column, written = str(name or asked.steps[-1].name), []
    if out is not None:
        earlier = list(found.columns)[:-1] if options["steps"] else []
        added = {step: (found.columns[step], f"Weight after the step {step!r} of {recipe.name}") for step in earlier}
        written.append(str(file.write(out, added | {column: (found.final, _label(found, recipe))})))
        if found.calibrations:
            _say_if_unmarked(out, column)
    if page is not None:
        names = {"file": data.name, "column": column, "initial": options["weight"] or "", "recipe": recipe.name}
        written.append(
            str(weights_page.write_weights_report(found, weighting.diagnose(file, found), page, names, options["lang"]))
        )
    did = [{key: plain(value) for key, value in record.items()} for record in found.records]
    steps = [row | record for row, record in zip(rows_of(found.steps), did, strict=True)]
    where = [f"The weights {column!r} are in {' and '.join(written)}."] if written else []
    answer(as_json, {"files": written, "steps": steps}, lambda: "\n".join([_steps_text(found, did), *where]))


def _refuse_language(page):
    if page is None:
        refuse_unused(("lang",), "is the language of the page; ask for one with --report")


def _say_if_unmarked(out, name):
    if not (out.suffix.lower() in LABELLED or is_marked(name)):
        click.echo(
            f"surveysim: nothing in {out} tells `surveysim estimate` that {name!r} is a raked weight, whose errors it would take for those "
            "of a plain one: such files have no labels. A name with 'raked' in it tells.",
            err=True,
        )


def _label(found, recipe):
    """The label of a recipe's weights, which says what they were raked to."""
    if not found.calibrations:
        return f"Weight by {recipe.name}"
    return f"{RAKED} {', '.join(dict.fromkeys(map(str, found.margins['margin'])))} by {recipe.name}"


def _steps_text(found, did):
    """The weights after every step, and what the steps did, for a terminal."""
    lines = [shown(found.steps, ",.6g"), ""]
    for record in did:
        tables = {key: value for key, value in record.items() if isinstance(value, list)}
        facts = [_in_words(key, value) for key, value in record.items() if key not in ("step", *tables)]
        counted = [f"{key} {len(rows):,}" for key, rows in tables.items()]
        lines.append(f"{record['step']}: {', '.join([*facts, *counted]) or 'as asked'}")
        for rows in (rows for rows in tables.values() if rows):
            lines += ["  " + line for line in _table_text(rows)]
    return "\n".join(lines)


def _table_text(rows):
    """The first rows of what a step changed, and how many more there are."""
    import pandas as pd

    more = len(rows) - MOST
    lines = shown(pd.DataFrame(rows[:MOST]), ",.6g", na_rep="").split("\n")
    return [*lines, f"and {more:,} more, all with --json"] if more > 0 else lines


def _in_words(key, value):
    """A fact of a step, such as `theta Ohio 0.68; Texas 0.67`."""
    if isinstance(value, dict):
        levels = [_in_words(level, one) for level, one in list(value.items())[:MOST]]
        return f"{key} {'; '.join(levels)}{f' and {len(value) - MOST} more' if len(value) > MOST else ''}"
    told = " to ".join(f"{one:,.6g}" for one in value) if isinstance(value, tuple) else f"{value:,.6g}"
    return f"{key} {told}".strip()


@weights.command("diagnose")
@_DATA
@click.option("--weight", help="Column of the weights.")
@click.option("--base", help="Column of the weights before adjustment.")
@_MARGINS
@_BY
@shared(RAKING, READING)
@json_option
def weights_diagnose(
    data: Path,
    base: str | None,
    margins: Path | None,
    by: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """What the weights of DATA do: design effect, effective n, extreme weights, and margins, bounds and trims where they are given."""
    if options["weight"] is None:
        raise click.UsageError("--weight is needed: the column of the weights.")
    file, table, given, weight = _read(data, margins, by, options)
    assert weight is not None  # as the column was
    if base is not None:
        base = _put(table, base, "base", file)
    report = weighting.diagnose(
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
    answer(as_json, _facts(report, {}), lambda: _text(report, by))


def _read(
    data: Path, margins: Path | None, by: str | None, options: Mapping[str, Any]
) -> tuple["DataFile", "pd.DataFrame", Margins | None, str | None]:
    """The file, a table of what weighting needs of it, its `Margins`, or None, and the name of the weights in the table."""
    import pandas as pd

    file, given, weight = read_file(data, options, margins), None, options["weight"]
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
        margins = report.margins.drop(columns=[] if by else ["partition"])
        margins["gap"] = margins["gap"].round(6) + 0.0  # no -0.00
        margins = margins.drop(columns=[c for c in ("before",) if margins[c].isna().all()])
        lines += ["", "Shares in percent:", shown(margins, ",.2f", na_rep="")]
    lines += ["", "Largest weights:", shown(_extremes(report).rename(columns={"row": "data row"}), ",.4g")]
    return "\n".join(lines)


def _extremes(report):
    """The largest weights, with rows that count from 1."""
    return report.extremes.assign(row=report.extremes["row"] + 1)


def _facts(report, more):
    """The diagnosis as plain values."""
    return more | report.facts | {"margins": rows_of(report.margins), "extremes": rows_of(_extremes(report))}
