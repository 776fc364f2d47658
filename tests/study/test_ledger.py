"""The ledger of a study against what happens to folders: parts of others, moved, doubled, edited; junk, links, locks, file systems."""

import errno
import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from samples import PEOPLE, two_methods

from surveysim import Study, StudyError, SurveysimWarning
from surveysim.study.ledger import Ledger
from surveysim.study.table_source import TableSource
from surveysim.study.table_spec import TableStudySpec

posix = pytest.mark.skipif(os.name != "posix", reason="modes, links and forks of POSIX")


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(TableStudySpec, "together", 16)


def study(share=5, repetitions=48, seed=3, **more):
    keys = {
        "study": {"repetitions": repetitions, "seed": seed},
        "sample": {"n": 50},
        "grid": {"sample.n": [50, 60]},
        "estimands": [{"name": "s", "numerator": "y"}],
    }
    return Study(keys | more, table=pd.DataFrame({"y": (np.arange(2000) % 10 < share).astype(int)}))


def bytes_of(folder):
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(Path(folder).rglob("*"))
        if p.is_file() and p.name != "lock" and "damaged" not in p.parts
    }


def parts(folder):
    return sorted(Path(folder).glob("parts/*/*.parquet"))


def named(data, first=0, count=16):
    return f"{first:09d}-{count:06d}-{hashlib.sha256(data).hexdigest()[:16]}.parquet"


def edited(path):
    """The bytes of a part with one estimate changed, written by the same writer."""
    table = pq.read_table(path)
    values = table["estimate"].to_numpy().copy()
    values[3] += 0.25
    at = table.schema.get_field_index("estimate")
    changed = table.set_column(at, "estimate", [values]).replace_schema_metadata(table.schema.metadata)
    other = path.with_name("edited")
    pq.write_table(changed, other, compression="zstd")
    data = other.read_bytes()
    other.unlink()
    return data


def foreign(out, first):
    study(9).run(out.parent / "other", progress=False)
    shutil.copy(parts(out.parent / "other")[0], first.parent)
    first.unlink()


def other_scenario(out, first):
    there = next(p for p in parts(out) if p.parent != first.parent)
    shutil.copy(there, first.parent)
    first.unlink()


def moved(out, first):
    first.rename(first.with_name(named(first.read_bytes(), 16)))


def counted(out, first):
    first.rename(first.with_name(named(first.read_bytes(), count=15)))


def edited_by_hand(out, first):
    data = edited(first)
    first.unlink()
    first.with_name(named(data)).write_bytes(data)


def doubled(out, first):
    data = edited(first)
    first.with_name(named(data)).write_bytes(data)


def junk(out, first):
    first.with_name(named(b"junk")).write_bytes(b"junk")
    first.unlink()


def other_table(out, first):
    path = first.with_name("x")
    pd.DataFrame({"repetition": [0] * 16}).to_parquet(path)
    path.rename(first.with_name(named(path.read_bytes())))
    first.unlink()


def folder(out, first):
    first.unlink()
    first.mkdir()
    (first / "something").write_text("inside", encoding="utf-8")


FAULTS = {
    foreign: "is foreign",
    other_scenario: "is foreign",
    moved: "was moved or renamed",
    counted: "was moved or renamed",
    edited_by_hand: "was edited",
    doubled: "was edited",
    junk: "is damaged",
    other_table: "is damaged",
    folder: "cannot be read",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.__name__)
def test_a_part_that_is_not_what_it_says__is_named_refused_by_readers_and_run_again(tmp_path, fault):
    out, made = tmp_path / "out", study()
    made.run(out, progress=False)
    expected = bytes_of(out)
    fault(out, parts(out)[0])
    with pytest.raises(StudyError, match=FAULTS[fault]):
        made.result(out).performance()
    table = made.status(out)
    assert table["damaged"].sum() >= 1
    assert any(FAULTS[fault] in text for text in table.attrs["faults"])
    with pytest.warns(SurveysimWarning, match=FAULTS[fault]):
        made.run(out, progress=False)
    assert bytes_of(out) == expected
    assert list((out / "damaged").iterdir())


def test_two_sound_parts_that_contradict_each_other__are_both_run_again(tmp_path):
    out, made = tmp_path / "out", study()
    made.run(out, progress=False)
    expected, first = bytes_of(out), parts(out)[0]
    ledger, block = Ledger(out), Ledger(out).part(first.parent.name, 0)
    block.values[2, 0, 0, 0] += 0.5
    kept = first.read_bytes()
    ledger.write(first.parent.name, 0, block)
    first.write_bytes(kept)
    with pytest.raises(StudyError, match="is doubled"):
        made.result(out).performance()
    with pytest.warns(SurveysimWarning, match="is doubled"):
        made.run(out, progress=False)
    assert bytes_of(out) == expected


