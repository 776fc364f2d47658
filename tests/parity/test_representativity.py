"""R-indicators against the published formulas in R, with R's glm and survey's jackknife (representativity.R)."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import surveysim as ss

HERE = Path(__file__).parent
DATA = pd.read_csv(HERE / "linearized_data.csv")
DATA["responded"] = np.arange(1, len(DATA) + 1) * 37 % 100 < 35 + 22 * (DATA["sex"] == "female") + 18 * (
    DATA["age"] == "60+"
)


def ours():
    """{name: (value, error)}, of squares where R's are squares."""
    survey = ss.Survey(DATA, weight="weight", strata="stratum", psu="psu", nest=True).replicates("jkn", mse=True)
    found = survey.representativity("responded", ["sex", "age"], adjust="none")
    t = found.table.set_index("indicator")
    values = {"mean": tuple(t.loc["response_rate", ["estimate", "se"]]), "S2": (t.loc["S", "estimate"] ** 2, None)}
    values["cv2"] = t.loc["cv", "estimate"] ** 2, None
    for row in found.partial.itertuples():
        u, name = row.unconditional, f"{row.variable} {row.level}".strip()
        values[f"u {name}"] = (u, row.unconditional_se) if row.level else (u**2, 2 * u * row.unconditional_se)
        values[f"c {name}"] = row.conditional**2, 2 * row.conditional * row.conditional_se
    return values


def compare(table):
    found = ours()
    assert set(found) == set(table["name"])
    for name, value, se in table.itertuples(index=False):
        assert found[name][0] == pytest.approx(value, rel=1e-8), name
        assert found[name][1] is None or found[name][1] == pytest.approx(se, rel=1e-7), name


def test_indicators__match_r():
    compare(pd.read_csv(HERE / "representativity_expected.csv"))


def test_published_adjustment__matches_r():
    (line,) = (
        x for x in (HERE / "representativity_versions.txt").read_text().splitlines() if x.startswith("published")
    )
    found = ss.Survey(DATA).representativity("responded", ["sex", "age"], adjust="srs").table["estimate"][1]
    assert found**2 == pytest.approx(float(line.split()[-1]), rel=1e-8)


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="needs R")
def test_indicators__match_r_live(tmp_path):
    for name in ("representativity.R", "linearized_data.csv"):
        shutil.copy(HERE / name, tmp_path)
    done = subprocess.run(["Rscript", "representativity.R"], cwd=tmp_path, capture_output=True, text=True)
    if "there is no package" in done.stderr:
        pytest.skip("needs R survey")
    compare(pd.read_csv(tmp_path / "representativity_expected.csv"))
