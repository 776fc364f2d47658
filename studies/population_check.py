"""Write docs/explanation/population-check.md and its figures: the census margins and published figures against the whole population.

Streams all 1.4 billion people once (a minute on two cores; cached under $SURVEYSIM_CACHE). Run after any change to the
population: `.venv/bin/python studies/population_check.py`.
"""

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy as np
import owners
from runs import Run
from scipy import stats

from surveysim import Population, reference
from surveysim.columns import AGE_GROUPS, AGE_STARTS
from surveysim.population import census, households, outcomes
from surveysim.survey.comparison import indicator_parameters


def margin_row(name, expected, found):
    """Cells, largest deviation in persons, in percent (cells of 10,000 or more) and in √cell, chi-square over its df."""
    expected, found = np.ravel(expected), np.ravel(found)
    off = found - expected
    big = expected >= 10_000
    roots = np.abs(off[expected >= 20]) / np.sqrt(expected[expected >= 20])
    chi2 = (off[expected >= 20] ** 2 / expected[expected >= 20]).sum()
    cells = int((expected >= 20).sum())
    return (
        f"| {name} | {len(expected):,} | {np.abs(off).max():,.0f} | {100 * np.abs(off[big] / expected[big]).max():.3f} % | "
        f"{roots.max():.2f} | {chi2 / cells:.3f} (p = {stats.chi2.sf(chi2, cells):.3f}) |"
    )


BLUE, ORANGE, GREEN, GREY = "#2f6fb0", "#d9822b", "#3a9a6e", "#9aa3ad"


