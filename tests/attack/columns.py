"""Every kind of column and table, as source text: what is attacked is what the script of a finding shows.

Values are plain Python ones, None where missing. A kind says what it can hold and how each library writes it.
"""

from dataclasses import dataclass

GROUPS = ("integer", "float", "bool", "nullable", "text", "category", "object", "arrow")


@dataclass(frozen=True)
class Kind:
    """One kind of column.

    Attributes
    ----------
    group : of GROUPS. holds : "int", "float", "bool" or "text". missing : whether values may be missing.
    pandas, polars, pyarrow : format strings with {values} and {levels}; None where the library has no such kind.
    numeric : whether means and totals take it.
    """

    group: str
    holds: str
    missing: bool
    pandas: str | None
    polars: str | None = None
    pyarrow: str | None = None
    numeric: bool = True

    def tables(self):
        return [name for name in ("pandas", "polars", "pyarrow") if getattr(self, name) is not None]


def _plain(group, holds, missing, pandas, polars=None, arrow=None, numeric=True):
    return Kind(
        group,
        holds,
        missing,
        None if pandas is None else f"pd.Series({{values}}, dtype={pandas!r})",
        None if polars is None else f"pl.Series({{values}}, dtype=pl.{polars})",
        None if arrow is None else f"pa.array({{values}}, pa.{arrow})",
        numeric,
    )


_CATEGORY = "pd.Series(pd.Categorical({values}, categories={levels}))"
_DICTIONARY = "pa.DictionaryArray.from_arrays(pa.array({codes}, pa.int32()), pa.array({levels}))"
KINDS = {
    "int8": _plain("integer", "int", False, "int8", "Int8", "int8()"),
    "int16": _plain("integer", "int", False, "int16", "Int16", "int16()"),
    "int32": _plain("integer", "int", False, "int32", "Int32", "int32()"),
    "int64": _plain("integer", "int", False, "int64", "Int64", "int64()"),
    "uint8": _plain("integer", "int", False, "uint8", "UInt8", "uint8()"),
    "uint16": _plain("integer", "int", False, "uint16", "UInt16", "uint16()"),
    "uint64": _plain("integer", "int", False, "uint64", "UInt64", "uint64()"),
    "float32": _plain("float", "float", True, "float32", "Float32", "float32()"),
    "float64": _plain("float", "float", True, "float64", "Float64", "float64()"),
    "bool": _plain("bool", "bool", False, "bool", "Boolean", "bool_()"),
    "Int8": _plain("nullable", "int", True, "Int8", "Int8", "int8()"),
    "Int64": _plain("nullable", "int", True, "Int64", "Int64", "int64()"),
    "UInt8": _plain("nullable", "int", True, "UInt8", "UInt8", "uint8()"),
    "Float64": _plain("nullable", "float", True, "Float64", "Float64", "float64()"),
    "boolean": _plain("nullable", "bool", True, "boolean", "Boolean", "bool_()"),
    "string": _plain("text", "text", True, "string", "String", "string()", False),
    "str": _plain("text", "text", True, "str", "String", "large_string()", False),
    "object text": _plain("text", "text", True, "object", None, None, False),
    "category int": Kind("category", "int", True, _CATEGORY, None, _DICTIONARY, False),
    "category float": Kind("category", "float", True, _CATEGORY, None, _DICTIONARY, False),
    "category bool": Kind("category", "bool", True, _CATEGORY, None, None, False),
    "category text": Kind(
        "category", "text", True, _CATEGORY, "pl.Series({values}, dtype=pl.Enum({levels}))", _DICTIONARY, False
    ),
    "ordered": Kind("category", "text", True, _CATEGORY[:-2] + ", ordered=True))", None, None, False),
    "polars category": Kind("category", "text", True, None, "pl.Series({values}, dtype=pl.Categorical)", None, False),
    "object int": _plain("object", "int", True, "object", numeric=False),
    "object float": _plain("object", "float", True, "object", numeric=False),
    "object bool": _plain("object", "bool", True, "object", numeric=False),
    "arrow int": _plain("arrow", "int", True, "int64[pyarrow]"),
    "arrow int8": _plain("arrow", "int", True, "int8[pyarrow]"),
    "arrow float": _plain("arrow", "float", True, "double[pyarrow]"),
    "arrow bool": _plain("arrow", "bool", True, "bool[pyarrow]"),
    "arrow text": _plain("arrow", "text", True, "string[pyarrow]", numeric=False),
    "arrow dictionary": Kind(
        "arrow",
        "text",
        True,
        "pd.Series({values}, dtype=pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string())))",
        None,
        None,
        False,
    ),
}


def column_text(values, kind, table, levels=None):
    """The source of one column; `levels` are those of categories, unused ones among them."""
    levels = sorted({v for v in values if v is not None}, key=lambda v: (str(type(v)), v)) if levels is None else levels
    if KINDS[kind].holds == "int":  # polars takes no 5.0 for a whole number
        values = [typed(v, kind) for v in values]
    place = {level: k for k, level in enumerate(levels)}
    codes = [None if v is None else place.get(v) for v in values]
    return getattr(KINDS[kind], table).format(values=repr(values), levels=repr(levels), codes=repr(codes))


def table_text(columns, table):
    """The source of a table of columns {name: {"values", "kind", "levels"}}."""
    make = {"pandas": "pd.DataFrame", "polars": "pl.DataFrame", "pyarrow": "pa.table"}[table]
    inner = ",\n    ".join(
        f"{name!r}: {column_text(c['values'], c['kind'], table, c.get('levels'))}" for name, c in columns.items()
    )
    return f"{make}({{\n    {inner},\n}})"


def typed(value, kind):
    """A value as the kind holds it."""
    if value is None:
        return None
    return {"int": int, "float": float, "bool": bool, "text": str}[KINDS[kind].holds](value)


def canonical(label):
    """A level as every kind of column would name it: numbers as floats, truth values as 0 and 1, other text as it is."""
    text = str(label).removeprefix("~")
    if text in ("True", "False"):
        return float(text == "True")
    try:
        return float(text)
    except ValueError:
        return text
