"""Which published changes can be told from zero: each with its margin, all of a family considered; and one of them by itself."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from .. import guards, reference
from ..errors import DataError
from ..sampling.rotating import change_error
from ..survey import SurveySpec
from ..survey.claims import OVERLAPS, ChangeVerdict, judged_change, rounding_of, two_sided
from .margins import planned
from .simple import standard_errors

STATEMENT = reference.statement()


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
    spec, n, deff, level = planned(spec, n, deff, level)
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
    table["rounding"] = [rounding_of(row) for row in facts.itertuples()]
    errors, z = errors.loc[facts.index], float(special.ndtri((1 + level) / 2))
    kinds = {"stated": errors["whole"] * STATEMENT.se, "simple": errors["se"]}
    if margins is not None and "design_se" in margins:
        kinds["design"] = margins.set_index("indicator_id")["design_se"].reindex(facts.index)
    for name, now in kinds.items():
        before = now * _spread(table["before"], errors) / _spread(table["now"], errors) if name != "stated" else now
        se = change_error(now, before, correlation)
        table[f"moe_{name}"] = z * se
        table[f"p_{name}"], table[f"holm_{name}"], table[f"verdict_{name}"] = _judged(table, se, level)
    table["note"] = [_CHANGED.get(name, "") for name in table.index]
    return table.reset_index()


def change_verdict(
    sizes: Sequence[int] = STATEMENT.sizes,
    deff: float = 1.0,
    *,
    indicator: str = "internet_penetration",
    level: float = 0.95,
    overlaps: Sequence[float] = OVERLAPS,
    margins: Mapping[int, pd.DataFrame] | None = None,
    spec: SurveySpec | None = None,
) -> ChangeVerdict:
    """Whether one published change is more than chance, at every number of interviews and overlap of two surveys that may have been.

    Parameters
    ----------
    sizes : interviews of both surveys. indicator : a percentage that the report prints for both dates. overlaps : shares of respondents
    who were asked in both surveys. margins : {interviews: table of `published_margins` with a Monte Carlo part} for the errors of the
    modelled survey, whose sizes are taken; without it those of a simple random sample with this deff. level, spec : as for
    `published_margins`.

    Returns
    -------
    ChangeVerdict: `table`, a row for each error, n and overlap, with ±0.66 points as stated among them; `sentence("en")`.

    Examples
    --------
    >>> from surveysim import audit
    >>> verdict = audit.change_verdict()
    >>> verdict.answer, len(verdict.table)
    ('yes', 8)
    >>> print(verdict.sentence("zh")[:16])
    是：互联网普及率由77.5%变为

    References
    ----------
    Kish (1965), Survey Sampling, section 12.4.
    """
    spec, _, deff, level = planned(spec, 2, deff, level)
    if indicator not in (simple := standard_errors(spec, 1.0, deff)).index:
        raise DataError(f"indicator = {indicator!r} is no modelled estimate; internet_penetration is one.")
    row: Any = simple.loc[indicator]
    errors: list[tuple[str, float, float]] = [("stated", np.nan, STATEMENT.se)]
    if margins is None:
        errors += [("simple", n, row["se"] / np.sqrt(n)) for n in sizes]
    else:
        errors += [
            ("design", n, table.set_index("indicator_id")["design_se"][indicator]) for n, table in margins.items()
        ]
    return judged_change(errors, indicator, base=row["base"], level=level, overlaps=overlaps)


_CHANGED = dict.fromkeys(
    ("app_online_video_size", "app_online_video_rate"), "users of micro-dramas are counted in 2024 only"
)


def _judged(table, se, level):
    """p-values of changes, the same by Holm's adjustment, and verdicts, which the digits that were not printed may leave open."""
    change = table["change"].abs()
    p = two_sided(change / se)
    least = two_sided((change - table["rounding"]).clip(lower=0) / se)
    most = two_sided((change + table["rounding"]) / se)
    least, adjusted, most = (_holm(one, table["family"]) for one in (least, p, most))
    known = [adjusted.isna(), least <= 1 - level, most <= 1 - level]
    return p, adjusted, np.select(known, ["", "yes", "rounding"], "no")


def _spread(value, errors):
    """√ y (base - y) with y the part that is estimated, to which a standard error is proportional; 1 where it is no share."""
    part = (errors["known"] - value).where(errors["known"].notna(), value)
    return np.sqrt(part * (errors["base"] - part)).where(errors["base"].notna(), 1.0)


def _holm(p, family):
    """Holm's adjusted p-values within families."""
    result = pd.Series(np.nan, index=p.index)
    for name in family.unique():
        mine = p[(family == name) & p.notna()].sort_values(kind="stable")
        steps = mine * np.arange(len(mine), 0, -1)
        result[mine.index] = np.minimum(steps.cummax(), 1.0)
    return result
