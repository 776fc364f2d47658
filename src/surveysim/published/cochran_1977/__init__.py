"""Cochran's variances of a mean, stratified and of clusters, against repeated samples from a finite population."""

from typing import Any

import numpy as np
import pandas as pd

import surveysim as ss

from ..comparing import Ours

SIZES, M = (4000, 2500, 1500), 8  # persons by stratum, and of a cluster
N, HOMES = 600, 60  # interviews; clusters that are drawn


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """Standard errors of the mean of y."""
    rng = np.random.default_rng(1977)
    stratum, home = np.repeat(np.arange(3), SIZES), np.repeat(np.arange(1000), M)
    table = pd.DataFrame(
        {"h": stratum, "y": rng.binomial(10 * (1 + stratum), 0.3)}
    )  # few values, so that samples are counts
    alike = pd.DataFrame({"home": home, "y": rng.binomial(10, rng.beta(2, 3, 1000)[home])})
    many = np.array(SIZES)
    spread = table.groupby("h")["y"].std().to_numpy()
    neyman = N * many * spread / (many @ spread)
    designs = {
        "proportional allocation (5.27)": (
            {"n": N, "strata": "h"},
            table,
            stratified(many, spread, N * many / many.sum()),
        ),
        "Neyman allocation (5.25)": (
            {"n": N, "strata": "h", "allocation": "neyman", "sd": "y"},
            table,
            stratified(many, spread, neyman),
        ),
        "clusters of 8 (9.8)": ({"n": HOMES, "cluster": "home"}, alike, clusters(alike)),
    }
    return {
        name: _repeated(sample, people, repetitions, seed, formula)
        for name, (sample, people, formula) in designs.items()
    }


def _repeated(sample, people, repetitions, seed, formula):
    keys = {
        "study": {"repetitions": repetitions, "seed": seed},
        "sample": sample,
        "weighting": {"margins": []},
        "estimands": [{"name": "y", "numerator": "y"}],
    }
    of: Any = ss.Study(keys, table=people).run(progress=False).performance().set_index("measure").loc["empse"]
    return Ours(float(of["value"]), float(of["mcse"]), formula)


def stratified(many: Any, spread: Any, n: Any) -> float:
    """√ Σ W² S² (1 - f) / n, with the allocation before it is rounded."""
    return float(np.sqrt(np.sum((many / many.sum()) ** 2 * spread**2 * (1 / n - 1 / many))))


def clusters(table: pd.DataFrame) -> float:
    """√ ((1 - f) / n · S² (NM - 1) / (M² (N - 1)) · (1 + (M - 1) ρ)), ρ the correlation of two persons of a cluster."""
    away = table["y"] - table["y"].mean()
    count, squares = table["home"].nunique(), float(away @ away)
    rho = (float((away.groupby(table["home"]).sum() ** 2).sum()) - squares) / ((M - 1) * squares)
    return float(np.sqrt((1 - HOMES / count) / HOMES * squares / (M**2 * (count - 1)) * (1 + (M - 1) * rho)))
