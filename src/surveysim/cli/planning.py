"""The commands `surveysim plan …`."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from ..errors import DataError
from ..on_demand import Later
from .options import (
    FILE,
    READING,
    Share,
    defaulted,
    estimates_option,
    json_option,
    level_option,
    one_of,
    population_option,
    read_file,
    refuse_unused,
    shared,
)
from .writing import answer, apart, plain, shown

sampling = Later(__package__, "..sampling")  # help is shown without it
survey = Later(__package__, "..survey")

p_option = defaulted("--p", Share(), "50%", "Expected proportion.")
deff_option = defaulted("--deff", float, 1.0, "Design effect.")
sd_option = click.option(
    "--sd", type=float, help="Standard deviation of the answers, for means in place of proportions."
)
cluster_options = [
    defaulted("--m", float, 1.0, "Interviews in each cluster."),
    defaulted("--icc", float, 0.0, "Correlation of two interviews of a cluster."),
]


@click.group()
def plan() -> None:
    """Sample sizes, power, clusters and allocation."""


@plan.command("size")
@click.option("--moe", type=Share(), help="Half-width wanted, such as 0.66% or 0.0066; gives the sample size.")
@click.option("--n", type=click.FloatRange(min=1), help="Interviews; gives the half-width.")
@p_option
@deff_option
@level_option
@population_option
@json_option
def plan_size(moe: float | None, n: float | None, as_json: bool, **options: Any) -> None:
    """Interviews for a margin of error, or the margin of error of some interviews."""
    if (moe is None) == (n is None):
        raise click.UsageError("give either --moe or --n.")
    conditions = f"p = {100 * options['p']:g} %, deff {options['deff']:g}, {100 * options['level']:g} % confidence"
    if n is None:
        assert moe is not None  # as one of them is
        found = {"moe": moe, "n": sampling.sample_size(moe, **options)}
        text = f"{found['n']:,} interviews give ±{100 * moe:g} points ({conditions})."
    else:
        found = {"n": n, "moe": sampling.margin_of_error(n, **options)}
        text = f"{n:,.0f} interviews give ±{100 * found['moe']:.3g} points ({conditions})."
    answer(as_json, found, lambda: text)


@plan.command("allocate")
@click.argument("strata", type=FILE)
@click.option("--n", type=click.IntRange(min=1), required=True, help="Interviews in all.")
@one_of("--method", ["proportional", "equal", "neyman", "power", "cost"], "proportional")
@defaulted("--minimum", click.IntRange(min=0), 0, "Least interviews a stratum.")
@defaulted("--power", float, 0.5, "Exponent of the method power.")
@estimates_option
@shared(READING)
@json_option
def plan_allocate(strata: Path, n: int, method: str, out: Path | None, as_json: bool, **options: Any) -> None:
    """Divide N interviews among the STRATA of a file with the columns stratum, size and, where the method needs them, sd and cost.

    Size times sd is what "neyman", "power" and "cost" go by; "power" takes sd where there is one.
    """
    import numpy as np
    import pandas as pd

    from ..files import write_table

    if method != "power":
        refuse_unused(("power",), "is the exponent of --method power")
    file = read_file(strata, options)
    names = file.text("stratum")
    if names.isna().any() or names.duplicated().any():
        raise DataError(
            f"{strata}: every row needs a stratum of its own; look at data row {int((names.isna() | names.duplicated()).argmax()) + 1}."
        )
    apart((strata,), (out,))
    size = file.numbers("size")
    if not (size > 0).all():
        worst = names[int(np.argmin(size > 0))]
        raise DataError(f"{strata}: stratum {worst!r} has no size above 0; leave it out, or give its size.")
    sd, cost = (file.numbers(c) if c in file.columns else None for c in ("sd", "cost"))
    found = sampling.allocate(size, n, method, sd=sd, cost=cost, minimum=options["minimum"], power=options["power"])
    table = pd.DataFrame({"stratum": names, "size": size, "interviews": found})
    beyond = table[table["interviews"] > table["size"]]
    if len(beyond):
        row = beyond.iloc[0]
        click.echo(
            f"surveysim: {len(beyond)} strata get more interviews than their size, the first is {row['stratum']!r} with "
            f"{row['interviews']:,} of {row['size']:,.10g}; lower --n or --minimum, or take them whole.",
            err=True,
        )
    table["share"] = 100 * table["interviews"] / n
    if out is not None:
        write_table(table, out)
    answer(as_json, table, lambda: shown(table, ",.6g"))


@plan.command("power")
@click.option("--n", type=click.FloatRange(min=1), help="Interviews of the first group, or of each wave.")
@click.option("--difference", type=Share(), help="Difference to be seen, such as 3% or 0.03, or in the unit of --sd.")
@click.option("--power", type=Share(), help="Chance that the test sees it, such as 80%.")
@p_option
@sd_option
@deff_option
@shared(cluster_options)
@level_option
@population_option
@defaulted(
    "--groups", click.IntRange(1, 2), 2, "Samples compared; 1 is a comparison with --p, or of a mean with a known one."
)
@defaulted("--ratio", float, 1.0, "Size of the second group over that of the first.")
@defaulted("--overlap", Share(), "0%", "Share of the first sample that is in the second too.")
@defaulted("--correlation", float, 0.0, "Of the two answers of those in both.")
@defaulted("--sides", click.IntRange(1, 2), 2, "Sides of the test.")
@defaulted("--response", Share(), "100%", "Share of those selected who are interviewed.")
@json_option
def plan_power(
    n: float | None, difference: float | None, power: float | None, response: float, as_json: bool, **options: Any
) -> None:
    """Interviews, power, or the difference that is seen: give two of --n, --difference and --power, and the third is found."""
    if sum(given is None for given in (n, difference, power)) != 1:
        raise click.UsageError("give two of --n, --difference and --power; the third is found.")
    if n is not None:
        refuse_unused(("response",), "is for the number to select, which is found where --n is left out")
    selected = None
    if power is None:
        power = sampling.power(n, difference, **options)  # type: ignore[arg-type]
    elif difference is None:
        difference = sampling.detectable(n, power, **options)  # type: ignore[arg-type]
    else:
        n = sampling.sample_size(difference=difference, power=power, **options)
        selected = sampling.sample_size(difference=difference, power=power, response=response, **options)
    assert n is not None  # as all are by now
    assert difference is not None
    assert power is not None
    found = {"n": n, "difference": difference, "power": power} | ({} if selected is None else {"select": selected})
    answer(as_json, found, partial(_power_in_words, n, difference, power, selected, options))


def _power_in_words(n: float, difference: float, power: float, selected: int | None, options: Any) -> str:
    """One line: who sees what with which chance."""
    whom = {1: "", 2: " in the first group and as many times --ratio in the second"}[options["groups"]]
    if options["groups"] == 2 and options["ratio"] == 1:
        whom = (
            " in each group"
            if not options["overlap"]
            else f" in each wave, {100 * options['overlap']:g} % of them in both"
        )
    points = (
        f"{100 * difference:.3g} points from p = {100 * options['p']:g} %"
        if options["sd"] is None
        else f"{difference:.4g}"
    )
    more = f" Select {selected:,} for them." if selected not in (None, n) else ""
    return f"{n:,.0f} interviews{whom} see a difference of {points} with a power of {100 * power:.1f} %.{more}"


@plan.command("clusters")
@defaulted("--icc", float, 0.05, "Correlation of two interviews of a cluster.")
@click.option("--cost-cluster", type=float, required=True, help="What a cluster costs beside its interviews.")
@click.option("--cost-interview", type=float, required=True, help="What an interview costs.")
@click.option("--budget", type=float, help="What there is to spend.")
@click.option("--moe", type=Share(), help="Or the half-width wanted, such as 3% or 0.03.")
@click.option("--m", type=click.FloatRange(min=1), help="Interviews in each cluster, if that is given.")
@p_option
@sd_option
@deff_option
@level_option
@json_option
def plan_clusters(cost_cluster: float, cost_interview: float, icc: float, as_json: bool, **options: Any) -> None:
    """Interviews in a cluster that cost least, and clusters for a budget or a margin of error."""
    if (options["budget"] is None) == (options["moe"] is None):
        raise click.UsageError("give either --budget or --moe.")
    found = sampling.clusters(icc, (cost_cluster, cost_interview), **options)
    answer(as_json, vars(found), found.summary)


@plan.command("fieldwork")
@click.argument("spec")
@click.option(
    "--by", type=click.Choice(["frame", "province"]), default="frame", show_default=True, help="Rows of the costs."
)
@json_option
def plan_fieldwork(spec: str, by: str, as_json: bool) -> None:
    """What the survey of SPEC (a TOML file or a preset) is to be expected to bring and cost, all its numbers counted and none drawn."""
    expected = survey.SurveySpec.from_toml(spec).expect(
        progress=lambda text: click.echo(f"surveysim: {text}", err=True)
    )
    rates = expected.rates().loc[["RR1", "RR3", "COOP1", "REF1", "CON1"]].rename_axis("rate").reset_index()
    found = {"costs": expected.costs(by), "rates": rates, "profile": expected.profile()}

    def text() -> str:
        parts = [expected.summary(), shown(found["costs"], ",.1f"), shown(rates, ".3f"), shown(found["profile"], ".1f")]
        return "\n\n".join([*parts[:3], "In percent, before any raking; bias in points:", parts[3]])

    answer(as_json, {name: plain(table) for name, table in found.items()}, text)
