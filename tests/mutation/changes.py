"""Every small change of a source file: one operator, constant, factor or statement, found in the syntax tree."""

import ast
import copy
import warnings
from dataclasses import dataclass

COMPARED = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
COMPUTED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
ONE_SIDE = {ast.Add: "lr", ast.Sub: "l", ast.Mult: "lr", ast.Div: "l", ast.Pow: "l", ast.BitAnd: "lr", ast.BitOr: "lr"}
SWAPPED = {
    "minimum": "maximum",
    "maximum": "minimum",
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "floor": "ceil",
    "ceil": "floor",
    "argmin": "argmax",
    "argmax": "argmin",
    "zeros": "ones",
    "ones": "zeros",
}
UNWRAPPED = {"abs", "sqrt", "exp", "log", "copy", "clip", "floor", "ceil", "sort", "sorted"}
DISPLAYED = {"__repr__", "__str__", "_repr_html_"}
TINY, HUGE = 1e-5, 1e5  # constants beyond are tolerances, limits of rounds and sentinels: off by one is no fault there


@dataclass(frozen=True)
class Change:
    """One change of one file: bytes first:last become `text`; k counts the changes that start in the same line."""

    file: str
    line: int
    k: int
    node: int
    home: tuple  # first and last line of the statement around it, of the function for its defaults; None at the module's level
    first: int
    last: int
    text: str
    before: str
    after: str
    below: str  # the next line, which tells lines alike apart

    @property
    def name(self):
        return f"{self.file}:{self.line}:{self.k}"

    def applied(self, source):
        data = source.encode()
        return (data[: self.first] + self.text.encode() + data[self.last :]).decode()

    def compiles(self, source):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                compile(self.applied(source), self.file, "exec")
            except (SyntaxError, SyntaxWarning):
                return False
        return True


def changes(source, file):
    """All changes of a source text, in the order of its lines."""
    data = source.encode()
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found, count = [], {}
    for number, node, others in _sites(ast.parse(source)):
        first = starts[node.lineno - 1] + node.col_offset
        last = starts[node.end_lineno - 1] + node.end_col_offset
        lines = data[starts[node.lineno - 1] : starts[node.end_lineno]].decode()
        for other in others:
            text = other if isinstance(other, str) else ast.unparse(other)
            text = (
                f"({text})" if isinstance(node, ast.expr) and not isinstance(other, (ast.Name, ast.Constant)) else text
            )
            k = count[node.lineno] = count.get(node.lineno, -1) + 1
            head, tail = data[starts[node.lineno - 1] : first].decode(), data[last : starts[node.end_lineno]].decode()
            before, after = _flat(lines), _flat(head + text + tail)
            below = _flat(data[starts[node.end_lineno] :].decode().partition("\n")[0])
            found.append(Change(file, node.lineno, k, number, node.home, first, last, text, before, after, below))
    return found


def _flat(text):
    return " ".join(text.split())


def _sites(tree):
    """(number, node, what may stand in its place), skipping what says nothing about numbers."""
    _mark_homes(tree, None)
    for number, node in enumerate(_walk(tree)):
        others = list(OTHERS[type(node)](node)) if type(node) in OTHERS else []
        if others:
            yield number, node.test if isinstance(node, ast.If) else node, others


def _walk(node):
    """Nodes in the order of the text; texts for people, annotations, decorators and displays are left out."""
    if isinstance(node, (ast.Raise, ast.JoinedStr, ast.Import, ast.ImportFrom, ast.Assert)):
        if isinstance(node, ast.Raise):
            yield node
        return
    if isinstance(node, ast.keyword) and node.arg == "stacklevel":
        return
    if isinstance(node, ast.FunctionDef):
        if node.name in DISPLAYED:
            return
        _mark_second_values(node)
    yield node
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _text(child):
                yield from _walk(child)


def _mark_homes(node, home):
    """Where a change in a node shows: the lines of its statement; of the whole function for what stands in its first line."""
    if isinstance(node, ast.FunctionDef):
        home = (node.lineno, node.end_lineno)
    elif isinstance(node, ast.stmt) and home:
        body = getattr(node, "body", None)
        home = (node.lineno, max(node.lineno, body[0].lineno - 1) if body else node.end_lineno)
    node.home = home
    for child in ast.iter_child_nodes(node):
        _mark_homes(child, None if isinstance(node, ast.ClassDef) and home is None else home)


