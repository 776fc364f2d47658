"""Random designs: what `Survey` takes besides the table, as columns of the table and options.

`frame` is the same design in plain lists, for second implementations: weight (n,), one dictionary per stage with the unit and
stratum of every row and the sampling fraction of its stratum, the lonely rule, the probabilities.
"""

import numpy as np

from .session import Source
from .tables import numbers, whole

DESIGNS = ("simple", "strata", "clusters", "stages", "lonely", "pps")
POLICIES = ("certainty", "remove", "adjust", "average")
PPS = ("brewer", "hartley-rao", "deville", "joint")


def design(rng, columns, n, kind):
    """Options of `Survey`, and the columns of the design added to `columns`."""
    options = {}
    weight = np.round(rng.lognormal(2, 0.5, n), 3) + 0.5
    strata = 1 if kind == "simple" else int(rng.integers(2, 4))
    h = np.sort(rng.integers(0, strata, n))
    if kind == "simple" and rng.random() < 0.4:
        options["fpc"] = "N"
        columns["N"] = whole(np.full(n, n + int(rng.integers(1, 40))))
    if kind == "strata":
        options["strata"] = "h"
        h = _each_twice(rng, h, strata)
        if rng.random() < 0.5:
            options["fpc"] = "N"
            columns["N"] = _fpc(rng, h, np.bincount(h, minlength=strata))
    if kind == "clusters":
        h, psu = _clusters(rng, n, strata, 2)
        options |= {"strata": "h", "psu": "c"}
        nested = rng.random() < 0.4
        columns["c"] = whole(_inside(h, psu) if nested else psu)
        if nested:
            options["nest"] = True
        if rng.random() < 0.4:
            options["fpc"] = "N"
            columns["N"] = _fpc(rng, h, _units(h, psu, strata))
    if kind == "stages":
        weight = _stages(rng, columns, options, n)
        h = np.array(columns["h"]["values"])
    if kind == "lonely":
        h, psu = _clusters(rng, n, strata + 2, 2)
        alone = int(rng.choice(h))
        psu[h == alone] = psu[h == alone][0]
        columns["c"] = whole(psu)
        options |= {"strata": "h", "psu": "c", "lonely_psu": str(rng.choice(POLICIES))}
        if rng.random() < 0.3:
            options["fpc"] = "N"
            columns["N"] = _fpc(rng, h, _units(h, psu, strata + 2))
    if kind == "pps":
        return _pps(rng, columns, n)
    columns["h"] = whole(h)
    form = rng.random()
    if form < 0.2:
        weight[rng.random(n) < 0.2] = 0.0
        if not (weight > 0).sum() > n / 2:
            weight += 1.0
    elif form < 0.3 and kind != "stages":
        weight = np.round(weight * 10.0 ** rng.uniform(-2, 4, n), 6)
    elif form < 0.4 and kind != "stages":
        weight = np.maximum(np.round(weight), 1.0)
    columns["w"] = numbers(weight)
    if form >= 0.3 and form < 0.4 and kind != "stages":
        columns["w"] = whole(weight)
    if not (kind == "simple" and rng.random() < 0.15):
        options["weight"] = "w"
    return options


def _each_twice(rng, h, strata):
    """Codes in which every stratum occurs twice at least."""
    h = h.copy()
    h[: 2 * strata] = np.tile(np.arange(strata), 2)
    rng.shuffle(h)
    return h


def _clusters(rng, n, strata, least):
    """Stratum and unit of every row, every stratum with `least` units or more."""
    units = np.full(strata, 2) if rng.random() < 0.3 else rng.integers(least, 5, strata)
    label = np.repeat(np.arange(strata), units)
    unit = rng.integers(0, len(label), n)
    unit[: min(len(label), n)] = np.arange(min(len(label), n))
    rng.shuffle(unit)
    return label[unit], unit + 100


