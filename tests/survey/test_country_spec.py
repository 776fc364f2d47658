"""Specifications of a country's survey: every mistake with its key and the remedy, at once."""

import land
import pytest

import surveysim as ss


def mistakes(folder, *changes):
    text = land.FILES["survey.toml"]
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(ss.SpecError) as told:
        ss.SurveySpec.from_toml(land.written(folder, survey=text) / "survey.toml")
    return str(told.value)


@pytest.mark.parametrize(
    "changes",
    [
        (("working = 0.30", "working = 0.0"), ["frame.landline.working"]),
        (('folder = "."', 'folder = "elsewhere"'), ["population.folder", "no such folder"]),
        (('variable = "education"', 'variable = "educaton"'), ["fieldwork.mobile.effects[0].variable", "'education'"]),
        (('level = "higher"', 'level = "high"'), ["effects[0].level", "'higher'"]),
        (('"urban", "area"', '"rural", "area"'), ["weighting.recipes.recipe[3]", "'rural'"]),
        (('kind = "Rake"', 'kind = "Rakes"'), ["weighting.recipes.recipe[3]", "'Rakes'"]),
        (('["sex", "age"]', '["sex", "telephone"]'), ["no cross of telephone"]),
        (('kind = "Rake"', 'kind = "Rake"\nby = "area"'), ["recipe[3]", "no cross of telephone", "without by"]),
        (("working = 0.60", "working = 0.60\nunlisted = 0.95"), ["frame.mobile.unlisted"]),
        (("landline = 300\nmobile = 400", "landline = 0\nmobile = 0"), ["two interviews"]),
        (('selection = "youngest"', 'selection = "youngest"\nsex = "gender"'), ["'gender'", "youngest"]),
        (("mobile = 400", 'mobile = 400\nwithin = "county"'), ["sample.within", "county"]),
        (
            ('[["sex", "age"], "education", "urban", "area", "telephone"]', '"sex"'),
            ["recipe[3]", "margins = 'sex'", "give a list"],
        ),
        (('"urban", "area", "telephone"]', "7]"), ["recipe[3]", "margins", "give a list"]),
        (('kind = "Rake"', 'kind = "Rake"\nby = ["area"]'), ["recipe[3]", "by = ['area']", "one variable"]),
        (
            ("attempts = 5\ncontact = 0.35                # of one call", "attempts = 5\nbusy = 0.1"),
            ["fieldwork.landline.busy", '"calls"'],
        ),
        (
            ("cost_per_hour = 22", "callback_days = 2\ncost_per_hour = 22"),
            ["fieldwork.protocol.callback_days", '"calls"'],
        ),
        (("cost_per_hour = 22", "cost_per_hours = 22"), ["fieldwork.protocol.cost_per_hours", "cost_per_hour"]),
        (
            ("[fieldwork.protocol]", "[fieldwork.measurement]\nover = 0.1\n\n[fieldwork.protocol]"),
            ["measurement.over", "desirable"],
        ),
        (
            (
                "[fieldwork.protocol]",
                '[fieldwork.measurement]\nunder = 0.1\nsensitive = ["smoke"]\n\n[fieldwork.protocol]',
            ),
            ["measurement.sensitive", "'smoke'", "'smokes'"],
        ),
        (('kind = "InverseSampling"', 'kind = "InverseSampling"\nnumbers = "x"'), ["recipe[0]", "'numbers'"]),
        (
            ("[fieldwork.landline]", '[fieldwork]\nlevel = "calls"\n[fieldwork.landline]'),
            ["recipe[0]", "InverseSampling", "give Released"],
        ),
        (
            ("cost_per_hour = 22", "cost_per_hour = 22\nquota = 1.2"),
            ["fieldwork.protocol.quota = 1.2", '"calls"'],
        ),
        (("cost_per_hour = 22", 'cost_per_hour = 22\nquota_by = ["sex"]'), ["quota_by does nothing", "protocol.quota"]),
        (
            ("cost_per_hour = 22", 'cost_per_hour = 22\nquota = 1.2\nquota_by = ["sex", "region", "sex"]'),
            ["quota_by: 'region' is no variable of margins.csv", "names a variable twice"],
        ),
        (
            ("mobile = 400 ", 'mobile = 400\nwithin = "area" '),
            ("cost_per_hour = 22", 'cost_per_hour = 22\nassignment = "stratum"\ninterviewers = 2'),
            ["fieldwork.protocol.interviewers = 2", "teams of one stratum each need at least 3"],
        ),
        (("cost_per_hour = 22", "cost_per_hour = 22\ninterviewers = 0"), ["fieldwork.protocol.interviewers"]),
        (
            ("cost_per_hour = 22", "cost_per_hour = 22\ninterviewers = 1"),
            ("[fieldwork.protocol]", '[estimation]\nclusters = "interviewer"\n\n[fieldwork.protocol]'),
            ["fieldwork.protocol.interviewers = 1", "needs two or more"],
        ),
        (
            ("[fieldwork.protocol]", "[fieldwork.measurement]\nmissing = 0.6\nmissing_yes = 2\n[fieldwork.protocol]"),
            ["measurement.missing", "leaves no answers"],
        ),
        (
            (
                "[fieldwork.protocol]",
                '[fieldwork.measurement]\nmissing_in = [{ variable = "ages", level = "60+", share = 0.2 }]\n[fieldwork.protocol]',
            ),
            ["measurement.missing_in[0].variable = 'ages'", "'age'"],
        ),
        (
            (
                "[fieldwork.protocol]",
                '[fieldwork.measurement]\nmissing_in = [{ variable = "age", level = "60", share = 1.2 }]\n[fieldwork.protocol]',
            ),
            ["missing_in[0].share"],
        ),
        (
            ("working = 0.60", 'working = 0.60\noperators = [{ name = "A", prefixes = 0.5, numbers = 0.4 }]'),
            ["frame.mobile.operators: prefixes add up to 0.5", "numbers add up to 0.4"],
        ),
        (
            (
                "working = 0.60",
                'working = 0.60\noperators = [{ name = "A", prefixes = 0.5, numbers = 0.4 }, '
                '{ name = "A", prefixes = 0.5, numbers = 0.6 }]',
            ),
            ["'A' is listed twice"],
        ),
        (("working = 0.60", "working = 0.60\nempty_prefixes = 0.7"), ["frame.mobile.empty_prefixes"]),
    ],
)
def test_mistakes__name_key_and_remedy(tmp_path, changes):
    *changes, said = changes
    text = mistakes(tmp_path, *changes)
    assert [part for part in said if part not in text] == []


