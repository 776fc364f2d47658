"""Mistakes of a specification in our words: all at once, each with its path."""

import typing
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ValidationError

from ..display import short
from ..errors import SpecError
from ..guards import sight
from ..naming import did_you_mean, near
from .layers import shallow

Spec = typing.TypeVar("Spec", bound=BaseModel)
LINES = 50  # mistakes that are told


def told(mistakes: Sequence[str]) -> str:
    """Mistakes as the text of one error: one line each, the first ones, each of a length that can be read."""
    mistakes = list(dict.fromkeys(mistakes))
    more = [f"and {len(mistakes) - LINES:,} more mistakes."] if len(mistakes) > LINES else []
    return "\n".join([*map(short, mistakes[:LINES]), *more])


def checked(kind: type, data: Mapping[str, typing.Any], place: str) -> tuple[typing.Any, list[str]]:
    """(spec or None, mistakes) of keys: every mistake is one line with its path and, for unknown keys, the nearest known one."""
    shallow(data, place)
    try:
        spec = kind.model_validate(data)
    except ValidationError as error:
        lines, problems = {}, error.errors()
        deeper = {problem["loc"][:-1] for problem in problems}
        for problem in problems:
            if problem["type"] == "too_short" and problem["loc"] in deeper:
                continue  # its entries are wrong, and so left out
            where, text = _explain(kind, problem, place)
            lines.setdefault(where, []).append(text)  # a key that may be of several kinds has a mistake of each
        return None, [where + " or ".join(dict.fromkeys(t)) for where, t in lines.items()]
    return spec, spec.mistakes_between(place)


def valid(kind: type[Spec], data: Mapping[str, typing.Any], place: str) -> Spec:
    """The spec of some keys; SpecError with all mistakes."""
    spec, mistakes = checked(kind, data, place)
    if spec is None or mistakes:
        raise SpecError(told(mistakes))
    return spec


def _explain(cls, problem, place):
    """File and key path, and what is wrong with it, or the nearest known key."""
    unknown = problem["type"] == "extra_forbidden"
    path, used = [], 0
    model: typing.Any = cls
    parent: typing.Any = None
    for part in problem["loc"]:
        fields = getattr(model, "model_fields", {})
        inner = next((kind for kind in _choices(typing.get_args(model)) if hasattr(kind, "model_fields")), None)
        if isinstance(part, int) and inner is not None:  # an entry of a list of tables
            path[-1], model, used = f"{path[-1]}[{part}]", inner, used + 1
            continue
        if not fields and inner is not None:  # a table that may be left out
            model, fields = inner, inner.model_fields
        if part not in fields and not (unknown and fields):
            break  # what follows names pydantic's own machinery
        path.append(str(part))
        used += 1
        parent, model = model, fields[part].annotation if part in fields else None
    where = ".".join(path)
    if unknown:
        known = did_you_mean(path[-1], parent.model_fields, f". Known: {', '.join(parent.model_fields)}.")
        return f"{place}: unknown key {where!r}", known
    own = problem.get("ctx", {}).get("error")  # a refusal of ours, in our words
    text = str(own) if isinstance(own, SpecError) else problem["msg"][0].lower() + problem["msg"][1:]
    if problem["type"] == "tuple_type":
        tables = "[[" + where + "]]"
        text = (
            f"write {tables}, once for each"
            if where in ("methods", "estimands", "scenarios")
            else f"give a list, such as [{sight(problem['input'])}]"
        )
    inside = [part for part in problem["loc"][used:] if isinstance(part, int)]
    if not path or (problem["type"] == "missing" and not inside):
        return f"{place}: {'.'.join(str(p) for p in problem['loc'])}", " is needed and not there."
    values = typing.get_args(parent.model_fields[path[-1].partition("[")[0]].annotation)
    if inside and problem["type"] == "missing":
        return (
            f"{place}: {where} = {sight(problem['input'])}: ",
            f"has {len(problem['input'])} values; give {len(values)}.",
        )
    if problem["type"] == "literal_error":
        close = near(str(problem["input"]), [v for v in _choices(values) if isinstance(v, str)])
        text += f" (did you mean {close[0]!r}?)" if close else ""
    place_in = f"[{inside[0]}]" if inside else ""
    return f"{place}: {where}{place_in} = {sight(problem['input'])}: ", text + "."


def _choices(kinds):
    """Values of the literals among some types."""
    for kind in kinds:
        inner = typing.get_args(kind)
        yield from _choices(inner) if inner else (kind,)
