#!/usr/bin/env python3
"""Set up and run surveysim; needs Python 3.11 or newer and nothing else.

python3 run.py demo          one complete survey (arguments go to `surveysim demo`)
python3 run.py test [--all]  the tests; --all adds the long ones and asks for 92 % of lines and branches; --coverage shows what is reached
python3 run.py mutate        small changes of the code that no test notices [--rooms weighting] [--count 100] [--seed 1]
python3 run.py attack        random samples of every shape against second implementations, repeated weightings, R and laws
                             [--minutes M] [--seed S] [--family F] [--case N] [--out DIR]; docs/explanation/attack.md
python3 run.py lint          ruff, formatting, spelling, import contracts, circles between files, types
python3 run.py examples      every example, its output compared
python3 run.py bench [NAME]  benchmarks; all of them rewrite benchmarks/RESULTS.md; --against COMMIT times an older commit beside this one
python3 run.py docs          the documentation, in docs/_build/html; every page run, and the pages of results made at a small size
python3 run.py studies       every page of results made again at full size, some hours of two cores [NAME ...]
python3 run.py parameters    recompute the parameter table that ships with the preset
python3 run.py release       wheel and sdist built, checked, and used in empty environments [PYTHON ...]
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts" if os.name == "nt" else "bin") / "python"
EXTRAS = {
    "demo": "report,files",
    "test": "report,test",
    "mutate": "report,test",
    "attack": "report,test",
    "lint": "report,test,lint",  # the checker of types looks into what the code imports
    "examples": "report,files,tables",
    "bench": "report,bench",
    "docs": "report,docs,test",
    "studies": "report,files",
    "parameters": "report",
}


COVERED = 92  # per cent of lines and branches


def say(text):
    print(f"run.py: {text}", file=sys.stderr, flush=True)


def call(*command, **options):
    return subprocess.run([str(part) for part in command], cwd=ROOT, check=False, **options).returncode


def must(*command, quiet=False):
    """Run a command that has to succeed; what a quiet one prints is shown only if it fails."""
    heard = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True} if quiet else {}
    done = subprocess.run([str(part) for part in command], cwd=ROOT, check=False, **heard)
    if code := done.returncode:
        if quiet:
            print(done.stdout, file=sys.stderr)
        say(f"failed with exit code {code}: {' '.join(map(str, command))}")
        sys.exit(code)


def set_up(extras):
    """A virtual environment with the pinned versions of what a task needs; done once, remembered by a mark."""
    wanted = hashlib.sha256(
        b"".join((ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")) + sys.version.encode()
    ).hexdigest()
    mark = VENV / ".surveysim"
    have = mark.read_text().split() if mark.exists() else []
    done = set(have[1:]) if have[:1] == [wanted] and PYTHON.exists() else set()
    missing = [name for name in extras.split(",") if name not in done]
    if not missing:
        return
    uv = shutil.which("uv")
    start = time.time()
    say(f"setting up {VENV} with {'uv' if uv else 'pip'}: surveysim and {', '.join(missing)} (once, a minute or two)")
    if not PYTHON.exists():
        must(*([uv, "venv", "-q", VENV] if uv else [sys.executable, "-m", "venv", VENV]), quiet=True)
    install = (
        [uv, "pip", "install", "-q", "--python", PYTHON]
        if uv
        else [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    )
    must(*install, "-c", "constraints.txt", "-e", f".[{','.join(missing)}]", quiet=True)
    mark.write_text(" ".join([wanted, *sorted(done | set(missing))]))
    say(f"set up in {time.time() - start:.0f} s")


def test(arguments):
    everything = "--all" in arguments
    rest = [a for a in arguments if a not in ("--all", "--coverage")]
    chosen = ["-n", "2", "--dist", "loadfile", *([] if everything else ["-m", "not long"]), *rest]
    if everything or "--coverage" in arguments:
        return covered(chosen, everything)
    return call(PYTHON, "-m", "pytest", *chosen)


def covered(chosen, gate):
    """Tests, and the share of lines and branches that they reach; kernels once more as Python, where their lines can be seen."""
    pytest = (PYTHON, "-m", "coverage", "run", "-m", "pytest")
    must(PYTHON, "-m", "coverage", "erase")
    code = call(*pytest, *chosen)
    plain = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    code = max(code, call(*pytest, "-m", "not long", "tests/kernels", env=plain))
    must(PYTHON, "-m", "coverage", "combine", "-q")
    return max(code, call(PYTHON, "-m", "coverage", "report", *([f"--fail-under={COVERED}"] if gate else [])))


def mutate(arguments):
    return call(PYTHON, "tests/mutation/mutate.py", *arguments)


def attack(arguments):
    paths = os.pathsep.join(p for p in (str(ROOT / "tests"), os.environ.get("PYTHONPATH")) if p)
    return call(PYTHON, "-m", "attack", *arguments, env={**os.environ, "PYTHONPATH": paths})


def lint(arguments):
    del arguments
    ruff, script = (PYTHON, "-m", "ruff"), PYTHON.with_name
    style = ((*ruff, "check", "."), (*ruff, "format", "--check", "."), (script("codespell"),))
    structure = ((script("lint-imports"),), (PYTHON, "tests/house/imports.py"))
    types = subprocess.Popen([PYTHON, "tests/house/typed.py"], cwd=ROOT)  # takes longest, so beside the others
    return max(*(call(*check) for check in (*style, *structure)), types.wait())


def examples(arguments):
    """Run every example at its small size and compare what it prints with the committed .out file."""
    failed = 0
    for script in sorted((ROOT / "examples").glob("*.py")):
        expected = script.with_suffix(".out")
        start = time.time()
        result = subprocess.run(
            [PYTHON, script],
            cwd=ROOT,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )
        if "--accept" in arguments:
            expected.write_text(result.stdout, encoding="utf-8")
        good = result.returncode == 0 and expected.exists() and result.stdout == expected.read_text(encoding="utf-8")
        failed += not good
        say(f"{'ok    ' if good else 'FAILED'} {script.name} ({time.time() - start:.1f} s)")
        if not good:
            print(result.stdout + result.stderr, file=sys.stderr)
    return int(failed > 0)


def bench(arguments):
    if arguments[:1] == ["--against"]:
        return call(PYTHON, "benchmarks/against.py", *arguments[1:])
    return call(PYTHON, "benchmarks/run.py", *arguments)


def docs(arguments):
    """Built, then every page run as it stands, and the pages of results made again at their small size."""
    must(PYTHON, "-m", "sphinx", "-q", "-W", "-b", "html", "docs", "docs/_build/html", *arguments)
    return call(PYTHON, "-m", "pytest", "-n", "2", "tests/test_docs.py", "tests/studies")


def studies(arguments):
    """The scripts of studies/ and the stories of examples/, those named or all."""
    scripts = [
        path for path in sorted((ROOT / "studies").glob("*.py")) if "__main__" in path.read_text(encoding="utf-8")
    ]
    stories = [
        path for path in sorted((ROOT / "examples").glob("*.py")) if "--full" in path.read_text(encoding="utf-8")
    ]
    names = {path.stem for path in scripts + stories}
    if unknown := set(arguments) - names:
        say(f"no study is called {', '.join(sorted(unknown))}; there are {', '.join(sorted(names))}")
        return 2
    for path in scripts + stories:
        if not arguments or path.stem in arguments:
            say(path.name)
            must(PYTHON, path, *(["--full"] if path in stories else []))
    return 0


def demo(arguments):
    return call(PYTHON, "-m", "surveysim", "demo", *arguments)


def parameters(arguments):
    return call(PYTHON, "benchmarks/shipped_parameters.py", *arguments)


def release(arguments):
    return call(sys.executable, "packaging/release.py", *arguments)


TASKS = {
    "demo": demo,
    "test": test,
    "mutate": mutate,
    "attack": attack,
    "lint": lint,
    "examples": examples,
    "bench": bench,
    "docs": docs,
    "studies": studies,
    "parameters": parameters,
    "release": release,
}


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in TASKS:
        print(__doc__)
        sys.exit(0 if sys.argv[1:] in ([], ["-h"], ["--help"]) else 2)
    if sys.version_info < (3, 11):  # noqa: UP036 - older Pythons must get this far to be told
        say(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
        sys.exit(2)
    task = sys.argv[1]
    if task in EXTRAS:
        set_up(EXTRAS[task])
    sys.exit(TASKS[task](sys.argv[2:]))


if __name__ == "__main__":
    main()
