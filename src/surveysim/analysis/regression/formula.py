"""Model formulas, as Wilkinson & Rogers (1973, Appl. Stat. 22:392-399) write them, and the columns of a table that they name.

`formulaic` reads the formula and codes its columns. Where every explanatory column takes few values it is asked for their combinations
alone; where the others come in as they are, for the combinations of the former, which the latter multiply.
"""

import ast
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from ...aliases import Floats, Ints, Table
from ...coding import categorical, holds_numbers, truth_values
from ...errors import DataError
from ...guards import is_number, refuse, sight
from ...naming import did_you_mean
from ...on_demand import Later
from ...tables import Columns, coded, column_names, is_file, kind_of, numbers_of, pick
from .columns import Products

ALIKE = 1e-9  # of a column's size, what rounding may make of a row that is coded alone
FEW = 256  # values of a numeric column that counts as one of few values
BY_ROW = {"C", "I", "Q", "Treatment", "Sum", "contr.treatment", "contr.sum", "log", "log10", "log2", "exp"}
BY_ROW |= {
    f"np.{name}" for name in ("log", "log10", "log2", "log1p", "exp", "sqrt", "abs", "minimum", "maximum", "where")
}
CALLED, WORD = re.compile(r"([\w.]+)\s*\("), re.compile(r"`([^`]+)`|(?<![\w.])([^\W\d]\w*)(?!\w|\s*\()")
KEYWORD = re.compile(r"(?<=[(,])\s*[^\W\d]\w*\s*=(?!=)")
formulaic: Any = Later(None, "formulaic")  # takes long
QUOTED, OFFSET = re.compile(r"\"[^\"]*\"|'[^']*'"), re.compile(r"offset\((.*)\)", re.DOTALL)


@dataclass(frozen=True)
class Formula:
    """A formula taken apart.

    Attributes
    ----------
    text : as it was given. response : its left side. terms : its right side without offsets, of formulaic. offsets : expressions.
    columns : columns of the table on the right side. of_response : those on the left.
    """

    text: str
    response: str
    terms: Any
    offsets: tuple
    columns: tuple
    of_response: tuple

    @property
    def by_row(self) -> bool:
        """Whether every part is a function of its own row, so that combinations of values may stand for rows."""
        parts = [str(term) for term in self.terms] + list(self.offsets)
        return all(name in BY_ROW for part in parts for name in CALLED.findall(QUOTED.sub("''", part)))


def parsed(text: object, data: Table, offset: object = None) -> Formula:
    """A formula over the columns of a table; `offset` is a column beside those in the formula."""
    if not isinstance(text, str) or text.count("~") != 1 or "__" in text:
        raise DataError(f'formula = {sight(text)}: give a text such as "y ~ x + C(z)", with one ~.')
    left, right = (side.strip() for side in text.split("~"))
    if not left or not right:
        raise DataError(f"formula = {sight(text)}: there is nothing on the {'left' if not left else 'right'} of ~.")
    try:
        terms, known = _read(right)
    except (formulaic.errors.FormulaicError, SyntaxError) as error:
        words = re.sub(r"\x1b\[[0-9;]*m|[⧛⧚]", "", str(error)).split("\n")[0]
        if "`.` operator" in words:
            words = "a point does not stand for the other columns; name them."
        names = [n for n in column_names(data) if isinstance(n, str) and not n.isidentifier() and n in text]
        if bare := [n for n in names if f"`{n}`" not in text]:
            words += (
                f" Write the name of a column that has other signs than letters in backticks: `{max(bare, key=len)}`."
            )
        raise DataError(f"formula = {sight(text)} cannot be read: {words}") from None
    if not isinstance(terms, formulaic.SimpleFormula):
        raise DataError(f"formula = {sight(text)}: its right side has several parts; join all columns by +.")
    offsets = [found[1] for term in known if (found := OFFSET.fullmatch(str(term)))]
    if offset is not None:
        if not isinstance(offset, str) or offset not in column_names(data):
            raise DataError(
                f"offset = {sight(offset)}: give the name of a column, or write offset(…) into the formula"
                f"{did_you_mean(offset, column_names(data)) if isinstance(offset, str) else '.'}"
            )
        offsets.append(f"`{offset}`")
    terms = formulaic.Formula([term for term in known if not OFFSET.fullmatch(str(term))]) if offsets else terms
    if not list(terms):
        raise DataError(
            f"formula = {sight(text)}: there is neither a constant nor a column to fit; write 1 for a constant."
        )
    columns = [_columns(part, data, text) for part in (right, left)]
    columns[0] += [offset] if isinstance(offset, str) and offset not in columns[0] else []
    return Formula(text, left, terms, tuple(offsets), tuple(columns[0]), tuple(columns[1]))


