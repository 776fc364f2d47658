"""Write docs/explanation/published.md: what others printed, made again.

`.venv/bin/python studies/published_results.py [1]`; some two minutes on two cores, with 1 at full size, some two hours.
"""

from runs import Run

import surveysim as ss
from surveysim.published import names, running

QUICK = 0.5  # seconds; a small run makes only results that take no longer


def page(found):
    """The page as Markdown."""
    results = found.results.set_index("name")
    lines = [
        "| result | verdict | numbers that agree | repetitions | seconds, small and full |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for name, row in results.iterrows():
        small, full = running.declared(name)["seconds"]
        lines.append(
            f"| `{name}`: {row['title']}. {row['source']} | {row['verdict']} | {row['agrees']} of {row['numbers']} | "
            f"{row['repetitions']:,} | {small:g}, {full:,g} |"
        )
    other = found.table[found.table["why"] != ""]
    reasons = [
        f"| `{row['name']}` | {row['what']} | {row['printed']} | {row['ours']:,.9g} | {row['verdict']} | {row['why']} |"
        for row in other.to_dict("records")
    ]
    counts = {
        kind: int(results[kind].sum()) for kind in ("agrees", "slip", "choice", "undecided", "differs", "numbers")
    }
    return f"""# Published results, made again

Made by `studies/published_results.py` at {"full" if found.full else "small"} size. Of {counts["numbers"]} numbers of {len(results)} results
{counts["agrees"]} come out as printed, {counts["slip"]} are wrong in print, {counts["choice"]} differ for a reason that is known,
{counts["undecided"]} need more repetitions, {counts["differs"]} differ otherwise.

```sh
surveysim reproduce                                  # what there is
surveysim reproduce --all -o published               # the small size, and a page
surveysim reproduce --all --full -o published        # the full size; how long is said first, and the same command goes on
```

In Python `ss.reproduce("newcombe-1998")` gives the same tables.

## How they are compared

A result is a folder of `src/surveysim/published/`. `printed.toml` has the numbers as text, so that their digits are known, with
their source and where they were read; the script beside it makes ours from declared inputs by public functions and does not see
them. A number agrees if it is off by no more than half of the last digit that was printed and three Monte Carlo standard errors,
theirs too where it is known. Where nothing could be read, the source's formula is written out in the script, without the library,
and ours is simulated or solved. A statement, such as "less than 95", is undecided where three Monte Carlo standard errors reach
beyond it. *slip*: the print is wrong; *choice*: ours is another number, and why is said.

## Results

{chr(10).join(lines)}

## What differs, and why

| result | number | printed | ours | verdict | why |
| --- | --- | ---: | ---: | --- | --- |
{chr(10).join(reasons)}

## Limits

Digits were read in reprints, package outputs and quotations as `printed.toml` says, seldom in the papers. Results that need
designs the library does not have (Mitofsky and Waksberg's, flags of active numbers) and data that may not be shipped (Frames2's
example) are not among these. The design effects of Pew are those of one survey, and ages on landlines are [fitted to
it](us-preset.md).
"""


def main(run):
    asked = [name for name in names() if running.declared(name)["seconds"][0] <= QUICK] if run.differs else None
    run.page("published", page(ss.reproduce(asked, full=bool(run.repetitions) and not run.differs)))


if __name__ == "__main__":
    main(Run.asked(0))
