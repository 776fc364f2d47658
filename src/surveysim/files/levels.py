"""What a level is called: by its code, by its label, or by both where a label spells another code."""

import unicodedata
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..errors import DataError, SurveysimWarning
from .spelling import spelt_as


def both(label: str, code: str) -> str:
    """The name of a level that can only be read in one way."""
    return f"{label} ({code})"


def crossed(known: Mapping[str, str], codes: Iterable[str]) -> dict[str, str]:
    """{level: code whose label it is} of levels that are also another code, so that they can be read in two ways.

    known : {code: label}. codes : those that rows have.
    """
    every = set(known) | set(codes)
    return {
        spelt_as(label): code for code, label in known.items() if spelt_as(label) != code and spelt_as(label) in every
    }


def named(path: Path, name: str, codes: Sequence[str], known: Mapping[str, str], levels: Iterable[str]) -> list[str]:
    """Codes that rows of a column have, as the levels somebody asks for name them: codes, labels, or `label (code)`.

    A level that is one row's code and another's label is refused, unless the levels together leave one reading.
    """
    rows = set(codes)
    wanted, labels = set(levels), {spelt_as(label): label for label in known.values()}
    exact = {both(label, code): code for code, label in known.items() if both(label, code) in wanted}
    plain = wanted - set(exact)
    as_codes, as_labels = plain <= set(known) | rows, plain <= set(labels)
    twofold = crossed(known, rows)
    doubtful = sorted(plain & set(twofold)) if as_codes == as_labels else []
    if doubtful:
        level = doubtful[0]
        other = twofold[level]
        raise DataError(
            f"{path}: {name} = {level!r} can be the label {level!r}, of code {other}, or the code {level}, whose label is "
            f"{known.get(level, 'not given')!r}. Write {both(known[other], other)!r} or {both(known.get(level, level), level)!r}."
        )
    found, renamed = list(codes), False
    if (as_labels and not as_codes) or (not as_codes and not plain & (set(known) | rows) and plain & set(labels)):
        _refuse_twice(path, name, known)
        names, renamed = {code: spelt_as(label) for code, label in known.items()}, True
        found = [names.get(code, code) for code in codes]
    elif twofold and plain & (set(known) | rows):
        _say(path, f"levels of {name!r} are read as codes", known, twofold)
    if exact:
        forms = {code: form for form, code in exact.items()}
        found, renamed = [forms.get(code, level) for code, level in zip(codes, found, strict=True)], True
    _refuse_lookalikes(path, name, wanted, set(found) | (set() if renamed else set(labels)))
    return found


def say_if_crossed(path: Path, what: str, known: Mapping[str, str], codes: Iterable[str]) -> None:
    """Warn where names of levels or numbers can be read in two ways."""
    twofold = crossed(known, codes)
    if twofold:
        _say(path, what, known, twofold)


def _say(path, what, known, twofold):
    level, code = next(iter(twofold.items()))
    warnings.warn(
        f"{path}: {what}; the label {level!r} is that of code {code}, and {level} is another code.",
        SurveysimWarning,
        stacklevel=5,
    )


def _refuse_twice(path, name, known):
    labels = list(known.values())
    if len(set(labels)) < len(labels):
        twice = next(v for v in labels if labels.count(v) > 1)
        raise DataError(f"{path}: {name!r} has the label {twice!r} twice; name its levels by their codes.")


def _refuse_lookalikes(path, name, wanted, there):
    """Say which levels that nobody has look like one that is there; warn where rows have levels that look the same."""
    seen = {}
    for level in there:
        seen.setdefault(alike(level), set()).add(level)
    pairs = [(level, min(seen[alike(level)])) for level in sorted(wanted - there) if seen.get(alike(level))]
    if pairs:
        text = ", ".join(f"{a!r} is {b!r} in the file ({difference(a, b)})" for a, b in pairs[:4])
        raise DataError(f"{path}: levels of {name!r} are spelt in another way: {text}. Write them as the file does.")
    for level in wanted & there:
        same = {v for v in seen[alike(level)] if unicodedata.normalize("NFC", v) == unicodedata.normalize("NFC", level)}
        if len(same) > 1:
            warnings.warn(
                f"{path}: {name!r} has {len(same)} levels that look like {level!r} ({difference(*sorted(same)[:2])}).",
                SurveysimWarning,
                stacklevel=5,
            )


def alike(text: object) -> str:
    """The same text for all that look alike: composed letters, full width, capitals, blanks."""
    return " ".join(unicodedata.normalize("NFKC", str(text)).casefold().split())


def difference(a: str, b: str) -> str:
    """In words, why two texts that look alike are not the same."""
    if unicodedata.normalize("NFC", a) == unicodedata.normalize("NFC", b):
        return "the same letters, composed in another way: Unicode NFC and NFD"
    if a.split() == b.split():
        return "other blanks"
    if a.casefold() == b.casefold():
        return "other capitals"
    return "other characters that look the same"
