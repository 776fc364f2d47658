"""Write docs/explanation/not-fitted.md and .csv: facts the population was not fitted to, beside what the population says.

Draws a fiftieth of the nation for every year that a fact needs. Run after any change to the population:
`.venv/bin/python studies/not_fitted.py`.
"""

from dataclasses import dataclass

import numpy as np
from runs import Run

from surveysim import Population, reference
from surveysim.columns import EDUCATION
from surveysim.population.households import DORMITORY

SCALE, SMALL_SCALE = 0.02, 0.002
AGES = 120
YEARS_OF_SCHOOL = np.array([0, 0, 6, 9, 12, 15, 16.1])  # 16.1: bachelors 16, one in nine of these levels longer
# How far the model may be off: to hold, to be near; in points, years, or as a share of the fact
TOLERANCE = {
    "household_share": (2.0, 4.0, "points"),
    "share_within": (3.0, 6.0, "points"),
    "rare_share": (0.5, 1.0, "points"),
    "education_share": (2.0, 4.0, "points"),
    "years": (0.2, 0.4, "years"),
    "internet_share": (4.0, 8.0, "points"),
    "persons": (0.05, 0.10, "of the fact"),
    "per_100_households": (0.05, 0.10, "of the fact"),
}
VERDICTS = ("holds", "near", "differs")


@dataclass(frozen=True)
class Counts:
    """What a year's population is asked for, by province (31) and, but for households of the old, country or town."""

    people: np.ndarray  # (31, 2, sex, age, education)
    online: np.ndarray  # (31, 2, age)
    sector: np.ndarray  # (31, 2, 3) aged 15 or older
    owners: np.ndarray  # (31, 2)
    families: np.ndarray  # (31, 2, 8) by size
    with_old: np.ndarray  # (31, 4) families by members of 65 or older, three: or more
    elders: np.ndarray  # (31,) persons of 60 or older whose family has nobody younger
    scale: float


def counted(year, scale, seed=1):
    """`Counts` of a year, province by province."""
    pop = Population.china(seed=seed, scale=scale, year=year)
    shape = (31, 2, 2, AGES, len(EDUCATION))
    made = Counts(
        np.zeros(shape), *(np.zeros(s) for s in ((31, 2, AGES), (31, 2, 3), (31, 2), (31, 2, 8), (31, 4), 31)), scale
    )
    for province in range(31):
        for ids in pop.blocks(province, 10**9):
            a = pop.attributes(ids)
            levels = a.cell % len(EDUCATION)
            np.add.at(made.people[province], (a.urban, a.sex, a.age, levels), 1)
            np.add.at(made.online[province], (a.urban, a.age), a.internet)
            grown = a.age >= 15
            np.add.at(made.sector[province], (a.urban[grown], a.sector[grown]), 1)
            np.add.at(made.owners[province], a.urban, a.n_mobile > 0)
            family = pop.people.class_kind[a.home] != DORMITORY
            first = a.household[0]
            head = family & (a.position == 0)
            np.add.at(made.families[province], (a.urban[head], a.household_size[head]), 1)
            n = a.household[-1] - first + 1
            old = np.bincount(a.household - first, family & (a.age >= 65), n)
            made.with_old[province] += np.bincount(
                np.minimum(old[a.household[head] - first], 3).astype(int), minlength=4
            )
            young = np.bincount(a.household - first, a.age < 60, n)
            made.elders[province] += (family & (young[a.household - first] == 0)).sum()
    return made


def _within(counts, where):
    """Rows of provinces and of country or town that a fact is about."""
    provinces = list(reference.provinces())
    province = (
        slice(None) if where in ("nation", "rural", "urban") else slice(*(provinces.index(where) + np.array([0, 1])))
    )
    town = {"rural": slice(0, 1), "urban": slice(1, 2)}.get(where, slice(None))
    return province, town