@lru_cache(maxsize=64)
def _read(right):
    """What formulaic makes of a right side, which a study asks for again and again, and its terms."""
    terms = formulaic.Formula(right)
    return terms, tuple(terms)


def named(text: str, data: Table) -> set[Any]:
    """The columns of a table that a formula names."""
    read = parsed(text, data)
    return {*read.columns, *read.of_response}


def _columns(part, data, text):
    """The columns that a side of a formula names; every name that is called like a function is none."""
    names, found = column_names(data), []
    for quoted, word in _words(part):
        name = quoted or word
        if name in names:
            found += [] if name in found else [name]
        elif quoted or name not in ("np", "contr", "True", "False", "None"):
            raise DataError(f"formula = {sight(text)}: the table has no column {name!r}{did_you_mean(name, names)}")
    return found


def _words(part):
    """The names in an expression, quoted ones apart; names of arguments are none."""
    return WORD.findall(KEYWORD.sub("", QUOTED.sub("''", part)))


def column(data: Table, name: Any) -> tuple[Floats, Any]:
    """A column for a formula: numbers or codes as float64 (n,), NaN where missing, and its levels, None of numbers.

    Truth values have the levels False and True; a category has its own, text has those it takes, sorted.
    """
    if not isinstance(data, (pd.DataFrame, Columns)) and is_file(data):
        if data.is_numeric(name):
            return data.numbers(name), None
    else:
        values = pick(data, name)
        if holds_numbers(values) and not truth_values(values):
            return numbers_of(data, name, len(values), "", finite=False), None
    found = coded(data, name)
    order = found.order()
    place = np.empty(len(order) + 1)
    place[order], place[-1] = np.arange(len(order)), np.nan
    return place[found.codes], [found.labels[k] for k in order]


def is_category(data: Table, name: Any) -> bool:
    """Whether a column is a category, whose levels are in order."""
    if name not in column_names(data) or column(data, name)[1] is None or coded(data, name).kind != "category":
        return False
    kind: Any = data
    return kind_of(data) != "pyarrow" or kind.schema.field(name).type.ordered


class Frame:
    """The complete rows of the columns of a formula.

    Parameters
    ----------
    values : {column: (values (m,), levels or None)}.
    """

    def __init__(self, values: Mapping[Any, tuple[Floats, Any]]) -> None:
        self.levels, self.values = {}, {}
        for name, (column, levels) in values.items():
            if levels is None:
                self.values[name] = column
                continue
            codes = column.astype(np.int64)
            used = np.bincount(codes, minlength=len(levels)) > 0
            place = np.cumsum(used) - 1
            self.values[name], self.levels[name] = place[codes], [v for v, u in zip(levels, used, strict=True) if u]

    def is_truth(self, name: Any) -> bool:
        """Whether a column holds truth values."""
        return name in self.levels and all(isinstance(v, bool | np.bool_) for v in self.levels[name])

    def table(self, rows: Any = slice(None), alone: Sequence[Any] = ()) -> pd.DataFrame:
        """The columns as formulaic takes them; the rows may be chosen, and columns `alone` are ones."""
        made = {}
        for name, column in self.values.items():
            values = column[rows]
            if name in alone:
                made[name] = np.ones(len(values))
            elif self.is_truth(name):
                made[name] = np.array(self.levels[name], dtype=bool)[values]
            elif name in self.levels:
                made[name] = categorical(values, [str(v) for v in self.levels[name]])
            else:
                made[name] = whole(values)
        return pd.DataFrame(made)

    def cells(self, columns: Sequence[Any]) -> tuple[Ints, Ints, list[Any]]:
        """The combinations of columns of few values: the cell (m,) of each row, the first row of each cell, and the other columns."""
        m = len(self.values[columns[0]])
        key, size, others = np.zeros(m, np.int64), 1, []
        for name in columns:
            column = self.values[name]
            if name in self.levels:
                codes, many = column, len(self.levels[name])
            else:
                if len(np.unique(column[: 4 * FEW])) > FEW:
                    others.append(name)
                    continue
                codes, seen = pd.factorize(column)
                many = len(seen)
            if many > (FEW if name not in self.levels else m) or size * many > 1 << 40:
                others.append(name)
                continue
            key, size = key * many + codes, size * many
        if size > 1 << 20:
            _, first, cell = np.unique(key, return_index=True, return_inverse=True)
            return cell, first, others
        first = np.full(size, -1)
        first[key[::-1]] = np.arange(m)[::-1]
        place = np.cumsum(first >= 0) - 1
        return place[key], first[first >= 0], others


