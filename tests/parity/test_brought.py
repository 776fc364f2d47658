"""Replicate weights that came with a file, raked, poststratified and calibrated column by column, against R survey (brought.R)."""

from pathlib import Path

import pandas as pd
import pytest

import surveysim as ss

HERE = Path(__file__).parent
DATA, EXPECTED = pd.read_csv(HERE / "brought_data.csv"), pd.read_csv(HERE / "brought_expected.csv")
OPTIONS = {
    "fay": {"replicate_kind": "fay", "rho": 0.5, "mse": True},
    "jkn": {"replicate_kind": "jkn", "rscales": 0.5},
    "boot": {"replicate_kind": "bootstrap"},
}
SEX, AGE = {"f": 5300, "m": 4300}, {"mid": 4000, "old": 2600, "young": 3000}
ADJUSTED = {
    "none": lambda s: s,
    "rake": lambda s: s.rake({"sex": SEX, "age": AGE}, tol=1e-12),
    "poststratify": lambda s: s.poststratify({"age": AGE}),
    "linear": lambda s: s.calibrate({"sex": SEX, "x": 60000}, method="linear"),
}


@pytest.mark.parametrize("adjusted", list(ADJUSTED))
@pytest.mark.parametrize("kind", list(OPTIONS))
def test_brought__as_in_r(kind, adjusted):
    columns = [name for name in DATA.columns if name.rstrip("0123456789") == kind]
    survey = ADJUSTED[adjusted](ss.Survey(DATA, weight="w", replicate_weights=columns, **OPTIONS[kind]))
    got = {
        "mean": survey.mean("y"),
        "total": survey.total("z"),
        "ratio": survey.ratio("y", "x"),
        "domain": survey.where("sex=f").mean("y"),
    }
    expected = EXPECTED[(EXPECTED["design"] == kind) & (EXPECTED["adjusted"] == adjusted)]
    assert len(expected) == 4
    for row in expected.itertuples():
        found = got[row.statistic].table.iloc[0]
        assert found["estimate"] == pytest.approx(row.estimate, rel=1e-8), row
        assert found["se"] == pytest.approx(row.se, rel=1e-8), row
        assert found["df"] == row.df, row
