"""What makes another study, and what does not: numbers, facts, data and plug-ins do; comments, moved files and pages do not."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import surveysim
from surveysim import Population, Study, StudyError, editions, reference
from surveysim.population import parameters
from surveysim.study import fingerprints, ledger

TABLE = pd.DataFrame({"y": [1.0, 2.0, 4.0, 8.0] * 20})
SMALL = {"population": {"scale": 0.01}, "study": {"repetitions": 2}}


def study(repetitions=3, **more):
    keys = {"study": {"repetitions": repetitions}, "sample": {"n": 10}, "estimands": [{"name": "m", "numerator": "y"}]}
    return Study(keys | more, table=TABLE)


@pytest.mark.parametrize("number", ["DRAWS", "ESTIMATES"])
def test_a_number_that_was_raised__is_named(tmp_path, monkeypatch, number):
    study().run(tmp_path)
    now = getattr(editions, number)
    monkeypatch.setattr(editions, number, 7)
    for ask in ("run", "status", "result"):
        with pytest.raises(StudyError, match=f"number: {number}: {now} there, 7 now"):
            getattr(study(), ask)(tmp_path)


def test_people__concern_surveys_and_no_study_of_a_table(tmp_path, monkeypatch):
    def facts(made):
        return made.facts(0)

    survey = {"extends": "cnnic-2024-12"} | SMALL
    of_survey, of_table = facts(Study(survey)), facts(study())
    monkeypatch.setattr(editions, "POPULATION", 7)
    assert facts(study()) == of_table
    assert fingerprints.difference("f", "base", of_survey, facts(Study(survey))).count(" there, ") == 1
    assert not [key for key in of_table if key.startswith("facts.")]


def test_facts_about_the_country__are_named(monkeypatch):
    before = Study({"extends": "cnnic-2024-12"} | SMALL).facts(0)
    assert {"facts.provinces", "facts.outcomes", "facts.published_estimates"} <= set(before)
    assert not [key for key in before if "registry" in key]
    monkeypatch.setattr(reference, "digests", lambda *names: {"provinces": "other"})
    after = before | {"facts.provinces": "other"}
    assert f'facts: facts.provinces: "{before["facts.provinces"]}" there' in fingerprints.difference(
        "f", "b", before, after
    )


def test_kinds_of_differences__are_told_apart(tmp_path):
    (tmp_path / "own.py").write_text("def mean(sample):\n    return {'m': sample.interviews['y'].mean()}\n")
    (tmp_path / "people.csv").write_text(TABLE.to_csv(index=False))
    keys = {"study": {"repetitions": 2}, "population": {"table": "people.csv"}, "sample": {"n": 10}}
    keys |= {"estimands": [{"name": "m", "numerator": "y"}], "methods": [{"name": "own", "call": "own.py:mean"}]}
    Study(keys, folder=tmp_path).run(tmp_path / "out")
    (tmp_path / "own.py").write_text("def mean(sample):\n    return {'m': sample.interviews['y'].median()}\n")
    (tmp_path / "people.csv").write_text((2 * TABLE).to_csv(index=False))
    keys["sample"] = {"n": 11}
    with pytest.raises(StudyError) as error:
        Study(keys, folder=tmp_path).run(tmp_path / "out")
    told = [line.strip().split(": ")[:2] for line in str(error.value).splitlines()[1:-1]]
    assert told == [["data", "population"], ["plug-in", "methods.own"], ["specification", "survey.sample.n"]]


@pytest.mark.parametrize("name", ["base", "under another name"])
def test_a_folder_of_the_release_before__is_refused(tmp_path, name):
    """Such folders hold a digest of all source files instead of the numbers."""
    study().run(tmp_path)
    kept = ledger.Ledger(tmp_path)
    manifest = kept.manifest
    (entry,) = manifest.scenarios
    facts = {k: v for k, v in entry.facts.items() if not k.startswith("numbers.")}
    facts |= {"surveysim": "0.1.0 0123456789ab"}
    old = replace(entry, facts=facts, id=fingerprints.digest(facts), name=name)
    kept.write_manifest(replace(manifest, scenarios=(old,)))
    before = (tmp_path / "study.json").read_bytes()
    now = f"now DRAWS = {editions.DRAWS}, ESTIMATES = {editions.ESTIMATES}"
    with pytest.raises(StudyError, match=rf"numbers: an earlier release, 0.1.0 0123456789ab, has none; {now}"):
        study().run(tmp_path)
    assert (tmp_path / "study.json").read_bytes() == before


def test_the_number_of_people__makes_other_parameters(monkeypatch):
    before = Population.china(seed=1, scale=0.001)
    monkeypatch.setattr(parameters, "POPULATION", 7)
    after = Population.china(seed=1, scale=0.001)
    assert before.fingerprint != after.fingerprint
    monkeypatch.undo()
    monkeypatch.setattr(reference, "digests", lambda *names: dict.fromkeys(names, "other"))
    assert Population.china(seed=1, scale=0.001).fingerprint not in (before.fingerprint, after.fingerprint)


SCRIPT = """
import json, sys
import pandas as pd
from surveysim import Population, Study, SurveySpec
keys = {"study": {"repetitions": int(sys.argv[2])}, "sample": {"n": 10}, "population": {"table": "people.csv"}}
keys |= {"estimands": [{"name": "m", "numerator": "y"}]}
done = []
Study(keys, folder=sys.argv[1]).run(sys.argv[1] + "/out", progress=done.append)
people = Population.china(**SurveySpec.preset("cnnic-2024-12").population.model_dump())
print(json.dumps([sum(done), people.parameter_source]))
"""


def run(source, folder, repetitions):
    """Repetitions that were missing, and where the preset's parameters come from, of a copy of the library."""
    environment = os.environ | {"PYTHONPATH": str(source), "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-c", SCRIPT, str(folder), str(repetitions)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_comments_and_moved_files__let_a_study_go_on(tmp_path):
    """Every file of a copy gets a comment, a page and a registry file change, and one file moves."""
    here = Path(surveysim.__file__).parent
    (tmp_path / "people.csv").write_text(TABLE.to_csv(index=False))
    assert run(here.parent, tmp_path, 6) == [6, "shipped"]
    copy = tmp_path / "src" / "surveysim"
    shutil.copytree(here, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for path in copy.rglob("*.py"):
        path.write_text(path.read_text(encoding="utf-8") + "\n# a comment\n", encoding="utf-8")
    for path in (*copy.rglob("*labels.toml"), *copy.rglob("registry_*.csv"), *copy.rglob("*.html")):
        path.write_bytes(path.read_bytes() + b"\n")
    moved = list(copy.rglob("plots.py"))
    assert len(moved) == 1
    moved[0].rename(moved[0].with_name("drawing.py"))
    users = [p for p in copy.rglob("*.py") if ".plots import" in p.read_text(encoding="utf-8")]
    for path in users:
        path.write_text(path.read_text(encoding="utf-8").replace(".plots import", ".drawing import"), encoding="utf-8")
    assert run(copy.parent, tmp_path, 10) == [4, "shipped"]
