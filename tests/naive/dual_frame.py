"""Ten estimators from two overlapping frames, each as a value and one score per row (Lohr 2011 for an overview).

Frames are {"A": sample, "B": sample}; a sample is a dictionary of a "design" (see `variance`, with the weights the sample came
with), "overlap" (per row 1 or 0, or the probability that the unit is in the other frame too), if need be "pi" (per row the
probabilities in frame A and in frame B), and if its weights were adjusted "base" weights and "steps" (see `adjusted`).

Rows of A come before those of B. A row whose membership is a share counts as two parts, inside and outside the overlap. A score belongs
to the weights the samples came with: the error of a statistic is that of Σ_A w u + Σ_B w u, two independent samples.
"""

import math

import numpy as np

from naive import adjusted, variance

FEW = 20  # respondents of the overlap below which an optimal θ is chance


def parts_of(frames):
    """Parts of rows: frame, row in the pooled order, share of the row, in the overlap?, weight, π own / (π_A + π_B)."""
    parts, row = [], 0
    for name in "AB":
        sample = frames[name]
        for k, member in enumerate(sample["overlap"]):
            single = 1.0
            if "pi" in sample:
                pi_a, pi_b = sample["pi"][k]
                single = (pi_a if name == "A" else pi_b) / (pi_a + pi_b)
            for both, share in ((True, float(member)), (False, 1 - float(member))):
                if share > 0:
                    w = sample["design"]["weight"][k] * share
                    parts.append({"frame": name, "row": row, "share": share, "both": both, "w": w, "single": single})
            row += 1
    return parts


def by_row(parts, score):
    """Scores of rows: those of their parts by their shares."""
    found = [0.0] * (1 + max(part["row"] for part in parts))
    for part, u in zip(parts, score, strict=True):
        found[part["row"]] += part["share"] * u
    return found


def covariance(frames, score, other):
    """Of Σ w u and Σ w v: both samples', each through its own adjustments."""
    found, start = [], 0
    for name in "AB":
        sample = frames[name]
        n = len(sample["overlap"])
        u, v = (np.array(s[start : start + n], float) for s in (score, other))
        base, steps = sample.get("base", sample["design"]["weight"]), sample.get("steps", [])
        a, b = (adjusted.weighted_score(one, steps, base) for one in (u, v))
        found.append(variance.of_values(a.tolist(), b.tolist(), sample["design"]))
        start += n
    return math.fsum(found)


def variance_of(frames, score):
    return covariance(frames, score, score)


# weights


def share_of(part, theta):
    """Factor of a part under one θ: 1 outside the overlap, θ for A's part of it, 1 - θ for B's."""
    if not part["both"]:
        return 1.0
    return theta if part["frame"] == "A" else 1 - theta


def effective(parts, rows=None):
    """θ from effective sizes n / (1 + cv² of the weights) of the two overlap samples (O'Muircheartaigh & Pedlow 2002)."""
    sizes = {}
    for name in "AB":
        w = [p["w"] for p in parts if p["frame"] == name and p["both"] and (rows is None or rows[p["row"]])]
        sizes[name] = math.fsum(w) ** 2 / math.fsum(v * v for v in w) if any(w) else 0.0
    return sizes["A"] / (sizes["A"] + sizes["B"])


def size_variances(frames, parts):
    """Variances of the overlap's size as A and as B see it."""
    return [
        variance_of(frames, by_row(parts, [float(p["both"] and p["frame"] == name) for p in parts])) for name in "AB"
    ]


def sizes(parts):
    """Estimated sizes: outside in A, overlap by A, overlap by B, outside in B."""
    kinds = [("A", False), ("A", True), ("B", True), ("B", False)]
    return [math.fsum(p["w"] for p in parts if (p["frame"], p["both"]) == kind) for kind in kinds]


# estimators that are a fixed factor of each weight, or calibrate it


