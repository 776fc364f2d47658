"""The options that commands share: each declared once, so that what one command can be told, the others can be told too."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError
from ..files.kinds import KINDS, TEXT
from ..naming import matching, parted, unquoted

if TYPE_CHECKING:
    from ..files.data_file import DataFile
    from .design import Roles


class Finite(click.FloatRange):
    """A number in a range, and no nan or inf."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is no finite number.", param, ctx)
        return number


class Share(click.ParamType):
    """A share, written 0.0066 or 0.66%; `least` is what it can sensibly be."""

    name = "share"

    def __init__(self, least: float | None = None) -> None:
        self.least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            share = float(value[:-1]) / 100 if str(value).endswith("%") else float(value)
        except ValueError:
            self.fail(f"{value!r} is no share; write 0.0066 or 0.66%.", param, ctx)
        if self.least is not None and 0 < share < self.least:
            self.fail(f"{value!r} is {100 * share:g} %; give at least {100 * self.least:g} %.", param, ctx)
        return share


FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
json_option = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
level_option = click.option(
    "--level", type=Share(least=0.5), default="95%", show_default=True, help="Confidence level."
)
population_option = click.option("--population", type=float, help="Persons, for the finite population correction.")
estimates_option = click.option("-o", "--out", type=FILE, help="Write a .csv, .parquet or .xlsx file.")


def defaulted(name: str, kind: Any, default: Any, text: str | None = None) -> Callable[[Any], Any]:
    """An option with a default, which its help shows."""
    return click.option(name, type=kind, default=default, show_default=True, help=text)


def one_of(
    name: str, choices: Sequence[str], default: str | None = None, text: str | None = None
) -> Callable[[Any], Any]:
    """An option that is one of some words."""
    return click.option(name, type=click.Choice(choices), default=default, show_default=default is not None, help=text)


def language_option(text: str) -> Callable[[Any], Any]:
    """The language of what a command writes."""
    return one_of("--lang", ["en", "zh"], "en", text)


def seed_option(default: int, text: str = "Seed of sampling and fieldwork.") -> Callable[[Any], Any]:
    return defaulted("--seed", click.IntRange(min=0), default, text)


def folder_option(text: str, **more: Any) -> Callable[[Any], Any]:
    """The folder that a command writes to."""
    return click.option("-o", "--out", type=FOLDER, help=text, **more)


# How a file is read.
READING = (
    click.option("--sheet", help="Sheet of an Excel file; the first unless given."),
    click.option(
        "--header-row",
        type=click.IntRange(min=1),
        help="Row of a CSV or Excel file with the names, from 1; rows above are left out. The first unless given; in margins it is found.",
    ),
    click.option("--encoding", help="Encoding of a CSV, SPSS or Stata file, such as gb18030; UTF-8 or the file's own unless given."),
    click.option(
        "--na",
        multiple=True,
        metavar="COLUMN=CODES",
        help='Codes or labels that mean missing, such as educ=9,99; once for each column. Quote names with signs: \'"a=b"=9\'.',
    ),
)  # fmt: skip

# How weights are raked to the margins of a file.
RAKING = (
    one_of(
        "--missing",
        ["fail", "drop", "level"],
        "fail",
        "Rows that miss a raking variable: refuse them, take their weight away, or give them a level of their own.",
    ),
    click.option(
        "--population", type=Finite(min=0, min_open=True), help="What raked weights sum to, for margins in shares."
    ),
    click.option("--rescale", help="Margin that the others follow where sums disagree, such as sex or sex*age; in percent all go to 100."),
    click.option(
        "--reconcile",
        type=Finite(min=0),
        metavar="CHANGE",
        help="Fit margins that disagree to those before them; refuse a total that changes by more than CHANGE, such as 0.02.",
    ),
    one_of("--closest", ["least_squares", "minimax"], text="Where not all totals can be met: the closest ones, and what is missed."),
    click.option("--bounds", type=float, nargs=2, help="Least and most raked weight over initial weight."),
    click.option("--trim", type=float, nargs=2, help="Least and most raked weight as multiples of the mean weight."),
    defaulted("--tol", float, 1e-9, "Largest relative gap of a weighted total to its target."),
)  # fmt: skip

