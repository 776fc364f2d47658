"""Mistakes that were made once, in studies."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim import DataError, SpecError, Study, StudyError, SurveysimWarning
from surveysim.judging import compare
from surveysim.keys import toml

rng = np.random.default_rng(3)
PEOPLE = pd.DataFrame({"h": rng.choice(list("ab"), 800), "y": rng.gamma(2, 3, 800), "z": rng.normal(100, 1, 800)})


def keys(repetitions=40, **more):
    base = {
        "study": {"repetitions": repetitions, "seed": 2, "failures": 0.5},
        "sample": {"n": 50, "strata": "h"},
        "estimands": [{"name": "y", "numerator": "y"}, {"name": "z", "numerator": "z"}],
        "methods": [{"name": "plain"}, {"name": "no error", "variance": "none"}],
    }
    return base | more


def test_order_of_methods_and_estimands__is_part_of_a_study(tmp_path):
    """Results are kept by position: another order used to read them under each other's names."""
    Study(keys(), table=PEOPLE).run(tmp_path / "out")
    for key in ("methods", "estimands"):
        turned = keys(80, **{key: keys()[key][::-1]})
        with pytest.raises(StudyError, match="order"):
            Study(turned, table=PEOPLE).run(tmp_path / "out")
        table = Study(turned, table=PEOPLE).run().performance()
        assert "cover" not in set(table.query("method == 'no error'")["measure"])
        assert (table.query("estimand == 'z' and measure == 'thetamean'")["value"] > 90).all()


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


def test_an_edited_plug_in__is_read_again_and_is_another_study(tmp_path):
    PEOPLE.to_csv(tmp_path / "people.csv", index=False)
    data = keys(
        methods=[{"name": "own", "call": "own.py:f"}],
        population={"table": "people.csv"},
        estimands=keys()["estimands"][:1],
    )
    found = []
    for value in (1.0, 2.0):
        (tmp_path / "own.py").write_text(
            f"K = {value}\ndef inner(): return K\ndef f(s): return {{'y': inner()}}\n", encoding="utf-8"
        )
        study = Study(data, folder=tmp_path)
        found.append(study.run().to_frame()["estimate"].unique().tolist())
        if value == 1.0:
            study.run(tmp_path / "out")
        else:
            with pytest.raises(StudyError, match=r"methods.own"):
                study.run(tmp_path / "out")
    assert found == [[1.0], [2.0]]


def test_the_failure_budget__holds_when_the_command_is_given_again(tmp_path):
    def odd(sample):
        if sample.repetition % 2:
            raise ValueError("odd")
        return {"y": 1.0}

    data = keys(study={"repetitions": 40, "failures": 0.1})
    data.pop("methods")
    for _ in range(2):
        with pytest.raises(StudyError, match="20 repetitions failed"):
            Study(data, methods={"odd": odd}, table=PEOPLE).run(tmp_path / "out")


def test_one_methods_failure__is_not_the_others(spec):
    data = spec.model_dump() | {"study": {"repetitions": 2, "failures": 1.0}}
    data |= {"estimands": [{"name": "p", "numerator": "internet", "denominator": "persons"}]}
    data |= {"methods": [{"name": "bad", "weighting": {"minimum_per_level": 100_000}}, {"name": "good"}]}
    found = Study(data).run()
    assert found.failures["method"].tolist() == ["bad", "bad"]
    assert found.to_frame(where={"method": "good"})["estimate"].notna().all()


def test_compare__refuses_a_repetition_twice_and_missing_truths():
    runs = pd.DataFrame({"rep": [1, 1, 1, 1], "method": list("abab"), "estimate": 1.0, "se": 1.0, "true": 1.0})
    with pytest.raises(DataError, match="occurs twice"):
        compare(runs, "true", "a")
    with pytest.raises(DataError, match="true value is missing"):
        compare(runs.iloc[:2].assign(true=np.nan), "true", "a")
    with pytest.warns(SurveysimWarning, match="name these columns in by="):
        ss.performance(runs, 1.0)


