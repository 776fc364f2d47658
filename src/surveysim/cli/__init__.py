"""The command `surveysim`: parse, call public functions, write. Results on stdout, progress and errors on stderr.

Exit codes: 0 done, 1 failed, 2 usage or bad input, 3 a study finished with failed repetitions, 130 interrupted (a study resumes).
"""

import io
import os
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import click

from ..display import short
from ..errors import StudyError, SurveysimError, SurveysimWarning
from ..signals import interruptible
from .auditing import audit
from .estimate import estimate
from .options import defaulted, folder_option, json_option, seed_option
from .planning import plan
from .published import reproduce
from .registry import registry
from .studies import config, study
from .tables import tables
from .waves import waves
from .weights import weights
from .writing import Stages, announce, answer, estimates_text, folder, progress_display, report_language, save, truth

PRESET = "cnnic-2024-12"
FILE_COMMANDS = ("weights", "estimate", "tables", "waves", "plan")


class _Commands(click.Group):
    """Bad input ends with one message on stderr and exit code 2, not with a traceback; SIGTERM and a closed terminal are Ctrl-C."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with interruptible():
                return super().invoke(ctx)
        except SurveysimError as error:
            click.echo(f"surveysim: {_from_one(str(error))}", err=True)
            ctx.exit(1 if isinstance(error, StudyError) else 2)
        except OSError as error:
            click.echo(f"surveysim: {error.filename or 'writing'}: {error.strerror or error}", err=True)
            ctx.exit(1)
        except KeyboardInterrupt:
            click.echo("surveysim: interrupted", err=True)
            ctx.exit(130)


TRY = """\b
Three things to try:
  surveysim demo                  a national survey and its report, in two minutes
  surveysim weights rake --help   weights for your own file
  surveysim plan power --help     how many interviews you need
"""


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=TRY)
@click.version_option(package_name="surveysim-dualframe", prog_name="surveysim")
def main() -> None:
    """Simulate a national dual-frame telephone survey and see how good it is."""
    for stream in (sys.stdout, sys.stderr):  # a pipe or an old terminal may not be UTF-8
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    warnings.showwarning = _warn


# Rows of tables, but not those that are numbered as the file is, nor an option's value.
ROW = re.compile(r"""'[^']*'|"[^"]*"|(?<!data )(?<!-)\brow (\d+)\b(?! of the file)|\brows (\d+) and (\d+)""")


def _from_one(message):
    """A message with the rows of a file counted from 1, as a file's first row is for whoever looks into it; tables count from 0."""
    ctx = click.get_current_context(silent=True)
    if ctx is None or ctx.find_root().invoked_subcommand not in FILE_COMMANDS:
        return message
    return ROW.sub(_one_more, message)


def _one_more(found):
    numbers = [int(number) + 1 for number in found.groups() if number is not None]
    if not numbers:
        return found.group()  # something in quotes
    return f"data row {numbers[0]}" if len(numbers) == 1 else f"data rows {numbers[0]} and {numbers[1]}"


def _warn(message, category, *where, **more):
    """Warnings meant for users as one line on stderr; others as Python shows them."""
    if issubclass(category, SurveysimWarning):
        click.echo(f"surveysim: {_from_one(str(message))}", err=True)
    else:
        click.echo(warnings.formatwarning(short(message), category, *where[:2]), err=True, nl=False)


