"""Write docs/population-check.md: the census margins and published figures against the whole population.

Streams all 1.4 billion people once (three minutes on two cores; cached under $SURVEYSIM_CACHE). Run after any change to the
population: `.venv/bin/python docs/population_check.py`.
"""

from pathlib import Path

import numpy as np
from scipy import stats

from surveysim import Population, reference
from surveysim.columns import AGE_GROUPS
from surveysim.population import census, outcomes, parameters
from surveysim.study import SurveySpec
from surveysim.study.survey import indicator_parameters


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


def main():
    pop = Population.china(**SurveySpec.preset("cnnic-2024-12").population.model_dump())
    year = pop.year
    joint, sums = census.joint_table(year), pop.area_sums
    people = sums[..., 0].reshape(367, 2, 2, 20, 4)
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
    names = parameters.column_names()
    phones = pop.model.telephones
    zone = pop.zone_sums.sum(axis=(1, 2, 3)).reshape(31, 2, -1).sum(axis=1)
    rows += [
        margin_row("province × own mobile numbers", phones.personal_mobiles, zone[:, names.index("mobile_numbers")]),
        margin_row("province × residential lines", phones.residential_lines, zone[:, names.index("landlines")]),
    ]
    published, table = reference.published(), reference.indicators()
    values, figures, apart = indicator_parameters(pop, table), 0, []
    worst = {"percent": 0.0, "10k persons": 0.0}
    for name, row in table.iterrows():
        printed = published.loc[name, "value_2024_12"]
        if np.isnan(printed):
            continue
        figures += 1
        off = abs(values[name] / printed - 1) * 100 if row["unit"] == "10k persons" else abs(values[name] - printed)
        if off > (0.5 if row["unit"] == "10k persons" else 0.15):
            apart.append(f"| {name} | {printed:,} | {values[name]:,.2f} | {row['note']} |")
        else:
            kind = "10k persons" if row["unit"] == "10k persons" else "percent"
            worst[kind] = max(worst[kind], off)
    nation = {
        name: pop.zone_sums[..., names.index(name)].sum() for name in ("mobile", "landline", "mobile_and_landline")
    }
    covered = nation["mobile"] + nation["landline"] - nation["mobile_and_landline"]
    text = f"""# Population check

Made by `docs/population_check.py` from all {pop.size:,} people of the preset's population (seed {pop.seed}, year-end {year},
fingerprint `{pop.fingerprint}`). Expected: the census of 2020 moved to year-end {year}; found: `parameter()` by prefecture.
People are drawn independently given their margins, so a cell deviates by about its square root; the last column tests that.

| margin | cells | largest deviation, persons | largest, cells of 10,000 or more | largest in √cell | chi-square per cell |
| --- | ---: | ---: | ---: | ---: | ---: |
{chr(10).join(rows)}

Ages are the {len(AGE_GROUPS)} groups {", ".join(AGE_GROUPS[:5])} … {AGE_GROUPS[-1]};
education the four levels of the control totals. Totals of prefectures and provinces, by town and country, hold to the person.

## Telephones

Reached by mobile {100 * nation["mobile"] / pop.size:.2f} %, by landline {100 * nation["landline"] / pop.size:.2f} %, by both
{100 * nation["mobile_and_landline"] / pop.size:.2f} %, by neither {100 * (1 - covered / pop.size):.2f} % (most of them children
under 6).

## Published figures

{figures - len(apart)} of {figures} printed figures hold:
rates and hours within {worst["percent"]:.3f}, sizes within {worst["10k persons"]:.2f} %
(sizes printed to 0.01 hundred million among them). The others, and why:

| indicator | printed | population | reason |
| --- | ---: | ---: | --- |
{chr(10).join(apart)}
"""
    Path(__file__).with_name("population-check.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
