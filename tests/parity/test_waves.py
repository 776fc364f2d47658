"""Two waves of the same PSUs, raked wave by wave, against R survey with both in one design (waves.R, waves_versions.txt)."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import surveysim as ss

HERE = Path(__file__).parent
EXPECTED = pd.read_csv(HERE / "waves_expected.csv", dtype={"domain": str}, keep_default_na=False)
MARGINS = {
    "2023": {"sex": {"f": 800.0, "m": 900.0}, "age": {"young": 700.0, "old": 1000.0}},
    "2024": {"sex": {"f": 820.0, "m": 930.0}, "age": {"young": 750.0, "old": 1000.0}},
}


@cache
def combined(design):
    table = pd.read_csv(HERE / "waves_data.csv", dtype={"wave": str})
    table["fpc"] = table["stratum"].map({"s1": 30, "s2": 40, "s3": 50})
    waves = {}
    for name, part in table.groupby("wave"):
        told = {"fpc": "fpc"} if design == "fpc" else {}
        survey = ss.Survey(part.drop(columns="wave"), weight="w", strata="stratum", psu="psu", **told)
        waves[name] = survey.rake(MARGINS[name], tol=1e-13) if design == "raked" else survey
    return ss.combine(waves, None if design == "independent" else "psu")


def asked(survey, statistic, domain):
    part = survey.where(survey.data["region"] == domain) if domain else survey
    return part.ratio("y", "x", by="wave") if statistic == "ratio" else getattr(part, statistic)("y", by="wave")


@pytest.mark.parametrize(
    ("design", "statistic", "domain"), list(EXPECTED.iloc[::5, :3].itertuples(index=False, name=None))
)
def test_waves__are_r_surveys(design, statistic, domain):
    rows = EXPECTED[(EXPECTED[["design", "statistic", "domain"]] == [design, statistic, domain]).all(axis=1)]
    rows = rows.set_index("what")[["estimate", "se"]]
    e = asked(combined(design), statistic, domain)
    found = pd.concat([x.table for x in (e, e.change(), e.change(relative=True), e.average([1, 3]))])
    wanted = rows.loc[["2023", "2024", "change", "relative", "average"]]
    np.testing.assert_allclose(found[["estimate", "se"]], wanted, rtol=1e-8)
