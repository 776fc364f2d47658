"""The report's registry tables: from counts of one's own, and re-made from the published rows, which checks them.

One layout (layouts.toml) and one function make a table from rows, whoever counted them; totals, shares, ratios and A, B, C
notations are always computed, so that `checks` can compare what the report prints with them.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pandas as pd

from .. import reference
from ..keys import packaged
from .addresses import Tally
from .domains import GROUPS, group
from .notation import to_notation
from .places import REGIONS, UNKNOWN, holders, provinces, texts

if TYPE_CHECKING:
    from .addresses import AddressCount
    from .domains import DomainCount

CATEGORIES = ("cn", "com", "adm", "net", "org", "ac", "gov", "edu")  # the rows of the report's table 3; then "other"


def layouts() -> dict[str, Any]:
    """{table: its layout}, in the report's order."""
    return {name: layout for name, layout in packaged(str(__package__), "layouts.toml").items() if name != "identities"}


def identities() -> list[Any]:
    """Pairs of (table, row, column) that should be equal."""
    return packaged(str(__package__), "layouts.toml")["identities"]["pairs"]


def report_tables(
    addresses: "AddressCount | None" = None, domains: "DomainCount | None" = None, *, lang: str = "en"
) -> dict[str, pd.DataFrame]:
    """Tables 1 to 3 and appendix tables 1 to 6 of the report, as far as they follow from the counts given.

    Parameters
    ----------
    addresses : AddressCount. domains : DomainCount. lang : "en" or "zh".

    Returns
    -------
    {table: DataFrame with the labels of `lang`, and the title in `.attrs["title"]`}. Tables by holder and province are of the mainland.

    Examples
    --------
    >>> from surveysim.registry import Range, count_addresses, report_tables
    >>> count = count_addresses([Range(4, 2**24, 2**24 + 1023, country="HK")])
    >>> report_tables(count, lang="zh")["appendix-1"]["折合数"].tolist()
    ['0C', '4C', '0C', '0C']
    """
    made, indicators = {}, {}
    if addresses is not None:
        indicators |= {"ipv4_total": addresses.total.ipv4, "ipv6_total": number(addresses.total.blocks)}
        for table, rows in _address_rows(addresses, lang):
            made[table] = make(table, rows, lang)
    if domains is not None:
        suffixes = _domain_rows(domains, "suffix", (*GROUPS, "new gTLD"), group)
        made["table-2"] = make("table-2", _published_labels("table-2", suffixes, lang), lang)
        categories = _domain_rows(domains, "category", CATEGORIES, lambda level: level)
        made["table-3"] = make("table-3", _published_labels("table-3", categories, lang), lang)
        made["appendix-6"] = make("appendix-6", _domain_places(domains, lang), lang)
        indicators |= {"domains_total": domains.total, "domains_cn": suffixes[0]["domains_count"]}
    made["table-1"] = _indicators("table-1", indicators, lang, own=True)
    return {table: made[table] for table in layouts() if table in made}


def published_tables(*, lang: str = "en") -> dict[str, pd.DataFrame]:
    """Every registry table of the 55th report, re-made from its published rows by the code that makes one's own.

    Returns
    -------
    {table: DataFrame with the labels of `lang`, and the title in `.attrs["title"]`}.

    Examples
    --------
    >>> from surveysim.registry import published_tables
    >>> published_tables()["appendix-2"]["As A, B, C"].tolist()[2:5]
    ['3A+192B+167C', '2A+26B+140C', '254B+15C']
    """
    texts(lang)
    return {
        table: _indicators(table, published_values(), lang)
        if "rows" in layout
        else make(table, published_rows(table, lang)[0], lang)
        for table, layout in layouts().items()
    }


