"""Means over repetitions with a control variate: a number of each repetition whose expectation is known exactly, and is 0 here.

An estimate less β times its control has the same expectation for every fixed β, and the variance 1 - ρ² times where β is that of the
regression of estimates on controls (Lavenberg & Welch 1981, Manage. Sci. 27:322-335; Rubinstein & Marcus 1985, Oper. Res. 33:661-677;
Glasserman 2004, Monte Carlo Methods in Financial Engineering, 4.1). A β from the repetitions it is used on would be correlated with their
controls: a bias of order 1 / n, and a variance (n - 2) / (n - 3) times as large as it looks. So each half of the repetitions takes the β
of the other half, of which it is independent: the mean is unbiased whatever the law of estimates and controls, and the spread within the
halves is that of the mean.
"""

import numpy as np

from ..aliases import Array, Floats
from .measures import mean_of, spread_of

FEWEST = 20  # repetitions that make two halves worth a regression
CONTROLLED = ("thetamean", "bias", "rbias")  # measures that are means of what the control explains
NAMED = "estimated_by"  # column that says how
CONTROL, PLAIN = "control variate", "plain"


def usable(estimate: Floats, control: Floats) -> bool:
    """Whether controls (n,) have their expectation among the repetitions that count: none is missing, and no repetition failed."""
    whole = np.isfinite(estimate).all() and np.isfinite(control).all()
    return bool(whole and len(estimate) >= FEWEST and spread_of(control) > 0)


def slope(values: Array, control: Array) -> float:
    """Coefficient of the regression of values (n,) on their control; 0 where that does not vary."""
    off = control - control.mean()
    squares = float(off @ off)
    return float(off @ (values - values.mean())) / squares if squares > 0 else 0.0


def controlled_mean(values: Array, control: Array) -> tuple[float, float]:
    """Mean of values (n,) less β times their control (n,) of expectation 0, and its Monte Carlo error.

    Halves are every other repetition, so that results of a study that goes on keep theirs.
    """
    halves = [slice(0, None, 2), slice(1, None, 2)]
    parts = [
        values[mine] - slope(values[other], control[other]) * control[mine]
        for mine, other in zip(halves, halves[::-1], strict=True)
    ]
    n = len(values)
    found = [mean_of(part) for part in parts]
    shares = [len(part) / n for part in parts]
    mean = sum(share * mean for share, (mean, _) in zip(shares, found, strict=True))
    return mean, float(np.sqrt(sum((share * error) ** 2 for share, (_, error) in zip(shares, found, strict=True))))


def controlled(estimate: Floats, true: float, control: Floats) -> dict[str, tuple[float, float]]:
    """The measures of `CONTROLLED` with a control variate, {measure: (value, Monte Carlo error)}; none where it cannot be used.

    Parameters
    ----------
    estimate, control : (R,) of all repetitions; the control's expectation is 0. true : the value estimated.
    """
    if not usable(estimate, control):
        return {}
    mean, error = controlled_mean(estimate - true, control)
    found = {"thetamean": (mean + true, error), "bias": (mean, error)}
    return found | ({"rbias": (mean / true, error / abs(true))} if true != 0 else {})
