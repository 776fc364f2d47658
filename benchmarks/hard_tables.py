"""Raking and calibration of tables that collapse badly, against raking to five margins."""

import numpy as np
import pandas as pd
from measuring import best, row
from respondents import respondents

import surveysim as ss


def bench():
    """Cells as many as rows, twenty margins, empty levels, numeric totals, text columns, partitions."""
    rng, n = np.random.default_rng(2), 60_000
    friendly, five = respondents(n)
    plain = best(lambda: ss.rake(friendly, five, weight="weight", tol=1e-6), 30)

    wide = pd.DataFrame({f"v{k}": pd.Categorical(rng.integers(0, 6, n)) for k in range(20)})
    weight = rng.lognormal(0, 0.5, n)
    truth = weight * rng.lognormal(0, 0.3, n)
    twenty = {name: pd.Series(truth).groupby(wide[name], observed=True).sum().to_dict() for name in wide}
    empty = friendly.assign(province=friendly["province"].cat.add_categories([f"unused {k}" for k in range(500)]))
    numeric = five | {"income": float(truth @ (income := rng.gamma(2, 10, n)))}
    text = friendly.assign(**{name: friendly[name].astype(str) for name in five})
    by = {
        p: {name: t.groupby(g[name], observed=True).sum().to_dict() for name in ("sex", "age", "education", "urban")}
        for p, g in friendly.groupby("province", observed=True)
        for t in [g["weight"] * 1.1]
    }
    with_income, exact = friendly.assign(income=income), {"weight": "weight", "tol": 1e-6}
    logit = exact | {"method": "logit", "bounds": (0.2, 5.0)}
    cases = {
        "rake 60,000 rows to 20 margins of 6 levels: as many cells as rows": lambda: ss.rake(
            wide, twenty, weight=weight, tol=1e-6
        ),
        "rake 60,000 rows to five margins, 500 empty levels among them": lambda: ss.rake(empty, five, **exact),
        "rake 60,000 rows to four margins inside 31 provinces": lambda: ss.rake(friendly, by, by="province", **exact),
        "calibrate 60,000 rows to five margins and a number, linear": lambda: ss.calibrate(
            with_income, numeric, **exact
        ),
        "calibrate 60,000 rows to five margins and a number, logit": lambda: ss.calibrate(
            with_income, numeric, **logit
        ),
        "rake 60,000 rows of text, encoding included": lambda: ss.rake(text, five, **exact),
        "encoding alone: five text columns to categoricals": lambda: [text[name].astype("category") for name in five],
    }
    return [row(what, best(make, 5), "rake to five margins", plain) for what, make in cases.items()]
