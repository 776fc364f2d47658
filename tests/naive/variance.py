"""Scores of statistics and variances of designs, loop by loop.

A design is a dictionary of plain columns, one value per row: "weight"; "strata", "psu" and "fpc" are lists of columns, one per
stage, and may be absent; "lonely" is the policy for strata with one unit; "pps" is None, "brewer", "deville", "hartley-rao" or a
matrix of joint probabilities, "pps_variance" "ht" or "yg" and "probability" the units' probabilities (first stage) for these.
A score is one number per row of a statistic's Taylor expansion: the error of the statistic is that of Σ w_k u_k.
"""

import math

# statistics: value and score


def inside(domain, *values):
    """Rows of a domain (None is everybody) in which no value is missing."""
    rows = range(len(values[0]))
    return [
        (domain is None or bool(domain[k])) and not any(v[k] is None or math.isnan(v[k]) for v in values) for k in rows
    ]


def total(w, y, domain=None):
    """Σ w y over a domain; its score is y there and 0 elsewhere (Särndal, Swensson & Wretman 1992, ch. 10)."""
    rows = inside(domain, y)
    score = [float(y[k]) if rows[k] else 0.0 for k in range(len(y))]
    return math.fsum(w[k] * score[k] for k in range(len(y))), score


def ratio(w, y, x, domain=None):
    """Σ w y / Σ w x over a domain; score (y - R x) / Σ w x (Woodruff 1971; Särndal et al. 1992, 5.6)."""
    rows = inside(domain, y, x)
    n = range(len(y))
    bottom = math.fsum(w[k] * x[k] for k in n if rows[k])
    value = math.fsum(w[k] * y[k] for k in n if rows[k]) / bottom
    return value, [(y[k] - value * x[k]) / bottom if rows[k] else 0.0 for k in n]


def mean(w, y, domain=None):
    """The ratio to the number of people (Särndal et al. 1992, 5.7)."""
    return ratio(w, y, [1.0] * len(y), domain)


def proportion(w, labels, level, domain=None):
    """The mean of an indicator; rows whose label is None are missing."""
    return mean(w, [None if label is None else float(label == level) for label in labels], domain)


# variance of Σ w u under a design


def groups(rows, column):
    """Rows by their label in a column (None: one group), in the order in which labels occur."""
    found = {}
    for k in rows:
        found.setdefault(None if column is None else column[k], []).append(k)
    return list(found.values())


def at_stage(columns, stage):
    """The column of a stage in a list that may be absent or too short."""
    return columns[stage] if columns is not None and stage < len(columns) else None


def variance(score, design, inside=None):
    """Estimated variance of Σ w u, u the score of the rows `inside` a domain."""
    return covariance(score, score, design, None if inside is None else (inside, inside))


def covariance(score, other, design, inside=None):
    """Estimated covariance of Σ w u and Σ w v: products in place of squares. inside : the rows of the domains of both."""
    design = design if inside is None else design | {"speaks": inside}
    n = range(len(score))
    a = [design["weight"][k] * score[k] for k in n]
    b = [design["weight"][k] * other[k] for k in n]
    return of_values(a, b, design)


def of_values(a, b, design):
    """The same of weighted values a = w u and b = w v."""
    pps = design.get("pps")
    if pps is None or (isinstance(pps, str) and pps in ("brewer", "deville")):
        return multistage(a, b, design)
    return without_replacement(a, b, design)


