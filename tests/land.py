"""The small country of docs/how-to/third-country.md, as files in a folder."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "third-country.md"
FILES = dict(re.findall(r"^```(?:csv|toml)\n# ([\w.-]+)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.S | re.M))


def written(folder, **changes):
    """The folder with its files; `changes` by stem: a new text, (old, new) or None for none."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        change = changes.get(name.partition(".")[0], text)
        if isinstance(change, tuple):
            assert change[0] in text
            change = text.replace(*change)
        if change is not None:
            (folder / name).write_text(change, encoding="utf-8")
    return folder


SMALL = ("scale = 0.2 ", "scale = 0.02 ")
