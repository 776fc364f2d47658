"""Names of columns in texts such as `sex,region`, `sex*age` and `age>=60`: a name may have the sign in it, alone or in double quotes.

And what a name that nobody has was meant to be.
"""

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from .errors import DataError

if TYPE_CHECKING:
    from .files.data_file import DataFile

LONGEST = 400  # characters of a word that is compared with others; nothing is close to a longer one


def near(word: object, known: Iterable[object]) -> list[str]:
    """The known name that is closest to a wrong one, as a list."""
    return difflib.get_close_matches(str(word), [*map(str, known)], 1) if len(str(word)) <= LONGEST else []


def did_you_mean(word: object, known: Iterable[object], otherwise: str = ".") -> str:
    """The end of a message about a wrong name: the known one that is closest, or something else where none is close."""
    known = list(known)
    close = near(word, known) or _begun(word, known)
    return f"; did you mean {close[0]!r}?" if close else otherwise


def _begun(word: object, known: Iterable[object]) -> list[object]:
    """The one known name that begins with a word of three letters or more; none where several do."""
    begun = [name for name in known if len(str(word)) > 2 and str(name).startswith(str(word))]
    return begun if len(begun) == 1 else []


def parted(text: str, sign: str) -> list[str]:
    """The parts of a text between signs; inside double quotes that begin a part, a sign is a character like others."""
    parts, start, at = [], 0, 0
    while at < len(text):
        if text[at] == '"' and not text[start:at].strip():
            at = _closing(text, at, sign)
        elif text[at] == sign:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return [*parts, text[start:]]


def _closing(text: str, at: int, sign: str) -> int:
    """Place of the quote that ends what begins at `at`; `at` itself where none does, so that the quote is a character."""
    end = at + 1
    while end < len(text):
        if text[end] == '"':
            if text[end + 1 : end + 2] == '"':
                end += 1
            else:
                return end
        end += 1
    return at


def unquoted(part: str) -> str:
    """A part without its quotes; as it is where it has none."""
    bare = part.strip()
    if len(bare) > 1 and bare[0] == bare[-1] == '"' and _closing(bare, 0, "") == len(bare) - 1:
        return bare[1:-1].replace('""', '"')
    return part


def quoted(name: str, signs: Iterable[str] = ",*") -> str:
    """A name as such texts have it, in quotes where it has one of the signs in it."""
    return '"' + name.replace('"', '""') + '"' if any(s in name for s in (*signs, '"')) else name


def columns_in(text: str, file: "DataFile", option: str, sign: str = ",") -> list[str]:
    """The columns of a DataFile that a text names, separated by the sign.

    A text that can be read in two ways (a column `a,b`, and columns `a` and `b`) is refused: quotes decide.
    """
    return _only(text, _readings(text, sign, partial(_one, columns=file.columns)), file, option)


def crossed_in(text: str, file: "DataFile", option: str) -> list[tuple[str, ...]]:
    """The same, where a part may be several columns joined by *: a list of tuples of names."""
    one = partial(_one, columns=file.columns)
    return _only(text, _readings(text, ",", lambda part: map(tuple, _readings(part, "*", one))), file, option)


def comparison(text: str, columns: Collection[str], what: str = "--where") -> tuple[str, str, str]:
    """(column, sign, value) of a text such as `age>=60`; a name with signs in it is one of the columns, or stands in double quotes."""
    ways = {}
    for found in re.finditer("!=|>=|<=|==|=|>|<", text):
        name, value = _one(text[: found.start()].strip(), columns), unquoted(text[found.end() :].strip())
        if name and (not ways or name[0] not in ways):
            ways[name[0]] = ("=" if found.group() == "==" else found.group(), value)
    if len(ways) > 1:
        raise DataError(
            f"{what} {text!r} can be read as a condition on {' or on '.join(map(repr, ways))}; use double quotes."
        )
    if ways:
        ((name, (sign, value)),) = ways.items()
        return name, sign, value
    found = re.fullmatch(r"\s*(.+?)\s*(!=|>=|<=|==|=|>|<)\s*(.*?)\s*", text, re.DOTALL)
    if found is None:
        raise DataError(f"{what} {text!r}: write COLUMN=LEVEL, or another of =, !=, >=, <=, >, <.")
    return unquoted(found.group(1)), found.group(2).replace("==", "="), unquoted(found.group(3))


