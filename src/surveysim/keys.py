"""Nested keys of a specification: merged, flattened, written as TOML; and TOML that comes with the package."""

import json
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Nested keys with some of them changed; a copy."""
    result = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merge(result[key], value) if both else value
    return result


def nested(key: str, value: Any) -> dict[str, Any]:
    """{"a": {"b": value}} of "a.b"."""
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


def flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"a.b": value} of nested keys; lists and values as they are."""
    found = {}
    for key, value in data.items():
        if isinstance(value, dict) and value:
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def toml(data: Mapping[str, Any]) -> str:
    """Nested keys as TOML that reads back as the same; keys without a value are left out."""
    lines = [f"{_key(key)} = {_toml(value)}" for key, value in data.items() if not isinstance(value, dict)]
    for key, value in data.items():
        if isinstance(value, dict):
            lines += [
                "",
                f"[{_key(key)}]",
                *(f"{_dotted(k)} = {_toml(v)}" for k, v in flat(value).items() if v is not None),
            ]
    return "\n".join(lines).strip() + "\n"


@cache
def packaged(room: str, name: str) -> dict[str, Any]:
    """What a TOML file beside the code of a room says, read once; nobody changes it."""
    return tomllib.loads((files(room) / name).read_text(encoding="utf-8"))


def _key(key: str) -> str:
    return (
        key
        if key.replace("_", "").replace("-", "").isalnum() and key.isascii()
        else json.dumps(key, ensure_ascii=False)
    )


def _dotted(key: str) -> str:
    return ".".join(_key(part) for part in key.split("."))


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)} = {_toml(v)}" for k, v in value.items() if v is not None) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)