def multistage(a, b, design):
    """Särndal et al. (1992, result 4.3.1): each stage between its units, times the sampling fractions of those before.

    V = Σ_h (1 - f_h) n_h / (n_h - 1) Σ_i (z_hi - z̄_h)² + Σ_h Σ_i f_h V(inside unit i). Without fractions f_h = 0 and nothing is
    left of later stages (sampling with replacement; Hansen, Hurwitz & Madow 1953). Fractions above 1 are counts of units in
    the population. With "brewer" and "deville" f is the unit's own probability.

    A stratum with one unit of more (f < 1): "certainty" and "remove" count nothing; "adjust" takes the deviation from the mean of
    all units of the stage (Stata's "centered"); "average" takes the mean of the stage's other strata. Both are strata of the
    domain: with design["speaks"], the rows of those of a and of b, those with such a row of weight or with a value.
    """
    policy, strata = design.get("lonely", "fail"), []
    collect(a, b, list(range(len(a))), 0, 1.0, design, strata)
    parts = []
    for stage in sorted({stage for stage, *_ in strata}):
        here = [stratum for stratum in strata if stratum[0] == stage]
        units = sum(len(za) for _, _, za, _, _, _ in here)
        mean_a = math.fsum(z for _, _, za, _, _, _ in here for z in za) / units
        mean_b = math.fsum(z for _, _, _, zb, _, _ in here for z in zb) / units
        terms = []
        for _, share, za, zb, f, _ in here:
            if len(za) > 1:
                terms.append(share * between(za, zb, f, design.get("pps")))
            elif f[0] < 1 and policy == "fail":
                raise ValueError("a stratum has one unit only")
            elif f[0] < 1 and policy == "adjust":
                terms.append(share * (1 - f[0]) * (za[0] - mean_a) * (zb[0] - mean_b))
        if policy == "average":
            inside = design.get("speaks", (None, None))
            of_both = [averaging(here, values, mask, design) for values, mask in zip((a, b), inside, strict=True)]
            terms = [term * math.sqrt(of_both[0] * of_both[1]) for term in terms]
        parts.append(math.fsum(terms))
    return math.fsum(parts)


def averaging(strata, values, inside, design):
    """Strata over those that are not lonely, among strata in which values are not 0 or the domain has rows of weight."""
    size, every, others = math.fsum(abs(v) for v in values), 0, 0
    for _, _, za, _, f, members in strata:
        rows = inside is None or any(inside[k] and design["weight"][k] != 0 for k in members)
        if rows or math.fsum(abs(values[k]) for k in members) > 1e-9 * size:
            every += 1
            others += not (len(za) == 1 and f[0] < 1)
    if every and not others:
        raise ValueError("every stratum has one unit only")
    return every / max(others, 1)


def collect(a, b, rows, stage, share, design, strata):
    """The strata inside one unit of the stage before, and of all stages below: (stage, share, totals, totals, fractions, rows)."""
    psu, fpc = at_stage(design.get("psu"), stage), at_stage(design.get("fpc"), stage)
    if psu is None and stage > 0:
        return
    if psu is None:
        psu = list(range(len(a)))
    for members in groups(rows, at_stage(design.get("strata"), stage)):
        units = groups(members, psu)
        if design.get("pps") == "brewer" and stage == 0:  # certain units are in every sample, and no part of its chance
            units = [unit for unit in units if design["probability"][unit[0]] < 1]
            if not units:
                continue
        f = [fraction(unit, len(units), fpc, design, stage) for unit in units]
        za = [math.fsum(a[k] for k in unit) for unit in units]
        zb = [math.fsum(b[k] for k in unit) for unit in units]
        strata.append((stage, share, za, zb, f, members))
        for i, unit in enumerate(units):
            if f[i] > 0:
                collect(a, b, unit, stage + 1, share * f[i], design, strata)


def between(za, zb, f, pps=None):
    """n / (n - 1) Σ (1 - f_i)(z_i - z̄)²; with unequal f this is Brewer's (2002, 9.1). Deville's is another."""
    if pps == "deville":
        return deville(za, zb, f)
    n = len(za)
    ma, mb = math.fsum(za) / n, math.fsum(zb) / n
    return math.fsum((1 - f[i]) * (za[i] - ma) * (zb[i] - mb) for i in range(n)) * n / (n - 1)


def fraction(unit, n, fpc, design, stage):
    """Sampling fraction of a unit: its probability, a fraction, or n over a count; 0 where nothing is said."""
    if design.get("pps") is not None and stage == 0:
        return design["probability"][unit[0]]
    if fpc is None:
        return 0.0
    value = fpc[unit[0]]
    return n / value if value > 1 else value


