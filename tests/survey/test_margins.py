"""What interviews are weighted to: any variable or cross of the table, in any groups of its cells."""

import numpy as np
import pandas as pd
import pytest

from surveysim import SpecError, Study, SurveySpec
from surveysim.survey.margins import groupings, margins_of, own_columns
from surveysim.survey.spec import WeightingSpec

PRESET = "cnnic-2024-12"
GROUPED = {
    "margins": [["sex", "age_group"], "education", "urban"],
    "age_group": [6, 15, 30, 45, 60],
    "education": ["no_schooling", "senior_secondary"],
    "minimum_per_level": 20,
}


def test_crossed_totals__by_hand():
    """One province with 7 men of 6-9 and 5 of 70+, 3 women of 85+, all rural and without schooling, and 2 children under 6."""
    table = np.zeros((31, 2, 2, 20, 7))
    table[4, 0, 0, 3, 0], table[4, 0, 0, 16, 0], table[4, 0, 1, 19, 0], table[4, 0, 1, 2, 0] = 7, 5, 3, 2
    found = margins_of(table, WeightingSpec(margins=("sex", ("sex", "age_group")), age_group=(6, 60)))
    assert found.variables == (("sex",), ("sex", "weighting_age_group"))
    assert found.labels[1] == (("male", "6-59"), ("male", "60+"), ("female", "6-59"), ("female", "60+"))
    assert found.total[4].tolist() == [12, 3, 7, 5, 0, 3]
    assert found.total[[0, 30]].sum() == 0


def test_groups__are_called_by_what_is_in_them():
    groups = groupings(WeightingSpec(age_group=(6, 10, 70), education=("no_schooling", "primary", "junior_college")))
    assert groups["age_group"].labels == ("6-9", "10-69", "70+")
    assert groups["education"].labels == ("no_schooling to preschool", "primary to senior_secondary", "college_plus")
    standard = groupings(WeightingSpec())
    assert (standard["age_group"].column, standard["education"].column) == ("age_group", "education")
    assert standard["age_group"].labels[-2:] == ("60-69", "70+")
    assert standard["education"].labels == ("primary_or_less", "junior_secondary", "senior_secondary", "college_plus")


def test_ages_of_the_table__nest_in_the_bands_of_the_report(result):
    groups = result.interviews.groupby("age_group", observed=True)["age"].agg(["min", "max"])
    for low, high in ((6, 9), (10, 19), (20, 29), (30, 39), (40, 49), (50, 999), (60, 999)):
        inside = (groups["max"] >= low) & (groups["min"] <= high)
        assert ((groups["min"] >= low) & (groups["max"] <= high))[inside].all()


def test_interviews__are_raked_to_crosses_in_groups_of_their_own(spec):
    """Weights add up to the totals by province, sex and group of ages, made here from the ages themselves."""
    run = spec.model_copy(update={"weighting": WeightingSpec(**GROUPED)}).run(seed=7)
    table, merged = run.interviews, run.weights.records[-1]["merged"]
    touched = {step["partition"] for step in merged}
    ages = pd.cut(table["age"], [5, 14, 29, 44, 59, 200], labels=["6-14", "15-29", "30-44", "45-59", "60+"])
    assert (ages.astype(str) == table["weighting_age_group"].astype(str)).all()
    assert set(table["age_group"].cat.categories) > {"6-9", "70+"}
    sums = table.groupby(["province", "sex", ages], observed=False)["final_weight"].sum()
    wanted = run.preparation.recipe.steps[-1].margins
    whole = [k for k, p in enumerate(wanted.partitions) if p not in touched]
    assert len(whole) > 10
    found = sums.to_numpy().reshape(31, -1)
    np.testing.assert_allclose(found[whole], wanted.total[whole, :10], rtol=1e-7)


def test_replicates__repeat_crosses(spec):
    data = spec.model_dump() | {"study": {"repetitions": 2}}
    data |= {"estimands": [{"name": "p", "numerator": "internet", "denominator": "persons"}]}
    data |= {
        "methods": [
            {"name": "crossed", "weighting": GROUPED},
            {"name": "boot", "weighting": GROUPED, "variance": "rao-wu", "replicates": 60},
            {"name": "margins"},
        ]
    }
    found = Study(data).run()
    assert found.failures.empty
    table = found.to_frame().pivot(index="repetition", columns="method", values=["estimate", "se"])
    np.testing.assert_allclose(table["estimate", "boot"], table["estimate", "crossed"], rtol=1e-9)
    assert (table["se", "boot"] / table["se", "crossed"]).between(0.6, 1.6).all()
    assert (table["estimate", "margins"] != table["estimate", "crossed"]).all()


def test_columns_of_their_own__are_made_only_where_groups_differ_and_are_used(result):
    people = result.case_file.attributes
    assert own_columns(WeightingSpec(), people) == {}
    assert own_columns(WeightingSpec(margins=("sex",), age_group=(6, 60)), people) == {}
    codes, labels = own_columns(WeightingSpec(age_group=(6, 60)), people)["weighting_age_group"]
    assert labels == ("6-59", "60+")
    assert (codes == (people.age >= 60)).all()


@pytest.mark.parametrize(
    ("weighting", "said"),
    [
        ({"margins": ["sexx"]}, "no variable 'sexx'; did you mean 'sex'"),
        (
            {"margins": [["sex", "income"]]},
            "margins[0]: the control totals have no variable 'income'; there are urban, sex",
        ),
        ({"margins": ["urban", ["sex", "sex"]]}, "margins[1] = ['sex', 'sex'] crosses a variable with itself"),
        ({"margins": [["sex", "urban"], ["urban", "sex"]]}, "'urban × sex' is listed twice"),
        ({"age_group": [6, 12, 60]}, "no cell of the population begins at 12. Groups can begin at 6, 10, 15, 20"),
        ({"age_group": [10, 60]}, "the first group begins at 6"),
        ({"age_group": [6, 60, 30]}, "list where groups begin in their order"),
        ({"education": ["no_schooling", "colege"]}, "begins at 'colege'"),
        ({"education": ["primary"]}, "the first group begins at 'no_schooling'"),
    ],
)
def test_mistakes__name_the_key_and_what_there_is(weighting, said):
    with pytest.raises(SpecError) as error:
        SurveySpec.preset(PRESET, weighting=weighting)
    assert said in str(error.value)


def test_specifications__with_crosses_are_values(tmp_path):
    """Read from TOML, equal to the same keys from Python, and hashable."""
    path = tmp_path / "survey.toml"
    path.write_text(
        f'extends = "{PRESET}"\n[weighting]\nmargins = ["sex", ["sex", "age_group"]]\nage_group = [6, 30, 60]\n'
    )
    read = SurveySpec.from_toml(path)
    assert read == SurveySpec.preset(
        PRESET, weighting={"margins": ("sex", ("sex", "age_group")), "age_group": (6, 30, 60)}
    )
    assert hash(read) != hash(SurveySpec.preset(PRESET))
    assert read.weighting.margins == ("sex", ("sex", "age_group"))
