"""Keys of a study of a country's survey: estimands of outcomes in groups."""

import land
import pytest

import surveysim as ss


def test_study__scenarios_and_units(tmp_path):
    study = ss.Study.from_toml(land.written(tmp_path) / "study.toml")
    assert study.scenarios == ["two frames", "landlines alone"]
    assert study.definitions["unit"].tolist() == ["percent", "percent"]
    default = ss.Study.from_toml(tmp_path / "survey.toml")
    assert list(default.definitions.index) == ["smoking", "online", "online_60plus", "smokers"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('numerator = "smokes"', 'numerator = "smoke"'), ["estimands[0].numerator", "'smokes'"]),
        (('by = ["age"]', 'by = ["ages"]'), ["estimands[1].by", "'age'"]),
        (
            (
                "repetitions = 400",
                'repetitions = 400\n[[methods]]\nname = "h"\nestimator = "hartley"\nweighting.level = 1',
            ),
            ["methods[0].weighting.level does nothing"],
        ),
        (
            ('numerator = "smokes"', 'kind = "coefficient"\nformula = "smokes ~ agee"\nterm = "age[T.60+]"'),
            ["estimands[0].formula", "'agee'", "'age'"],
        ),
        (
            ('numerator = "smokes"', 'kind = "coefficient"\nformula = "smokes ~ online"\nterm = "online"'),
            ["estimands[0].formula: 'online' is an answer; what explains is sex, age, education, urban, region, area."],
        ),
        (
            ('numerator = "smokes"', 'kind = "coefficient"\nformula = "sex ~ age"\nterm = "age[T.60+]"'),
            ["estimands[0].formula: 'sex' has to be one answer, such as landline"],
        ),
        (
            (
                'name = "smoking"\nnumerator = "smokes"',
                'name = "smoking"\nkind = "coefficient"\nformula = "smokes ~ age"\nterm = "age[T.60+]"\n'
                '[[methods]]\nname = "h"\nestimator = "hartley"',
            ),
            ["estimands[0]: dual-frame estimators, such as methods 'h', have no regression"],
        ),
        (("landline = 700", "landlines = 700"), ["'sample.landlines'", "'landline'"]),
    ],
)
def test_mistakes(tmp_path, change, said):
    files = land.written(tmp_path, study=change)
    with pytest.raises(ss.SpecError) as told:
        ss.Study.from_toml(files / "study.toml")
    assert [part for part in said if part not in str(told.value)] == []


def test_facts__do_not_depend_on_where_the_folder_lies(tmp_path):
    one, two = (ss.Study.from_toml(land.written(tmp_path / name) / "study.toml") for name in ("a", "b"))
    assert one.ids() == two.ids()
    assert {name for name in one.facts(0) if name.startswith("numbers.")} == {
        "numbers.POPULATION",  # people are made by the code, from the facts of the folder alone
        "numbers.DRAWS",
        "numbers.ESTIMATES",
    }
    other = ss.Study.from_toml(land.written(tmp_path / "c", outcomes=("smokes,,,21", "smokes,,,22")) / "study.toml")
    assert other.ids() != one.ids()


def test_dual_frame_methods__need_weights_of_each_frame(tmp_path):
    method = 'repetitions = 400\n[[methods]]\nname = "h"\nestimator = "hartley"\n'
    files = land.written(tmp_path, study=("repetitions = 400", method))
    assert ss.Study.from_toml(files / "study.toml").scenarios == ["two frames", "landlines alone"]
    other = ('kind = "Multiplicity"', 'kind = "Multiplicity"\nname = "persons"')
    land.written(tmp_path, study=("repetitions = 400", method), survey=other)
    with pytest.raises(
        ss.SpecError, match=r"methods\[0\]\.estimator = 'hartley': the recipe 'recipe' has no step .* Multiplicity"
    ):
        ss.Study.from_toml(files / "study.toml")


def test_totals_of_answers_that_are_missing__are_refused(tmp_path):
    said = ("[fieldwork.protocol]", "[fieldwork.measurement]\nmissing = 0.1\n\n[fieldwork.protocol]")
    files = land.written(tmp_path, survey=said)
    with pytest.raises(ss.SpecError, match=r"'smokers' is a total of 'smokes', .* means and ratios"):
        ss.Study.from_toml(files / "survey.toml")
    assert ss.Study.from_toml(files / "study.toml").scenarios == ["two frames", "landlines alone"]


def test_interviewers_as_clusters__are_not_for_two_independent_frames(tmp_path):
    method = (
        'repetitions = 400\n[estimation]\nclusters = "interviewer"\n[[methods]]\nname = "h"\nestimator = "hartley"\n'
    )
    files = land.written(tmp_path, study=("repetitions = 400", method))
    with pytest.raises(ss.SpecError, match=r"methods\[0\]\.estimator = 'hartley': interviewers call in both frames"):
        ss.Study.from_toml(files / "study.toml")
    changed = ("[fieldwork.protocol]", '[estimation]\nclusters = "interviewer"\n\n[fieldwork.protocol]')
    land.written(tmp_path, survey=changed)
    run = ss.SurveySpec.from_toml(tmp_path / "survey.toml").model_copy().run(seed=1)
    with pytest.raises(ss.SpecError, match="interviewers call in both frames"):
        run.dual_frame()
