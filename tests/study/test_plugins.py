"""Estimators of others: what they may return, how they fail, and that nothing of them runs before a study does."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from samples import PEOPLE, two_methods

from surveysim import SpecError, Study, StudyError
from surveysim.cli import main
from surveysim.keys import toml
from surveysim.study import faults

KEYS = {
    "study": {"repetitions": 8, "failures": 0.5},
    "sample": {"n": 20},
    "estimands": [{"name": "s", "numerator": "y"}],
}


@pytest.fixture
def home(tmp_path):
    pd.DataFrame({"y": [0, 1] * 100}).to_csv(tmp_path / "population.csv", index=False)
    return tmp_path


def of_file(home, body, call="mine.py:f", **more):
    (home / "mine.py").write_text(body, encoding="utf-8")
    data = KEYS | {"population": {"table": "population.csv"}, "methods": [{"name": "m", "call": call}]} | more
    (home / "study.toml").write_text(toml(data), encoding="utf-8")
    return data


def run(home, function, **more):
    table = pd.DataFrame({"y": [0, 1] * 100})
    return Study(KEYS | more, methods={"m": function}, table=table).run(progress=False)


# ------------------------------------------------------------------------------------------------- what does not run
def test_looking_at_a_study__runs_no_code_of_its_estimators(home, capsys):
    mark = home / "mark"
    body = f"from pathlib import Path\nPath({str(mark)!r}).touch()\ndef f(sample):\n    return {{'s': 0.5}}\n"
    of_file(home, body)
    package = home / "surveysim_test_package"
    package.mkdir()
    (package / "__init__.py").write_text(body, encoding="utf-8")
    (package / "inner.py").write_text(body, encoding="utf-8")
    sys.path.insert(0, str(home))
    try:
        for call in ("mine.py:f", "surveysim_test_package:f", "surveysim_test_package.inner:f"):
            of_file(home, body, call)
            out, file = str(home / call.replace(":", "_")), str(home / "study.toml")
            looks = [["config", "check", file], ["config", "show", file], ["study", "status", file, "-o", out]]
            for command in (*looks, ["study", "run", file, "-o", out, "--dry-run"]):
                main(command, standalone_mode=False)
                assert not mark.exists(), (call, command)
            main(["study", "run", file, "-o", out], standalone_mode=False)
            assert mark.exists()
            mark.unlink()
            for name in ("surveysim_test_package", "surveysim_test_package.inner"):
                sys.modules.pop(name, None)
            for command in (["study", "report", file, "-o", out], ["study", "status", file, "-o", out]):
                main(command, standalone_mode=False)
                assert not mark.exists(), (call, command)
    finally:
        sys.path.remove(str(home))
        for name in ("surveysim_test_package", "surveysim_test_package.inner"):
            sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("def f(sample):\n    return {'s': 1}\n  x = 1\n", r"mine\.py, line 3: .*Error"),
        ("x = 1\n", "has no 'f'"),
        ("def g(sample):\n    f = 1\n", "has no 'f'"),
        ("def f(sample): pass\0", "cannot be loaded"),
        ("x = " + "(" * 5000 + ")" * 5000 + "\ndef f(s): pass\n", "cannot be loaded"),
    ],
)
def test_a_file_that_cannot_be_an_estimator__is_refused_before_anything_runs(home, body, words):
    data = of_file(home, body)
    with pytest.raises(SpecError, match=words):
        Study(data, folder=home)


@pytest.mark.parametrize(
    "body",
    [
        "from math import *\n",
        "try:\n    from numpy import mean as f\nexcept ImportError:\n    f = None\n",
        "for f in (abs,): pass\n",
        "exec('f = abs')\n",
        "globals()['f'] = abs\n",
        "if True:\n    def f(sample): return {'s': 1.0}\n",
        "f = lambda sample: {'s': 1.0}\n",
        "f, g = abs, abs\n",
        "class f:\n    def __init__(self, sample): pass\n",
    ],
)
def test_a_file_that_may_define_the_function__is_not_refused_unseen(home, body):
    Study(of_file(home, body), folder=home)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("x = 1\n\n1 / 0\ndef f(sample): pass\n", r"mine\.py, line 3: ZeroDivisionError: division by zero"),
        ("import surveysim_no_such_module\ndef f(sample): pass\n", r"mine\.py, line 1: ModuleNotFoundError"),
        ("def g(): return 1 + ''\nx = g()\ndef f(sample): pass\n", r"mine\.py, line 1: TypeError"),
        ("import sys\nsys.exit('no')\ndef f(sample): pass\n", r"mine\.py, line 2: SystemExit: no"),
        ("raise KeyboardInterrupt\ndef f(sample): pass\n", r"mine\.py, line 1: KeyboardInterrupt"),
        ("f = 3\n", "is a int, not a function"),
    ],
)
def test_a_file_that_fails_at_import__is_named_with_its_line(home, body, words, monkeypatch):
    import signal

    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_IGN)  # nobody presses Ctrl-C
    made = Study(of_file(home, body), folder=home)
    for act in (made.run, made.dry_run):
        with pytest.raises(SpecError, match=words):
            act()


@pytest.mark.parametrize(
    "call", ["surveysim_nowhere:f", "os.nothing:f", "nowhere.py:f", "a" * 100_000 + ".py:f", "a" * 10**6 + ":f"]
)
def test_what_is_not_there__is_named_in_a_short_message(home, call):
    with pytest.raises(SpecError, match=r"cannot be loaded") as caught:
        Study(of_file(home, "def f(sample): pass", call), folder=home)
    assert len(str(caught.value)) < 1000


def test_a_text_without_end__is_short_where_it_is_shown_and_whole_enough_where_it_is_kept(home):
    of_file(
        home, "import warnings\ndef f(sample):\n    warnings.warn('w' * 100_000)\n    raise ValueError('x' * 100_000)\n"
    )
    command = [
        sys.executable,
        "-W",
        "once",
        "-m",
        "surveysim",
        "study",
        "run",
        str(home / "study.toml"),
        "-o",
        str(home / "out"),
    ]
    for more, code in ((["study.failures=0.1"], 1), (["study.failures=1.0"], 3)):
        done = subprocess.run([*command, "--set", *more], capture_output=True, text=True, check=False)
        assert done.returncode == code
        assert "ValueError: xxx" in done.stderr
        assert "UserWarning: www" in done.stderr or code == 3
        assert max(map(len, done.stderr.splitlines())) < 1000
    assert len(Study.from_toml(home / "study.toml").result(home / "out").failures["message"].iloc[0]) > 2000


# ---------------------------------------------------------------------------------------------------- what may come back
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((0.5, -0.1), "se = -0.1 is below 0"),
        ((0.5, 0.1, -3), "df = -3"),
        ((0.5, 0.1, 0), "df = 0"),
        ({"estimate": 0.5, "n": -1}, "n = -1 is below 0"),
        ({"estimate": 0.5, "deff": -1}, "deff = -1 is below 0"),
        ({"estimate": 0.5, "lower": 0.7, "upper": 0.4}, "from lower = 0.7 to upper = 0.4 holds nothing"),
        ({"estimate": 0.5, "lower": float("inf")}, "holds nothing"),
        ({"estimate": 0.5, "upper": -float("inf")}, "holds nothing"),
        ("0.5", "give the estimate"),
        (("0.5", "0.1"), "give the estimate"),
        ({"estimate": "0.5"}, "no number"),
        ((float("inf"), 0.1), "infinite"),
    ],
)
def test_impossible_results__are_failures_of_the_repetition(given, words):
    found = run(None, lambda sample: {"s": given if sample.repetition == 2 else (0.5, 0.1)})
    assert found.failures["repetition"].tolist() == [2]
    assert words in found.failures["message"].iloc[0]
    assert np.isnan(found.to_frame().set_index("repetition").loc[2, "estimate"])


def test_an_estimand_given_twice__is_a_failure():
    twice = pd.DataFrame({"estimand": ["s", "s"], "estimate": [0.5, 0.6]})
    with pytest.raises(StudyError, match="'s' twice"):
        run(None, lambda sample: twice)


def test_missing_errors__are_kept_as_given_and_counted():
    found = run(None, lambda sample: {"s": (0.5 + sample.repetition / 100, np.nan if sample.repetition == 2 else 0.1)})
    assert len(found.failures) == 0
    frame = found.to_frame().set_index("repetition")
    assert frame.loc[2, "estimate"] == 0.52
    assert np.isnan(frame.loc[2, "se"])
    table = found.performance().set_index("measure")["value"]
    assert (table["nsim"], table["n_missing"]) == (7, 1)


@pytest.mark.parametrize("given", [{"lower": 0.4}, {"lower": 0.4, "upper": np.nan}, {"lower": 0.4, "upper": np.inf}])
def test_one_sided_intervals__are_kept_and_judged_as_they_are(given):
    found = run(None, lambda sample: {"s": {"estimate": 0.45, "se": 0.0001} | given})
    frame = found.to_frame()
    assert (frame["lower"] == 0.4).all()
    assert (frame["upper"] == np.inf).all()
    table = found.performance().set_index("measure")["value"]
    assert table["nsim"] == 8
    assert table["cover"] == 1  # the truth, 0.5, is above 0.4; an interval made of the error would not reach it
    assert table["ciwidth"] == np.inf
    found.plot.zip()
    found.summary()


def test_upper_bounds_alone__are_kept_too(tmp_path):
    def two(sample):
        return {"s": {"estimate": 0.5, "upper": 0.4 if sample.repetition < 4 else 0.6}}

    found = run(None, two)
    assert found.performance().set_index("measure").loc["cover", "value"] == 0.5
    assert (found.to_frame()["lower"] == -np.inf).all()
    found.report(tmp_path / "report.html")


# --------------------------------------------------------------------------------------------------- texts of errors
class UnprintableError(Exception):
    def __str__(self):
        raise ValueError("no text")


class QuitsError(Exception):
    def __str__(self):
        raise SystemExit


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (UnprintableError(), "UnprintableError: its text cannot be printed (ValueError)"),
        (QuitsError(), "QuitsError: its text cannot be printed (SystemExit)"),
        (ValueError("half \udcff"), r"ValueError: half \udcff"),
        (ValueError("red \x1b[31m \x00"), r"ValueError: red \x1b[31m \x00"),
        (ValueError("研究 ‮abc"), r"ValueError: 研究 \u202eabc"),
        (ValueError("x" * 10**7), "x … (10,000,012 characters)"),
        (KeyError("k"), "KeyError: 'k'"),
        (GeneratorExit("out"), "GeneratorExit: out"),
        (KeyboardInterrupt("out"), "KeyboardInterrupt: out"),
        (MemoryError(), "MemoryError: "),
        (RecursionError("deep"), "RecursionError: deep"),
    ],
    ids=lambda v: type(v).__name__,
)
def test_whatever_is_raised__is_a_failure_with_a_text(tmp_path, error, text):
    def fails(sample):
        if sample.repetition == 1:
            raise error
        return {"s": (0.5, 0.1)}

    table = pd.DataFrame({"y": [0, 1] * 100})
    found = Study(KEYS, methods={"m": fails}, table=table).run(tmp_path / "out", progress=False)
    assert found.failures["repetition"].tolist() == [1]
    message = found.failures["message"].iloc[0]
    assert text in message
    assert len(message) < 2200
    message.encode()


def test_signals_without_a_name__are_numbers():
    assert "signal 63" in str(faults.died(-63)) or "SIG" in str(faults.died(-63))
    assert "exit code 0" in str(faults.died(0))


def test_an_edited_plug_in__is_read_again_and_is_another_study(tmp_path):
    PEOPLE.to_csv(tmp_path / "people.csv", index=False)
    data = two_methods(
        methods=[{"name": "own", "call": "own.py:f"}],
        population={"table": "people.csv"},
        estimands=two_methods()["estimands"][:1],
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


def test_plug_ins__have_the_same_intervals_however_they_are_given(tmp_path):
    table = PEOPLE.assign(y=(PEOPLE["y"] > 5).astype(int))
    (tmp_path / "own.py").write_text(
        "def f(s):\n    r = s.survey.mean('y').to_frame().iloc[0]\n    return {'y': (r['estimate'], r['se'])}\n",
        encoding="utf-8",
    )
    names: dict = {}
    exec((tmp_path / "own.py").read_text(encoding="utf-8"), names)
    data = two_methods(
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


def test_methods_that_cannot_be_sent__are_named_before_anything_runs():
    with pytest.raises(StudyError, match=r"method 'lam' cannot be sent to processes"):
        Study(two_methods(), methods={"lam": lambda s: {"y": 1.0}}, table=PEOPLE).run(executor="processes")


def test_a_recursive_estimator__has_a_fingerprint():
    def outer():
        def again(sample, depth=0):
            return {"y": 1.0} if depth else again(sample, 1)

        return again

    assert Study(two_methods(), methods={"again": outer()}, table=PEOPLE).run().performance() is not None