# Replicate weights that came with the file.
REPLICATE_WEIGHTS = (
    click.option(
        "--replicate-weights",
        metavar="COLUMNS",
        help="Columns of replicate weights that came with the file, such as 'PWGTP*' or rw1,rw2; the column of --weight is none of them.",
    ),
    click.option("--replicate-factors", metavar="COLUMNS", help="The same as factors, which multiply the weights."),
    one_of(
        "--replicate-kind",
        ["jk1", "jk2", "jkn", "brr", "fay", "bootstrap", "sdr"],
        text="How they were made, which gives their scale; jkn needs --rscales, fay --rho.",
    ),
    click.option("--scale", type=float, help="The variance is scale times the sum of rscales times squared deviations."),
    click.option("--rscales", help="One number for all replicates, one for each (0.9,0.8,…), or a file with a number in every line."),
    click.option("--rho", type=float, help="Fay's factor, 0.5 where half of the weight stays."),
    click.option(
        "--mse/--no-mse", default=None, help="Deviations from the full sample's estimate, or from the replicates' mean (default)."
    ),
)  # fmt: skip

RAKED = "Raked to"  # what the label of a raked weight begins with
PARTITIONS = "Column of partitions, each with its own margins (a column of the margins file too)."


def shared(*lists: Iterable[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    """A decorator that gives a command all options of the lists."""

    def decorate(command):
        for option in reversed([option for options in lists for option in options]):
            command = option(command)
        return command

    return decorate


def refuse_unused(options: Iterable[Any], why: str) -> None:
    """Refuse options that were given and would do nothing; they are decorators, or names."""
    ctx = click.get_current_context()
    for option in options:
        (known,) = (
            vars(option(lambda: None))["__click_params__"]
            if callable(option)
            else [p for p in ctx.command.params if p.name == option]
        )
        if ctx.get_parameter_source(known.name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{known.opts[0]}: {why}.")


def read_file(path: Path, options: Mapping[str, Any], margins: Path | None = None) -> "DataFile":
    """The survey file of a command, its `--na` codes missing; `margins` is the margins file, which has the same encoding."""
    from .. import files

    kind, binary = path.suffix.lower(), (".parquet", ".xlsx")
    those = {"sheet": [".xlsx"], "header_row": [*TEXT, ".xlsx"], "encoding": [k for k in KINDS if k not in binary]}
    for name, kinds in those.items():
        if kind in KINDS and kind not in kinds and (name != "encoding" or margins is None):
            refuse_unused((name,), f"is for {', '.join(kinds)} files, and {path} is none")
    file = files.read(path, options["sheet"], options["encoding"], options["header_row"])
    return file.declared(missing_codes(file, options["na"]))


def missing_codes(file: "DataFile", given: Iterable[str]) -> dict[str, list[str]]:
    """{column: codes} from texts such as educ=9,99."""
    found = {}
    for text in given:
        name, *rest = parted(text, "=")
        while rest and unquoted(name) not in file.columns:  # a name may have the sign in it
            more = f"{name}={rest[0]}"
            if not any(column.startswith(more) for column in file.columns):
                break
            name, rest = more, rest[1:]
        codes = [unquoted(code) for code in parted("=".join(rest), ",")]
        if not rest or not any(codes):
            raise click.UsageError(f"--na {text!r}: write COLUMN=CODE,CODE, such as educ=9,99.")
        found.setdefault(unquoted(name), []).extend(code for code in codes if code)
    return found


@dataclass(frozen=True)
class Margins:
    """The margins file of a command, with what `rake` is to make of it.

    Attributes
    ----------
    path : of the file. targets : tidy table. reading : "totals" or "shares". by : column of partitions, or None.
    table : {column: values} of the raking variables in the data, codes or labels, whichever the margins have.
    options : keywords of `rake`.
    """

    path: Path
    targets: Any
    reading: str
    by: str | None
    table: dict
    options: dict

    @property
    def variables(self) -> list[str]:
        """The margins by their names, sex or sex*age."""
        return ["*".join(v) if isinstance(v, tuple) else v for v in dict.fromkeys(self.targets["variable"])]


def read_margins(file: "DataFile", path: Path, by: str | None, options: Mapping[str, Any]) -> Margins:
    """The `Margins` of a command by its options."""
    from .. import files

    targets, reading = files.read_margins(
        path,
        by,
        encoding=options["encoding"],
        data=file,
        rescale=options["rescale"] is not None or options["reconcile"] is not None,
    )
    targets, reading = _blown_up(targets, reading, options["population"], by, path)
    keywords = {
        "margins_are": reading,
        "missing": options["missing"],
        "bounds": options["bounds"],
        "trim": options["trim"],
        "reconcile": options["reconcile"],
        "closest": options["closest"],
        "tol": options["tol"],
        "rescale": _rescaled(options["rescale"], targets, path),
    }
    if by is not None:
        keywords["by"] = by
    return Margins(path, targets, reading, by, _raking_table(file, targets, by), keywords)


def _rescaled(name, targets, path):
    """The margin that others follow, as the margins table names it."""
    if name is None:
        return None
    known = {"*".join(v) if isinstance(v, tuple) else v: v for v in targets["variable"]}
    if name not in known:
        raise DataError(f"--rescale {name!r}: {path} has no such margin; there are {', '.join(known)}.")
    return known[name]


def _blown_up(targets, reading, population, by, path):
    """Margins in shares as totals of a known population; as they are without one."""
    if population is None:
        return targets, reading
    if reading != "shares":
        raise DataError(f"{path}: --population is for margins in percent or shares; these are totals.")
    if by is not None:
        raise DataError("--population cannot be split among the levels of --by; give totals in the margins file.")
    scale = targets.groupby("variable", sort=False)["total"].transform("sum")
    return targets.assign(total=targets["total"] / scale * population), "totals"


def _raking_table(file, targets, by):
    """Columns of a file that margins name, as text: codes or labels, whichever the margins have."""
    wanted = {}
    for variable, level in zip(targets["variable"], targets["level"], strict=True):
        pairs = zip(variable, level, strict=True) if isinstance(variable, tuple) else [(variable, level)]
        for name, one in pairs:
            wanted.setdefault(name, set()).add(one)
    if by is not None:
        wanted[by] = set(targets[by])
    return {name: file.named(name, levels) for name, levels in wanted.items()}


def is_marked(weight: str, label: str = "") -> bool:
    """Whether the name or the label of a weight says that `weights rake` made it."""
    return label.startswith(RAKED) or "raked" in weight.lower()


def say_if_raked(file: "DataFile", weight: str) -> None:
    """Say that errors ignore the raking of a weight that `weights rake` made, as its label or its name tells."""
    label = str(file.labels.get(weight, ""))
    if is_marked(weight, label):
        click.echo(
            f"surveysim: {weight!r} is a raked weight{f' ({label})' if label else ''}, taken as it is: standard errors ignore the raking. "
            "For those of the raked estimator give the initial weights, and the margins with --rake.",
            err=True,
        )


def brought_weights(
    file: "DataFile", roles: "Roles", taken: Collection[str], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Keywords of `Survey` for replicate weights that came with the file; `taken` are columns that are none of them."""
    given = [name for name in ("replicate_weights", "replicate_factors") if options[name]]
    if not given:
        if any(options[name] is not None for name in ("replicate_kind", "scale", "rscales")):
            raise click.UsageError(
                "--replicate-kind, --scale and --rscales are for --replicate-weights or --replicate-factors."
            )
        return {}
    if len(given) > 1:
        raise click.UsageError("give --replicate-weights or --replicate-factors.")
    names = []
    for part in parted(options[given[0]], ","):
        found = [name for name in matching(unquoted(part.strip()), file.columns) if name not in taken]
        if not found:
            raise DataError(
                f"{file.path}: no column is called {part.strip()!r} (--{given[0].replace('_', '-')}); columns are "
                f"{', '.join(file.columns[:12])}{' …' if file.columns[12:] else ''}."
            )
        names += [name for name in found if name not in names]
    if len(names) < 2:
        raise DataError(f"{file.path}: only {names[0]!r} matches {options[given[0]]!r}; replicates are two at least.")
    columns = [roles.put("replicate", name, partial(file.numbers, name)) for name in names]
    found = {
        given[0]: columns,
        "mse": bool(options["mse"]),
        "replicate_kind": options["replicate_kind"],
        "rho": options["rho"],
    }
    if options["scale"] is not None:
        found["scale"] = options["scale"]
    if options["rscales"] is not None:
        found["rscales"] = _rscales(options["rscales"])
    return found


def _rscales(text):
    """A number, or one for each replicate, from a text or a file."""
    if Path(text).is_file():
        text = ",".join(Path(text).read_text(encoding="utf-8-sig").split())
    try:
        numbers = [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise click.UsageError(
            f"--rscales {text[:60]!r}: write numbers separated by commas, or give a file of numbers."
        ) from None
    return numbers[0] if len(numbers) == 1 else numbers
