"""The page of a country's survey: whole in both languages, nothing fetched."""

import land

import surveysim as ss
from surveysim.report import html


def test_page__has_every_indicator_and_step_in_both_languages(tmp_path):
    spec = ss.SurveySpec.from_toml(land.written(tmp_path, survey=land.SMALL) / "survey.toml")
    run = spec.model_copy(update={"name": "<script>alert(1)</script>"}).run(seed=1, record=False)
    for lang in ("en", "zh"):
        page = run.report(tmp_path / f"{lang}.html", lang).read_text(encoding="utf-8")
        text = html.labels(lang)
        for name in ("smoking", "online_60plus", text["final_weight"], text["landline"], text["NC"], "48,800"):
            assert name in page
        assert "<script" not in page
        assert "http://" not in page.replace("http://www.w3.org", "")
