"""Specifications: presets, files, and one clear error per mistake."""

import time

import pytest

from surveysim import SpecError, Study, StudyError, SurveysimWarning, SurveySpec
from surveysim.fieldwork import Protocol


def write(tmp_path, text):
    path = tmp_path / "survey.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_preset__is_the_printed_survey():
    spec = SurveySpec.preset("cnnic-2024-12")
    assert (spec.sample.interviews, spec.population.year, spec.population.scale) == (22_047, 2023, 1.0)
    assert spec.weighting.margins == ("sex", "age_group", "education", "urban")


def test_preset__is_taken_wherever_a_file_is():
    name = "cnnic-2024-12-calls"
    spec = SurveySpec.preset(name)
    assert SurveySpec.from_toml(name) == spec
    assert Study.from_toml(name, ["study.repetitions=2"]).facts(0) == Study(spec).facts(0)


def test_file__extends_a_preset(tmp_path):
    spec = SurveySpec.from_toml(write(tmp_path, 'extends = "cnnic-2024-12"\n[sample]\ninterviews = 15000\n'))
    assert (spec.sample.interviews, spec.fieldwork.landline.contact) == (15_000, 0.38)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[sample]\ninterview = 5000\n", "unknown key 'sample.interview'; did you mean 'interviews'"),
        ("[smaple]\n", "unknown key 'smaple'; did you mean 'sample'"),
        ("[population]\nyear = 2021\n", "population.year = 2021"),
        ("[population]\nscale = -1.0\n", "population.scale = -1.0"),
        ('[sample]\ninterviews = "many"\n', "sample.interviews = 'many'"),
        ("[fieldwork.mobile]\ncontact = 1.5\n", "fieldwork.mobile.contact = 1.5"),
        ("[weighting]\ncomposite = 2.0\n", "weighting.composite"),
        ('[estimation]\nindicators = ["internet_penetratoin"]\n', "did you mean 'internet_penetration'"),
        ('extends = "cnnic-2024"\n', "no preset 'cnnic-2024'; did you mean 'cnnic-2024-12'"),
        ("[sample\n", "not valid TOML"),
        ("extends = 3\n", "extends = 3"),
        ("[fieldwork.mobile]\nfemale = nan\n", "fieldwork.mobile.female = nan"),
        ("[fieldwork.landline]\nurban = inf\n", "fieldwork.landline.urban = inf"),
        ("[sample]\ninterviews = 500\n", "sample.minimum_per_province = 300 needs 9,300"),
        ('[weighting]\nmargins = ["sex", "sex"]\n', "weighting.margins: 'sex' is listed twice"),
        ("[estimation]\nindicators = []\n", "estimation.indicators"),
    ],
)
def test_mistakes__are_named_with_their_path(tmp_path, text, message):
    with pytest.raises(SpecError) as error:
        SurveySpec.from_toml(write(tmp_path, text))
    assert message in str(error.value)


def test_all_mistakes__are_reported_at_once(tmp_path):
    with pytest.raises(SpecError) as error:
        SurveySpec.from_toml(write(tmp_path, "[population]\nyear = 1\nsize = 3\n[sample]\nbank_factor = -1\n"))
    assert len(str(error.value).splitlines()) == 3