def _of_ages(people, ages):
    """Persons by education of some ages; "labour" are men of 16-59 and women of 16-54."""
    if ages == "labour":
        return people[:, :, 0, 16:60].sum(axis=(0, 1, 2)) + people[:, :, 1, 16:55].sum(axis=(0, 1, 2))
    low, high = map(int, ages.split("-"))
    return people[:, :, :, low : high + 1].sum(axis=(0, 1, 2, 3))


def _share(part, whole):
    """A share in percent and its standard error if people were drawn one by one."""
    p = part / whole
    return 100 * p, 100 * np.sqrt(p * (1 - p) / whole)


def measured(counts, fact):
    """What the population says of a fact, and its standard error by drawing a part of the nation."""
    province, town = _within(counts, fact.where)
    old = counts.with_old[province].sum(axis=0)
    sizes = counts.families[province, town].sum(axis=(0, 1))
    match fact.quantity:
        case "households_with_65":
            return _share(old[1:].sum(), old.sum())
        case "households_with_one_65":
            return _share(old[1], old[1:].sum())
        case "households_with_three_65":
            return _share(old[3], old[1:].sum())
        case "household_size":
            size = int(fact.level)
            return _share(sizes[size], sizes.sum())
        case "elders_only":
            total = counts.elders.sum()
            return total / counts.scale / 1e4, np.sqrt(2 * total) / counts.scale / 1e4
        case "sector_share":
            sector = counts.sector.sum(axis=(0, 1))
            return _share(sector[["other", "farming", "manufacturing"].index(fact.level)], sector.sum())
        case "owners_per_100_households":
            families, owners = sizes.sum(), counts.owners[province, town].sum()
            return 100 * owners / families, 100 * np.sqrt(2 * owners) / families
        case "internet_share":
            low, high = map(int, fact.ages.split("-"))
            online = counts.online[province, town, low : high + 1].sum()
            return _share(online, counts.people[province, town, :, low : high + 1].sum())
    people = _of_ages(counts.people[province, town], fact.ages)
    if fact.quantity == "schooling_years":
        mean = people @ YEARS_OF_SCHOOL / people.sum()
        return mean, np.sqrt(people @ (YEARS_OF_SCHOOL - mean) ** 2) / people.sum()
    first = EDUCATION.index(fact.level.removesuffix(" only"))
    part = people[first : first + 1 if fact.level.endswith(" only") else None].sum()
    if fact.quantity == "schooling_persons":
        return part / counts.scale / 1e4, np.sqrt(part) / counts.scale / 1e4
    return _share(part, people.sum())


def verdict(kind, value, difference):
    """ "holds", "near" or "differs" by the tolerance of the kind of fact."""
    hold, near, unit = TOLERANCE[kind]
    off = abs(difference) / (value if unit == "of the fact" else 1)
    return VERDICTS[0 if off <= hold else 1 if off <= near else 2]


def compared(scale):
    """The facts with the model's value, its standard error, the difference and the verdict, one row each."""
    facts = reference.load("not_fitted")
    text = ("ages", "level", "model_year")
    facts[[*text]] = facts[[*text]].fillna("").astype(str)
    needed = sorted({int(y) for years in facts["model_year"] for y in years.split("/")})
    rows = {row.fact: [] for row in facts.itertuples()}
    for year in needed:
        counts = counted(year, scale)
        for row in facts.itertuples():
            if str(year) in row.model_year.split("/"):
                rows[row.fact].append(measured(counts, row))
    means = [np.mean(rows[fact], axis=0) for fact in facts["fact"]]  # between two years: their middle
    facts["model"], facts["se"] = np.round(np.transpose(means), 3)
    facts["difference"] = (facts["model"] - facts["value"]).round(3)
    facts["verdict"] = [verdict(k, v, d) for k, v, d in zip(facts["kind"], facts["value"], facts["difference"])]
    return facts


