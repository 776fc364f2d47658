"""The command `surveysim estimate`."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError, SurveysimError
from ..naming import columns_in
from ..on_demand import Later
from .design import DESIGN, REPLICATES, SUBPOPULATION, Roles, designed, refuse_idle_design, summed
from .options import (
    RAKING,
    READING,
    REPLICATE_WEIGHTS,
    Share,
    defaulted,
    estimates_option,
    json_option,
    one_of,
    read_file,
    refuse_unused,
    shared,
)
from .writing import answer, apart, shown

parts = Later(__package__, "..files.parts")  # help is shown without

if TYPE_CHECKING:
    import pandas as pd

    from ..estimation import Survey
    from ..files.data_file import DataFile
    from ..inference.estimates import Estimates


def _many(name, text):
    return click.option(f"--{name}", multiple=True, help=text)


STATISTICS = (
    _many("mean", "Numeric column whose mean is wanted; give the option once for each."),
    _many("total", "Numeric column whose total is wanted."),
    _many("proportion", "Column whose levels' proportions are wanted."),
    _many("ratio", "Two numeric columns, NUM/DEN."),
)
BY = click.option(
    "--by", help="Columns whose combinations are domains, separated by commas; names with commas in double quotes."
)


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@shared(STATISTICS)
@_many("quantile", "Numeric column and share, COLUMN:0.5.")
@shared(DESIGN, (BY,))
@shared(SUBPOPULATION, REPLICATES, REPLICATE_WEIGHTS)
@defaulted("--ci", str, "logit", "Interval of proportions.")
@defaulted("--level", Share(least=0.5), 0.95, "Confidence level.")
@one_of("--deff", ["wor", "wr"], text="Also the design effect.")
@estimates_option
@click.option("--percent", is_flag=True, help="Proportions, with their errors and intervals, in percent.")
@shared(RAKING, READING)
@json_option
def estimate(
    data: Path,
    out: Path | None,
    as_json: bool,
    by: str | None,
    **options: Any,
) -> None:
    """Means, totals, proportions, ratios and quantiles of DATA, with design-based errors and intervals.

    DATA may be a folder of Parquet files larger than memory: all but quantiles, in one pass.
    """
    import pandas as pd

    wanted = [(what, y) for what in ("mean", "total", "proportion", "ratio", "quantile") for y in options[what]]
    if not wanted:
        raise click.UsageError("nothing to estimate: give --mean, --total, --proportion, --ratio or --quantile.")
    refuse_kind(out)
    apart((data, options["rake"]), (out,))
    _refuse_idle(options)
    options["wanted"] = wanted
    file = _summed(data, by, options) if data.is_dir() else read_file(data, options, options["rake"])
    options["domains"] = columns_in(by, file, "--by") if by is not None else []
    survey, (asked, domains) = designed(file, options, asked_columns)
    found = [estimated(survey, what, columns, share, domains, options) for what, _, columns, share in asked]
    table = pd.concat([e.to_frame() for e in found], ignore_index=True)
    table["variable"] = [y for e, (_, y, _, _) in zip(found, asked, strict=True) for _ in range(len(e))]
    if options["percent"]:
        table = _in_percent(table)
    written(table, out, as_json)


def _summed(data, by, options):
    """The sums of a folder that are asked for."""
    why = f"is for a single file, and {data} is a folder"
    refuse_unused(("quantile", "deff", "trim", "closest", "reconcile", "sheet", "encoding", "header_row"), why)
    refuse_unused(("replicate_weights", "replicate_factors"), why)
    if options["psu"] is None:
        refuse_unused(("replicates",), f"needs --psu where {data} is a folder, whose rows are not kept")
    head = parts.in_parts(data).head()
    options["domains"] = columns_in(by, head, "--by") if by is not None else []
    asked, roles = [(what, _wanted(head, Roles(), what, y)[0]) for what, y in options["wanted"]], ("numbers", "levels")
    for role in roles:
        options[role] = [
            name for what, names in asked if (what == "proportion") == (role == "levels") for name in names
        ]
    options["levels"] += options["domains"]
    return summed(data, options)


def refuse_kind(out: Path | None) -> None:
    """Refuse a file that is no table."""
    if out is not None and out.suffix.lower() not in (".csv", ".parquet", ".xlsx"):
        raise DataError(f"{out}: estimates are written as .csv, .parquet or .xlsx.")


def written(table: "pd.DataFrame", out: Path | None, as_json: bool) -> None:
    """Write estimates, and print them without the columns that say nothing."""
    from ..files import write_table

    table = table.assign(domain=[text.replace(" (levels)", "") for text in table["domain"]])
    if out is not None:
        write_table(table, out)
    told = table.loc[:, [c for c in table.columns if not (table[c].isna().all() or (table[c] == "").all())]]
    answer(as_json, table, lambda: shown(told, ",.5g"))
    if out is not None and not as_json:
        click.echo(f"\nThe estimates are in {out}.")


def _refuse_idle(options):
    """Refuse options that would change nothing of what is estimated, and intervals that do not exist."""
    from ..inference.intervals import METHODS

    if options["ci"] not in METHODS:
        raise click.UsageError(f"--ci {options['ci']!r}: give one of {', '.join(METHODS)}.")
    if not options["proportion"]:
        refuse_unused(("ci", "percent"), "is for proportions, and none is asked for; add --proportion")
    if not any(options[what] for what in ("mean", "total", "proportion", "ratio")):
        refuse_unused(("deff",), "is for means, totals, proportions and ratios, and none is asked for")
    refuse_idle_design(options)


def asked_columns(file: "DataFile", roles: Roles, options: Mapping[str, Any]) -> tuple[list[Any], list[str]]:
    """What is asked, and the domains, by their names in the table."""
    asked = [(what, y, *_wanted(file, roles, what, y)) for what, y in options["wanted"]]
    return asked, [roles.put("levels", d, partial(file.levelled, d)) for d in options["domains"]]


def _wanted(file, roles, what, y):
    """Names, in the table, of the columns of one statistic, and its share where it is a quantile."""
    if what == "proportion":
        name = columns_in(y, file, "--proportion", sign="")[0]
        return [roles.put("levels", name, partial(file.levelled, name))], None
    if what == "ratio":
        names = columns_in(y, file, "--ratio", sign="/") if "/" in y else []
        if len(names) != 2:
            raise click.UsageError(f"{y!r}: write NUM/DEN.")
        return [roles.put("numbers", c, partial(file.numbers, c)) for c in names], None
    column, share = _halves(y, ":", "COLUMN:0.5") if what == "quantile" else (y, None)
    column = columns_in(column, file, f"--{what}", sign="")[0]
    try:
        return [roles.put("numbers", column, partial(file.numbers, column))], None if share is None else float(share)
    except ValueError as error:
        if isinstance(error, SurveysimError):
            raise
        raise click.UsageError(f"--quantile {y!r}: {share!r} is no number.") from None


def _in_percent(table):
    """Proportions in percent, which their statistic says."""
    at = table["statistic"] == "proportion"
    numbers = ["estimate", "se", "lower", "upper", "moe"]
    table = table.astype(dict.fromkeys(numbers, float))
    table.loc[at, numbers] *= 100
    return table.assign(statistic=table["statistic"].where(~at, "percent"))


def _halves(text, sign, form):
    left, found, right = text.rpartition(sign)
    if not found or not left or not right:
        raise click.UsageError(f"{text!r}: write {form}.")
    return left, right


def estimated(
    survey: "Survey",
    what: str,
    columns: Sequence[str],
    share: float | None,
    by: Sequence[str],
    options: Mapping[str, Any],
) -> "Estimates":
    """Estimates of one statistic."""
    told: dict[str, Any] = {"by": by or None, "level": options["level"]}
    if what == "quantile" and share is not None:
        return survey.quantile(columns[0], share, **told)
    told["deff"] = options.get("deff") or False
    if what == "proportion":
        return survey.proportion(columns[0], ci=options["ci"], **told)
    return (
        survey.ratio(columns[0], columns[1], **told) if what == "ratio" else getattr(survey, what)(columns[0], **told)
    )