def test_missing_file__is_named():
    with pytest.raises(SpecError, match=r"nowhere\.toml: there is no such file"):
        SurveySpec.from_toml("nowhere.toml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[fieldwork.protocol]\nrelease_size = 1000000000\n", ["fieldwork.protocol.release_size"]),
        ('[fieldwork]\nlevel = "calls"\n[fieldwork.protocol]\nquota = inf\n', ["fieldwork.protocol.quota"]),
        ('[fieldwork]\nlevel = "calls"\n[fieldwork.protocol]\nquota = 0.5\n', ["fieldwork.protocol.quota"]),
        ("[fieldwork.protocol]\nstaffing = [0.0, 0.0, 0.0]\n", ["fieldwork.protocol.staffing", "has 3 values; give 6"]),
        ("[fieldwork.landline]\ndaypart = [0.0, 0.0, 9.0, 0.0, 0.0, 0.0]\n", ["fieldwork.landline.daypart[2] = 9.0"]),
        ("[fieldwork.protocol]\nminutes = [1.0]\n", ["has 1 values; give 16"]),
        ('[fieldwork.mobile]\nselection = "kish"\n', ["fieldwork.mobile.selection", "landlines"]),
        ("[fieldwork.landline]\nshared = 0.2\n", ["fieldwork.landline.shared", "mobiles"]),
        ("[fieldwork.measurement]\nover = 0.2\n", ["fieldwork.measurement.over", "fieldwork.measurement.desirable"]),
        ("[fieldwork.measurement]\nmissing_yes = 3.0\n", ["missing_yes", "does nothing"]),
        ("[fieldwork.measurement]\nmissing = 0.5\nmissing_yes = 3.0\n", ["leaves no answers"]),
        (
            '[fieldwork.measurement]\ndesirable = ["app_ridehailing"]\nover = 0.1\n[fieldwork.protocol]\n'
            "staffing = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]\n",
            ["did you mean 'app_ride_hailing'", "nobody is ever at work"],
        ),
        (
            '[weighting]\nnonresponse = "survial"\n',
            ["weighting.nonresponse = 'survial'", "did you mean 'survival'", " or "],
        ),
        ("[fieldwork.protocol]\nshift_hours = 0.1\n", ["longer than shift_hours"]),
    ],
)
def test_fieldwork__is_refused_with_path_and_remedy(tmp_path, text, words):
    with pytest.raises(SpecError) as caught:
        SurveySpec.from_toml(write(tmp_path, 'extends = "cnnic-2024-12"\n' + text))
    for word in words:
        assert word in str(caught.value), str(caught.value)
    assert str(tmp_path) in str(caught.value)


# ---------------------------------------------------------------------------------------------- absurd files, short answers
LONG = "x" * 1_000_000
SURVEY = 'extends = "cnnic-2024-12"\n'
TABLE = '[population]\ntable = "p.csv"\n[sample]\nn = 10\n'
ESTIMAND = '[[estimands]]\nname = "s"\nnumerator = "y"\n'
ABSURD = {
    "arrays": "a = " + "[" * 5000 + "]" * 5000,
    "tables": "a = " + "{b = " * 3000 + "1" + "}" * 3000,
    "dotted": "a" + ".a" * 5000 + " = 1",
    "grid": "[grid]\na" + ".a" * 5000 + " = [1]",
    "header": "[" + "a." * 5000 + "a]",
    "digits": "[study]\nseed = " + "9" * 10_000,
    "bytes": b"\xff\xfe[study]",
    "key": f"{LONG} = 1",
    "keys": "".join(f"k{k} = 1\n" for k in range(5000)),
    "name": f'[study]\nname = "{LONG}"\n',
    "repetitions": f'[study]\nrepetitions = "{LONG}"\n',
    "extends": f'extends = "{LONG}"\n',
    "extends zero": 'extends = "a\\u0000b"\n',
    "grid key": f"{SURVEY}[grid]\n{LONG} = [1]\n",
    "grid value": f'{TABLE}{ESTIMAND}[grid]\nsample.strata = ["{LONG}"]\n',
    "strata": f'{TABLE}strata = "{LONG}"\n{ESTIMAND}',
    "margins": f'{TABLE}{ESTIMAND}[weighting]\nmargins = ["{LONG}"]\n',
    "numerator": f'{SURVEY}[[estimands]]\nname = "s"\nnumerator = "{LONG}"\n',
    "denominator": f'{SURVEY}[[estimands]]\nname = "s"\nnumerator = "internet"\ndenominator = "{LONG}"\n',
    "unit": f'{SURVEY}[[estimands]]\nname = "s"\nnumerator = "internet"\nunit = "{LONG}"\n',
    "estimator": f'{SURVEY}[[methods]]\nname = "m"\nestimator = "{LONG}"\n',
    "call": f'{SURVEY}[[methods]]\nname = "m"\ncall = "{LONG}.py:f"\n',
    "measure": f"{SURVEY}[study]\ntarget_mcse = {{{LONG} = 1.0}}\n",
    "indicators": f'{SURVEY}[study]\n[estimation]\nindicators = ["{LONG}"]\n',
    "sensitive": f'{SURVEY}[study]\n[fieldwork.measurement]\nsensitive = ["{LONG}"]\n',
    "twice": f"{LONG} = 1\n{LONG} = 2\n",
}


