"""Two stages of Swedish municipalities: 5 of 50 clusters, 3 municipalities in each."""

from typing import Any

import surveysim as ss

from ..comparing import table_of


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """The total and its error; nothing is drawn."""
    table = table_of(__name__, "mu284.csv")
    table["w"] = table["n1"] / table["id1"].nunique() * table["n2"] / table.groupby("id1")["id2"].transform("nunique")
    row = ss.Survey(table, weight="w", psu=["id1", "id2"], fpc=["n1", "n2"]).total("y1").table.iloc[0]
    return {"total": row["estimate"], "standard error": row["se"], "variance": row["se"] ** 2}
