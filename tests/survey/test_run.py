"""One survey and its repetitions, at a small scale."""

import numpy as np
import pandas as pd
import pytest

from surveysim import SpecError, SurveySpec, reference
from surveysim.judging.verdicts import performance_table
from surveysim.study import Study
from surveysim.survey.comparison import indicator_parameters
from surveysim.survey.preparation import control_totals, prepare


def repeat(spec, repetitions, seed, workers=None):
    return Study(spec, changes=(f"study.repetitions={repetitions}", f"study.seed={seed}")).run(workers=workers)


@pytest.fixture(scope="module")
def repeated(spec):
    return repeat(spec, 60, seed=3, workers=2)


def test_run__makes_the_planned_interviews(result, spec):
    assert len(result.interviews) == spec.sample.interviews
    assert len(result.cases) == result.case_file.dialled.sum()
    assert (result.cases["disposition"] == "I").sum() == spec.sample.interviews


def test_estimates__have_one_row_per_indicator(result):
    table = result.comparison()
    assert len(table) == len(reference.indicators()) >= 60
    assert list(table.columns[:11]) == [
        "indicator_id",
        "domain",
        "unit",
        "published",
        "parameter",
        "estimate",
        "se",
        "lower",
        "upper",
        "moe",
        "deff",
    ]
    assert (table["lower"] <= table["estimate"]).all()
    assert (table["estimate"] <= table["upper"]).all()
    assert (table["se"] > 0).all()
    assert table.loc[~table["agrees"], "note"].str.len().gt(0).all()


def test_estimands__are_known_ratio_and_complement(result):
    """Penetration is the total over the known population; non-users are the rest; both have the total's error."""
    e = result.estimates.to_frame().set_index("variable")
    netizens, total = e.loc["netizens_size"], result.preparation.known("persons") / result.preparation.pop.scale / 1e4
    assert e.loc["internet_penetration", "estimate"] == pytest.approx(100 * netizens["estimate"] / total)
    assert e.loc["internet_penetration", "se"] == pytest.approx(100 * netizens["se"] / total)
    assert e.loc["non_netizens_size", "estimate"] == pytest.approx(total - netizens["estimate"])
    assert e.loc["non_netizens_size", "se"] == pytest.approx(netizens["se"])
    assert e.loc["urban_share_of_netizens", "estimate"] + e.loc["rural_share_of_netizens", "estimate"] == pytest.approx(
        100
    )


def test_run_survey__gives_the_same_numbers_as_the_indicators(result):
    """`run.survey` on the labelled table against the kernels' path: a ratio, its error and df."""
    table = result.survey.ratio("app_ride_hailing", "internet", df=None).to_frame().iloc[0]
    row = result.estimates.to_frame().set_index("variable").loc["app_ride_hailing_rate"]
    assert 100 * table["estimate"] == pytest.approx(row["estimate"], rel=1e-12)
    assert 100 * table["se"] == pytest.approx(row["se"], rel=1e-9)


def test_interviews__carry_the_variance_design(result):
    psus = result.interviews.groupby("stratum")["psu"].nunique()
    assert psus.min() >= 2
    assert result.survey.mean("internet").to_frame()["df"][0] == result.interviews["psu"].nunique() - len(psus)


def test_interviews__carry_both_frames_probabilities(result):
    """Inside the overlap both are positive, outside the other one is 0; the own frame's is 1 / weight to within m/(m−1)."""
    table = result.interviews
    assert (table.loc[table["domain"] == "ab", ["probability_landline", "probability_mobile"]] > 0).all().all()
    assert (table.loc[table["domain"] == "b", "probability_landline"] == 0).all()
    assert (table.loc[table["domain"] == "a", "probability_mobile"] == 0).all()
    own = np.where(table["frame"] == "landline", table["probability_landline"], table["probability_mobile"])
    m, t = table["unit_interviews"], table["unit_dialled"]
    np.testing.assert_allclose(own * table["multiplicity_weight"], t * (m - 1) / ((t - 1) * m), rtol=1e-12)


def test_same_seed__same_numbers_and_another_seed_others(spec, result):
    again, other = spec.run(seed=7, record=False), spec.run(seed=8, record=False)
    pd.testing.assert_frame_equal(again.comparison(), result.comparison())
    assert (other.comparison()["estimate"] != result.comparison()["estimate"]).mean() > 0.99


def test_repetitions__do_not_depend_on_the_workers(spec, repeated):
    alone = repeat(spec, 6, seed=3, workers=1)
    first = repeated.to_frame()
    first = first[first["repetition"] < 6].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone.to_frame(), first, check_exact=True)


def test_no_repetition__fails_to_rake(repeated):
    assert repeated.failures.empty
    assert np.isfinite(repeated.to_frame()[["estimate", "se", "lower", "upper"]]).all(axis=None)


def test_repetitions__are_judged_by_the_exact_values(result, repeated):
    exact = indicator_parameters(result.preparation.pop, result.preparation.definitions)
    for estimand in repeated.scenarios[0]["estimands"]:
        assert estimand["true"] == pytest.approx(exact[estimand["name"]], rel=1e-12)


@pytest.mark.statistical
def test_estimates__are_nearly_unbiased_and_their_errors_right(result, repeated):
    """60 repetitions: the bias of penetration within 4 Monte Carlo s.e. of 0.1 points (coarse raking ages leave some);
    model and empirical standard errors within 4 s.e. of each other; mean coverage of all indicators 90 to 97 %."""
    table = performance_table(repeated)
    row = table.loc["internet_penetration"]
    assert abs(row["bias"]) < 0.1 + 4 * row["bias_mcse"]
    assert abs(row["modelse"] - row["empse"]) < 4 * row["empse_mcse"]
    assert 90 < table["cover"].mean() < 97


