"""The part of population-check.md on who owns a mobile: both variants beside what their sources say, and what hangs on them."""

import numpy as np

from surveysim import Population, reference
from surveysim.columns import AGE_STARTS
from surveysim.population.ownership import VARIANTS
from surveysim.population.parameters import LINES, MOBILES, ONLINE

RATE = 0.3  # of use without any telephone against others of their kind
OWNER, NOBODY = MOBILES > 0, (MOBILES == 0) & (LINES == 0)
STARTS = np.array(AGE_STARTS)
TOWN = np.arange(62) % 2
GROUPS = (  # of the table: name, ages, zones, facts of `phone_ownership` or words
    ("all residents", STARTS >= 0, TOWN >= 0, "–"),
    ("aged 6+", STARTS >= 6, TOWN >= 0, "99.1 % of individuals, appendix table 10; base not printed"),
    ("aged 15+", STARTS >= 15, TOWN >= 0, "cell_adult15_2017"),
    ("aged 20+", STARTS >= 20, TOWN >= 0, "cell_adult_2013 cell_adult_2016"),
    ("aged 6-19", (STARTS >= 6) & (STARTS < 20), TOWN >= 0, "minor_device_2020_own_phone"),
    ("aged 65-69", STARTS == 65, TOWN >= 0, "smart_2021_65_69"),
    ("aged 70-79", (STARTS == 70) | (STARTS == 75), TOWN >= 0, "smart_2021_70_79"),
    ("aged 80+", STARTS >= 80, TOWN >= 0, "smart_2021_80_89"),
    ("aged 6+, in towns", STARTS >= 6, TOWN == 1, "smart_hh_2021_urban"),
    ("aged 6+, in the country", STARTS >= 6, TOWN == 0, "smart_hh_2021_rural"),
)


def status(run, **changes):
    """Persons by zone, age and status."""
    pop = Population.china(**run.spec(population=changes).population.model_dump())
    return pop.sums("status", fine=False).status.sum(axis=(1, 3))


def source(words):
    """What was found, from the facts named, or the words themselves."""
    facts = reference.load("phone_ownership").set_index("id")
    if words.split()[0] not in facts.index:
        return words
    told = (facts.loc[name] for name in words.split())
    return "; ".join(
        f"{row['value']} %, {row['domain']}, {row['year']}: {row['definition'].split(';')[0]}" for row in told
    )


def section(run):
    """Markdown of the part."""
    plain = {name: status(run, mobile_ownership=name) for name in VARIANTS}
    online = {name: status(run, mobile_ownership=name, no_phone_internet_rate=RATE) for name in VARIANTS}
    lines = ["| own a mobile, % | surveys | operators | what was found |", "| --- | ---: | ---: | --- |"]
    for title, ages, zones, words in GROUPS:
        some = [table[zones][:, ages].sum(axis=(0, 1)) for table in plain.values()]
        shares = " | ".join(f"{100 * (s @ OWNER) / s.sum():.1f}" for s in some)
        lines.append(f"| {title} | {shares} | {source(words)} |")
    aged = [table[:, STARTS >= 6].sum(axis=(0, 1)) for table in plain.values()]
    none = [100 * (s @ NOBODY) / s.sum() for s in aged]
    unasked = [100 * (s @ (NOBODY & (ONLINE == 0))) / (s @ (ONLINE == 0)) for s in aged]
    cost = [-100 * table.sum(axis=(0, 1)) @ (NOBODY & (ONLINE == 1)) / table.sum() for table in online.values()]
    for title, values, digits in (
        ("no telephone of either kind, aged 6+, %", none, 1),
        ("non-users aged 6+ who have none and cannot be asked, %", unasked, 1),
        (f"what no telephone costs penetration if they are online at {RATE} times their kind's rate, points", cost, 2),
    ):
        lines.append(f"| {title} | {' | '.join(f'{v:.{digits}f}' for v in values)} | not known |")
    return "\n".join(
        [
            "### Who owns a mobile: both readings",
            "",
            "`mobile_ownership` (see [population](population.md)): the default lies inside what surveys of people found, the report's",
            "appendix has the operators' 99.1 %. Smartphones are fewer than mobiles of all kinds.",
            "",
            *lines,
        ]
    )