def test_mistakes__all_at_once(tmp_path):
    text = mistakes(tmp_path, ('level = "higher"', 'level = "high"'), ('"urban", "area"', '"rural", "area"'))
    assert len(text.splitlines()) == 2


def test_recipe__of_another_name(tmp_path):
    folder = land.written(tmp_path)
    with pytest.raises(ss.SpecError, match="no recipe 'pew'; there are recipe"):
        ss.SurveySpec.from_toml(_extended(folder, 'weighting.recipe = "pew"'))


def _extended(folder, line):
    (folder / "other.toml").write_text(f'extends = "survey.toml"\n{line}\n', encoding="utf-8")
    return folder / "other.toml"


def test_definitions__kinds_by_denominator(tmp_path):
    spec = ss.SurveySpec.from_toml(land.written(tmp_path) / "survey.toml")
    found = spec.definitions()
    assert found["kind"].tolist() == ["mean", "mean", "ratio", "total"]
    assert found.loc["online_60plus", "published"] == 58
    bare = ss.SurveySpec.from_toml(land.written(tmp_path / "bare", indicators=None) / "survey.toml")
    assert list(bare.definitions().index) == ["smokes", "online"]


def test_a_frame_without_numbers__is_refused_with_the_key(tmp_path):
    lines = "".join(
        f"{name},,,{share}\n" for name, share in (("landline_only", 0), ("both", 0), ("mobile_only", 97), ("none", 3))
    )
    plain = {
        "telephone": f"status,variable,level,percent\n{lines}",
        "outcomes": "outcome,variable,level,percent\nsmokes,,,20\nonline,,,80\n",
    }
    files = land.written(tmp_path, **plain)
    with pytest.raises(ss.SpecError, match=r"sample\.landline = 300: telephone\.csv says that nobody has a landline"):
        ss.SurveySpec.from_toml(files / "survey.toml")
    land.written(tmp_path, **plain, survey=("landline = 300", "landline = 0"))
    assert ss.SurveySpec.from_toml(files / "survey.toml").sample.interviews == 400
