"""Signals that ask a process to end: each ends it as Ctrl-C does, and waits while something is made safe."""

import contextlib
import signal
import threading
from collections.abc import Iterator


def _asking() -> list[signal.Signals]:
    return [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


def _here() -> bool:
    """Whether this thread may say what signals do."""
    return threading.current_thread() is threading.main_thread()


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM and a closed terminal end what is inside as Ctrl-C does (KeyboardInterrupt), where nobody else handles them."""

    def strike(*_):
        raise KeyboardInterrupt

    mine = [number for number in _asking() if _here() and signal.getsignal(number) is signal.SIG_DFL]
    for number in mine:
        signal.signal(number, strike)
    try:
        yield
    finally:
        for number in mine:
            signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """A second Ctrl-C does not keep what is inside from its end."""
    numbers = (signal.SIGINT, *_asking()) if _here() else ()
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
