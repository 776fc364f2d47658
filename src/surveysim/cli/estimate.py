"""The command `surveysim estimate`."""

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from ..errors import DataError, SurveysimError
from ..naming import columns_in, crossed_in, quoted
from .options import (
    FILE,
    PARTITIONS,
    RAKING,
    READING,
    REPLICATE_WEIGHTS,
    Share,
    brought_weights,
    defaulted,
    estimates_option,
    json_option,
    one_of,
    read_file,
    read_margins,
    refuse_unused,
    say_if_raked,
    seed_option,
    shared,
)
from .writing import answer, apart, shown


def _many(name, text):
    return click.option(f"--{name}", multiple=True, help=text)


@click.command()
@click.argument("data", type=FILE)
@_many("mean", "Numeric column whose mean is wanted; give the option once for each.")
@_many("total", "Numeric column whose total is wanted.")
@_many("proportion", "Column whose levels' proportions are wanted.")
@_many("ratio", "Two numeric columns, NUM/DEN.")
@_many("quantile", "Numeric column and share, COLUMN:0.5.")
@click.option("--weight", help="Column of weights.")
@click.option(
    "--strata",
    help="Column of strata, or several joined by * for their combinations; several stages separated by commas.",
)
@click.option("--psu", help="Column of primary sampling units, likewise.")
@click.option("--fpc", help="Column of population counts or sampling fractions; several stages separated by commas.")
@click.option("--nest", is_flag=True, help="PSU labels repeat across strata.")
@one_of(
    "--lonely-psu",
    ["fail", "certainty", "remove", "adjust", "average"],
    "fail",
    "What a stratum with one PSU does.",
)
@click.option(
    "--rake",
    "--margins",
    "rake",
    type=FILE,
    help="Margins file: rake the weights first, so that errors are those of raked estimates.",
)
@click.option("--rake-by", help=f"{PARTITIONS} Columns of --by that the margins file has are partitions too.")
@click.option(
    "--by", help="Columns whose combinations are domains, separated by commas; names with commas in double quotes."
)
@click.option("--where", multiple=True, help="Subpopulation, such as age>=60 or sex=female; all that are given hold.")
@one_of("--replicates", ["jk1", "jkn", "brr", "fay", "rao-wu", "sdr"], text="Errors by replicates.")
@click.option("--n", "--count", "n", type=click.IntRange(min=2), help="How many replicates, for rao-wu and sdr.")
@seed_option(1, "Seed of rao-wu replicates.")
@shared(REPLICATE_WEIGHTS)
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
    where: tuple[str, ...],
    replicates: str | None,
    **options: Any,
) -> None:
    """Means, totals, proportions, ratios and quantiles of DATA, with design-based errors and intervals."""
    import numpy as np
    import pandas as pd

    from ..estimation.conditions import holds
    from ..files import write_table

    wanted = [(what, y) for what in ("mean", "total", "proportion", "ratio", "quantile") for y in options[what]]
    if not wanted:
        raise click.UsageError("nothing to estimate: give --mean, --total, --proportion, --ratio or --quantile.")
    if out is not None and out.suffix.lower() not in (".csv", ".parquet", ".xlsx"):
        raise DataError(f"{out}: estimates are written as .csv, .parquet or .xlsx.")
    apart((data, options["rake"]), (out,))
    if options["rake"] is None:
        refuse_unused((*RAKING, "rake_by"), "without --rake, there is nothing to rake to")
    _refuse_idle(options, replicates)
    file = read_file(data, options, options["rake"])
    options |= {"wanted": wanted, "domains": columns_in(by, file, "--by") if by is not None else []}
    survey, asked, domains = _survey(file, Roles(), options)
    if where:
        survey = survey.where(np.logical_and.reduce([holds(file, text, "--where") for text in where]))
    if replicates is not None:
        rho = options["rho"] if replicates == "fay" else None
        seed = options["seed"] if replicates == "rao-wu" else None
        survey = survey.replicates(replicates, n=options["n"], seed=seed, rho=rho, mse=bool(options["mse"]))
    found = [_one(survey, what, columns, share, domains, options) for what, _, columns, share in asked]
    table = pd.concat([e.to_frame() for e in found], ignore_index=True)
    table["variable"] = [y for e, (_, y, _, _) in zip(found, asked, strict=True) for _ in range(len(e))]
    table["domain"] = [text.replace(" (levels)", "") for text in table["domain"]]
    if options["percent"]:
        table = _in_percent(table)
    if out is not None:
        write_table(table, out)
    told = table.loc[:, [c for c in table.columns if not (table[c].isna().all() or (table[c] == "").all())]]
    answer(as_json, table, lambda: shown(told, ",.5g"))
    if out is not None and not as_json:
        click.echo(f"\nThe estimates are in {out}.")