@main.command()
@folder_option("Folder for the tables and the report.", default=Path("out/demo"), show_default=True)
@report_language
@seed_option(7)
@defaulted("--repetitions", click.IntRange(min=2), 200, "Repetitions behind the coverage of the error statement.")
def demo(out: Path, lang: str, seed: int, repetitions: int) -> None:
    """One complete national survey on real census facts, against the published report."""
    from ..study import Study
    from ..survey import SurveySpec, error_budget

    folder(out)
    spec = SurveySpec.preset(PRESET)
    announce()
    with progress_display() as progress:
        stages = Stages(progress)
        result = spec.run(seed, record=False, progress=stages)
        truth(result, stages)
        stages(f"{repetitions} repetitions", total=repetitions)
        changes = (f"study.repetitions={repetitions}", f"study.seed={seed}")
        repeated = Study(spec, changes=changes).run(progress=stages.advance)
        stages("error budget", total=max(2, repetitions // 4))
        budget = error_budget(spec, max(2, repetitions // 4), seed, progress=stages.advance)
        stages("report")
        table = save(result, out, lang, repeated, budget, cases=False)
        stages.done()
    click.echo(estimates_text(table))
    click.echo("\n" + _verdict(result, repeated))
    click.echo(f"\nTables and report are in {out}. Open {out / 'report.html'} in a browser.")


def _verdict(result, repeated):
    """The error statement in a few lines."""
    from ..judging.measures import judged
    from ..judging.verdicts import performance_table

    s, performance = result.error_statement(), performance_table(repeated)
    row, n = performance.loc["internet_penetration"].to_dict(), len(performance)
    level = repeated.scenarios[0].level
    covered = performance.dropna(subset=["cover"])
    low = covered[judged(covered["cover"] / 100, covered["repetitions"], level) < 0].sort_values("cover")
    lowest = f", lowest {low.index[0]} with {low['cover'].iloc[0]:.0f} %" if len(low) else ""
    failed = f"; {len(repeated.failures)} repetitions failed" if len(repeated.failures) else ""
    return "\n".join(
        [
            f"The report's error statement: ±0.66 points; {s['interviews']:,} interviews at deff 1 and p = 50 % give "
            f"±{s['nominal']:.2f}.",
            f"This survey: ±{s['moe']:.2f} for internet penetration of {s['estimate']:.1f} %; ±{s['largest']:.2f} for the widest rate "
            f"among all netizens ({s['largest_indicator']}), ±{s['largest_group']:.2f} in a subgroup ({s['largest_group_indicator']}).",
            f"Over {int(row['repetitions'])} repetitions the 95 % interval of penetration held the truth {row['cover']:.1f} % of the time "
            f"(Monte Carlo error ±{2 * row['cover_mcse']:.1f}){failed}.",
            f"Bias {row['bias']:+.3f} ± {2 * row['bias_mcse']:.3f} points; standard error {row['empse']:.3f} over repetitions, "
            f"{row['modelse']:.3f} as estimated.",
            f"{len(low)} of {n} indicators cover less than {100 * level:g} % by more than Monte Carlo error explains{lowest}: "
            "docs/explanation/indicator-coverage.md says why.",
            "",
            *_totals(result),
            "",
            *_sizes(result),
        ]
    )


def _totals(result):
    """Penetration with both kinds of control totals, in a few lines."""
    found = result.both_totals().set_index(["indicator_id", "control_population"]).loc["internet_penetration"]
    said = {name: f"{row['estimate']:.2f} % ± {row['moe']:.2f}" for name, row in found.iterrows()}
    gap = found.loc["residents_6plus", "estimate"] - found.loc["covered_6plus", "estimate"]
    used = result.spec.weighting.control_population
    return (
        f"Control totals: weighted to people aged 6+ with a telephone the interviews give {said['covered_6plus']}, to all residents aged "
        f"6+ {said['residents_6plus']} ({gap:+.2f}); the population has {found['parameter'].iloc[0]:.2f} %.",
        f"Bureaus publish residents only; bias and coverage above are those of {used}. The report assumes that nobody without a telephone "
        "is online, which agrees with covered_6plus.",
    )


def _sizes(result):
    """What ±0.66 points says at every sample size there may have been, and the verdict on the report's own change."""
    sizes, verdict = result.at_sizes()
    lines = [
        f"At {row.n:,} interviews: ±{row.penetration:.2f} for penetration, ±{row.widest:.2f} for the widest of {row.rates} rates of all "
        f"internet users or residents ({row.wide} above 0.66), ±{row.widest_group:.2f} in a group ({row.wide_groups} of {row.group_rates})."
        for row in sizes.itertuples()
    ]
    return ["The report prints no sample size; earlier rounds printed 60,000 to 76,000.", *lines, verdict.sentence()]


@main.command()
@click.argument("spec")
@folder_option("Folder for the results.", required=True)
@seed_option(1)
@report_language
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def run(spec: str, out: Path, seed: int, lang: str, as_json: bool) -> None:
    """Carry out the survey described in SPEC (a TOML file or a preset) once."""
    from ..survey import SurveySpec

    survey = SurveySpec.from_toml(spec)
    folder(out)
    announce()
    with progress_display() as progress:
        stages = Stages(progress)
        result = survey.run(seed, progress=stages)
        truth(result, stages)
        stages("report")
        table = save(result, out, lang)
        stages.done()
    where = f"Tables and report are in {out}. Open {out / 'report.html'} in a browser."
    answer(as_json, table, lambda: f"{estimates_text(table)}\n\n{result.weights.summary()}\n{where}")


@main.command()
@json_option
def info(as_json: bool) -> None:
    """Versions, cores, the cache, and where each preset's exact parameters come from."""
    import platform
    from importlib.metadata import version

    from ..population import Population, cache
    from ..survey import SurveySpec
    from ..survey.country_facts import folder_digest
    from ..survey.layers import preset_keys, presets

    facts = {
        "surveysim": version("surveysim-dualframe"),
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "scipy", "pandas", "numba", "pyarrow")},
        "cores": os.cpu_count(),
        "cache": str(cache.folder()),
        "presets": {},
    }
    for name in presets():
        given = preset_keys(name)["population"]
        if "folder" in given:
            digest = folder_digest(given["folder"])
            facts["presets"][name] = {"fingerprint": digest, "parameters": "counted when asked"}
            continue
        pop = Population.china(**SurveySpec.preset(name).population.model_dump())
        facts["presets"][name] = {"fingerprint": pop.fingerprint, "parameters": pop.parameter_source}
    lines = [f"{name:<10} {value}" for name, value in facts.items() if name != "presets"]
    for name, preset in facts["presets"].items():
        lines.append(f"preset     {name}: population {preset['fingerprint']}, exact parameters {preset['parameters']}")
    answer(as_json, facts, lambda: "\n".join(lines))


@main.command()
@click.option(
    "--live/--committed", default=True, show_default=True, help="Also run R survey, svy and samplics if installed."
)
@json_option
def validate(live: bool, as_json: bool) -> None:
    """Our numbers against other software, on this machine; ends with exit code 1 where one differs."""
    from ..validation import CLOSE
    from ..validation import validate as compare

    table = compare(live)
    missed = int((~table["ok"]).sum())
    shown = table.assign(ok=["yes" if ok else "NO" for ok in table["ok"]])
    lines = shown.to_string(index=False, formatters={"difference": "{:.1e}".format})
    count = f"{len(table) - missed} of {len(table)} numbers from {table['source'].nunique()} sources"
    answer(as_json, table, lambda: f"{lines}\n\n{count} agree to {CLOSE:g}.")
    sys.exit(1 if missed else 0)


for command in (study, weights, estimate, tables, waves, plan, audit, reproduce, registry, config):
    main.add_command(command)