def deville(za, zb, f):
    """Deville (1999): Σ c (z - Σ a z)² / (1 - Σ a²), c = 1 - π, a = c / Σ c."""
    c = [1 - one for one in f]
    whole = math.fsum(c)
    if whole == 0:
        return 0.0
    share = [one / whole for one in c]
    ma = math.fsum(share[i] * za[i] for i in range(len(c)))
    mb = math.fsum(share[i] * zb[i] for i in range(len(c)))
    middle = math.fsum(c[i] * (za[i] - ma) * (zb[i] - mb) for i in range(len(c)))
    return middle / (1 - math.fsum(one * one for one in share))


def without_replacement(a, b, design):
    """One stage, rows as units: Horvitz & Thompson (1952), or Yates & Grundy (1953) and Sen (1953).

    With Δ_kl = 1 - π_k π_l / π_kl: ΣΣ Δ_kl a_k b_l, or -½ ΣΣ Δ_kl (a_k - a_l)(b_k - b_l). "hartley-rao" takes
    π_k π_l / π_kl = (n - π_k - π_l + Σ_U π² / n) / (n - 1) (Hartley & Rao 1962, 5.17), with Σ_U π² estimated by Σ_s π; a unit of
    probability 1 is in every sample, so that π_kl is the other's own and the formula is one for the rest.
    """
    n, pps = len(a), design["pps"]
    p = design["probability"] if isinstance(pps, str) else [pps[k][k] for k in range(n)]
    chance = [q for q in p if q < 1]
    terms = []
    for k in range(n):
        for m in range(n):
            if k == m:
                delta = 1 - p[k]
            elif isinstance(pps, str) and (p[k] == 1 or p[m] == 1):
                delta = 0.0
            elif isinstance(pps, str):
                delta = 1 - (len(chance) - p[k] - p[m] + math.fsum(chance) / len(chance)) / (len(chance) - 1)
            else:
                delta = 1 - p[k] * p[m] / pps[k][m]
            if design.get("pps_variance", "ht") == "ht":
                terms.append(delta * a[k] * b[m])
            else:
                terms.append(-0.5 * delta * (a[k] - a[m]) * (b[k] - b[m]))
    return math.fsum(terms)


# what follows from a covariance matrix


def matrix(scores, design):
    """Covariances of several statistics."""
    return [[covariance(u, v, design) for v in scores] for u in scores]


def contrast(coefficients, cov):
    """Variance of Σ c_i θ_i."""
    c = range(len(coefficients))
    return math.fsum(coefficients[i] * coefficients[j] * cov[i][j] for i in c for j in c)


def degrees_of_freedom(design, domain=None):
    """First-stage units less strata that have rows of positive weight in the domain."""
    w = design["weight"]
    rows = [k for k in range(len(w)) if w[k] > 0 and (domain is None or domain[k])]
    strata, psu = at_stage(design.get("strata"), 0), at_stage(design.get("psu"), 0)
    per_stratum = [
        len(groups(members, psu if psu is not None else list(range(len(w))))) for members in groups(rows, strata)
    ]
    return sum(per_stratum) - len(per_stratum)


def deff(found, w, score, domain=None, kind="wor"):
    """Variance over that of a simple random sample of as many interviews in the domain (Kish 1965).

    V_srs = N̂² S² / n with S² = n / (n - 1) Σ w (u - ū)² / N̂ over the domain; "wor" takes off the fraction n / N̂.
    """
    rows = [k for k in range(len(w)) if w[k] > 0 and (domain is None or domain[k])]
    n, size = len(rows), math.fsum(w[k] for k in rows)
    centre = math.fsum(w[k] * score[k] for k in rows) / size
    element = n / (n - 1) * math.fsum(w[k] * (score[k] - centre) ** 2 for k in rows) / size
    srs = size**2 * element / n
    return found / (srs * (1 - n / size) if kind == "wor" else srs)
