"""Files of the shape that published recipes take, made with a seed: the people and their answers do not exist.

`python examples/recipes/made_files.py FOLDER` writes pew.csv, brfss.csv, nats.csv and new_south_wales.csv, for the recipes beside this
script. Shapes and rates are those of the sources that docs/how-to/published-recipes.md names.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

AGES = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")
LEVELS = ("HS or less", "Some college", "College")
RACES = ("White", "Black", "Hispanic, US-born", "Hispanic, foreign-born", "Other")
REGIONS = ("Midwest", "Northeast", "South", "West")
PEW = {  # interviews by landline and by cell, December 2013: sex, age, education, race, region as above, the last is don't know or refused
    "sex": (("Female", "Male"), (589, 411, 0), (444, 557, 0)),
    "age": (AGES, (27, 38, 104, 175, 239, 388, 29), (145, 178, 151, 187, 167, 162, 11)),
    "education": (LEVELS, (299, 285, 413, 3), (347, 286, 366, 2)),
    "race": (RACES, (801, 78, 34, 30, 43, 14), (680, 113, 64, 64, 67, 13)),
    "region": (REGIONS, (244, 181, 343, 232, 0), (216, 157, 405, 223, 0)),
}
STATES = ("Ohio", "Texas")


def drawn(rng, n, levels, shares):
    """n levels with probabilities in these proportions."""
    return rng.choice(np.array(levels, dtype=object), n, p=np.array(shares, float) / np.sum(shares))


def pew(seed=2013):
    """1,000 landline and 1,001 cell interviews; `lines`, `cells` and `adults` count numbers and who shares the landline."""
    rng, parts = np.random.default_rng(seed), []
    for k, (frame, n) in enumerate((("landline", 1000), ("cell", 1001))):
        part = {"frame": np.full(n, frame, dtype=object)}
        for name, (levels, *counts) in PEW.items():
            part[name] = rng.permutation(
                np.repeat(np.array([*levels, None], dtype=object)[: len(counts[k])], counts[k])
            )
        both = rng.random(n) < (0.80 if frame == "landline" else 0.38)
        part["lines"] = np.where(both | (frame == "landline"), 1 + (rng.random(n) < 0.025), 0)
        part["cells"] = np.where(both | (frame == "cell"), 1, 0)
        part["adults"] = rng.choice([1, 2, 3, 4], n, p=[0.32, 0.5, 0.13, 0.05])
        part["phones"] = np.where(both, "both", "landline only" if frame == "landline" else "cell only")
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)


def brfss(seed=2011, n=4000):
    """Two states with two regions; landline strata by density, `nrecstr` records of which `nrecsel` were selected."""
    rng = np.random.default_rng(seed)
    state, cell = np.repeat(STATES, n // 2), rng.random(n) < 0.45
    table = pd.DataFrame({"state": state, "frame": np.where(cell, "cell", "landline")})
    table["region"] = np.where(rng.random(n) < np.where(state == "Ohio", 0.45, 0.6), "north", "south")
    table["density"] = np.where(cell, "cell", np.where(rng.random(n) < 0.6, "listed", "not listed"))
    share = table["density"].map({"listed": 30.0, "not listed": 45.0, "cell": 60.0}) * np.where(
        state == "Ohio", 1.0, 1.6
    )
    table["nrecsel"] = table.groupby(["state", "region", "density"])["state"].transform("size") * 20
    table["nrecstr"] = (table["nrecsel"] * share).round()
    table["numphon"] = np.where(cell, 1, rng.choice([1, 2, 3, 5], n, p=[0.955, 0.035, 0.007, 0.003]))
    table["numadult"] = np.where(cell, 1, rng.choice([1, 2, 3, 6], n, p=[0.33, 0.52, 0.13, 0.02]))
    table["domain"] = np.where(
        rng.random(n) < np.where(cell, 0.35, 0.8), "both", np.where(cell, "cell only", "landline only")
    )
    table["sex"] = drawn(rng, n, ("female", "male"), (58, 42))
    table["age"] = drawn(rng, n, ("18-34", "35-54", "55+"), (25, 32, 43))
    races, half = ("white", "black", "hispanic", "other"), n // 2
    table["race"] = np.concatenate(
        [drawn(rng, half, races, (83, 11, 3, 3)), drawn(rng, n - half, races, (56, 11, 28, 5))]
    )
    table["education"] = drawn(rng, n, ("less", "high school", "some college", "college"), (9, 30, 28, 33))
    table["marital"] = drawn(rng, n, ("married", "single", "formerly"), (52, 22, 26))
    table["tenure"] = drawn(rng, n, ("own", "rent"), (72, 28))
    table["phones"] = table["domain"]
    return table


def nats(seed=2012, n=3000):
    """A row for every number that was sampled: who answered, who did not, and who was not eligible or unknown."""
    rng = np.random.default_rng(seed)
    stratum = drawn(rng, n, ("landline listed", "landline not listed", "cell"), (45, 15, 40))
    table = pd.DataFrame({"stratum": stratum, "frame": np.where(stratum == "cell", "cell", "landline")})
    table["region"] = drawn(rng, n, REGIONS, (22, 18, 37, 23))
    table["base"] = table["stratum"].map({"landline listed": 800.0, "landline not listed": 2400.0, "cell": 1700.0})
    table["status"] = drawn(rng, n, ("R", "N", "X", "U"), (38, 27, 20, 15))
    alone = np.where(stratum == "cell", "cell only", "landline only")
    answers = {
        "adults": np.where(stratum == "cell", 1, rng.choice([1, 2, 3], n, p=[0.33, 0.53, 0.14])),
        "lines": 1 + (rng.random(n) < 0.03),
        "domain": np.where(rng.random(n) < np.where(stratum == "cell", 0.4, 0.8), "both", alone),
        "sex": drawn(rng, n, ("female", "male"), (54, 46)),
        "age": drawn(rng, n, ("18-44", "45-64", "65+"), (38, 36, 26)),
    }  # fmt: skip
    for name, values in answers.items():
        table[name] = pd.Series(values, dtype=object).where(table["status"] == "R")
    return table


TABLE_2 = {  # interviews and sums of initial weights by frame and telephone status, New South Wales 2012
    ("landline", "landline only"): (383, 1_074_321),
    ("landline", "both"): (1788, 8_939_582 - 1_074_321),
    ("mobile", "mobile only"): (284, 2_071_325),
    ("mobile", "both"): (785, 5_748_549),
}


def new_south_wales(seed=2012):
    """The interviews of table 2; `probability` is interviews over numbers of the stratum, so that initial weights sum to its figures."""
    rng, parts = np.random.default_rng(seed), []
    for (frame, domain), (n, total) in TABLE_2.items():
        part = pd.DataFrame({"frame": frame, "domain": domain, "stratum": rng.choice(["metropolitan", "regional"], n)})
        part["lines"] = 1 + (rng.random(n) < 0.04) if frame == "landline" else 0
        part["eligible"] = rng.choice([1, 2, 3, 4], n, p=[0.3, 0.5, 0.15, 0.05])
        part["mobiles"] = 1 + (rng.random(n) < 0.08) if frame == "mobile" else 0
        part["sex"] = drawn(rng, n, ("female", "male"), (58, 42))
        part["age"] = drawn(rng, n, ("16-34", "35-64", "65+"), (15, 50, 35) if frame == "landline" else (45, 45, 10))
        persons = part["eligible"] / part["lines"] if frame == "landline" else 1 / part["mobiles"]
        numbers = np.where(part["stratum"] == "metropolitan", 1.3, 1.0)
        part["probability"] = (numbers * persons).sum() / total / numbers
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


FILES = {"pew": pew, "brfss": brfss, "nats": nats, "new_south_wales": new_south_wales}


def main(folder):
    for name, make in FILES.items():
        make().to_csv(Path(folder) / f"{name}.csv", index=False)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else ".")
