"""Lines of source that are run as they are written down, so that the script of a finding does what the attacker did."""

import contextlib
import io
import os
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

import surveysim as ss
from surveysim import weighting

from .columns import canonical, table_text

HEAD = """import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

import surveysim as ss
from surveysim import weighting

warnings.simplefilter("ignore", ss.SurveysimWarning)
"""


TRACE = os.environ.get("ATTACK_TRACE")


class RefusedError(Exception):
    """The library refused a line with a typed error: no finding by itself."""


class UntypedError(Exception):
    """A line ended in an error that is not the library's own, or in a warning of another's."""


class Session:
    """Names and the lines that made them; `last` is the session that was at work last."""

    last = None

    def __init__(self):
        self.names = {"np": np, "pd": pd, "pl": pl, "pa": pa, "ss": ss, "weighting": weighting}
        self.lines = []

    def do(self, line):
        """Run a statement."""
        self.lines.append(line)
        Session.last = self
        if TRACE:
            with open(TRACE, "w", encoding="utf-8") as file:
                file.write(HEAD + "\n" + "\n".join(self.lines) + "\n")
        self._guarded(lambda: exec(compile(line, "<attack>", "exec"), self.names))

    def quietly(self, line):
        """Run a statement that is not written down."""
        self._guarded(lambda: exec(compile(line, "<attack>", "exec"), self.names))

    def value(self, expression):
        """The value of an expression, which is not written down."""
        return self._guarded(lambda: eval(compile(expression, "<attack>", "eval"), self.names))

    def _guarded(self, act):
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", ss.SurveysimWarning)
            try:
                return act()
            except ss.SurveysimError as error:
                raise RefusedError(f"{type(error).__name__}: {error}") from error
            except (KeyboardInterrupt, MemoryError):
                raise
            except BaseException as error:
                raise UntypedError(f"{type(error).__name__}: {error}") from error

    def text(self, name="found"):
        """The lines as a function without arguments."""
        body = "\n".join(self.lines).replace("\n", "\n    ")
        return f"def {name}():\n    {body}\n"


def table_of(session, case, name="data"):
    """Write and run the line that makes the case's table."""
    session.do(f"{name} = {table_text(case['columns'], case['table'])}")


def options_text(options):
    return ", ".join(f"{name}={value if isinstance(value, Source) else repr(value)}" for name, value in options.items())


class Source(str):
    """An argument that is source text, such as the name of a variable."""

    __slots__ = ()


def rows_of(estimates):
    """Estimates as {(variable, level, domain): numbers}, names as every kind of column would have them."""
    found = {}
    for row in estimates.table.to_dict("records"):
        level = canonical(row["level"]) if row["statistic"] != "quantile" else str(row["level"])
        key = (row["variable"], level, domain_of(row["domain"]))
        found[key] = {
            name: float(row[name]) for name in ("estimate", "se", "lower", "upper", "df", "n", "deff") if name in row
        }
    return found


def domain_of(text):
    """A domain's printed name with canonical levels."""
    parts = [part.partition("=") for part in text.split(", ")] if text else []
    return tuple((name, canonical(level)) for name, _, level in parts)