def factors(frames, parts, estimator, theta=None, frame_sizes=None, totals=None, method="linear", bounds=None):
    """(factor of each part, function from scores for the new weights to scores for the old ones)."""
    if estimator in ("hartley", "fuller_burmeister", "composite"):
        theta = effective(parts) if theta in (None, "effective") else theta
    elif estimator == "multiplicity":
        theta = 0.5  # Mecatti (2007)
    elif estimator == "screening":
        theta = 1.0 if theta is None else theta
    if estimator in ("single_frame", "raking_ratio", "cal_sf"):
        start = [p["single"] if p["both"] else 1.0 for p in parts]  # Bankier (1986); Kalton & Anderson (1986)
    elif estimator == "cal_df":
        if theta is None:
            of_a, of_b = size_variances(frames, parts)
            theta = of_b / (of_a + of_b)
        theta = effective(parts) if theta == "effective" else theta
        start = [share_of(p, theta) for p in parts]
    elif estimator != "pml":
        start = [share_of(p, theta) for p in parts]
    if estimator == "pml":
        return likelihood(frames, parts, frame_sizes, theta)
    if estimator not in ("raking_ratio", "cal_sf", "cal_df"):
        return start, lambda u: [h * v for h, v in zip(start, u, strict=True)]
    if estimator == "raking_ratio":  # Skinner (1991)
        method = "raking"
        x, wanted, follow = pooled_constraints(parts, start, {k: frame_sizes[k] for k in "AB"}, {})
    elif estimator == "cal_sf":
        x, wanted, follow = pooled_constraints(parts, start, frame_sizes or {}, totals or {})
    else:
        x, wanted, follow = apart_constraints(parts, start, theta, frame_sizes or {}, totals or {})
    before = [h * p["w"] for h, p in zip(start, parts, strict=True)]
    g = calibrated(before, x, wanted, method, bounds)

    def back(u):
        """h g (u - x'b) + c'b, c by how much the totals move with the sample's weight."""
        b = adjusted.regression(u, np.array(x), np.array(before))
        return [
            start[i] * g[i] * (u[i] - math.fsum(x[i][j] * b[j] for j in range(len(b))))
            + math.fsum(follow[i][j] * b[j] for j in range(len(b)))
            for i in range(len(parts))
        ]

    return [h * v for h, v in zip(start, g, strict=True)], back


def pooled_constraints(parts, start, known, totals):
    """Single-frame calibration (Ranalli and others 2016): both overlap samples count together.

    What is not known of the sizes: nothing, then a, ab and b go to N̂_A - N̂_ab, N̂_ab and N̂_B - N̂_ab with the frames' own N̂_A and N̂_B
    and the starting weights' N̂_ab, which are estimates and follow the weights.
    """
    both = [float(p["both"]) for p in parts]
    only = {name: [float(p["frame"] == name and not p["both"]) for p in parts] for name in "AB"}
    inside = {"A": add(only["A"], both), "B": add(only["B"], both), "ab": both}
    if not known:
        columns = [only["A"], both, only["B"]]
        in_both = [h * v for h, v in zip(start, both, strict=True)]
        own = {name: [float(p["frame"] == name) for p in parts] for name in "AB"}
        moves = [subtract(own["A"], in_both), in_both, subtract(own["B"], in_both)]
        return with_totals(parts, columns, estimated(parts, moves), inside, totals, moves)
    if {"A", "B", "ab"} <= set(known):
        columns = [only["A"], both, only["B"]]
        wanted = [known["A"] - known["ab"], known["ab"], known["B"] - known["ab"]]
    else:
        columns, wanted = [inside[k] for k in known], list(known.values())
    return with_totals(parts, columns, wanted, inside, totals)


def apart_constraints(parts, start, eta, known, totals):
    """Dual-frame calibration (Ranalli and others 2016): the overlap samples go to η N_ab and (1 - η) N_ab apart where N_ab is known, or
    where nothing is."""
    mine = {(n, k): [float((p["frame"], p["both"]) == (n, k)) for p in parts] for n in "AB" for k in (True, False)}
    both = add(mine["A", True], mine["B", True])
    inside = {"A": add(mine["A", False], both), "B": add(mine["B", False], both), "ab": both}
    apart = [mine["A", True], mine["B", True]]
    if not known:
        in_both = [h * v for h, v in zip(start, both, strict=True)]
        own = {name: [float(p["frame"] == name) for p in parts] for name in "AB"}
        columns = [mine["A", False], *apart, mine["B", False]]
        moves = [
            subtract(own["A"], in_both),
            [eta * v for v in in_both],
            [(1 - eta) * v for v in in_both],
            subtract(own["B"], in_both),
        ]
        return with_totals(parts, columns, estimated(parts, moves), inside, totals, moves)
    if {"A", "B", "ab"} <= set(known):
        columns = [mine["A", False], *apart, mine["B", False]]
        n = known["ab"]
        wanted = [known["A"] - n, eta * n, (1 - eta) * n, known["B"] - n]
    else:
        columns, wanted = [], []
        for name, value in known.items():
            columns += apart if name == "ab" else [inside[name]]
            wanted += [eta * value, (1 - eta) * value] if name == "ab" else [value]
    return with_totals(parts, columns, wanted, inside, totals)


