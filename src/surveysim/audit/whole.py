"""The whole audit: margins, changes, sample sizes and the verdict on the report's own change, as tables, text and files."""

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from .. import reference
from ..aliases import Pathname, Progress
from ..display import csv_text
from ..survey import SurveySpec
from ..survey.claims import ChangeVerdict
from ..writing import write_text
from .changes import change_verdict, published_changes
from .margins import plot_margins, published_margins
from .sizes import published_sizes


@dataclass(frozen=True)
class Audit:
    """Everything the audit finds.

    Attributes
    ----------
    margins, changes : of the first number of interviews. sizes : of all of them. verdict : on the change of penetration.
    deff, level : as they were given.
    """

    margins: pd.DataFrame
    changes: pd.DataFrame
    sizes: pd.DataFrame
    verdict: ChangeVerdict
    deff: float
    level: float

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables by name."""
        found = {"margins": self.margins, "changes": self.changes, "sizes": self.sizes}
        return found | {"verdict": self.verdict.table}

    @property
    def used(self) -> str:
        """Whose errors the findings are of: "design", the modelled survey's, where they were asked for, else "simple"."""
        return "design" if "design_moe" in self.margins else "simple"

    @property
    def findings(self) -> dict[str, Any]:
        """What it comes to: estimates with a margin, how many of them are wide (wider than stated), the largest ratio and its indicator;
        changes, how many are sure, and how many more are open: they hang on digits that were not printed."""
        have = _with_ratio(self.margins, self.used)
        counts = self.changes[f"verdict_{self.used}"].value_counts()
        largest: Any = have["ratio"].idxmax()
        return {
            "estimates": len(have),
            "wide": int((have["ratio"] > 1).sum()),
            "largest": float(have["ratio"].max()),
            "indicator": str(have.loc[largest, "indicator_id"]),
            "changes": len(self.changes),
            "sure": int(counts.get("yes", 0)),
            "open": int(counts.get("rounding", 0)),
        }

    def report(self, path: Pathname, lang: str = "en") -> Path:
        """Write a self-contained HTML page of the audit and return its path."""
        from ..report.audit_page import write_audit_report  # numbers need no pages

        return write_audit_report(self, path, lang)

    def text(self, lang: str = "en") -> str:
        """The tables for a terminal, and what they come to."""
        shown = {name: _named(table, lang) for name, table in self.tables.items()}
        return f"{_text(self, shown)}\n\n{self.verdict.sentence(lang)}"

    def save(self, folder: Path, lang: str = "en") -> None:
        """Write margins.csv, changes.csv, sizes.csv, verdict.csv and the drawing margins.svg to a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in self.tables.items():
            write_text(folder / f"{name}.csv", csv_text(table, number="%.6g"))
        _draw(self.margins, folder / "margins.svg", lang)


def audited(
    sizes: Sequence[int] = reference.statement().sizes,
    deff: float = 1.0,
    *,
    level: float = 0.95,
    correlation: float = 0.0,
    repetitions: int = 0,
    spec: SurveySpec | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Margins at every number of interviews, changes with the errors of the first, and the verdict; see `published_margins`.

    Examples
    --------
    >>> from surveysim import audit
    >>> found = audit.audited((22_047,))
    >>> print(found.text().splitlines()[-1][:44])
    Yes: the change of Internet penetration from
    """
    given = {"level": level, "repetitions": repetitions, "spec": spec, "progress": progress}
    made = {n: published_margins(n, deff, **given) for n in dict.fromkeys(sizes)}
    margins = made[sizes[0]]
    changes = published_changes(sizes[0], deff, level=level, correlation=correlation, margins=margins, spec=spec)
    verdict = change_verdict(sizes, deff, level=level, margins=made if repetitions else None, spec=spec)
    if callable(progress) and not repetitions:
        progress(len(made))
    return Audit(margins, changes, published_sizes(margins=made, level=level, spec=spec), verdict, deff, level)


