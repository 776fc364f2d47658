"""A copy of the project in which one change at a time is made and undone; the working tree is never touched."""

import re
import shutil
from contextlib import contextmanager
from pathlib import Path

LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "out", "_build", ".hypothesis", ".*_cache", "*.egg-info")
KERNELS = Path("src/surveysim/kernels")


class Tree:
    """Compiled kernels come along (numba knows them by their source's time and size), so nothing is compiled anew at first."""

    def __init__(self, project, folder):
        self.root = Path(folder) / "tree"
        shutil.copytree(project, self.root, ignore=LEFT_OUT, symlinks=True)
        for cache in (self.root / "tests").rglob("__pycache__"):
            shutil.rmtree(cache)
        self.aside = Path(folder) / "aside"

    @contextmanager
    def changed(self, change):
        """The tree with one change.

        numba's index looks at the source of the kernel itself and at none of those it calls, so the compiled forms of every
        kernel module that imports the changed one go aside with its own, and come back afterwards.
        """
        path = self.root / change.file
        kept = self.aside / "source.py"
        self.aside.mkdir()
        shutil.copy2(path, kept)
        stems = self._dependents(path.stem) if KERNELS in Path(change.file).parents else set()
        moved = self._move_aside(path, stems)
        try:
            path.write_text(change.applied(path.read_text(encoding="utf-8")), encoding="utf-8")
            yield
        finally:
            for stale in self._compiled(path, stems):
                stale.unlink()
            for name in moved:
                shutil.move(self.aside / name, moved[name])
            shutil.copy2(kept, path)
            shutil.rmtree(self.aside)

    def commented(self, files):
        """Every file gets a comment: what notices that looks at the text, not at what the code does."""
        for file in files:
            if KERNELS not in Path(file).parents:
                with (self.root / file).open("a", encoding="utf-8") as stream:
                    stream.write("# A comment changes nothing.\n")

    def _compiled(self, path, stems):
        cache = path.parent / "__pycache__"
        return [
            *cache.glob(f"{path.stem}.cpython-*.pyc"),
            *(file for stem in stems for file in cache.glob(f"{stem}.*.nb?")),
        ]

    def _move_aside(self, path, stems):
        moved = {}
        for file in self._compiled(path, stems):
            moved[file.name] = file
            shutil.move(file, self.aside / file.name)
        return moved

    def _dependents(self, stem):
        """Kernel modules that import a module, directly or not, and the module itself."""
        imports = {
            file.stem: set(re.findall(r"^from \.(\w+) import", file.read_text(encoding="utf-8"), re.MULTILINE))
            for file in (self.root / KERNELS).glob("*.py")
        }
        found, more = {stem}, True
        while more:
            more = {name for name, used in imports.items() if used & found} - found
            found |= more
        return found
