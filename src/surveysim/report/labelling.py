"""Names of estimands, domains and measures as readers know them, in their language."""

from typing import Any

from .. import reference
from ..columns import AGES


def name_column(text: dict[str, str]) -> str:
    """The column of names in a table of facts."""
    return "name_zh" if text["lang"] == "zh" else "name_en"


def estimand_name(name: str, text: dict[str, str]) -> str:
    """What an indicator of the report is called; other estimands keep their names."""
    names = reference.published()[name_column(text)]
    return str(names[name]) if name in names.index else name


def province_names(text: dict[str, str]) -> dict[Any, str]:
    """Short names of the provinces by adcode."""
    column = "name_zh_short" if text["lang"] == "zh" else "name_en"
    return reference.load("provinces").set_index("adcode")[column].to_dict()


def domain_name(domain: str, text: dict[str, str]) -> str:
    """ "province=110000, sex=male" as people say it; what is no domain of the survey stays as it is."""
    levels = {"province": province_names(text), "urban": {n: text[f"{n}_level"] for n in ("urban", "rural")}}
    levels |= {"sex": {n: text[n] for n in ("male", "female")}, "age_group": dict(zip(AGES, AGES, strict=True))}
    parts = []
    for part in domain.split(", "):
        column, _, level = part.partition("=")
        known = levels.get(column, {level: text[level]} if column == "education" and level in text else {})
        parts.append(known.get(level, part))
    return " · ".join(parts)


def margin_name(margin: str | tuple[str, ...], text: dict[str, str]) -> str:
    """A variable that is weighted by, or several crossed."""
    names = [margin] if isinstance(margin, str) else margin
    return " × ".join(text[name.removeprefix("weighting_")] for name in names)


def level_name(level: str, text: dict[str, str]) -> str:
    """A level of such a variable; of a group of educations the first and the last."""
    known = {"rural": text["rural_level"], "urban": text["urban_level"]}
    return text["span"].join(known.get(part, text.get(part, part)) for part in level.split(" to "))


def change_case(row: Any, text: dict[str, str]) -> str:
    """One row of the verdict on a change in words: whose errors, of how many interviews, with which overlap of two surveys."""
    size = "" if row.n != row.n else text["change_n"].format(n=f"{row.n:,.0f}")
    overlap = text["change_panel"].format(share=f"{100 * row.overlap:.0f}") if row.overlap else text["change_apart"]
    return text["change_case"].format(errors=text[f"change_errors_{row.errors}"], size=size, overlap=overlap)


def note_of(name: str, note: str, text: dict[str, str]) -> str:
    """The note on an indicator, in the report's language."""
    if text["lang"] != "zh" or not note:
        return note
    return str(reference.load("indicators").set_index("indicator_id").fillna("").loc[name, "note_zh"])
