"""Published results made again: every one at its small size, what is kept, what is refused."""

import ast
import json
import re
from pathlib import Path

import pandas as pd
import pytest

import surveysim as ss
from surveysim.published import names, predicted, running

ROOM = Path(running.__file__).parent
QUICK, DRAWN = "newcombe-1998", "brown-cai-dasgupta-2001"


@pytest.fixture(scope="module", params=names())
def made(request):
    return ss.reproduce(request.param)


def test_every_result__agrees_or_says_why_not(made):
    assert made.table["verdict"].isin(["agrees", "slip", "choice"]).all(), made.table.drop(columns="why").to_string()
    assert (made.table["why"].str.len() > 0).equals(made.table["verdict"].isin(["slip", "choice"]))


@pytest.mark.parametrize("name", names())
def test_declarations__are_whole_and_scripts_do_not_see_what_was_printed(name):
    said, folder = running.declared(name), ROOM / name.replace("-", "_")
    assert set(said) <= {"title", "title_zh", "source", "read", "repetitions", "seconds", "printed"}
    assert re.search(r"\(\d{4}\)", said["source"])
    assert len(said["seconds"]) == 2
    assert len({entry["what"] for entry in said["printed"]}) == len(said["printed"])
    script = (folder / "__init__.py").read_text(encoding="utf-8")
    imported = {node.module for node in ast.walk(ast.parse(script)) if isinstance(node, ast.ImportFrom) and node.level}
    assert imported <= {"comparing"}  # besides, they have surveysim's public names
    assert ".toml" not in script
    for entry in said["printed"]:
        for text in entry.get("values", [entry.get("value", "")]):
            if len(re.sub(r"\D", "", text).strip("0")) > 3:
                assert text.replace(",", "") not in script.replace("_", ""), f"{name}: {text} is an input"


def test_what_is_done__is_kept_and_not_made_again(tmp_path, monkeypatch):
    first = ss.reproduce([DRAWN, QUICK], out=tmp_path)
    assert predicted([DRAWN, QUICK], out=tmp_path) == 0
    assert predicted(DRAWN, seed=2, out=tmp_path) == running.declared(DRAWN)["seconds"][0]
    monkeypatch.setattr(running, "import_module", None)
    again = ss.reproduce([DRAWN, QUICK], out=tmp_path)
    pd.testing.assert_frame_equal(first.table, again.table)
    pd.testing.assert_frame_equal(first.results, again.results)


def test_what_is_damaged_or_of_another_seed__is_made_again(tmp_path):
    first = ss.reproduce(DRAWN, out=tmp_path)
    assert not ss.reproduce(DRAWN, out=tmp_path, seed=2).table["ours"].equals(first.table["ours"])
    kept = tmp_path / f"{DRAWN}.json"
    for text in ("{", "[]", json.dumps({"mark": 1})):
        kept.write_text(text, encoding="utf-8")
        pd.testing.assert_frame_equal(ss.reproduce(DRAWN, out=tmp_path).table, first.table)
        assert json.loads(kept.read_text(encoding="utf-8"))["seconds"] > 0


def test_full_size__is_what_is_declared():
    assert running._size(DRAWN, True) == running.declared(DRAWN)["repetitions"][1] > running._size(DRAWN, False)
    assert running._size(QUICK, True) == 0


def test_names__a_wrong_one_has_a_remedy():
    with pytest.raises(ss.UnknownNameError, match="did you mean 'newcombe-1998'"):
        ss.reproduce("newcomb-1998")
    with pytest.raises(ss.UnknownNameError, match="give names, or None for all"):
        ss.reproduce([])
    assert len(names()) >= 3
    assert "numbers agree" in ss.reproduce(QUICK).summary()
