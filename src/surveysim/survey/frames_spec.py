"""The numbers of a country's frames in a specification: how many work, strata at rates of their own, operators and prefixes."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import Field

from .fieldwork_spec import Part, Share


class OperatorSpec(Part):
    """Shares of an operator: of the prefixes of a frame, and of its numbers that work."""

    name: Annotated[str, Field(min_length=1)]
    prefixes: Annotated[float, Field(gt=0, le=1)]
    numbers: Annotated[float, Field(gt=0, le=1)]


class NumbersSpec(Part):
    """A stratum of the numbers of a frame: its share of those that work and of the others, and the relative rate it is dialled at."""

    name: Annotated[str, Field(min_length=1)]
    working: Share
    others: Share
    rate: Share = 1.0


class DigitsSpec(Part):
    """The numbers of one frame (`RandomDigits`)."""

    working: Annotated[float, Field(gt=0.001, le=1)] = 0.5
    business: Share = 0.1
    out_of_area: Share = 0.0
    unlisted: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    strata: Annotated[tuple[NumbersSpec, ...], Field(strict=False)] = ()
    operators: Annotated[tuple[OperatorSpec, ...], Field(strict=False)] = ()
    prefix_spread: Annotated[float, Field(ge=0, le=3)] = 0.0
    empty_prefixes: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    new_prefixes: Annotated[float, Field(ge=0, le=0.5)] = 0.0

    def arguments(self) -> dict[str, Any]:
        """Those of `RandomDigits`."""
        operators = tuple((entry.name, entry.prefixes, entry.numbers) for entry in self.operators)
        strata = tuple((entry.name, entry.working, entry.others, entry.rate) for entry in self.strata)
        return self.model_dump(exclude={"operators", "strata"}) | {"operators": operators, "strata": strata}


class FramesSpec(Part):
    """The frames; one alone may be sampled."""

    landline: DigitsSpec = DigitsSpec()
    mobile: DigitsSpec = DigitsSpec()


def frame_mistakes(frames: FramesSpec) -> Iterator[str]:
    """Mistakes of a frame that no single key shows."""
    yield from _of_operators(frames)
    yield from _of_strata(frames)


def _of_operators(frames: FramesSpec) -> Iterator[str]:
    for frame in ("landline", "mobile"):
        yield from _of_shares(getattr(frames, frame).operators, f"frame.{frame}.operators", ("prefixes", "numbers"))


def _of_shares(part: Sequence[Any], place: str, keys: Sequence[str]) -> Iterator[str]:
    """Mistakes of a list of names that share out all of each key."""
    names = [entry.name for entry in part]
    if len(set(names)) < len(names):
        yield f"{place}: {next(n for n in names if names.count(n) > 1)!r} is listed twice."
    for key in keys if part else ():
        total = sum(getattr(entry, key) for entry in part)
        if abs(total - 1) > 0.01:
            yield f"{place}: {key} add up to {total:g}; give shares that make 1 together."


def _of_strata(frames: FramesSpec) -> Iterator[str]:
    for frame in ("landline", "mobile"):
        part, place = getattr(frames, frame).strata, f"frame.{frame}.strata"
        yield from _of_shares(part, place, ("working", "others"))
        if part and not any(entry.rate * entry.working for entry in part):
            yield f"{place}: no stratum with numbers that work is dialled; give one a rate above 0."
