"""What commands share: folders, progress, and the files of one survey."""

import contextlib
import json
import math
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..display import csv_text, guarded
from ..writing import flushed, write_text
from .options import one_of

if TYPE_CHECKING:
    import pandas as pd
    from rich.progress import Progress, TaskID

    from ..study.results import StudyResult
    from ..survey.budget import ErrorBudget
    from ..survey.run import SurveyRun


def answer(as_json: bool, found: Any, text: Callable[[], str]) -> None:
    """Print what a command found, a table or plain facts: as JSON, or as the text that `text` makes when it is called."""
    if not as_json:
        click.echo(text())
    else:
        click.echo(json.dumps(rows_of(found) if hasattr(found, "columns") else found, ensure_ascii=False))


def rows_of(table: "pd.DataFrame") -> list[dict[str, Any]]:
    """The rows of a table as values that JSON has: numbers with all their digits (pandas rounds to ten decimals), gaps as null."""
    columns = {str(name): [plain(value) for value in table[name]] for name in table.columns}
    return [dict(zip(columns, row)) for row in zip(*columns.values())]


def plain(value: Any) -> Any:
    """A value as JSON has it: tables as lists of rows, numbers of numpy as Python's, what is no number as null."""
    if hasattr(value, "columns"):
        return rows_of(value)
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(plain(one) for one in value)
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, str | bool | int) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return None if value != value else str(value)


def shown(table: "pd.DataFrame", number: str, **options: Any) -> str:
    """A table for a terminal; numbers have the form of `number`, such as ",.4g"."""
    return table.to_string(index=False, float_format=lambda v: format(v, number), **options)


def folder(path: Path) -> None:
    """Make sure a folder can be made and written to, before any work is done; it is made when there is something to write."""
    existing = next(p for p in (path, *path.absolute().parents) if p.exists())
    if not existing.is_dir():
        raise click.UsageError(
            f"{path}: the output folder is not writable ({existing} is a file). Choose another with -o."
        )
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise click.UsageError(
            f"{path}: the output folder is not writable ({error.strerror}). Choose another with -o."
        ) from None


def apart(inputs: Iterable[Path | None], outputs: Iterable[Path | None]) -> None:
    """Refuse a file to write that is one of those that are read, or another one to write, before any work is done."""
    read = [p for p in inputs if p is not None]
    write = [p for p in outputs if p is not None]
    for k, path in enumerate(write):
        if any(path.resolve() == other.resolve() for other in read):
            raise click.UsageError(
                f"{path}: is read and would be written over; give another name, so that nothing is lost."
            )
        if any(path.resolve() == other.resolve() for other in write[:k]):
            raise click.UsageError(f"{path}: is to be written twice; give another name.")


def say_if_guarded(table: "pd.DataFrame", path: Path) -> None:
    """Say where a CSV table of ours has an apostrophe that its text had not."""
    names = [str(name) for name in table.columns if _guards([name, *table[name]])]
    if names:
        click.echo(
            f"surveysim: {path}: text that begins like a formula has an apostrophe in front ({', '.join(names)}).",
            err=True,
        )


def _guards(values):
    texts = [v for v in values if isinstance(v, str)]
    return guarded(texts) != texts


