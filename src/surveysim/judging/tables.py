"""Performance of estimators from a table of repetitions, whoever made it."""

import warnings

import narwhals as nw
import numpy as np
import pandas as pd

from .. import guards
from ..errors import DataError, SurveysimWarning
from ..estimation.intervals import wald_interval
from ..tables import called, framed, named, numbers_of, one_name
from .measures import extrapolated, measure, needed, paired, precision_gain

LARGEST = 1e150  # values beyond this have no squares in double precision, and nothing can be divided by those below its inverse
REPETITION = ("repetition", "rep", "dataset", "i")  # names a column of repetitions usually has


def performance(
    frame,
    true,
    by=None,
    estimate="estimate",
    se="se",
    lower=None,
    upper=None,
    df=None,
    level=0.95,
    reference=None,
    power=False,
    repetition=None,
):
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
    if isinstance(estimate, dict):
        frame, by, (estimate, se, lower, upper) = _from_wide(frame, by, estimate, se, lower, upper)
    data, kind = _read(frame)
    by = _names(by)
    for name in by:
        _column(data, name)
    guards.level(level)
    guards.flag(power, "power")
    given = {
        "estimate": _numbers(data, estimate, "estimate"),
        "se": None if se is None else _numbers(data, se, "se"),
        "lower": None if lower is None else _numbers(data, lower, "lower"),
        "upper": None if upper is None else _numbers(data, upper, "upper"),
        "df": None if df is None else _numbers(data, df, "df"),
        "true": _numbers(data, true, "true"),
    }
    _check(given, {"se": se, "lower": lower, "upper": upper, "df": df, "true": true})
    ids = _repetitions(data, repetition, reference)
    groups = _groups(data, by)
    if reference is None:
        _warn_of_pooling(data, groups, by)
    rows = []
    for key, at in groups.items():
        part = {name: None if values is None else values[at] for name, values in given.items()}
        found = measure(**part, level=level, power=power)
        if reference is not None:
            found["relprec"] = _gain(groups, key, at, by, reference, given, ids)
        rows += [(*key, name, *pair) for name, pair in found.items()]
    return _written([*by, "measure", "value", "mcse"], rows, kind)


def compare(
    frame,
    true,
    reference,
    by="method",
    estimate="estimate",
    se="se",
    lower=None,
    upper=None,
    df=None,
    level=0.95,
    repetition=None,
):
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
    if isinstance(estimate, dict):
        outer = None if by == "method" else by
        frame, by, (estimate, se, lower, upper) = _from_wide(frame, outer, estimate, se, lower, upper)
    data, kind = _read(frame)
    by = _names(by)
    guards.level(level)
    ids = _repetitions(data, repetition, reference)
    sources = {"estimate": estimate, "se": se, "lower": lower, "upper": upper}
    named = {what: None if column is None else _numbers(data, column, what) for what, column in sources.items()}
    degrees = None if df is None else _numbers(data, df, "df")
    truth, groups, rows = _numbers(data, true, "true"), _groups(data, by), []
    _check(named | {"df": degrees, "true": truth}, sources | {"df": df, "true": true})
    given = list(named.values())
    if lower is None and se is not None:
        given[2:] = wald_interval(given[0], given[1], level, np.inf if degrees is None else degrees)
    for key, at in groups.items():
        _refuse_twice(ids[at], by)
        base = _reference_rows(groups, key, by, reference)
        if key[-1] == reference:
            continue
        _, i, j = np.intersect1d(ids[at], ids[base], return_indices=True)
        first, second = ([None if x is None else x[rows_][k] for x in given] for rows_, k in ((at, i), (base, j)))
        found, r, n = paired(first, second, truth[at][i])
        rows += [(*key, reference, name, *pair, r, n) for name, pair in found.items()]
    return _written([*by, "reference", "measure", "value", "mcse", "correlation", "pairs"], rows, kind)