def whole(values: Floats) -> Any:
    """Whole numbers as integers, whose levels print without a point; others as they are."""
    if not len(values) or values[0] % 1 or np.any(values % 1) or np.abs(values).max() > 2**53:
        return values
    return values.astype(np.int64)


@dataclass(frozen=True)
class Matrix:
    """The explanatory columns and the offset of a frame: x (C, p) and offset (C,) of cells, the cell (m,) of each row or None.

    spec : formulaic's, for other rows. first : a row of each cell, None where every row is one. own : whether every part is a function
        of its own row, or of what formulaic keeps of these rows, so that other rows may be coded.
    """

    x: Any
    offset: Any
    cell: Any
    spec: Any
    first: Any = None
    own: bool = True


def matrix(formula: Formula, frame: Frame, m: int) -> Matrix:
    """Explanatory columns of a frame of m rows, over as few rows as will do."""
    if not formula.columns:
        return _made(formula, pd.DataFrame(index=range(1)), np.zeros(m, np.int64), first=np.zeros(1, np.int64))
    if formula.by_row:
        cell, first, others = frame.cells(formula.columns)
        if not others and len(first) <= m / 2:
            return _made(formula, frame.table(first), cell, first=first)
        plain = all(f.expr in others or not mentions(f.expr, others) for t in formula.terms for f in t.factors)
        if others and plain and len(first) <= m / 4:
            made = _made(formula, frame.table(first, others), None, frame)
            return Matrix(_products(made, frame, cell, others), made.offset, None, made.spec)
    found = _made(formula, frame.table(), None)
    return found if formula.by_row else replace(found, own=_own(formula, found, frame))


def _own(formula, found, frame):
    """Whether the first and the last row are coded alike without the others."""
    try:
        for k in (slice(0, 1), slice(-1, None)):
            x, offset = again(formula, found, frame.table(k))
            near = np.abs(x - found.x[k]).max(initial=0.0) <= ALIKE * (1 + np.abs(found.x[k]).max(initial=0.0))
            if not near or (offset is not None and abs(offset[0] - found.offset[k][0]) > ALIKE * (1 + abs(offset[0]))):
                return False
    except DataError:
        return False
    return True


def _products(made, frame, cell, others):
    """The columns of cells where the columns `others` are 1, times those."""
    factors, which = {(): np.ones(len(cell))}, np.zeros(made.x.shape[1], np.int64)
    for term, places in made.spec.term_slices.items():
        names = tuple(sorted(factor.expr for factor in term.factors if factor.expr in others))
        if names not in factors:
            factors[names] = np.prod([frame.values[name] for name in names], axis=0)
        which[places] = list(factors).index(names)
    return Products(made.x, cell, np.stack(list(factors.values()), axis=1), which)


def mentions(expression: str, names: Sequence[Any]) -> bool:
    """Whether an expression names one of some columns."""
    return any((quoted or word) in names for quoted, word in _words(expression))


