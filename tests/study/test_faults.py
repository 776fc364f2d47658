"""Studies among faults: repetitions that kill or block their worker, runs that are ended from outside, and no process left behind."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim import Study, StudyError, SurveysimWarning
from surveysim.study.table_spec import TableStudySpec

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals, and processes as Linux shows them")
SMALL_PARTS = "from surveysim.study.table_spec import TableStudySpec; TableStudySpec.together = 16; "
PLUGIN = """
import os, resource, signal, time
from pathlib import Path

def mean(sample):
    found = sample.survey.mean("y").to_frame().iloc[0]
    return {"mean": (found["estimate"], found["se"], found["df"])}

def kills(sample):
    r = sample.repetition
    if r == 3: os._exit(3)
    if r == 7: os.kill(os.getpid(), signal.SIGKILL)
    if r == 20: os.kill(os.getpid(), signal.SIGSEGV)
    return mean(sample)

def kills_once(sample):
    if sample.repetition == 5: os._exit(3)
    return mean(sample)

def blocks(sample):
    if sample.repetition == 2: time.sleep(10**6)
    return mean(sample)

def swallows(sample):
    while sample.repetition == 2:
        try: time.sleep(10**6)
        except BaseException: pass
    return mean(sample)

def always_dies(sample):
    os._exit(3)

def negative(sample):
    return {"mean": (3.0, -0.1)}

def memory(sample):
    return {"mean": float(resource.getrlimit(resource.RLIMIT_DATA)[0])}

def forks(sample):
    if sample.repetition == 2 and os.fork() == 0: return {"mean": 0.0}
    return mean(sample)

def leaves_a_child(sample):
    if sample.repetition == 2:
        if os.fork() == 0: time.sleep(10**6)
        os._exit(4)
    return mean(sample)

def masks(sample):
    os.umask(0o777)
    return mean(sample)

def slow(sample):
    time.sleep(0.02)
    return mean(sample)
