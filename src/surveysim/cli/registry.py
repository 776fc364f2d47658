"""The commands `surveysim registry …`: addresses and domain names counted from registries' files."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from ..writing import write_text
from .options import FILE, folder_option, json_option, language_option, one_of
from .writing import answer, folder, rows_of

SHOWN = 20  # lines of a list on the terminal; files and JSON have them all
_FILES = {"nargs": -1, "required": True, "type": FILE}
_LANG = language_option("Language of tables.")
_OUT = folder_option(
    "Folder for all tables and lists, as CSV.",
    callback=lambda context, option, path: path if path is None else folder(path) or path,
)
_STRICT = click.option("--strict", is_flag=True, help="End with exit code 2 at the first malformed line.")
_ENCODING = click.option("--encoding", default="utf-8-sig", help="Encoding of CSV files, such as gb18030.")


@click.group()
def registry() -> None:
    """Count IP addresses and domain names from registries' files, as the report's second method does."""


@registry.command("addresses")
@click.argument("delegated", **_FILES)
@click.option("--list", "lists", multiple=True, type=FILE, help="National allocation list; may be given again.")
@click.option("--operators", type=FILE, help="What operators report: columns operator, ipv4, ipv6 (/32 blocks).")
@click.option(
    "--country", "countries", multiple=True, help="Region to count, such as CN; all of CN, HK, MO, TW unless given."
)
@one_of("--by", ["region", "province", "holder", "operator"], "region")
@_LANG
@_OUT
@_STRICT
@_ENCODING
@json_option
def addresses(
    delegated: tuple[Path, ...],
    lists: tuple[Path, ...],
    operators: Path | None,
    countries: tuple[str, ...],
    by: str,
    **options: Any,
) -> None:
    """Count the IPv4 addresses and IPv6 /32 blocks of DELEGATED files and allocation lists, each address once."""
    from .. import registry as rooms
    from ..registry.addresses import KEYS

    reading = {name: options[name] for name in ("strict", "encoding")}
    files = [rooms.read_delegated(path, strict=options["strict"]) for path in delegated]
    given = [rooms.read_allocations(path, **reading) for path in lists]
    wanted = {"countries": tuple(code.upper() for code in countries)} if countries else {}
    count = rooms.count_addresses(*files, *given, **wanted)
    differ, problems = (
        [d for file in files for d in file.discrepancies],
        [p for s in (*files, *given) for p in s.problems],
    )
    if operators is not None:
        holdings, unread = rooms.read_operators(operators, **reading)
        differ, problems = [*differ, *rooms.compare_operators(count, holdings)], [*problems, *unread]
    tables = {f"addresses-by-{key}": count.by(key) for key in KEYS} | rooms.report_tables(count, lang=options["lang"])
    found = {"conflicts": count.conflicts, "discrepancies": differ, "problems": problems}
    _show(tables, f"addresses-by-{by}", count.summary(), found, options)


@registry.command("domains")
@click.argument("lists", **_FILES)
@one_of("--by", ["suffix", "category", "province", "registrant"], "suffix")
@_LANG
@_OUT
@_STRICT
@_ENCODING
@json_option
def domains(lists: tuple[Path, ...], by: str, **options: Any) -> None:
    """Count the domain names of registry LISTS (columns domain, and province and registrant where known), each name once."""
    from .. import registry as rooms
    from ..registry.domains import KEYS

    count, lang = rooms.count_domains(*lists, strict=options["strict"], encoding=options["encoding"]), options["lang"]
    tables = {f"domains-by-{key}": count.by(key) for key in KEYS} | rooms.report_tables(domains=count, lang=lang)
    _show(tables, f"domains-by-{by}", count.summary(), {"problems": count.problems}, options)


@registry.command("report")
@_LANG
@_OUT
@json_option
def report(**options: Any) -> None:
    """Re-make every registry table of the 55th report from its own rows, and list where it disagrees with itself."""
    from .. import registry as rooms

    lang = options["lang"]
    tables, found = rooms.published_tables(lang=lang), {"discrepancies": rooms.discrepancies(lang=lang)}
    _show(tables, None, f"{len(tables)} tables re-made", found, options)


def _show(tables, first, summary, found, options):
    """One table, or all, for the terminal; everything as files or as JSON. Malformed lines go to stderr."""
    from ..registry import labelled

    lang, out, as_json = options["lang"], options["out"], options["as_json"]
    if out is not None:
        _write(tables, found, out)
    _report_problems(found.get("problems", ()), out)
    if as_json:
        rows = {name: rows_of(table) for name, table in tables.items()}
        lists = {name: [_plain(item) for item in items] for name, items in found.items()}
        answer(as_json, {"summary": summary} | rows | lists, str)
        return
    for name, table in tables.items() if first is None else [(first, labelled(tables[first], lang=lang))]:
        click.echo(f"{table.attrs['title']} ({name})\n{_text(table)}\n" if first is None else f"{_text(table)}\n")
    click.echo(summary)
    for name in ("discrepancies", "conflicts"):
        if name in found:
            _list(f"{len(found[name]):,} {name}", found[name], out)
    if out is not None:
        click.echo(f"\nThe tables are in {out}.")


def _text(table):
    """A table for a terminal; Chinese characters are two columns wide."""
    import pandas as pd

    with pd.option_context("display.unicode.east_asian_width", True):
        return table.to_string(index=False, formatters=_formats(table))


def _formats(table):
    """How each column's values are written: digits as printed in the report, thousands apart."""
    digits = table.attrs.get("digits", {})
    return {name: partial(_cell, digits=digits.get(name)) for name in table.columns}


def _cell(value, digits):
    import numpy as np

    if isinstance(value, float | np.floating):
        return f"{value:,.10g}" if digits is None else f"{value:,.{digits}f}"
    return f"{value:,}" if isinstance(value, int | np.integer) else str(value)


def _list(title, items, out, err=False):
    """The first lines of a list, and how many more there are."""
    click.echo(f"{title}{':' if items else ''}", err=err)
    for item in items[:SHOWN]:
        click.echo(f"  {item}", err=err)
    if len(items) > SHOWN:
        where = "are in the files" if out is not None else "are written with -o DIR"
        click.echo(f"  … {len(items) - SHOWN:,} more {where}", err=err)


def _report_problems(problems, out):
    if problems:
        lost = sum(not p.used for p in problems)
        _list(
            f"surveysim: malformed or repeated lines {len(problems):,}, of them not counted {lost:,}",
            problems,
            out,
            err=True,
        )


def _plain(item):
    """A problem, conflict or discrepancy as plain values and as one line of text."""
    from dataclasses import asdict

    return {k: str(v) if isinstance(v, dict | list | tuple) else v if isinstance(v, str | int | None) else float(v)
            for k, v in asdict(item).items()} | {"text": str(item)}  # fmt: skip


def _write(tables, found, out):
    """Every table and list as a CSV file of `out`."""
    import pandas as pd

    from ..display import csv_text

    out.mkdir(parents=True, exist_ok=True)
    lists = {name: pd.DataFrame({"text": [str(item) for item in items]}) for name, items in found.items()}
    for name, table in (tables | lists).items():
        write_text(out / f"{name}.csv", csv_text(table, number=None))