def _refuse_idle(options, replicates):
    """Refuse options that would change nothing of what is estimated, and intervals that do not exist."""
    from ..inference.intervals import METHODS

    if options["ci"] not in METHODS:
        raise click.UsageError(f"--ci {options['ci']!r}: give one of {', '.join(METHODS)}.")
    if not options["proportion"]:
        refuse_unused(("ci", "percent"), "is for proportions, and none is asked for; add --proportion")
    if not (options["strata"] and options["psu"]):
        refuse_unused(("nest",), "is for labels of --psu that repeat across --strata, and both are not given")
    if not (options["strata"] or options["psu"]):
        refuse_unused(("lonely_psu",), "is for strata and sampling units, and none are given; add --strata or --psu")
    if not any(options[what] for what in ("mean", "total", "proportion", "ratio")):
        refuse_unused(("deff",), "is for means, totals, proportions and ratios, and none is asked for")
    brought = bool(options["replicate_weights"] or options["replicate_factors"])
    if brought:
        refuse_unused(
            ("strata", "psu", "fpc"), "is in the replicates that came with the file, which are the design; leave it out"
        )
    if replicates is None and not brought:
        refuse_unused(("mse",), "is for replicates; add --replicates, or --replicate-weights")
    if replicates != "fay" and not brought:
        refuse_unused(("rho",), "is Fay's factor; add --replicates fay, or --replicate-weights")
    if replicates != "rao-wu":
        refuse_unused(("seed",), "is for --replicates rao-wu, whose numbers alone are random")
    if replicates is None:
        refuse_unused(("n",), "is how many replicates are made; add --replicates rao-wu or sdr")


class Roles:
    """The table that is estimated from. A column has its own name, unless it plays two parts (a number here, a stratum there)."""

    def __init__(self) -> None:
        self.table, self._names = {}, {}

    def put(self, part: str, column: str, values: Callable[[], Any]) -> str:
        """Add a column in a part; the name it has in the table."""
        if (part, column) not in self._names:
            name = column if column not in self.table else f"{column} ({part})"
            self._names[part, column], self.table[name] = name, values()
        return self._names[part, column]


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


def _survey(file, roles, options):
    """The Survey of a file by the design options."""
    import pandas as pd

    from ..estimation import Survey

    given = None
    if options["rake"] is not None:  # first, so that messages about margins have the file's names
        given = read_margins(file, options["rake"], _partitions(options), options)
        roles.table |= given.table
    design: dict[str, Any] = {part: _stages(file, roles, part, options) for part in ("strata", "psu")}
    fpc = columns_in(options["fpc"], file, "--fpc") if options["fpc"] else []
    design["fpc"] = [roles.put("fpc", c, partial(file.numbers, c)) for c in fpc] or None
    weight = options["weight"]
    if weight and given is None and not options["replicate_weights"]:
        say_if_raked(file, weight)
    taken = {weight} if weight else set()
    weight = roles.put("weight", weight, partial(file.numbers, weight)) if weight else None
    design |= brought_weights(file, roles, taken, options)
    asked = [(what, y, *_wanted(file, roles, what, y)) for what, y in options["wanted"]]
    domains = [roles.put("levels", d, partial(file.levelled, d)) for d in options["domains"]]
    survey = Survey(
        pd.DataFrame(roles.table, index=range(len(file))),
        weight=weight,
        nest=options["nest"],
        lonely_psu=options["lonely_psu"],
        **design,
    )
    return survey if given is None else survey.rake(given.targets, **given.options), asked, domains


def _partitions(options):
    """The column of partitions: as said, or the one of the domains that the margins file has a column of."""
    if options["rake_by"] is not None or not options["domains"]:
        return options["rake_by"]
    from ..files.margins import margins_file

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they are told when the margins are read
        known = margins_file(options["rake"], encoding=options["encoding"]).columns
    found = [name for name in options["domains"] if name in known and name not in ("variable", "level")]
    return found[0] if found else None


def _stages(file, roles, part, options):
    """Columns of strata or sampling units, one per stage; several joined by * are one of their combinations."""
    if not options[part]:
        return None
    stages = crossed_in(options[part], file, f"--{part}")
    if part == "strata" and len(stages) > max(
        1, len(crossed_in(options["psu"], file, "--psu")) if options["psu"] else 1
    ):
        joined = [name for stage in stages for name in stage]
        click.echo(f"surveysim: strata are the combinations of {' and '.join(map(repr, joined))}.", err=True)
        stages = [tuple(joined)]
    return [roles.put(part, "*".join(stage), partial(_combined, file, stage)) for stage in stages]


def _combined(file, names):
    """Combinations of columns as text (n,), None where one of them is missing."""
    columns = [file.text(name) for name in names]
    if len(columns) == 1:
        return columns[0]
    rows = zip(*columns, strict=True)
    return [None if any(v is None for v in row) else ", ".join(map(quoted, row)) for row in rows]


def _one(survey, what, columns, share, by, options):
    """Estimates of one statistic."""
    told = {"by": by or None, "level": options["level"]}
    if what == "quantile":
        return survey.quantile(columns[0], share, **told)
    told["deff"] = options["deff"] or False
    if what == "proportion":
        return survey.proportion(columns[0], ci=options["ci"], **told)
    return survey.ratio(*columns, **told) if what == "ratio" else getattr(survey, what)(columns[0], **told)
