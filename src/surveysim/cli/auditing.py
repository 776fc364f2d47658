"""The commands `surveysim audit …`: what a published error statement implies, and what it leaves out."""

from pathlib import Path
from typing import Any

import click

from .options import (
    Finite,
    Share,
    defaulted,
    folder_option,
    json_option,
    language_option,
    level_option,
    population_option,
    seed_option,
)
from .writing import Stages, announce, answer, folder, progress_display, rows_of


@click.group(invoke_without_command=True)
@click.option(
    "--n",
    "sizes",
    type=click.IntRange(min=2),
    multiple=True,
    default=(22047, 54000, 60000),
    show_default=True,
    help="Interviews; may be given again. Tables are of the first.",
)
@defaulted("--deff", click.FloatRange(min=0, min_open=True), 1.0, "Design effect.")
@level_option
@defaulted(
    "--correlation", Finite(min=-1, max=1, min_open=True, max_open=True), 0.0, "Of estimates of the two surveys."
)
@defaulted("--repetitions", int, 0, "Of the modelled survey at every n, for its own margins.")
@folder_option("Folder for margins.csv, margins.svg, changes.csv, sizes.csv, verdict.csv.")
@click.option("--report", type=click.Path(path_type=Path), help="An HTML page of it all.")
@language_option("Language of the page, the drawing and the names.")
@json_option
@click.pass_context
def audit(
    context: click.Context,
    sizes: tuple[int, ...],
    deff: float,
    out: Path | None,
    report: Path | None,
    lang: str,
    as_json: bool,
    **given: Any,
) -> None:
    """Audit the 55th report: the margin of every published estimate, what ±0.66 points says at every sample size there may have been, which
    changes since 2023 can be told from zero."""
    if context.invoked_subcommand is not None:
        return
    from ..audit.whole import audited

    repetitions = given["repetitions"]
    if repetitions == 1 or repetitions < 0:
        raise click.UsageError(f"--repetitions {repetitions}: give 2 or more, or 0 to leave the modelled survey out.")
    for place in (out, report and report.parent):
        if place is not None:
            folder(place)
    announce()
    with progress_display() as progress:
        stages = Stages(progress)
        stages("margins", total=max(repetitions, 1) * len(set(sizes)))
        found = audited(sizes, deff, **given, progress=stages.advance)
        stages.done()
    if out is not None:
        found.save(out, lang)
    if report is not None:
        found.report(report, lang)
    rows = {name: rows_of(table) for name, table in found.tables.items()} | {"sentence": found.verdict.sentence(lang)}
    answer(as_json, rows, lambda: found.text(lang))
    if out is not None and not as_json:
        click.echo(f"\nmargins.csv, margins.svg, changes.csv, sizes.csv and verdict.csv are in {out}.")
    if report is not None and not as_json:
        click.echo(f"\nThe page is {report}.")


@audit.command("least")
@defaulted("--bound", click.FloatRange(min=0, min_open=True), 0.66, "Margin of error, in points.")
@click.option(
    "--between", type=int, nargs=2, default=(20_000, 100_000), show_default=True, help="Fewest and most interviews."
)
@defaulted("--repetitions", click.IntRange(min=2), 20, "Of each size on the way.")
@defaulted("--check", click.IntRange(min=2), 100, "Of the size that is found.")
@seed_option(1, "Seed of the studies.")
@json_option
def audit_least(bound: float, between: tuple[int, int], repetitions: int, check: int, seed: int, as_json: bool) -> None:
    """The least number of interviews at which a margin holds for every percentage of all netizens and of all residents."""
    from ..audit import least_sample

    announce()
    with progress_display() as progress:
        stages = Stages(progress)
        stages("sample sizes")
        found = least_sample(bound=bound, interviews=between, repetitions=repetitions, check=check, seed=seed)
        stages.done()
    given = {"interviews": found.interviews, "mcse": found.mcse, "bound": found.bound, "widest": found.widest}
    answer(as_json, given | {"check": rows_of(found.solution.check)}, found.summary)


@audit.command("statement")
@click.option("--moe", type=Share(), help="Published ± error, such as 0.66% or 0.0066.")
@click.option("--n", type=float, help="Interviews.")
@click.option("--deff", type=float, help="Design effect.")
@click.option(
    "--p", multiple=True, type=Share(), default=("50%",), show_default=True, help="Proportion; may be given again."
)
@level_option
@click.option("--df", type=float, help="Degrees of freedom; infinite unless given.")
@population_option
@json_option
def audit_statement(p: tuple[float, ...], as_json: bool, **stated: Any) -> None:
    """What a published ± error, sample size or design effect implies about the others, under every interval formula."""
    from ..audit import error_statement

    table = error_statement(p=list(p), **stated)
    if as_json:
        click.echo(table.to_json(orient="records", double_precision=12))
        return
    shown = table.assign(**{c: 100 * table[c] for c in ("p", "moe", "lower", "upper")})
    formats = {"n": "{:,.0f}".format, "deff": "{:.3f}".format, "effective_n": "{:,.0f}".format, "moe": "{:.3f}".format}
    click.echo(shown.to_string(index=False, formatters=formats, float_format=lambda v: f"{v:.2f}", na_rep="none"))
