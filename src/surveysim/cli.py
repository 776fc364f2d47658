"""The command `surveysim`: parse, call public functions, write. Results on stdout, progress and errors on stderr.

Exit codes: 0 done, 1 failed, 2 usage or bad input, 3 a study finished with failed repetitions, 130 interrupted (a study resumes).
"""

import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path

import click

from .errors import StudyError, SurveysimError

PRESET = "cnnic-2024-12"


class _Commands(click.Group):
    """Bad input ends with one message on stderr and exit code 2, not with a traceback."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except SurveysimError as error:
            click.echo(f"surveysim: {error}", err=True)
            ctx.exit(1 if isinstance(error, StudyError) else 2)
        except OSError as error:
            click.echo(f"surveysim: {error.filename or 'writing'}: {error.strerror or error}", err=True)
            ctx.exit(1)
        except KeyboardInterrupt:
            click.echo("surveysim: interrupted", err=True)
            ctx.exit(130)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="surveysim-dualframe", prog_name="surveysim")
def main():
    """Simulate a national dual-frame telephone survey and see how good it is."""
    for stream in (sys.stdout, sys.stderr):  # a pipe or an old terminal may not be UTF-8
        stream.reconfigure(errors="replace")


def _folder(path):
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


@contextlib.contextmanager
def _progress():
    """A rich progress display on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield progress


class _Stages:
    """One line of the progress display per stage; the first mention of a stage starts it and ends the one before."""

    def __init__(self, progress):
        self.progress, self.task = progress, None

    def __call__(self, text, total=1):
        self.done()
        self.task = self.progress.add_task(text, total=total)
        return self.task

    def advance(self, amount=1):
        self.progress.advance(self.task, amount)

    def done(self):
        if self.task is not None:
            total = self.progress.tasks[self.task].total
            self.progress.update(self.task, completed=total)


def _announce():
    """Say that the first run compiles, so that nobody thinks it hangs."""
    from .kernels.compiling import compiled_before

    if not compiled_before():
        click.echo("surveysim: compiling the kernels, once (half a minute); later runs start at once", err=True)


def _truth(result, stages):
    """Make sure the exact parameters are there; stream the population with progress where they are not."""
    pop = result.preparation.pop
    if pop.parameter_source != "shipped":
        stages("exact parameters, person by person", total=pop.size)
        pop.sums(progress=stages.advance)


def _estimates_text(table):
    """The comparison as plain text, one row per indicator."""
    from .report.html import number

    lines = [
        f"{'indicator':<36} {'unit':<10} {'published':>10} {'population':>10} {'estimate':>10} {'lower':>10} "
        f"{'upper':>10} {'moe':>8} {'deff':>5}"
    ]
    for row in table.itertuples():
        digits = 0 if row.unit == "10k persons" else 2
        values = [
            number(v, digits) for v in (row.published, row.parameter, row.estimate, row.lower, row.upper, row.moe)
        ]
        unit = {"percent": "%", "10k persons": "10k", "hours per week": "hours"}[row.unit]
        lines.append(
            f"{row.indicator_id:<36} {unit:<10} "
            + " ".join(f"{v:>10}" for v in values[:5])
            + f" {values[5]:>8} {number(row.deff, 2):>5}{'' if row.agrees else '  *'}"
        )
    rest = table[~table["agrees"]]
    if len(rest):
        lines += ["", f"* {len(rest)} population values differ from print by more than 0.15 points or 0.5 %, because:"]
        lines += [f"  {row.indicator_id}: {row.note or 'no reason known'}" for row in rest.itertuples()]
    return "\n".join(lines)


