"""Keys of a file of tables."""

import pytest

import surveysim as ss
from surveysim.cli.table_spec import TablesSpec
from surveysim.survey.checking import valid


def test_spec__gives_what_tables_takes():
    spec = valid(
        TablesSpec,
        {"questions": ["a", {"columns": ["b", "c"]}], "banners": ["d", ["e", "f"]], "test": "none"},
        "t.toml",
    )
    assert spec.banners == ("d", ("e", "f"))
    assert spec.settings()["test"] is None
    assert spec.look()["lang"] == "en"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "questions"),
        ({"questions": []}, "questions"),
        ({"questions": ["a"], "percent": "col"}, "percent"),
        ({"questions": [{"column": "a", "columns": ["b"]}]}, "questions[0]: give column, or columns"),
        ({"questions": [{"column": "a", "counted": 1}]}, "counted is for columns"),
        ({"questions": ["a"], "alpha": [2]}, "alpha"),
    ],
)
def test_spec__says_what_is_wrong(keys, said):
    with pytest.raises(ss.SpecError) as error:
        valid(TablesSpec, keys, "t.toml")
    assert said in str(error.value)
    assert "t.toml" in str(error.value)
