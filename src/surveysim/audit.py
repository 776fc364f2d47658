"""What a published error statement implies, and what it leaves out: margins by domain size, changes between two surveys.

The report says that proportions have a largest absolute error of ±0.66 points at 95 % and prints neither a sample size nor a design
effect. From one of the three the others follow, and from the sample follows what every estimate is worth.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize, special

from . import guards, reference
from .aliases import Progress
from .errors import DataError
from .estimation.intervals import METHODS, proportion_interval
from .population import Population, estimand_kinds, parameters
from .report import figures, html
from .study import Study
from .survey import SurveySpec
from .survey.estimands import selected

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PRESET = "cnnic-2024-12"
STATED = 0.66  # points
STATED_Z = float(special.ndtri(0.975))  # the statement is one at 95 %
PRINTED = 0.05  # points by which rounding may have moved a printed percentage
ROUGH_Z = 1.96  # what many take for the normal quantile of 95 %
SEED = 20241231
OF_EVERYBODY = ("internet", "genai_user", "genai_aware", "nonuser")  # whose shares are shares of all people


def error_statement(
    moe: float | None = None,
    n: float | None = None,
    deff: float | None = None,
    *,
    p: float | Sequence[float] = 0.5,
    level: float = 0.95,
    df: float | None = None,
    population: float | None = None,
) -> pd.DataFrame:
    """What a published ±error, sample size or design effect implies about the others, under every interval formula.

    Parameters
    ----------
    moe : ± error as a share (0.0066 is 0.66 points): the larger distance from p to an end of the interval. n : interviews.
    deff : design effect. Give two of the three, or one, and then deff is 1 (from deff alone nothing follows).
    p : proportion, or a list of them. level : confidence level. df : degrees of freedom, None is infinite.
    population : persons, for the finite population correction; None is none.

    Returns
    -------
    DataFrame p, method, n (rounded up where it is implied), deff, effective_n (n / deff), moe, lower, upper: a row for every formula of
    `proportion_interval`, and at 95 % one for Wald's with 1.96 in place of 1.959964. Where a formula allows no solution (Korn and
    Graubard's never profits from a deff below 1), n, deff or moe is missing.

    Raises
    ------
    DataError : none or all of moe, n and deff are given, or deff alone; a value out of range.

    Examples
    --------
    >>> from surveysim import error_statement
    >>> error_statement(moe=0.0066).query("method == 'wald'")["n"].tolist()
    [22047]
    >>> print(f"{error_statement(moe=0.0066, n=60_000)['deff'].iloc[0]:.3f}")
    2.721

    References
    ----------
    Cochran (1977), Sampling Techniques, section 4.4; Dean & Pagano (2015), J. Surv. Stat. Methodol. 3:484-503 (the intervals).
    """
    given = [name for name, value in (("moe", moe), ("n", n), ("deff", deff)) if value is not None]
    if given in ([], ["deff"]) or len(given) == 3:
        raise DataError(
            f"given: {', '.join(given) or 'nothing'}. Give moe or n, and deff if it is not 1, or moe and n for the deff they imply."
        )
    single = {"moe": (moe, 0, 0.5), "n": (n, 1, np.inf), "deff": (deff, 0, np.inf), "level": (level, 0, 1)}
    for name, (value, low, high) in (single | {"population": (population, 1, np.inf)}).items():
        _check(name, value, low, high)
    df = guards.degrees(df)
    n, deff, population = (v if v is None or v <= guards.LARGEST else float(v) for v in (n, deff, population))
    if n is not None and population is not None and n >= population:
        raise DataError(
            f"n = {n:,.10g} interviews of a population of {population:,.10g} persons are a census, without any error."
        )
    if "deff" not in given and len(given) == 1:
        deff = 1.0
    if not all(v is None or math.isfinite(v * (n or 1)) for v in (deff, 1 / (deff or 1))):
        raise DataError(
            f"deff = {deff!r}: the effective interviews, n over deff, are a number that double precision does not hold."
        )
    rows = []
    for share in np.atleast_1d(guards.as_numbers(p, "p", remedy="They are shares.")).ravel():
        _check("p", float(share), 0, 1)
        for method in [*METHODS, *(["wald, z = 1.96"] if level == 0.95 and df is None else [])]:
            rows.append(_implied(method, float(share), moe, n, deff, level, df, population))
    return pd.DataFrame(rows, columns=["p", "method", "n", "deff", "effective_n", "moe", "lower", "upper"])


def _check(name, value, low, high):
    if value is not None and not (guards.is_number(value) and low < value < high):
        raise DataError(f"{name} = {value!r}: give a number above {low:g} and below {high:g}.")


def _implied(method, p, moe, n, deff, level, df, population):
    """One row: the missing one of moe, n and deff, and the interval."""
    if n is None:
        infinite = _root(lambda size: _reach(method, p, size, deff, level, df) - moe, 2.0, 1e15)
        exact = infinite if population is None else infinite / (1 + (infinite - 1) / population)
        n = math.ceil(exact * (1 - 1e-12)) if np.isfinite(exact) else np.nan
    size = (
        n if population is None else n * (population - 1) / (population - n)
    )  # of an infinite population, as informative
    if deff is None:
        deff = _root(lambda effect: _reach(method, p, size, effect, level, df) - moe, 1e-9, 1e9)
    lower, upper = _interval(method, p, size, deff, level, df)
    if moe is None:
        moe = max(p - lower, upper - p)
    return p, method, n, deff, n / deff, moe, lower, upper


def _interval(method, p, n, deff, level, df):
    if not (np.isfinite(n) and np.isfinite(deff)):
        return np.nan, np.nan
    se = math.sqrt(deff * p * (1 - p) / n)
    if method not in METHODS:
        return p - ROUGH_Z * se, p + ROUGH_Z * se
    return tuple(float(end) for end in proportion_interval(p, se, method, level, df, n))


def _reach(method, p, n, deff, level, df):
    lower, upper = _interval(method, p, n, deff, level, df)
    return max(p - lower, upper - p)


def _root(gap: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that rises or falls from low to high, on a logarithmic scale, is 0; NaN where it is nowhere."""
    ends = gap(low), gap(high)
    if not np.all(np.isfinite(ends)) or ends[0] * ends[1] > 0:
        return np.nan
    return float(
        np.exp(optimize.brentq(lambda x: gap(math.exp(x)), math.log(low), math.log(high), xtol=1e-13, rtol=1e-14))
    )


