"""One self-contained HTML page from plain tables: no network, no script, light and dark, print."""

import tomllib
from functools import cache
from importlib.resources import files

from ..errors import SpecError

LANGUAGES = ("en", "zh")


@cache
def labels(lang):
    """Every text of the report in one language."""
    if lang not in LANGUAGES:
        raise SpecError(f"lang = {lang!r}: choose one of {', '.join(LANGUAGES)}.")
    return tomllib.loads((files(__package__) / "labels.toml").read_text(encoding="utf-8"))[lang]


def render(template, lang, **content):
    """Fill a template under templates/; every value is escaped unless it is Markup."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(text=labels(lang), **content)


def number(value, digits):
    """A number for a table cell, with thousands separators; an en dash where there is none."""
    return "–" if value is None or value != value else f"{value:,.{digits}f}"
