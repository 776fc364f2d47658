"""What a dual-frame estimator may be told: refused where it is unknown, unused or impossible."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ... import guards
from ...errors import DataError
from ...weighting.distances import METHODS
from . import ACCEPTS


def check(estimator: str, options: Mapping[str, Any], choices: Any) -> None:
    """Refuse unknown estimators, options they do not use, θ outside 0 to 1, unusable sizes."""
    guards.choice(estimator, "estimator", choices)
    guards.choice(options.get("method"), "method", (None, *METHODS))
    given = {name for name, value in options.items() if value is not None} - (
        {"method"} if guards.is_text(options.get("method"), "linear") else set()
    )
    unknown = given - {"theta", "frame_sizes", "totals", "method", "bounds"}
    if unknown:
        raise DataError(
            f"{sorted(unknown)[0]!r} is no option; there are theta, frame_sizes, totals, method, bounds, level, df."
        )
    unused = given - ACCEPTS[estimator] - {"frame_sizes"}
    if unused:
        users = [name for name, used in ACCEPTS.items() if unused <= used]
        raise DataError(
            f"{estimator} uses no {sorted(unused)[0]}; leave it out{f', or choose {chr(44).join(users)}' if users else ''}."
        )
    _check_theta(estimator, options.get("theta"))
    sizes = {} if options.get("frame_sizes") is None else options["frame_sizes"]
    if not isinstance(sizes, Mapping):
        raise DataError(f'frame_sizes = {guards.sight(sizes)}: give {{"A": N_A, "B": N_B, "ab": N_ab}}.')
    for name, value in sizes.items():
        good = value is None or (guards.is_number(value) and 0 < value < np.inf)
        if name not in ("A", "B", "ab") or not good:
            raise DataError(
                f'frame_sizes: give {{"A": N_A, "B": N_B, "ab": N_ab}}, sizes above 0; got {name!r}: {guards.sight(value)}.'
            )
    frames = [sizes[name] for name in ("A", "B") if sizes.get(name) is not None]
    if sizes.get("ab") is not None and frames and sizes["ab"] > min(frames) * (1 + 1e-9):
        raise DataError(f"frame_sizes: the overlap of {sizes['ab']:,.0f} is larger than a frame of {min(frames):,.0f}.")


def _check_theta(estimator, theta):
    pair = isinstance(theta, tuple)
    if pair and (estimator != "pml" or len(theta) != 2):
        raise DataError('theta is a pair for "pml" only: (γ for the size of the overlap, θ for its mean).')
    for value in theta if pair else (theta,):
        number = guards.is_number(value)
        word = not pair and (
            value is None
            or (
                isinstance(value, str)
                and value == "effective"
                and estimator in ("composite", "hartley", "cal_df", "pml")
            )
        )
        if not (word or (number and 0 <= value <= 1)) or (estimator == "screening" and number and value not in (0, 1)):
            raise DataError(
                f'theta = {guards.sight(theta)}: give a number from 0 to 1, "effective", or None'
                f"{'; screening takes 1 or 0' if estimator == 'screening' else ''}."
            )
