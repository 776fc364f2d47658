"""Lumley's samples of Californian schools: stratified, clusters, two stages; linearized, jackknife, poststratified."""

from typing import Any

import surveysim as ss

from ..comparing import table_of

TYPES = {"E": 4421.0, "H": 755.0, "M": 1018.0}


def _known(data: Any) -> Any:
    """Schools whose enrolment is known."""
    return ~data["enroll"].isna()


def run(repetitions: int, seed: int) -> dict[str, Any]:
    """Mean and its error of the index, total and its error of enrolment, by design; nothing is drawn."""
    strat, clus1, clus2 = (table_of(__name__, f"{name}.csv") for name in ("strat", "clus1", "clus2"))
    schools = clus2.groupby("dnum")["snum"].transform("nunique")
    second = clus2.assign(w=clus2["fpc1"] / clus2["dnum"].nunique() * clus2["fpc2"] / schools)
    one = ss.Survey(clus1, weight="pw", psu="dnum", fpc="fpc")
    surveys = {
        "stratified": ss.Survey(strat, weight="pw", strata="stype", fpc="fpc"),
        "clusters": one,
        "two stages": ss.Survey(second, weight="w", psu=["dnum", "snum"], fpc=["fpc1", "fpc2"]),
        "two stages, with replacement": ss.Survey(second, weight="w", psu="dnum"),
        "clusters, jackknife": one.replicates("jk1"),
        "clusters, poststratified": one.poststratify({"stype": TYPES}),
        "clusters, poststratified, jackknife": one.poststratify({"stype": TYPES}).replicates("jk1"),
    }
    return {
        name: [*_both(s.mean("api00")), *_both(s.where(_known(s.data)).total("enroll"))] for name, s in surveys.items()
    }


def _both(found):
    return found.table.iloc[0][["estimate", "se"]]
