"""The same design by the options of two commands: estimates and tables agree."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from surveysim.cli import main

DESIGNS = {
    "clusters": ("--strata", "stratum", "--psu", "psu"),
    "raked": ("--psu", "psu", "--rake", "margins.csv"),
    "jackknife": ("--psu", "psu", "--replicates", "jk1"),
    "part": ("--where", "age>=40", "--psu", "psu"),
}


@pytest.mark.parametrize("design", DESIGNS)
def test_designs__are_those_of_estimate(design, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng, n = np.random.default_rng(5), 300
    data = pd.DataFrame({"q": rng.choice(list("abc"), n), "g": rng.choice(list("uv"), n), "psu": np.arange(n) // 10})
    data["age"] = rng.integers(18, 80, n)
    data.assign(stratum=data["psu"] % 3, w=rng.gamma(4, 1, n)).to_csv("data.csv", index=False)
    pd.DataFrame({"variable": "g", "level": list("uv"), "total": [600, 650]}).to_csv("margins.csv", index=False)
    (tmp_path / "t.toml").write_text('questions = ["q"]\nbanners = ["g"]\n', encoding="utf-8")
    shared = ("--weight", "w", *DESIGNS[design])
    for arguments in (
        ("tables", "data.csv", "--spec", "t.toml", "-o", "t.csv", *shared),
        ("estimate", "data.csv", "--proportion", "q", "--by", "g", "-o", "e.csv", *shared),
    ):
        found = CliRunner().invoke(main, arguments)
        assert found.exit_code == 0, found.output
    tables, estimates = pd.read_csv("t.csv"), pd.read_csv("e.csv").sort_values(["domain", "level"])
    tables = tables[tables["column"] != "Total"].sort_values(["column", "level"])
    for name in ("estimate", "se", "lower", "upper", "n"):
        np.testing.assert_allclose(tables[name], estimates[name], rtol=1e-8)
