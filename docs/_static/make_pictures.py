"""Make the pictures of docs/how-to/pictures.md by running its code: `.venv/bin/python docs/_static/make_pictures.py`."""

import os
import re
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "how-to" / "pictures.md"


def main():
    names = {}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for block in re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.S | re.M):
            exec(compile(block, PAGE.name, "exec"), names)
        for made in sorted(Path().glob("pictures-*.svg")):
            (HERE / made.name).write_text(made.read_text(encoding="utf-8"), encoding="utf-8")
        os.chdir(HERE)


if __name__ == "__main__":
    main()
