"""The margin of error of every published estimate, by the size of what it is estimated from."""

from typing import TYPE_CHECKING

import pandas as pd
from scipy import special

from .. import guards, reference
from ..aliases import Progress
from ..errors import DataError
from ..report import figures, html
from ..study import Study
from ..survey import SurveySpec
from .simple import SEED, standard_errors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PRESET = "cnnic-2024-12"


def planned(spec: SurveySpec | None, n: float, deff: float, level: float) -> tuple[SurveySpec, float, float, float]:
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
    (coverage of the nominal 95 % interval, in percent) with design_cover_mcse, design_mean_moe (the margin by the mean estimated standard
    error, which chance moves less than design_moe) with design_mean_mcse. In the unit of the estimate. Estimates that are not the
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
    spec, n, deff, level = planned(spec, n, deff, level)
    guards.whole_number(repetitions, "repetitions")
    facts, errors = reference.published(), standard_errors(spec, n, deff)
    z = float(special.ndtri((1 + level) / 2))
    table = facts[["domain", "unit"]].assign(published=facts["value_2024_12"])
    table["respondents"] = errors["respondents"]
    table["stated"] = errors["whole"] * reference.statement().se * z
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
    return figures.margins_by_size(table, html.labels(lang), reference.statement().moe, ax)


def _monte_carlo(spec, n, repetitions, z, progress):
    """Margin, deff and coverage of every estimate over repetitions of the survey, with Monte Carlo errors."""
    spec = spec.model_copy(update={"sample": spec.sample.model_copy(update={"interviews": round(n)})})
    study = Study(spec, changes=(f"study.repetitions={repetitions}", f"study.seed={SEED}"))
    long = study.run(progress=progress if progress is not None else False).performance()
    value, error = (long.pivot(index="estimand", columns="measure", values=c) for c in ("value", "mcse"))
    errors = {"design_se": value["empse"], "design_moe": z * value["empse"], "design_mcse": z * error["empse"]}
    cover = {"design_cover": 100 * value["cover"], "design_cover_mcse": 100 * error["cover"]}
    mean = {"design_mean_moe": z * value["modelse"], "design_mean_mcse": z * error["modelse"]}
    return pd.DataFrame(errors | {"design_deff": value["deff"]} | cover | mean)
