"""Repetitions of a country's survey: truths of the population, estimates of its interviews, methods side by side."""

from pathlib import Path

import land
import numpy as np
import pytest

import surveysim as ss
from surveysim.survey import country


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = land.written(tmp_path_factory.mktemp("land"), survey=land.SMALL)
    (folder / "own.toml").write_text(
        'extends = "survey.toml"\nstudy.repetitions = 4\n'
        'estimands = [{ name = "smokers", numerator = "smokes", kind = "total" }, '
        '{ name = "online", numerator = "online", by = ["age"] }]\n'
        '[[methods]]\nname = "raked"\n[[methods]]\nname = "jackknife"\nvariance = "jkn"\n'
        '[[methods]]\nname = "pml"\nestimator = "pml"\nframe_sizes = ["A", "B"]\n'
    )
    return ss.Study.from_toml(folder / "own.toml")


def test_repetition__is_the_survey_estimated(study):
    """Values of repetition 2 as `Survey` gives them from the replayed interviews; truths as the population has them."""
    result = study.run(progress=False)
    frame = result.to_frame(["repetition", "method", "estimand", "domain", "estimate", "se"])
    table, survey = study.replay("base", 2)
    mine = frame[(frame["repetition"] == 2) & (frame["method"] == "raked")].set_index(["estimand", "domain"])
    assert mine.loc[("smokers", ""), "estimate"] == pytest.approx(
        survey.total("smokes").table["estimate"].item() / 0.02
    )
    for age, part in table.groupby("age", observed=True):
        w = survey.weight[part.index]
        assert mine.loc[("online", f"age={age}"), "estimate"] == pytest.approx(
            100 * np.average(part["online"], weights=w)
        )
    source = study.plan().source(0)
    pop = source.prep.pop
    assert np.isclose(source.truth()[0], pop.parameter("smokes")["value"].item() / 0.02)
    jack = frame[(frame["repetition"] == 2) & (frame["method"] == "jackknife")].set_index(["estimand", "domain"])
    assert np.allclose(jack["se"] / mine["se"], 1, atol=0.25)
    assert (
        country.evaluated(source.prep, table, "online*age=60+").sum()
        == (table["online"] & (table["age"] == "60+")).sum()
    )


def test_methods__dual_frame_estimators_know_the_frames_and_fieldwork_its_cost(study):
    result, source = study.run(progress=False), study.plan().source(0)
    pop, spec = source.prep.pop, source.spec
    run = spec.run(seed=1)
    sizes = source.frame_sizes()
    assert sizes["A"] == pop.parameter("landline")["value"].item()
    assert sizes["B"] == pop.parameter("mobile")["value"].item()
    status = pop.persons(np.arange(pop.size), ["telephone"])["telephone"]
    assert sizes["ab"] == pytest.approx((status == "both").sum(), rel=0.03)
    done = country.field_work(source.prep, source.seed, 2, group=source.group)
    weights = source.prep.recipe.apply(done.table)
    dual = country.dual_frame_of(done.table.assign(**weights.columns))
    sizes = {name: sizes[name] for name in ("A", "B")}
    wanted = dual.total("smokes", estimator="pml", frame_sizes=sizes).table
    frame = result.to_frame(["repetition", "method", "estimand", "domain", "estimate", "se"])
    mine = frame[(frame["repetition"] == 2) & (frame["method"] == "pml")].set_index(["estimand", "domain"])
    for name in ("estimate", "se"):
        assert mine.loc[("smokers", ""), name] == pytest.approx(wanted[name].item() / 0.02)
    assert source.cost(2) == pytest.approx(done.spent["hours"].sum() * 22)
    assert run.costs(())["cost"].item() > 0


ODDS = {"kind": "coefficient", "formula": "online ~ age*region", "term": "age[T.60+]", "family": "binomial"}
REGRESSED = [
    {"name": "old", **ODDS},
    {"name": "men", "kind": "coefficient", "formula": "smokes ~ sex", "term": "sex[T.male]"},
    {"name": "all", "kind": "coefficient", "formula": "landline ~ 1", "term": "Intercept"},
]


def regressed(folder, *entries, **more):
    study = {"study": {"repetitions": 2, "seed": 3}, "estimands": list(entries)}
    return ss.Study({"extends": str(Path(folder) / "survey.toml"), **study, **more})


def test_coefficients__truths_are_of_everybody_and_estimates_of_the_weighted_interviews(study):
    """Saturated models, whose coefficients are differences of means and of log odds."""
    boot = {"name": "boot", "variance": "rao-wu", "replicates": 20}
    own = regressed(study.folder, *REGRESSED[1:], methods=[{"name": "raked"}, boot])
    result, source = own.run(progress=False), regressed(study.folder, *REGRESSED).plan().source(0)
    pop = source.prep.pop
    people = pop.persons(np.arange(pop.size))
    smoking = people.groupby("sex", observed=True)["smokes"].mean()
    coast = people[people["region"] == "coast"].groupby("age", observed=True)["online"].mean()
    odds = np.log(coast / (1 - coast))
    wanted = [odds["60+"] - odds["18-34"], smoking["male"] - smoking["female"], people["landline"].mean()]
    np.testing.assert_allclose(source.truth(), wanted, rtol=1e-9)
    table, survey = own.replay("base", 1)
    frame = result.to_frame().query("repetition == 1").set_index(["estimand", "method"])
    w, men = survey.weight, (table["sex"] == "male").to_numpy()
    share = [np.average(table["smokes"][k], weights=w[k]) for k in (men, ~men)]
    found = survey.glm("smokes ~ sex").coefficients.iloc[1]
    for method in ("raked", "boot"):
        assert frame.loc[("men", method), "estimate"] == pytest.approx(share[0] - share[1])
    assert frame.loc[("men", "raked"), "se"] == pytest.approx(found["se"])
    assert 0.5 < frame.loc[("men", "boot"), "se"] / found["se"] < 2
    assert frame.loc[("all", "raked"), "true"] == pytest.approx(people["landline"].mean())


def test_coefficients__leave_out_answers_that_are_missing(study):
    silent = {"fieldwork": {"measurement": {"missing": 0.2}}}
    whole, some = (regressed(study.folder, REGRESSED[1], **more).run(progress=False) for more in ({}, silent))
    assert (some.to_frame()["n"] < whole.to_frame()["n"]).all()


def test_coefficients__their_family_is_in_the_fingerprint(study):
    marks = [regressed(study.folder, REGRESSED[1] | {"family": family}).ids() for family in ("", "gaussian", "poisson")]
    assert marks[0] == marks[1] != marks[2]
