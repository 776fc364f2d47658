"""A country as a folder of CSV files: read, and refused where a fact is missing or contradicts another, with file and line.

Where `from_margins` takes tables that a program has made, a folder is written by hand; docs/how-to/third-country.md says what is in it.
"""

import csv
import io
import math
from dataclasses import dataclass
from importlib.resources.abc import Traversable

import numpy as np
import pandas as pd

from ..aliases import Floats
from ..errors import DataError, UnknownNameError
from ..naming import did_you_mean
from .country_tables import MOST_CELLS, RESERVED, refuse_other_sums

CROSS = "*"
MOST_MEMBERS = 16
STATUSES = ("landline_only", "both", "mobile_only", "none")
UNIONS = {"landline": (0, 1), "mobile": (1, 2), **{name: (k,) for k, name in enumerate(STATUSES)}}
TAKEN = (  # by columns of persons and of interviews
    *(
        *RESERVED,
        "area",
        "telephone",
        *UNIONS,
        "n_mobile",
        "n_eligible",
        "frame",
        "stratum",
        "psu",
        "domain",
        "number_area",
    ),
    *("number_space", "unit_interviews", "unit_dialled", "rate_landline", "rate_mobile"),
    *("probability_landline", "probability_mobile"),
)
SECOND = ("second_landline", "second_mobile")  # of those who have one
NEEDED = {
    "areas.csv": "area, and any columns that areas are grouped by, such as region",
    "margins.csv": "variable, level, and a column of persons for every area",
    "telephone.csv": "status, variable, level, percent",
    "outcomes.csv": "outcome, variable, level, percent",
}
GIVEN = {  # may be left out
    "households.csv": ("members", "percent"),
    "roles.csv": ("role", "variable", "level", "weight"),
    "likeness.csv": ("variable", "likeness"),
    "indicators.csv": ("name", "numerator", "denominator", "published"),
}


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of persons, of all or of those with a level of a variable: from which line of the file."""

    name: str
    variable: str
    level: str
    share: float
    line: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What a folder says.

    Attributes
    ----------
    areas : table indexed by area, its columns are attributes. levels : {variable: labels}.
    margins : [(places of its variables, totals (areas, levels of the first, …))].
    households : [(roles of the members, share of households)]. roles : {role: {variable: weights of levels}}.
    likeness : (variables,). telephone, outcomes : rates. second : shares with a second number of each kind.
    indicators : table name, numerator, denominator, published.
    """

    areas: pd.DataFrame
    levels: dict[str, list[str]]
    margins: list[tuple[tuple[int, ...], Floats]]
    households: list[tuple[tuple[str, ...], float]]
    roles: dict[str, dict[str, Floats]]
    likeness: Floats
    telephone: list[Rate]
    second: tuple[float, float]
    outcomes: list[Rate]
    indicators: pd.DataFrame

    @property
    def outcome_names(self) -> tuple[str, ...]:
        """Outcomes in the order of the file."""
        return tuple(dict.fromkeys(rate.name for rate in self.outcomes))

    @property
    def answers(self) -> tuple[str, ...]:
        """What persons answer: whether they have each telephone, and the outcomes."""
        return ("landline", "mobile", *self.outcome_names)

    @property
    def groups(self) -> dict[str, list[str]]:
        """{variable or attribute of areas, "area" too: its labels}: what persons are grouped by."""
        return (
            self.levels
            | {str(name): sorted(set(self.areas[name])) for name in self.areas}
            | {"area": list(self.areas.index)}
        )

    def product(self, expression: str) -> tuple[str, list[tuple[str, str]]]:
        """What is counted, and the groups it is counted in, of an expression such as "online*age=60+"; refuses what persons do not have."""
        factors = [factor.strip() for factor in expression.split(CROSS)]
        counted, known = (
            [factor for factor in factors if "=" not in factor],
            ("persons", *self.answers),
        )
        for name in counted:
            if name not in known:
                hint = did_you_mean(name, known, f"; there are {', '.join(known)}.")
                raise UnknownNameError(f"{expression!r}: {name!r} is no outcome{hint}")
        groups = [
            (column.strip(), level.strip()) for column, _, level in (f.partition("=") for f in factors if "=" in f)
        ]
        for column, level in groups:
            if level not in self.groups.get(column, ()):
                raise UnknownNameError(f"{expression!r}: nobody is in the group {column}={level}.")
        real = [name for name in counted if name != "persons"]
        if len(real) > 1:
            raise UnknownNameError(
                f"{expression!r} names {len(real)} outcomes; name one, times groups such as age=60+."
            )
        return real[0] if real else "persons", groups