def test_missing_bounds_and_degrees__are_no_intervals_that_miss():
    runs = pd.DataFrame(
        {"estimate": [0.0] * 4, "se": 1.0, "low": [-1.0, -1, np.nan, np.nan], "high": 1.0, "df": [9.0, np.nan, 9, 9]}
    )
    table = ss.performance(runs, 0.5, lower="low", upper="high").set_index("measure")["value"]
    assert table["cover"] == 1
    assert table["n_missing"] == 2
    assert ss.performance(runs, 0.5, df="df").set_index("measure").loc["n_missing", "value"] == 1


def test_intervals_without_standard_errors__have_a_coverage():
    runs = pd.DataFrame({"estimate": [0.0, 1.0], "low": [-1.0, 0.8], "high": [1.0, 2.0]})
    table = ss.performance(runs, 0.5, se=None, lower="low", upper="high").set_index("measure")["value"]
    assert table["cover"] == 0.5
    found = Study(
        keys(), methods={"own": lambda s: {"y": {"estimate": 5.0, "lower": 0.0, "upper": 9.0}}}, table=PEOPLE
    ).run()
    rows = found.performance().query("method == 'own' and estimand == 'y' and measure == 'cover'")
    assert rows["value"].tolist() == [1.0]


def test_relprec__is_that_of_performance_on_the_same_table():
    def gaps(sample):
        found = sample.survey.mean("y").to_frame().iloc[0]
        return {"y": (found["estimate"], found["se"] if sample.repetition % 3 else np.nan)}

    found = Study(keys(), methods={"gaps": gaps}, table=PEOPLE).run()
    ours = found.performance(reference="plain", estimands=["y"]).query("measure == 'relprec' and method == 'gaps'")[
        "value"
    ]
    table = found.to_frame(where={"estimand": "y", "method": ["plain", "gaps"]})
    theirs = ss.performance(table, "true", by="method", reference="plain").query(
        "measure == 'relprec' and method == 'gaps'"
    )["value"]
    assert ours.iloc[0] == pytest.approx(theirs.iloc[0], rel=1e-12)


def test_a_timeout__does_not_count_what_is_made_once(spec):
    data = spec.model_dump() | {
        "study": {"repetitions": 4, "timeout": 0.9},
        "sample": spec.sample.model_dump() | {"bank_factor": 1.6},
    }
    data |= {"estimands": [{"name": "p", "numerator": "internet", "denominator": "persons"}]}
    assert Study(data).run(executor="processes", workers=1).failures.empty


def test_target_mcse__counts_missing_repetitions_and_mistrusts_full_coverage():
    def half(sample):
        return {"y": (float(sample.rng.normal()), 1.0)} if sample.repetition % 2 else {}

    data = keys(
        study={"repetitions": 100, "target_mcse": {"bias": 0.1}, "max_repetitions": 5000, "failures": 1.0}, methods=[]
    )
    data["estimands"] = data["estimands"][:1]
    found = Study(data, methods={"half": half}, table=PEOPLE).run()
    assert found.performance().query("measure == 'bias'")["mcse"].max() <= 0.1
    data["study"]["target_mcse"] = {"cover": 0.005}
    sure = Study(data, methods={"sure": lambda s: {"y": (6.0, 100.0)}}, table=PEOPLE).run()
    assert sure.repetitions > 100
    with pytest.raises(SpecError, match="'power' is no measure"):
        Study(keys(study={"target_mcse": {"power": 0.1}}), table=PEOPLE)
    data["study"] |= {"target_mcse": {"cover": 1e-5}, "max_repetitions": 200}
    with pytest.warns(SurveysimWarning, match="raise study.max_repetitions"):
        Study(data, methods={"sure": lambda s: {"y": (6.0, 100.0)}}, table=PEOPLE).run()


