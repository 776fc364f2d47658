"""Keys of a survey or a study in layers: a file on top of the file or the preset it extends."""

import tomllib
from copy import deepcopy
from importlib.resources import files

from .. import guards
from ..display import short
from ..errors import SpecError
from ..guards import sight
from ..keys import merge, nested, packaged
from ..naming import did_you_mean

DEEPEST = 32  # levels of keys; the schema has six


def read(path, changes=()):
    """Keys of a file on top of what it extends, with changes "a.b=c" applied."""
    return with_changes(read_layers(guards.path(path, "path", error=SpecError)), changes)


def with_changes(data, changes):
    """A copy of the keys with changes such as "study.repetitions=50"; values are TOML, or else text."""
    for change in guards.words(changes, "changes", error=SpecError) or ():
        key, sign, text = change.partition("=")
        if not sign or not key.strip():
            raise SpecError(f"--set {sight(change)}: write key=value, such as study.repetitions=50.")
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except RecursionError:
            raise SpecError(f"--set {sight(change)}: the value is nested too deep.") from None
        except ValueError:
            value = text.strip()
        data = merge(data, shallow(nested(key.strip(), value), f"--set {sight(change)}"))
    return data


def read_layers(path, above=()):
    """Keys of a preset, or of a file on top of those of the preset or file it extends."""
    if str(path) in presets():
        return preset_keys(str(path))
    place = short(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise SpecError(
            f"{place}: there is no such file. Give a TOML file or a preset ({', '.join(presets())})."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{place}: cannot be read ({getattr(error, 'strerror', None) or error}).") from None
    except RecursionError:
        raise _too_deep(place) from None
    except ValueError as error:  # also numbers of thousands of digits, and names no file can have
        raise SpecError(f"{place}: is not valid TOML: {short(error)}.") from None
    return extended(data, path, above)


def shallow(data, place):
    """The keys, if they are not nested deeper than any key is."""
    level = [data]
    for _ in range(DEEPEST):
        inner = (v for item in level for v in (item.values() if isinstance(item, dict) else item))
        level = list({id(v): v for v in inner if isinstance(v, dict | list | tuple)}.values())
        if not level:
            return data
    raise _too_deep(place)


def _too_deep(place):
    return SpecError(f"{place}: keys are nested too deep; no key of a survey or a study has {DEEPEST} levels.")


def extended(data, path, above=()):
    """Keys on top of those of the preset, or the file beside `path`, that their `extends` names."""
    data = _beside(dict(shallow(data, short(path))), path)
    base = data.pop("extends", None)
    if base is None:
        return data
    if isinstance(base, str) and base in presets():
        return merge(preset_keys(base), data)
    file = path.parent / base if isinstance(base, str) else path
    if not isinstance(base, str) or not _is_file(file):
        hint = did_you_mean(base, presets(), "")
        raise SpecError(
            f"{short(path)}: extends = {sight(base)}: there is no preset {sight(base)}{hint} "
            f"and no such file beside this one. Presets: {', '.join(presets())}."
        )
    if file.resolve() in above:
        raise SpecError(f"{short(path)}: extends = {sight(base)}: the files extend each other in a circle.")
    return merge(read_layers(file, (*above, path.resolve())), data)


def _beside(data, path):
    """The keys, a folder of facts that lies beside their file by a path that holds anywhere."""
    population = data.get("population")
    folder = population.get("folder") if isinstance(population, dict) else None
    if not isinstance(folder, str) or not (path.parent / folder).is_dir():
        return data
    return data | {"population": population | {"folder": str((path.parent / folder).absolute())}}


def _is_file(path):
    try:
        return path.is_file()
    except OSError:  # a name that is too long for one
        return False


def preset_keys(name):
    """Keys of a preset, on top of those of the preset it extends."""
    data = deepcopy(packaged(str(__package__), f"presets/{name}.toml"))
    base = data.pop("extends", None)
    return data if base is None else merge(preset_keys(base), data)


def presets():
    """Names of the presets that come with the package."""
    return sorted(
        path.name.removesuffix(".toml")
        for path in (files(str(__package__)) / "presets").iterdir()
        if path.name.endswith(".toml")
    )