def _table(facts):
    """Rows of Markdown, with places by name."""
    names = dict(zip(reference.provinces(), reference.load("provinces")["name_en"]))
    lines = [
        "| fact | where | date | published | model | difference | verdict |",
        "| --- | --- | --- | ---: | ---: | ---: | --- |",
    ]
    for row in facts.itertuples():
        digits = 2 if row.kind == "years" else 0 if row.unit == "10k persons" else 1
        value, model, off = (f"{x:,.{digits}f}" for x in (row.value, row.model, row.difference))
        lines.append(
            f"| {row.definition} | {names.get(row.where, row.where)} | {row.date[:7]} | {value} | {model} | {off} | {row.verdict} |"
        )
    return "\n".join(lines)


def _summary(facts):
    """How many hold, are near, differ, by kind, with the tolerances."""
    lines = [
        "| kind of fact | holds within | near within | holds | near | differs |",
        "| --- | --- | --- | ---: | ---: | ---: |",
    ]
    for kind, (hold, near, unit) in TOLERANCE.items():
        inside = facts[facts["kind"] == kind]["verdict"]
        limits = [f"{100 * x:g} % {unit}" if unit == "of the fact" else f"{x:g} {unit}" for x in (hold, near)]
        counts = [str((inside == v).sum()) for v in VERDICTS]
        lines.append(f"| {kind.replace('_', ' ')} | {' | '.join([*limits, *counts])} |")
    return "\n".join(lines)


WHY = """## Why some differ

- *Households with exactly one of 65 or older.* In the nation they are as the census says, because the ages of heads, partners and parents
  were chosen so; provinces keep these ages, but not where they differ: in the cities of the east the old live as couples more often
  than the model has it, in Tibet and the south-west less often. Two parents of one household are drawn independently given
  their child's age, which also puts three old people together too often.
- *The old among themselves.* The model has some 130 million of 60 or older who live with nobody younger, the census nearly 150.
- *College in the country's labour force.* The Human Capital Report has 5.8 %, the model, whose prefectures have the census's
  schooling and whose country gets what towns leave, some 10. Its towns have correspondingly too little.
- *Minors.* A survey of pupils finds nearly all of them online; the report's own shares of netizens by age leave 60 % of those aged 6-9
  and 80 % of those aged 10-14. The model is fitted to the report; both cannot hold.
- *Mobiles per 100 households.* The yearbook counts phones of resident households, the model people with a number: near, but with less
  difference between provinces.
- *Smartphones of the old.* Of 2021, before the report, and of a sample in which the oldest are many.
"""


def main(run):
    scale = SMALL_SCALE if run.differs else SCALE
    facts = compared(scale)
    counts = facts["verdict"].value_counts()
    old = facts["quantity"].str.contains("65")
    parts = [
        (
            "Households",
            facts["quantity"].isin(["household_size", "elders_only"]),
        )
    ]
    parts += [("Households with old people", old)]
    parts += [("Schooling and work", facts["quantity"].str.contains("schooling|sector"))]
    parts += [("Telephones and the internet", facts["kind"].isin(["per_100_households", "internet_share"]))]
    tables = "\n\n".join(f"## {title}\n\n{_table(facts[inside])}" for title, inside in parts)
    run.table("not-fitted", facts[["fact", "value", "model", "se", "difference", "verdict"]])
    run.page(
        "not-fitted",
        f"""# Not used in fitting

Made by `studies/not_fitted.py` from {scale:g} of the nation's people. {len(facts)} facts of the nation, of provinces, of country and
towns that no part of the population was fitted or tuned to (`reference/facts/not_fitted.csv`, with definitions and sources), beside what
the population of the same year says; between two model years the middle is taken. {counts.get("holds", 0)} hold, {counts.get("near", 0)}
are near, {counts.get("differs", 0)} differ.

{_summary(facts)}

Not listed, because the population is made of them or was chosen to meet them: ages, sexes, schooling by prefecture, one-person
households and generations, households with somebody of 65 or older and people of 80 or older alone in the nation, ageing of the country,
schooling of the old, college in 2023 and 2024, everything in the report. What is listed is not wholly apart from
these: a province's ages and generations go a long way towards its households with old people.

{tables}

{WHY}""",
    )


if __name__ == "__main__":
    main(Run.asked())