@contextlib.contextmanager
def progress_display() -> "Iterator[Progress]":
    """A rich progress display on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield progress


class Stages:
    """One line of the progress display per stage; the first mention of a stage starts it and ends the one before."""

    def __init__(self, progress: "Progress") -> None:
        self.progress = progress
        self.task: TaskID | None = None

    def __call__(self, text: str, total: int = 1) -> "TaskID":
        self.done()
        self.task = self.progress.add_task(text, total=total)
        return self.task

    def advance(self, amount: int = 1) -> None:
        if self.task is not None:
            self.progress.advance(self.task, amount)

    def done(self) -> None:
        if self.task is not None:
            total = self.progress.tasks[self.task].total
            self.progress.update(self.task, completed=total)


def announce() -> None:
    """Say that the first run compiles, so that nobody thinks it hangs."""
    from ..kernels.compiling import compiled_before

    if not compiled_before():
        click.echo("surveysim: compiling the kernels, once (half a minute); later runs start at once", err=True)


def truth(result: "SurveyRun", stages: Stages) -> None:
    """Make sure the exact parameters are there; stream the population with progress where they are not."""
    pop = result.preparation.pop
    if pop.parameter_source not in ("shipped", "made"):
        stages("exact parameters, person by person", total=pop.size)
        pop.sums(progress=stages.advance)


def estimates_text(table: "pd.DataFrame") -> str:
    """The comparison as plain text, one row per indicator."""
    from ..report.html import number

    lines = [
        f"{'indicator':<36} {'unit':<10} {'published':>10} {'population':>10} {'estimate':>10} {'lower':>10} "
        f"{'upper':>10} {'moe':>8} {'deff':>5}"
    ]
    for row in table.itertuples():
        digits = 0 if row.unit in ("10k persons", "persons") else 2
        values = [
            number(v, digits) for v in (row.published, row.parameter, row.estimate, row.lower, row.upper, row.moe)
        ]
        unit = {"percent": "%", "10k persons": "10k", "hours per week": "hours"}.get(str(row.unit), str(row.unit))
        lines.append(
            f"{row.indicator_id:<36} {unit:<10} "
            + " ".join(f"{v:>10}" for v in values[:5])
            + f" {values[5]:>8} {number(row.deff, 2):>5}{'' if getattr(row, 'agrees', True) else '  *'}"
        )
    rest = table[~table["agrees"]] if "agrees" in table else table[:0]
    if len(rest):
        lines += ["", f"* {len(rest)} population values differ from print by more than 0.15 points or 0.5 %, because:"]
        lines += [f"  {row.indicator_id}: {row.note or 'no reason known'}" for row in rest.itertuples()]
    return "\n".join(lines)


# The option of commands that write a report.
report_language = one_of(
    "--lang",
    ["en", "zh", "both"],
    "en",
    "Language of report.html; both writes it in English, and in Chinese as report-zh.html. The folder of a survey that was run "
    "has the page in the other language in any case, so that none has to be run again for it.",
)


def pages(path: Path, lang: str) -> list[tuple[Path, str]]:
    """(path, language) of every page to write."""
    if lang != "both":
        return [(path, lang)]
    return [(path, "en"), (path.with_name(f"{path.stem}-zh{path.suffix}"), "zh")]


def save(
    result: "SurveyRun",
    folder: Path,
    lang: str,
    repetitions: "StudyResult | None" = None,
    budget: "ErrorBudget | None" = None,
    cases: bool = True,
) -> "pd.DataFrame":
    """Write the comparison, the interviews, the cases and the report in both languages, all or none; returns the comparison."""
    from ..judging.verdicts import performance_table

    table = result.comparison()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as temporary:
        part = Path(temporary)
        write_text(part / "estimates.csv", csv_text(table))
        if cases:
            for name, kept in result.tables().items():
                kept.to_parquet(part / f"{name}.parquet", index=False)
        if repetitions is not None:
            write_text(part / "repetitions.csv", csv_text(performance_table(repetitions), index=True))
        first, other = ("zh", "en") if lang == "zh" else ("en", "zh")
        result.report(part / "report.html", first, repetitions, budget)
        result.report(part / f"report-{other}.html", other, repetitions, budget)
        for path in sorted(part.iterdir()):
            if (folder / path.name).is_dir():
                raise IsADirectoryError(21, "is a folder, so the file cannot be written", str(folder / path.name))
        for path in sorted(part.iterdir()):
            flushed(path)
            os.replace(path, folder / path.name)
        (folder / f"report-{first}.html").unlink(missing_ok=True)  # of an earlier run
        flushed(folder)
    return table
