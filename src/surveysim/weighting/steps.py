"""The steps of a recipe: frozen, each turning one weight column into the next.

A step's `apply` takes the table, the weights so far, the dispositions and what an earlier run decided (None the first time); it
returns the new weights, a record of what it did, and the Calibration if it made one.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from .. import guards
from ..columns import DISPOSITIONS, FRAMES
from ..errors import CalibrationError, DataError
from ..tables import named, numbers_of, one_name, pick, rows_of
from . import dual_frame, nonresponse
from .calibration import check_solver
from .distances import Distance
from .margins import Margins, level_codes, of_file
from .problem import Problem, base_weights
from .trimming import calibrate_trimmed, trim_bounds


def _column(cases, column, role):
    """A column of numbers (n,) by its name, whatever it is called; `role` is the argument that names it."""
    return numbers_of(cases, one_name(column, role), rows_of(cases), "")


@dataclass(frozen=True, slots=True)
class BaseWeight:
    """Start from a column of weights, such as a file's design weights.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import BaseWeight, Recipe
    >>> Recipe([BaseWeight("w")]).apply(pd.DataFrame({"w": [10, 20]})).final.tolist()
    [10.0, 20.0]
    """

    column: str
    name: str = "base_weight"
    starts = True

    def apply(self, cases, weight, dispositions, fixed=None):
        return base_weights(cases, self.column, len(cases)), {}, None


@dataclass(frozen=True, slots=True)
class Selection:
    """Weight of a stage of selection: one over the inclusion probability of the row's unit, such as its prefecture."""

    probability: str = "unit_probability"
    name: str = "selection_weight"

    def apply(self, cases, weight, dispositions, fixed=None):
        pi = _column(cases, self.probability, "probability")
        wrong = guards.not_probabilities(pi)
        if wrong.any():
            k = int(np.argmax(wrong))
            raise DataError(
                f"{self.probability}: {int(wrong.sum())} of {len(pi)} rows are no probabilities above 0 that one can divide by; the first "
                f"is {float(pi[k])!r} in row {k}."
            )
        return weight / pi, {"largest": float(1 / pi.min())}, None


@dataclass(frozen=True, slots=True)
class InverseSampling:
    """Number weight of inverse sampling in strict order: N(m−1) / ((t−1)m).

    N numbers in the unit's space, the m-th and last interview on dial t; N/t would be biased upwards by m/(m−1)
    (Haldane 1945, Biometrika 33:222-225: (m−1)/(t−1) is unbiased for the interview rate).

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import InverseSampling, Recipe
    >>> cases = pd.DataFrame({"number_space": 10000, "unit_interviews": 3, "unit_dialled": [201]})
    >>> Recipe([InverseSampling()]).apply(cases).final.round(4).tolist()  # 10000 × 2 / (200 × 3)
    [33.3333]
    """

    space: str = "number_space"
    interviews: str = "unit_interviews"
    dialled: str = "unit_dialled"
    name: str = "design_weight"
    starts = True

    def apply(self, cases, weight, dispositions, fixed=None):
        N, m, t = (_column(cases, getattr(self, role), role) for role in ("space", "interviews", "dialled"))
        few = ~(m >= 2)
        if few.any():
            raise DataError(
                f"{int(few.sum())} interviews are alone in their unit (or {self.interviews} is missing); N(m−1)/((t−1)m) needs at "
                f"least 2. Raise the unit's target."
            )
        wrong = ~((t >= m) & (t <= N) & (np.inf > N))
        if wrong.any():
            k = int(np.argmax(wrong))
            raise DataError(
                f"{int(wrong.sum())} rows have no sense of numbers, the first is row {k}: {m[k]:g} interviews in {t[k]:g} dialled of "
                f"{N[k]:g}; need interviews <= dialled <= numbers."
            )
        return N * (m - 1) / ((t - 1) * m), {}, None