def read(folder: Traversable) -> Facts:
    """The facts of a folder (a path, or a folder of a package)."""
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder of facts.")
    areas = _table(folder, "areas.csv", ("area",)).set_index("area")
    for area in areas.index[areas.index.duplicated()]:
        raise DataError(f"{folder / 'areas.csv'}: area {area!r} is listed twice.")
    for name in {*areas} & {*TAKEN, ""}:
        raise DataError(f"{folder / 'areas.csv'}: {name!r} cannot name an attribute of areas: it names something else.")
    levels, margins = _margins(folder, areas)
    known = levels | {name: sorted(set(areas[name])) for name in areas}
    households = _households(folder)
    telephone = _rates(folder, "telephone.csv", "status", known, (*UNIONS, *SECOND))
    outcomes = _rates(folder, "outcomes.csv", "outcome", known | {"telephone": list(UNIONS)})
    for name in {rate.name for rate in outcomes} & {*TAKEN, *known}:
        raise DataError(f"{folder / 'outcomes.csv'}: {name!r} cannot name an outcome: it names something else.")
    second = [next((r.share for r in telephone if r.name == name), 0.0) for name in SECOND]
    found = Facts(
        areas,
        levels,
        margins,
        households,
        _roles(folder, levels, {role for members, _ in households for role in members}),
        _likeness(folder, levels),
        [rate for rate in telephone if rate.name not in SECOND],
        (second[0], second[1]),
        outcomes,
        _table(folder, "indicators.csv", GIVEN["indicators.csv"]),
    )
    _refuse_no_overall(folder, found)
    _refuse_indicators(folder / "indicators.csv", found)
    return found


def _refuse_indicators(file, facts):
    """Names are there once, published values are numbers or nothing, expressions are of what persons have."""
    table = facts.indicators
    twice = table["name"].duplicated().to_numpy() | (table["name"] == "").to_numpy()
    if twice.any():
        row = int(np.argmax(twice))
        raise DataError(
            f"{file}, line {table.index[row]}: name = {table['name'].iloc[row]!r}; give every indicator a name of its own."
        )
    _numbers(file, table[table["published"] != ""], "published", -math.inf)
    for row, (numerator, denominator) in enumerate(table[["numerator", "denominator"]].itertuples(index=False)):
        for expression in (numerator, *([denominator] if denominator else [])):
            try:
                facts.product(expression)
            except UnknownNameError as error:
                raise DataError(f"{file}, line {table.index[row]}: {error}") from None


def _table(folder, name, columns):
    """A CSV file as a table of texts by the lines they are in; refuses a file that is not there, and columns that are not."""
    file = folder / name
    if not file.is_file():
        if name in NEEDED:
            raise DataError(f"{folder}: there is no {name}, which a country needs; its columns are {NEEDED[name]}.")
        return pd.DataFrame(columns=list(columns), dtype=object)
    try:
        head, *rows = _records(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{file} cannot be read as CSV in UTF-8 ({error}).") from None
    names = head[1]
    if len(set(names)) < len(names):
        raise DataError(f"{file} has the column {next(c for c in names if names.count(c) > 1)!r} twice; keep one.")
    for line, row in rows:
        if len(row) > len(names):
            raise DataError(
                f"{file}, line {line} has {len(row)} values for {len(names)} columns; quote values with commas."
            )
    padded = [row + [""] * (len(names) - len(row)) for _, row in rows]
    table = pd.DataFrame(padded, [line for line, _ in rows], names, dtype=object)
    missing = [c for c in columns if c not in table]
    if missing:
        raise DataError(f"{file} has no column {missing[0]!r}; it has {', '.join(table.columns)}.")
    if len(table) == 0 and name in NEEDED:
        raise DataError(f"{file} has no rows; its columns are {NEEDED[name]}.")
    return table


def _records(text):
    """[(line it begins in, cells)] of a CSV text, the names of its columns first; lines without a cell are none."""
    reader, found, line = csv.reader(io.StringIO(text), skipinitialspace=True), [], 1
    for row in reader:
        cells = [cell.strip() for cell in row]
        found += [(line, cells)] if any(cells) else []
        line = reader.line_num + 1
    return found or [(1, [])]


def _numbers(file, table, column, low=0.0, high=math.inf):
    """A column as numbers; refuses others, and those outside low to high, with their line."""
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float)
    bad = ~((values >= low) & (values <= high) & np.isfinite(values))
    if bad.any():
        row = int(np.argmax(bad))
        span = f" from {low:g} to {high:g}" if high < math.inf else "" if low < -1 else f" of {low:g} or more"
        raise DataError(
            f"{file}, line {table.index[row]}: {column} = {table[column].iloc[row]!r}; give a number{span} "
            f"({int(bad.sum())} of {len(table)} rows have none)."
        )
    return values


