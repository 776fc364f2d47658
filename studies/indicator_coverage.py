"""Write docs/explanation/indicator-coverage.md: how often the preset's intervals hold the truth.

`.venv/bin/python studies/indicator_coverage.py [repetitions]`; some ten minutes on two cores. Every survey is carried out as the preset has
it and where use of the internet itself drives response, with the same random numbers.
"""

import numpy as np
import pandas as pd
from runs import Run

import surveysim as ss
from surveysim import reference

SEED, NOMINAL = 7, 95.0
PEOPLE = 4_000_000  # drawn to see how those without a telephone differ
ONLINE = {"fieldwork": {frame: {"internet_user": 0.3} for frame in ("landline", "mobile")}}
PLAIN = {"estimation": {"leverage": False}}
EDGE = (
    "netizens_age_6_9_share",
    "netizens_age_10_19_share",
)  # levels that are merged where a province has few of the youngest


def estimands():
    """All indicators of the report, and penetration by province."""
    rows = reference.indicators().reset_index()
    kept = [
        {k: v for k, v in row.items() if pd.notna(v)}
        for row in rows[["indicator_id", "kind", "numerator"]].to_dict("records")
    ]
    found = [
        {"name": row.pop("indicator_id"), **row}
        | ({"denominator": d} if isinstance(d, str) and d else {})
        | {"unit": unit}
        for row, d, unit in zip(kept, rows["denominator"], rows["unit"], strict=True)
    ]
    provinces = {"name": "penetration by province", "numerator": "internet", "denominator": "persons"}
    return [*found, provinces | {"kind": "known", "by": ["province"]}]


def repeated(run):
    """Every measure by scenario, estimand and domain."""
    keys = run.spec().model_dump() | {
        "study": {"name": "indicator_coverage", "repetitions": run.repetitions, "seed": SEED},
        "scenarios": [{"name": "preset"}, {"name": "plain", "changes": PLAIN}, {"name": "online", "changes": ONLINE}],
        "estimands": estimands(),
    }
    table = ss.Study(keys).run(progress=False).performance()
    wide = table.pivot(index=["scenario", "estimand", "domain"], columns="measure", values="value")
    wide["cover"] *= 100
    wide["mcse"] = 100 * table[table["measure"] == "cover"].set_index(["scenario", "estimand", "domain"])["mcse"]
    return wide.reset_index()


def without_telephone(run, people):
    """What leaving out people without a telephone does to the answers of non-users, in points; and the share of non-users they are."""
    pop = ss.Population.china(seed=SEED, scale=run.spec().population.scale)
    names = [name for name in pop.outcome_names if name.startswith("nonuser")]
    ids = np.random.default_rng(SEED).integers(0, pop.size, people)
    parts = []
    for some in np.array_split(ids, 8):
        drawn = pop.persons(some, columns=["age", "internet", "n_mobile", "n_lines", *names])
        parts.append(drawn[~drawn["internet"] & (drawn["age"] >= 6)])
    asked = pd.concat(parts)
    has = (asked["n_mobile"] > 0) | (asked["n_lines"] > 0)
    shift = 100 * (asked.loc[has, names].mean() - asked[names].mean())
    minors = (asked.loc[~has, "age"] < 18).mean()
    return shift.to_dict(), 100 * (1 - has.mean()), 100 * minors


def reason(row, shift):
    """Why an indicator covers too little."""
    if row["estimand"] in shift:
        return f"non-users without a telephone: {shift[row['estimand']]:+.2f}"
    if row["estimand"] in EDGE:
        return "the levels 6-9 and 10-19 are merged in provinces with few of the youngest"
    if abs(row["bias"]) > row["empse"] / 3:
        return "bias"
    return f"standard error {100 * (row['modelse'] / row['empse'] - 1):+.0f} %, or chance"


def table_of(low, shift):
    names = reference.published()["name_en"]
    lines = ["| | coverage | bias | standard error | why |", "| --- | ---: | ---: | ---: | --- |"]
    for _, row in low.sort_values("cover").iterrows():
        cover = f"{row['cover']:.1f} ({row['mcse']:.1f})"
        lines.append(
            f"| {names[row['estimand']]} | {cover} | {row['bias']:+.2f} | {row['empse']:.2f} | {reason(row, shift)} |"
        )
    return "\n".join(lines)