def test_a_part_that_outlived_its_successors_writing__is_no_fault(tmp_path):
    study(repetitions=40).run(tmp_path / "out", progress=False)
    older = next(p for p in parts(tmp_path / "out") if "-000008-" in p.name)
    data, made = older.read_bytes(), study()
    made.run(tmp_path / "out", progress=False)
    expected = bytes_of(tmp_path / "out")
    older.write_bytes(data)
    assert made.status(tmp_path / "out")["damaged"].sum() == 0
    made.result(tmp_path / "out").performance()
    made.run(tmp_path / "out", progress=False)
    assert bytes_of(tmp_path / "out") == expected


# -------------------------------------------------------------------------------------------------------- the description
def test_one_digit_of_the_description_changed__is_found(tmp_path):
    out, made = tmp_path / "out", study()
    made.run(out, progress=False)
    text = (out / "study.json").read_text(encoding="utf-8")
    for old, new in (('"true": 0.5', '"true": 0.1'), ('"level": 0.95', '"level": 0.9'), ('"logit"', '"wald"')):
        at = text.index(old)
        (out / "study.json").write_text(text[:at] + text[at:].replace(old, new, 1), encoding="utf-8")
        for act in (made.run, made.result, made.status):
            with pytest.raises(StudyError, match=r"study\.json: .*checksum"):
                act(out)
    (out / "study.json").unlink()
    done = []
    made.run(out, progress=done.append)
    assert done == []
    assert (out / "study.json").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "data", [b"\xff\xfe{}", b"[]", b"[" * 100_000, b"{}", b'{"format": "x"}', b'{"format": 2}', b"null", b"\0", b""]
)
def test_a_description_that_is_none__is_a_typed_error(tmp_path, data):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "study.json").write_bytes(data)
    for act in (study().run, study().result, study().status):
        with pytest.raises(StudyError, match=r"study\.json"):
            act(tmp_path / "out")


@pytest.mark.parametrize("name", ["study.json", "lock"])
def test_a_folder_in_place_of_a_file__is_a_typed_error(tmp_path, name):
    (tmp_path / "out" / name).mkdir(parents=True)
    with pytest.raises(StudyError, match=name):
        study().run(tmp_path / "out", progress=False)


@pytest.mark.parametrize("name", ["parts", "scenario", "damaged"])
def test_a_file_in_place_of_a_folder__is_a_typed_error(tmp_path, name):
    out, made = tmp_path / "out", study()
    made.run(out, progress=False)
    first = parts(out)[0]
    if name == "damaged":
        (out / name).write_text("a file", encoding="utf-8")
        first.write_bytes(b"")
    else:
        place = out / "parts" if name == "parts" else first.parent
        shutil.rmtree(place)
        place.write_text("a file", encoding="utf-8")
    with pytest.raises(StudyError, match=str(out)):
        made.run(out, progress=False)


def test_an_older_format__is_named(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "study.json").write_text('{"format": 1, "scenarios": []}', encoding="utf-8")
    with pytest.raises(StudyError, match="format 1; this version reads format 2"):
        study().run(tmp_path / "out", progress=False)


# -------------------------------------------------------------------------------------------------------------- places
def test_an_estimator_that_changes_the_directory__moves_no_part(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    pd.DataFrame({"y": [0, 1] * 500}).to_csv("population.csv", index=False)
    Path("mine.py").write_text(
        f"import os\ndef f(sample):\n    os.chdir({str(tmp_path / 'elsewhere')!r})\n    return {{'s': (0.5, 0.1)}}\n",
        encoding="utf-8",
    )
    keys = {
        "study": {"repetitions": 40},
        "sample": {"n": 20},
        "population": {"table": "population.csv"},
        "estimands": [{"name": "s", "numerator": "y"}],
        "methods": [{"name": "m", "call": "mine.py:f"}],
    }
    made = Study(keys)
    made.run("out", workers=1, progress=False)
    assert len(parts(tmp_path / "out")) == 3
    assert not list((tmp_path / "elsewhere").iterdir())
    assert Path.cwd() == tmp_path


@posix
def test_files__have_the_modes_of_the_umask_and_names_nobody_foresees(tmp_path):
    before = os.umask(0o077)
    try:
        study().run(tmp_path / "out", progress=False)
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert modes == {0o600}


@posix
def test_a_lock_that_is_a_link__is_not_followed(tmp_path):
    (tmp_path / "precious").write_text("mine", encoding="utf-8")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "lock").symlink_to(tmp_path / "precious")
    with pytest.raises(StudyError, match="lock"):
        study().run(tmp_path / "out", progress=False)
    assert (tmp_path / "precious").read_text(encoding="utf-8") == "mine"