def _margins(folder, areas):
    """{variable: labels} and [(places of variables, totals (areas, …))] of margins.csv, areas in the order of areas.csv."""
    file = folder / "margins.csv"
    table = _table(folder, "margins.csv", ("variable", "level", *areas.index))
    extra = [c for c in table if c not in ("variable", "level", *areas.index)]
    if extra:
        hint = did_you_mean(extra[0], areas.index)
        raise DataError(f"{file}: {extra[0]!r} is no area of areas.csv{hint}")
    totals = np.stack([_numbers(file, table, area) for area in areas.index])
    levels: dict[str, list[str]] = {}
    rows: dict[str, dict[tuple[str, ...], int]] = {}
    for row, (variable, level) in enumerate(zip(table["variable"], table["level"], strict=True)):
        names, parts = variable.split(CROSS), tuple(level.split(CROSS))
        if len(names) != len(parts) or "" in parts or len(set(names)) < len(names):
            raise DataError(
                f"{file}, line {table.index[row]}: {level!r} is no level of {variable!r}; write a*b for a cross of two."
            )
        for name, part in zip(names, parts, strict=True):
            if name in (*TAKEN, "") or name in areas:
                raise DataError(
                    f"{file}, line {table.index[row]}: {name!r} cannot name a variable: it names something else."
                )
            levels.setdefault(name, [])
            levels[name] += [part] if part not in levels[name] else []
        if parts in rows.setdefault(variable, {}):
            raise DataError(f"{file}, line {table.index[row]}: {variable} {level!r} is listed twice.")
        rows[variable][parts] = row
    if math.prod(map(len, levels.values())) > MOST_CELLS:
        raise DataError(
            f"{file}: {len(levels)} variables make more than {MOST_CELLS:,} cells; merge levels or leave a variable out."
        )
    found = [_one_margin(file, variable, at, levels, totals) for variable, at in rows.items()]
    refuse_other_sums(file, list(rows), found, areas.index, levels)
    return levels, found


def _one_margin(file, variable, at, levels, totals):
    """A margin with its axes in the order of the variables; combinations that no row has are empty."""
    names = variable.split(CROSS)
    shape = [len(levels[name]) for name in names]
    if len(names) == 1 and len(at) < shape[0]:
        absent = next(level for level in levels[variable] if (level,) not in at)
        raise DataError(f"{file}: variable {variable!r} has no row for {absent!r}, which crosses have.")
    result = np.zeros((len(totals), *shape))
    for parts, row in at.items():
        result[(slice(None), *(levels[n].index(p) for n, p in zip(names, parts, strict=True)))] = totals[:, row]
    places = [list(levels).index(name) for name in names]
    order = sorted(range(len(names)), key=places.__getitem__)
    return tuple(places[k] for k in order), result.transpose(0, *(1 + k for k in order))


def _households(folder):
    """[(roles, share of households)]; everybody alone where nothing is said."""
    file, table = folder / "households.csv", _table(folder, "households.csv", GIVEN["households.csv"])
    if len(table) == 0:
        return [(("person",), 1.0)]
    share = _numbers(file, table, "percent", 0, 100)
    if abs(share.sum() - 100) > 0.5:
        raise DataError(f"{file}: percent of households adds up to {share.sum():g}; give 100.")
    members = [tuple(text.split()) for text in table["members"]]
    for row, roles in enumerate(members):
        if not 1 <= len(roles) <= MOST_MEMBERS:
            raise DataError(
                f"{file}, line {table.index[row]}: members = {table['members'].iloc[row]!r}; give 1 to {MOST_MEMBERS} roles, such as "
                "partner partner child."
            )
    return list(zip(members, (share / share.sum()).tolist(), strict=True))


