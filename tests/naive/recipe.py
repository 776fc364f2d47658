"""The steps of a weighting recipe, row by row. Columns are {name: list}; each step takes weights (a list) and returns weights.

`dispositions` are lists of rows {name: value} with class columns and counts of the AAPOR categories I, P, R, NC, O, UH, UO, NE.
"""

from math import fsum, inf, sqrt

import numpy as np

CATEGORIES = ("I", "P", "R", "NC", "O", "UH", "UO", "NE")


def inverse_sampling(columns, weight):
    """N (m - 1) / ((t - 1) m): N numbers, m interviews, the last on dial t (Haldane 1945, Biometrika 33:222-225)."""
    rows = zip(weight, columns["number_space"], columns["unit_interviews"], columns["unit_dialled"])
    return [w * space * (m - 1) / ((t - 1) * m) for w, space, m, t in rows]


def released(columns, weight):
    """Numbers in the space over numbers released."""
    return [w * space / t for w, space, t in zip(weight, columns["number_space"], columns["unit_dialled"])]


def selection(columns, weight):
    """One over the inclusion probability of the row's unit (Horvitz & Thompson 1952)."""
    return [w / p for w, p in zip(weight, columns["unit_probability"])]


def multiplicity(columns, weight):
    """Mobile: over own working mobiles. Landline: times eligible members over residential lines (Lavallée 2007, weight share)."""
    made = []
    for row, w in enumerate(weight):
        if columns["frame"][row] == "mobile":
            made.append(w / columns["n_mobile"][row])
        else:
            made.append(w * columns["n_eligible"][row] / columns["n_lines"][row])
    return made


def key_of(columns, by, row):
    return tuple(columns[name][row] for name in by)


def tally(dispositions, by):
    """{class: counts by category}, rows of the same class added."""
    counts = {}
    for row in dispositions:
        own = counts.setdefault(tuple(row[name] for name in by), dict.fromkeys(CATEGORIES, 0.0))
        for category in CATEGORIES:
            own[category] += row.get(category, 0)
    return counts


def eligible_cases(dispositions, by, e="proportional", e_unscreened=1.0):
    """{class: I + P + R + NC + O + e UH + e_u UO}, the denominator of AAPOR's RR3 (Kalton & Flores-Cervantes 2003).

    e: a number; "proportional", known eligible over known eligible and not eligible ones of the class (CASRO); "given", each row's own
    shares in its columns e and e_unscreened.
    """
    counts = tally(dispositions, by)
    found = {}
    for key, own in counts.items():
        known = sum(own[c] for c in ("I", "P", "R", "NC", "O"))
        if e == "given":
            rows = [row for row in dispositions if tuple(row[name] for name in by) == key]
            unknown = fsum(row["e"] * row.get("UH", 0) + row["e_unscreened"] * row.get("UO", 0) for row in rows)
        else:
            share = (known / (known + own["NE"]) if known + own["NE"] else 0.0) if e == "proportional" else e
            unknown = share * own["UH"] + e_unscreened * own["UO"]
        found[key] = known + unknown
    return found


def nonresponse_classes(columns, weight, dispositions, by, e="proportional", e_unscreened=1.0):
    """Weights times eligible cases over interviews of the class."""
    counts, cases = tally(dispositions, by), eligible_cases(dispositions, by, e, e_unscreened)
    keys = [key_of(columns, by, row) for row in range(len(weight))]
    return [w * cases[key] / counts[key]["I"] for w, key in zip(weight, keys)]


def logistic(x, successes, trials, steps=200):
    """Probabilities of a logistic regression with an intercept, by maximum likelihood (McCullagh & Nelder 1989, ch. 4): Newton's steps."""
    x = np.column_stack([np.ones(len(successes)), np.asarray(x, float).reshape(len(successes), -1)])
    y, m = np.asarray(successes, float), np.asarray(trials, float)
    beta = np.zeros(x.shape[1])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-(x @ beta)))
        information = (x * (m * p * (1 - p))[:, None]).T @ x
        step = np.linalg.pinv(information) @ (x.T @ (y - m * p))
        beta = beta + step / max(1.0, np.max(np.abs(x @ step)))
        if np.max(np.abs(step)) < 1e-12 and np.all((p > 1e-9) & (p < 1 - 1e-9)):
            return [float(v) for v in 1 / (1 + np.exp(-(x @ beta)))]
    raise ArithmeticError("no finite coefficients")