@dataclass(frozen=True, slots=True)
class Released:
    """Number weight of numbers released in replicates: numbers in the unit's space over numbers released.

    Every released number stands for as many, whatever became of it; what has not been resolved is nonresponse. Where releases stop
    because the target is met, some bias is left (docs/explanation/inverse-sampling.md measures it).

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import Recipe, Released
    >>> cases = pd.DataFrame({"number_space": [10000], "unit_dialled": [200]})
    >>> Recipe([Released()]).apply(cases).final.tolist()
    [50.0]
    """

    space: str = "number_space"
    released: str = "unit_dialled"
    name: str = "design_weight"
    starts = True

    def apply(self, cases, weight, dispositions, fixed=None):
        N, t = (_column(cases, getattr(self, role), role) for role in ("space", "released"))
        wrong = ~((t >= 1) & (t <= N) & (np.inf > N))
        if wrong.any():
            k = int(np.argmax(wrong))
            raise DataError(
                f"{int(wrong.sum())} rows have no sense of numbers, the first is row {k}: {t[k]:g} released of {N[k]:g}; need "
                f"1 <= released <= numbers."
            )
        return N / t, {}, None


@dataclass(frozen=True, slots=True)
class Multiplicity:
    """Number weight to person weight: ÷ own working mobiles, or × eligible members ÷ residential lines.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import Multiplicity, Recipe
    >>> cases = pd.DataFrame({"frame": ["landline", "mobile"], "n_mobile": [0, 2]})
    >>> cases = cases.assign(n_lines=[1, 0], n_eligible=[3, 1])
    >>> Recipe([Multiplicity()]).apply(cases).final.tolist()
    [3.0, 0.5]
    """

    frame: str = "frame"
    name: str = "multiplicity_weight"

    def apply(self, cases, weight, dispositions, fixed=None):
        landline = _one_of(cases, self.frame, FRAMES) == 0
        mobiles, lines, eligible = (numbers_of(cases, c, len(weight), c) for c in ("n_mobile", "n_lines", "n_eligible"))
        bad = np.where(landline, ~((lines >= 1) & (eligible >= 1)), ~(mobiles >= 1))
        if bad.any():
            raise DataError(
                f"{int(bad.sum())} interviews report no number of the kind they were reached on, the first is row "
                f"{int(np.argmax(bad))}; n_mobile, n_lines and n_eligible must be at least 1 there."
            )
        factor = np.where(landline, eligible / np.where(landline, lines, 1), 1 / np.where(landline, 1, mobiles))
        return weight * factor, {}, None


@dataclass(frozen=True, slots=True)
class NonresponseClasses:
    """Weight up for nonresponse inside classes, frame by frame: estimated eligible cases over interviews.

    e is for numbers of unknown status (UH); e_unscreened for people and households that were reached but refused before
    the screening (UO): nearly every household that answers has somebody eligible. With e = "given", the columns e and e_unscreened
    of the dispositions hold both.

    Examples
    --------
    Two interviews of 10 numbers; 4 of the 8 others may be eligible, of which e = 0.5 are: (2 + 2 + 2) / 2.

    >>> import pandas as pd
    >>> from surveysim.weighting import NonresponseClasses, Recipe
    >>> cases = pd.DataFrame({"region": ["north", "north"]})
    >>> numbers = {"region": ["north"], "I": [2], "P": [0], "R": [2], "NC": [0], "O": [0]}
    >>> dispositions = pd.DataFrame(numbers | {"UH": [4], "UO": [0], "NE": [2]})
    >>> Recipe([NonresponseClasses(by="region", e=0.5)]).apply(cases, dispositions).final.tolist()
    [3.0, 3.0]
    """

    by: tuple = ("frame", "number_province")
    e: float | Literal["proportional", "given"] = "proportional"
    e_unscreened: float = 1.0
    name: str = "nonresponse_weight"

    def __post_init__(self):
        _check_nonresponse(self)

    def apply(self, cases, weight, dispositions, fixed=None):
        _, counts, codes, e = _classes(self, cases, dispositions)
        factor = nonresponse.class_factors(counts, *e)
        return weight * factor[codes], _spread_of(factor), None