"""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(TableStudySpec, "together", 16)


@pytest.fixture
def home(tmp_path):
    rng = np.random.default_rng(1)
    pd.DataFrame({"y": rng.gamma(2, 3, 600).round(3)}).to_csv(tmp_path / "population.csv", index=False)
    (tmp_path / "plugins.py").write_text(PLUGIN, encoding="utf-8")
    return tmp_path


def keys(call, repetitions=24, **study):
    return {
        "study": {"repetitions": repetitions, "seed": 5, "failures": 0.2} | study,
        "population": {"table": "population.csv"},
        "sample": {"n": 30},
        "estimands": [{"name": "mean", "numerator": "y"}],
        "methods": [{"name": "own", "call": f"plugins.py:{call}"}],
    }


def study(home, call, repetitions=24, **more):
    return Study(keys(call, repetitions, **more), folder=home)


def bytes_of(folder):
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(Path(folder).rglob("*"))
        if p.is_file() and p.name not in ("lock", "performance.csv")
    }


def same_but(home, found, call, lost):
    """That a result has every estimate of a run without faults but those of some repetitions."""
    assert found.failures["repetition"].tolist() == lost
    frame = found.to_frame(["repetition", "estimate", "se"]).set_index("repetition")
    expected = (
        study(home, "mean").run(progress=False).to_frame(["repetition", "estimate", "se"]).set_index("repetition")
    )
    assert frame.loc[lost].isna().all(axis=None)
    pd.testing.assert_frame_equal(frame.drop(lost), expected.drop(lost))


def pool(workers=2):
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


# ------------------------------------------------------------------------------------------ repetitions that kill or block
def test_repetitions_that_end_their_process__have_failed_and_the_others_are_kept(home):
    found = study(home, "kills").run(home / "out", executor="processes", workers=2, progress=False)
    same_but(home, found, "kills", [3, 7, 20])
    texts = found.failures["message"].tolist()
    assert texts[0] == "RepetitionDiedError: the repetition ended its process (exit code 3)"
    assert "(SIGKILL): often there is not enough memory" in texts[1]
    assert "(SIGSEGV)" in texts[2]
    done = []
    study(home, "kills").run(home / "out", executor="processes", workers=1, block=5, progress=done.append)
    assert done == []


@pytest.mark.long
def test_bytes__are_the_same_where_repetitions_died(home):
    study(home, "kills").run(home / "two", executor="processes", workers=2, progress=False)
    study(home, "kills").run(home / "one", executor="processes", workers=1, block=5, progress=False)
    assert bytes_of(home / "one") == bytes_of(home / "two")


def test_a_pool_that_breaks__is_no_end_of_the_study(home):
    with pool() as broken, pytest.warns(SurveysimWarning, match="in processes of its own"):
        found = study(home, "kills_once").run(executor=broken, progress=False)
    same_but(home, found, "kills_once", [5])


def test_a_study_of_which_every_repetition_dies__ends_soon(home):
    with pytest.raises(StudyError, match=r"more than study.failures .* allows.*\n?.*ended its process"):
        study(home, "always_dies", failures=0.0).run(executor="processes", workers=1, progress=False)


def test_a_study_of_which_every_repetition_fails__waits_for_nobody(home, monkeypatch):
    monkeypatch.setattr("surveysim.study.crews.GRACE", 60.0)
    start = time.monotonic()
    with pytest.raises(StudyError, match=r"more than study.failures"):
        study(home, "negative", 4, failures=0.0).run(workers=1, progress=False)
    assert time.monotonic() - start < 30.0


@pytest.mark.everyday(4)
@pytest.mark.parametrize("call", ["blocks", "swallows"])
@pytest.mark.parametrize("kind", ["threads", "processes", "pool", "thread pool"])
def test_timeout__ends_calls_that_block(home, kind, call):
    made = study(home, call, timeout=1.0)
    if kind in ("threads", "processes"):
        found = made.run(executor=kind, workers=2, progress=False)
    else:
        with pool(1) if kind == "pool" else ThreadPoolExecutor(1) as given:
            found = made.run(executor=given, progress=False)
    same_but(home, found, call, [2])
    assert found.failures["message"].tolist() == [
        "RepetitionTimeoutError: the repetition took longer than study.timeout = 1 seconds"
    ]


@pytest.mark.long
def test_dask__keeps_the_others_too(home):
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        found = study(home, "kills_once").run(executor=client.get_executor(), block=4, progress=False)
        same_but(home, found, "kills_once", [5])
        found = study(home, "blocks", timeout=1.0).run(executor=client.get_executor(), block=4, progress=False)
        same_but(home, found, "blocks", [2])


def test_memory_of_processes__has_a_bound(home):
    found = study(home, "memory", 2).run(executor="processes", workers=1, progress=False)
    with open("/proc/meminfo", encoding="ascii") as file:
        total = 1024 * sum(int(line.split()[1]) for line in file if line.startswith(("MemTotal", "SwapTotal")))
    assert 0 < found.to_frame()["estimate"].max() <= 1.2 * total


# ------------------------------------------------------------------------------------------------- nothing left behind
def alive(mark):
    """Processes whose environment has a mark."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                marked = mark.encode() in (entry / "environ").read_bytes()
                if marked and (entry / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def gone(mark, seconds=15):
    """That no process with the mark is left after a while."""
    end = time.time() + seconds
    while (left := alive(mark)) and time.time() < end:
        time.sleep(0.1)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return not left


EXECUTORS = {
    "threads": "'threads'",
    "processes": "'processes'",
    "pool": "ProcessPoolExecutor(2, mp_context=get_context('spawn'))",
    "dask": "Client(LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)).get_executor()",
}


def started(home, kind, mark):
    """A process that runs the study, and has written a part."""
    script = home / "script.py"
    script.write_text(
        "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may have it ignored (nohup)\n"
        "import sys\nfrom concurrent.futures import ProcessPoolExecutor\nfrom multiprocessing import get_context\n"
        f"{SMALL_PARTS}\nfrom surveysim import Study\n"
        + ("from distributed import Client, LocalCluster\n" if kind == "dask" else "")
        + "if __name__ == '__main__':\n"
        f"    Study.from_toml('study.toml').run('out', executor={EXECUTORS[kind]}, workers=2, block=4, progress=False)\n",
        encoding="utf-8",
    )
    from surveysim.keys import toml

    (home / "study.toml").write_text(toml(keys("slow", 400)), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, str(script)],
        cwd=home,
        env={**os.environ, "SURVEYSIM_TEST_ALIVE": mark},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    end = time.time() + 90
    while not list((home / "out").glob("parts/*/0*.parquet")) and process.poll() is None and time.time() < end:
        time.sleep(0.02)
    assert process.poll() is None, process.stderr.read()
    return process


@pytest.mark.everyday(3)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
@pytest.mark.parametrize(
    "kind",
    [
        "threads",
        "processes",
        pytest.param("pool", marks=pytest.mark.long),
        pytest.param("dask", marks=pytest.mark.long),
    ],
)
def test_a_run_that_is_ended__leaves_no_process_and_goes_on_to_the_same_bytes(home, kind, how):
    if kind == "dask":
        pytest.importorskip("distributed")
    mark = uuid.uuid4().hex
    process = started(home, kind, mark)
    try:
        assert len(alive(mark)) > (0 if kind == "threads" else 2)
        process.send_signal(how)
        message = process.communicate(timeout=60)[1].decode()
        assert process.returncode != 0
        if how != signal.SIGKILL:
            assert "KeyboardInterrupt" in message
            assert not list((home / "out").rglob(".writing-*"))
    finally:
        clean = gone(mark)
    assert clean
    made = Study.from_toml(home / "study.toml")
    made.run(home / "out", progress=False)
    made.run(home / "whole", progress=False)
    assert bytes_of(home / "out") == bytes_of(home / "whole")


def test_sigterm__keeps_what_is_done_as_ctrl_c_does(home):
    from surveysim.keys import toml

    (home / "study.toml").write_text(toml(keys("slow", 2000)), encoding="utf-8")
    command = [
        sys.executable,
        "-c",
        SMALL_PARTS + "from surveysim.cli import main; main()",
        "study",
        "run",
        "study.toml",
    ]
    process = subprocess.Popen([*command, "-o", "out", "--workers", "1"], cwd=home, stderr=subprocess.PIPE)
    end = time.time() + 90
    while not list((home / "out").glob("parts/*/0*.parquet")) and process.poll() is None and time.time() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    message = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert b"The same command goes on from there" in message
    assert 16 <= Study.from_toml(home / "study.toml").status(home / "out")["done"].sum() < 2000


@pytest.mark.everyday(1)
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_children_that_a_plug_in_forks__are_no_second_worker(home, executor):
    mark = uuid.uuid4().hex
    os.environ["SURVEYSIM_TEST_ALIVE"] = mark
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # forks among threads
            found = study(home, "forks").run(executor=executor, workers=1, progress=False)
    finally:
        del os.environ["SURVEYSIM_TEST_ALIVE"]
    same_but(home, found, "forks", [])


def test_what_a_dead_worker_started__ends_with_it(home, monkeypatch):
    mark = uuid.uuid4().hex
    monkeypatch.setenv("SURVEYSIM_TEST_ALIVE", mark)
    found = study(home, "leaves_a_child").run(executor="processes", workers=1, progress=False)
    same_but(home, found, "leaves_a_child", [2])
    monkeypatch.delenv("SURVEYSIM_TEST_ALIVE")
    left = [pid for pid in alive(mark) if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert left == []


@pytest.mark.everyday(1)
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_a_plug_in_that_changes_the_umask__does_not_change_the_rights_of_what_is_written(home, executor):
    before = os.umask(0o027)
    try:
        found = study(home, "masks").run(home / "out", executor=executor, progress=False)
        after = os.umask(0o027)
    finally:
        os.umask(before)
    same_but(home, found, "masks", [])
    assert after == 0o027
    for path in (home / "out", *(home / "out").rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o750 if path.is_dir() else 0o640), path


# -------------------------------------------------------------------------------------------------------------- warnings
def test_filters_of_warnings__are_left_as_they_were(home):
    before = warnings.filters, list(warnings.filters)

    def careless(sample):
        warnings.simplefilter("ignore")
        ss.sample_size(moe=0.03)
        return {"mean": 1.0}

    data = {k: v for k, v in keys("mean").items() if k != "methods"}
    with ThreadPoolExecutor(3) as three:  # studies that overlap
        for future in [
            three.submit(Study(data, methods={"m": careless}, folder=home).run, workers=2, progress=False)
            for _ in range(3)
        ]:
            future.result()
    assert warnings.filters is before[0]
    assert warnings.filters == before[1]
    with pytest.warns(SurveysimWarning):
        warnings.warn("a warning of ours is seen again", SurveysimWarning, stacklevel=1)


BEGUN = threading.Event()  # a global, which the fingerprint of an estimator does not follow


def test_warnings_of_ours__are_kept_back_in_repetitions_alone(home):
    seen = []
    BEGUN.clear()

    def warns(sample):
        BEGUN.set()
        warnings.warn("of a repetition", SurveysimWarning, stacklevel=1)
        time.sleep(0.01)
        return {"mean": 1.0}

    data = {k: v for k, v in keys("mean", 200).items() if k != "methods"}

    def work():
        seen.append(Study(data, methods={"m": warns}, folder=home).run(workers=2, progress=False).failures)

    thread = threading.Thread(target=work)
    thread.start()
    assert BEGUN.wait(60)
    with pytest.raises(SurveysimWarning):  # warnings are errors in tests
        warnings.warn("of somebody else meanwhile", SurveysimWarning, stacklevel=1)
    thread.join()
    assert len(seen[0]) == 0


# ----------------------------------------------------------------------------------------------------------------- forks
def test_a_process_forked_after_a_large_raking__rakes():
    code = (
        "import os, numpy as np, pandas as pd, surveysim as ss\n"
        "d = pd.DataFrame({'sex': np.resize(['m', 'f'], 600_000), 'w': 1.0})\n"
        "def act(): ss.rake(d, {'sex': {'m': 4.8e5, 'f': 5.2e5}}, weight='w', margins_are='totals')\n"
        "act()\npid = os.fork()\n"
        "if pid == 0: act(); os._exit(0)\n"
        "print(os.waitpid(pid, 0)[1])\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
    try:
        assert process.communicate(timeout=60)[0].strip() == b"0"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
