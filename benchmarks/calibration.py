"""Calibration by distance: against raking on the same margins, and svy's GREG."""

import numpy as np
from measuring import best, row
from peers import svy_linear
from respondents import respondents

import surveysim as ss


def bench():
    """Linear and bounded logit against raking on the same margins, and svy's GREG."""
    rows = []
    for n in (60_000, 1_000_000):
        data, margins = respondents(n)
        times = 60 if n < 1e6 else 12
        raking = best(lambda d=data, m=margins: ss.rake(d, m, weight="weight", tol=1e-6), times)
        for method, bounds in (("linear", None), ("truncated", (0.2, 5.0)), ("logit", (0.2, 5.0))):
            options = {"weight": "weight", "method": method, "bounds": bounds, "tol": 1e-6}
            spent = best(lambda d=data, m=margins, o=options: ss.calibrate(d, m, **o), times)
            bounded = f" in {bounds}" if bounds else ""
            what = f"calibrate {n:,} rows to the same margins, {method}{bounded}"
            rows.append(row(what, spent, "rake", raking))
            if method == "linear":
                np.testing.assert_allclose(
                    svy_linear(data, margins), ss.calibrate(data, margins, **options).weight, rtol=1e-9
                )
                rows.append(row(what, spent, "svy 0.35.0", best(lambda d=data, m=margins: svy_linear(d, m), 3)))
    return rows