@dataclass(frozen=True, slots=True)
class NonresponsePropensity:
    """Weight up for nonresponse by one over a response propensity: a logistic model with the main effects of `by`.

    It needs fewer respondents than classes do, because it leaves out the interactions. With `groups` the classes are joined into
    that many groups of like propensity and about as many cases, and weighted by cases over interviews of the group.
    """

    by: tuple = ("frame", "number_province")
    e: float | Literal["proportional", "given"] = "proportional"
    e_unscreened: float = 1.0
    groups: int | None = None
    name: str = "nonresponse_weight"

    def __post_init__(self):
        _check_nonresponse(self)
        if self.groups is not None:
            guards.whole_number(self.groups, "groups", 1, 1_000_000, remedy="It is the number of propensity groups.")

    def apply(self, cases, weight, dispositions, fixed=None):
        labels, counts, codes, e = _classes(self, cases, dispositions)
        size, interviews = nonresponse.eligible(counts, *e), counts[:, 0]
        columns = zip(self.by, zip(*labels, strict=True), strict=True)
        levels = [pd.get_dummies(pd.Series(values).astype(str), prefix=c, drop_first=True) for c, values in columns]
        x = pd.concat(levels, axis=1)
        p = nonresponse.propensities(x.to_numpy(dtype=float), interviews, size, list(x.columns))
        factor = 1 / p
        if self.groups is not None:
            group = nonresponse.groups_alike(p, size, self.groups)
            with np.errstate(divide="ignore", invalid="ignore"):
                factor = (np.bincount(group, size) / np.bincount(group, interviews))[group]
            if not np.all(np.isfinite(factor)):
                raise DataError(f"a propensity group has no interviews; ask for fewer than groups = {self.groups}.")
        return weight * factor[codes], _spread_of(factor), None


def _check_nonresponse(step):
    object.__setattr__(step, "by", tuple(named(step.by, "by")))
    if not step.by:
        raise DataError(f"{type(step).__name__} needs columns of classes in by.")
    word = guards.is_text(step.e, "proportional") or guards.is_text(step.e, "given")
    shares = [v for v in (step.e, step.e_unscreened) if not (v is step.e and word)]
    if not all(guards.is_number(v) and 0 <= v <= 1 for v in shares):
        raise DataError(
            f"e = {step.e!r}, e_unscreened = {step.e_unscreened!r}: give shares of eligible numbers from 0 to 1; e may be "
            f'"proportional", or "given" in columns of the dispositions.'
        )


def _classes(step, cases, dispositions):
    """The classes (labels), their counts (classes, 8) by disposition, the class of every interview, and both e."""
    if dispositions is None:
        raise DataError(
            f"{type(step).__name__} needs dispositions: a table of the classes with the columns "
            f"{', '.join(DISPOSITIONS)} (counts of numbers)."
        )
    n = rows_of(dispositions)
    keys = list(zip(*(pick(dispositions, c).astype(object) for c in step.by), strict=True))
    numbers = np.column_stack([numbers_of(dispositions, c, n, c) for c in DISPOSITIONS])
    bad = ~(np.isfinite(numbers) & (numbers >= 0)).all(axis=1)
    if bad.any():
        raise DataError(
            f"{int(bad.sum())} rows of dispositions have missing or negative counts, the first is row {int(np.argmax(bad))}."
        )
    place = {label: k for k, label in enumerate(dict.fromkeys(keys))}
    labels, rows_to = list(place), np.array([place[key] for key in keys])
    counts = _summed(numbers, rows_to, len(labels))  # rows may be finer than the classes
    try:
        codes = level_codes(cases, step.by, labels)
    except CalibrationError as error:
        raise _no_class(step.by, cases, labels) or error from None
    nobody = np.flatnonzero(counts[:, 0] == 0)
    if len(nobody):
        raise DataError(
            f"class {_class_named(step.by, labels[nobody[0]])} has {counts[nobody[0]].sum():g} numbers but no interviews; join it with "
            f"another."
        )
    rows = np.bincount(codes, minlength=len(labels))
    wrong = np.flatnonzero(rows != counts[:, 0])
    if len(wrong):
        k = wrong[0]
        raise DataError(
            f"{len(wrong)} classes have other interviews than the table has rows; the first is {labels[k]!r} with I = "
            f"{counts[k, 0]:g} and {rows[k]} rows. Give the dispositions of these cases."
        )
    if step.e != "given":
        return labels, counts, codes, (step.e, step.e_unscreened)
    unknown = [DISPOSITIONS.index(c) for c in ("UH", "UO")]
    eligible = [
        _given(dispositions, name, numbers[:, at], n) for name, at in zip(("e", "e_unscreened"), unknown, strict=True)
    ]
    eligible, size = _summed(np.column_stack(eligible), rows_to, len(labels)), counts[:, unknown]
    return labels, counts, codes, np.divide(eligible, size, out=np.zeros(size.shape), where=size > 0).T


def _class_named(by, label):
    return " and ".join(f"{name} = {level!r}" for name, level in zip(by, label, strict=True))