def main_effects(keys):
    """A column for every level but the first of every variable; keys are tuples of levels."""
    x = []
    for j in range(len(keys[0])):
        levels = sorted({key[j] for key in keys}, key=str)
        x += [[float(key[j] == level) for key in keys] for level in levels[1:]]
    return np.array(x).T.reshape(len(keys), len(x))


def alike(propensity, size, groups):
    """Group of each unit: in the order of the propensity, as many by `size` in each; equal propensities stay together.

    A propensity belongs to the group in which the middle of its share of the sizes lies (Little 1986; Rosenbaum & Rubin 1984: quintiles).
    """
    mass = {}
    for p, s in zip(propensity, size):
        mass[round(p, 10)] = mass.get(round(p, 10), 0.0) + s
    home, before, whole = {}, 0.0, fsum(size)
    for p in sorted(mass):
        home[p] = int(groups * (before + mass[p] / 2) / whole)
        before += mass[p]
    return [home[round(p, 10)] for p in propensity]


def nonresponse_propensity(columns, weight, dispositions, by, e="proportional", e_unscreened=1.0, groups=None):
    """Weights over the propensity of the class, main effects of `by`; with groups, times cases over interviews of its group."""
    counts, cases = tally(dispositions, by), eligible_cases(dispositions, by, e, e_unscreened)
    keys = list(cases)
    size = [cases[key] for key in keys]
    interviews = [counts[key]["I"] for key in keys]
    chance = logistic(main_effects(keys), interviews, size)
    factor = {key: 1 / p for key, p in zip(keys, chance)}
    if groups is not None:
        group = alike(chance, size, groups)
        for key, own in zip(keys, group):
            inside = [i for i, g in enumerate(group) if g == own]
            factor[key] = fsum(size[i] for i in inside) / fsum(interviews[i] for i in inside)
    return [w * factor[key_of(columns, by, row)] for row, w in enumerate(weight)]


def subsample(columns, weight, phase="phase", by=(), rate=None):
    """Weights after a second phase: 1 stays, 2 takes what those left out (0) of its class had, or is divided by the rate
    (Hansen & Hurwitz 1946)."""
    result = []
    for row, w in enumerate(weight):
        mine = [r for r in range(len(weight)) if key_of(columns, by, r) == key_of(columns, by, row)]
        kept = sum(weight[r] for r in mine if columns[phase][r] == 2)
        gone = sum(weight[r] for r in mine if columns[phase][r] == 0)
        if columns[phase][row] == 2:
            mine = rate[row] if isinstance(rate, list) else rate
            result.append(w / mine if mine is not None else w * (kept + gone) / kept)
        else:
            result.append(float(w) if columns[phase][row] == 1 else 0.0)
    return result


