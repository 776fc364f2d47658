"""The command `surveysim waves`: changes between files of several waves."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from ..on_demand import Later
from .design import DESIGN, REPLICATES, SUBPOPULATION, designed, refuse_idle_design
from .estimate import BY, STATISTICS, asked_columns, estimated, refuse_kind, written
from .options import (
    READING,
    REPLICATE_WEIGHTS,
    Share,
    defaulted,
    estimates_option,
    json_option,
    one_of,
    read_file,
    shared,
)
from .writing import apart

conditions, combining = Later(__package__, "..estimation.conditions"), Later(__package__, "..estimation.waves")
naming, np, pd = (
    Later(__package__, "..naming"),
    Later(None, "numpy"),
    Later(None, "pandas"),
)  # help is shown without them

AFTER = {"rake": None, "rake_by": None, "where": (), "replicates": None}  # what is no wave's own


@click.command()
@click.option(
    "--wave",
    "given",
    multiple=True,
    required=True,
    help="Wave and its file, NAME=FILE; once for each, in the order of time.",
)
@one_of(
    "--overlap",
    ["none", "psu", "people"],
    "none",
    "What the waves share: sampling units with the same labels, or people with the same --person.",
)
@click.option("--person", help="Column of everybody's number, for --overlap people.")
@shared(STATISTICS, DESIGN[:-2], (BY,), SUBPOPULATION, REPLICATES, REPLICATE_WEIGHTS)
@click.option("--base", help="Wave that all others are compared with; without it each is compared with the one before.")
@click.option("--relative", is_flag=True, help="Changes as shares of the earlier estimate.")
@defaulted("--ci", str, "logit", "Interval of proportions.")
@defaulted("--level", Share(least=0.5), 0.95, "Confidence level.")
@estimates_option
@shared(READING)
@json_option
def waves(given: tuple[str, ...], out: Path | None, as_json: bool, by: str | None, **options: Any) -> None:
    """Estimates of every wave and their changes, with the covariance of what the waves share."""
    wanted = [(what, y) for what in ("mean", "total", "proportion", "ratio") for y in options[what]]
    if not wanted:
        raise click.UsageError("nothing to estimate: give --mean, --total, --proportion or --ratio.")
    files = _files(given)
    refuse_kind(out)
    apart(files.values(), (out,))
    refuse_idle_design(options)
    surveys, inside, asked, domains = {}, [], [], []
    for name, path in files.items():
        file = read_file(path, options | AFTER)
        mine = (
            options
            | AFTER
            | {"wanted": wanted, "domains": naming.columns_in(by, file, "--by") if by is not None else []}
        )
        surveys[name], (asked, domains) = designed(file, mine, partial(_columns, options["person"]))
        inside.append(
            np.logical_and.reduce(
                [np.ones(len(file), bool), *(conditions.holds(file, text, "--where") for text in options["where"])]
            )
        )
    overlap = None if options["overlap"] == "none" else options["overlap"]
    both = combining.combine(surveys, overlap, person=options["person"]).where(np.concatenate(inside))
    if (kind := options["replicates"]) is not None:
        rho, seed = options["rho"] if kind == "fay" else None, options["seed"] if kind == "rao-wu" else None
        both = both.replicates(kind, n=options["n"], seed=seed, rho=rho, mse=bool(options["mse"]))
    tables = []
    for what, y, columns, share in asked:
        levels = estimated(both, what, columns, share, ["wave", *domains], options)
        changes = levels.change(options["base"], options["relative"])
        tables += [part.to_frame().assign(variable=y) for part in (levels, changes)]
    written(pd.concat(tables, ignore_index=True), out, as_json)


def _columns(person, file, roles, options):
    """What is asked, with everybody's number where there is a column of it."""
    if person is not None:
        roles.put("person", person, partial(file.text, person))
    return asked_columns(file, roles, options)


def _files(given: tuple[str, ...]) -> dict[str, Path]:
    """The file of each wave."""
    found: dict[str, Path] = {}
    for text in given:
        name, sign, path = text.partition("=")
        if not sign or not name or not path or name in found:
            raise click.UsageError(
                f"--wave {text!r}: write NAME=FILE, such as 2024-12=december.sav, and each name once."
            )
        found[name] = Path(path)
    if len(found) < 2:
        raise click.UsageError("--wave: give two or more, one for each file.")
    return found
