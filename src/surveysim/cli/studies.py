"""The commands `surveysim study …` and `surveysim config …`."""

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import click

from ..display import csv_text, short
from ..errors import SpecError, SurveysimError
from ..writing import write_text
from .options import FILE, folder_option, json_option, one_of, refuse_unused
from .writing import announce, answer, estimates_text, folder, pages, report_language, save


@click.group()
def study() -> None:
    """Monte Carlo studies: run, resume and extend them, look at what they found."""


_FILE = click.argument("file", type=FILE)
_SET = click.option(
    "--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a key, such as study.repetitions=50."
)


def _absolute(context, parameter, path):
    """A path as it is now: what runs in between may change the working directory."""
    return None if path is None else path.absolute()


_LEDGER = folder_option("Folder of the study's ledger.", required=True, callback=_absolute)


@study.command("run")
@_FILE
@_LEDGER
@_SET
@one_of(
    "--executor",
    ["threads", "processes"],
    "threads",
    "threads share this process: a repetition that ends it, or eats its memory, ends the run (the next one goes on from there), and "
    "one that blocks beyond study.timeout is left behind. processes: each of these is a failed repetition, the others are kept.",
)
@click.option("--workers", type=click.IntRange(min=1), help="Threads or processes; one per core unless given.")
@click.option("--block", type=click.IntRange(min=1), help="Repetitions a worker takes at a time.")
@click.option("--dry-run", is_flag=True, help="Say what there is to do and how much disk it needs; runs nothing.")
@click.option(
    "--trial", is_flag=True, help="With --dry-run: carry out a few repetitions to say also how long the rest takes."
)
@json_option
def study_run(
    file: Path,
    out: Path,
    changes: tuple[str, ...],
    dry_run: bool,
    trial: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Run the study of FILE, or what is missing of it; performance.csv is written beside the ledger.

    The only command that runs the code of methods with `call` (also with --trial): run files of people you trust.
    """
    from ..study import Study

    made = Study.from_toml(file, changes)
    if not dry_run:
        refuse_unused(("trial",), "is for --dry-run")
    else:
        with contextlib.redirect_stdout(sys.stderr):
            found = made.dry_run(out, how["workers"], trial)
        answer(as_json, found, lambda: _dry_run_text(found))
        return
    folder(out)
    announce()
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what estimators print is no result
            result = made.run(out, **how)
    except KeyboardInterrupt:
        table = made.status(out)
        click.echo(
            f"surveysim: interrupted; {table['done'].sum():,} of {table['wanted'].sum():,} repetitions are kept in {out}. "
            "The same command goes on from there.",
            err=True,
        )
        sys.exit(130)
    table = result.performance()
    write_text(out / "performance.csv", csv_text(table))
    answer(as_json, table, result.summary)
    if not as_json:
        click.echo(f"Performance is in {out / 'performance.csv'}; `surveysim study report {file} -o {out}` draws it.")
    if len(result.failures):
        click.echo(
            f"surveysim: {len(result.failures)} failures; the first: {short(result.failures['message'].iloc[0])}",
            err=True,
        )
        sys.exit(3)


def _dry_run_text(found):
    """The plan of a study in two lines."""
    first = f"{found['scenarios']} scenarios, {found['repetitions']:,} repetitions to do"
    disk = f"{found['bytes'] / 2**20:,.1f} MB of disk in all"
    if found["seconds"] is None:
        return f"{first}\n{disk}; --trial carries out a few repetitions and says how long the rest takes"
    hours, minutes = divmod(found["seconds"] / 60, 60)
    each = 1000 * found["seconds_per_repetition"]
    return (
        f"{first} at {each:,.1f} ms each\nabout {hours:.0f} h {minutes:.1f} min with {found['workers']} workers, {disk}"
    )


@study.command("status")
@_FILE
@_LEDGER
@_SET
@json_option
def study_status(file: Path, out: Path, changes: tuple[str, ...], as_json: bool) -> None:
    """How much of the study is done; runs nothing, no code of estimators either."""
    from ..study import Study

    table = Study.from_toml(file, changes).status(out)
    answer(as_json, table, lambda: table.to_string(index=False))
    if as_json:
        return
    for fault in table.attrs["faults"]:
        click.echo(f"surveysim: {fault}", err=True)
    click.echo("a process is running it" if table.attrs["running"] else "no process is running it")


@study.command("report")
@_FILE
@_LEDGER
@_SET
@report_language
@click.option(
    "--to",
    type=FILE,
    callback=_absolute,
    help="The page; report.html in the ledger's folder unless given.",
)
def study_report(file: Path, out: Path, changes: tuple[str, ...], lang: str, to: Path | None) -> None:
    """Write the HTML report of what is done so far; runs no code of estimators."""
    from ..study import Study

    result = Study.from_toml(file, changes).result(out)
    written = [str(result.report(path, language)) for path, language in pages(to or out / "report.html", lang)]
    click.echo(f"The report is {' and '.join(written)}. Open it in a browser.")


@study.command("replay")
@_FILE
@click.argument("scenario")
@click.argument("repetition", type=click.IntRange(min=0))
@_LEDGER
@_SET
@report_language
def study_replay(file: Path, scenario: str, repetition: int, out: Path, changes: tuple[str, ...], lang: str) -> None:
    """Carry out one REPETITION of a SCENARIO again and write it to the folder as `run` does."""
    from ..study import Study
    from ..survey import SurveyRun

    made = Study.from_toml(file, changes)
    folder(out)
    result = made.replay(
        int(scenario) if scenario.isdecimal() and scenario not in made.scenarios else scenario, repetition
    )
    if isinstance(result, SurveyRun):
        click.echo(estimates_text(save(result, out, lang)))
    else:
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "sample.csv", csv_text(result[0], number=None))
    click.echo(f"\nRepetition {repetition} of {scenario!r} is in {out}.")


@click.group()
def config() -> None:
    """Specification files: check them, show them whole, print their schema."""


@config.command("check")
@_FILE
@_SET
def config_check(file: Path, changes: tuple[str, ...]) -> None:
    """Check a survey's or a study's FILE (a TOML file or a preset), and plan it: every mistake is one line, with its path.

    Provinces have their names. Runs no code of the study's estimators.
    """
    click.echo(f"{file}: {_read_config(file, changes, planned=True)[0]}")


@config.command("show")
@_FILE
@_SET
def config_show(file: Path, changes: tuple[str, ...]) -> None:
    """Print every key of FILE (a TOML file or a preset) with its value, defaults and what it extends included, as TOML."""
    from ..keys import toml

    click.echo(toml(_read_config(file, changes)[1]), nl=False)


@config.command("schema")
@click.argument(
    "kind", type=click.Choice(["survey", "study", "table-study", "country", "country-study"]), default="study"
)
def config_schema(kind: str) -> None:
    """Print the JSON Schema of a kind of file, for editors and for other programs."""
    from ..study.country_spec import schemas

    click.echo(json.dumps(schemas()[kind], ensure_ascii=False, indent=1))


def _read_config(file: Path, changes: tuple[str, ...], planned: bool = False) -> tuple[str, dict[str, Any]]:
    """(a line that says what the file is, its keys with all defaults); `planned`, after its samples were planned."""
    from ..study.spec import is_study
    from ..survey.checking import valid
    from ..survey.layers import read
    from ..survey.spec import kind_of

    keys = read(file, changes)
    if is_study(keys):
        from ..study import Study

        made = Study.from_toml(file, changes)
        if planned:
            made.check()
        return repr(made).strip("<>"), made.spec.model_dump(exclude_none=True)
    spec = valid(kind_of(keys), keys, str(file))
    if planned:
        announce()
        try:
            spec.prepare()
        except SurveysimError as error:
            raise SpecError(f"{file}: {error}") from None
    return f"a survey of {spec.sample.interviews:,} interviews", spec.model_dump(exclude_none=True)
