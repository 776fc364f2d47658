"""Files that are there whole or not at all, whatever happens while they are written; and how far what takes long has come."""

import contextlib
import errno
import os
import secrets
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from .aliases import Pathname, Progress

PREFIX = ".writing-"
UNKNOWN_TO_SOME = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS}  # file systems that cannot flush say so


@contextlib.contextmanager
def whole(path: Pathname) -> Iterator[Path]:
    """A path to write to, which becomes `path` when the block ends well; otherwise nothing is left of it.

    The file is made beside `path` under a name nobody can guess, and only where nothing has that name, so that no link is followed.
    It has the rights that new files have (the umask) or those of the file it replaces, and is on the disk before it gets its name.
    Where `path` itself is a link, the file it leads to is written, as other programs do.

    Raises
    ------
    OSError : with the name of `path`.
    """
    named = path = Path(path)
    try:
        path = _led_to(path)
        temporary = path.with_name(PREFIX + secrets.token_hex(8) + named.suffix[:20])
        _made(temporary)
        try:
            yield temporary
            flushed(temporary)
            _rights(path, temporary)
            os.replace(temporary, path)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()
        flushed(path.parent)
    except OSError as error:
        if error.errno is None:
            raise
        raise type(error)(error.errno, error.strerror or str(error), str(named)) from None


def write_text(path: Pathname, text: str) -> None:
    """Write a text file (UTF-8, line breaks as they are) whole, or not at all."""
    with whole(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        file.write(text)


def flushed(path: Pathname) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    folder = os.path.isdir(path)
    if folder and os.name == "nt":
        return
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)  # Windows flushes only what it may write
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in UNKNOWN_TO_SOME:
            raise
    finally:
        os.close(handle)


@contextlib.contextmanager
def same_umask() -> Iterator[None]:
    """What runs inside may change the umask: files of ours have that of before, which is there again afterwards.

    Threads may overlap: the last one out puts it back.
    """
    global _inside, _umask
    with _counted:
        if not _inside:
            _umask = os.umask(0o077)
            os.umask(_umask)
        _inside += 1
    try:
        yield
    finally:
        with _counted:
            _inside -= 1
            if _umask is not None:
                os.umask(_umask)
            if not _inside:
                _umask = None


def folder_made(path: Pathname) -> None:
    """Make a folder, and those it is in, where there is none."""
    if _umask is not None:
        os.umask(_umask)
    Path(path).mkdir(parents=True, exist_ok=True)


_umask = None  # that of before, where something runs that may change it
_inside, _counted = 0, threading.Lock()  # how many such blocks run


def _led_to(path: Path) -> Path:
    """The file that a path leads to. The system says whether a link may be followed: not one of somebody else's in a folder for all."""
    if not path.is_symlink():
        return path
    with contextlib.suppress(FileNotFoundError):
        os.stat(path)
    return Path(os.path.realpath(path))


def _made(path: Path) -> None:
    """Make an empty file where nothing is."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    os.close(os.open(path, flags, 0o666))
    if _umask is not None:
        os.chmod(path, 0o666 & ~_umask)


def _rights(path: Path, temporary: Path) -> None:
    """Give the new file the rights of the one it replaces."""
    with contextlib.suppress(OSError):
        there = os.lstat(path)
        if stat.S_ISREG(there.st_mode):
            os.chmod(temporary, there.st_mode & 0o777)


@contextlib.contextmanager
def advancing(progress: Progress, title: str, total: int, done: int = 0) -> Iterator[Callable[[int], object]]:
    """A function of how much more is done: the caller's own, one that moves a bar on the terminal, or one that does nothing.

    progress : a function, or whether to show a bar, which only a terminal gets. done : what is there already, of the `total`.
    """
    if callable(progress):
        yield progress
    elif progress and sys.stderr.isatty():
        from rich.console import Console  # here, because it takes a tenth of a second
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(title, total=total, completed=done)
            yield lambda more: bar.advance(task, more)
    else:
        yield lambda more: None