def labelled(counts: pd.DataFrame, *, lang: str = "en") -> pd.DataFrame:
    """A table of counts by one key with its levels and columns in words; addresses also as A, B, C and in percent.

    Parameters
    ----------
    counts : from `AddressCount.by` or `DomainCount.by`. lang : "en" or "zh".
    """
    key, levels = counts.columns[0], _level_names(counts.columns[0], lang)
    shown = counts.assign(**{key: [levels.get(v, f".{v}" if key == "suffix" else v) for v in counts[key]]})
    if "ipv4" in counts:
        whole = counts["ipv4"].sum()
        shown.insert(2, "notation", [to_notation(int(n), remainder="keep") for n in counts["ipv4"]])
        shown.insert(3, "share", (100 * counts["ipv4"] / whole).round(2) if whole else 0.0)
    shown = shown.rename(columns=texts(lang))
    shown.attrs["digits"] = {texts(lang)["share"]: 2}
    return shown


def _level_names(key, lang):
    """{level: its name} of one key, as far as levels have names of their own."""
    text, known = texts(lang), {}
    if key == "region":
        known = {code: text[f"region_{code}"] for code in REGIONS}
    elif key == "category":
        known = {level: f".{level.upper()}.CN" for level in (*CATEGORIES, "mil")} | {"cn": ".CN", "adm": text["adm"]}
    elif key in ("province", "holder", "operator"):
        known = provinces(lang) if key == "province" else holders(lang)
    return known | {UNKNOWN: text["unknown"]}


def make(table: str, rows: list[dict[str, Any]], lang: str) -> pd.DataFrame:
    """A table of the report from rows: a list of {"label": text, column: number}."""
    layout = layouts()[table]
    totals = totals_of(layout, rows)
    filled = [derived(layout, row, totals) for row in rows]
    if "total" in layout:
        filled.append(derived(layout, {"label": layout["total"][lang]} | totals, totals))
    names = {"label": layout["head"][lang]} | {c["name"]: c[lang] for c in layout["columns"]}
    frame = pd.DataFrame([[row[name] for name in names] for row in filled], columns=list(names.values()))
    frame.attrs |= {"title": layout[lang], "digits": {c[lang]: c["digits"] for c in layout["columns"] if "digits" in c}}
    return frame


