"""The commands `surveysim estimate` and `surveysim plan …`."""

import json
import operator
import re
from functools import partial
from pathlib import Path

import click

from ..errors import DataError, SurveysimError
from .writing import apart

COMPARISONS = {
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


class Share(click.ParamType):
    """A share, written 0.0066 or 0.66%."""

    name = "share"

    def convert(self, value, param, ctx):
        try:
            return float(value[:-1]) / 100 if str(value).endswith("%") else float(value)
        except ValueError:
            self.fail(f"{value!r} is no share; write 0.0066 or 0.66%.", param, ctx)


def _many(name, text):
    return click.option(f"--{name}", multiple=True, help=text)


@click.command()
@click.argument("data", type=click.Path(dir_okay=False, path_type=Path))
@_many("mean", "Numeric column whose mean is wanted; give the option once for each.")
@_many("total", "Numeric column whose total is wanted.")
@_many("proportion", "Column whose levels' proportions are wanted.")
@_many("ratio", "Two numeric columns, NUM/DEN.")
@_many("quantile", "Numeric column and share, COLUMN:0.5.")
@click.option("--weight", help="Column of weights.")
@click.option("--strata", help="Column of strata; several stages separated by commas.")
@click.option("--psu", help="Column of primary sampling units; several stages separated by commas.")
@click.option("--fpc", help="Column of population counts or sampling fractions; several stages separated by commas.")
@click.option("--nest", is_flag=True, help="PSU labels repeat across strata.")
@click.option(
    "--lonely-psu",
    type=click.Choice(["fail", "certainty", "remove", "adjust", "average"]),
    default="fail",
    show_default=True,
    help="What a stratum with one PSU does.",
)
@click.option(
    "--rake",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Margins file: rake the weights first, so that errors are those of raked estimates.",
)
@click.option(
    "--missing",
    type=click.Choice(["fail", "drop", "level"]),
    default="fail",
    show_default=True,
    help="With --rake, rows that miss a raking variable: refuse them, take their weight away, or give them a level.",
)
@click.option(
    "--population", type=click.FloatRange(min=0, min_open=True), help="What raked weights sum to, for shares."
)
@click.option("--by", help="Columns whose combinations are domains, separated by commas.")
@click.option("--where", multiple=True, help="Subpopulation, such as age>=60 or sex=female; all that are given hold.")
@click.option("--replicates", type=click.Choice(["jk1", "jkn", "brr", "rao-wu", "sdr"]), help="Errors by replicates.")
@click.option("--count", type=click.IntRange(min=2), help="How many replicates, for rao-wu and sdr.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of rao-wu replicates.")
@click.option("--ci", default="logit", show_default=True, help="Interval of proportions.")
@click.option("--level", type=Share(), default=0.95, show_default=True, help="Confidence level.")
@click.option("--deff", type=click.Choice(["wor", "wr"]), help="Also the design effect.")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write a .csv, .parquet or .xlsx file."
)
@click.option("--sheet", help="Sheet of an Excel file; the first unless given.")
@click.option("--encoding", default="utf-8-sig", help="Encoding of a CSV file, such as gb18030.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def estimate(data, out, as_json, by, ci, level, deff, sheet, encoding, where, replicates, count, seed, **options):
    """Means, totals, proportions, ratios and quantiles of DATA, with design-based errors and intervals."""
    import numpy as np
    import pandas as pd

    from .. import files

    wanted = [(what, y) for what in ("mean", "total", "proportion", "ratio", "quantile") for y in options[what]]
    if not wanted:
        raise click.UsageError("nothing to estimate: give --mean, --total, --proportion, --ratio or --quantile.")
    if out is not None and out.suffix.lower() not in (".csv", ".parquet", ".xlsx"):
        raise DataError(f"{out}: estimates are written as .csv, .parquet or .xlsx.")
    apart((data, options["rake"]), (out,))
    file = files.read(data, sheet, encoding)
    options |= {"wanted": wanted, "domains": by.split(",") if by else []}
    survey, asked, domains = _survey(file, Roles(), options, encoding)
    if where:
        survey = survey.where(np.logical_and.reduce([_condition(file, text) for text in where]))
    if replicates is not None:
        survey = survey.replicates(replicates, n=count, seed=seed if replicates == "rao-wu" else None)
    found = [_one(survey, what, columns, share, domains, ci, level, deff) for what, _, columns, share in asked]
    table = pd.concat([e.to_frame() for e in found], ignore_index=True)
    table["variable"] = [y for e, (_, y, _, _) in zip(found, asked, strict=True) for _ in range(len(e))]
    table["domain"] = [text.replace(" (levels)", "") for text in table["domain"]]
    if out is not None:
        _write(table, out)
    if as_json:
        click.echo(table.to_json(orient="records", force_ascii=False))
        return
    shown = table.loc[:, [c for c in table.columns if not (table[c].isna().all() or (table[c] == "").all())]]
    click.echo(shown.to_string(index=False, float_format=lambda v: f"{v:,.5g}"))
    if out is not None:
        click.echo(f"\nThe estimates are in {out}.")


class Roles:
    """The table that is estimated from. A column has its own name, unless it plays two parts (a number here, a stratum there)."""

    def __init__(self):
        self.table, self._names = {}, {}

    def put(self, part, column, values):
        """Add a column in a part; the name it has in the table."""
        if (part, column) not in self._names:
            name = column if column not in self.table else f"{column} ({part})"
            self._names[part, column], self.table[name] = name, values()
        return self._names[part, column]


def _wanted(file, roles, what, y):
    """Names, in the table, of the columns of one statistic, and its share where it is a quantile."""
    if what == "proportion":
        return [roles.put("levels", y, lambda: _levels(file, y))], None
    if what == "ratio":
        return [roles.put("numbers", c, partial(file.numbers, c)) for c in _halves(y, "/", "NUM/DEN")], None
    column, share = _halves(y, ":", "COLUMN:0.5") if what == "quantile" else (y, None)
    try:
        return [roles.put("numbers", column, partial(file.numbers, column))], None if share is None else float(share)
    except ValueError as error:
        if isinstance(error, SurveysimError):
            raise
        raise click.UsageError(f"--quantile {y!r}: {share!r} is no number.") from None


def _levels(file, name):
    """A column's levels by their labels, in the order of their codes."""
    import pandas as pd

    text, known = file.text(name), file.levels.get(name, {})

    def order(code):
        try:
            return (0, float(code), "")
        except ValueError:
            return (1, 0.0, code)

    codes = sorted(text.dropna().unique(), key=order)
    shown = [known.get(code, code) for code in codes]
    if len(set(shown)) < len(shown):
        shown = [f"{known[code]} ({code})" if code in known else code for code in codes]
    return pd.Categorical(text.map(dict(zip(codes, shown, strict=True))), categories=shown)


def _halves(text, sign, form):
    left, found, right = text.rpartition(sign)
    if not found or not left or not right:
        raise click.UsageError(f"{text!r}: write {form}.")
    return left, right


def _survey(file, roles, options, encoding):
    """The Survey of a file by the design options."""
    import pandas as pd

    from .. import files
    from ..estimation import Survey
    from .weights import blown_up, raking_table

    targets, design = None, {}
    if options["rake"] is not None:  # first, so that messages about margins have the file's names
        targets, reading = files.read_margins(options["rake"], encoding=encoding)
        targets, reading = blown_up(targets, reading, options["population"], None, options["rake"])
        for name, values in raking_table(file, targets, None).items():
            roles.table[name] = values
    for part, kind in (("strata", file.text), ("psu", file.text), ("fpc", file.numbers)):
        columns = options[part].split(",") if options[part] else []
        design[part] = [roles.put(part, c, partial(kind, c)) for c in columns] or None
    weight = options["weight"]
    weight = roles.put("weight", weight, partial(file.numbers, weight)) if weight else None
    asked = [(what, y, *_wanted(file, roles, what, y)) for what, y in options["wanted"]]
    domains = [roles.put("levels", d, partial(_levels, file, d)) for d in options["domains"]]
    survey = Survey(
        pd.DataFrame(roles.table, index=range(len(file))),
        weight=weight,
        nest=options["nest"],
        lonely_psu=options["lonely_psu"],
        **design,
    )
    if targets is not None:
        survey = survey.rake(targets, margins_are=reading, missing=options["missing"])
    return survey, asked, domains


def _condition(file, text):
    """Rows (n,) for which a comparison such as age>=60 holds; missing values do not."""
    found = re.fullmatch(r"\s*(.+?)\s*(!=|>=|<=|==|=|>|<)\s*(.*?)\s*", text)
    if found is None:
        raise click.UsageError(f"--where {text!r}: write COLUMN=LEVEL, or another of {', '.join(COMPARISONS)}.")
    name, sign, value = found.groups()
    sign = "=" if sign == "==" else sign
    if sign in ("=", "!="):
        values = file.named(name, [value])
        known = set(values.dropna())
        if value not in known:
            raise click.UsageError(
                f"--where {text!r}: no row has {name} = {value!r}; there are {', '.join(sorted(known)[:10])}."
            )
        return ((values == value) == (sign == "=")).to_numpy() & values.notna().to_numpy()
    try:
        bound = float(value)
    except ValueError:
        raise click.UsageError(f"--where {text!r}: {value!r} is no number.") from None
    return COMPARISONS[sign](file.numbers(name), bound)


def _one(survey, what, columns, share, by, ci, level, deff):
    """Estimates of one statistic."""
    options = {"by": by or None, "level": level}
    if what == "quantile":
        return survey.quantile(columns[0], share, **options)
    options["deff"] = deff or False
    if what == "proportion":
        return survey.proportion(columns[0], ci=ci, **options)
    return survey.ratio(*columns, **options) if what == "ratio" else getattr(survey, what)(columns[0], **options)


def _write(table, out):
    from ..display import guarded_table
    from ..files import write_table

    write_table(table if out.suffix.lower() == ".parquet" else guarded_table(table), out)


@click.group()
def plan():
    """Sample sizes and their allocation."""


@plan.command("size")
@click.option("--moe", type=Share(), help="Half-width wanted, such as 0.66% or 0.0066; gives the sample size.")
@click.option("--n", type=click.FloatRange(min=1), help="Interviews; gives the half-width.")
@click.option("--p", type=Share(), default="50%", show_default=True, help="Expected proportion.")
@click.option("--deff", type=float, default=1.0, show_default=True, help="Design effect.")
@click.option("--level", type=Share(), default="95%", show_default=True, help="Confidence level.")
@click.option("--population", type=float, help="Persons, for the finite population correction.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def plan_size(moe, n, p, deff, level, population, as_json):
    """Interviews for a margin of error, or the margin of error of some interviews."""
    from ..sampling import margin_of_error, sample_size

    if (moe is None) == (n is None):
        raise click.UsageError("give either --moe or --n.")
    options = {"p": p, "deff": deff, "level": level, "population": population}
    found = {"n": sample_size(moe, **options)} if n is None else {"moe": margin_of_error(n, **options)}
    if as_json:
        click.echo(json.dumps({"moe": moe} | found if n is None else {"n": n} | found))
        return
    conditions = f"p = {100 * p:g} %, deff {deff:g}, {100 * level:g} % confidence"
    if n is None:
        click.echo(f"{found['n']:,} interviews give ±{100 * moe:g} points ({conditions}).")
    else:
        click.echo(f"{n:,.0f} interviews give ±{100 * found['moe']:.3g} points ({conditions}).")


@plan.command("allocate")
@click.argument("strata", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--n", type=click.IntRange(min=1), required=True, help="Interviews in all.")
@click.option(
    "--method",
    type=click.Choice(["proportional", "equal", "neyman", "power", "cost"]),
    default="proportional",
    show_default=True,
)
@click.option("--minimum", type=click.IntRange(min=0), default=0, show_default=True, help="Least interviews a stratum.")
@click.option("--power", type=float, default=0.5, show_default=True, help="Exponent of the method power.")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write a .csv, .parquet or .xlsx file."
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def plan_allocate(strata, n, method, minimum, power, out, as_json):
    """Divide N interviews among the STRATA of a file with the columns stratum, size and, where the method needs them, sd and cost.

    Size times sd is what "neyman", "power" and "cost" go by; "power" takes sd where there is one.
    """
    import numpy as np
    import pandas as pd

    from .. import files
    from ..sampling import allocate

    file = files.read(strata)
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
    found = allocate(size, n, method, sd=sd, cost=cost, minimum=minimum, power=power)
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
        _write(table, out)
    if as_json:
        click.echo(table.to_json(orient="records", force_ascii=False))
        return
    click.echo(table.to_string(index=False, float_format=lambda v: f"{v:,.6g}"))
