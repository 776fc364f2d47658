"""A first user's hour (docs/tutorials/first-hour.md): what its commands write, against a calculation by hand."""

import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from surveysim.cli import main
from surveysim.errors import SurveysimWarning

pyreadstat = pytest.importorskip("pyreadstat")
PAGE = Path(__file__).parents[2] / "docs" / "tutorials" / "first-hour.md"
MARGINS = {
    "sex": {1: 48.7, 2: 51.3},
    "age": {1: 22.3, 2: 26.4, 3: 24.1, 4: 27.1},
    "education": {1: 31.2, 2: 43.3, 3: 25.5},
}
CODED = {"15-29": 1, "30-44": 2, "45-59": 3, "60+": 4}


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The page's two files in an empty folder that is the working directory."""
    monkeypatch.chdir(tmp_path)
    block = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S).group(1)
    exec(compile(block, "first-hour.md", "exec"), {})
    return tmp_path


def command(text):
    """The command as users run it: what it warns of is a line on stderr."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", SurveysimWarning)
        return CliRunner().invoke(main, text.split())


def raked(data):
    """Weights by proportional fitting, one margin after another; "No answer" is a level with the share it has."""
    weight = np.ones(len(data))
    for _ in range(200):
        for name, levels in MARGINS.items():
            code = data[name].fillna(9).to_numpy()
            missing = code == 9
            left = len(data) - missing.sum()
            for level, percent in levels.items():
                rows = code == level
                weight[rows] *= percent / sum(levels.values()) * left / weight[rows].sum()
            if missing.any():
                weight[missing] *= missing.sum() / weight[missing].sum()
    return weight


def test_first_hour__weights_are_those_of_proportional_fitting_and_the_file_keeps_what_it_had(files):
    done = command("weights rake client.sav --margins margins.xlsx --missing level -o weighted.sav")
    assert done.exit_code == 0, done.output
    assert "the names are in row 3 of the file" in done.stderr
    assert "percent of 'age' sums to 99.9 and is multiplied by 1.001001" in done.stderr
    before, was = pyreadstat.read_sav("client.sav", user_missing=True)
    after, now = pyreadstat.read_sav("weighted.sav", user_missing=True)
    pd.testing.assert_frame_equal(after.drop(columns="raked_weight"), before)
    assert now.missing_ranges == was.missing_ranges
    assert {k: v for k, v in now.variable_value_labels.items() if k != "raked_weight"} == was.variable_value_labels
    np.testing.assert_allclose(after["raked_weight"], raked(pyreadstat.read_sav("client.sav")[0]), rtol=1e-6)


def test_first_hour__the_table_holds_weighted_percentages(files):
    done = command(
        "estimate client.sav --rake margins.xlsx --missing level --proportion online --by age --percent -o table.xlsx"
    )
    assert done.exit_code == 0, done.output
    data, _ = pyreadstat.read_sav("client.sav")
    data["weight"] = raked(data)
    table = pd.read_excel("table.xlsx")
    assert list(dict.fromkeys(table["domain"])) == [f"age={level}" for level in CODED]
    for row in table.itertuples():
        inside = data[(data["age"] == CODED[row.domain[4:]]) & data["online"].notna()]
        share = inside.loc[inside["online"] == {"Yes": 1, "No": 2}[row.level], "weight"].sum() / inside["weight"].sum()
        assert row.estimate == pytest.approx(100 * share, rel=1e-6)
        assert row.n == len(inside)


def test_first_hour__refuses_missing_answers_until_somebody_says_what_they_are(files):
    done = command("weights rake client.sav --margins margins.xlsx -o weighted.sav")
    assert done.exit_code == 2
    assert "'education' is missing in" in done.stderr
    assert not Path("weighted.sav").exists()