def page(run, found):
    """The page as Markdown."""
    people = min(PEOPLE, run.repetitions * PEOPLE // 100)
    shift, gone, minors = without_telephone(run, people)
    national, provinces = (found[(found["domain"] == "") == whole] for whole in (True, False))
    too_low = national[national["cover"] < NOMINAL - 2 * national["mcse"]]
    low = {s: too_low[too_low["scenario"] == s] for s in ("preset", "plain", "online")}
    biased = low["preset"]["estimand"].isin(shift)
    off = {s: 100 * (rows["modelse"] / rows["empse"] - 1).mean() for s, rows in national.groupby("scenario")}
    merged = low["preset"]["estimand"].isin(EDGE)
    rest = len(low["preset"]) - biased.sum() - merged.sum()
    n = national["estimand"].nunique()

    def at(scenario, name="internet_penetration"):
        return national[(national["scenario"] == scenario) & (national["estimand"] == name)].iloc[0]

    def across(scenario):
        cover = provinces[provinces["scenario"] == scenario]["cover"]
        return f"{cover.min():.1f} to {cover.max():.1f}"

    def line(scenario, text):
        row = at(scenario)
        own = f"{row['bias']:+.2f} | {row['empse']:.2f} | {row['cover']:.1f} ({row['mcse']:.1f})"
        return f"| {text} | {own} | {across(scenario)} | {len(low[scenario])} |"

    return f"""# How often the intervals hold the truth

Made by `studies/indicator_coverage.py`: {run.repetitions:,} repetitions of the preset, the same with errors that do not take leverages out,
and as many with the same random numbers in which
the odds of netizens to take part are 1.35 times those of others of the same kind (the preset `cnnic-2024-12-online`). The truth is that of
everybody aged 6 or older, whether they have a telephone or not. In parentheses Monte Carlo standard errors.

| response depends on | bias of penetration | its error | coverage | in provinces | of {n} indicators too low |
| --- | ---: | ---: | ---: | ---: | ---: |
{line("preset", "what raking variables explain (the preset)")}
{line("plain", "the same, errors without leverages")}
{line("online", "use of the internet too (`-online`)")}

*Too low* is below {NOMINAL:.0f} % by more than two Monte Carlo standard errors. If nothing were wrong, some {n * 0.025:.0f} of {n}
would be so by chance. Coverage is a property of this model of response: where use itself drives it, no weight knows, and no interval.

## Which cover too little, and why

{table_of(low["preset"], shift)}

- **Non-users without a telephone** ({biased.sum()} of them). {gone:.0f} % of non-users have no telephone, and {minors:.0f} % of
  these are under 18. Nobody reaches them, and control totals of people with a telephone do not stand for them. How far that moves the
  answers of non-users is computed from {people:,} persons of the population (*why*, in points); the survey's bias agrees with it. That
  children answer otherwise is [an assumption of the population](population.md). More interviews would make coverage
  worse, since the bias stays.
- **Merged levels** ({merged.sum()}). Where a province has fewer than five respondents aged 6-9 they are weighted with those aged
  10-19. What the one share loses the other gains; together they are right.
- **The others** ({rest}) have no bias of note. Over all {n} indicators estimated standard errors are {off["preset"]:+.1f} % off on average.
  Raking inside provinces uses up some 400 levels, and residuals of what has been fitted are too small: without
  `leverage = true` of the preset (residuals over √(1 - leverage), Valliant 2002), as R `survey` and Stata have it, errors are
  {off["plain"]:+.1f} % off, and {len(low["plain"])} indicators cover too little. The rest is chance.
"""


def main(run):
    found = repeated(run)
    text = page(run, found)
    run.page("indicator-coverage", text)
    kept = ["scenario", "estimand", "domain", "bias", "empse", "modelse", "cover", "mcse"]
    run.table("indicator-coverage", found[kept].round(5))
    print(text)


if __name__ == "__main__":
    main(Run.asked(1000))