def _made(formula, table, cell, rows=None, first=None):
    """The matrix of a table whose rows are the cells; the offset is that of the frame `rows`, where there is one."""
    found = evaluated(formula.terms, table, formula.text)
    spec = found.model_spec
    for term, places in spec.term_slices.items():
        if places.stop == places.start:
            raise DataError(
                f"{str(term)!r} has one level among the rows of the model, so it has no effect; take it out."
            )
    twice = next((name for name in spec.column_names if list(spec.column_names).count(name) > 1), None)
    if twice is not None:
        raise DataError(
            f"formula = {sight(formula.text)}: two coefficients would be called {twice!r}; rename the column."
        )
    offset = offset_of(formula, rows.table() if rows is not None and formula.offsets else table)
    return Matrix(np.array(found, dtype=float), offset, cell, spec, first)


def again(formula: Formula, coded: Matrix, table: pd.DataFrame, there: Any = None) -> tuple[Floats, Any]:
    """Explanatory columns (rows, p) and offset of another table, coded as the model's; `there` (n,) are its rows, for messages."""
    if not coded.own:
        raise DataError(
            f"formula = {sight(formula.text)} takes a row's values together with those of other rows, such as their mean, so that it means "
            f"something else where there are other rows. Take center(), scale() or poly(), or make a column of it first."
        )
    if not formula.columns:
        return np.ones((len(table), 1)), None
    for part, (_, state) in coded.spec.encoder_state.items():
        if (
            part.startswith("C(") and "`" not in part and all(map(is_number, state["categories"]))
        ):  # text was coded before
            inner = ast.unparse(ast.parse(part, mode="eval").body.args[0])  # type: ignore[attr-defined]
            refuse_levels(part, _expression(inner, table, formula.text), state["categories"], there)
    return np.array(evaluated(coded.spec, table, formula.text), dtype=float), offset_of(formula, table)


def refuse_levels(name: str, values: Any, known: Sequence[Any], there: Any = None) -> None:
    """Refuse rows whose level is none of those a model was fitted with; `there` as in `again`."""
    new = ~np.isin(values, np.array(known))
    if there is not None:
        bad, levels = np.zeros(len(there), bool), np.empty(len(there), dtype=object)
        bad[there], levels[there] = new, values
        new, values = bad, levels
    message = (
        "{name} has the level {level} in {bad} of {n} rows, the first is row {row}; the model was fitted without it. Leave these rows "
        "out, or join the level with another one before fitting."
    )
    refuse(
        new, message, name=name, level=np.array([f"{v:g}" if is_number(v) else repr(v) for v in values], dtype=object)
    )


def offset_of(formula: Formula, table: pd.DataFrame) -> Any:
    """The sum of the offsets of a table, None where the formula has none."""
    if not formula.offsets:
        return None
    return sum(_expression(part, table, formula.text) for part in formula.offsets)


def _expression(part, table, text):
    """The values of one expression as float64."""
    found = np.array(evaluated(formulaic.Formula(f"0 + {part}" if part[0] == "`" else f"0 + I({part})"), table, text))
    if found.ndim != 2 or found.shape[1] != 1:
        raise DataError(f"formula = {sight(text)}: {part} is not one column of numbers.")
    return found[:, 0].astype(float)


def evaluated(terms: Any, table: pd.DataFrame, text: str) -> Any:
    """What formulaic makes of a table; its errors are told by the names of what they are about."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error", formulaic.errors.DataMismatchWarning)
            found = terms.get_model_matrix(table, output="numpy", context={}, na_action="ignore")
    except (
        formulaic.errors.FormulaicError,
        formulaic.errors.DataMismatchWarning,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        IndexError,
    ) as error:
        raise DataError(f"formula = {sight(text)} cannot be evaluated: {' '.join(str(error).split())}") from None
    values = np.asarray(found, dtype=float)
    bad = ~np.isfinite(values)
    if bad.any():
        name = found.model_spec.column_names[int(np.argmax(bad.any(axis=0)))]
        raise DataError(
            f"formula = {sight(text)}: {name!r} is no number in {int(bad.any(axis=1).sum())} rows or combinations of values, such as the "
            f"logarithm of 0. Mend the column, or leave the rows out with where()."
        )
    return found


def response(formula: Formula, frame: Frame) -> tuple[Floats, Any]:
    """The response (m,) as numbers or codes, and its levels."""
    names = list(frame.values)
    if formula.response.strip("`") in names:
        name = formula.response.strip("`")
        return frame.values[name].astype(float), frame.levels.get(name)
    return _expression(formula.response, frame.table(), formula.text), None