@pytest.mark.parametrize("what", ABSURD)
def test_absurd_files__get_a_short_typed_answer_at_once(tmp_path, what):
    body = ABSURD[what]
    (tmp_path / "study.toml").write_bytes(body if isinstance(body, bytes) else body.encode())
    (tmp_path / "p.csv").write_text("y\n" + "1\n0\n" * 20, encoding="utf-8")
    start = time.perf_counter()
    with pytest.raises((SpecError, StudyError)) as caught:
        Study.from_toml(tmp_path / "study.toml").check()
    assert time.perf_counter() - start < 10
    assert len(str(caught.value)) < 25_000
    assert max(map(len, str(caught.value).splitlines())) < 600
    if what not in ("strata", "margins", "call"):
        with pytest.raises(SpecError):
            SurveySpec.from_toml(tmp_path / "study.toml")


@pytest.mark.parametrize(
    "change",
    [
        "a" + ".a" * 5000 + "=1",
        "grid.a=" + "[" * 5000,
        f"study.repetitions={LONG}",
        f"{LONG}=1",
        LONG,
        "study.seed=" + "9" * 9999,
    ],
)
def test_absurd_changes__get_a_short_typed_answer(change):
    with pytest.raises(SpecError) as caught:
        Study({"extends": "cnnic-2024-12"}, changes=[change])
    assert len(str(caught.value)) < 1000


def test_keys_that_hold_themselves__are_nested_too_deep():
    grid = {}
    grid["a"], grid["b"] = grid, grid
    with pytest.raises(SpecError, match="nested too deep"):
        Study({"extends": "cnnic-2024-12", "grid": grid})


@pytest.mark.parametrize("name", ["n" * 100_000, "a\0b"])
def test_a_path_that_no_file_can_have__is_a_short_typed_error(name):
    with pytest.raises(SpecError) as caught:
        SurveySpec.from_toml(name)
    assert len(str(caught.value)) < 1000
    with pytest.raises(SpecError) as caught:
        SurveySpec.preset(name)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("estimand", "words"),
    [
        ({"numerator": "internet", "denominator": "persons", "unit": "share"}, "a known is in 'percent'"),
        ({"numerator": "internet", "unit": "persons"}, "a total is in '10k persons'"),
        ({"numerator": "weekly_hours", "denominator": "internet", "kind": "mean", "unit": "percent"}, "own unit"),
    ],
)
def test_units__that_truth_and_estimates_would_not_share_are_refused(estimand, words):
    with pytest.raises(SpecError, match=words):
        Study({"estimands": [{"name": "x", **estimand}]})


def test_kind__follows_from_the_denominator():
    study = Study(
        {
            "estimands": [
                {"name": "size", "numerator": "internet"},
                {"name": "penetration", "numerator": "internet", "denominator": "persons*urban"},
                {"name": "rate", "numerator": "app_ride_hailing", "denominator": "internet"},
            ]
        }
    )
    assert study.definitions["kind"].tolist() == ["total", "known", "ratio"]


def test_lists__are_asked_for_in_words():
    with pytest.raises(SpecError, match=r"give a list, such as \['province'\]"):
        Study({"estimands": [{"name": "p", "numerator": "internet", "by": "province"}]})
    with pytest.raises(SpecError, match=r"write \[\[methods\]\]"):
        Study({"methods": {"name": "a"}})


def test_the_size_of_a_release__is_read_by_its_old_name_for_one_release():
    """A replicate is a replicate weight; half-done studies go on under the new name."""
    keys = {"extends": "cnnic-2024-12", "study": {"repetitions": 2}}
    plain = Study(keys | {"fieldwork": {"protocol": {"release_size": 7}}})
    with pytest.warns(SurveysimWarning, match="release_size"):
        old = Study(keys | {"fieldwork": {"protocol": {"replicate": 7}}})
    assert old.spec.fieldwork.protocol.release_size == 7
    assert old.ids() == plain.ids()
    assert plain.facts(0)["survey.fieldwork.protocol.replicate"] == 7
    with pytest.warns(SurveysimWarning, match="release_size"):
        several = Study(keys | {"grid": {"fieldwork.protocol.replicate": [7, 25]}})
    assert several.scenarios == ["release_size=7", "release_size=25"]
    with pytest.warns(SurveysimWarning, match="release_size"):
        assert Protocol(replicate=7) == Protocol(release_size=7)
    with pytest.raises(SpecError, match="replicate"):
        Study(keys | {"fieldwork": {"protocol": {"replicate": 7, "release_size": 8}}})
