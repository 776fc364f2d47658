"""Labels, orders and chosen answers, from files and tables."""

import pandas as pd
import pyreadstat
import pytest

import surveysim as ss


@pytest.fixture
def file(tmp_path):
    table = pd.DataFrame(
        {"q": [3.0, 1.0, 2.0, 1.0] * 5, "a": [1.0, 2.0, 2.0, 1.0] * 5, "hours": [1.5, 2.5, 3.5, 4.5] * 5}
    )
    yes = {1.0: "yes", 2.0: "no"}
    labels = {"q": "A question", "a": "An answer"}
    values = {"q": {1.0: "z", 2.0: "y", 3.0: "x"}, "a": yes}
    pyreadstat.write_sav(table, str(tmp_path / "s.sav"), column_labels=labels, variable_value_labels=values)
    return ss.files.read(tmp_path / "s.sav")


def test_files__bring_labels_and_the_order_of_codes(file):
    made = ss.Survey(file).tables(["q", "hours"], "a")
    assert made.questions[0].label == "A question"
    assert made.questions[0].levels == ("z", "y", "x")
    assert made.questions[1].kind == "mean"
    assert made.banners[0].label == "An answer"


@pytest.mark.parametrize("counted", ["yes", 1, "1"])
def test_chosen__by_label_or_code(file, counted):
    made = ss.Survey(file).tables({"columns": ["a"], "counted": counted})
    assert made.table["estimate"].tolist() == [0.5]


def test_chosen__a_level_nobody_has_is_refused(file):
    with pytest.raises(ss.DataError, match="no row"):
        ss.Survey(file).tables({"columns": ["a"], "counted": "maybe"})
