"""What tables are asked for: questions that become rows, banners that become columns, and their labels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...aliases import Ints
from ...coding import Coded, holds_numbers, natural, refuse_infinite
from ...errors import DataError
from ...guards import refuse, sight
from ...inference.questions import values_of
from ...naming import did_you_mean
from ...tables import coded, column_names, is_file, named, one_name, pick

if TYPE_CHECKING:
    from ...estimation.survey import Survey

MOST_LEVELS = 200
KEYS = ("column", "columns", "label", "kind", "counted")


@dataclass(frozen=True)
class Question:
    """A question: its rows in a table.

    Attributes
    ----------
    name, label : of the question. kind : "levels", "truth" (one row, of True), "set" (several answers allowed) or "mean".
    levels : names of its rows. codes : (n,) level of each row of the data, -1 missing; of a set one such array of 0 and 1 for each row.
    y : (n,) the numbers of a mean, 0 where missing.
    """

    name: str
    label: str
    kind: str
    levels: tuple[str, ...]
    codes: tuple[np.ndarray, ...]
    y: np.ndarray | None = None


@dataclass(frozen=True)
class Banner:
    """Columns of a table: `codes` (n,) of the `levels`, -1 in none."""

    name: str
    label: str
    levels: tuple[str, ...]
    codes: np.ndarray


class Asking:
    """Reads the columns of a survey's table with their labels.

    labels : {column: label}; value_labels : {column: {value: label}}, of columns whose values are codes; a survey file has its own.
    """

    def __init__(self, survey: "Survey", labels: Any, value_labels: Any) -> None:
        self.survey, self.data = survey, survey.data
        own = dict(self.data.labels) if is_file(self.data) else {}
        self.labels = {**own, **_mapping(labels, "labels")}
        self.values = {
            k: _mapping(v, f"value_labels[{k!r}]") for k, v in _mapping(value_labels, "value_labels").items()
        }
        self.inside = survey.inside & (survey.design.weight != 0)
        for what, given in (("labels", self.labels), ("value_labels", self.values)):
            names = list(column_names(self.data))
            unknown = [name for name in given if name not in names and what == "value_labels"]
            if unknown:
                raise DataError(f"{what}: the table has no column {unknown[0]!r}{did_you_mean(unknown[0], names)}")

    def label(self, name: Any) -> str:
        """What a column is called."""
        return str(self.labels.get(name) or name)

    def questions(self, given: Any) -> list[Question]:
        """The questions of a call: names of columns, lists of columns of which several may hold, or mappings of keys."""
        listed = (
            [given]
            if isinstance(given, str | int | Mapping)
            else list(given)
            if isinstance(given, list | tuple)
            else []
        )
        if not listed:
            raise DataError(f"questions = {sight(given)}: give the name of a column, or a list of questions.")
        return [self._question(one) for one in listed]

    def banners(self, given: Any) -> list[Banner]:
        """The banners: names of columns, or tuples of columns for their combinations."""
        given = [] if given is None or (isinstance(given, list | tuple) and not given) else given
        listed = [given] if isinstance(given, str | int | tuple) else list(given) if isinstance(given, list) else None
        if listed is None:
            raise DataError(f"banners = {sight(given)}: give the name of a column, or a list of them.")
        return [self._banner(one) for one in listed]

    def _question(self, one):
        keys = (
            dict(one)
            if isinstance(one, Mapping)
            else {"columns": list(one)}
            if isinstance(one, list | tuple)
            else {"column": one}
        )
        unknown = [key for key in keys if key not in KEYS]
        if unknown:
            raise DataError(f"question {sight(one)}: there is no key {unknown[0]!r}{did_you_mean(unknown[0], KEYS)}")
        if ("column" in keys) == ("columns" in keys):
            raise DataError(
                f"question {sight(one)}: give `column`, or `columns` for answers of which several may hold."
            )
        kind = keys.get("kind")
        if kind not in (None, "levels", "mean"):
            raise DataError(f"question {sight(one)}: kind = {sight(kind)}; choose levels or mean.")
        if "columns" in keys:
            if kind is not None:
                raise DataError(
                    f"question {sight(one)}: `kind` is for one column; a set has the share that chose each."
                )
            return self._set(named(keys["columns"], "columns"), keys.get("label"), keys.get("counted"))
        if "counted" in keys:
            raise DataError(f"question {sight(one)}: `counted` is for `columns`, of which several may hold.")
        name = one_name(keys["column"], "question")
        label = str(keys.get("label") or self.label(name))
        if kind == "mean" or (kind is None and self._is_number(name)):
            y = values_of(self.survey, name)
            refuse_infinite(y, repr(name), self.inside)
            missing = np.isnan(y)
            return Question(str(name), label, "mean", ("",), (-missing.astype(np.int32),), np.where(missing, 0.0, y))
        codes, levels, truth = self._levels(name)
        return Question(str(name), label, "truth" if truth else "levels", levels, (codes,))

    def _is_number(self, name):
        if name in self.values:
            return False
        return self.data.is_numeric(name) if is_file(self.data) else holds_numbers(pick(self.data, name))

    def _levels(self, name) -> tuple[Ints, tuple[str, ...], bool]:
        """Codes (n,) of the levels in their order, their names, and whether they are False and True."""
        column = coded(self.data, name)
        codes, labels = column
        order = column.order()
        if name in self.values:
            labels, order = self._renamed(name, column)
        seen = np.bincount(codes[(codes >= 0) & self.inside], minlength=len(labels)) > 0
        order = [k for k in order if seen[k] or column.kind in ("category", "truth")]
        if not seen.any():
            raise DataError(f"{name!r} is missing in every row of weight; there is nothing to make a table of.")
        if len(order) > MOST_LEVELS:
            raise DataError(
                f"{name!r} has {len(order):,} levels, more than {MOST_LEVELS}; group them, or ask for the mean of numbers."
            )
        place = np.full(len(labels) + 1, -1, np.int32)
        place[order] = np.arange(len(order))
        return place[codes], tuple(_spelt(labels[k]) for k in order), column.kind == "truth"

    def _renamed(self, name, column: Coded):
        """Labels of codes by `value_labels`, in the order of the codes."""
        known = self.values[name]
        texts = {_spelt(value): str(label) for value, label in known.items()}
        labels = [texts.get(_spelt(label), _spelt(label)) for label in column.labels]
        order = sorted(range(len(labels)), key=lambda k: natural(_spelt(column.labels[k])))
        return labels, order

    def _set(self, names, label, counted):
        if not names:
            raise DataError("a question of several columns needs at least one.")
        codes = tuple(self._chosen(name, counted) for name in names)
        if counted is not None and not any((c == 1).any() for c in codes):
            known = dict.fromkeys(str(v) for name in names for v in coded(self.data, name).labels)
            raise DataError(f"no row of {names[0]!r} … has {counted!r}{did_you_mean(str(counted), known)}")
        asked = np.any([c >= 0 for c in codes], axis=0)
        if not (asked & self.inside).any():
            raise DataError(f"{names[0]!r} … are missing in every row of weight; there is nothing to make a table of.")
        codes = tuple(np.where(asked, np.maximum(c, 0), np.int32(-1)) for c in codes)
        label = str(label) if label else " / ".join(self.label(n) for n in names)
        return Question("+".join(map(str, names)), label, "set", tuple(self.label(n) for n in names), codes)

    def _chosen(self, name, counted) -> Ints:
        """Whether an answer was chosen (n,): 0, 1, or -1 where it is missing."""
        if counted is None and self._is_plain_number(name):
            y = values_of(self.survey, name)
            other = ~np.isnan(y) & (y != 0) & (y != 1) & self.inside
            message = "{name!r} is {first:g} in row {row}, and {bad} of {n} rows are neither 0 nor 1; say which value was chosen, counted=."
            refuse(other, message, name=name, first=y)
            return np.where(np.isnan(y), -1, y == 1).astype(np.int32)
        column = coded(self.data, name)
        codes, labels = column
        if counted is None:
            if column.kind != "truth":
                raise DataError(f"{name!r} has the levels {sight(labels)}; say which of them was chosen, counted=.")
            return codes.astype(np.int32)
        chosen = [_spelt(label) == _spelt(counted) for label in labels]
        if is_file(self.data):
            known = self.data.levels.get(name, {})
            chosen = [one or known.get(_spelt(counted)) == label for one, label in zip(chosen, labels, strict=True)]
        return np.where(codes < 0, -1, np.append(np.array(chosen, bool), False)[codes]).astype(np.int32)

    def _is_plain_number(self, name):
        if not is_file(self.data):
            return holds_numbers(pick(self.data, name))
        return holds_numbers(self.data.values(name))

    def _banner(self, one):
        names = list(one) if isinstance(one, tuple) else [one]
        if not names:
            raise DataError(
                "a banner of no columns: give the name of one, or a tuple of several for their combinations."
            )
        codes, levels = np.zeros(len(self.inside), np.int64), [""]
        for name in names:
            c, some, truth = self._levels(one_name(name, "banners"))
            some = [f"{self.label(name)}: {level}" if truth else level for level in some]
            codes = np.where((codes < 0) | (c < 0), -1, codes * len(some) + c)
            levels = [f"{a} · {b}" if a else b for a in levels for b in some]
        used = np.bincount(codes[(codes >= 0) & self.inside], minlength=len(levels)) > 0
        if not used.any():
            raise DataError(f"banner {sight(one)}: no row of weight has all of its columns.")
        place = np.append(np.where(used, np.cumsum(used) - 1, -1), -1)
        label = " × ".join(self.label(name) for name in names)
        return Banner(
            "*".join(map(str, names)), label, tuple(x for x, u in zip(levels, used, strict=True) if u), place[codes]
        )


def _mapping(given: Any, what: str) -> dict[Any, Any]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise DataError(f"{what} = {sight(given)}: give a mapping, such as {{'q1': …}}.")
    return dict(given)


def _spelt(value: Any) -> str:
    """A value as text; whole numbers alike, whatever type holds them."""
    if isinstance(value, float | np.floating) and np.isfinite(value) and float(value).is_integer():
        return str(int(value))
    return str(value)