def test_plug_ins__have_the_same_intervals_however_they_are_given(tmp_path):
    table = PEOPLE.assign(y=(PEOPLE["y"] > 5).astype(int))
    (tmp_path / "own.py").write_text(
        "def f(s):\n    r = s.survey.mean('y').to_frame().iloc[0]\n    return {'y': (r['estimate'], r['se'])}\n",
        encoding="utf-8",
    )
    names: dict = {}
    exec((tmp_path / "own.py").read_text(encoding="utf-8"), names)
    data = keys(
        methods=[{"name": "file", "call": "own.py:f"}, {"name": "wald", "call": "own.py:f", "interval": "wald"}]
    )
    table = (
        Study(data, methods={"function": names["f"]}, table=table, folder=tmp_path)
        .run()
        .to_frame(where={"estimand": "y"})
    )
    lower = table.pivot(index="repetition", columns="method", values="lower")
    assert (lower["file"] == lower["function"]).all()
    assert (lower["file"] != lower["wald"]).all()


def test_renamed_and_equal_scenarios__keep_their_results(tmp_path):
    two = [{"name": "a", "changes": {"sample": {"n": 60}}}, {"name": "b", "changes": {"sample": {"n": 80}}}]
    Study(keys(scenarios=two), table=PEOPLE).run(tmp_path / "out")
    renamed = keys(scenarios=[{"name": "b", "changes": {"sample": {"n": 60}}}])
    for _ in range(2):
        done = []
        Study(renamed, table=PEOPLE).run(tmp_path / "out", progress=done.append)
        assert done == []
    twins = Study(keys(scenarios=[{"name": "a"}, {"name": "b"}]), table=PEOPLE)
    assert set(twins.run(tmp_path / "twins").to_frame()["scenario"]) == {"a", "b"}
    assert set(twins.result(tmp_path / "twins").to_frame()["scenario"]) == {"a", "b"}


def test_methods_that_cannot_be_sent__are_named_before_anything_runs():
    with pytest.raises(StudyError, match=r"method 'lam' cannot be sent to processes"):
        Study(keys(), methods={"lam": lambda s: {"y": 1.0}}, table=PEOPLE).run(executor="processes")


def test_a_recursive_estimator__has_a_fingerprint():
    def outer():
        def again(sample, depth=0):
            return {"y": 1.0} if depth else again(sample, 1)

        return again

    assert Study(keys(), methods={"again": outer()}, table=PEOPLE).run().performance() is not None


def run_cli(*args):
    return subprocess.run([sys.executable, "-m", "surveysim", *args], capture_output=True, text=True, check=False)


@pytest.fixture
def files(tmp_path):
    PEOPLE.to_csv(tmp_path / "people.csv", index=False)
    shutil.copy(Path(__file__).parent / "plugins.py", tmp_path)
    text = (
        "import sys\ndef talks(s):\n    print('hello')\n    return {'y': (1.0, 1.0)}\ndef leaves(s):\n    sys.exit(0)\n"
    )
    (tmp_path / "own.py").write_text(text, encoding="utf-8")
    return tmp_path


def written(files, call):
    data = keys(
        methods=[{"name": "own", "call": f"own.py:{call}"}],
        population={"table": "people.csv"},
        estimands=keys()["estimands"][:1],
    )
    (files / f"{call}.toml").write_text(toml(data), encoding="utf-8")
    return files / f"{call}.toml"


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_json__is_all_there_is_on_stdout(files, executor):
    found = run_cli(
        "study", "run", str(written(files, "talks")), "-o", str(files / "out"), "--json", "--executor", executor
    )
    assert found.returncode == 0
    assert json.loads(found.stdout)


def test_an_estimator_that_leaves__is_a_failure(files):
    found = run_cli("study", "run", str(written(files, "leaves")), "-o", str(files / "out"))
    assert found.returncode == 1
    assert "SystemExit" in found.stderr


