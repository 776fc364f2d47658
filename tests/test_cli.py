"""The command line as a user meets it: real processes, exit codes, files."""

import json
import os
import subprocess
import sys
import time

import pandas as pd
import pytest
from click.testing import CliRunner

from surveysim.cli import main

SMALL = (
    'extends = "cnnic-2024-12"\n[population]\nscale = 0.01\n[sample]\ninterviews = 9300\nminimum_per_province = 150\n'
)


def surveysim(*arguments, **options):
    """A process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "surveysim", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        **options,
    )


def command(*arguments):
    """The same without a process; exit code, stdout and stderr as of one."""
    made = CliRunner().invoke(main, [*map(str, arguments)])
    return subprocess.CompletedProcess(arguments, made.exit_code, made.stdout, made.stderr)


@pytest.fixture(scope="module")
def spec_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("spec") / "survey 调查.toml"
    path.write_text(SMALL, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def done(spec_file, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "folder with space"
    return surveysim("run", spec_file, "-o", out, "--seed", "3"), out


def test_run__writes_tables_and_report(done):
    process, out = done
    assert process.returncode == 0, process.stderr
    assert sorted(p.name for p in out.iterdir()) == [
        "cases.parquet",
        "estimates.csv",
        "interviews.parquet",
        "report-zh.html",
        "report.html",
    ]
    assert len(pd.read_csv(out / "estimates.csv")) >= 60
    assert len(pd.read_parquet(out / "interviews.parquet")) == 9300
    assert str(out / "report.html") in process.stdout
    assert "internet_penetration" in process.stdout


def test_run__the_same_seed_gives_the_same_bytes_in_another_process_and_language(done, spec_file, tmp_path):
    """With JSON alone on stdout."""
    _, out = done
    assert '<html lang="zh' in (out / "report-zh.html").read_text(encoding="utf-8")
    (tmp_path / "report-zh.html").write_text("of an earlier run")
    process = surveysim("run", spec_file, "-o", tmp_path, "--seed", "3", "--lang", "zh", "--json")
    assert process.returncode == 0, process.stderr
    assert len(json.loads(process.stdout)) >= 60
    assert not (tmp_path / "report-zh.html").exists()
    for here, there in (("report.html", "report-zh.html"), ("report-en.html", "report.html")):
        assert (tmp_path / here).read_bytes() == (out / there).read_bytes()
    for name in ("estimates.csv", "interviews.parquet", "cases.parquet"):
        assert (tmp_path / name).read_bytes() == (out / name).read_bytes(), name


def test_run__another_seed_gives_other_bytes(done, spec_file, tmp_path):
    _, out = done
    assert command("run", spec_file, "-o", tmp_path, "--seed", "4").returncode == 0
    for name in ("estimates.csv", "report.html", "interviews.parquet", "cases.parquet"):
        assert (tmp_path / name).read_bytes() != (out / name).read_bytes(), name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[sample]\ninterview = 1\n", "sample.interview"),
        ("[population]\nscale = 5.0\n", "population.scale"),
        ("[sample]\ninterviews = 900\nminimum_per_province = 10\n", "minimum_per_unit"),
    ],
)
def test_bad_specifications__exit_2_with_one_message_and_nothing_written(tmp_path, text, message):
    spec = tmp_path / "bad.toml"
    spec.write_text(('extends = "cnnic-2024-12"\n' if "interviews" in text else "") + text, encoding="utf-8")
    process = command("run", spec, "-o", tmp_path / "out")
    assert process.returncode == 2
    assert message in process.stderr
    assert "Traceback" not in process.stderr
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_missing_file__exits_2(tmp_path):
    process = surveysim("run", tmp_path / "absent.toml", "-o", tmp_path / "out")
    assert process.returncode == 2
    assert "absent.toml: there is no such file" in process.stderr
    assert not (tmp_path / "out").exists()


def test_unwritable_folder__exits_2_before_any_work(spec_file, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    process = command("run", spec_file, "-o", tmp_path / "file" / "out")
    assert process.returncode == 2
    assert "not writable" in process.stderr


def test_unknown_option__exits_2():
    assert surveysim("demo", "--sede", "3").returncode == 2


def test_info__says_where_parameters_come_from():
    process = surveysim("info", "--json")
    assert process.returncode == 0
    assert json.loads(process.stdout)["presets"]["cnnic-2024-12"]["parameters"] == "shipped"


def test_help__does_not_load_the_heavy_libraries():
    code = "import sys, surveysim.cli; print([m for m in ('numba', 'pandas', 'scipy', 'pyarrow', 'numpy') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
    start = time.time()
    assert surveysim("--help").returncode == 0
    assert time.time() - start < 5  # a gross hang only; the time itself is benchmarked


def test_a_file_that_cannot_be_written__leaves_nothing_half_written(spec_file, tmp_path):
    (tmp_path / "out" / "estimates.csv").mkdir(parents=True)
    process = command("run", spec_file, "-o", tmp_path / "out")
    assert process.returncode == 1
    assert "estimates.csv" in process.stderr
    assert "Traceback" not in process.stderr
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["estimates.csv"]


def test_a_specification_with_a_byte_order_mark__is_read(spec_file, tmp_path):
    from surveysim import SurveySpec

    path = tmp_path / "bom.toml"
    path.write_bytes(b"\xef\xbb\xbf" + spec_file.read_bytes())
    assert SurveySpec.from_toml(path) == SurveySpec.from_toml(spec_file)