def _save(result, folder, lang, repetitions=None, cases=True):
    """Write the comparison, the interviews, the cases and the report, all or none; returns the comparison."""
    from .study.publish import performance_table

    table = result.comparison()
    folder.mkdir(parents=True, exist_ok=True)
    style = {"index": False, "lineterminator": "\n", "float_format": "%.10g", "encoding": "utf-8"}
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as temporary:
        part = Path(temporary)
        table.to_csv(part / "estimates.csv", **style)
        if cases:
            result.interviews.to_parquet(part / "interviews.parquet", index=False)
            result.cases.to_parquet(part / "cases.parquet", index=False)
            if result.case_file.history is not None:
                result.paradata().to_parquet(part / "paradata.parquet", index=False)
        if repetitions is not None:
            performance_table(repetitions).to_csv(part / "repetitions.csv", **style | {"index": True})
        result.report(part / "report.html", lang, repetitions)
        for path in sorted(part.iterdir()):
            if (folder / path.name).is_dir():
                raise IsADirectoryError(21, "is a folder, so the file cannot be written", str(folder / path.name))
        for path in sorted(part.iterdir()):
            os.replace(path, folder / path.name)
    return table


@main.command()
@click.option(
    "-o",
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("out/demo"),
    show_default=True,
    help="Folder for the tables and the report.",
)
@click.option(
    "--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of the report."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=7, show_default=True, help="Seed of sampling and fieldwork."
)
@click.option(
    "--repetitions",
    type=click.IntRange(min=2),
    default=200,
    show_default=True,
    help="Repetitions behind the coverage of the error statement.",
)
def demo(out, lang, seed, repetitions):
    """One complete national survey on real census facts, against the published report."""
    from .study import Study, SurveySpec

    _folder(out)
    spec = SurveySpec.preset(PRESET)
    _announce()
    with _progress() as progress:
        stages = _Stages(progress)
        result = spec.run(seed, record=False, progress=stages)
        _truth(result, stages)
        stages(f"{repetitions} repetitions", total=repetitions)
        changes = (f"study.repetitions={repetitions}", f"study.seed={seed}")
        repeated = Study(spec, changes=changes).run(progress=stages.advance)
        stages("report")
        table = _save(result, out, lang, repeated, cases=False)
        stages.done()
    click.echo(_estimates_text(table))
    click.echo("\n" + _verdict(result, repeated))
    click.echo(f"\nTables and report are in {out}. Open {out / 'report.html'} in a browser.")


def _verdict(result, repeated):
    """The error statement in a few lines."""
    from .study.publish import performance_table

    s, performance = result.error_statement(), performance_table(repeated)
    row, n = performance.loc["internet_penetration"], len(performance)
    low = performance[performance["cover"] + 2 * performance["cover_mcse"] < 95].sort_values("cover")
    lowest = f", lowest {low.index[0]} with {low['cover'].iloc[0]:.0f} %" if len(low) else ""
    verdict = ": no verdict" if repeated.repetitions < 1000 else ""
    failed = f"; {len(repeated.failures)} repetitions failed" if len(repeated.failures) else ""
    return "\n".join(
        [
            f"The report's error statement: ±0.66 points; {s['interviews']:,} interviews at deff 1 and p = 50 % give "
            f"±{s['nominal']:.2f}.",
            f"This survey: ±{s['moe']:.2f} for internet penetration of {s['estimate']:.1f} %; ±{s['largest']:.2f} for the widest rate "
            f"among all netizens ({s['largest_indicator']}), ±{s['largest_group']:.2f} in a subgroup ({s['largest_group_indicator']}).",
            f"Over {int(row['repetitions'])} repetitions the 95 % interval of penetration held the truth {row['cover']:.1f} % of the time "
            f"(Monte Carlo error ±{2 * row['cover_mcse']:.1f}{verdict}){failed}.",
            f"Bias {row['bias']:+.3f} ± {2 * row['bias_mcse']:.3f} points; standard error {row['empse']:.3f} over repetitions, "
            f"{row['modelse']:.3f} as estimated.",
            f"{len(low)} of {n} indicators cover less than 95 % by more than two Monte Carlo errors{lowest}: docs/survey.md says why.",
        ]
    )


