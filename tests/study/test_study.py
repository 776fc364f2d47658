"""The engine of studies: the same bytes however it is run, nothing lost, nothing averaged in unseen."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from surveysim import DataError, SpecError, Study, StudyError, SurveysimWarning
from surveysim.study.table_source import TableSource
from surveysim.study.table_spec import TableStudySpec

HERE = Path(__file__).parent
SMALL_PARTS = "from surveysim.study.table_spec import TableStudySpec; TableStudySpec.together = 16; "
CLI = (sys.executable, "-c", SMALL_PARTS + "from surveysim.cli import main; main()")


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(TableStudySpec, "together", 16)


def keys(repetitions=64, call=None, **more):
    data = {
        "study": {"name": "engine", "repetitions": repetitions, "seed": 5, "failures": 0.1},
        "population": {"table": "population.csv"},
        "sample": {"n": 60, "strata": "h"},
        "grid": {"sample.n": [60, 80]},
        "estimands": [{"name": "mean", "numerator": "y"}, {"name": "total", "numerator": "y", "kind": "total"}],
        "methods": [{"name": "design"}, {"name": "boot", "variance": "rao-wu", "replicates": 10}],
    }
    if call is not None:
        data |= {"methods": [{"name": "call", "call": f"plugins.py:{call}"}], "estimands": data["estimands"][:1]}
    return data | more


@pytest.fixture
def home(tmp_path):
    """A folder with a space and Chinese in its name, a population and the plug-ins."""
    folder = tmp_path / "a study 研究"
    folder.mkdir()
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"h": np.repeat(["a", "b", "c"], [100, 200, 300]), "y": rng.gamma(2, 3, 600).round(3)})
    table.to_csv(folder / "population.csv", index=False)
    shutil.copy(HERE / "plugins.py", folder)
    return folder


def study(home, *args, **more):
    return Study(keys(*args, **more), folder=home)


def bytes_of(folder):
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(Path(folder).rglob("*"))
        if p.is_file() and p.name not in ("lock", "performance.csv") and "damaged" not in p.parts
    }


def write_toml(home, data, name="study.toml"):
    from surveysim.keys import toml

    (home / name).write_text(toml(data), encoding="utf-8")
    return home / name


# ------------------------------------------------------------------------------------------------------- the same bytes
def test_bytes__do_not_depend_on_workers_blocks_or_executor(home):
    made = study(home)
    made.run(home / "one", workers=1)
    expected = bytes_of(home / "one")
    assert len(expected) == 1 + 2 * 4
    for name, options in {
        "two": {"workers": 2},
        "four": {"workers": 4, "block": 1},
        "odd": {"block": 7},
        "large": {"block": 1000},
        "pool": {"executor": ThreadPoolExecutor(2)},
    }.items():
        made.run(home / name, **options)
        assert bytes_of(home / name) == expected, name


@pytest.mark.long
def test_bytes__are_the_same_from_processes(home):
    made = study(home, call="mean")
    made.run(home / "threads")
    made.run(home / "processes", executor="processes", workers=2, block=5)
    assert bytes_of(home / "processes") == bytes_of(home / "threads")


def test_extension__in_steps_gives_the_bytes_of_one_run(home):
    study(home, 96).run(home / "whole")
    for repetitions in (48, 70, 96):
        study(home, repetitions).run(home / "steps", block=9)
    assert bytes_of(home / "steps") == bytes_of(home / "whole")
    found = study(home, 48).run(home / "steps")
    pd.testing.assert_frame_equal(found.to_frame(), study(home, 48).run().to_frame())


def test_new_scenarios__extend_and_old_ones_are_not_run_again(home):
    first = study(home, grid={"sample.n": [60]})
    first.run(home / "out")
    before = bytes_of(home / "out")
    done = []
    study(home, grid={"sample.n": [80, 60]}).run(home / "out", progress=done.append)
    assert sum(done) == 64
    assert {k: v for k, v in bytes_of(home / "out").items() if k in before and k != "study.json"} == {
        k: v for k, v in before.items() if k != "study.json"
    }


def test_survey_study__same_bytes_from_threads_and_memory(spec, tmp_path):
    data = spec.model_dump() | {
        "study": {"repetitions": 6},
        "methods": [{"name": "r"}, {"name": "h", "estimator": "hartley"}],
    }
    data |= {"estimands": [{"name": "p", "numerator": "internet", "denominator": "persons", "kind": "known"}]}
    made = Study(data)
    kept = made.run(tmp_path / "out", workers=2, block=2).to_frame()
    pd.testing.assert_frame_equal(made.run(workers=1).to_frame(), kept)


# ------------------------------------------------------------------------------------------------------------- kills
def start(home, *more):
    return subprocess.Popen(
        [
            *CLI,
            "study",
            "run",
            str(home / "study.toml"),
            "-o",
            str(home / "out"),
            "--workers",
            "1",
            "--block",
            "8",
            *more,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def parts(folder):
    return len(list(folder.glob("parts/*/0*.parquet")))


def wait_for(condition, process, seconds=60):
    end = time.time() + seconds
    while not condition() and process.poll() is None and time.time() < end:
        time.sleep(0.01)


def test_kill_9__loses_nothing_that_was_written_and_the_rest_is_the_same(home):
    data = keys(300, "slow")
    write_toml(home, data)
    Study.from_toml(home / "study.toml").run(home / "whole")
    process = start(home)
    wait_for(lambda: parts(home / "out") >= 1, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    there = bytes_of(home / "out")
    assert 1 <= sum(k.endswith(".parquet") for k in there) < 2 * 19
    (home / "out" / "parts" / ".writing-torn.tmp").write_bytes(b"half of a part")
    Study.from_toml(home / "study.toml").run(home / "out")
    after = bytes_of(home / "out")
    assert after == bytes_of(home / "whole")
    assert len(there.items() - after.items()) <= 1  # what a kill between two renames may leave to be replaced


@pytest.mark.long
def test_kill_9__twenty_times(home):
    write_toml(home, keys(1200, "slow"))
    Study.from_toml(home / "study.toml").run(home / "whole")
    rng = np.random.default_rng(2)
    for _ in range(20):
        process, before = start(home), parts(home / "out")
        wait_for(lambda before=before: parts(home / "out") > before, process)
        time.sleep(rng.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    Study.from_toml(home / "study.toml").run(home / "out")
    assert bytes_of(home / "out") == bytes_of(home / "whole")


def test_interrupt__keeps_what_is_done_and_says_so(home):
    write_toml(home, keys(600, "slow"))
    process = start(home)
    wait_for(lambda: parts(home / "out") >= 1, process)
    process.send_signal(signal.SIGINT)
    _, message = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"The same command goes on from there" in message
    done = Study.from_toml(home / "study.toml").status(home / "out")["done"].sum()
    assert 16 <= done < 1200
    assert not list((home / "out").rglob(".writing-*"))


def test_a_dead_worker_process__is_replaced_and_its_block_run_again(home, monkeypatch):
    monkeypatch.setenv("SURVEYSIM_TEST_MARK", str(home / "mark"))
    made = study(home, call="dies_once", grid={})
    made.run(home / "processes", executor="processes", workers=2)
    assert (home / "mark").exists()
    made.run(home / "threads")  # the mark is there, so nobody dies
    assert bytes_of(home / "processes") == bytes_of(home / "threads")


@pytest.mark.long
def test_dask__gives_the_same_bytes_and_survives_a_dead_worker(home, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setenv("SURVEYSIM_TEST_MARK", str(home / "mark"))
    made = study(home, call="dies_once", grid={})
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:  # noqa: SIM117
        with distributed.Client(cluster) as client:
            made.run(home / "dask", executor=client.get_executor(), block=5)
    assert (home / "mark").exists()
    made.run(home / "threads")
    assert bytes_of(home / "dask") == bytes_of(home / "threads")


# ------------------------------------------------------------------------------------------------------------- faults
@pytest.mark.everyday(1)
@pytest.mark.parametrize("fault", ["flip", "truncate", "empty"])
def test_a_damaged_part__is_found_out_set_aside_and_run_again(home, fault):
    made = study(home)
    made.run(home / "out")
    expected = bytes_of(home / "out")
    part = sorted((home / "out").glob("parts/*/0*.parquet"))[2]
    data = bytearray(part.read_bytes())
    for position in (0, len(data) // 3, len(data) - 20) if fault == "flip" else (0,):
        broken = bytearray(data)
        if fault == "flip":
            broken[position] ^= 1
        part.write_bytes(
            bytes(broken) if fault == "flip" else bytes(broken[: len(broken) // 2]) if fault == "truncate" else b""
        )
        with pytest.raises(StudyError, match="is damaged"):
            made.result(home / "out").performance()
        assert made.status(home / "out")["damaged"].sum() == 1
        with pytest.warns(SurveysimWarning, match="its repetitions are run again"):
            made.run(home / "out")
        assert bytes_of(home / "out") == expected
        assert list((home / "out" / "damaged").iterdir())


def test_a_lost_part__is_run_again(home):
    made = study(home)
    made.run(home / "out")
    expected = bytes_of(home / "out")
    next((home / "out").glob("parts/*/0*.parquet")).unlink()
    made.run(home / "out")
    assert bytes_of(home / "out") == expected


def test_a_damaged_description__is_named_and_parts_survive_its_deletion(home):
    made, out = study(home), home / "out"
    made.run(out)
    expected = bytes_of(out)
    (out / "study.json").write_text('{"format": 1, "scena', encoding="utf-8")
    with pytest.raises(StudyError, match="description is damaged"):
        made.run(out)
    (out / "study.json").unlink()
    done = []
    made.run(out, progress=done.append)
    assert done == []
    assert bytes_of(out) == expected


@pytest.mark.everyday(2)
@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"sample": {"n": 60, "strata": "h", "allocation": "equal"}}, "survey.sample.allocation"),
        ({"study": {"repetitions": 64, "seed": 6}}, "study.seed: 5 there, 6 now"),
        ({"methods": [{"name": "design", "interval": "wilson"}]}, "methods.design"),
        ({"estimands": [{"name": "mean", "numerator": "y", "kind": "total"}]}, "estimands.mean"),
    ],
)
def test_another_study__is_refused_with_what_differs(home, change, word):
    study(home).run(home / "out")
    before = bytes_of(home / "out")
    with pytest.raises(StudyError, match=word):
        study(home, **change).run(home / "out")
    assert bytes_of(home / "out") == before


def test_changed_data__is_another_study(home):
    study(home).run(home / "out")
    table = pd.read_csv(home / "population.csv")
    table.loc[0, "y"] += 1
    table.to_csv(home / "population.csv", index=False)
    with pytest.raises(StudyError, match="population"):
        study(home).run(home / "out")


def test_labels_and_repetitions__are_no_other_study(home):
    study(home).run(home / "out")
    data = keys(64, scenarios=[{"name": "renamed"}]) | {
        "study": {"name": "other", "aim": "words", "repetitions": 64, "seed": 5}
    }
    done = []
    Study(data, folder=home).run(home / "out", progress=done.append)
    assert done == []


def test_a_second_process__is_kept_out(home):
    write_toml(home, keys(600, "slow"))
    process = start(home)
    wait_for(lambda: parts(home / "out") >= 1, process)
    with pytest.raises(StudyError, match=rf"process {process.pid} is running this study"):
        Study.from_toml(home / "study.toml").run(home / "out")
    assert Study.from_toml(home / "study.toml").status(home / "out").attrs["running"]
    process.kill()
    process.communicate()
    assert not Study.from_toml(home / "study.toml").status(home / "out").attrs["running"]


def test_a_full_disk__loses_nothing_and_the_run_goes_on_later(home):
    """The system refuses longer files from the third part on, as a full disk does."""
    write_toml(home, keys())
    code = (
        "import resource, sys; from surveysim import Study\n"
        "from surveysim.study.table_spec import TableStudySpec; TableStudySpec.together = 16\n"
        "done = []\n"
        "def tick(n):\n"
        "    done.append(n)\n"
        "    if len(done) == 3: resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))\n"
        "try: Study.from_toml(sys.argv[1]).run(sys.argv[2], progress=tick, workers=1)\n"
        "except Exception as e: print(type(e).__name__, e)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(home / "study.toml"), str(home / "out")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "StudyError" in result.stdout
    assert "What was written before is safe" in result.stdout
    assert 1 <= parts(home / "out") < 8
    assert not list((home / "out").rglob(".writing-*"))
    study(home).run(home / "whole")
    study(home).run(home / "out")
    assert bytes_of(home / "out") == bytes_of(home / "whole")


@pytest.mark.parametrize("place", ["/proc/surveysim", "file/inside"])
def test_a_folder_that_cannot_be_written__is_named(home, place):
    (home / "file").write_text("a file", encoding="utf-8")
    with pytest.raises(StudyError, match="not writable"):
        study(home).run(place if place.startswith("/") else home / place)


# ----------------------------------------------------------------------------------------------------------- failures
def test_failures__are_rows_with_their_replay(home):
    found = study(home, call="fails_at_3", grid={}).run(home / "out")
    assert found.failures.to_dict("records") == [
        {
            "scenario": "base",
            "repetition": 3,
            "method": "call",
            "message": "ZeroDivisionError: no such luck",
            "replay": "study.replay('base', 3)",
        }
    ]
    table = found.performance().set_index("measure")["value"]
    assert table["nsim"] == 63
    assert table["n_missing"] == table["failures"] == 1
    assert np.isnan(found.to_frame().query("repetition == 3")["estimate"].iloc[0])
    assert "1 failures in 1 repetitions" in found.summary()
    assert "lowest coverage: " in found.summary()


def test_failure_budget__stops_the_study_and_keeps_it(home):
    data = keys(64, "fails_at_3", grid={}, study={"repetitions": 64, "failures": 0.0})
    with pytest.raises(
        StudyError, match=r"1 repetitions failed.*repetition 3, method 'call': ZeroDivisionError"
    ) as caught:
        Study(data, folder=home).run(home / "out", workers=1)
    assert "study.replay('base', 3)" in str(caught.value)
    assert parts(home / "out") >= 1
    data["study"]["failures"] = 0.1
    assert len(Study(data, folder=home).run(home / "out").failures) == 1


def test_exit_code__is_3_with_failures(home):
    write_toml(home, keys(32, "fails_at_3", grid={}))
    found = subprocess.run(
        [*CLI, "study", "run", str(home / "study.toml"), "-o", str(home / "out"), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 3
    assert {row["measure"] for row in json.loads(found.stdout)} >= {"bias", "cover", "failures"}
    assert "no such luck" in found.stderr


@pytest.mark.everyday(1)
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_timeout__interrupts_a_repetition_that_hangs(home, executor):
    data = keys(16, "hangs_at_2", grid={}, study={"repetitions": 16, "timeout": 2.0, "failures": 0.2})
    found = Study(data, folder=home).run(home / "out", executor=executor, workers=1)
    assert found.failures["repetition"].tolist() == [2]
    assert "longer than study.timeout = 2" in found.failures["message"].iloc[0]


def test_infinite_estimates__are_failures(home):
    found = study(home, call="infinite_at_1", grid={}).run()
    assert "infinite" in found.failures["message"].iloc[0]
    assert found.performance().set_index("measure").loc["n_missing", "value"] == 1


def test_plug_ins__have_random_numbers_of_their_own_that_replay(home):
    first, again = (
        study(home, call="noise", grid={}).run(workers=w, block=b).to_frame() for w, b in ((1, None), (3, 5))
    )
    pd.testing.assert_frame_equal(first, again)
    assert first["estimate"].nunique() == 64


def test_plug_ins__may_be_functions_and_return_estimates_tables_or_numbers(home):
    def estimates(sample):
        return (
            sample.survey.mean("y")
            .to_frame()
            .assign(variable="mean")[["variable", "estimate", "se"]]
            .rename(columns={"variable": "estimand"})
        )

    def wrong(sample):
        return {"men": 1.0}

    base = {k: v for k, v in keys().items() if k != "methods"} | {"grid": {}}
    found = Study(base, methods={"table": estimates, "number": lambda s: {"mean": 1.0}}, folder=home).run()
    assert found.performance().query("measure == 'nsim' and estimand == 'mean'")["value"].tolist() == [64, 64]
    with pytest.raises(StudyError, match="'men', which is no estimand"):
        Study(base, methods={"wrong": wrong}, folder=home).run()


# --------------------------------------------------------------------------------------------- random numbers and replay
def test_common_random_numbers__are_shared_unless_scenarios_have_their_own(home):
    same = [{"name": "a"}, {"name": "b"}]
    common = study(home, grid={}, scenarios=same).run().to_frame()
    wide = common.pivot(index=["repetition", "method", "estimand"], columns="scenario", values="estimate")
    assert (wide["a"] == wide["b"]).all()
    own = study(home, grid={}, scenarios=[{"name": "a"}, {"name": "b", "group": "b"}]).run().to_frame()
    wide = own.pivot(index=["repetition", "method", "estimand"], columns="scenario", values="estimate")
    assert (wide["a"] != wide["b"]).mean() > 0.99
    apart = (
        study(home, grid={}, scenarios=same, study={"repetitions": 64, "seed": 5, "random_numbers": "independent"})
        .run()
        .to_frame()
    )
    assert (
        apart.query("scenario == 'a'")["estimate"].to_numpy()[0]
        != apart.query("scenario == 'b'")["estimate"].to_numpy()[0]
    )


def test_replay__gives_the_estimates_of_the_repetition(spec):
    data = spec.model_dump() | {"study": {"repetitions": 3, "seed": 4}, "grid": {"sample.landline_share": [0.5, 0.3]}}
    made = Study(data)
    run = made.replay("landline_share=0.3", 2)
    kept = made.run().to_frame(where={"scenario": "landline_share=0.3"}).query("repetition == 2").set_index("estimand")
    shown = run.estimates.to_frame().set_index("variable")
    for column in ("estimate", "se", "lower", "upper", "df", "deff"):
        np.testing.assert_allclose(kept.loc[shown.index, column], shown[column], rtol=1e-9)


def test_stage_switches__leave_the_other_stages_draws_alone(spec):
    data = spec.model_dump() | {"study": {"repetitions": 2, "seed": 4}, "grid": {"stages.measurement": [True, False]}}
    data["fieldwork"]["measurement"] |= {"internet_under": 0.05}
    data |= {
        "estimands": [
            {"name": "p", "numerator": "internet", "denominator": "persons", "kind": "known"},
            {"name": "old", "numerator": "persons*age_60plus", "kind": "total"},
        ]
    }
    table = Study(data).run().to_frame().pivot(index=["estimand", "repetition"], columns="scenario", values="estimate")
    assert (table.loc["old", "measurement=True"] == table.loc["old", "measurement=False"]).all()
    assert (table.loc["p", "measurement=True"] < table.loc["p", "measurement=False"]).all()


# --------------------------------------------------------------------------------------------------- size and stopping
def test_target_mcse__extends_until_it_is_met(home):
    data = keys(32, grid={}, study={"repetitions": 32, "target_mcse": {"bias": 0.05}, "max_repetitions": 600})
    with pytest.warns(SurveysimWarning, match="raise study.max_repetitions"):
        found = Study(data, folder=home).run(home / "out")
    table = found.performance()
    worst = table.query("measure == 'bias' and estimand == 'mean'")["mcse"].max()
    assert found.repetitions == 600  # the total's error is 600 times the mean's
    data["estimands"] = data["estimands"][:1]
    found = Study(data, folder=home).run(home / "mean")
    assert 32 < found.repetitions < 600
    assert found.performance().query("measure == 'bias'")["mcse"].max() <= 0.05
    assert worst < 0.05
    again = []
    Study(data, folder=home).run(home / "mean", progress=again.append)
    assert again == []


def test_dry_run__writes_nothing_and_predicts(home):
    found = study(home).dry_run(home / "out")
    assert not (home / "out").exists()
    assert found["repetitions"] == 128
    study(home).run(home / "out")
    size = sum(p.stat().st_size for p in (home / "out").glob("parts/*/0*.parquet"))
    assert 0.3 < found["bytes"] / size < 3
    assert study(home).dry_run(home / "out")["repetitions"] == 0


def test_to_frame__refuses_what_is_too_large_unless_asked(home, monkeypatch):
    found = study(home).run()
    monkeypatch.setattr("surveysim.study.readings.LARGEST", 100)
    with pytest.raises(StudyError, match=r"would have 512 rows"):
        found.to_frame()
    assert len(found.to_frame(large=True)) == 512
    assert len(found.to_frame(["estimate"], {"method": "boot", "estimand": "mean", "scenario": "n=60"})) == 64
    with pytest.raises(DataError, match="no column"):
        found.to_frame(["estimat"])


def test_performance__in_small_chunks_is_the_same(home, monkeypatch):
    found = study(home).run(home / "out")
    whole = found.performance(reference="design", power=True)
    monkeypatch.setattr("surveysim.study.readings.MEMORY", 1)
    pd.testing.assert_frame_equal(found.performance(reference="design", power=True), whole)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"executor": "cluster"}, StudyError),
        ({"workers": 0}, StudyError),
        ({"block": 0}, StudyError),
        ({"executor": 3}, StudyError),
    ],
)
def test_bad_arguments__are_refused(home, options, error):
    with pytest.raises(error):
        study(home).run(**options)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sample": {"n": 60, "strata": "g"}}, "no column 'g'"),
        ({"sample": {"n": 700, "strata": "h"}}, "sample.n"),
        ({"estimands": [{"name": "x", "numerator": "h"}]}, "has to be numbers"),
        ({"methods": [{"name": "c", "call": "nowhere.py:f"}]}, "cannot be loaded"),
        ({"population": {"table": "no.csv"}}, "cannot be read"),
    ],
)
def test_bad_tables__are_named(home, change, words):
    with pytest.raises((SpecError, DataError), match=words):
        study(home, **({"grid": {}} | change)).run()


def test_environment__is_left_alone(home):
    before = dict(os.environ)
    study(home).run()
    assert dict(os.environ) == before


def test_one_methods_failure__is_not_the_others(spec):
    data = spec.model_dump() | {"study": {"repetitions": 2, "failures": 1.0}}
    data |= {"estimands": [{"name": "p", "numerator": "internet", "denominator": "persons"}]}
    data |= {"methods": [{"name": "bad", "weighting": {"minimum_per_level": 100_000}}, {"name": "good"}]}
    found = Study(data).run()
    assert found.failures["method"].tolist() == ["bad", "bad"]
    assert found.to_frame(where={"method": "good"})["estimate"].notna().all()


def test_timeout__begins_when_everything_was_carried_out_once(monkeypatch):
    """What has to be compiled is compiled before the first clock runs."""
    drawn = []
    monkeypatch.setattr(TableSource, "draw", lambda self, r: drawn.append(r))
    table = pd.DataFrame({"y": np.arange(50.0)})
    keys = {
        "study": {"repetitions": 6, "timeout": 60.0},
        "sample": {"n": 5},
        "estimands": [{"name": "m", "numerator": "y"}],
    }
    Study(keys, table=table).run(workers=1, block=2, progress=False)
    assert drawn == [0]