def figure(width, height, columns=1):
    """A figure of the page and its axes."""
    plt.rcParams.update(
        {"svg.hashsalt": "surveysim", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    )
    drawing, axes = plt.subplots(1, columns, figsize=(width, height), layout="constrained")
    drawing.set_facecolor("white")
    return drawing, axes


def widths():
    return np.diff([*AGE_STARTS, 95])


def draw_pyramid(expected, found):
    """Persons per year of age by sex: census moved to the year (line) and population (bars)."""
    drawing, ax = figure(6.4, 4.2)
    for sex, side, colour in ((0, -1, BLUE), (1, 1, ORANGE)):
        per_year = found[sex] / widths() / 1e6
        ax.barh(AGE_STARTS, side * per_year, widths(), align="edge", color=colour, label=("men", "women")[sex])
        edges = np.append(AGE_STARTS, 95)
        ax.stairs(side * expected[sex] / widths() / 1e6, edges, orientation="horizontal", color="black", lw=0.8)
    ax.plot([], [], color="black", lw=0.8, label="census moved to the year")
    ax.axvline(0, color="white", lw=1)
    ax.set(xlabel="million persons per year of age", ylabel="age", ylim=(0, 95))
    ax.xaxis.set_major_formatter(lambda x, _: f"{abs(x):g}")
    ax.legend(frameon=False, loc="upper right")
    return drawing


def draw_phones(pop):
    """Share of people with both telephones, one of them, neither, by age."""
    sums, names = pop.sums("status", fine=False), ("mobile", "landline", "mobile_and_landline")
    people = sums.column("persons").sum(axis=(0, 1, 3))
    mobile, line, both = (sums.column(n).sum(axis=(0, 1, 3)) / people for n in names)
    drawing, ax = figure(6.4, 3.4)
    parts = [both, mobile - both, line - both, 1 - mobile - line + both]
    labels = ["both (C)", "mobile only", "landline only", "neither"]
    ax.stackplot(
        np.array(AGE_STARTS) + widths() / 2,
        100 * np.array(parts),
        labels=labels,
        colors=[GREEN, BLUE, ORANGE, "#d5d9de"],
    )
    ax.set(xlabel="age", ylabel="% of people", ylim=(0, 100), xlim=(2, 88))
    ax.legend(frameon=False, loc="lower center", ncols=4, bbox_to_anchor=(0.5, 1.0))
    return drawing
    return parts


def draw_penetration(pop):
    """Penetration by age against what the report implies, and by province."""
    drawing, (left, right) = figure(9.2, 5.4, 2)
    sums = pop.sums("status", fine=False)
    people, online = (sums.column(n).sum(axis=(0, 1, 3)) for n in ("persons", "internet"))
    left.stairs(100 * online / people, np.append(AGE_STARTS, 95), color=BLUE, lw=1.8, label="population")
    published = reference.published()["value_2024_12"]
    starts, scale = np.array(AGE_STARTS), pop.size / people.sum()
    bands = [
        (6, 10, "6_9"),
        (10, 20, "10_19"),
        (20, 30, "20_29"),
        (30, 40, "30_39"),
        (40, 50, "40_49"),
        (50, 999, "50plus"),
    ]
    for k, (a, b, name) in enumerate(bands):
        inside = (starts >= a) & (starts < b)
        users = published[f"netizens_age_{name}_share"] / 100 * published["netizens_size"] * 1e4
        rate = 100 * users / (people[inside].sum() * scale)
        left.plot(
            [a, min(b, 95)],
            [rate, rate],
            color=ORANGE,
            lw=1.2,
            ls="--",
            label="implied by the report" if k == 0 else None,
        )
    left.plot([60, 95], [published["internet_penetration_60plus"]] * 2, color=GREEN, ls="--", label="60+, printed")
    left.set(xlabel="age", ylabel="internet penetration, %", ylim=(0, 102))
    left.legend(frameon=False, loc="lower left")
    table = pop.parameter("internet/persons", by="province")
    names = reference.load("provinces")["name_en"].to_numpy()
    order = np.argsort(table["value"])
    right.barh(np.arange(31), 100 * table["value"].to_numpy()[order], color=BLUE, height=0.7)
    right.axvline(78.6, color=ORANGE, lw=1.2, ls="--")
    right.text(78.8, 0, "78.6, the report's nation", color=ORANGE, fontsize=8)
    right.set_yticks(np.arange(31), names[order], fontsize=7)
    right.set(xlim=(65, 92), xlabel="internet penetration by province, % (modelled)", ylim=(-0.7, 30.7))
    return drawing


def coverage_table(pop):
    """A, B, C and neither by province, percent of residents."""
    names = reference.load("provinces")["name_en"].to_numpy()
    columns = [
        pop.parameter(f"{n}/persons", by="province")["value"] * 100
        for n in ("landline", "mobile", "mobile_and_landline")
    ]
    a, b, c = (x.to_numpy() for x in columns)
    lines = [f"| {n} | {x:.1f} | {y:.1f} | {z:.1f} | {100 - x - y + z:.1f} |" for n, x, y, z in zip(names, a, b, c)]
    return "\n".join(
        ["| province | A landline | B mobile | C both | neither |", "| --- | ---: | ---: | ---: | ---: |", *lines]
    )


def realised_correlations(pop):
    """Correlation of internet use, as a yes or no, of two adults of a household and of two of a prefecture, given their cells."""
    rng = np.random.default_rng(1)
    homes = pop.households(rng.integers(0, pop.n_households, 1_000_000))
    first = homes.loc[homes["household_size"] > 1, "first_person_id"].to_numpy()
    area = pop.people.class_area
    starts = pop.people.class_person[np.searchsorted(area, np.arange(0, 735, 2))]
    place = rng.integers(0, 367, 400_000)
    two = [(starts[place] + rng.random(len(place)) * np.diff(starts)[place]).astype(np.int64) for _ in range(2)]

    def correlation(ids_a, ids_b):
        a, b = pop.attributes(ids_a), pop.attributes(ids_b)
        adult = (a.age >= 18) & (b.age >= 18) & (a.n_mobile > 0) & (b.n_mobile > 0)
        rest = []
        mean = pop.model.outcomes.use.mean(axis=0)  # of the cell
        for x in (a[adult], b[adult]):
            rest.append(x.internet - mean[x.cell])
        return np.corrcoef(*rest)[0, 1], 1 / np.sqrt(adult.sum())

    return correlation(first, first + 1), correlation(*two)


def household_row(pop):
    """Family households of every prefecture against the census number per person, moved to the year."""
    places, people = reference.frame_units(), pop.people
    family = people.class_kind != households.DORMITORY
    found = np.bincount(people.class_area[family] // 2, np.diff(people.class_household)[family], 367)
    persons = np.bincount(people.class_area // 2, np.diff(people.class_person), 367)
    expected = (places["family_households_2020"] / places["population_2020_persons"]).to_numpy(float) * persons
    inside = np.bincount(people.class_area[family] // 2, np.diff(people.class_person)[family], 367)
    size = (places["family_household_pop_2020_persons"] / places["family_households_2020"]).to_numpy(float)
    there = found > 0  # in a small population not everywhere
    mean = inside[there] / found[there]
    return np.abs(found - expected).max(), np.abs(found / expected - 1).max(), np.abs(mean - size[there]).max()


def deviation(value, printed, netizens):
    """How far a value is from the printed figure, and how far it may be: 0.05 points (of netizens for sizes) or the printed rounding."""
    figure = printed["value_2024_12"]
    if np.isnan(figure):  # printed as a range
        return max(printed["value_2024_12_lo"] - value, value - printed["value_2024_12_hi"], 0.0), 0.05
    if printed["unit"] != "10k persons":
        return abs(value - figure), 0.05 if figure % 1 else 0.5
    rounding = next(unit for unit in (1000, 100, 10, 1) if figure % unit == 0) / 2
    return abs(value - figure), max(rounding, 0.0005 * netizens)


def contradictions():
    """Where the report's own figures cannot hold together, in its numbers."""
    printed = reference.published()["value_2024_12"]
    rural = printed["rural_netizens_size"]
    bases = [reference.national("rural", year) / 1e4 for year in (2023, 2024)]
    bands = ("10_19", "20_29", "30_39", "40_49", "50plus")
    share = np.array([printed["netizens_age_6_9_share"], *(printed[f"netizens_age_{b}_share"] for b in bands)])
    rate = np.array([printed[f"genai_rate_age_{b}"] for b in ("6_19", "6_19", *bands[1:])])
    total = 100 * printed["genai_users_size"] / printed["netizens_size"]
    by_age = (share * rate).sum() / 100
    needed = rate[-1] + 100 * (total - by_age) / share[-1]
    college, below = printed["genai_rate_edu_college_plus"], printed["genai_rate_edu_below_college"]
    rural_rates = " and ".join(f"{100 * rural / base:.1f} % of {base:,.0f}" for base in bases)
    return f"""- *Rural penetration.* {rural:,.0f} ten thousand rural netizens are, of the rural population of 2023 and of 2024,
  {rural_rates}; total and urban rates are printed on 2023.
- *Generative AI by age.* Shares of netizens times the printed rates are {by_age:.1f} % of netizens, the printed users {total:.1f} %:
  with the rates up to 49 the total needs {needed:.1f} % of those 50 or older; {rate[-1]} are printed.
- *Generative AI by education.* {college} % with college and {below} % below it make {total:.1f} % only if
  {100 * (total - below) / (college - below):.1f} % of netizens have been to college: the yearbook's share of those aged 6+ is 19.2 %."""


def main(run):
    pop = Population.china(**run.spec().population.model_dump())
    year = pop.year
    joint, sums = census.joint_table(year), pop.sums()
    people = sums.persons.reshape(367, 2, 2, 20, 4)
    four = np.zeros((*joint.shape[:4], 4))
    np.add.at(np.moveaxis(four, 4, 0), outcomes.EDUCATION_4, np.moveaxis(joint, 4, 0))
    province = census.province_of_prefecture()

    def provinces(table):
        result = np.zeros((31, *table.shape[1:]))
        np.add.at(result, province, table)
        return result

    margins = [("sex × age", (0, 2, 3)), ("sex × education", (0, 2, 4)), ("urban or rural", (0, 1))]
    rows = []
    for name, keep in margins:
        drop = tuple(a for a in range(5) if a not in keep)
        expected, found = four.sum(axis=drop), people.sum(axis=drop)
        rows += [
            margin_row(f"prefecture × {name}", expected, found),
            margin_row(f"province × {name}", provinces(expected), provinces(found)),
        ]
    phones, zones = pop.model.telephones, pop.sums(fine=False)

    def by_province(name):
        return zones.column(name).sum(axis=(1, 2, 3)).reshape(31, 2).sum(axis=1)

    rows += [
        margin_row("province × own mobile numbers", phones.personal_mobiles, by_province("mobile_numbers")),
        margin_row("province × residential lines", phones.residential_lines, by_province("landlines")),
    ]
    published, table = reference.published(), reference.indicators()
    values, figures, apart = indicator_parameters(pop, table), 0, []
    worst = {"percent": 0.0, "10k persons": 0.0}
    for name, row in table.iterrows():
        as_printed = published.loc[name]
        figures += 1
        off, allowed = deviation(values[name], as_printed, published["value_2024_12"]["netizens_size"])
        if off > allowed:
            apart.append(f"| {name} | {as_printed['value_2024_12']:,} | {values[name]:,.2f} | {row['note']} |")
        else:
            kind = "10k persons" if row["unit"] == "10k persons" else "percent"
            worst[kind] = max(worst[kind], off)
    nation = {name: zones.column(name).sum() for name in ("mobile", "landline", "mobile_and_landline")}
    covered = nation["mobile"] + nation["landline"] - nation["mobile_and_landline"]
    drawings = {
        "pyramid": draw_pyramid(joint.sum(axis=(0, 1, 4)), people.sum(axis=(0, 1, 4))),
        "phones": draw_phones(pop),
        "penetration": draw_penetration(pop),
    }
    for name, drawing in drawings.items():
        run.figure(f"population-{name}", drawing)
    homes, share, size = household_row(pop)
    (home, home_error), (place, place_error) = realised_correlations(pop)
    text = f"""# Population check

Made by `studies/population_check.py` from all {pop.size:,} people of the preset's population (seed {pop.seed}, year-end {year},
fingerprint `{pop.fingerprint}`). Expected: the census of 2020 moved to year-end {year}; found: `parameter()` by prefecture.
People are drawn independently given their margins, so a cell deviates by about its square root; the last column tests that.

| margin | cells | largest deviation, persons | largest, cells of 10,000 or more | largest in √cell | chi-square per cell |
| --- | ---: | ---: | ---: | ---: | ---: |
{chr(10).join(rows)}

Ages are the {len(AGE_GROUPS)} groups {", ".join(AGE_GROUPS[:5])} … {AGE_GROUPS[-1]};
education the four levels of the control totals. Totals of prefectures and provinces, by town and country, hold to the person.
Family households of every prefecture are those of the census per person, within {homes:,.0f} households or {100 * share:.2f} %,
and so is their mean size, within {size:.3f} persons.

![Population pyramid](../_static/population-pyramid.svg)

## Telephones

Reached by mobile {100 * nation["mobile"] / pop.size:.2f} %, by landline {100 * nation["landline"] / pop.size:.2f} %, by both
{100 * nation["mobile_and_landline"] / pop.size:.2f} %, by neither {100 * (1 - covered / pop.size):.2f} % (most of them children
under 6).

![Telephones by age](../_static/population-phones.svg)

{coverage_table(pop)}

{owners.section(run)}

## Published figures

![Internet penetration by age and province](../_static/population-penetration.svg)

Provinces are the model's (mobile-internet subscriptions of 2022, town, education, age, the prefecture's effect): the report
prints none. Given cell and telephone, internet use of two adults of a household correlates by {home:.3f} ± {2 * home_error:.3f}, of
two of a prefecture by {place:.3f} ± {2 * place_error:.3f} (provinces included); asked were {pop.arguments["household_icc"]} and
{pop.arguments["prefecture_icc"]} of the latent variance, of which a yes or no shows about half.

{figures - len(apart)} of {figures} printed figures hold:
to 0.05 points (sizes: of all netizens) or their printed rounding; rates and hours are off by at most {worst["percent"]:.3f}, sizes by
{worst["10k persons"]:.0f} ten thousand. The others, and why:

| indicator | printed | population | reason |
| --- | ---: | ---: | --- |
{chr(10).join(apart)}

The report contradicts itself there:

{contradictions()}
"""
    run.page("population-check", text)


if __name__ == "__main__":
    main(Run.asked())
