"""Write docs/explanation/inverse-sampling.md: what number weights are worth when numbers are released and called again.

`.venv/bin/python studies/inverse_sampling.py [repetitions]`; some three minutes on two cores.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from runs import Run

from surveysim.population.parameters import LINES, MOBILES
from surveysim.survey.preparation import prepare
from surveysim.survey.weighted import field_and_weight

SEED = 77
SIZES = ((3, 9, "3 to 9"), (10, 29, "10 to 29"), (30, 10**6, "30 or more"))
WAYS = {
    "strict order, N(m−1)/((t−1)m)": ({"level": "outcome"}, None),
    "strict order, N/t": ({"level": "outcome"}, "plain"),
    "releases worked to the end, N/released": (
        {"level": "calls", "protocol": {"stop": "released", "field_days": 120}},
        None,
    ),
    "closed at the target, N/released": ({"level": "calls", "protocol": {"stop": "target", "field_days": 120}}, None),
    "releases of 5 numbers worked to the end": (
        {"level": "calls", "protocol": {"stop": "released", "field_days": 120, "release_size": 5}},
        None,
    ),
}


def one(prep, repetition, plain):
    """Sum of number weights of the interviews by unit (2, U), of weights after nonresponse by frame, and estimated penetration."""
    cases, table, weights = field_and_weight(prep, SEED, repetition)
    w = weights.table["design_weight"].to_numpy()
    if plain:
        w = (table["number_space"] / table["unit_dialled"]).to_numpy()
    sums = np.zeros(prep.design.targets.shape)
    np.add.at(sums, (cases.frame, cases.unit), w)
    after = np.bincount(cases.frame, weights.table["nonresponse_weight"], 2)
    online = cases.attributes.internet
    return sums, after, 100 * (weights.final @ online) / prep.pop.size


def measured(run):
    """By way: mean sums by unit, their covariance-free Monte Carlo error by size class, frame sums, penetration."""
    found = {}
    for way, (changes, plain) in WAYS.items():
        prep = prepare(run.spec(fieldwork=changes))
        with ThreadPoolExecutor() as pool:
            parts = list(pool.map(lambda r, p=prep, q=plain: one(p, r, q), range(run.repetitions)))
        found[way] = tuple(np.stack(x) for x in zip(*parts, strict=True))
        print(way, flush=True)
    return prep, found


def relative(sums, truth, inside):
    """Bias of the sum over some units in percent of the truth, and its Monte Carlo error."""
    each = np.where(inside, sums, 0).sum(axis=(1, 2))
    base = truth[inside].sum()
    return 100 * (each.mean() / base - 1), 100 * each.std(ddof=1) / np.sqrt(len(each)) / base


def main(run):
    repetitions = run.repetitions
    prep, found = measured(run)
    targets = prep.design.targets
    exact = prep.pop.parameter("internet_penetration")["value"].iloc[0]
    # What the sums should be: numbers of the space that yield an interview, from many numbers of every unit in strict order
    truth = found["strict order, N(m−1)/((t−1)m)"][0].mean(axis=0)
    lines, sizes = [], prep.pop.sums("status", fine=False).status[:, :, 3:]
    frames = np.array([(sizes @ (LINES > 0)).sum(), (sizes @ (MOBILES > 0)).sum()])
    for way, (sums, after, rate) in found.items():
        cells = []
        for low, high, _ in SIZES:
            bias, mcse = relative(sums, truth, (targets >= low) & (targets <= high))
            cells.append("reference" if way.startswith("strict order, N(m") else f"{bias:+.1f} ± {1.96 * mcse:.1f}")
        level = 100 * (after.mean(axis=0) / frames - 1)
        error = rate - exact
        cells += [f"{level[0]:+.1f}", f"{level[1]:+.1f}"]
        cells.append(f"{error.mean():+.2f} ± {1.96 * error.std(ddof=1) / np.sqrt(repetitions):.2f}")
        lines.append(f"| {way} | {' | '.join(cells)} |")
    small = {way: relative(sums, truth, targets < 10)[0] for way, (sums, _, _) in found.items()}
    kept = [
        100 * (after.mean(axis=0) / frames - 1)
        for way, (_, after, _) in found.items()
        if "released" in way or "releases" in way
    ]
    worst = max(abs(rate.mean() - exact) for _, _, rate in found.values())
    plain, worked = (small[way] for way in list(WAYS)[1:3])
    closed = relative(found[list(WAYS)[3]][0], truth, targets >= 30)[0]
    summary = f"""

- Where few interviews are wanted, $N/t$ overstates by {plain:.0f} %, and releases worked to the end by {worked:.0f} %: the unit stops
  when it has been lucky. Smaller replicates do not help, because units are looked at once a week.
- Closing at the target loses interviews that open cases would still have given: {closed:+.0f} % where 30 or more are wanted; that is
  nonresponse, and adjusted for.
- After the nonresponse adjustment the weights of releases stand {np.min(kept):.1f} to {np.max(kept):.1f} % above their frames.
- Raking takes the level out: penetration is off by at most {worst:.2f} points in any of these ways."""
    head = "".join(f" {name} |" for _, _, name in SIZES)
    text = f"""# Number weights: strict order, releases, callbacks

Made by `studies/inverse_sampling.py`: {repetitions} repetitions of the preset. Dialling a unit's numbers in random order, one final
outcome each, until the m-th interview on dial t, is inverse (negative binomial) sampling without replacement:
$N(m-1)/((t-1)m)$ is unbiased (Haldane 1945), $N/t$ is not. `tests/fieldwork/test_calls.py` proves it by enumerating all 5,040
orders of seven numbers.

A call centre does not work like that. It releases numbers in replicates, calls them for weeks, and stops when the target is
met. The number weight then is numbers in the space per number released (`weighting.Released`), what is unresolved is
nonresponse, and because releases stop when enough interviews are found, some bias is left. It is measured here against the
unbiased weights, by the interviews wanted from a unit:

| number weights |{head} landline frame | mobile frame | penetration |
| --- |{" --- |" * (len(SIZES) + 3)}
{chr(10).join(lines)}

First the sum of number weights in units wanting so many interviews, against the unbiased one, in percent: the bias of a total
before any adjustment. Then the sum of weights after the nonresponse adjustment against the frame's population, in percent, and
the bias of penetration after raking, in points. ± is the 95 % Monte Carlo error.
{summary}
"""
    run.page("inverse-sampling", text)


if __name__ == "__main__":
    main(Run.asked(100))