# --------------------------------------------------------------------------------------------------------------- locks
@posix
def test_a_lock__dies_with_its_process_though_a_forked_child_lives_on(tmp_path):
    code = (
        "import os, sys, time\nfrom surveysim.study.ledger import Ledger\n"
        "with Ledger(sys.argv[1]).lock():\n"
        "    if os.fork() == 0: time.sleep(60); os._exit(0)\n"
        "    print('locked', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "out")], stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        assert process.stdout.readline() == b"locked\n"
        with (
            pytest.raises(StudyError, match=f"process {process.pid} is running this study"),
            Ledger(tmp_path / "out").lock(),
        ):
            pass
        process.kill()
        process.wait()
        assert not Ledger(tmp_path / "out").running()
        with Ledger(tmp_path / "out").lock():
            pass
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()


@posix
def test_a_forked_child__leaves_the_lock_to_its_parent(tmp_path):
    ledger = Ledger(tmp_path / "out")
    with ledger.lock():
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        assert ledger.running()
        with pytest.raises(StudyError, match="is running this study"), Ledger(tmp_path / "out").lock():
            pass
    assert not ledger.running()


@posix
@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks__is_called_that(tmp_path, monkeypatch, code):
    import fcntl

    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StudyError, match="has no locks"):
        study().run(tmp_path / "out", progress=False)
    assert not Ledger(tmp_path / "out").running()


def test_status__writes_nothing(tmp_path):
    made = study()
    made.run(tmp_path / "out", progress=False)
    (tmp_path / "out" / "lock").unlink()
    before = bytes_of(tmp_path)
    made.status(tmp_path / "out")
    assert bytes_of(tmp_path) == before
    assert not (tmp_path / "out" / "lock").exists()


# --------------------------------------------------------------------------------------------------------------- sizes
def test_dry_run__of_a_hundred_million_repetitions_takes_no_time(tmp_path):
    import time

    made = study(repetitions=100_000_000)
    made.dry_run(tmp_path / "out")
    start = time.perf_counter()
    found = made.dry_run(tmp_path / "out")
    assert time.perf_counter() - start < 1.0
    assert found["repetitions"] == 200_000_000


def test_dry_run__counts_what_is_there(tmp_path):
    study(repetitions=40).run(tmp_path / "out", progress=False)
    assert study(repetitions=48).dry_run(tmp_path / "out")["repetitions"] == 16
    assert study(repetitions=20).dry_run(tmp_path / "out")["repetitions"] == 0
    assert json.dumps(study(repetitions=20).dry_run(tmp_path / "out"))


def test_dry_run_without_trial__draws_nothing(tmp_path, monkeypatch):
    tried = study(repetitions=40).dry_run(tmp_path / "out")
    monkeypatch.setattr(TableSource, "block", lambda *_: pytest.fail("a repetition"))
    monkeypatch.setattr(TableSource, "repetition", lambda *_: pytest.fail("a repetition"))
    planned = study(repetitions=40).dry_run(tmp_path / "out", trial=False)
    assert planned == tried | {"seconds": None, "seconds_per_repetition": None}


def test_order_of_methods_and_estimands__is_part_of_a_study(tmp_path):
    """Results are kept by position: another order used to read them under each other's names."""
    Study(two_methods(), table=PEOPLE).run(tmp_path / "out")
    for key in ("methods", "estimands"):
        turned = two_methods(80, **{key: two_methods()[key][::-1]})
        with pytest.raises(StudyError, match="order"):
            Study(turned, table=PEOPLE).run(tmp_path / "out")
        table = Study(turned, table=PEOPLE).run().performance()
        assert "cover" not in set(table.query("method == 'no error'")["measure"])
        assert (table.query("estimand == 'z' and measure == 'thetamean'")["value"] > 90).all()


def test_renamed_and_equal_scenarios__keep_their_results(tmp_path):
    two = [{"name": "a", "changes": {"sample": {"n": 60}}}, {"name": "b", "changes": {"sample": {"n": 80}}}]
    Study(two_methods(scenarios=two), table=PEOPLE).run(tmp_path / "out")
    renamed = two_methods(scenarios=[{"name": "b", "changes": {"sample": {"n": 60}}}])
    for _ in range(2):
        done = []
        Study(renamed, table=PEOPLE).run(tmp_path / "out", progress=done.append)
        assert done == []
    twins = Study(two_methods(scenarios=[{"name": "a"}, {"name": "b"}]), table=PEOPLE)
    assert set(twins.run(tmp_path / "twins").to_frame()["scenario"]) == {"a", "b"}
    assert set(twins.result(tmp_path / "twins").to_frame()["scenario"]) == {"a", "b"}
