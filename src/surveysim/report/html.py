"""One self-contained HTML page from plain tables: no network, no script, light and dark, print."""

import base64
import math
import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

from .. import guards
from ..display import csv_text
from ..errors import SpecError
from ..keys import packaged

LANGUAGES = ("en", "zh")
TOGETHER = re.compile(r"(?<=[\d”]) (?=%)|(?<=[\d%]) (?=±)|(?<=±) (?=\d)|(?<=\d) (?=\(\d)|(?<=&lt;) (?=0)")
APART = re.compile(r"(?<=[\u4e00-\u9fff])(?=[+±−]?\d)|(?<=[\d%])(?=[\u4e00-\u9fff])")
DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def labels(lang: str) -> dict[str, str]:
    """Every text of the report in one language."""
    return packaged(str(__package__), "labels.toml")[guards.choice(lang, "lang", LANGUAGES, error=SpecError)]


def render(template: str, lang: str, **content: Any) -> str:
    """Fill a template under templates/; every value is escaped unless it is Markup, numbers keep their signs and errors in one line, and
    stand apart from Chinese letters."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(str(__package__), "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    page = environment.get_template(template).render(
        **dict.fromkeys(("kicker", "lead", "note", "done"), "") | content, text=labels(lang)
    )
    return TOGETHER.sub("\u00a0", APART.sub(" ", visible(page).replace("。 ", "。")))


def visible(text: str) -> str:
    """A text whose controls of direction can be seen: a name with one of them could show a number backwards, or another name."""
    return DIRECTION.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def download(name: str, label: str, table: pd.DataFrame | str) -> dict[str, str]:
    """A table as a file that the page carries with it: its name, what it is, and a data address."""
    text = table if isinstance(table, str) else csv_text(table)
    kind = "text/csv" if name.endswith(".csv") else "text/plain"
    mark = "\ufeff" if kind == "text/csv" else ""  # Excel wants it
    body = base64.b64encode((mark + text).encode()).decode("ascii")
    return {"name": name, "label": label, "href": f"data:{kind};charset=utf-8;base64,{body}"}


def without_dashes(text: str) -> str:
    """A sentence whose percentages may be missing, without the sign behind a dash."""
    return text.replace("– %", "–").replace("–%", "–")


def with_error(value: float, mcse: float) -> str:
    """A value with its Monte Carlo error in brackets, with as many digits as that error leaves meaning."""
    if not math.isfinite(value):
        return "–"
    if not math.isfinite(mcse):
        return number(value, 0)
    digits = min(max(1 - math.floor(math.log10(mcse)), 0), 9) if mcse > 0 else 2
    return f"{number(value, digits)} ({number(mcse, digits)})".replace("-", "−")


def number(value: Any, digits: int) -> str:
    """A number for a table cell, with thousands separators; an en dash where there is none."""
    return "–" if value is None or value != value else f"{value:,.{digits}f}"


def chance(p: float) -> str:
    """A p-value with four decimals."""
    return number(p, 4) if not p < 1e-4 else "< 0.0001"


def signed(value: float, digits: int) -> str:
    """A difference with its sign; the minus is a real one."""
    return f"{value:+,.{digits}f}".replace("-", "−")


def rows_of(table: pd.DataFrame) -> Iterable[Any]:
    """Rows as named tuples, whose fields only the table knows."""
    return table.itertuples()


def entries_of(table: pd.DataFrame) -> dict[Any, dict[str, Any]]:
    """{label of a row: {column: value}}."""
    return table.to_dict("index")  # type: ignore[return-value]


def percent(value: float, digits: int, text: dict[str, str]) -> str:
    """A percentage with its sign, as the language sets it."""
    return f"{number(value, digits)}{text['percent_sign']}"


def people(value: float, moe: float, text: dict[str, str]) -> str:
    """A size in 10,000 persons and its margin (0 shows none) as people write them: 1.103 ± 0.007 billion people, 11.03 ± 0.07 亿人."""
    units = (1e5, "billion"), (1e2, "million"), (0.1, "thousand")
    if text["lang"] == "zh":
        units = (1e4, "亿人"), (1.0, "万人")
    size, name = next((u for u in units if abs(value) >= u[0]), units[-1])
    digits = max(-math.floor(math.log10(moe / size)), 0) if moe > 0 else 2 if value >= 1e4 else 0
    margin = f" ± {number(moe / size, digits)}" if moe > 0 else ""
    return f"{number(value / size, digits)}{margin} {name}{' people' if text['lang'] == 'en' else ''}"