def test_control_totals__agree_across_margins_and_cover_those_with_a_phone(spec):
    prep = prepare(spec)
    covered = control_totals(prep.pop, spec.weighting)
    everybody = control_totals(prep.pop, spec.weighting.model_copy(update={"control_population": "residents_6plus"}))
    for margins in (covered, everybody):
        sums = [margins.total[:, a:b].sum(axis=1) for a, b in zip(margins.first[:-1], margins.first[1:], strict=True)]
        for other in sums[1:]:
            np.testing.assert_allclose(other, sums[0], rtol=1e-12)
    ratio = covered.total.sum() / everybody.total.sum()
    assert 0.9 < ratio < 1


SMALLER = {
    "population": {"scale": 0.01},
    "sample": {"interviews": 9300, "minimum_per_province": 150, "minimum_per_unit": 2},
}


def penetration(**change):
    merged = {key: {**SMALLER.get(key, {}), **change.get(key, {})} for key in {*SMALLER, *change}}
    found = SurveySpec.preset("cnnic-2024-12", **merged).run(seed=1, record=False)
    return found.estimates.to_frame().set_index("variable").loc["internet_penetration", "estimate"]


@pytest.mark.parametrize(
    "change",
    [
        {"sample": {"landline_share": 0.0}},
        {"weighting": {"composite": 0.5}},
        {"sample": {"suffixes": "independent", "between": "proportional"}},
        {"population": {"year": 2024}},
    ],
)
def test_variants__run_and_stay_near(change):
    assert abs(penetration(**change) - 78.6) < 2


def test_raking_to_all_residents__overstates_penetration():
    """People without a telephone, who are offline, are then taken for people with one: some 4 points too many netizens."""
    assert penetration(weighting={"control_population": "residents_6plus"}) > 81


def test_report__is_one_file_in_both_languages_and_the_same_twice(result, repeated, tmp_path):
    pages = {}
    for lang in ("en", "zh"):
        path = result.report(tmp_path / f"{lang}.html", lang, repeated)
        pages[lang] = path.read_text(encoding="utf-8")
        assert result.report(tmp_path / "again.html", lang, repeated).read_text(encoding="utf-8") == pages[lang]
    assert "互联网普及率" in pages["zh"]
    for page in pages.values():
        assert page.count('role="img"') == 3  # repetitions, their zip plot, weights
        assert page.count("<title>") == 4  # of the page and of every such figure
        assert page.count('<figure class="strips">') >= 10  # the finding, coverage, estimates by theme, margins
        outside = page.replace("http://www.w3.org/", "").replace("http-equiv", "")
        assert "http" not in outside
        assert "<script" not in page
        assert len(page) < 1_000_000


def test_report__refuses_an_unknown_language(result, tmp_path):
    with pytest.raises(SpecError, match="lang"):
        result.report(tmp_path / "x.html", "fr")
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_the_preset__never_fails_to_rake_and_its_errors_are_right():
    """500 repetitions of the full preset: none fails; model and empirical standard errors of every indicator agree within
    4.5 Monte Carlo s.e. and 5 %; the bias of penetration is below 0.1 points."""
    spec = SurveySpec.preset("cnnic-2024-12")
    found = repeat(spec, 500, seed=11)
    assert found.failures.empty
    table = performance_table(found)
    assert (abs(table["modelse"] / table["empse"] - 1) < 4.5 * table["empse_mcse"] / table["empse"] + 0.05).all()
    assert abs(table.loc["internet_penetration", "bias"]) < 0.1
    assert 93 < table["cover"].median() < 97


def test_dual_frame__estimates_from_a_run_and_gives_the_preset_its_theta(result):
    run = result
    d = run.dual_frame()
    known = {n: run.preparation.pop.parameter(f"{n}")["value"].iloc[0] for n in ("landline", "mobile")}
    assert d.n_a + d.n_b == len(run.interviews)
    sizes = {"A": known["landline"], "B": known["mobile"]}
    for estimator in ("hartley", "composite", "single_frame", "pml", "cal_df"):
        options = {"frame_sizes": sizes} if estimator in ("pml", "cal_df") else {}
        row = d.proportion("internet", estimator=estimator, **options).table.iloc[0]
        assert 0.7 < row["estimate"] < 0.95
        assert 0 < row["se"] < 0.05
    theta = round(float(d.thetas(["internet", "app_ride_hailing"]).compromise), 3)
    spec = run.spec.model_copy(update={"weighting": run.spec.weighting.model_copy(update={"composite": theta})})
    again = spec.run(seed=run.seed, record=False)
    record = next(r for r in again.weights.records if r["step"] == "composite_weight")
    assert record["theta"] == theta


def test_a_repetition__builds_no_data_frame(result, monkeypatch):
    """From dialling to estimates with errors: tables are arrays by name until somebody looks at them."""
    study = Study(result.spec, changes=("study.repetitions=2",))
    source = study.plan().source(0)
    expected = source.repetition(0)[0]

    def refuse(self, *args, **kwargs):
        raise AssertionError("a DataFrame was built")

    monkeypatch.setattr(pd.DataFrame, "__init__", refuse)
    np.testing.assert_array_equal(source.repetition(0)[0], expected)
