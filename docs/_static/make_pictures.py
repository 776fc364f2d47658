"""Make the pictures of docs/how-to by running the code of their pages: `.venv/bin/python docs/_static/make_pictures.py [PAGE ...]`."""

import os
import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGES = ("pictures", "gallery")


def made(page):
    """The page's pictures, written into the folder where its code runs."""
    names, text = {}, (HERE.parent / "how-to" / f"{page}.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for block in re.findall(r"^```python\n(.*?)^```", text, re.S | re.M):
            exec(compile(block, page, "exec"), names)
        for picture in sorted(Path().glob(f"{page}-*.svg")):
            (HERE / picture.name).write_text(picture.read_text(encoding="utf-8"), encoding="utf-8")
        os.chdir(HERE)


if __name__ == "__main__":
    for page in sys.argv[1:] or PAGES:
        made(page)
