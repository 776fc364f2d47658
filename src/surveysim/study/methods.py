"""Methods that were handed in as functions; `MethodSpec` has the same names for those of a study's file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..aliases import Pathname
from . import fingerprints
from .manifest import MethodEntry


@dataclass(frozen=True)
class Handed:
    """A function of a `Sample` that was given to `Study` by name."""

    name: str
    call: Any
    own = True  # makes its estimates itself
    weighting = {}  # noqa: RUF012 - a survey's own

    def function(self, folder: Pathname) -> Callable[..., Any]:
        """The function; it needs no folder."""
        del folder
        return self.call

    def fact(self, folder: Pathname) -> str:
        """What results depend on."""
        del folder
        return fingerprints.of_callable(self.call, self.name)

    def entry(self) -> MethodEntry:
        """What readers of results need to know."""
        return MethodEntry(self.name, "logit")