def _planned(spec: SurveySpec | None, n: float, deff: float, level: float) -> tuple[SurveySpec, float, float, float]:
    """The survey whose estimates are looked at, its interviews, design effect and confidence level, each looked at."""
    if spec is not None and not isinstance(spec, SurveySpec):
        raise DataError(f"spec = {guards.sight(spec)}: give a SurveySpec, or None.")
    guards.number(n, "n", 1, guards.LARGEST, open_=True)
    guards.number(deff, "deff", 0.0, open_=True)
    return SurveySpec.preset(PRESET) if spec is None else spec, n, deff, guards.level(level)


def published_margins(
    n: float = 22047,
    deff: float = 1.0,
    *,
    level: float = 0.95,
    repetitions: int = 0,
    spec: SurveySpec | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """The margin of error every published estimate of the 55th report has, by the size of what it is estimated from.

    Parameters
    ----------
    n : interviews, of people aged 6+ with a telephone. deff : design effect of a simple formula. level : confidence level.
    repetitions : of the modelled survey (the preset, or `spec`) for the Monte Carlo part; 0 leaves it out. progress : as for `Study.run`.

    Returns
    -------
    DataFrame, a row per published estimate: indicator_id, domain, unit, published; respondents (expected in its domain); stated, what
    ±0.66 points say of it; moe, of n interviews with this deff; ratio, moe over stated; and of the modelled survey: design_se (the
    standard deviation of its estimates), design_moe, its Monte Carlo error design_mcse, design_deff (mean estimated), design_cover
    (coverage of the nominal 95 % interval, in percent) with design_cover_mcse. In the unit of the estimate. Estimates that are not the
    survey's, or not modelled, have no margins and say so in `note`.

    Notes
    -----
    What the estimates are made of is taken from the modelled population, in which the published figures hold. A share of everybody is
    a total over a known number, so that children under 6 add nothing to its error; a share of netizens is a ratio of two estimates; a
    size is a total. "Stated" for a size is 0.66 points of what its share is a share of. The simple margins know no raking: a design
    margin below them (urban, age and sex shares) is what known control totals are worth.

    Examples
    --------
    >>> from surveysim import published_margins
    >>> row = published_margins(n=22047).set_index("indicator_id").loc["app_ride_hailing_rate_60plus"]
    >>> print(f"{row.moe:.2f} points, {row.ratio:.1f} times what is stated")
    1.63 points, 2.5 times what is stated
    """
    spec, n, deff, level = _planned(spec, n, deff, level)
    guards.whole_number(repetitions, "repetitions")
    facts, errors = reference.published(), standard_errors(spec, n, deff)
    z = float(special.ndtri((1 + level) / 2))
    table = facts[["domain", "unit"]].assign(published=facts["value_2024_12"])
    table["respondents"] = errors["respondents"]
    table["stated"] = errors["whole"] * STATED * z / STATED_Z
    table["moe"] = z * errors["se"]
    table["ratio"] = table["moe"] / table["stated"]
    if repetitions:
        table = table.join(_monte_carlo(spec, n, repetitions, z, progress))
    table["note"] = [_note(facts.loc[name], name in errors.index) for name in table.index]
    return table.reset_index()


def _note(fact, modelled):
    if modelled:
        return ""
    outside = "Unicom" in fact["domain"] or fact["domain"] in ("households", "internet-user survey")
    return "not an estimate of this survey" if outside else "not modelled"


def plot_margins(margins: pd.DataFrame, lang: str = "en", ax: "Axes | None" = None) -> "Axes":
    """Margins of all published rates by the size of their domain, against ±0.66 points, on a matplotlib Axes, which is returned.

    margins : table of `published_margins`. lang : "en" or "zh". ax : Axes to draw on.
    """
    table = margins[(margins["unit"] == "%") & margins["moe"].notna()]
    return figures.margins_by_size(table, html.labels(lang), STATED, ax)


def published_changes(
    n: float = 22047,
    deff: float = 1.0,
    *,
    level: float = 0.95,
    correlation: float = 0.0,
    margins: pd.DataFrame | None = None,
    spec: SurveySpec | None = None,
) -> pd.DataFrame:
    """Which changes since December 2023 can be told from zero.

    Parameters
    ----------
    n, deff, level, spec : as for `published_margins`; both surveys have them. correlation : of the two estimates, 0 where the samples are
    independent. margins : table of `published_margins` with a Monte Carlo part, for the errors of the modelled survey too.

    Returns
    -------
    DataFrame, a row per estimate that has a figure for both dates: indicator_id, family ("rates" or "sizes"), unit, before, now, change,
    rounding (by how much the rounding of both may have moved the change), and for each of the errors "stated" (±0.66 points for every
    share), "simple" (n interviews with this deff, by domain size) and, with `margins`, "design" (the modelled survey): `moe_simple` of
    the change, `p_simple` (two-sided), `holm_simple` (adjusted for all changes of the family) and `verdict_simple`, and so on: "yes"
    (distinguishable from zero at this level, all changes of the family considered), "no", or "rounding": it depends on the digits
    that were not printed.

    Notes
    -----
    Errors that both surveys share, such as people who are never reached, cancel; a change of definition does not, and is named in `note`.

    References
    ----------
    Holm (1979), Scand. J. Stat. 6:65-70; Kish (1965), Survey Sampling, section 12.4 (the variance of a change).

    Examples
    --------
    >>> from surveysim import published_changes
    >>> table = published_changes().set_index("indicator_id")["verdict_simple"]
    >>> table[["app_short_video_rate", "app_ride_hailing_rate"]].tolist()
    ['yes', 'no']
    """
    spec, n, deff, level = _planned(spec, n, deff, level)
    correlation = guards.number(correlation, "correlation", -1, 1, open_=True)
    if margins is not None and not isinstance(margins, pd.DataFrame):
        raise DataError(f"margins = {guards.sight(margins)}: give the table of published_margins, or None.")
    facts, errors = reference.published(), standard_errors(spec, n, deff)
    facts = facts[facts["value_2023_12"].notna() & facts["value_2024_12"].notna() & facts.index.isin(errors.index)]
    table = pd.DataFrame(
        {"family": np.where(facts["unit"] == "10k persons", "sizes", "rates"), "unit": facts["unit"]}, index=facts.index
    )
    table["before"], table["now"] = facts["value_2023_12"], facts["value_2024_12"]
    table["change"] = (table["now"] - table["before"]).round(6)
    table["rounding"] = [_rounding(row) for row in facts.itertuples()]
    errors, z = errors.loc[facts.index], float(special.ndtri((1 + level) / 2))
    kinds = {"stated": errors["whole"] * STATED / STATED_Z, "simple": errors["se"]}
    if margins is not None and "design_se" in margins:
        kinds["design"] = margins.set_index("indicator_id")["design_se"].reindex(facts.index)
    for name, now in kinds.items():
        before = now * _spread(table["before"], errors) / _spread(table["now"], errors) if name != "stated" else now
        se = np.sqrt(now**2 + before**2 - 2 * correlation * now * before)
        table[f"moe_{name}"] = z * se
        table[f"p_{name}"], table[f"holm_{name}"], table[f"verdict_{name}"] = _judged(table, se, level)
    table["note"] = [_CHANGED.get(name, "") for name in table.index]
    return table.reset_index()


_CHANGED = dict.fromkeys(
    ("app_online_video_size", "app_online_video_rate"), "users of micro-dramas are counted in 2024 only"
)


def _judged(table, se, level):
    """p-values of changes, the same by Holm's adjustment, and verdicts, which the digits that were not printed may leave open."""
    change = table["change"].abs()
    p = _two_sided(change / se)
    least = _two_sided((change - table["rounding"]).clip(lower=0) / se)
    most = _two_sided((change + table["rounding"]) / se)
    least, adjusted, most = (_holm(one, table["family"]) for one in (least, p, most))
    known = [adjusted.isna(), least <= 1 - level, most <= 1 - level]
    return p, adjusted, np.select(known, ["", "yes", "rounding"], "no")


def _rounding(fact):
    """By how much rounding may have moved a change: half a printed digit for each figure that was printed, one where the change was."""
    each, own = [PRINTED, PRINTED], PRINTED
    if fact.unit == "10k persons":
        own, each = 0.5, [50.0 if value % 100 == 0 else 0.5 for value in (fact.value_2023_12, fact.value_2024_12)]
    return own if fact.value_2023_12_basis == "implied_by_change" else sum(each)


def _spread(value, errors):
    """√ y (base - y) with y the part that is estimated, to which a standard error is proportional; 1 where it is no share."""
    part = (errors["known"] - value).where(errors["known"].notna(), value)
    return np.sqrt(part * (errors["base"] - part)).where(errors["base"].notna(), 1.0)


def _two_sided(z):
    return 2 * special.ndtr(-np.abs(z))


def _holm(p, family):
    """Holm's adjusted p-values within families."""
    result = pd.Series(np.nan, index=p.index)
    for name in family.unique():
        mine = p[(family == name) & p.notna()].sort_values(kind="stable")
        steps = mine * np.arange(len(mine), 0, -1)
        result[mine.index] = np.minimum(steps.cummax(), 1.0)
    return result


def standard_errors(spec: SurveySpec, n: float, deff: float = 1.0) -> pd.DataFrame:
    """Standard errors of a simple random sample of n people aged 6+ with a telephone, times √deff.

    Returns
    -------
    DataFrame by indicator_id, in the unit of the estimate: value, se, whole (what one point of the share is), base (se is proportional to
    √ y (base - y), y being the value, or known - value of complements), known, respondents.
    """
    pop, definitions = Population.china(**spec.population.model_dump()), selected(spec)

    sums = pop.sums("answers", fine=False)

    @cache
    def total(expression):
        name, groups = parameters.split(expression)
        table = sums.column(name)
        return float(table[parameters.group_mask(groups, table.shape)].sum())

    covered = total("landline*age_6plus") + total("mobile*age_6plus") - total("mobile_and_landline*age_6plus")
    ask = _SimpleSample(pop, total, covered, n, deff)
    rows = {row.Index: estimand_kinds.of(row).asked(row, ask)[:6] for row in definitions.itertuples()}
    return pd.DataFrame.from_dict(
        rows, orient="index", columns=["value", "se", "whole", "base", "known", "respondents"]
    )


class Simple(NamedTuple):
    """Value, standard error, one point, base, known and respondents of one estimate; of a size its total, and what it is taken from."""

    value: float
    se: float
    whole: float
    base: float
    known: float
    respondents: float
    number: float = np.nan
    of: float = np.nan


class _SimpleSample:
    """What `estimand_kinds` ask of a simple random sample of n of the covered population."""

    def __init__(self, pop, total, covered, n, deff):
        self.pop, self.total_of, self.covered, self.n, self.deff = pop, total, covered, n, deff
        self.scale = 1e-4 / pop.scale

    def _spread(self, y):
        q = y / self.covered
        return self.covered * math.sqrt(self.deff * q * (1 - q) / self.n)

    def total(self, numerator):
        y, scale = self.total_of(numerator), self.scale
        whole = self.total_of(_asked_of(numerator)) * scale / 100
        return Simple(y * scale, self._spread(y) * scale, whole, self.covered * scale, np.nan, self.n, y)

    def complement(self, numerator, denominator):
        size, x = self.total(numerator), self.total_of(denominator)
        known = x * self.scale
        return size._replace(value=known - size.value, known=known, of=x)

    def per_known(self, numerator, denominator):
        y, x = self.total_of(numerator), self.total_of(denominator)
        asked = self.n * self.total_of(f"{denominator}*age_6plus") / self.total_of("persons*age_6plus")
        return Simple(100 * y / x, 100 * self._spread(y) / x, 1.0, 100 * self.covered / x, np.nan, asked)

    def rate(self, numerator, denominator):
        y, x, covered = self.total_of(numerator), self.total_of(denominator), self.covered
        reached = covered - self.total_of("internet") if denominator == "nonuser" else x  # nobody asks children under 6
        asked, p = self.n * reached / covered, y / x
        return Simple(100 * p, 100 * math.sqrt(self.deff * p * (1 - p) / asked), 1.0, 100.0, np.nan, asked)

    def mean(self, numerator, denominator):
        y, x = self.total_of(numerator), self.total_of(denominator)
        asked = self.n * x / self.covered
        ids = np.random.default_rng(SEED).integers(0, self.pop.size, 200_000)
        spread = float(self.pop.persons(ids, [numerator])[numerator].std())
        return Simple(y / x, math.sqrt(self.deff / asked) * spread, np.nan, np.nan, np.nan, asked)

    def over(self, first, second):
        """(N_g - Y_g) / (N - Y) has the scores (R - 1[g]) y / (N - Y)."""
        y, users, rest = first.number, second.number, second.of - second.number
        share, covered = (first.of - y) / rest, self.covered
        mean, square = share * users - y, share**2 * (users - y) + (share - 1) ** 2 * y
        se = covered * math.sqrt(self.deff * (square / covered - (mean / covered) ** 2) / self.n) / rest
        return Simple(100 * share, 100 * se, 1.0, 100.0, np.nan, self.n * (1 - users / covered))


def _asked_of(numerator):
    """Whom a size is a share of: everybody, or the netizens, in the same groups."""
    column, groups = parameters.split(numerator)
    return "*".join(["persons" if column in OF_EVERYBODY else "internet", *groups])


def _monte_carlo(spec, n, repetitions, z, progress):
    """Margin, deff and coverage of every estimate over repetitions of the survey, with Monte Carlo errors."""
    spec = spec.model_copy(update={"sample": spec.sample.model_copy(update={"interviews": round(n)})})
    study = Study(spec, changes=(f"study.repetitions={repetitions}", f"study.seed={SEED}"))
    long = study.run(progress=progress if progress is not None else False).performance()
    value, error = (long.pivot(index="estimand", columns="measure", values=c) for c in ("value", "mcse"))
    errors = {"design_se": value["empse"], "design_moe": z * value["empse"], "design_mcse": z * error["empse"]}
    cover = {"design_cover": 100 * value["cover"], "design_cover_mcse": 100 * error["cover"]}
    return pd.DataFrame(errors | {"design_deff": value["deff"]} | cover)