def test_config_show__reads_back(files):
    shown = run_cli("config", "show", str(written(files, "talks")))
    (files / "again.toml").write_text(shown.stdout, encoding="utf-8")
    found = run_cli("config", "check", str(files / "again.toml"))
    assert (found.returncode, found.stderr) == (0, "")


def test_config_check__looks_at_the_table(files):
    data = keys(population={"table": "people.csv"}, sample={"n": 50, "strata": "region"})
    (files / "wrong.toml").write_text(toml(data), encoding="utf-8")
    found = run_cli("config", "check", str(files / "wrong.toml"))
    assert found.returncode == 2
    assert "scenario 'base': sample.strata: the table has no column 'region'" in found.stderr


def test_lists__are_asked_for_in_words():
    with pytest.raises(SpecError, match=r"give a list, such as \['province'\]"):
        Study({"estimands": [{"name": "p", "numerator": "internet", "by": "province"}]})
    with pytest.raises(SpecError, match=r"write \[\[methods\]\]"):
        Study({"methods": {"name": "a"}})


def test_replicates_and_dual_frames_by_domain__agree_with_the_linearized_recipe(spec):
    """The same estimates from replicates, and for every method an error in every domain that has one."""
    data = spec.model_dump() | {"study": {"repetitions": 2}}
    data |= {"estimands": [{"name": "p", "numerator": "internet", "denominator": "persons", "by": ["urban"]}]}
    data |= {
        "methods": [
            {"name": "plain"},
            {"name": "boot", "variance": "rao-wu", "replicates": 40},
            {"name": "percentile", "variance": "rao-wu", "replicates": 40, "interval": "percentile"},
            {"name": "hartley", "estimator": "hartley"},
        ]
    }
    found = Study(data).run()
    assert found.failures.empty
    table = found.to_frame().pivot(
        index=["repetition", "domain"], columns="method", values=["estimate", "se", "lower", "upper"]
    )
    np.testing.assert_allclose(table["estimate", "boot"], table["estimate", "plain"], rtol=1e-9)
    assert (table["se"] > 0).all(axis=None)
    assert (table["se", "boot"] / table["se", "plain"]).between(0.5, 2).all()
    assert (table["lower", "percentile"] < table["estimate", "percentile"]).all()
    assert (table["upper", "percentile"] > table["estimate", "percentile"]).all()
    assert (table["lower", "percentile"] != table["lower", "boot"]).all()


def test_extrapolated_coverage__is_that_of_the_same_intervals():
    from surveysim.judging import bootstrap_coverage

    counts = (20, 40, 80)
    methods = [{"name": f"B={b}", "variance": "rao-wu", "replicates": b, "interval": "percentile"} for b in counts]
    found = Study(keys(30, methods=methods, estimands=keys()["estimands"][:1]), table=PEOPLE).run()
    ours = found.extrapolated_coverage([m["name"] for m in methods], "y")
    table = found.to_frame().assign(bootstraps=lambda t: t["method"].str[2:].astype(float))
    theirs = bootstrap_coverage(table, float(table["true"].iloc[0]), repetition="repetition")
    pd.testing.assert_frame_equal(ours, theirs)
    with pytest.raises(StudyError, match="at least two bootstrap methods"):
        found.extrapolated_coverage(["B=20"], "y")


def test_compare_scenarios__pairs_errors_under_common_random_numbers():
    found = Study(keys(grid={"sample.n": [50, 60]}), table=PEOPLE).run()
    table = found.compare_scenarios("n=50", estimands=["y"]).set_index("measure")
    wide = found.to_frame(where={"method": "plain", "estimand": "y"}).pivot(
        index="repetition", columns="scenario", values="estimate"
    )
    assert table.loc["bias", "value"] == pytest.approx((wide["n=60"] - wide["n=50"]).mean(), rel=1e-9)
    assert table.loc["bias", "correlation"] == pytest.approx(wide.corr().iloc[0, 1], rel=1e-9)
    assert table.loc["bias", "pairs"] == 40