def matching(text: str, columns: Sequence[str]) -> list[str]:
    """Columns that a pattern such as `PWGTP*` names, in the order of their numbers; a name that is one stands for itself."""
    if text in columns:
        return [text]
    pattern = re.compile(".*".join(map(re.escape, text.split("*"))) if "*" in text else re.escape(text))
    found = [name for name in columns if pattern.fullmatch(name)]
    return sorted(found, key=lambda name: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)])


def level_parts(text: str, counts: int, known: Sequence[Collection[str]] | None) -> tuple[str, ...] | None:
    """The levels, one for each of `counts` variables, that a text such as `female*60+` names, or None.

    known : sets of levels of the variables, which decide where a level has the sign in it; None knows nothing.
    """
    parts = [unquoted(part).strip() for part in parted(text, "*")]
    if len(parts) == counts:
        return tuple(parts)
    if known is None or len(parts) < counts:
        return None
    ways = [way for way in _joined(parted(text, "*"), "*", counts) if all(p in k for p, k in zip(way, known))]
    return tuple(ways[0]) if len(ways) == 1 else None


def variable_parts(text: str, columns: Collection[str] | None) -> tuple[str, ...]:
    """The variables that a text such as `sex*age` names: the data's columns decide where a name has the sign in it."""
    ways = _readings(text, "*", partial(_one, columns=columns)) if columns is not None else []
    if len(ways) > 1:
        raise DataError(
            f"the margin {text!r} can be read as {' or as '.join(_shown(way) for way in ways[:2])}; use quotes."
        )
    return tuple(ways[0]) if ways else tuple(unquoted(part).strip() for part in parted(text, "*"))


def _one(part: str, columns: Collection[str]) -> list[str]:
    """The column a part names, as a list; none where there is no such column."""
    name = unquoted(part)
    found = [name] if name in columns else [name.strip()] if name.strip() in columns else []
    if not found and name != part:  # quotes may belong to the name
        found = [part] if part in columns else []
    return found


def _readings(text: str, sign: str, one: Callable[[str], Iterable[Any]]) -> list[list[Any]]:
    """Every way (two at most) to read a text as parts between signs, each of which `one` can read."""
    pieces, ways = parted(text, sign) if sign else [text], {0: [[]]}
    for end in range(1, len(pieces) + 1):
        ways[end] = []
        for start in range(end):
            if not ways[start] or len(ways[end]) > 1:
                continue
            for found in one(sign.join(pieces[start:end])):
                ways[end] += [[*way, found] for way in ways[start]]
        ways[end] = ways[end][:2]
    return ways[len(pieces)]


def _joined(pieces: list[str], sign: str, counts: int) -> list[list[str]]:
    """Every way to join pieces to `counts` parts."""
    if counts == 1:
        return [[unquoted(sign.join(pieces)).strip()]]
    return [
        [unquoted(sign.join(pieces[:k])).strip(), *rest]
        for k in range(1, len(pieces) - counts + 2)
        for rest in _joined(pieces[k:], sign, counts - 1)
    ]


def _only(text: str, ways: list[list[Any]], file: "DataFile", option: str) -> list[Any]:
    """The only way to read a text, which names each column once."""
    if len(ways) == 1:
        (way,) = ways
        twice = next((part for k, part in enumerate(way) if part in way[:k]), None)
        if twice is not None:
            raise DataError(f"{option} {text!r} names {_shown([twice])} twice; once is enough.")
        return way
    if ways:
        raise DataError(
            f"{option} {text!r} can be read as {' or as '.join(_shown(way) for way in ways)}; put names with signs in double quotes."
        )
    names = [unquoted(part).strip() for piece in parted(text, ",") for part in (piece, *parted(piece, "*"))]
    file.missing(
        next((name for name in names if name not in file.columns and "*" not in name), text)
    )  # says what there is
    raise DataError(f"{option} {text!r}: write names of columns; put names with signs in double quotes.")


def _shown(way: Iterable[Any]) -> str:
    return " and ".join(repr(part if isinstance(part, str) else "*".join(part)) for part in way)
