"""What a statement of error (`reference.statement`) says at every sample size there may have been, and whether a published change is more
than chance."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from .. import guards, reference
from ..aliases import Values
from ..display import Shown
from ..errors import DataError
from ..report import html
from ..report.labelling import change_case
from ..sampling.rotating import change_error

PRINTED = 0.05  # points by which rounding may have moved a printed percentage
OVERLAPS = (0.0, 0.5)  # of two surveys: independent samples, half the panel; the report does not say


def of_everybody(definitions: pd.DataFrame) -> list[str]:
    """Percentages of all netizens or of all residents, of which the statement can be meant."""
    whole = definitions["denominator"].isin(["internet", "persons"])
    return list(definitions.index[(definitions["unit"] == "percent") & whole])


def claim(moe: pd.Series, definitions: pd.DataFrame, bound: float) -> dict[str, Any]:
    """What margins in points, by indicator, leave of a bound for all of them.

    Returns
    -------
    dict: rates, how many percentages of everybody there are; widest and widest_indicator among them; wide, how many are wider than the
    bound; group_rates, widest_group, widest_group_indicator, wide_groups the same of percentages of groups.
    """
    percent = definitions.index[definitions["unit"] == "percent"]
    every = [name for name in of_everybody(definitions) if np.isfinite(moe.get(name, np.nan))]
    groups = [name for name in percent if name not in every and np.isfinite(moe.get(name, np.nan))]
    found = {}
    for names, ends in ((every, ("rates", "widest", "wide")), (groups, ("group_rates", "widest_group", "wide_groups"))):
        some = moe.loc[names]
        count, widest, wide = ends
        found |= {count: len(names), widest: some.max() if len(names) else np.nan}
        found |= {f"{widest}_indicator": some.idxmax() if len(names) else "", wide: int((some > bound).sum())}
    return found


def at_sizes(moe: pd.Series, n: int, definitions: pd.DataFrame, bound: float, sizes: Sequence[int]) -> pd.DataFrame:
    """`claim` at other numbers of interviews than the n that margins are of: a margin goes with one over √n. A row for each n."""
    return pd.DataFrame([{"n": size} | claim(moe * np.sqrt(n / size), definitions, bound) for size in sizes])


@dataclass(frozen=True)
class ChangeVerdict(Shown):
    """Whether one published change is more than chance.

    Attributes
    ----------
    indicator, before, now : what changed, in percent. level : confidence level.
    table : DataFrame errors ("stated", "simple" or "design"), n (missing where errors are stated), overlap, correlation (of the two
        estimates), moe of the change, p (two-sided), verdict ("yes", "no", or "rounding": it depends on digits that were not printed),
        bears: by how many points errors that do not cancel between surveys may have changed before the change is chance;
        moe_before, moe_now: of the two percentages.
    """

    indicator: str
    before: float
    now: float
    level: float
    table: pd.DataFrame

    def _shown(self):
        return self.table

    @property
    def answer(self) -> str:
        """ "yes", "no", or "depends" where it is not the same in every row."""
        words = set(self.table["verdict"])
        return words.pop() if words in ({"yes"}, {"no"}) else "depends"

    def sentence(self, lang: str = "en") -> str:
        """The verdict in one sentence."""
        text, table = html.labels(lang), self.table
        best, worst = table.iloc[table["moe"].argmin()], table.iloc[table["moe"].argmax()]
        name = reference.published().loc[self.indicator, "name_zh" if lang == "zh" else "name_en"]
        sure = table[table["verdict"] == "yes"]
        return text[f"change_{self.answer}"].format(
            name=name,
            before=f"{self.before:.1f}",
            now=f"{self.now:.1f}",
            change=f"{self.now - self.before:+.1f}",
            level=f"{100 * self.level:g}",
            least=f"{best['moe']:.2f}",
            most=f"{worst['moe']:.2f}",
            best=change_case(best, text),
            worst=change_case(worst, text),
            bears=f"{max(worst['bears'], 0):.2f}",
            k=len(sure),
            n=len(table),
        )

    def summary(self) -> str:
        return self.sentence()


def judged_change(
    errors: Iterable[tuple[str, float, float]],
    indicator: str = "internet_penetration",
    *,
    base: float = 100.0,
    level: float = 0.95,
    overlaps: Sequence[float] = OVERLAPS,
) -> ChangeVerdict:
    """Whether the change of a published percentage since December 2023 is more than chance, taken by itself.

    Parameters
    ----------
    errors : (whose, n, standard error of the percentage now, in points), one for each design; n is missing where errors are "stated".
    indicator : a published percentage with a figure for both dates. base : percent of those the percentage is of who can be asked at all.
    level : confidence level. overlaps : shares of respondents who were asked in both surveys.

    Notes
    -----
    The standard error before is that of now, moved with √ p (base - p). Of a panel, answers a year apart are as alike as the two
    percentages allow, so that an overlap takes away as much error as it can: between it and independent samples lies what was done.

    Examples
    --------
    >>> from surveysim.survey.claims import judged_change
    >>> found = judged_change([("stated", float("nan"), 0.66 / 1.959964)])
    >>> found.table[["overlap", "moe", "verdict"]].round(2).to_numpy().tolist()
    [[0.0, 0.93, 'yes'], [0.5, 0.67, 'yes']]
    >>> print(found.sentence()[:44])
    Yes: the change of Internet penetration from

    References
    ----------
    Kish (1965), Survey Sampling, section 12.4 (the variance of a change, and of one with partial overlap).
    """
    fact: Any = reference.published().loc[indicator]
    before, now = float(fact["value_2023_12"]), float(fact["value_2024_12"])
    if fact["unit"] != "%" or np.isnan(before + now):
        raise DataError(
            f"indicator = {indicator!r} has no printed percentage for both December 2023 and December 2024."
        )
    level, change, rows = guards.level(level), round(now - before, 6), []
    z, rounding = float(special.ndtri((1 + level) / 2)), rounding_of(fact)
    likeness = most_alike(before / base, now / base)
    for whose, n, se in errors:
        earlier = se if whose == "stated" else se * np.sqrt(before * (base - before) / (now * (base - now)))
        for overlap in overlaps:
            correlation = overlap * likeness
            of_change = change_error(se, earlier, correlation)
            p, least, most = (
                two_sided(d / of_change) for d in (abs(change), abs(change) - rounding, abs(change) + rounding)
            )
            verdict = "yes" if least <= 1 - level else "rounding" if most <= 1 - level else "no"
            moe = z * of_change
            rows.append((whose, n, overlap, correlation, moe, p, verdict, abs(change) - moe, z * earlier, z * se))
    names = ["errors", "n", "overlap", "correlation", "moe", "p", "verdict", "bears", "moe_before", "moe_now"]
    return ChangeVerdict(indicator, before, now, level, pd.DataFrame(rows, columns=names))


def most_alike(p: float, q: float) -> float:
    """The largest correlation that a yes of p and a yes of q can have: everybody of the rarer one is among those of the other."""
    low, high = min(p, q), max(p, q)
    return float(np.sqrt(low * (1 - high) / (high * (1 - low))))


def rounding_of(fact: Any) -> float:
    """By how much rounding may have moved a change: half a printed digit for each figure that was printed, one where the change was."""
    each, own = [PRINTED, PRINTED], PRINTED
    if fact.unit == "10k persons":
        own, each = 0.5, [50.0 if value % 100 == 0 else 0.5 for value in (fact.value_2023_12, fact.value_2024_12)]
    return own if fact.value_2023_12_basis == "implied_by_change" else sum(each)


def two_sided(z: Values) -> Any:
    """The chance of a normal deviate at least so far from 0."""
    return 2 * special.ndtr(-np.abs(z))