def _inside(h, psu):
    """Unit labels that begin anew in every stratum."""
    first = {s: psu[h == s].min() for s in set(h.tolist())}
    return [int(p - first[s]) for s, p in zip(h.tolist(), psu.tolist(), strict=True)]


def _units(h, psu, strata):
    return np.array([len(set(psu[h == s].tolist())) for s in range(strata)])


def _fpc(rng, h, sampled):
    """Population counts, or fractions, by stratum; some strata are taken completely."""
    extra = rng.integers(0, 12, len(sampled))
    if extra.max() == 0:
        extra[0] = 3
    size = np.maximum(sampled + extra, 2)
    if rng.random() < 0.25:
        return numbers((np.maximum(sampled, 1) / (np.maximum(sampled, 1) + extra + 0.5))[h])
    return whole(size[h])


def _stages(rng, columns, options, n):
    """Two or three stages with corrections; the weights follow from the fractions or not."""
    three, strata = rng.random() < 0.4, int(rng.integers(1, 3))
    h, psu = _clusters(rng, n, strata, 2)
    ssu = psu * 10 + rng.integers(0, 3, n)
    columns["h"], columns["c"], columns["d"] = whole(h), whole(psu), whole(ssu)
    units = _units(h, psu, strata)
    first = units + rng.integers(1, 15, strata)
    inside = {p: len(set(ssu[psu == p].tolist())) for p in set(psu.tolist())}
    second = {p: count + int(rng.integers(0, 6)) for p, count in inside.items()}
    second = {
        p: max(size, 2) if inside[p] > 1 else 1 for p, size in second.items()
    }  # one unit alone is taken completely
    columns["N"], columns["M"] = whole(first[h]), numbers([inside[p] / second[p] for p in psu.tolist()])
    fraction = (units / first)[h] * np.array([inside[p] / second[p] for p in psu.tolist()])
    options |= {"strata": "h", "psu": ["c", "d"], "fpc": ["F", "M"]}
    columns["F"] = numbers((units / first)[h])
    del columns["N"]
    if three:
        columns["e"] = whole(np.arange(n))
        count = {s: int((ssu == s).sum()) for s in set(ssu.tolist())}
        last = {s: c / (c + int(rng.integers(1, 5))) if c > 1 else 1.0 for s, c in count.items()}
        columns["L"] = numbers([last[s] for s in ssu.tolist()])
        options |= {"psu": ["c", "d", "e"], "fpc": ["F", "M", "L"]}
        fraction = fraction * np.array([last[s] for s in ssu.tolist()])
    return 1 / fraction if rng.random() < 0.6 else np.round(rng.lognormal(2, 0.5, n), 3) + 0.5


def _pps(rng, columns, n):
    """Elements with unequal probabilities without replacement."""
    kind = str(rng.choice(PPS))
    pi = np.clip(rng.gamma(3, 0.1, n), 0.02, 0.9)
    if kind == "hartley-rao":
        pi = np.minimum(pi * n / pi.sum() * 0.4, 0.95)
        pi = np.clip(rng.uniform(0.5, 1.5, n) * 0.3, 0.05, 0.6)
    columns["p"] = numbers(np.round(pi, 4))
    options = {"probability": "p"}
    if kind in ("brewer", "deville"):
        options["pps"] = kind
        if rng.random() < 0.5:
            h = _each_twice(rng, np.zeros(n, int), 2)
            columns["h"], options["strata"] = whole(h), "h"
    elif kind == "hartley-rao":
        options |= {"pps": kind, "pps_variance": str(rng.choice(["ht", "yg"]))}
    else:
        options |= {"pps": Source("joint"), "pps_variance": "ht"}
    if rng.random() < 0.3:
        columns["w"] = numbers(np.round(1 / np.round(pi, 4), 2))
        options["weight"] = "w"
    return options


JOINT = "pi = np.array(data['p'], dtype=float); joint = 0.97 * np.outer(pi, pi); np.fill_diagonal(joint, pi)"