def repetitions_needed(table, target):
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
    data, kind = _read(table)
    for name in ("measure", "value", "mcse"):
        _column(data, name)
    by = [c for c in data.columns if c not in ("measure", "value", "mcse")]
    targets = target if isinstance(target, dict) else dict.fromkeys(data["measure"].unique(), target)
    unknown = [name for name in targets if name not in set(data["measure"])]
    if unknown:
        raise DataError(f"{unknown[0]!r} is no measure of this table; there are {', '.join(data['measure'].unique())}.")
    rows = []
    for key, at in _groups(data, by).items():
        part = data.iloc[at].set_index("measure")
        if list(part.index).count("nsim") != 1:
            raise DataError("the table needs one row nsim for every group, as `performance` gives it.")
        n = part.loc["nsim", "value"]
        for name, error in targets.items():
            if name in part.index and np.isfinite(part.loc[name, "mcse"]):
                need = needed(n, part.loc[name, "mcse"], error)
                rows.append((*key, name, part.loc[name, "value"], part.loc[name, "mcse"], n, error, float(need)))
    return _written([*by, "measure", "value", "mcse", "nsim", "target", "needed"], rows, kind)


def bootstrap_coverage(
    frame, true, bootstraps="bootstraps", lower="lower", upper="upper", repetition="rep", target=np.inf
):
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
    data, kind = _read(frame)
    true = guards.number(true, "true")
    target = guards.number(target, "target", 0, open_=True, infinite=True, remedy="It is a number of resamples.")
    _column(data, repetition)
    data = pd.DataFrame(
        {repetition: data[repetition]} | {name: _numbers(data, name, name) for name in (bootstraps, lower, upper)}
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
    return _written(["bootstraps", "measure", "value", "mcse"], rows, kind)


# ------------------------------------------------------------------------------------------------------- reading
def _read(frame):
    """The table as pandas, and its own kind."""
    table = framed(frame)
    return table.to_pandas(), table.implementation


def _written(columns, rows, kind):
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    table = {name: list(column) for name, column in zip(columns, values, strict=True)}
    return pd.DataFrame(table) if kind.is_pandas() else nw.from_dict(table, backend=kind).to_native()


def _column(data, name):
    if name not in data.columns:
        raise DataError(f"the table has no column {name!r}; it has {', '.join(map(str, data.columns))}.")
    return data[name]


def _names(by):
    """Names of columns in a list."""
    if by is None:
        return []
    if not isinstance(by, str | list | tuple):
        raise DataError(f"by = {guards.sight(by)}: give the name of a column, or a list of names.")
    return named(by, "by")


def _numbers(data, column, what):
    """A column, or a number in every row, as (n,) floats with NaN for missing values."""
    alone = what in ("true", "df", "se")
    if alone and guards.is_number(column):
        if what == "df":
            return np.full(len(data), guards.number(column, "df", infinite=True))
        values = np.full(len(data), guards.number(column, what, -LARGEST, LARGEST))
        return _refuse_vanishing(values, what, what)
    if not isinstance(column, str):
        raise DataError(f"{what} = {guards.sight(column)}: give a column's name{' or a number' if alone else ''}.")
    _column(data, column)
    values = numbers_of(data, column, len(data), what, finite=False)
    for bad, is_what in (
        (np.isinf(values) & (what != "df"), "infinite"),
        (np.isfinite(values) & (np.abs(values) > LARGEST), "absurd"),
    ):
        if bad.any():
            row = int(np.argmax(bad))
            raise DataError(
                f"column {column!r} has {int(bad.sum())} {is_what} values, the first in row {row} ({values[row]:g}); an estimator that "
                "diverges has failed: set them missing, and they are counted."
            )
    return _refuse_vanishing(values, what, f"column {column!r}")


def _refuse_vanishing(values, what, label):
    """The values; refused where they are true ones that are not 0 and that no bias can be divided by."""
    tiny = (values != 0) & (np.abs(values) < 1 / LARGEST)
    if what == "true" and tiny.any():
        raise DataError(
            f"{label}: {int(tiny.sum())} of {len(values)} true values are next to nothing, the first is {values[tiny][0]:g} in row "
            f"{int(np.argmax(tiny))}; give 0, or change the unit."
        )
    return values


def _check(given, sources):
    """Refuse what cannot be judged; `sources` are the columns or numbers that it came from."""
    if (sources["lower"] is None) != (sources["upper"] is None):
        raise DataError("lower and upper bounds of intervals come together; give both or neither.")

    def refuse(what, wrong, words):
        if np.any(wrong):
            raise DataError(
                f"{called(what, sources[what])}: {words.format(int(np.sum(wrong)))}, the first is row {int(np.argmax(wrong))}."
            )

    if given["se"] is not None:
        refuse("se", given["se"] < 0, "{} standard errors are negative")
    if given["df"] is not None:
        refuse("df", given["df"] <= 0, "degrees of freedom have to be above 0, and {} are not")
    refuse("true", np.isnan(given["true"]), "the true value is missing in {} rows")
    if given["lower"] is not None:
        refuse("lower", given["lower"] > given["upper"], "in {} rows the lower bound is above the upper one")


def _repetitions(data, repetition, reference):
    """Identity of every row's repetition (n,); None where nothing is compared."""
    if reference is None:
        return None
    try:
        hash(reference)
    except TypeError:
        raise DataError(f"reference = {guards.sight(reference)}: give one value of the last column of by.") from None
    found = next((c for c in REPETITION if c in data.columns), None)
    name = found if repetition is None else one_name(repetition, "repetition")
    if name is None:
        raise DataError(
            f"a comparison pairs rows of one repetition; name their column by repetition=, or call it {' or '.join(map(repr, REPETITION))}."
        )
    return _column(data, name).to_numpy()


def _warn_of_pooling(data, groups, by):
    """Say so where one group has a repetition more than once: most likely a column is missing in `by`."""
    name = next((c for c in REPETITION[:3] if c in data.columns and c not in by), None)
    if name is not None and any(data[name].iloc[at].duplicated().any() for at in groups.values()):
        warnings.warn(
            f"repetitions occur more than once in a group (column {name!r}); if they belong to different methods or scenarios, name these "
            "columns in by=.",
            SurveysimWarning,
            stacklevel=3,
        )


def _groups(data, by):
    """{key: rows} in order of appearance."""
    if not by:
        return {(): np.arange(len(data))}
    if data[by].isna().any(axis=None):
        raise DataError(f"{', '.join(by)} have missing values, so rows cannot be told apart.")
    found = data.groupby(by, sort=False, observed=True).indices
    return {key if isinstance(key, tuple) else (key,): np.sort(rows) for key, rows in found.items()}


def _reference_rows(groups, key, by, reference):
    base = (*key[:-1], reference)
    if not by or base not in groups:
        known = list(dict.fromkeys(k[-1] for k in groups)) if by else []
        raise DataError(
            f"reference = {reference!r} is no value of {by[-1]!r}{f' where {dict(zip(by, key[:-1]))}' if len(by) > 1 else ''}; "
            f"there are {', '.join(map(str, known))}."
            if by
            else "reference needs by=: the columns whose last one names the methods."
        )
    return groups[base]


def _gain(groups, key, at, by, reference, given, ids):
    base = _reference_rows(groups, key, by, reference)
    kept = np.isfinite(given["estimate"]) & (True if given["se"] is None else np.isfinite(given["se"]))
    at, base = at[kept[at]], base[kept[base]]
    _refuse_twice(ids[at], by)
    _refuse_twice(ids[base], by)
    return precision_gain(given["estimate"][at], given["estimate"][base], ids[at], ids[base])


def _refuse_twice(ids, by):
    if len(np.unique(ids)) < len(ids):
        raise DataError(
            f"a repetition occurs twice in one group of {', '.join(by)}; rows are paired by it. Add the columns that tell them apart."
        )


def _from_wide(frame, by, estimate, se, lower, upper):
    """Long shape from columns by method."""
    if not estimate:
        raise DataError("estimate = {}: give {method: column}, with at least one method.")
    data, kind = _read(frame)
    given = {"estimate": estimate, "se": se, "lower": lower, "upper": upper}
    parts = []
    for method in estimate:
        part = data.copy()
        for name, columns in given.items():
            if columns is not None:
                if not isinstance(columns, dict) or set(columns) != set(estimate):
                    raise DataError(f"{name} has to name a column for the same methods as estimate: {list(estimate)}.")
                part[f"_{name}"] = _numbers(data, columns[method], name)
        parts.append(part.assign(method=method))
    names = tuple(None if columns is None else f"_{name}" for name, columns in given.items())
    long = pd.concat(parts, ignore_index=True)
    if not kind.is_pandas():
        long = nw.from_dict({c: long[c].to_list() for c in long.columns}, backend=kind).to_native()
    return long, [*([] if by is None else [by] if isinstance(by, str) else by), "method"], names
