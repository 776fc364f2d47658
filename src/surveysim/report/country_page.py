"""The page of one survey of any country: estimates against the population, weights, dispositions; computes nothing but layout."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import guards
from ..columns import DISPOSITIONS
from ..errors import SpecError
from ..keys import toml
from ..pictures.style import axes, svg
from . import drawings, figures, html
from .survey_page import COST_HEADS, cost_rows, written

COLUMNS = ("published", "parameter", "estimate", "se", "lower", "upper", "moe", "deff")
SECTIONS = ("intervals", "weights", "dispositions", "costs", "downloads")
HIGHEST = 6.0  # times the mean, the last weight of the histogram


def write_country_report(run: Any, path: Any, lang: str = "en") -> Path:
    """Write the page of a `CountryRun`; returns its path."""
    text, path = html.labels(lang), guards.path(path, "path", error=SpecError)
    return written(path, html.render("country.html", lang, **_content(run, text)))


def _content(run, text):
    """Everything the template shows."""
    table, rates = run.comparison(), run.response_rates()
    weights = [(str(name), run.weights.columns[name]) for name in run.weights.columns]
    steps = pd.DataFrame(
        [(name, len(w) * (w @ w) / w.sum() ** 2, w.min(), w.max()) for name, w in weights],
        columns=["step", "deff_kish", "smallest", "largest"],
    )
    prep, spec = run.preparation, toml(run.spec.model_dump(exclude_none=True))
    files = (("estimates", table), ("weights", steps), ("dispositions", run.counts), ("costs", run.costs()))
    return {
        "title": run.spec.name,
        "lead": text["country_lead"].format(
            interviews=f"{len(run.interviews):,}", areas=len(prep.pop.strata), seed=run.seed, size=f"{prep.pop.size:,}"
        ),
        "sections": [(key, text["eligibility_short" if key == "eligibility" else key]) for key in SECTIONS],
        "heads": [text["indicator"], text["unit"], *(text[c] for c in COLUMNS)],
        "rows": [[row.indicator_id, text[row.unit], *(_shown(row, c) for c in COLUMNS)] for row in table.itertuples()],
        "step_heads": [text[c] for c in ("step", "kish", "smallest", "largest")],
        "steps": [
            [text.get(r.step, r.step), f"{r.deff_kish:.2f}", html.number(r.smallest, 0), html.number(r.largest, 0)]
            for r in steps.itertuples()
        ],
        "frames": [text["category"], *(text[frame] for frame in rates)],
        "dispositions": _dispositions(run.counts, list(rates), text),
        "cost_heads": ["", *(text["country_cost" if c == "cost" else c] for c in COST_HEADS)],
        "costs": cost_rows(run.costs(), text),
        "rates": [[name, *(html.number(100 * v, 1) for v in rates.loc[name])] for name in rates.index],
        **_drawings(run, table, text),
        "downloads": [
            *(html.download(f"{name}.csv", text[f"file_{name}"], part) for name, part in files),
            html.download("survey.toml", text["file_specification"], spec),
        ],
    }


def _shown(row, column):
    digits = 0 if row.unit == "persons" and column != "deff" else 2
    return html.number(getattr(row, column), digits)


def _dispositions(counts, frames: Sequence[str], text):
    sums = counts.groupby("frame")[list(DISPOSITIONS)].sum()
    rows = [[text[name], *(f"{sums.loc[frame, name]:,}" for frame in frames)] for name in DISPOSITIONS]
    return [*rows, [text["numbers"], *(f"{sums.loc[frame].sum():,}" for frame in frames)]]


def _drawings(run, table, text):
    shares = table[table["unit"] == "percent"]
    edges, final = np.linspace(0, HIGHEST, 49), run.weights.final
    frame = run.interviews["frame"].to_numpy()
    counts = {
        text[f]: np.histogram(np.minimum(final[frame == f] / final.mean(), HIGHEST), edges)[0] for f in pd.unique(frame)
    }
    return {
        "histogram": svg(figures.weights(edges, counts, text, axes(figures.NARROW, 3.0)), text["weights"], least="0"),
        "intervals": drawings.estimates(shares, text, themes=False) if len(shares) else [],
        "intervals_legend": drawings.estimates_legend(shares, text),
    }
