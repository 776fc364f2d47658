"""General rooms know no country: no facts of China, no number of its provinces, none of its names."""

import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "surveysim"
GENERAL = ("weighting", "inference", "estimation", "analysis", "sampling", "fieldwork")
OF_A_COUNTRY = re.compile(
    r"import\b.*\breference\b|\breference\.\w+\(|CNNIC|cnnic|中国|(?<![\w.])(?:31|62)(?![\w.])(?!\s*\()"
)
ALLOWED = {"analysis/tables/excel.py": "LONGEST = 31", "inference/sampling_design.py": "2**62"}  # characters, bits


@pytest.mark.parametrize("room", GENERAL)
def test_general_rooms__hold_nothing_of_one_country(room):
    files = [*(SOURCE / room).rglob("*.py"), *(SOURCE / "survey").glob("country*.py")]
    found = []
    for file in files:
        name = file.relative_to(SOURCE).as_posix()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            code = line.split("#")[0]
            if OF_A_COUNTRY.search(code) and ALLOWED.get(name, "\n") not in line:
                found.append(f"{name}:{number}: {line.strip()}")
    assert found == []