def _no_class(by, cases, labels):
    """The error for interviews whose class is missing, or has no row in the dispositions."""
    keys = list(zip(*(pick(cases, name).astype(object) for name in by), strict=True))
    for name, values in zip(by, zip(*keys, strict=True), strict=True):
        missing = [row for row, value in enumerate(values) if pd.isna(value)]
        if missing:
            return DataError(
                f"column {name!r} of classes is missing in {len(missing)} interviews, the first in row {missing[0]}. Give them a class."
            )
    lost = [key for key in keys if key not in set(labels)]
    return lost and DataError(
        f"{lost.count(lost[0])} interviews have {_class_named(by, lost[0])}, which has no row in the dispositions. Add its counts, or "
        f"recode the class."
    )


def _summed(values, group, size):
    """Sums (size, columns) of rows by group."""
    result = np.zeros((size, values.shape[1]))
    np.add.at(result, group, values)
    return result


def _given(dispositions, name, numbers, n):
    """Expected eligible ones of these numbers by row, from the column that holds their e: they add up where shares do not."""
    values = numbers_of(dispositions, name, n, name)
    bad = ~((values >= 0) & (values <= 1))
    if bad.any():
        raise DataError(
            f"column {name!r} of the dispositions holds {int(bad.sum())} values that are no shares from 0 to 1, the first is "
            f"{values[np.argmax(bad)]:g} in row {int(np.argmax(bad))}."
        )
    return values * numbers


def _one_of(cases, column, values):
    """Codes (n,) of a column that may only hold these values."""
    given = pick(cases, column)
    if isinstance(given.dtype, pd.CategoricalDtype):  # its levels are few
        place = np.append(pd.Index(values).get_indexer(given.cat.categories.astype(object)), -1)
        codes = place[given.cat.codes.to_numpy()]
    else:
        codes = pd.Index(values).get_indexer(given.astype(object))
    if (codes < 0).any():
        row = int(np.argmax(codes < 0))
        raise DataError(
            f"{column!r} has {int((codes < 0).sum())} values other than {', '.join(map(repr, values))}; the first is "
            f"{pick(cases, column).iloc[row]!r} in row {row}."
        )
    return codes


def _spread_of(factor):
    return {"classes": len(factor), "least": float(factor.min()), "most": float(factor.max())}


@dataclass(frozen=True, slots=True)
class Composite:
    """Share the overlap between the frames; θ multiplies the landline sample's overlap.

    theta : a number, or "effective" for n / deff_kish of the two overlap samples.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import Composite, Recipe
    >>> cases = pd.DataFrame({"frame": ["landline"] * 2 + ["mobile"] * 2})
    >>> cases["domain"] = ["a", "ab", "ab", "b"]
    >>> Recipe([Composite(theta=0.4)]).apply(cases).final.tolist()
    [1.0, 0.4, 0.6, 1.0]
    """

    theta: float | Literal["effective"] = "effective"
    frame: str = "frame"
    domain: str = "domain"
    name: str = "composite_weight"

    def __post_init__(self):
        number = guards.is_number(self.theta) and 0 <= self.theta <= 1
        if not number and not guards.is_text(self.theta, "effective"):
            raise DataError(f'theta = {guards.sight(self.theta)}: give a share from 0 to 1, or "effective".')

    def apply(self, cases, weight, dispositions, fixed=None):
        landline = _one_of(cases, self.frame, FRAMES) == 0
        overlap = _one_of(cases, self.domain, ("a", "b", "ab")) == 2
        theta = self.theta if fixed is None else fixed["theta"]
        if isinstance(theta, str):
            theta = 1.0 if landline.all() else 0.0
            if overlap.any() and not landline.all() and landline.any():
                theta = dual_frame.effective_theta(weight[overlap], landline[overlap])
        return weight * dual_frame.composite_factor(landline, overlap, theta), {"theta": theta}, None


