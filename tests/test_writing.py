"""Files are there whole or not at all, by names nobody can guess; text that spreadsheets would run is guarded wherever it is written."""

import os
import stat
from pathlib import Path

import pandas as pd
import pytest

import surveysim as ss
from surveysim import files, writing
from surveysim.display import csv_text, guarded
from surveysim.report.survey_page import written

SOURCE = Path(writing.__file__).parent


def page(path):
    written(path, "<p>page</p>")


def table(path):
    files.write_table(pd.DataFrame({"x": [1.0]}), path)


def estimates(path):
    ss.Survey(pd.DataFrame({"y": [1.0, 2.0, 3.0]})).mean("y").to_csv(path)


def text(path):
    writing.write_text(path, "text")


WRITERS = [
    (page, "a.html"),
    (table, "a.csv"),
    (table, "a.xlsx"),
    (table, "a.sav"),
    (estimates, "a.csv"),
    (text, "a.txt"),
]


@pytest.mark.skipif(os.name == "nt", reason="rights and links of POSIX")
@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_whole__follows_no_link_of_its_own_making_and_has_the_rights_of_new_files(write, name, tmp_path):
    other = tmp_path / "other"
    other.write_text("of somebody else")
    names = [name + ".tmp", f".writing-{os.getpid()}-{name}"]
    for link in names:
        (tmp_path / link).symlink_to(other)
    old = os.umask(0o027)
    try:
        write(tmp_path / name)
    finally:
        os.umask(old)
    assert other.read_text() == "of somebody else"
    assert stat.S_IMODE((tmp_path / name).lstat().st_mode) == 0o640
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*names, name, "other"])


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_whole__writes_what_a_link_leads_to(write, name, there, tmp_path):
    home, far = tmp_path / "here", tmp_path / "there"
    home.mkdir(), far.mkdir()
    target = far / "target"
    if there:
        target.write_text("old")
        target.chmod(0o600)
    (home / "second").symlink_to(target)
    (home / name).symlink_to("second")
    write(home / name)
    write(tmp_path / name)
    assert (home / name).is_symlink()
    assert abs(target.stat().st_size - (tmp_path / name).stat().st_size) < 10  # Excel files hold the time
    assert [p.name for p in far.iterdir()] == ["target"]
    if there:
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
    (home / "circle").symlink_to("circle")
    with pytest.raises(OSError, match="circle"):
        writing.write_text(home / "circle", "text")


@pytest.mark.skipif(os.name == "nt", reason="rights of POSIX")
@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_whole__a_file_that_is_replaced_stays_as_private_as_it_was(write, name, tmp_path):
    (tmp_path / name).write_text("")
    (tmp_path / name).chmod(0o600)
    write(tmp_path / name)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


@pytest.mark.parametrize(("write", "name"), WRITERS)
def test_whole__is_on_the_disk_before_it_has_its_name(write, name, tmp_path, monkeypatch):
    done = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (done.append(("flushed", os.fstat(handle).st_ino)), sync(handle)))
    monkeypatch.setattr(os, "replace", lambda a, b: (done.append(("named", os.stat(a).st_ino)), replace(a, b)))
    write(tmp_path / name)
    one = (tmp_path / name).stat().st_ino
    assert done.index(("flushed", one)) < done.index(("named", one))


def test_whole__nothing_is_left_of_what_fails(tmp_path):
    (tmp_path / "a.txt").write_text("before")
    with pytest.raises(UnicodeEncodeError):
        writing.write_text(tmp_path / "a.txt", "half \ud800")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder") as error:
        writing.write_text(tmp_path / "folder", "text")
    assert error.value.filename == str(tmp_path / "folder")
    assert (tmp_path / "a.txt").read_text() == "before"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "folder"]


@pytest.mark.parametrize(
    "value",
    ["=1+1", "+cmd", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\ufeff=1", "\u200b=1", "＝1+1", "＋1+1",
     "－1+1", "＠SUM(A1)", "\x00=1", "\tx", "\nx", "1-1=\n=2", "-5 %"],
)  # fmt: skip
def test_guarded__no_line_of_a_cell_begins_like_a_formula(value):
    found = guarded([value])[0]
    assert found.replace("'", "") == value
    assert not any(
        line.strip("\x00\ufeff\u200b \u00a0\t")[:1] in tuple("=+-@＝＋－＠") for line in found.splitlines() if line
    )
    assert found[0] not in "=+-@\t\r\n"


@pytest.mark.parametrize("value", ["-1", "-1.5", "-1e-05", "a=b", "1-2", "x@y.org", "", "a\nb", None, -1, 2.5])
def test_guarded__harmless_cells_stay(value):
    assert guarded([value])[0] == value


def test_csv_text__guards_cells_names_and_rows():
    made = csv_text(pd.DataFrame({"=a": ["@x"], "b": [-0.5]}, index=pd.Index(["+r"], name="i")), index=True)
    assert made == "i,'=a,b\n'+r,'@x,-0.5\n"


def test_csv__is_written_in_one_place():
    """Whoever writes a CSV file of ours goes through the guard; survey files keep their own cells."""
    found = [p.relative_to(SOURCE).as_posix() for p in SOURCE.rglob("*.py") if ".to_csv(" in "".join(
        line for line in p.read_text(encoding="utf-8").splitlines(True) if ">>>" not in line)]  # fmt: skip
    assert sorted(found) == ["display.py", "files/writing.py"]


def test_sample_and_performance__are_guarded(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from surveysim.cli import main

    monkeypatch.chdir(tmp_path)
    Path("people.csv").write_text("y,note\n" + "".join(f"{k % 7},=1+{k}\n" for k in range(200)), encoding="utf-8")
    Path("s.toml").write_text(
        '[study]\nrepetitions = 4\nseed = 1\n[population]\ntable = "people.csv"\n[sample]\nn = 20\n'
        '[[estimands]]\nname = "=y"\nnumerator = "y"\nkind = "mean"\n',
        encoding="utf-8",
    )
    done = CliRunner().invoke(main, ["study", "run", "s.toml", "-o", "out"])
    assert done.exit_code == 0, done.stderr
    assert "\n=" not in Path("out/performance.csv").read_text()
    assert ",=y" not in Path("out/performance.csv").read_text()
    scenario = pd.read_csv("out/performance.csv")["scenario"][0]
    again = CliRunner().invoke(main, ["study", "replay", "s.toml", str(scenario), "1", "-o", "again"])
    assert again.exit_code == 0, again.stderr
    cells = pd.read_csv("again/sample.csv", dtype=str)["note"]
    assert cells.str.startswith("'=").all()


def test_advancing__calls_the_callers_function_or_nothing(capsys):
    done = []
    with writing.advancing(done.append, "rows", 3) as advance:
        advance(2)
    assert done == [2]
    for progress in (False, True):  # what tests write to is no terminal
        with writing.advancing(progress, "rows", 3) as advance:
            advance(2)
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(os.name == "nt", reason="umasks")
def test_same_umask__of_blocks_that_overlap(tmp_path):
    """The second to begin is the last to end: what it found is no umask of before."""
    first, second = writing.same_umask(), writing.same_umask()
    old = os.umask(0o027)
    try:
        first.__enter__()
        second.__enter__()
        os.umask(0o777)
        first.__exit__(None, None, None)
        second.__exit__(None, None, None)
        assert os.umask(0o077) == 0o027
        writing.write_text(tmp_path / "later", "")
    finally:
        os.umask(old)
    assert (tmp_path / "later").stat().st_mode & 0o777 == 0o600
