"""Formulas of estimates as text, such as "a / b": read by their grammar, never run as code, with exact derivatives.

A derivative is the imaginary part of the value at x + ih over h, which has no rounding error but the function's own (Squire & Trapp
1998, SIAM Rev. 40:110-112).
"""

import ast
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import special

from .. import guards
from ..aliases import Array, Floats
from ..errors import DataError

STEP = 1e-30
LONGEST = 2000  # characters
OPERATORS = {ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power}


def _logit(x):
    return np.log(x / (1 - x))


def _expit(x):
    return special.expit(x) if np.isrealobj(x) else 1 / (1 + np.exp(-x))


def _abs(x):
    return np.where(np.real(x) < 0, -x, x)


FUNCTIONS = {
    "abs": _abs,
    "atanh": np.arctanh,
    "exp": np.exp,
    "expit": _expit,
    "log": np.log,
    "log10": np.log10,
    "logit": _logit,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
}


class Expression:
    """A formula with + - * / ** and the FUNCTIONS, of numbers and names; a name that is no word stands in `backticks`.

    Examples
    --------
    >>> from surveysim.inference.expressions import Expression
    >>> ratio = Expression("a / `region=north`")
    >>> ratio.names
    ('a', 'region=north')
    >>> float(ratio([6.0, 4.0])), ratio.slopes([6.0, 4.0]).tolist()
    (1.5, [0.25, -0.375])
    """

    def __init__(self, text: str) -> None:
        if not isinstance(text, str) or not text.strip():
            raise DataError(f'{guards.sight(text)} is no formula: give a text such as "a / b".')
        self.text, self._quoted = text, []
        try:
            if len(text) > LONGEST:
                raise SyntaxError
            body = ast.parse(re.sub("`([^`]*)`", self._placed, text).strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise DataError(
                f'{guards.sight(text)} is no formula: write it as "a / b" or "log(a) - log(b)", with names that are no words in '
                f"`backticks`."
            ) from None
        found: dict[str, int] = {}
        self._body = self._read(body, found)
        self.names = tuple(found)

    def _placed(self, match: "re.Match[str]") -> str:
        self._quoted.append(match[1])
        return f" q_{len(self._quoted) - 1}_q "

    def _read(self, node: ast.AST, found: dict[str, int]) -> Any:
        """A node as what `_value` evaluates: a number, the place of a name, or (function, parts)."""
        if isinstance(node, ast.Constant) and guards.is_finite(node.value):
            return float(node.value)
        if isinstance(node, ast.Name):
            quoted = re.fullmatch(r"q_(\d+)_q", node.id)
            name = self._quoted[int(quoted[1])] if quoted and int(quoted[1]) < len(self._quoted) else node.id
            return found.setdefault(name, len(found))
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)], [self._read(part, found) for part in (node.left, node.right)]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            sign = np.negative if isinstance(node.op, ast.USub) else np.positive
            return sign, [self._read(node.operand, found)]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1 and not node.keywords:
            guards.choice(node.func.id, f"a function in the formula {guards.sight(self.text)}", FUNCTIONS)
            return FUNCTIONS[node.func.id], [self._read(node.args[0], found)]
        raise DataError(
            f"{guards.sight(self.text)}: {guards.sight(ast.unparse(node))} is not known in a formula, which has numbers, names, "
            f"+ - * / ** and {', '.join(FUNCTIONS)}."
        )

    def _value(self, part: Any, x: Sequence[Any]) -> Any:
        if isinstance(part, tuple):
            function, parts = part
            return function(*(self._value(p, x) for p in parts))
        return x[part] if isinstance(part, int) else np.float64(part)

    def __call__(self, values: Sequence[Any] | Array) -> Array:
        """The value where the names have these `values` (k, …); NaN or infinite where there is none."""
        with np.errstate(all="ignore"):
            return np.asarray(self._value(self._body, [np.asarray(v, float) for v in values]))

    def slopes(self, values: Sequence[float] | Array) -> Floats:
        """Derivatives (k,) by the names at `values` (k,)."""
        at, result = np.asarray(values, complex), np.empty(len(self.names))
        for k in range(len(at)):
            moved = at.copy()
            moved[k] += 1j * STEP
            with np.errstate(all="ignore"):
                result[k] = np.imag(self._value(self._body, list(moved))) / STEP
        return result