@main.command()
@click.argument("spec")
@click.option(
    "-o", "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the results."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of sampling and fieldwork."
)
@click.option(
    "--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of the report."
)
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def run(spec, out, seed, lang, as_json):
    """Carry out the survey described in SPEC (a TOML file or a preset) once."""
    from .study import SurveySpec
    from .study.spec import presets

    survey = SurveySpec.preset(spec) if spec in presets() else SurveySpec.from_toml(spec)
    _folder(out)
    _announce()
    with _progress() as progress:
        stages = _Stages(progress)
        result = survey.run(seed, progress=stages)
        _truth(result, stages)
        stages("report")
        table = _save(result, out, lang)
        stages.done()
    if as_json:
        click.echo(table.to_json(orient="records", force_ascii=False))
        return
    click.echo(_estimates_text(table))
    click.echo(
        f"\n{result.weights.summary()}\nTables and report are in {out}. Open {out / 'report.html'} in a browser."
    )


# -------------------------------------------------------------------------------------------------------------- studies
@main.group()
def study():
    """Monte Carlo studies: run, resume and extend them, look at what they found."""


_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
_SET = click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a key, such as study.repetitions=50.")
_LEDGER = click.option(
    "-o", "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder of the study's ledger."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


@study.command("run")
@_FILE
@_LEDGER
@_SET
@click.option("--executor", type=click.Choice(["threads", "processes"]), default="threads", show_default=True)
@click.option("--workers", type=click.IntRange(min=1), help="Threads or processes; one per core unless given.")
@click.option("--block", type=click.IntRange(min=1), help="Repetitions a worker takes at a time.")
@click.option("--dry-run", is_flag=True, help="Say what there is to do, how long it takes and how much disk it needs.")
@_JSON
def study_run(file, out, changes, executor, workers, block, dry_run, as_json):
    """Run the study of FILE, or what is missing of it; performance.csv is written beside the ledger."""
    from .study import Study

    made = Study.from_toml(file, changes)
    if dry_run:
        found = made.dry_run(out, workers)
        click.echo(json.dumps(found) if as_json else _dry_run_text(found))
        return
    _folder(out)
    _announce()
    try:
        result = made.run(out, executor, workers, block=block)
    except KeyboardInterrupt:
        table = made.status(out)
        click.echo(
            f"surveysim: interrupted; {table['done'].sum():,} of {table['wanted'].sum():,} repetitions are kept in {out}. "
            "The same command goes on from there.",
            err=True,
        )
        sys.exit(130)
    table = result.performance()
    _write(out / "performance.csv", table.to_csv(index=False, lineterminator="\n", float_format="%.10g"))
    click.echo(table.to_json(orient="records", force_ascii=False) if as_json else result.summary())
    if not as_json:
        click.echo(f"Performance is in {out / 'performance.csv'}; `surveysim study report {file} -o {out}` draws it.")
    if len(result.failures):
        click.echo(f"surveysim: {len(result.failures)} failures; the first: {result.failures['message'].iloc[0]}", err=True)
        sys.exit(3)


def _write(path, text):
    """Write a file whole, or not at all."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8", newline="\n")
    os.replace(temporary, path)


def _dry_run_text(found):
    """The plan of a study in two lines."""
    hours, minutes = divmod(found["seconds"] / 60, 60)
    return (
        f"{found['scenarios']} scenarios, {found['repetitions']:,} repetitions to do at {1000 * found['seconds_per_repetition']:,.1f} ms each\n"
        f"about {hours:.0f} h {minutes:.1f} min with {found['workers']} workers, {found['bytes'] / 2**20:,.1f} MB of disk in all"
    )


@study.command("status")
@_FILE
@_LEDGER
@_SET
@_JSON
def study_status(file, out, changes, as_json):
    """How much of the study is done; runs nothing."""
    from .study import Study

    table = Study.from_toml(file, changes).status(out)
    if as_json:
        click.echo(table.to_json(orient="records", force_ascii=False))
        return
    click.echo(table.to_string(index=False))
    click.echo("a process is running it" if table.attrs["running"] else "no process is running it")


@study.command("report")
@_FILE
@_LEDGER
@_SET
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of the report.")
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="The page; report.html in the ledger's folder unless given.")
def study_report(file, out, changes, lang, to):
    """Write the HTML report of what is done so far."""
    from .study import Study

    path = Study.from_toml(file, changes).result(out).report(to or out / "report.html", lang)
    click.echo(f"The report is {path}. Open it in a browser.")


@study.command("replay")
@_FILE
@click.argument("scenario")
@click.argument("repetition", type=click.IntRange(min=0))
@_LEDGER
@_SET
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of the report.")
def study_replay(file, scenario, repetition, out, changes, lang):
    """Carry out one REPETITION of a SCENARIO again and write it to the folder as `run` does."""
    from .study import Study, SurveyRun

    made = Study.from_toml(file, changes)
    _folder(out)
    result = made.replay(int(scenario) if scenario.isdigit() and scenario not in made.scenarios else scenario, repetition)
    if isinstance(result, SurveyRun):
        click.echo(_estimates_text(_save(result, out, lang)))
    else:
        out.mkdir(parents=True, exist_ok=True)
        _write(out / "sample.csv", result[0].to_csv(index=False, lineterminator="\n"))
    click.echo(f"\nRepetition {repetition} of {scenario!r} is in {out}.")


@main.group()
def config():
    """Specification files: check them, show them whole, print their schema."""


@config.command("check")
@_FILE
@_SET
def config_check(file, changes):
    """Check a survey's or a study's file; every mistake is one line, with its path."""
    click.echo(f"{file}: {_read_config(file, changes)[0]}")


@config.command("show")
@_FILE
@_SET
def config_show(file, changes):
    """Print every key with its value, defaults and what the file extends included, as TOML."""
    from .study.study_spec import toml

    click.echo(toml(_read_config(file, changes)[1]), nl=False)


@config.command("schema")
@click.argument("kind", type=click.Choice(["survey", "study", "table-study"]), default="study")
def config_schema(kind):
    """Print the JSON Schema of a kind of file, for editors and for other programs."""
    from .study.study_spec import schemas

    click.echo(json.dumps(schemas()[kind], ensure_ascii=False, indent=1))


def _read_config(file, changes):
    """(a line that says what the file is, its keys with all defaults)."""
    from .study import Study, SurveySpec
    from .study.study_spec import is_study, read

    keys = read(file, changes)
    if is_study(keys):
        made = Study.from_toml(file, changes)
        return repr(made).strip("<>"), made.spec.model_dump(exclude_none=True)
    spec = SurveySpec._build(keys, str(file))
    return f"a survey of {spec.sample.interviews:,} interviews", spec.model_dump(exclude_none=True)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def info(as_json):
    """Versions, cores, the cache, and where each preset's exact parameters come from."""
    import platform
    from importlib.metadata import version

    from .population import Population
    from .population.parameters import cache_folder
    from .study import SurveySpec
    from .study.spec import presets

    facts = {
        "surveysim": version("surveysim-dualframe"),
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "scipy", "pandas", "numba", "pyarrow")},
        "cores": os.cpu_count(),
        "cache": str(cache_folder()),
        "presets": {},
    }
    for name in presets():
        pop = Population.china(**SurveySpec.preset(name).population.model_dump())
        facts["presets"][name] = {"fingerprint": pop.fingerprint, "parameters": pop.parameter_source}
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for name, value in facts.items():
        if name != "presets":
            click.echo(f"{name:<10} {value}")
    for name, preset in facts["presets"].items():
        click.echo(f"preset     {name}: population {preset['fingerprint']}, exact parameters {preset['parameters']}")


@main.command()
@click.option(
    "--live/--committed", default=True, show_default=True, help="Also run R survey, svy and samplics if installed."
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def validate(live, as_json):
    """Our numbers against other software, on this machine; ends with exit code 1 where one differs."""
    from .validation import CLOSE
    from .validation import validate as compare

    table = compare(live)
    missed = int((~table["ok"]).sum())
    if as_json:
        click.echo(table.to_json(orient="records", force_ascii=False))
    else:
        shown = table.assign(ok=["yes" if ok else "NO" for ok in table["ok"]])
        click.echo(shown.to_string(index=False, formatters={"difference": "{:.1e}".format}))
        click.echo(
            f"\n{len(table) - missed} of {len(table)} numbers from {table['source'].nunique()} sources agree to {CLOSE:g}."
        )
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