def unit_nonresponse(columns, weight, status="status", by=(), covariates=(), groups=None, unknown_by=()):
    """Weights of respondents ("R"): first those of unknown eligibility ("U") hand theirs to the known in their class, then eligible
    nonrespondents ("N") theirs to respondents; the not eligible ("X") leave (Valliant, Dever & Kreuter 2018, ch. 13)."""
    code = [value if isinstance(value, str) else "NR"[int(value)] for value in columns[status]]
    rows = range(len(weight))
    weight = [float(w) for w in weight]

    def handed_on(by, stay, leave):
        sums = {}
        for row in rows:
            kept, gone = sums.get(key_of(columns, by, row), (0.0, 0.0))
            kept += weight[row] if code[row] in stay else 0.0
            gone += weight[row] if code[row] in leave else 0.0
            sums[key_of(columns, by, row)] = kept, gone
        factor = {key: 1 + gone / kept if kept else 1.0 for key, (kept, gone) in sums.items()}
        return [w * factor[key_of(columns, by, row)] if code[row] in stay else 0.0 for row, w in enumerate(weight)]

    weight = handed_on(unknown_by, "RNX", "U")
    if not covariates:
        return handed_on(by, "R", "N")
    asked = [row for row in rows if code[row] in "RN"]
    x = []
    for name in covariates:
        values = [columns[name][row] for row in asked]
        if all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values):
            x.append([float(v) for v in values])
        else:
            x += [[float(v == level) for v in values] for level in sorted(set(values), key=str)[1:]]
    mass = [weight[row] for row in asked]
    chance = logistic(
        np.array(x).T.reshape(len(asked), len(x)), [m * (code[r] == "R") for m, r in zip(mass, asked)], mass
    )
    factor = [1 / p for p in chance]
    if groups is not None:
        group = alike(chance, mass, groups)
        for i, own in enumerate(group):
            inside = [j for j, g in enumerate(group) if g == own]
            factor[i] = fsum(mass[j] for j in inside) / fsum(mass[j] for j in inside if code[asked[j]] == "R")
    made = [0.0] * len(weight)
    for row, f in zip(asked, factor):
        made[row] = weight[row] * f if code[row] == "R" else 0.0
    return made


def effective_theta(columns, weight, first="landline"):
    """θ = n1* / (n1* + n2*) of the overlap samples, n* = n / deff = (Σw)² / Σw² (Kish 1965; O'Muircheartaigh & Pedlow 2002)."""
    size = []
    for ours in (True, False):
        rows = zip(columns["frame"], columns["domain"], weight)
        w = [v for frame, domain, v in rows if domain == "ab" and (frame == first) == ours]
        size.append(fsum(w) ** 2 / fsum(v * v for v in w))
    return size[0] / (size[0] + size[1])


def composite(columns, weight, theta="effective", first="landline"):
    """In the overlap θ w from the first frame and (1 - θ) w from the second (Hartley 1962)."""
    theta = effective_theta(columns, weight, first) if theta == "effective" else theta
    made = []
    for row, w in enumerate(weight):
        share = 1.0
        if columns["domain"][row] == "ab":
            share = theta if columns["frame"][row] == first else 1 - theta
        made.append(w * share)
    return made


def chained(columns, weight, steps):
    """One after the other: steps are functions of columns and weights; the weights after each."""
    made = []
    for step in steps:
        weight = step(columns, weight)
        made.append(weight)
    return made


# ------------------------------------------------------------------------------------------------- steps that users add
def multiplicity_of(columns, weight, ways, frame="frame", most_numbers=None, most_persons=None):
    """Over the person's numbers of its frame, times the persons that share one, both cut to the most that is believed."""
    made = []
    for row, w in enumerate(weight):
        numbers, persons = ways[columns[frame][row]]
        for name, most, up in ((numbers, most_numbers, False), (persons, most_persons, True)):
            if name:
                count = columns[name][row] if most is None else min(columns[name][row], most)
                w = w * count if up else w / count
        made.append(w)
    return made


def single_frame(probabilities, method="bankier"):
    """One over the chance of being drawn at all (Bankier 1986), or over how often one expects to be (Kalton & Anderson 1986).

    probabilities: one list for each frame."""
    made = []
    for own in zip(*probabilities):
        never = 1.0
        for p in own:
            never *= 1 - p
        made.append(1 / (1 - never if method == "bankier" else fsum(own)))
    return made


def composite_by(columns, weight, theta, by):
    """In the overlap θ of the row's group, {group: θ}, or by the rule "respondents"."""
    made = []
    for row, w in enumerate(weight):
        group = columns[by][row]
        if theta == "respondents":
            both = [
                k for k, d in enumerate(columns["domain"]) if d == "ab" and columns[by][k] == group and weight[k] > 0
            ]
            own = sum(columns["frame"][k] == "landline" for k in both) / len(both) if both else 0.0
        else:
            own = theta[group]
        share = 1.0
        if columns["domain"][row] == "ab":
            share = own if columns["frame"][row] == "landline" else 1 - own
        made.append(w * share)
    return made


