"""Domain names in registries' lists: each name once, by suffix, second-level category of .CN, province and registrant.

A name is compared in its ASCII form (punycode), in small letters and without a last dot, so that 例子.中国 and
XN--FSQU00A.xn--fiqs8s. are one name. Labels follow IDNA 2003, the standard library's.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from encodings.idna import ToASCII, ToUnicode
from functools import cache

import pandas as pd

from .. import guards
from ..aliases import Pathname
from ..display import Shown
from ..keys import packaged
from .allocations import place
from .lists import RegistryList
from .places import UNKNOWN, silent

KEYS = ("suffix", "category", "province", "registrant")
GROUPS = ("cn", "com", "net", "中国", "info", "org")  # the rows of the report's table 2; then "new gTLD" and "other"
ONE_LABEL = {"com", "net", "org", "info", "biz", "xn--fiqs8s"}  # suffixes right under which every name is registered
_LABEL = re.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class DomainCount(Shown):
    """What `count_domains` found.

    Attributes
    ----------
    counts : {(suffix, category, province, registrant): names}. problems : lines that are no name or repeat one, and lines counted
        with their province unknown because it was not recognised.
    """

    counts: dict = field(repr=False)
    problems: tuple = field(default=(), repr=False)

    @property
    def total(self) -> int:
        """Number of names."""
        return sum(self.counts.values())

    def by(self, key: str) -> pd.DataFrame:
        """Table of names by one key, the largest first: the key, domains, and of these cn and zhongguo (.中国).

        key : "suffix", "category" (of .CN: "cn" for names right under it, "com", …, "adm" for the 34 administrative regions; other
        suffixes have none and are left out), "province" (adcode) or "registrant"; "unknown" where the lists do not say.
        """
        guards.choice(key, "by", KEYS)
        rows = {}
        for levels, number in self.counts.items():
            level, suffix = levels[KEYS.index(key)], levels[0]
            row = rows.setdefault(level, [0, 0, 0])
            row[0] += number
            row[1] += number * (suffix == "cn")
            row[2] += number * (suffix == "中国")
        if key == "category":
            rows.pop("", None)
        ordered = sorted(rows.items(), key=lambda item: (item[0] == UNKNOWN, -item[1][0], item[0]))
        return pd.DataFrame([(k, *v) for k, v in ordered], columns=[key, "domains", "cn", "zhongguo"])

    def summary(self) -> str:
        left_out = sum(not p.used for p in self.problems)
        return f"{self.total:,} names; lines with problems {len(self.problems):,}, of them not counted {left_out:,}"

    def _shown(self) -> pd.DataFrame:
        return self.by("suffix")


def count_domains(*paths: Pathname, strict: bool = False, encoding: str = "utf-8-sig") -> DomainCount:
    """Count the domain names of one or several registry lists, each name once.

    Parameters
    ----------
    paths : .csv, .parquet or .xlsx with the column domain, and province and registrant (its type, as the list has it) where known.
    strict : raise on the first line that is no registered name or repeats one. encoding : of CSV files.

    Returns
    -------
    DomainCount. All names are kept in memory until the end, about 200 bytes each.

    Examples
    --------
    >>> from surveysim.registry import count_domains
    >>> from pathlib import Path
    >>> lines = "domain,province\\n例子.中国,北京\\nXN--FSQU00A.xn--fiqs8s.,北京\\na.gd.cn,\\nb.com.cn,广东\\nno_name.cn,广东\\n"
    >>> _ = Path("names.csv").write_text(lines, encoding="utf-8")
    >>> count = count_domains("names.csv")
    >>> count.by("suffix")[["suffix", "domains"]].to_dict("split")["data"]
    [['cn', 2], ['中国', 1]]
    >>> count.by("province")[["province", "domains"]].to_dict("split")["data"]
    [['110000', 1], ['440000', 1], ['unknown', 1]]
    >>> [(p.line, p.reason) for p in count.problems]
    [(3, 'repeats line 2 of names.csv'), (6, "'no_name' is no label of letters, digits and inner hyphens, 63 at most")]
    """
    seen, problems = {}, []
    for path in paths:
        source = RegistryList(path, ("domain",), ("domain", "province", "registrant"), strict=strict, encoding=encoding)
        for line, text, cells in source.rows():
            try:
                name, suffix, category = split(cells["domain"])
            except ValueError as error:
                source.problem(line, text, str(error))
                continue
            where = place(source, line, text, cells["province"]) or UNKNOWN
            whose = UNKNOWN if silent(cells["registrant"]) else cells["registrant"]
            entry = (where == UNKNOWN, whose == UNKNOWN, source.path, line), (suffix, category, where, whose)
            if name in seen:  # the line that says most counts, whichever is read first
                (*_, other, number), before = seen[name]
                differ = "" if before == entry[1] else ", which says otherwise of its province or registrant"
                source.problem(line, text, f"repeats line {number} of {other}{differ}")
            seen[name] = min(entry, seen.get(name, entry))
        problems += source.problems
    return DomainCount(dict(Counter(levels for _, levels in seen.values())), tuple(problems))


def split(text: str) -> tuple[str, str, str]:
    """(name in ASCII, suffix in its own script, second-level category of .CN) of a registered domain name.

    Examples
    --------
    >>> from surveysim.registry.domains import split
    >>> split("Example.COM.CN."), split("例子。中国")
    (('example.com.cn', 'cn', 'com'), ('xn--fsqu00a.xn--fiqs8s', '中国', ''))
    """
    labels = [_ascii(label) for label in re.split("[.。．｡]", re.sub("[.。．｡]$", "", text.strip()))]
    name, suffix = ".".join(labels), labels[-1]
    if len(labels) < 2:
        raise ValueError(f"{text!r} has no suffix")
    if len(name) > 253:
        raise ValueError(f"the name has {len(name)} characters, 253 at most are possible")
    if suffix.isdigit() or suffix in _known()["reserved"]:
        raise ValueError(f"nothing is registered under .{suffix}")
    category = _category(labels) if suffix == "cn" else ""
    depth = 3 if category not in ("", "cn") else 2
    if len(labels) < depth:
        raise ValueError(f"{name} is a second-level category, not a name under one")
    if len(labels) > depth and (suffix == "cn" or suffix in ONE_LABEL):
        raise ValueError(f"{name} is below the registered name {'.'.join(labels[-depth:])}")
    return name, _script(suffix), category


def _ascii(label):
    """One label in ASCII, small letters."""
    plain = label.lower()
    if not plain.isascii() or plain.startswith("xn--"):
        try:
            plain = ToASCII(ToUnicode(ToASCII(plain).decode().lower())).decode()
        except UnicodeError:
            raise ValueError(f"{label!r} is no label that IDNA allows") from None
    if not _LABEL.fullmatch(plain):
        raise ValueError(f"{label!r} is no label of letters, digits and inner hyphens, 63 at most")
    return plain


_script = cache(ToUnicode)


@cache
def _known():
    return packaged(str(__package__), "suffixes.toml")


def _category(labels):
    """Category of a name under .CN: "cn" if it stands right there, "adm" for the administrative regions."""
    second = labels[-2]
    if second in _known()["regions"]:
        return "adm"
    return second if second in _known()["categories"] else "cn"


@cache
def group(suffix: str) -> str:
    """The row of the report's table 2 that a suffix belongs to.

    Examples
    --------
    >>> from surveysim.registry.domains import group
    >>> [group(suffix) for suffix in ("cn", "中国", "top", "公司", "biz", "hk", "香港")]
    ['cn', '中国', 'new gTLD', 'new gTLD', 'other', 'other', 'other']
    """
    if suffix in GROUPS:
        return suffix
    plain, known = _ascii(suffix), _known()
    country = len(plain) == 2 or plain in known["country_codes"]
    return "other" if country or plain in known["traditional"] else "new gTLD"
