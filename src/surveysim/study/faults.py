"""What goes wrong in a repetition, in words a ledger can keep."""

import signal
import threading

from ..errors import SurveysimError

LONGEST = 2000  # characters of a message that are kept


class RepetitionTimeoutError(SurveysimError):
    """A repetition took longer than study.timeout."""


class RepetitionDiedError(SurveysimError):
    """A repetition ended the process it ran in."""


class Struck(BaseException):
    """What interrupts a repetition; no `except Exception` of a plug-in catches it."""


def too_long(seconds: float | None) -> RepetitionTimeoutError:
    return RepetitionTimeoutError(f"the repetition took longer than study.timeout = {seconds:g} seconds")


def died(code: int | None) -> RepetitionDiedError:
    """The error of a process that ended with an exit code; negative ones are signals, as multiprocessing has them."""
    if code is None or code >= 0:
        return RepetitionDiedError(f"the repetition ended its process (exit code {code})")
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = ": often there is not enough memory" if name == "SIGKILL" else ""
    return RepetitionDiedError(f"the repetition ended its process ({name}){hint}")


def told(error: BaseException) -> str:
    """Type and text of an error, whatever its text is made of: one that cannot be printed, surrogates, control characters, megabytes."""
    try:
        text = str(error)
    except BaseException as inner:
        text = f"its text cannot be printed ({type(inner).__name__})"
    text = f"{type(error).__name__}: {text}"
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]} … ({len(text):,} characters)"
    text = "".join(c if c.isprintable() or c in "\n\t " else ascii(c)[1:-1] for c in text)
    return text.encode("utf-8", "backslashreplace").decode()


def of_plugin(error: BaseException) -> bool:
    """Whether something that a plug-in raised is its own fault: all but the clock of a repetition, and a Ctrl-C in the main thread."""
    if isinstance(error, KeyboardInterrupt):
        main = threading.current_thread() is threading.main_thread()
        return not (main and signal.getsignal(signal.SIGINT) not in (signal.SIG_IGN, signal.SIG_DFL))
    return not isinstance(error, Struck)
