"""The findings of the audit in words, which studies/sample_sizes.py writes and docs/explanation/audit.md includes."""

from surveysim import reference

LEADING = ("internet_penetration_60plus", "app_ride_hailing_rate_60plus")
FOLLOWED = ("internet_penetration", "app_short_video_rate", "app_ride_hailing_rate", "app_online_video_rate")
VERDICTS = {
    "yes": "more than chance",
    "rounding": "depends on digits that were not printed",
    "no": "not more than chance",
}
ERRORS = {
    "stated": "±0.66 points for every share, as stated",
    "simple": "simple random sample of {n:,}, by domain size",
    "design": "the modelled survey",
}


def of_margins(found, repetitions):
    """How wide the published estimates are at the first sample size."""
    table, first = found.margins.set_index("indicator_id"), found.sizes["n"].iloc[0]
    rows = {row.errors: row for row in found.sizes[found.sizes["n"] == first].itertuples()}
    design, simple = rows["design"], rows["simple"]
    names = reference.published()["name_en"]
    percentages = table[(table["unit"] == "%") & table["design_moe"].notna()]
    wide = (percentages["design_moe"] > percentages["stated"]).sum()
    most = percentages.sort_values("design_moe").iloc[-1]
    others = "; ".join(f"{names[name]} ±{table.loc[name, 'design_moe']:.2f}" for name in LEADING)
    return f"""- **{design.wide_estimates} of {design.estimates}** modelled estimates have a larger margin in the modelled survey than the
  sentence allows ({simple.wide_estimates} in a simple random sample); of {len(percentages)} percentages {wide} are wider than ±0.66.
- The largest, {names[most.name]} (printed {most["published"]} %), is {most["design_moe"] / most["stated"]:.1f} times as wide as
  stated: ±{most["design_moe"]:.2f} (Monte Carlo error {most["design_mcse"]:.2f}).
- {others}.
- Internet penetration itself is ±{table.loc["internet_penetration", "design_moe"]:.2f}: raking to age, education and residence, which go
  with being online, and a denominator that is known make it better than stated.
- *design_moe* is 1.96 times the standard deviation over {repetitions:,} repetitions, with a Monte Carlo standard error of
  {100 / (2 * (repetitions - 1)) ** 0.5:.1f} % of it.
"""


def _p(value):
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def of_changes(found):
    """Which changes since the report of the year before are more than chance."""
    table, first = found.changes.set_index("indicator_id"), found.sizes["n"].iloc[0]
    names = reference.published()["name_en"]
    lines = ["| errors | more than chance | depends on rounding | not more than chance |", "| --- | --- | --- | --- |"]
    for errors, text in ERRORS.items():
        count = table[f"verdict_{errors}"].value_counts()
        counts = [count.get(verdict, 0) for verdict in VERDICTS]
        lines.append(f"| {text.format(n=first)} ({sum(counts)}) | {' | '.join(map(str, counts))} |")
    lines.append("")
    for name in FOLLOWED:
        row = table.loc[name]
        said = ", ".join(
            f"{VERDICTS[row[f'verdict_{e}']]} ({what})" for e, what in (("stated", "as stated"), ("design", "modelled"))
        )
        lines.append(
            f"- **{names[name]}, {row['change']:+.1f} points** (margin in the modelled survey ±{row['moe_design']:.2f}; p "
            f"{_p(row['p_design'])}, adjusted by Holm's method p {_p(row['holm_design'])}):\n  {said}."
        )
    return "\n".join(lines) + "\n"