def totals_of(layout: Mapping[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """{column: sum over the rows} of what adds up, and of what shares and ratios are made from."""
    names = {c["name"] for c in layout["columns"] if c.get("adds")}
    names |= {part for c in layout["columns"] for part in (c.get("share"), *c.get("ratio", ())) if part}
    return {name: sum(row[name] for row in rows) for name in names if all(name in row for row in rows)}


def derived(layout: Mapping[str, Any], row: dict[str, Any], totals: Mapping[str, Any]) -> dict[str, Any]:
    """A row with what follows from its counts: notation, share of the total, ratio."""
    row = dict(row)
    for column in layout["columns"]:
        name, digits = column["name"], column.get("digits")
        if "notation" in column:
            row[name] = to_notation(row[column["notation"]], remainder="keep")
        elif column.get("share") in row:
            whole = totals[column["share"]]
            row[name] = round(100 * row[column["share"]] / whole, digits) if whole else 0.0
        elif "ratio" in column:
            over, under = (row[part] for part in column["ratio"])
            row[name] = round(over / under, digits) if under else float("nan")
        elif digits is not None:
            row[name] = round(row[name], digits)
    return row


def _indicators(table, values, lang, own=False):
    """A table of single indicators, of those in `values`; of one's own without the report's date."""
    layout = layouts()[table]
    title, last = (layout["own"][lang], texts(lang)["count"]) if own else (layout[lang], layout["head"][lang][-1])
    rows = [
        [*row[lang], indicator(row, values)] for row in layout["rows"] if row.keys() & {"ratio"} or row["id"] in values
    ]
    frame = pd.DataFrame(rows, columns=[*layout["head"][lang][:-1], last], dtype=object)
    frame.attrs["title"] = title
    return frame


def indicator(row: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    if "ratio" not in row:
        return values[row["id"]]
    over, under = (values[name] for name in row["ratio"])
    return number(round((100 if row.get("percent") else 1) * over / under, row["digits"]))


def _address_rows(addresses, lang):
    """Rows of appendix tables 1 to 5."""
    text, mainland = texts(lang), addresses.within("CN")
    regions = addresses.tallies("region")
    shown = [(text[f"region_{code}"], regions.get(code)) for code in REGIONS if code in addresses.countries]
    shown += [(text.get(code, code), tally) for code, tally in regions.items() if code not in REGIONS]
    by_holder = _holder_rows(mainland.tallies("holder"), lang)
    for table, rows in (("appendix-1", shown), ("appendix-2", by_holder)):
        yield table, [{"label": label, "ipv4_addresses_count": t.ipv4 if t else 0} for label, t in rows]
    for table, rows in (("appendix-3", shown), ("appendix-4", by_holder)):
        yield table, [{"label": label, "ipv6_blocks_slash32": number(t.blocks) if t else 0} for label, t in rows]
    sizes = {code: (t.ipv4,) for code, t in mainland.tallies("province").items()}
    yield "appendix-5", _place_rows(sizes, ("ipv4_addresses_count",), lang)


def _holder_rows(tallies, lang):
    """(label, Tally) of the holders that the report names, in its order, then of all others together."""
    named = [name for name in holders(lang) if name != UNKNOWN]
    other = sum((tally for name, tally in tallies.items() if name not in named), Tally())
    return [*((holders(lang)[name], tallies.get(name)) for name in named), (texts(lang)["other"], other)]


def _place_rows(sizes, names, lang):
    """Rows of the 31 provinces by size, then of others (outside the mainland or unknown), from {adcode: numbers}."""
    known = {code: sizes.get(code, (0,) * len(names)) for code in reference.provinces()}
    rest = [numbers for code, numbers in sizes.items() if code not in known]
    other = tuple(sum(column) for column in zip(*rest, strict=True)) if rest else (0,) * len(names)
    ordered = sorted(known, key=lambda code: (-known[code][0], code))
    rows = [*((provinces(lang)[code], known[code]) for code in ordered), (texts(lang)["other"], other)]
    return [{"label": label} | dict(zip(names, map(int, numbers), strict=True)) for label, numbers in rows]


def _domain_rows(domains, key, levels, row_of):
    """Counts by suffix or category in the report's rows, "other" last."""
    sums = dict.fromkeys((*levels, "other"), 0)
    for level, number in domains.by(key)[[key, "domains"]].itertuples(index=False):
        row = row_of(level)
        sums[row if row in sums else "other"] += int(number)
    return [{"domains_count": number} for number in sums.values()]


def _published_labels(table, rows, lang):
    """Rows with the labels of the published table, whose rows are the same."""
    labels = [row["label"] for row in published_rows(table, lang)[0]]
    return [{"label": label} | row for label, row in zip(labels, rows, strict=True)]


def _domain_places(domains, lang):
    """Rows of appendix table 6."""
    columns = ("domains", "cn", "zhongguo")
    sizes = {row["province"]: tuple(row[c] for c in columns) for row in domains.by("province").to_dict("records")}
    return _place_rows(sizes, ("domains_count", "domains_cn_count", "domains_zhongguo_count"), lang)


def published_rows(table: str, lang: str) -> tuple[list[dict[str, Any]], Any]:
    """(rows, printed total or None) of a published table."""
    layout = layouts()[table]
    facts: list[Any] = reference.load(layout["facts"]).to_dict("records")
    totals = {label for key in ("en", "zh") for label in (layout.get("total", {}).get(key),)} | {"total"}
    words = {"other": texts(lang)["other"]}
    names = [str(row[layout["label"][lang]]).replace("_", " ") for row in facts]
    rows = [{"label": words.get(name, name)} | row for name, row in zip(names, facts)]
    last = rows.pop() if "total" in layout and totals & {str(v) for v in facts[-1].values()} else None
    if "order" in layout:
        rows.sort(key=lambda row: -row[layout["order"]])
    return rows, last


def published_values() -> dict[str, Any]:
    """{indicator: value} of the published indicators, whole numbers as int."""
    table = reference.load("registry_infrastructure")
    return {name: number(value) for name, value in zip(table["indicator_id"], table["value"])}


def number(value: float | Fraction) -> int | float:
    """An int where the value is whole, else a float."""
    return int(value) if value == int(value) else float(value)
