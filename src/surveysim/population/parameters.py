"""Exact finite-population values: everybody is streamed once, and the sums by cell answer every question about groups.

Sums are kept by zone (province × rural/urban) or by area (prefecture × rural/urban), sex, 20 ages, 4 educations. They are
cached on disk under a fingerprint of the population's arguments, of the facts and of the code that draws people.
"""

import hashlib
import json
import os
import tempfile
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from ..columns import AGE_STARTS, VARIABLES
from ..errors import DataError, UnknownNameError
from ..kernels import people as kernels
from . import outcomes

BASE_COLUMNS = (
    "persons",
    "mobile",
    "landline",
    "mobile_and_landline",
    "mobile_numbers",
    "landlines",
    "internet",
    "internet_mobile",
    "internet_landline",
    "netizen_farming",
    "netizen_manufacturing",
)
FACTS = (
    "provinces",
    "prefectures",
    "margins_prefecture_age_sex",
    "margins_prefecture_education_sex",
    "margins_national_2023_2024",
    "phone_coverage_province",
    "phone_national",
    "phone_province_anchors",
    "published_estimates",
)
CODE = (
    "population/census.py",
    "population/telephones.py",
    "population/outcomes.py",
    "population/outcomes.csv",
    "population/synthesis.py",
    "kernels/people.py",
    "kernels/randomness.py",
)


@cache
def column_names():
    """Names of the sums, in the order of the last axis."""
    return (*BASE_COLUMNS, *outcomes.definitions()["name"], "weekly_hours")


@cache
def _sources_digest():
    root = files("surveysim")
    digest = hashlib.sha256()
    for path in (*(f"reference/facts/{name}.csv" for name in FACTS), *CODE):
        digest.update(path.encode() + b"\0" + (root / path).read_bytes())
    return digest.hexdigest()


def fingerprint(arguments):
    """Hex digest of the arguments of a population, the facts and the code it is drawn with."""
    text = json.dumps({"arguments": arguments, "sources": _sources_digest()}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def cache_folder():
    """Where exact parameter tables are kept: $SURVEYSIM_CACHE, else ~/.cache/surveysim."""
    return Path(os.environ.get("SURVEYSIM_CACHE") or Path.home() / ".cache" / "surveysim")


def shipped():
    """Fingerprint and path of the parameter table that comes with the package (the preset's)."""
    path = files(__package__) / "preset_parameters.npz"
    if not path.is_file():
        return None, path
    with path.open("rb") as file:
        return str(np.load(file)["fingerprint"]), path


def stream(people, progress=None, workers=None):
    """Sums over everybody, shape (A, 2, 20, 4, columns), int64; `progress` is called with persons done.

    Areas are the blocks: each is summed by one thread into its own slice, so that the result does not depend on threads.
    """
    areas = len(people.area_zone)
    education = outcomes.EDUCATION_4
    columns = len(column_names())
    result = np.zeros((areas, 2, len(AGE_STARTS), 4, columns), np.int64)
    first = np.searchsorted(people.class_area, np.arange(areas + 1))

    def one(area):
        sums = np.zeros((1, kernels.N_CELLS, columns), np.int64)
        kernels.tally(people, first[area], first[area + 1], area, sums)
        np.add.at(
            np.moveaxis(result[area], 2, 0), education, np.moveaxis(sums.reshape(2, len(AGE_STARTS), -1, columns), 2, 0)
        )
        return people.class_person[first[area + 1]] - people.class_person[first[area]]

    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        for done in pool.map(one, range(areas)):
            if progress is not None:
                progress(int(done))
    return result


def by_zone(sums, area_zone):
    """Sums over the 62 zones from sums over areas."""
    result = np.zeros((62, *sums.shape[1:]), sums.dtype)
    np.add.at(result, area_zone, sums)
    return result


def save(path, mark, sums):
    """Write a table of sums so that a reader never sees half of it."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "wb") as file:
        np.savez_compressed(
            file, fingerprint=mark, sums=sums.astype(np.uint64 if sums.max() > 2**32 - 1 else np.uint32)
        )
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def load(path, mark):
    """Sums from a file, or None when it is absent, damaged or of another fingerprint."""
    try:
        with open(path, "rb") as file:
            table = np.load(file)
            return table["sums"].astype(np.int64) if str(table["fingerprint"]) == mark else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None


def split(expression):
    """Variables of an expression such as "internet*age_60plus": the summed column, and the group variables."""
    names = [name.strip() for name in expression.split("*")]
    groups = [name for name in names if name in VARIABLES]
    rest = [name for name in names if name not in VARIABLES]
    known = (*column_names(), "nonuser")
    for name in rest:
        if name not in known:
            raise UnknownNameError(
                f"{name!r} in {expression!r} is no variable of the population. Known: groups "
                f"{', '.join(VARIABLES)}; sums {', '.join(known)}."
            )
    if len(rest) > 1:
        raise DataError(f"{expression!r} names {len(rest)} summed variables ({', '.join(rest)}); name one, and groups.")
    return (rest[0] if rest else "persons"), groups


def column_of(sums, name):
    """The sums of one variable, shape (zones, 2, 20, 4); non-users are people aged 6+ who are no netizens."""
    names = column_names()
    if name == "nonuser":
        value = sums[..., 0] - sums[..., names.index("internet")]
        value[:, :, :3] = 0
        return value
    value = sums[..., names.index(name)]
    return value / 10 if name == "weekly_hours" else value


def group_mask(names, shape):
    """Boolean mask over (zones or areas, sex, age, education) of the people in all of the named groups."""
    first = np.array(AGE_STARTS)
    mask = np.ones(shape, bool)
    for name in names:
        column, low, high = VARIABLES[name]
        if column == "age":
            inside, axis = (first >= low) & (first <= high), 2
        elif column == "urban":
            inside, axis = (np.arange(shape[0]) % 2 >= low) & (np.arange(shape[0]) % 2 <= high), 0
        else:
            axis = 1 if column == "sex" else 3
            inside = (np.arange(shape[axis]) >= low) & (np.arange(shape[axis]) <= high)
        mask &= np.expand_dims(inside, [a for a in range(4) if a != axis])
    return mask


def indicator_value(row, total, scale=1.0):
    """A published estimand from a function `total(expression)`: the one place that says what the kinds mean.

    known and ratio: 100 × numerator / denominator; mean: numerator / denominator; total: numerator in 10k persons;
    complement: denominator − numerator in 10k; complement_ratio: the same as a share of all non-users.
    """
    number = total(row.numerator)
    if row.kind == "total":
        return number * scale / 1e4
    base = total(row.denominator)
    if row.kind == "complement":
        return (base - number) * scale / 1e4
    if row.kind == "complement_ratio":
        return 100 * (base - number) / (total("persons") - total("internet"))
    return number / base * (1 if row.kind == "mean" else 100)
