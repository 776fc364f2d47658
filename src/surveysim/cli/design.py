"""What commands that estimate share: the options of weights, design and replicates, and the `Survey` they make of a file."""

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..naming import columns_in, crossed_in, quoted
from ..on_demand import Later
from .options import (
    FILE,
    PARTITIONS,
    RAKING,
    brought_weights,
    missing_codes,
    one_of,
    read_margins,
    refuse_unused,
    say_if_raked,
    seed_option,
)

margins, folders = (
    Later(__package__, "..files.margins"),
    Later(__package__, "..estimation.folders"),
)  # help is shown without
files, parts = Later(__package__, "..files"), Later(__package__, "..files.parts")

if TYPE_CHECKING:
    from ..estimation import Survey
    from ..files.data_file import DataFile

# Weights and design.
DESIGN = (
    click.option("--weight", help="Column of weights."),
    click.option(
        "--strata",
        help="Column of strata, or several joined by * for their combinations; several stages separated by commas.",
    ),
    click.option("--psu", help="Column of primary sampling units, likewise."),
    click.option("--fpc", help="Column of population counts or sampling fractions; several stages separated by commas."),
    click.option("--nest", is_flag=True, help="PSU labels repeat across strata."),
    one_of(
        "--lonely-psu",
        ["fail", "certainty", "remove", "adjust", "average"],
        "fail",
        "What a stratum with one PSU does.",
    ),
    click.option(
        "--rake",
        "--margins",
        "rake",
        type=FILE,
        help="Margins file: rake the weights first, so that errors are those of raked estimates.",
    ),
    click.option("--rake-by", help=f"{PARTITIONS} Columns of --by that the margins file has are partitions too."),
)  # fmt: skip

# Of whom estimates are.
SUBPOPULATION = (
    click.option(
        "--where", multiple=True, help="Subpopulation, such as age>=60 or sex=female; all that are given hold."
    ),
)

# Errors by replicates that are made.
REPLICATES = (
    one_of("--replicates", ["jk1", "jkn", "brr", "fay", "rao-wu", "sdr"], text="Errors by replicates."),
    click.option("--n", "--count", "n", type=click.IntRange(min=2), help="How many replicates, for rao-wu and sdr."),
    seed_option(1, "Seed of rao-wu replicates."),
)


def refuse_idle_design(options: dict[str, Any]) -> None:
    """Refuse options of these that would change nothing."""
    replicates = options["replicates"]
    if options.get("rake", True) is None:  # files of waves are raked before
        refuse_unused((*RAKING, "rake_by"), "without --rake, there is nothing to rake to")
    if not (options["strata"] and options["psu"]):
        refuse_unused(("nest",), "is for labels of --psu that repeat across --strata, and both are not given")
    if not (options["strata"] or options["psu"]):
        refuse_unused(("lonely_psu",), "is for strata and sampling units, and none are given; add --strata or --psu")
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


def designed(file: "DataFile", options: dict[str, Any], columns: Callable[..., Any]) -> tuple["Survey", Any]:
    """The Survey of a file by the options above, and what `columns(file, roles, options)` gave, which adds those that are asked for.

    options["survey"] makes the Survey of a file whose rows are sums of others."""
    import numpy as np
    import pandas as pd

    from ..estimation import Survey
    from ..estimation.conditions import holds

    given, roles = None, Roles()
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
    asked = columns(file, roles, options)
    survey = options.get("survey", Survey)(
        pd.DataFrame(roles.table, index=range(len(file))),
        weight=weight,
        nest=options["nest"],
        lonely_psu=options["lonely_psu"],
        **design,
    )
    survey = survey if given is None else survey.rake(given.targets, **given.options)
    if options["where"]:
        survey = survey.where(np.logical_and.reduce([holds(file, text, "--where") for text in options["where"]]))
    kind = options["replicates"]
    if kind is not None:
        rho, seed = options["rho"] if kind == "fay" else None, options["seed"] if kind == "rao-wu" else None
        survey = survey.replicates(kind, n=options["n"], seed=seed, rho=rho, mse=bool(options["mse"]))
    return survey, asked


def summed(data: Path, options: dict[str, Any]) -> "DataFile":
    """Sums of the rows of a folder of Parquet files, as a file from which `designed` estimates the same; options are changed to suit it.

    options["numbers"], options["levels"] : columns that are asked for, beside those of the design, the margins and `--where`.
    """
    source = parts.in_parts(data)
    head, keys = source.head(), list(options["levels"])
    if options["rake"] is not None:
        keys += read_margins(head, options["rake"], _partitions(options), options).table
    for part in ("strata", "psu"):
        keys += [
            name for stage in (crossed_in(options[part], head, f"--{part}") if options[part] else ()) for name in stage
        ]
    keys += columns_in(options["fpc"], head, "--fpc") if options["fpc"] else []
    levels, conditions = folders.conditions_of(options["where"], head.columns)
    sums = folders.sums_of(
        source,
        [*keys, *levels],
        options["numbers"],
        weight=options["weight"],
        own=not options["psu"],
        na={column: frozenset(codes) for column, codes in missing_codes(head, options["na"]).items()},
        conditions=conditions,
        progress=lambda text: click.echo(f"surveysim: {text}", err=True),
    )
    options["survey"], options["weight"] = sums.survey, options["weight"] or folders.WEIGHT
    options["where"] = [f"{quoted(text, '=<>!')}=True" if text in conditions else text for text in options["where"]]
    return files.DataFile(data, tuple(sums.table.columns), sums.table)


def _partitions(options):
    """The column of partitions: as said, or the one of the domains that the margins file has a column of."""
    if options["rake_by"] is not None or not options.get("domains"):
        return options["rake_by"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they are told when the margins are read
        known = margins.margins_file(options["rake"], encoding=options["encoding"]).columns
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
