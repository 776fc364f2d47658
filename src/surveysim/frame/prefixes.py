"""Prefix and exchange codes of every frame unit, as whole numbers with a leading 1 so that leading zeros survive.

The code 1 0571 8812 stands for the landline exchange 8812 of area 0571; 1 1390001 for the mobile prefix 1390001.
"""

import importlib.resources
import importlib.util

import numpy as np

from .. import reference
from ..aliases import Array, Ints
from ..errors import DataError
from ..kernels import randomness
from ..kernels.numbers import SUFFIXES

# Places of `phone.dat` that are parts of a prefecture, or its everyday name
PLACES = {
    "临河": "巴彦淖尔", "乌兰浩特": "兴安", "海拉尔": "呼伦贝尔", "集宁": "乌兰察布", "锡林郭勒盟": "锡林郭勒", "珲春": "延边",
    "西昌": "凉山", "巢湖": "合肥", "莱芜": "济南", "克州": "克孜勒苏", "博乐": "博尔塔拉", "博州": "博尔塔拉", "奎屯": "伊犁",
    "巴州": "巴音郭楞", "库尔勒": "巴音郭楞", "雄安": "保定", "潢川": "信阳", "江汉": "潜江", "吉首": "湘西", "万州": "重庆",
    "涪陵": "重庆", "黔江": "重庆", "格尔木": "海西", "海晏": "海北",
}  # fmt: skip


def _shuffled(n, size, key):
    """The first n places of a keyed random order of 0 .. size - 1."""
    image = np.empty(n, np.int64)
    randomness.permute_all(np.arange(n), size, key, False, image)
    return image


def shipped(counts: Ints, key: int) -> Array:
    """Mobile prefixes from the real number of prefixes in each three-digit segment; which unit has which is random."""
    segments = reference.load("phone_prefix_by_segment")
    every = np.concatenate(
        [int("1" + p) * SUFFIXES + np.arange(n) for p, n in zip(segments["prefix3"], segments["n_prefix7_total"])]
    )
    return every[_shuffled(int(counts.sum()), len(every), key)]


def from_phone(counts: Ints, key: int) -> Array:
    """The real mobile prefixes of every unit, from the package `phone` (extra "frame"); a random part where fewer are wanted.

    Raises
    ------
    DataError : the package is absent, or its places are not the ones this version knows.
    """
    if importlib.util.find_spec("phone") is None:
        raise DataError(
            'prefixes = "phone" needs the package phone 0.4.5: pip install "surveysim-dualframe[frame]"; '
            'or use prefixes = "shipped", the same counts with random codes.'
        )
    data = (importlib.resources.files("phone") / "phone.dat").read_bytes()
    index = np.frombuffer(data, np.dtype([("prefix", "<i4"), ("record", "<i4"), ("kind", "u1")]), offset=_int(data, 4))
    records, record = np.unique(index["record"], return_inverse=True)
    places = reference.frame_units()
    units = np.unique(places["unit"].to_numpy(str))
    unit = np.array([_unit(data[r : data.index(b"\0", r)].decode(), places) for r in records])
    unknown = np.setdiff1d(unit, units)
    if len(unknown):
        raise DataError(
            f"phone.dat has the place {unknown[0]!r}, which is no prefecture of 2020. Install phone==0.4.5, the version "
            f"whose places are known here."
        )
    owner = np.searchsorted(units, unit)[record]
    order = np.argsort(owner, kind="stable")
    codes, held = 10_000_000 + index["prefix"][order].astype(np.int64), np.bincount(owner, minlength=len(units))
    starts, result = np.cumsum(held) - held, []
    for u, (n, have) in enumerate(zip(counts, held)):
        if n > have:
            raise DataError(
                f"unit {units[u]} needs {int(n)} mobile prefixes and phone.dat has {int(have)}. Install phone==0.4.5."
            )
        result.append(np.sort(codes[starts[u] + _shuffled(int(n), int(have), key + np.uint64(u))]))
    return np.concatenate(result)


def _int(data, at):
    return int.from_bytes(data[at : at + 4], "little")


def _unit(record, places):
    """Frame unit of a record such as "云南|临沧|677000|0883"; the place itself where it is not known."""
    place = record.split("|")[1]
    rows = places.loc[places["name_zh"].str.startswith(PLACES.get(place, place)), "unit"]
    return rows.iloc[0] if len(rows.unique()) == 1 else place


def exchanges(counts: Ints, key: int) -> Array:
    """Landline exchanges: random choices of 200-899 (7-digit numbers) or 2000-8999 (8 digits), none twice in an area."""
    places = reference.frame_units().drop_duplicates("unit")
    result, used = [], {}
    for area, digits, count in zip(places["area_code"], places["local_digits"], counts):
        low, possible = (200, 700) if digits == 7 else (2000, 7000)
        first = used.get(area, 0)
        image = np.empty(count, np.int64)
        randomness.permute_all(np.arange(first, first + count), possible, key + np.uint64(int(area)), False, image)
        used[area] = first + count
        result.append(int("1" + area) * (1000 if digits == 7 else 10_000) + low + np.sort(image))
    return np.concatenate(result)


def running(counts: Ints, kind: str) -> Array:
    """Codes for a country without known ones: mobile 1xxxxxx, landline 0 + unit + exchange."""
    total = int(counts.sum())
    if kind == "mobile":
        return 11_000_000 + np.arange(total)
    unit = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    return (10_001 + unit) * 100_000 + 10_000 + within