def estimated(parts, moves):
    """Totals that follow the weights: each is the sum of what every part's weight carries into it."""
    return [math.fsum(m * p["w"] for m, p in zip(move, parts, strict=True)) for move in moves]


def with_totals(parts, columns, wanted, inside, totals, moves=None):
    """Calibration variables by part, their totals and what these follow, with totals of other variables: (frame, values per row, total)."""
    moves = moves or [[0.0] * len(parts) for _ in wanted]
    for name, values, total in totals:
        columns = [*columns, [inside[name][i] * values[p["row"]] for i, p in enumerate(parts)]]
        wanted, moves = [*wanted, total], [*moves, [0.0] * len(parts)]
    return transposed(columns), wanted, transposed(moves)


def add(u, v):
    return [a + b for a, b in zip(u, v, strict=True)]


def subtract(u, v):
    return [a - b for a, b in zip(u, v, strict=True)]


def transposed(columns):
    return [list(row) for row in zip(*columns, strict=True)]


def calibrated(d, x, wanted, method, bounds=None):
    """g = F(x'λ) with Σ d g x = T by Newton's steps (Deville & Särndal 1992)."""
    d, x, wanted = np.array(d), np.array(x), np.array(wanted)
    scale = np.abs(x).max(axis=0)
    scale[scale == 0] = 1.0
    x, wanted = x / scale, wanted / scale
    multipliers = np.zeros(x.shape[1])
    for _ in range(200):
        g, slope = distance(x @ multipliers, method, bounds)
        gap = wanted - (d * g) @ x
        if np.abs(gap).max() <= 1e-13 * max(np.abs(wanted).max(), 1e-300):
            break
        step = np.linalg.pinv((x * (d * slope)[:, None]).T @ x, rcond=1e-12) @ gap
        multipliers = multipliers + step
    return distance(x @ multipliers, method, bounds)[0].tolist()


def distance(u, method, bounds):
    if method == "linear":
        return 1 + u, np.ones_like(u)
    if method == "raking":
        return np.exp(u), np.exp(u)
    low, high = bounds
    a = (high - low) / ((1 - low) * (high - 1))
    e = np.exp(a * u)
    g = (low * (high - 1) + high * (1 - low) * e) / (high - 1 + (1 - low) * e)
    return g, a * (high - g) * (g - low) / (high - low)


def likelihood(frames, parts, known, theta=None):
    """Pseudo-maximum likelihood (Skinner & Rao 1996): N_A and N_B known, N_ab the smaller root of their quadratic, or known.

    γ minimizes the variance of that root to first order; the overlap's mean is weighted by γ too, or by the second of a pair. Scores
    are derivatives of the whole, γ held.
    """
    na, nab, nba, nb = sizes(parts)
    size_a, size_b = known["A"], known["B"]
    if theta is None:
        of_a, of_b = size_variances(frames, parts)
        theta = na * size_b * of_b / (na * size_b * of_b + nb * size_a * of_a)
    elif theta == "effective":
        theta = effective(parts)
    gamma, of_mean = theta if isinstance(theta, tuple) else (theta, theta)
    a = gamma / size_b + (1 - gamma) / size_a
    b = 1 + gamma * nab / size_b + (1 - gamma) * nba / size_a
    c = gamma * nab + (1 - gamma) * nba
    size, by_a, by_b = (b - math.sqrt(max(b * b - 4 * a * c, 0.0))) / (2 * a), 0.0, 0.0
    if "ab" in known:
        size = known["ab"]
    else:  # a P² - b P + c = 0: (2 a P - b) dP = -(1 - P / N_B) γ dN' - (1 - P / N_A)(1 - γ) dN''
        by_a = -gamma * (1 - size / size_b) / (2 * a * size - b)
        by_b = -(1 - gamma) * (1 - size / size_a) / (2 * a * size - b)
    overlap = of_mean * nab + (1 - of_mean) * nba
    h = []
    for p in parts:
        if p["both"]:
            h.append(share_of(p, of_mean) * size / overlap)
        else:
            h.append((size_a - size) / na if p["frame"] == "A" else (size_b - size) / nb)

    def back(u):
        kinds = [("A", False), ("B", False)]
        sums = [
            math.fsum(p["w"] * v for p, v in zip(parts, u, strict=True) if (p["frame"], p["both"]) == k) for k in kinds
        ]
        mean_a, mean_b = sums[0] / na, sums[1] / nb
        mean = (
            math.fsum(share_of(p, of_mean) * p["w"] * v for p, v in zip(parts, u, strict=True) if p["both"]) / overlap
        )
        found = []
        for p, v, factor in zip(parts, u, h, strict=True):
            if p["both"]:
                moved = (by_a if p["frame"] == "A" else by_b) * (mean - mean_a - mean_b)
                found.append(factor * (v - mean) + moved)
            else:
                found.append(factor * (v - (mean_a if p["frame"] == "A" else mean_b)))
        return found

    return h, back