@dataclass(frozen=True, slots=True)
class Rake:
    """Rake to control totals; a level with fewer than `minimum` respondents is first merged with its neighbour.

    `margins`, `by` and `margins_are` are those of `rake`; parsed `Margins` bring their own `by`. `least` and `most`, multiples of
    the mean raked weight, trim the weights: raking and trimming alternate until the raked weights keep these bounds.

    Levels are looked at in order: a thin one joins the next, a thin last one the one before, until none is thin. What
    was merged is recorded.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveysim.weighting import Margins, Rake, Recipe
    >>> cases = pd.DataFrame({"age": ["6-29", "30-59", "30-59", "60+"]})
    >>> margins = Margins.parse({"age": {"6-29": 40, "30-59": 30, "60+": 20}})
    >>> weights = Recipe([Rake(margins, minimum=2)]).apply(cases)
    >>> weights.final.round(6).tolist()
    [22.5, 22.5, 22.5, 22.5]
    >>> [(step["level"], step["into"]) for step in weights.records[0]["merged"]]
    [('6-29', '30-59'), ('60+', '30-59')]
    """

    margins: Margins
    by: str | None = None
    margins_are: str | None = None
    minimum: int = 5
    least: float | None = None
    most: float | None = None
    tol: float = 1e-9
    max_iter: int = 1000
    name: str = "final_weight"

    def __post_init__(self):
        object.__setattr__(self, "margins", Margins.parse(self.margins, self.by))  # the caller's may change
        trim_bounds((self.least, self.most))
        guards.whole_number(self.minimum, "minimum", remedy="It is the least respondents of a level.")

    def apply(self, cases, weight, dispositions, fixed=None):
        cases, targets, _ = of_file(cases, Margins.parse(self.margins, self.by), None)
        check_solver(self.tol, self.max_iter)
        problem = Problem.of(cases, targets, weight)
        reading = targets.reading(self.margins_are, None)
        if reading == "totals" and self.margins_are is None and fixed is None:
            targets.refuse_near_shares(problem.sums)
        total, _ = targets.as_totals(problem.sums, reading)
        if fixed is None:
            problem, total, merged = merge_thin(problem, total, self.minimum)
        else:
            merged = fixed["merged"]
            problem, total = merge_again(problem, total, merged)
        distance, rounds = Distance.of("raking", None), {}
        if self.least is None and self.most is None:
            result = problem.calibrate(total, distance, self.tol, self.max_iter, reading)
        else:
            copied = None if fixed is None else fixed.get("copies")
            bounds = self.least, self.most, self.tol, self.max_iter
            result, n = calibrate_trimmed(problem, total, distance, *bounds, reading, copied)
            rounds = {"trimmed": n}
        return (
            result.weight,
            {"sweeps": result.iterations, "max_gap": result.max_gap, "merged": merged} | rounds,
            result,
        )


def merge_thin(problem, total, minimum):
    """Merge levels with fewer than `minimum` respondents, partition by partition: problem, totals, what was merged."""
    targets, total = problem.targets, total.copy()
    first, (P, C) = targets.first, total.shape
    count = np.zeros((P, C + 1), np.int64)
    count[:, problem.columns] += problem.respondents()
    image = np.broadcast_to(np.arange(C), (P, C)).copy()
    merged = []
    for p, c in np.argwhere(count[:, :C] < minimum):
        if image[p, c] != c or count[p, c] >= minimum or (np.isnan(total[p, c]) and count[p, c] == 0):
            continue  # already joined, made thick by an earlier one, or no level of this partition
        m = int(np.searchsorted(first, c, side="right")) - 1
        open_ = [k for k in range(first[m], first[m + 1]) if image[p, k] == k and k != c and not np.isnan(total[p, k])]
        if not open_:
            raise CalibrationError(
                f"margin {targets.name(c)[0]!r}{targets.where(p)} has {count[p, c]} respondents altogether, fewer than "
                f"minimum = {minimum}; lower the minimum or drop the margin there."
            )
        into = next((k for k in open_ if k > c), open_[-1])
        image[p, image[p] == c] = into
        count[p, into] += count[p, c]
        total[p, into] += total[p, c]
        count[p, c], total[p, c] = 0, np.nan
        merged.append(
            {
                "partition": targets.partitions[p],
                "margin": targets.name(c)[0],
                "level": targets.name(c)[1],
                "into": targets.name(into)[1],
            }
        )
    return (problem.merged(image) if merged else problem), total, merged


def merge_again(problem, total, merged):
    """Problem and totals with the merges of an earlier run, however many respondents there are now."""
    targets, total = problem.targets, total.copy()
    image = np.broadcast_to(np.arange(total.shape[1]), total.shape).copy()
    place = {targets.name(c): c for c in range(total.shape[1])}
    for step in merged:
        p, c, into = (
            targets.partitions.index(step["partition"]),
            place[step["margin"], step["level"]],
            place[step["margin"], step["into"]],
        )
        image[p, image[p] == c] = into
        total[p, into] += total[p, c]
        total[p, c] = np.nan
    return (problem.merged(image) if merged else problem), total
