"""Regions and provinces as registries write them, and their labels in English and Chinese."""

import unicodedata
from functools import cache
from typing import Any

from .. import guards, reference
from ..errors import SpecError
from ..keys import packaged

# ISO codes; adcodes of those that are one province
REGIONS = {"CN": "", "HK": "810000", "MO": "820000", "TW": "710000"}
OUTSIDE = "999999"  # the report's 其他: the holder is outside the mainland
UNKNOWN = "unknown"
MORE = {"台湾省": "710000", "Xizang": "540000", "Macau": "820000", "新疆生产建设兵团": "650000"}
SILENT = ("", "不详", "未知", "unknown")
ABROAD = ("其他", "其它", "境外", "other")


@cache
def texts(lang: str) -> dict[str, Any]:
    """Every text of the tables in one language."""
    found = packaged(str(__package__), "labels.toml")
    return found[guards.choice(lang, "lang", found, error=SpecError)]


@cache
def provinces(lang: str) -> dict[str, str]:
    """{adcode: short name} of the 31 provinces, Hong Kong, Macao and Taiwan, outside the mainland, and unknown."""
    text = texts(lang)
    table = reference.load("provinces").set_index("adcode")["name_en" if lang == "en" else "name_zh_short"]
    regions = {code: text[f"region_{region}"] for region, code in REGIONS.items() if code}
    return {**table, **regions, OUTSIDE: text["outside"], UNKNOWN: text["unknown"]}


def province(text: str) -> str:
    """The adcode of a province written in Chinese or English, short or in full, or as its adcode; "" where nothing is said.

    Examples
    --------
    >>> from surveysim.registry.places import province
    >>> [province(name) for name in ("广东", "广东省", "guangdong", "440000", "内蒙古自治区", "香港特别行政区", "不详")]
    ['440000', '440000', '440000', '440000', '150000', '810000', '']
    """
    found = _spellings().get(_spelt(text))
    if found is None:
        raise ValueError(f"{text!r} is no province; write 广东, Guangdong or 440000")
    return found


def holder(text: str) -> str:
    """A holder's name; those of the report's appendix table 2 in Chinese, whichever language they are written in.

    Examples
    --------
    >>> from surveysim.registry.places import holder
    >>> holder("china telecom"), holder("Example  Bank")
    ('中国电信集团有限公司', 'Example Bank')
    """
    plain = " ".join(text.split())
    return "" if silent(plain) else _reported_holders().get(_spelt(plain), plain)


def silent(text: str) -> bool:
    """Whether a cell says that nothing is known."""
    return _spelt(text) in SILENT


@cache
def holders(lang: str) -> dict[str, str]:
    """{name in Chinese: name in `lang`} of the holders that the report names, and of the unknown one."""
    table = reference.load("registry_ipv4_by_holder")
    named = table[~table["holder_zh"].isin(["合计", "其他"])]
    return {**dict(zip(named["holder_zh"], named[f"holder_{lang}"])), UNKNOWN: texts(lang)["unknown"]}


@cache
def _reported_holders():
    names = {name: code for lang in ("zh", "en") for code, name in holders(lang).items() if code != UNKNOWN}
    return {_spelt(name): code for name, code in names.items()}


@cache
def _spellings():
    table = reference.load("provinces")
    found = dict(zip(table["name_zh"], table["adcode"]))
    for lang in ("zh", "en"):
        found |= {name: code for code, name in provinces(lang).items() if code != UNKNOWN}
    found |= {f"{texts('zh')[f'region_{region}']}特别行政区": REGIONS[region] for region in ("HK", "MO")}
    found |= {code: code for code in provinces("zh") if code != UNKNOWN}
    found |= {f"{name} province": code for code, name in provinces("en").items() if code not in (UNKNOWN, OUTSIDE)}
    found |= MORE
    found |= dict.fromkeys(ABROAD, OUTSIDE) | dict.fromkeys(SILENT, "")
    return {_spelt(name): code for name, code in found.items()}


def _spelt(text):
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