def _roles(folder, levels, used):
    """{role: {variable: weights of its levels}}; levels that no row has weigh 1."""
    file, table = folder / "roles.csv", _table(folder, "roles.csv", GIVEN["roles.csv"])
    found: dict[str, dict[str, Floats]] = {role: {} for role in sorted(used)}
    weight = _numbers(file, table, "weight") if len(table) else []
    for row, (role, variable, level) in enumerate(table[["role", "variable", "level"]].itertuples(index=False)):
        if role not in used:
            hint = did_you_mean(role, sorted(used))
            raise DataError(f"{file}, line {table.index[row]}: no household has a member {role!r}{hint}")
        _known(file, table.index[row], variable, level, levels)
        given = found[role].setdefault(variable, np.ones(len(levels[variable])))
        given[levels[variable].index(level)] = weight[row]
    return found


def _likeness(folder, levels):
    """Likeness of the members of a household by variable (V,)."""
    file, table = folder / "likeness.csv", _table(folder, "likeness.csv", GIVEN["likeness.csv"])
    result = np.zeros(len(levels))
    given = _numbers(file, table, "likeness", -1, 1) if len(table) else []
    for row, variable in enumerate(table["variable"]):
        _known(file, table.index[row], variable, None, levels)
        result[list(levels).index(variable)] = given[row]
    return result


def _rates(folder, name, column, known, allowed=None):
    """The rows of a file of rates."""
    file, table = folder / name, _table(folder, name, (column, "variable", "level", "percent"))
    share, found, seen = _numbers(file, table, "percent", 0, 100) / 100, [], set()
    rows = table[[column, "variable", "level"]].itertuples(index=False)
    for row, (what, variable, level) in enumerate(rows):
        if not what or (allowed is not None and what not in allowed):
            hint = did_you_mean(what, allowed or ()) if what else "."
            raise DataError(
                f"{file}, line {table.index[row]}: {what!r} is no {column}{hint} There are {', '.join(allowed or ())}."
            )
        if variable:
            _known(file, table.index[row], variable, level, known)
        if (what, variable, level) in seen:
            raise DataError(
                f"{file}, line {table.index[row]}: {what} of {variable or 'everybody'} {level} is listed twice."
            )
        seen.add((what, variable, level))
        found.append(Rate(what, variable, level, float(share[row]), int(table.index[row])))
    return found


def _known(file, line, variable, level, levels):
    """Refuse a variable, or a level of one, that margins.csv and areas.csv do not have."""
    if variable not in levels:
        hint = did_you_mean(variable, levels, f"; there are {', '.join(levels)}.")
        raise DataError(f"{file}, line {line}: there is no variable {variable!r}{hint}")
    if level is not None and level not in levels[variable]:
        hint = did_you_mean(level, levels[variable], f"; there are {', '.join(levels[variable])}.")
        raise DataError(f"{file}, line {line}: {variable!r} has no level {level!r}{hint}")


def _refuse_no_overall(folder, facts):
    """Telephone statuses of everybody are needed and make 100; every outcome needs a share of everybody, or of every telephone status."""
    overall = {rate.name: rate.share for rate in facts.telephone if not rate.variable}
    absent = [name for name in STATUSES if name not in overall]
    total = sum(overall.get(name, 0.0) for name in STATUSES)
    if absent or abs(total - 1) > 0.02:
        told = (
            f"has no row for {absent[0]} of everybody (empty variable)"
            if absent
            else f"adds up to {100 * total:g} % of everybody"
        )
        raise DataError(f"{folder / 'telephone.csv'} {told}; give {', '.join(STATUSES)}, 100 % together.")
    for name in facts.outcome_names:
        if not any(rate.name == name and rate.variable in ("", "telephone") for rate in facts.outcomes):
            raise DataError(
                f"{folder / 'outcomes.csv'}: outcome {name!r} has no share of everybody; add a row with an empty variable."
            )