# totals and ratios


def within(domain, n, *columns):
    """Columns with 0 outside a domain (None is everybody) and wherever one of them is missing, and who is inside."""
    inside = variance.inside(domain, *columns) if columns else [True] * n
    return inside, [[float(v) if m else 0.0 for v, m in zip(column, inside, strict=True)] for column in columns]


def enough(parts, inside):
    """Do both overlap samples have respondents enough in a domain for an optimal θ?"""
    rows = {
        name: {p["row"] for p in parts if p["frame"] == name and p["both"] and p["w"] > 0 and inside[p["row"]]}
        for name in "AB"
    }
    return all(len(found) >= FEW for found in rows.values())


def total(frames, y, estimator="hartley", theta=None, domain=None, **options):
    """(value, score per row) of the total of y in a domain."""
    parts = parts_of(frames)
    inside, (y,) = within(domain, len(y), y)
    values = [y[p["row"]] for p in parts]
    if needs_optimum(estimator, theta) and enough(parts, inside):
        score = optimal(frames, parts, values, estimator)[0]
        return math.fsum(p["w"] * u for p, u in zip(parts, score, strict=True)), by_row(parts, score)
    h, back = factors(frames, parts, estimator, theta, **options)
    value = math.fsum(f * p["w"] * v for f, p, v in zip(h, parts, values, strict=True))
    return value, by_row(parts, back(values))


def needs_optimum(estimator, theta):
    """Where θ is not given, these choose it for every variable; with few respondents they take effective sizes."""
    return estimator in ("hartley", "fuller_burmeister") and theta is None


def optimal(frames, parts, values, estimator):
    """Scores of a total with the coefficients of least variance: of what moves from B's overlap sample to A's (Hartley 1962, 1974),
    and with Fuller and Burmeister (1972) of the difference of the overlap's two sizes. θ of Hartley stays in 0 to 1.
    """
    sign = [0.0 if not p["both"] else (1.0 if p["frame"] == "A" else -1.0) for p in parts]
    moved = [s * v for s, v in zip(sign, values, strict=True)]
    start = [0.0 if p["both"] and p["frame"] == "A" else v for p, v in zip(parts, values, strict=True)]
    columns = [moved, sign] if estimator == "fuller_burmeister" else [moved]
    rows = [by_row(parts, column) for column in columns]
    first = by_row(parts, start)
    v = np.array([[covariance(frames, s, t) for t in rows] for s in rows])
    c = np.array([covariance(frames, s, first) for s in rows])
    coefficients = -(np.linalg.pinv(v, rcond=1e-12, hermitian=True) @ c)
    if estimator == "hartley":
        coefficients = np.clip(coefficients, 0.0, 1.0)
    score = [
        start[i] + math.fsum(k * column[i] for k, column in zip(coefficients, columns, strict=True))
        for i in range(len(parts))
    ]
    return score, coefficients


def ratio(frames, y, x, estimator="hartley", theta=None, domain=None, **options):
    """(value, score per row) of the ratio of two totals by one estimator.

    With an optimal θ it solves T(y - R x) = 0, θ optimal for these residuals, so that a mean of a constant has no error.
    """
    parts = parts_of(frames)
    inside, (y, x) = within(domain, len(y), y, x)
    if not (needs_optimum(estimator, theta) and enough(parts, inside)):
        (top, of_top), (bottom, of_bottom) = (total(frames, v, estimator, theta, inside, **options) for v in (y, x))
        value = top / bottom
        return value, [(u - value * v) / bottom for u, v in zip(of_top, of_bottom, strict=True)]
    value = total(frames, y, "multiplicity")[0] / total(frames, x, "multiplicity")[0]
    for _ in range(500):
        residuals = [y[p["row"]] - value * x[p["row"]] for p in parts]
        score, coefficients = optimal(frames, parts, residuals, estimator)
        gap = math.fsum(p["w"] * u for p, u in zip(parts, score, strict=True))
        bottom = total(frames, x, "composite", float(coefficients[0]))[0]
        value += gap / bottom
        if abs(gap / bottom) <= 1e-14 * max(abs(value), 1e-300):
            break
    return value, [u / bottom for u in by_row(parts, score)]


def mean(frames, y, *arguments, **options):
    """The ratio to the number of people."""
    return ratio(frames, y, [1.0] * len(y), *arguments, **options)
