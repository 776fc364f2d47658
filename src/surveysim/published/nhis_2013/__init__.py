"""Adults with wireless telephones only: the rates of groups, weighted with the adults of the census, against the total that was printed."""

from typing import Any

import surveysim as ss

from ..comparing import table_of


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """The total in percent, by age, by sex and by region; nothing is drawn."""
    found = {}
    for variable, groups in table_of(__name__, "wireless.csv").groupby("variable"):
        adults = dict(zip(groups["level"], groups["adults"].astype(float)))
        rows = ss.Survey(groups.reset_index(drop=True)).poststratify({"level": adults})
        for column, period in (("before", "July to December 2012"), ("after", "January to June 2013")):
            found[f"{period}, by {variable}"] = rows.mean(column).table["estimate"].iloc[0]
    return found
