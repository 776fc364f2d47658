"""Names of estimands, domains and measures as readers know them, in their language."""

import re
from typing import Any

from .. import reference
from ..columns import AGES


def name_column(text: dict[str, str]) -> str:
    """The column of names in a table of facts."""
    return "name_zh" if text["lang"] == "zh" else "name_en"


THEMES = {  # by how the names of their indicators begin
    "nonusers": ("nonuser_", "non_netizens_"),
    "genai": ("genai_",),
    "apps": ("app_", "social_"),
    "skills": ("skill_", "device_", "weekly_", "elder_"),
    "structure": ("netizens_", "urban_share", "rural_share", "mobile_netizens"),
}
MEDIA = (
    "instant",
    "online_video",
    "short",
    "micro",
    "live",
    "online_news",
    "online_music",
    "online_lit",
    "online_audio",
)
MEDIA = (*(f"app_{name}" for name in (*MEDIA, "social_network")), "social_")


def theme(indicator: str) -> str:
    """What an indicator is about: a drawing has those of one theme."""
    found = next((name for name, starts in THEMES.items() if indicator.startswith(starts)), "penetration")
    return ("media" if indicator.startswith(MEDIA) else "services") if found == "apps" else found


def estimand_name(name: str, text: dict[str, str]) -> str:
    """What an indicator of the report is called; other estimands keep their names."""
    names = reference.published()[name_column(text)]
    return re.sub(r"(\d)网民", r"\1岁网民", str(names[name])) if name in names.index else name


def province_names(text: dict[str, str]) -> dict[Any, str]:
    """Short names of the provinces by adcode."""
    column = "name_zh_short" if text["lang"] == "zh" else "name_en"
    return reference.load("provinces").set_index("adcode")[column].to_dict()


def domain_name(domain: str, text: dict[str, str]) -> str:
    """ "province=110000, sex=male" as people say it; what is no domain of the survey stays as it is."""
    levels = {"province": province_names(text), "urban": {n: text[f"{n}_level"] for n in ("urban", "rural")}}
    levels |= {
        "sex": {n: text[n] for n in ("male", "female")},
        "age_group": {age: text["years_of_age"].format(ages=age) for age in AGES},
    }
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


def level_name(level: str, text: dict[str, str], margin: str = "") -> str:
    """A level of such a variable; of a group of educations the first and the last; ages with their unit."""
    if "age" in margin:
        return text["years_of_age"].format(ages=level)
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