def hazen(values, p):
    """Quantile at p of values at the middles of their shares, (k - 1/2) / n, with straight lines between."""
    ordered, n = sorted(values), len(values)
    at = p * n - 0.5
    if at <= 0 or at >= n - 1:
        return ordered[0 if at <= 0 else -1]
    k = int(at)
    return ordered[k] + (at - k) * (ordered[k + 1] - ordered[k])


def trim_bounds(weight, rule, most, least):
    """(lower, upper) in the weights' unit."""
    n = len(weight)
    if rule == "potter":
        return 0.0, sqrt(most * fsum(w * w for w in weight) / n)
    if rule == "iqr":
        middle, spread = hazen(weight, 0.5), hazen(weight, 0.75) - hazen(weight, 0.25)
        low = 0.0 if least is None else max(0.0, middle - least * spread)
        return low, inf if most is None else middle + most * spread
    unit = {"mean": fsum(weight) / n, "median": hazen(weight, 0.5), "weight": 1.0}[rule]
    return (least or 0.0) * unit, inf if most is None else most * unit


def trim_once(weight, low, high, redistribute):
    """Cut to the bounds; then, again and again, the rows that are not cut are multiplied by what keeps the sum and cut in turn."""
    if not redistribute:
        return [min(max(w, low), high) for w in weight]
    total, lower, upper = fsum(weight), 0.0, 1e9
    for _ in range(400):  # the common factor, by bisection
        factor = (lower + upper) / 2
        if fsum(min(max(factor * w, low), high) for w in weight) < total:
            lower = factor
        else:
            upper = factor
    return [min(max(factor * w, low), high) for w in weight]


def trim(weight, rule="mean", most=None, least=None, redistribute=True, group=None):
    """Trimmed weights, group by group; Potter's bound is found again from trimmed weights until it rests."""
    group = ["all"] * len(weight) if group is None else group
    made = list(weight)
    for own in set(group):
        rows = [k for k, g in enumerate(group) if g == own and weight[k] > 0]
        mine = [weight[k] for k in rows]
        found = trim_once(mine, *trim_bounds(mine, rule, most, least), redistribute)
        for _ in range(2000 if rule == "potter" else 0):
            before, found = found, trim_once(mine, *trim_bounds(found, rule, most, least), redistribute)
            if found == before:
                break  # to the last bit, so that no further round changes anything
        for k, w in zip(rows, found):
            made[k] = w
    return made


def scale(weight, to="n", group=None):
    """Weights that sum to the respondents of their group, or to its total."""
    group = ["all"] * len(weight) if group is None else group
    made = []
    for w, own in zip(weight, group):
        mine = [v for v, g in zip(weight, group) if g == own]
        goal = to[own] if isinstance(to, dict) else to
        goal = sum(v > 0 for v in mine) if goal == "n" else goal
        made.append(w * goal / fsum(mine))
    return made


def agreed(margins, order):
    """Margins {name or tuple: {level or tuple: total}} of which each is fitted to those before it in the order, on shared variables."""
    done = {}
    for name in order:
        mine = name if isinstance(name, tuple) else (name,)
        table = {level if isinstance(level, tuple) else (level,): v for level, v in margins[name].items()}
        for _ in range(5000):
            for other, known in done.items():
                shared = [v for v in mine if v in other]
                want, have = {}, {}
                for level, v in known.items():
                    key = tuple(level[other.index(s)] for s in shared)
                    want[key] = want.get(key, 0.0) + v
                for level, v in table.items():
                    key = tuple(level[mine.index(s)] for s in shared)
                    have[key] = have.get(key, 0.0) + v
                for level in table:
                    key = tuple(level[mine.index(s)] for s in shared)
                    table[level] *= want[key] / have[key]
        done[mine] = table
    return {name: done[name if isinstance(name, tuple) else (name,)] for name in margins}
