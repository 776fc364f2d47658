"""Specifications: presets, files, and one clear error per mistake."""

import pytest

from surveysim import SpecError, SurveySpec


def write(tmp_path, text):
    path = tmp_path / "survey.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_preset__is_the_printed_survey():
    spec = SurveySpec.preset("cnnic-2024-12")
    assert (spec.sample.interviews, spec.population.year, spec.population.scale) == (22_047, 2023, 1.0)
    assert spec.weighting.margins == ("sex", "age_group", "education", "urban")


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
        ("[fieldwork.protocol]\nreplicate = 1000000000\n", ["fieldwork.protocol.replicate"]),
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
