"""Write docs/explanation/sample-sizes.md and docs/explanation/audit: what ±0.66 points says at every sample size there may have been.

`.venv/bin/python studies/sample_sizes.py [repetitions]`; some fifteen minutes on two cores.
"""

import audit_findings
from runs import Run

from surveysim import audit, reference

STATEMENT = reference.statement()
STATED, SIZES = STATEMENT.moe, STATEMENT.sizes
ROUNDS = ("cnnic25_total", "cnnic35_total", "cnnic60k_total")
SMALLEST = (3000, 12_000)  # interviews that are looked at where the population is small
WITHIN = 2.0  # points, the bound there


def solved(run):
    """The least number of interviews; of a small run for a bound that its population can meet."""
    if not run.differs:
        return audit.least_sample(run.spec(), check=max(run.repetitions // 5, 2))
    return audit.least_sample(run.spec(), WITHIN, interviews=SMALLEST, repetitions=2, check=2)


def table_of(sizes, errors):
    """Sizes as Markdown, of one kind of errors."""
    names = reference.published()["name_en"]
    lines = [
        "| interviews | penetration | widest rate of all | above | widest rate of a group | above | of all estimates wider |",
        "| ---: | ---: | --- | ---: | --- | ---: | ---: |",
    ]
    for row in sizes[sizes["errors"] == errors].itertuples():
        mcse = f" ({row.widest_mcse:.3f})" if row.widest_mcse else ""
        lines.append(
            f"| {row.n:,} | ±{row.penetration:.2f} | ±{row.widest:.3f}{mcse} {names[row.widest_indicator]} | {row.wide} of {row.rates} "
            f"| ±{row.widest_group:.2f} {names[row.widest_group_indicator]} | {row.wide_groups} of {row.group_rates} "
            f"| {row.wide_estimates} of {row.estimates} |"
        )
    return "\n".join(lines)


def change_of(verdict):
    """The verdict's rows as Markdown."""
    lines = ["| errors | interviews | asked twice | margin of the change | p | more than chance |"]
    lines.append("| --- | ---: | ---: | ---: | ---: | --- |")
    for row in verdict.table.itertuples():
        n = "" if row.n != row.n else f"{row.n:,.0f}"
        lines.append(
            f"| {row.errors} | {n} | {100 * row.overlap:.0f} % | ±{row.moe:.2f} | {row.p:.4f} | {row.verdict} |"
        )
    return "\n".join(lines)


def page(run, found, least):
    """The page as Markdown."""
    facts = reference.load("phone_surveys").set_index("id").loc[list(ROUNDS)]
    rounds = "\n".join(f"| {r.year} | {int(float(r.value)):,} | {r.source} |" for r in facts.itertuples())
    last = found.sizes[found.sizes["errors"] == "design"].iloc[-1]
    at = ", ".join(f"{n:,}" for n in found.sizes["n"].unique())
    holm = found.changes.set_index("indicator_id").loc["internet_penetration"]
    return f"""# ±0.66 points at every sample size

Made by `studies/sample_sizes.py` ({run.repetitions:,} repetitions at each size), which also writes the tables of [the audit](audit.md).

The report says that proportions have a largest absolute error of ±{STATED} points at 95 %, and prints no sample size. 22,047 follows only
if the design effect is 1 and the proportion 50 %. Earlier rounds printed theirs, half of it in each frame:

| data of | interviews | source |
| --- | ---: | --- |
{rounds}

So everything that is said of the statement is said at {at}. "Rates of all" are percentages of all netizens or of all
residents, of which the statement can be meant; the others are of groups, such as netizens aged 20-29.

## The modelled survey

Margins in points by mean estimated standard errors, with the Monte Carlo error of the widest in brackets.

{table_of(found.sizes, "design")}

## A simple random sample

{table_of(found.sizes, "simple")}

## The least sample

{least.summary()}.

`surveysim audit least` solves for it: designs of several sizes are judged by small studies under common random numbers, and the answer by
a study with other ones.

## What then remains true

With {last.n:,.0f} interviews {last.wide} of {last.rates} rates of all are wider than ±{STATED}, and still {last.wide_groups} of
{last.group_rates} rates of groups, up to ±{last.widest_group:.2f}: the statement can be right of what it names first, and is not
one about groups, for any sample size that was ever printed.

## Is the change since 2023 real?

{found.verdict.sentence()}

{found.verdict.sentence("zh")}

{change_of(found.verdict)}

An overlap takes away as much error as it can: answers of the same people a year apart are taken to be as alike as the two percentages
allow. Considered among all changes of rates that the report prints, p at {found.sizes["n"].iloc[0]:,} interviews is
{holm["holm_design"]:.3f} by Holm's adjustment (independent samples): {holm["verdict_design"]}.
"""


def main(run):
    sizes = SIZES if not run.differs else (3000, 6000)
    found = audit.audited(sizes, repetitions=run.repetitions, spec=run.spec())
    folder = run.docs / "explanation" / "audit"
    found.save(folder)
    (folder / "margins.md").write_text(audit_findings.of_margins(found, run.repetitions), encoding="utf-8")
    (folder / "changes.md").write_text(audit_findings.of_changes(found), encoding="utf-8")
    (folder / "audit.txt").write_text(found.text() + "\n", encoding="utf-8")
    text = page(run, found, solved(run))
    run.page("sample-sizes", text)
    print(text)


if __name__ == "__main__":
    main(Run.asked(500))
