"""The Python of the documentation pages runs as it stands, block after block."""

import re
from pathlib import Path

import pytest

PAGES = ["population.md", "dual-frame.md", "weighting.md", "estimation.md", "fieldwork.md", "studies.md"]


@pytest.mark.parametrize("page", PAGES)
def test_docs__python_blocks_run(page, tmp_path, monkeypatch, capsys):
    text = (Path(__file__).parents[1] / "docs" / page).read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names = {}
    blocks = re.findall(r"```python\n(.*?)```", text, re.S)
    assert blocks
    for block in blocks:
        exec(compile(block, page, "exec"), names)
