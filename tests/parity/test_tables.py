"""Tables against R survey: svyciprop, svymean, svychisq and differences of svyby, on its school samples (tables.R, tables_versions.txt)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from surveysim import Survey
from surveysim.analysis.tables.letters import compared

HERE = Path(__file__).parent
EXPECTED = pd.read_csv(
    HERE / "tables_expected.csv", keep_default_na=False, na_values={c: [""] for c in ("se", "lower", "upper")}
)
DESIGNS = {
    "api_strat": {"weight": "pw", "strata": "stype", "fpc": "fpc"},
    "api_clus1": {"weight": "pw", "psu": "dnum", "fpc": "fpc"},
}


def made(name, **options):
    return Survey(pd.read_csv(HERE / f"{name}.csv"), **DESIGNS[name]).tables(["awards", "api00"], "stype", **options)


@pytest.mark.parametrize("name", DESIGNS)
def test_cells__match_r_survey(name):
    table = made(name).table.set_index(["question", "level", "column"])
    rows = EXPECTED[(EXPECTED["design"] == name) & EXPECTED["what"].isin(["proportion", "mean"])]
    for row in rows.itertuples():
        ours = table.loc[
            ("awards", row.level, row.column) if row.what == "proportion" else ("api00", "api00", row.column)
        ]
        assert ours["estimate"] == pytest.approx(row.estimate, rel=1e-8)
        assert ours["se"] == pytest.approx(row.se, rel=1e-8)
        if row.what == "proportion":
            assert [ours["lower"], ours["upper"]] == pytest.approx([row.lower, row.upper], rel=1e-7)


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("test", ["F", "Chisq", "Wald", "adjWald"])
def test_tests__match_r_survey(name, test):
    row = EXPECTED[(EXPECTED["design"] == name) & (EXPECTED["what"] == f"test_{test}")].iloc[0]
    ours = made(name, test=test).tests.iloc[0]
    assert [ours["statistic"], ours["p_value"]] == pytest.approx([row["estimate"], row["se"]], rel=1e-7)


@pytest.mark.parametrize("name", DESIGNS)
def test_differences_of_columns__match_r_survey(name):
    """The p-values behind letters, of t = difference / se with the fewer degrees of freedom, from R's differences."""
    from scipy import stats

    table = made(name, adjust="none")
    cells = table.table[(table.table["question"] == "awards") & (table.table["level"] == "Yes")].iloc[1:]
    rows = EXPECTED[(EXPECTED["design"] == name) & (EXPECTED["what"] == "difference")]
    df = dict(zip(cells["column"], cells["df"], strict=True))
    letter, names = (
        dict(zip(cells["column"], cells["letter"], strict=True)),
        dict(zip(cells["column"], cells["exceeds"], strict=True)),
    )
    for row in rows.itertuples():
        one, other = row.column.split("-")
        p = 2 * stats.t.sf(abs(row.estimate / row.se), min(df[one], df[other]))
        high, low = (one, other) if row.estimate > 0 else (other, one)
        assert (letter[low] in names[high]) == (p < 0.05)
        assert letter[high] not in names[low]


def test_compared__gives_the_p_value_of_a_difference():
    """Two columns 0.5 and 0.3 with errors 0.06 and 0.08 that are independent: t = 0.2 / 0.1 = 2 on 10 degrees of freedom."""
    spread = np.array([[[0.06, 0.0]], [[0.0, 0.08]]])
    p = compared(np.array([[0.5, 0.3]]), spread, np.array([10.0, 20.0]), np.ones((1, 2), bool), "none")
    assert p[0, 0] == pytest.approx(0.07338803477074037)
