"""The commands `surveysim audit …`: what a published error statement implies, and what it leaves out."""

from pathlib import Path

import click

from ..display import csv_text
from ..writing import write_text
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
@language_option("Language of the drawing and of the names.")
@json_option
@click.pass_context
def audit(
    context: click.Context,
    sizes: tuple[int, ...],
    deff: float,
    level: float,
    correlation: float,
    repetitions: int,
    out: Path | None,
    lang: str,
    as_json: bool,
) -> None:
    """Audit the 55th report: the margin of every published estimate, what ±0.66 points says at every sample size there may have been, which
    changes since 2023 can be told from zero."""
    if context.invoked_subcommand is not None:
        return
    from ..audit import change_verdict, published_changes, published_margins, published_sizes

    if repetitions == 1 or repetitions < 0:
        raise click.UsageError(f"--repetitions {repetitions}: give 2 or more, or 0 to leave the modelled survey out.")
    if out is not None:
        folder(out)
    announce()
    tables, (n, *_) = {}, sizes
    with progress_display() as progress:
        stages = Stages(progress)
        for size in dict.fromkeys(sizes):
            what = f"the modelled survey of {size:,}" if repetitions else f"margins of {size:,}"
            stages(what, total=max(repetitions, 1))
            tables[size] = published_margins(size, deff, level=level, repetitions=repetitions, progress=stages.advance)
        margins = tables[n]
        changes = published_changes(n, deff, level=level, correlation=correlation, margins=margins)
        verdict = change_verdict(sizes, deff, level=level, margins=tables if repetitions else None)
        found = {"margins": margins, "changes": changes, "sizes": published_sizes(margins=tables, level=level)}
        found["verdict"] = verdict.table
        stages.done()
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for name, table in found.items():
            write_text(out / f"{name}.csv", csv_text(table, number="%.6g"))
        _draw(margins, out / "margins.svg", lang)
    rows = {name: rows_of(table) for name, table in found.items()} | {"sentence": verdict.sentence(lang)}
    shown = {name: _named(table, lang) for name, table in found.items()}
    answer(as_json, rows, lambda: f"{_text(shown, n, deff, level)}\n\n{verdict.sentence(lang)}")
    if out is not None and not as_json:
        click.echo(f"\nmargins.csv, margins.svg, changes.csv, sizes.csv and verdict.csv are in {out}.")


def _draw(margins, path, lang):
    """The margins by size of the domain as an SVG file, the same bytes each time."""
    import io
    import warnings

    import matplotlib as mpl

    from ..audit import plot_margins

    # text stays text, so that whoever reads it sees Chinese by fonts of their own where this machine has none
    with mpl.rc_context({"svg.hashsalt": "surveysim", "svg.fonttype": "none"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")
        figure, text = plot_margins(margins, lang).figure, io.StringIO()
        figure.set_facecolor("white")
        figure.savefig(text, format="svg", metadata={"Date": None})
    write_text(path, text.getvalue())


def _named(table, lang):
    """The table with the indicators' names of the report where they are asked for in Chinese."""
    if lang != "zh":
        return table
    from .. import reference

    names = reference.published()["name_zh"]
    columns = [c for c in table.columns if c.endswith(("indicator_id", "_indicator"))]
    return table.assign(**{c: table[c].map(names) for c in columns})


def _text(found, n, deff, level):
    """The tables for a terminal, and what they come to."""
    import pandas as pd

    margins, changes = found["margins"], found["changes"]
    used = "design" if "design_moe" in margins else "simple"
    wide = margins["design_moe" if used == "design" else "moe"] / margins["stated"]
    have = margins[margins["moe"].notna()].assign(ratio=wide)
    columns = [
        "indicator_id",
        "unit",
        "published",
        "respondents",
        "stated",
        "moe",
        *(["design_moe", "design_mcse"] if used == "design" else []),
    ]
    shown = have[[*columns, "ratio"]].copy()
    shown["respondents"] = shown["respondents"].round(0).astype(int)
    whose = "the modelled survey" if used == "design" else f"a simple random sample of {n:,.0f}, deff {deff:g}"
    verdicts = changes[
        [
            "indicator_id",
            "unit",
            "before",
            "now",
            "change",
            f"moe_{used}",
            f"p_{used}",
            f"holm_{used}",
            f"verdict_{used}",
        ]
    ]
    sure, open_ = ((changes[f"verdict_{used}"] == word).sum() for word in ("yes", "rounding"))

    def table(frame):
        chances = {c: "{:.4f}".format for c in frame.columns if c.startswith(("p_", "holm_"))}
        few = {c: "{:.3g}".format for c in ("ratio", "moe", "design_mcse") if c in frame}
        with pd.option_context("display.unicode.east_asian_width", True):
            return frame.to_string(index=False, formatters=chances | few, float_format=lambda v: f"{v:,.6g}", na_rep="")

    return (
        f"Margins of error, {100 * level:g} %; ratio: margin of {whose}, over what the statement of ±0.66 points says\n{table(shown)}\n\n"
        f"{(have['ratio'] > 1).sum()} of {len(have)} estimates have a larger margin than stated, up to {have['ratio'].max():.1f} "
        "times it.\n\n"
        f"Changes since December 2023, two independent surveys, errors of {whose}, Holm's adjustment in each family\n"
        f"{table(verdicts)}\n\n"
        f"{sure} of {len(changes)} changes can be told from zero; {open_} more depend on digits that were not printed.\n\n"
        "The report prints no sample size. Margins at every n, of the percentages of all netizens or residents (rates) and of groups, and "
        f"how many are wider than stated\n{table(_sizes(found['sizes']))}"
    )


def _sizes(sizes):
    """The table of sizes as a terminal shows it."""
    names = [
        "n",
        "errors",
        "penetration",
        "widest",
        "widest_mcse",
        "widest_indicator",
        "widest_group",
        "widest_group_indicator",
    ]
    shown = sizes[names].round(3)
    for column, of in (("wide", "rates"), ("wide_groups", "group_rates"), ("wide_estimates", "estimates")):
        shown[column] = [f"{k} of {n}" for k, n in zip(sizes[column], sizes[of], strict=True)]
    return shown


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
def audit_statement(
    moe: float | None,
    n: float | None,
    deff: float | None,
    p: tuple[float, ...],
    level: float,
    df: float | None,
    population: float | None,
    as_json: bool,
) -> None:
    """What a published ± error, sample size or design effect implies about the others, under every interval formula."""
    from ..audit import error_statement

    table = error_statement(moe, n, deff, p=list(p), level=level, df=df, population=population)
    if as_json:
        click.echo(table.to_json(orient="records", double_precision=12))
        return
    shown = table.assign(**{c: 100 * table[c] for c in ("p", "moe", "lower", "upper")})
    formats = {"n": "{:,.0f}".format, "deff": "{:.3f}".format, "effective_n": "{:,.0f}".format, "moe": "{:.3f}".format}
    click.echo(shown.to_string(index=False, formatters=formats, float_format=lambda v: f"{v:.2f}", na_rep="none"))