def _draw(margins, path, lang):
    """The margins by size of the domain as an SVG file, the same bytes each time."""
    import matplotlib as mpl  # takes a while, which tables do not need

    # text stays text, so that whoever reads it sees Chinese by fonts of their own where this machine has none
    with mpl.rc_context({"svg.hashsalt": "surveysim", "svg.fonttype": "none"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")
        figure, text = plot_margins(margins, lang).figure.figure, io.StringIO()
        figure.set_facecolor("white")
        figure.savefig(text, format="svg", metadata={"Date": None})
    write_text(path, text.getvalue())


def _named(table, lang):
    """The table with the indicators' names of the report where they are asked for in Chinese."""
    if lang != "zh":
        return table
    names = reference.published()["name_zh"]
    columns = [c for c in table.columns if c.endswith(("indicator_id", "_indicator"))]
    return table.assign(**{c: table[c].map(names) for c in columns})


def _with_ratio(margins, used):
    """Estimates with a margin, whose ratio is that of the errors that are used."""
    wide = margins["design_moe" if used == "design" else "moe"] / margins["stated"]
    return margins[margins["moe"].notna()].assign(ratio=wide)


def _text(found, tables):
    """The tables for a terminal, and what they come to."""
    used, said = found.used, found.findings
    have, changes = _with_ratio(tables["margins"], used), tables["changes"]
    columns = [
        "indicator_id",
        "unit",
        "published",
        "respondents",
        "stated",
        "moe",
        *(["design_moe", "design_mcse"] if used == "design" else []),
    ]
    shown = have[[*columns, "ratio"]].copy()
    shown["respondents"] = shown["respondents"].round(0).astype(int)
    whose = (
        "the modelled survey"
        if used == "design"
        else f"a simple random sample of {found.sizes['n'].iloc[0]:,.0f}, deff {found.deff:g}"
    )
    verdicts = changes[
        [
            "indicator_id",
            "unit",
            "before",
            "now",
            "change",
            f"moe_{used}",
            f"p_{used}",
            f"holm_{used}",
            f"verdict_{used}",
        ]
    ]

    def table(frame):
        chances = {c: "{:.4f}".format for c in frame.columns if c.startswith(("p_", "holm_"))}
        few = {c: "{:.3g}".format for c in ("ratio", "moe", "design_mcse") if c in frame}
        with pd.option_context("display.unicode.east_asian_width", True):
            return frame.to_string(index=False, formatters=chances | few, float_format=lambda v: f"{v:,.6g}", na_rep="")

    return (
        f"Margins of error, {100 * found.level:g} %; ratio: margin of {whose}, over what "
        f"the statement of ±0.66 points says\n{table(shown)}\n\n"
        f"{said['wide']} of {said['estimates']} estimates have a larger margin than stated, up to {said['largest']:.1f} "
        "times it.\n\n"
        f"Changes since December 2023, two independent surveys, errors of {whose}, Holm's adjustment in each family\n"
        f"{table(verdicts)}\n\n"
        f"{said['sure']} of {said['changes']} changes can be told from zero; {said['open']} more depend on digits that were not "
        "printed.\n\n"
        "The report prints no sample size. Margins at every n, of the percentages of all netizens or residents (rates) and of groups, and "
        f"how many are wider than stated\n{table(_sizes(tables['sizes']))}"
    )


def _sizes(sizes):
    """The table of sizes as a terminal shows it."""
    names = [
        "n",
        "errors",
        "penetration",
        "widest",
        "widest_mcse",
        "widest_indicator",
        "widest_group",
        "widest_group_indicator",
    ]
    shown = sizes[names].round(3)
    for column, of in (("wide", "rates"), ("wide_groups", "group_rates"), ("wide_estimates", "estimates")):
        shown[column] = [f"{k} of {n}" for k, n in zip(sizes[column], sizes[of], strict=True)]
    return shown
