"""Second implementations stay apart from the first."""

from pathlib import Path

import pytest


@pytest.mark.parametrize("path", sorted(Path(__file__).parent.glob("*.py")), ids=lambda path: path.name)
def test_naive__never_imports_the_library(path):
    if not path.name.startswith("test_"):
        assert "surveysim" not in path.read_text(encoding="utf-8")
