"""What plans and describes starts at once: compilers and tables are imported by what needs them."""

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from surveysim.cli import main

CODE = """
import sys
from surveysim.cli import main
try:
    main(sys.argv[1:])
except SystemExit as done:
    assert not done.code, done.code
print(*(name for name in ("numba", "pandas", "matplotlib", "pyarrow", "scipy") if name in sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["--help"], set()),
        (["estimate", "--help"], set()),
        (["weights", "rake", "--help"], set()),
        (["study", "run", "--help"], set()),
        (["plan", "size", "--moe", "3%"], {"scipy"}),
        (["config", "schema", "survey"], {"pandas", "pyarrow"}),
        (["config", "schema", "study"], {"pandas", "pyarrow"}),
        (["config", "show", "cnnic-2024-12"], {"pandas", "pyarrow"}),
        (["study", "run", "cnnic-2024-12", "-o", "never", "--dry-run"], {"pandas", "pyarrow"}),
        (["info"], {"pandas", "pyarrow"}),
    ],
)
def test_start__nothing_is_imported_that_is_not_needed(arguments, needed):
    done = subprocess.run([sys.executable, "-c", CODE, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(done.stderr.split()) <= needed
    assert done.stdout


def test_without_arguments__three_things_to_try_are_commands_that_exist():
    shown = CliRunner().invoke(main, []).output
    tries = [
        line.strip().split("   ")[0].split()
        for line in shown.split("Three things to try:")[1].splitlines()
        if line.strip()
    ]
    assert len(tries) == 3
    for _, *command in tries:
        done = CliRunner().invoke(main, [*command, *({"--help"} - set(command))])
        assert done.exit_code == 0, done.output


def test_packages__know_their_names_and_their_modules():
    import surveysim.weighting as room
    from surveysim.kernels import people
    from surveysim.population import parameters

    assert "rake" in dir(room)
    assert room.trimming.trim_weights is room.trim_weights
    with pytest.raises(AttributeError, match="no attribute 'rake_everything'"):
        room.rake_everything  # noqa: B018
    assert parameters.STATUS == people.STATUS


@pytest.mark.parametrize(("shell", "word"), [("bash", "complete -"), ("zsh", "compdef"), ("fish", "complete ")])
def test_completion__has_a_script_for_the_shell(shell, word):
    code = "from surveysim.cli import main; main(prog_name='surveysim')"
    environment = {**os.environ, "_SURVEYSIM_COMPLETE": f"{shell}_source"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    if "version of Bash" in done.stderr:
        pytest.skip(done.stderr)
    assert word in done.stdout, done.stderr
