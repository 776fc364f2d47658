"""The command `surveysim tables`: from a file and what is wanted of it to the file a client gets."""

import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError, SpecError
from ..on_demand import Later
from .design import DESIGN, REPLICATES, SUBPOPULATION, designed, refuse_idle_design
from .options import FILE, RAKING, READING, REPLICATE_WEIGHTS, read_file, shared
from .writing import apart

# help is shown without them
checking, coding = Later(__package__, "..survey.checking"), Later(__package__, "..coding")
spelling = Later(__package__, "..files.spelling")

if TYPE_CHECKING:
    from ..analysis.tables.result import Tables
    from .table_spec import TablesSpec

KINDS = (".xlsx", ".html", ".docx", ".tex", ".md", ".csv")


@click.command()
@click.argument("data", type=FILE)
@click.option(
    "--spec",
    "spec_path",
    type=FILE,
    required=True,
    help="TOML file: title, questions, banners, percent, tests, rule, language, notes.",
)
@click.option(
    "-o",
    "--out",
    type=FILE,
    multiple=True,
    required=True,
    help=f"File to write, one of {', '.join(KINDS)}; once for each.",
)
@shared(DESIGN, SUBPOPULATION, REPLICATES, REPLICATE_WEIGHTS, RAKING, READING)
def tables(data: Path, spec_path: Path, out: tuple[Path, ...], **options: Any) -> None:
    """Tables of DATA to hand over: questions by banners, with bases, intervals, tests and letters of columns that differ."""
    from ..inference.publication import rules

    apart((data, spec_path, options["rake"]), out)
    for path in out:
        if path.suffix.lower() not in KINDS:
            raise DataError(f"{path}: tables are written as {', '.join(KINDS)}.")
    refuse_idle_design(options)
    spec = _spec(spec_path)
    if spec.rule:
        rules(list(spec.rule))  # refuses unknown ones before any work is done
    file = read_file(data, options, options["rake"])
    survey, (questions, banners, labels) = designed(file, options, partial(_columns, spec))
    made = survey.tables(questions, banners, labels=labels, **spec.settings())
    if spec.rule:
        made = made.publish(list(spec.rule), spec.complementary)
    for path in out:
        path.parent.mkdir(parents=True, exist_ok=True)
        _writer(made, spec, path)()
    click.echo(f"{made.summary()}: {', '.join(map(str, out))}")


def _spec(path: Path) -> "TablesSpec":
    """What a TOML file says; SpecError with all mistakes."""
    from .table_spec import TablesSpec

    try:
        keys = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: is no TOML file: {error}") from None
    return checking.valid(TablesSpec, keys, str(path))


def _columns(spec, file, roles, options):
    """Questions, banners and labels by the names of columns in the table."""
    del options
    labels: dict[str, str] = {}

    def put(name, numbers=False):
        """A column as levels with their labels, or as numbers; its label is the spec's, the file's, or its name."""
        part, values = ("numbers", file.numbers) if numbers else ("asked", file.column)
        found = roles.put(part, name, partial(values, name))
        labels[found] = spec.labels.get(name) or str(file.labels.get(name) or name)
        return found

    def asked(question):
        if isinstance(question, str):
            return put(question, file.is_numeric(question))
        keys = question.model_dump(exclude_none=True, exclude={"column", "columns", "counted"})
        if question.column is not None:
            numbers = question.kind == "mean" or (question.kind is None and file.is_numeric(question.column))
            return keys | {"column": put(question.column, numbers)}
        counted = question.counted
        if counted is None:
            return keys | {"columns": [put(name, not _truth(file, name)) for name in question.columns]}
        known = {
            label
            for name in question.columns
            for code, label in file.levels.get(name, {}).items()
            if code == spelling.spelt_as(counted)
        }
        return keys | {"columns": [put(name) for name in question.columns], "counted": next(iter(known), counted)}

    questions = [asked(question) for question in spec.questions]
    banners = [put(one) if isinstance(one, str) else tuple(map(put, one)) for one in spec.banners]
    unknown = [name for name in spec.labels if name not in file.columns]
    if unknown:
        file.values(unknown[0])  # its error says which column that is close to
    return questions, banners, labels


def _truth(file, name):
    return coding.truth_values(file.values(name))


def _writer(made: "Tables", spec: "TablesSpec", path: Path) -> Callable[[], Any]:
    """What writes the tables to a path, by its ending."""
    look = spec.look()
    return {
        ".xlsx": partial(made.to_excel, path, spec.sheets, **look),
        ".html": partial(made.to_html, path, **look),
        ".docx": partial(made.to_word, path, **look),
        ".tex": partial(made.to_latex, path, **look),
        ".md": partial(made.to_markdown, path, **look),
        ".csv": partial(made.to_csv, path),
    }[path.suffix.lower()]
