"""One process at a time in a folder: a lock that the system gives back, even after kill -9."""

import contextlib
import errno
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from ..errors import StudyError

TAKEN = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # how a system says that somebody has the lock


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes out of a folder while this one is at work in it."""
    path, handle = folder / "lock", None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    except OSError as error:
        raise StudyError(
            f"{folder}: the study's folder is not writable ({path.name}: {error.strerror or error}). Choose another."
        ) from None
    _held.add(handle)
    try:
        if not _had(handle, folder):
            raise StudyError(
                f"{folder}: {_owner(handle)} is running this study. Wait for it, or choose another folder; two writers would mix "
                "their parts."
            )
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, f"process {os.getpid()}".encode())
        yield
        if handle in _held:
            os.ftruncate(handle, 0)
    finally:
        if handle in _held:  # not in a child that was forked meanwhile: it gave its share of the lock back
            _held.discard(handle)
            os.close(handle)


def _had(handle: int, folder: Path) -> bool:
    """Whether the lock could be had; one who only looks for it holds it for a moment, so it is asked for more than once."""
    try:
        for _ in range(4):
            if _lock(handle):
                return True
            time.sleep(0.05)
    except OSError as error:
        raise StudyError(
            f"{folder}: the file system of this folder has no locks ({error.strerror or error}), so that a second process could "
            "not be kept out, and two writers would mix their parts. Choose a folder on a local disk."
        ) from None
    return False


def is_locked(folder: Path) -> bool:
    """Whether a process is at work in a folder."""
    try:
        handle = os.open(folder / "lock", os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return False
    try:
        return not _lock(handle)
    except OSError:
        return False
    finally:
        os.close(handle)


_held: set[int] = set()  # handles of the locks of this process


def _let_go() -> None:
    """A forked child gives its share of the locks back: they are its parent's, and end with it."""
    while _held:
        with contextlib.suppress(OSError):
            os.close(_held.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


def _owner(handle: int) -> str:
    """Who has the lock, as it wrote there."""
    with contextlib.suppress(OSError):  # Windows lets nobody read what is locked
        return re.sub(r"[^ -~]", "", os.read(handle, 40).decode("ascii", "replace")).strip() or "another process"
    return "another process"


def _lock(handle: int) -> bool:
    """Take the lock of an open file if nobody has it; OSError where the file system has no locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno not in TAKEN:
                raise
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in TAKEN:
            raise
        return False
    return True
