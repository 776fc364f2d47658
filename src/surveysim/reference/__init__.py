"""Facts about China and its 2024 internet survey, as typed tables. Sources and known holes: facts/README.md.

Codes (adcodes, area codes) are text, because area codes have leading zeros. 10k = 万 = 10,000.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from ..aliases import Ints
from ..columns import EDUCATION
from ..on_demand import Later

special = Later("scipy", ".special")
CODES = (
    "adcode",
    "province_adcode",
    "area_code",
    "area_code_other",
    "area_code_legacy",
    "local_number_digits",
    "phone_frame_unit_suggested",
    "prefix3",
)
AGES = ("00", "01_04", *(f"{a:02d}_{a + 4:02d}" for a in range(5, 85, 5)), "85p")  # the census's 19 age groups


@cache
def _read(name: str) -> pd.DataFrame:
    with (files(str(__package__)) / "facts" / f"{name}.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, dtype=dict.fromkeys(CODES, str))


def load(name: str) -> pd.DataFrame:
    """One table of facts, a fresh copy: a file name under `facts/` without `.csv`."""
    return _read(name).copy()


@cache
def digests(*names: str) -> dict[str, str]:
    """{name: digest} of tables of facts; without names those that a survey may depend on, not the registry's or those left out of fits."""
    folder = files(str(__package__)) / "facts"
    every = sorted(path.name.removesuffix(".csv") for path in folder.iterdir() if path.name.endswith(".csv"))
    wanted = names or [name for name in every if not name.startswith(("registry_", "not_fitted", "statement_"))]
    return {name: hashlib.sha256((folder / f"{name}.csv").read_bytes()).hexdigest()[:16] for name in wanted}


@cache
def provinces() -> tuple[str, ...]:
    """Adcodes of the 31 provinces, in the order every provincial array has."""
    return tuple(_read("provinces")["adcode"])


@cache
def frame_units() -> pd.DataFrame:
    """The 367 census prefectures in frame-unit order: adcode, province, unit (337 of them), names, area code, prefixes.

    A directly run county whose numbers cannot be told from a neighbour's belongs to the neighbour's unit. The unit's
    area code and number length are those of its first member that has them.
    """
    places = _read("prefectures").merge(
        _read("phone_prefix_by_prefecture")[["adcode", "n_prefix7_total"]], on="adcode", validate="1:1"
    )
    places = places.rename(columns={"phone_frame_unit_suggested": "unit"})
    places = places.sort_values(["province_adcode", "unit", "adcode"], ignore_index=True)
    digits = places["local_number_digits"].str.slice(0, 1).astype("Int64")
    places["local_digits"] = digits.groupby(places["unit"]).transform("first").astype("int64")
    places["area_code"] = places.groupby("unit")["area_code"].transform("first")
    return places


def ages_by_prefecture() -> Ints:
    """Census persons by prefecture, sex and 19 age groups, shape (367, 2, 19), in the order of `frame_units`."""
    return _by_prefecture("margins_prefecture_age_sex", AGES)


def education_by_prefecture() -> Ints:
    """Census persons aged 6+ by prefecture, sex and 7 levels, shape (367, 2, 7). See the note on ages in facts/README."""
    return _by_prefecture("margins_prefecture_education_sex", EDUCATION)


def _by_prefecture(name, levels):
    """Census persons of a table by prefecture, sex and levels."""
    table = _read(name).set_index("adcode").loc[frame_units()["adcode"]]
    columns = [f"{sex}_{level}" for sex in ("male", "female") for level in levels]
    return table[columns].to_numpy("float64").reshape(len(table), 2, len(levels))


def national(margin: str, year: int) -> float | None:
    """A year-end national margin in persons, or None where the sources give none (only 2023 and 2024 are covered)."""
    table = _read("margins_national_2023_2024").set_index("margin")
    column = f"value_{year}_yearend"
    value = table[column][margin] if column in table else np.nan
    return None if pd.isna(value) else float(value) * 1e4


def published() -> pd.DataFrame:
    """The published survey estimates (121 rows), indexed by `indicator_id`."""
    return load("published_estimates").set_index("indicator_id")


@dataclass(frozen=True, slots=True)
class Statement:
    """What a survey says of the error of its percentages: at most `moe` points at confidence `level`, or a standard error of `se` points;
    `sizes` are the numbers of interviews that it may have had."""

    moe: float
    level: float
    sizes: tuple[int, ...]

    @property
    def se(self) -> float:
        return self.moe / float(special.ndtri((1 + self.level) / 2))


@cache
def statement() -> Statement:
    """The report's statement of error; facts `published_estimates` and `statement_sizes`."""
    moe: Any = published().loc["survey_max_abs_error_95", "value_2024_12"]
    return Statement(float(moe), 0.95, tuple(int(n) for n in _read("statement_sizes")["interviews"]))


def indicators() -> pd.DataFrame:
    """How each modelled published estimate is defined: kind, numerator, denominator, unit, note (see facts/README)."""
    return load("indicators").fillna("").set_index("indicator_id")
