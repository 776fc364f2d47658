"""Two stages of Swedish municipalities: 5 of 50 clusters, 3 municipalities in each."""

from importlib.resources import files
from typing import Any

import pandas as pd

import surveysim as ss


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """The total and its error; nothing is drawn."""
    with (files(__name__) / "mu284.csv").open(encoding="utf-8") as file:
        table = pd.read_csv(file)
    table["w"] = table["n1"] / table["id1"].nunique() * table["n2"] / table.groupby("id1")["id2"].transform("nunique")
    row = ss.Survey(table, weight="w", psu=["id1", "id2"], fpc=["n1", "n2"]).total("y1").table.iloc[0]
    return {"total": row["estimate"], "standard error": row["se"], "variance": row["se"] ** 2}
