"""The command `surveysim reproduce`: published results, made again."""

from pathlib import Path
from typing import Any

import click

from ..on_demand import Later
from .options import folder_option, json_option, seed_option
from .writing import Stages, announce, answer, folder, pages, progress_display, report_language, rows_of

running: Any = Later(__package__, "..published.running")


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@folder_option(
    "Folder for the results as they are done, results.csv, numbers.csv and report.html; the same command goes on."
)
@click.option("--all", "everything", is_flag=True, help="All results.")
@click.option("--full", is_flag=True, help="At full size, which takes hours; how long is said first.")
@seed_option(1)
@report_language
@json_option
def reproduce(
    names: tuple[str, ...], out: Path | None, everything: bool, seed: int, lang: str, as_json: bool, **how: Any
) -> None:
    """Make published results again and compare with what was printed; without a NAME, list them."""
    if names and everything:
        raise click.UsageError("--all are all of them; give names, or --all.")
    if not names and not everything:
        listed = [
            {"name": name, **{key: running.declared(name)[key] for key in ("title", "source")}}
            for name in running.names()
        ]
        answer(
            as_json,
            listed,
            lambda: "\n".join(f"{row['name']:<30} {row['title']}\n{'':<30} {row['source']}" for row in listed),
        )
        return
    asked = None if everything else names
    seconds = running.predicted(asked, seed=seed, out=out, **how)
    if out is not None:
        folder(out)
    click.echo(f"surveysim: about {_long(seconds)} on two cores", err=True)
    announce()
    with progress_display() as progress:
        stages = Stages(progress)
        stages("published results", total=len(running.names() if everything else set(names)))
        found = running.reproduce(asked, seed=seed, out=out, progress=stages.advance, **how)
        stages.done()
    answer(as_json, {"results": rows_of(found.results), "numbers": rows_of(found.table)}, found.summary)
    if out is not None:
        first, *more = pages(out / "report.html", lang)
        found.save(out, first[1])
        for path, language in more:
            found.report(path, language)
        if not as_json:
            click.echo(f"results.csv, numbers.csv and report.html are in {out}. Open the page in a browser.")


def _long(seconds):
    """A length of time as people say it."""
    return (
        f"{seconds:.0f} seconds"
        if seconds < 90
        else f"{seconds / 60:.0f} minutes"
        if seconds < 5400
        else f"{seconds / 3600:.1f} hours"
    )
