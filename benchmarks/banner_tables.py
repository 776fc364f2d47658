"""Many questions by many banners, with intervals, tests and letters, against the same asked for table by table."""

import numpy as np
import pandas as pd
from measuring import best, row

import surveysim as ss

N, QUESTIONS, BANNERS = 22_000, 200, 5


def data():
    rng = np.random.default_rng(1)
    kinds = {f"q{k}": 3 + k % 5 for k in range(QUESTIONS)} | {f"b{k}": 2 + k for k in range(BANNERS)}
    made = {
        name: pd.Categorical.from_codes(rng.integers(0, K, N), [f"l{j}" for j in range(K)]) for name, K in kinds.items()
    }
    psu = rng.integers(0, 341, N)
    more = {
        "psu": psu,
        "stratum": psu % 31,
        "w": rng.gamma(4, 1, N),
        "sex": rng.choice(list("fm"), N),
        "age": rng.choice(list("abcdef"), N),
    }
    return pd.DataFrame(made | more)


def bench():
    """200 questions × 5 banners on 22,000 rows; the peer is `proportion` and `independence` for each pair."""
    table = data()
    questions, banners = [f"q{k}" for k in range(QUESTIONS)], [f"b{k}" for k in range(BANNERS)]
    clustered = ss.Survey(table, weight="w", strata="stratum", psu="psu")
    raked = clustered.rake({"sex": {"f": 50_000, "m": 38_000}, "age": dict.fromkeys("abcdef", 88_000 / 6)})
    rows = []
    for name, survey in (
        ("341 PSUs", clustered),
        ("341 PSUs, raked", raked),
        ("rows alone", ss.Survey(table, weight="w")),
    ):

        def one_by_one(s=survey):
            for b in banners:
                for q in questions[:5]:
                    s.proportion(q, by=b)
                    s.independence(q, b)

        what = f"200 questions × 5 banners with intervals, tests and letters, {N:,} rows, {name}"
        rows.append(
            row(
                what,
                best(lambda s=survey: s.tables(questions, banners).table, 2),
                "one by one, no letters",
                40 * best(one_by_one, 1),
            )
        )
    return rows
