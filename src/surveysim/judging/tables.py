"""Performance of estimators from a table of repetitions, whoever made it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .. import guards
from ..aliases import OwnKind, Table
from ..errors import DataError
from ..inference.intervals import wald_interval
from .controls import NAMED
from .measures import extrapolated, measure, needed, paired, precision_gain
from .reading import Repetitions, column, grouped, numbers, read, written


def performance(
    frame: Table,
    true: float | str,
    by: str | Sequence[str] | None = None,
    estimate: str | dict[str, str] = "estimate",
    se: str | float | dict[str, str] | None = "se",
    lower: str | dict[str, str] | None = None,
    upper: str | dict[str, str] | None = None,
    df: str | float | None = None,
    level: float = 0.95,
    reference: object = None,
    power: bool = False,
    repetition: str | None = None,
) -> OwnKind:
    """Bias, standard errors, coverage and the like of estimators over repetitions, each with its Monte Carlo standard error.

    Parameters
    ----------
    frame : table (pandas, polars or pyarrow) with one row per repetition and estimator; it is not modified.
    true : the true value: a number, or a column of it.
    by : column or columns whose combinations are judged apart, such as ["scenario", "method"].
    estimate, se : columns. Stata's and rsimsum's wide shape, one row per repetition with a column for every method, is given as
        {method: column}; `by` then gets a last column `method`. se=None where no errors were estimated.
    lower, upper : columns with the bounds of intervals (or {method: column}); None takes estimate ± quantile × se.
    df : column or number of degrees of freedom of t intervals; None is the normal quantile.
    level : confidence level of these. reference : value of the last column of `by` that relprec compares with.
    power : add the share of estimates that differ significantly from 0: by se with `df`, or, where se=None, by the intervals given.
    repetition : column that tells which rows belong to one repetition, for relprec; None looks for "repetition", "rep", "dataset", "i".

    Returns
    -------
    Table of the caller's kind: by…, measure, value, mcse. Rows with estimate or se missing are left out per method, as in rsimsum,
    and counted by n_missing. `measures.MEASURES` says what each is; cover and power are shares, rbias a ratio, relprec and relerror
    percent. mcse is missing for counts.

    Raises
    ------
    DataError : a column that is not there or not numeric, infinite values, negative standard errors, an unknown reference.

    See also
    --------
    surveysim.judging.compare, repetitions_needed, bootstrap_coverage.

    References
    ----------
    White (2010), Stata J. 10:369-385; Morris, White & Crowther (2019), Stat. Med. 38:2074-2102.

    Examples
    --------
    >>> import pandas as pd, surveysim as ss
    >>> runs = pd.DataFrame({"estimate": [1.0, 2.0, 3.0, 4.0], "se": [1.0, 1.1, 0.9, 1.0]})
    >>> ss.performance(runs, true=2.0).set_index("measure").loc["bias"].round(4).to_dict()
    {'value': 0.5, 'mcse': 0.6455}
    """
    sources = {"estimate": estimate, "se": se, "lower": lower, "upper": upper, "df": df, "true": true}
    given = Repetitions.of(frame, by, sources, level)
    guards.flag(power, "power")
    ids = given.identities(repetition, reference)
    if reference is None:
        given.warn_of_pooling()
    rows = []
    for key, at in given.groups.items():
        found = measure(**given.numbers_at(at), level=level, power=power)
        if reference is not None:
            found["relprec"] = _gain(given, key, at, reference, ids)
        rows += [(*key, name, *pair) for name, pair in found.items()]
    return written([*given.by, "measure", "value", "mcse"], rows, given.kind)


def compare(
    frame: Table,
    true: float | str,
    reference: object,
    by: str | Sequence[str] | None = "method",
    estimate: str | dict[str, str] = "estimate",
    se: str | float | dict[str, str] | None = "se",
    lower: str | dict[str, str] | None = None,
    upper: str | dict[str, str] | None = None,
    df: str | float | None = None,
    level: float = 0.95,
    repetition: str | None = None,
) -> OwnKind:
    """Methods against a reference in the same repetitions, with the Monte Carlo error of the difference.

    Parameters
    ----------
    As those of `performance`; the last column of `by` names the methods, `reference` is one of its values.

    Returns
    -------
    Table by…, reference, measure (bias, mse, cover, ciwidth: differences; varratio), value, mcse, correlation of the estimates, pairs.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.judging import compare
    >>> runs = pd.DataFrame({"rep": [1, 2, 3] * 2, "method": ["plain"] * 3 + ["raked"] * 3})
    >>> runs = runs.assign(estimate=[9, 10, 14, 9, 10, 11], se=1.0)
    >>> compare(runs, true=10, reference="plain").set_index("measure")["value"].round(3).to_dict()
    {'bias': -1.0, 'mse': -5.0, 'varratio': 0.143, 'cover': 0.333, 'ciwidth': 0.0}
    """
    if isinstance(estimate, dict) and by == "method":
        by = None  # the name that the column of methods gets
    sources = {"estimate": estimate, "se": se, "lower": lower, "upper": upper, "df": df, "true": true}
    given = Repetitions.of(frame, by, sources, level)
    ids, numbers, rows = given.identities(repetition, reference), given.numbers, []
    sides = [numbers[name] for name in ("estimate", "se", "lower", "upper")]
    if lower is None and se is not None:
        sides[2:] = wald_interval(sides[0], sides[1], level, np.inf if df is None else numbers["df"])
    for key, at in given.groups.items():
        given.refuse_twice(ids[at])
        base = given.reference_rows(key, reference)
        if key[-1] == reference:
            continue
        _, i, j = np.intersect1d(ids[at], ids[base], return_indices=True)
        first, second = ([None if x is None else x[rows_][k] for x in sides] for rows_, k in ((at, i), (base, j)))
        found, r, n = paired(first, second, numbers["true"][at][i])
        rows += [(*key, reference, name, *pair, r, n) for name, pair in found.items()]
    return written([*given.by, "reference", "measure", "value", "mcse", "correlation", "pairs"], rows, given.kind)


def repetitions_needed(table: Table, target: float | dict[str, float]) -> OwnKind:
    """How many repetitions each measure needs.

    Parameters
    ----------
    table : result of `performance`. target : Monte Carlo error wanted: a number for all, or {measure: number}.

    Returns
    -------
    The rows of the measures in `target` with columns nsim (as run), target and needed; counts have no error and no row.

    Examples
    --------
    The Monte Carlo error of a coverage of 90 % is 0.5 points after 0.9 × 0.1 / 0.005² = 3,600 repetitions.

    >>> import pandas as pd
    >>> from surveysim.judging import repetitions_needed
    >>> rows = [("nsim", 100, None), ("cover", 0.9, 0.03)]
    >>> table = pd.DataFrame(rows, columns=["measure", "value", "mcse"])
    >>> repetitions_needed(table, {"cover": 0.005})["needed"].tolist()
    [3600.0]
    """
    data, kind = read(table)
    for name in ("measure", "value", "mcse"):
        column(data, name)
    by = [c for c in data.columns if c not in ("measure", "value", "mcse", NAMED)]
    targets = target if isinstance(target, dict) else dict.fromkeys(data["measure"].unique(), target)
    unknown = [name for name in targets if name not in set(data["measure"])]
    if unknown:
        raise DataError(f"{unknown[0]!r} is no measure of this table; there are {', '.join(data['measure'].unique())}.")
    rows = []
    for key, at in grouped(data, by).items():
        part = data.iloc[at].set_index("measure")
        if list(part.index).count("nsim") != 1:
            raise DataError("the table needs one row nsim for every group, as `performance` gives it.")
        value, mcse = part["value"].to_dict(), part["mcse"].to_dict()
        n = value["nsim"]
        for name, error in targets.items():
            if name in part.index and np.isfinite(mcse[name]):
                need = needed(n, mcse[name], error)
                rows.append((*key, name, value[name], mcse[name], n, error, float(need)))
    return written([*by, "measure", "value", "mcse", "nsim", "target", "needed"], rows, kind)


def bootstrap_coverage(
    frame: Table,
    true: float,
    bootstraps: str = "bootstraps",
    lower: str = "lower",
    upper: str = "upper",
    repetition: str = "rep",
    target: float = np.inf,
) -> OwnKind:
    """Coverage and width of bootstrap intervals, extrapolated to more resamples than were drawn.

    Parameters
    ----------
    frame : table with one row per repetition and number of resamples: `repetition`, `bootstraps`, `lower`, `upper`.
    true : the true value. target : number of resamples to extrapolate to.

    Returns
    -------
    Table bootstraps, measure (cover, ciwidth), value, mcse; the last rows are the extrapolated ones.

    References
    ----------
    Boos & Zhang (2000), JASA 95:486-492.
    """
    data, kind = read(frame)
    true = guards.number(true, "true")
    target = guards.number(target, "target", 0, open_=True, infinite=True, remedy="It is a number of resamples.")
    column(data, repetition)
    data = pd.DataFrame(
        {repetition: data[repetition]} | {name: numbers(data, name, name) for name in (bootstraps, lower, upper)}
    )
    if not np.all(data[bootstraps] > 0):
        raise DataError(f"column {bootstraps!r} holds numbers of resamples; they are above 0.")
    if data.duplicated([repetition, bootstraps]).any():
        raise DataError(
            f"a repetition occurs twice with one number of resamples; {repetition!r} and {bootstraps!r} tell rows apart."
        )
    counts = np.sort(data[bootstraps].unique())
    wide = {c: data.pivot(index=repetition, columns=bootstraps, values=c)[counts].to_numpy() for c in (lower, upper)}
    if np.isnan(wide[lower]).any() or np.isnan(wide[upper]).any():
        raise DataError("every repetition needs its interval for every number of resamples; some are missing.")
    hold = {
        "cover": ((wide[lower] <= true) & (true <= wide[upper])).astype(float),
        "ciwidth": wide[upper] - wide[lower],
    }
    rows = []
    for k, count in enumerate(counts):
        for name, values in hold.items():
            found = measure(values[:, k], None, 0.0)["thetamean"]
            rows.append((float(count), name, *found))
    rows += [(float(target), name, *extrapolated(values, counts, target)) for name, values in hold.items()]
    return written(["bootstraps", "measure", "value", "mcse"], rows, kind)


def _gain(given, key, at, reference, ids):
    """The gain of precision over the reference in the same repetitions, and its Monte Carlo error."""
    base, estimate, se = given.reference_rows(key, reference), given.numbers["estimate"], given.numbers["se"]
    kept = np.isfinite(estimate) & (True if se is None else np.isfinite(se))
    at, base = at[kept[at]], base[kept[base]]
    given.refuse_twice(ids[at])
    given.refuse_twice(ids[base])
    return precision_gain(estimate[at], estimate[base], ids[at], ids[base])
