"""Build wheel and sdist, check them, and use the wheel in empty environments: `python3 run.py release [PYTHON ...]`.

Every Python that is named, or 3.11, 3.12 and 3.13 where they are found, gets a new environment with the wheel and the newest
versions of what it depends on (no constraints), and there the command `surveysim demo` has to write its page. A last
environment takes the sdist. Nothing is uploaded.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("python3.11", "python3.12", "python3.13")
DEMO = ("demo", "--repetitions", "2", "-o", "demo")


def call(*command, **options):
    subprocess.run([str(part) for part in command], check=True, **options)


def environment(python, folder, *wanted):
    """An empty environment of `python` with what is wanted, and its folder of programs."""
    call(python, "-m", "venv", folder)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    call(programs / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", *wanted)
    return programs


def built(scratch):
    """The wheel and the sdist in dist/, built from a clean folder and checked."""
    programs = environment(sys.executable, scratch / "build", "build", "twine")
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    call(programs / "python", "-m", "build", "-o", ROOT / "dist", ROOT, stdout=subprocess.DEVNULL)
    files = sorted((ROOT / "dist").iterdir())
    call(programs / "python", "-m", "twine", "check", "--strict", *files)
    return {path.suffix: path for path in files}


def demonstrated(python, package, scratch):
    """Seconds of the demo's command in an environment of its own with the package; its page must be there."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        programs = environment(python, Path(folder) / "venv", f"{package}[report]")
        kept = {**os.environ, "PYTHONPATH": "", "NUMBA_CACHE_DIR": folder, "XDG_CACHE_HOME": folder}
        start = time.time()
        call(programs / "surveysim", *DEMO, cwd=folder, env=kept, stdout=subprocess.DEVNULL)
        assert (Path(folder) / "demo" / "report.html").stat().st_size > 100_000, "the demo wrote no page"
        return time.time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pythons", nargs="*", default=[path for path in map(shutil.which, PYTHONS) if path])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        packages = built(Path(folder))
        for python in given.pythons:
            print(f"{python}: the wheel's demo in {demonstrated(python, packages['.whl'], folder):.0f} s", flush=True)
        print(f"{sys.executable}: the sdist's demo in {demonstrated(sys.executable, packages['.gz'], folder):.0f} s")


if __name__ == "__main__":
    main()