def _mark_second_values(function):
    """Mark assignments to what has a value already: without them the code still runs."""
    nodes = list(ast.walk(function))
    named = [n.arg for n in nodes if isinstance(n, ast.arg)]
    named += [n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    for node in nodes:
        if isinstance(node, ast.Assign):
            node.again = all(
                isinstance(t, (ast.Subscript, ast.Attribute)) or (isinstance(t, ast.Name) and named.count(t.id) > 1)
                for t in node.targets
            )


def _text(node):
    """Whether a node is a docstring or a call that only warns."""
    if isinstance(node, ast.Expr):
        value = node.value
        if isinstance(value, ast.Constant):
            return True
        return isinstance(value, ast.Call) and getattr(value.func, "attr", "") in ("warn", "simplefilter")
    return False


def _with(node, **fields):
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _of_compare(node):
    for i, op in enumerate(node.ops):
        for other in COMPARED[type(op)]:
            yield _with(node, ops=[*node.ops[:i], other(), *node.ops[i + 1 :]])


def _is_words(node):
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _of_binop(node):
    if _is_words(node.left) or _is_words(node.right):
        return
    if type(node.op) in COMPUTED:
        yield _with(node, op=COMPUTED[type(node.op)]())
    sides = ONE_SIDE.get(type(node.op), "")
    if "l" in sides:
        yield node.left
    if "r" in sides:
        yield node.right


def _of_boolop(node):
    yield _with(node, op=ast.And() if isinstance(node.op, ast.Or) else ast.Or())
    for i in range(len(node.values)):
        rest = node.values[:i] + node.values[i + 1 :]
        yield _with(node, values=rest) if len(rest) > 1 else rest[0]


def _of_unaryop(node):
    if not isinstance(node.op, ast.UAdd):
        yield node.operand


def _of_ifexp(node):
    yield node.body
    yield node.orelse


def _of_constant(node):
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int) and abs(value) < HUGE:
        yield ast.Constant(value + 1)
        if value == 1:
            yield ast.Constant(0)
    elif isinstance(value, float) and (value == 0 or TINY <= abs(value) <= HUGE):
        yield ast.Constant(value + 1.0 if value in (0.0, 1.0) else value * 1.1)
        if value == 1.0:
            yield ast.Constant(0.0)


def _of_call(node):
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in SWAPPED:
        func = (
            _with(node.func, attr=SWAPPED[name])
            if isinstance(node.func, ast.Attribute)
            else _with(node.func, id=SWAPPED[name])
        )
        yield _with(node, func=func)
    if name in UNWRAPPED:
        if node.args:
            yield node.args[0]
        elif isinstance(node.func, ast.Attribute):
            yield node.func.value


def _of_if(node):
    """The condition never holds; a single statement that can be deleted is deleted instead."""
    only = node.body[0]
    if len(node.body) > 1 or type(only) not in STATEMENTS or not list(OTHERS[type(only)](only)):
        yield ast.Constant(False)


def _deleted(node):
    del node
    yield "pass"


def _of_augassign(node):
    yield "pass"
    if type(node.op) in COMPUTED:
        yield _with(node, op=COMPUTED[type(node.op)]())


def _of_assign(node):
    if getattr(node, "again", False):
        yield "pass"


def _of_expr(node):
    if isinstance(node.value, ast.Call):
        yield "pass"


STATEMENTS = {
    ast.Raise: _deleted,
    ast.Break: _deleted,
    ast.Continue: _deleted,
    ast.AugAssign: _of_augassign,
    ast.Assign: _of_assign,
    ast.Expr: _of_expr,
}
OTHERS = STATEMENTS | {
    ast.Compare: _of_compare,
    ast.BinOp: _of_binop,
    ast.BoolOp: _of_boolop,
    ast.UnaryOp: _of_unaryop,
    ast.IfExp: _of_ifexp,
    ast.Constant: _of_constant,
    ast.Call: _of_call,
    ast.If: _of_if,
}
