"""Raking, row by row: sweeps over dictionaries of totals, with shares, partitions, missing values, thin levels, bounds and trimming.

Columns are {name: list}, a margin's variable is a name or a tuple of names, and totals are {variable: {level: total}} where the level of
a tuple of names is a tuple. A missing value is None.
"""

from math import exp, fsum, log

MISSING = "(missing)"


def level_of(columns, variable, row):
    """The level of a row in a margin: its value, or the tuple of its values where the margin is crossed."""
    if isinstance(variable, tuple):
        return tuple(columns[name][row] for name in variable)
    return columns[variable][row]


def rows_by_level(columns, variable, rows):
    """{level: rows} of a margin, in order of appearance."""
    found = {}
    for row in rows:
        found.setdefault(level_of(columns, variable, row), []).append(row)
    return found


def as_totals(margins, whole, are="totals", follow=None):
    """Margins as totals: shares times `whole`, the sum of the initial weights, or all multiplied to the sum of the margin `follow`.

    Shares sum to 1 or to 100 (percent).
    """
    if are == "shares":
        return {
            v: {level: whole * t / fsum(totals.values()) for level, t in totals.items()}
            for v, totals in margins.items()
        }
    if follow is None:
        return margins
    aim = fsum(margins[follow].values())
    return {v: {level: t * aim / fsum(totals.values()) for level, t in totals.items()} for v, totals in margins.items()}


def largest_gap(columns, margins, weight):
    """Largest relative difference of a weighted total and its target."""
    gaps = [0.0]
    for variable, totals in margins.items():
        rows = rows_by_level(columns, variable, range(len(weight)))
        for level, total in totals.items():
            found = fsum(weight[row] for row in rows.get(level, []))
            gaps.append(abs(found - total) / max(abs(total), 1e-300))
    return max(gaps)


def rake(columns, margins, weight, tol=1e-13, sweeps=20_000):
    """Multiply the weights of each level by its total over its sum, margin after margin, until all hold.

    Deming & Stephan (1940), Ann. Math. Stat. 11:427-444. A level whose rows all have weight 0 cannot be helped: it needs total 0.
    """
    weight = [float(w) for w in weight]
    rows = {variable: rows_by_level(columns, variable, range(len(weight))) for variable in margins}
    for _ in range(sweeps):
        for variable, totals in margins.items():
            for level, total in totals.items():
                inside = rows[variable].get(level, [])
                found = fsum(weight[row] for row in inside)
                for row in inside:
                    weight[row] *= total / found if found > 0 else 1.0
        if largest_gap(columns, margins, weight) <= tol:
            return weight
    raise ArithmeticError(f"a gap of {largest_gap(columns, margins, weight)} is left after {sweeps} sweeps")


def rake_clipped(columns, margins, weight, bounds, tol=1e-12, sweeps=5_000):
    """Raking with g = exp(u) clipped to bounds, u the sum of one multiplier for every level a row is in.

    Deville & Särndal (1992), JASA 87:376-382, with the exponential cut. A sweep sets the multipliers one by one so that the level's
    total holds, the others as they are: it climbs the concave dual coordinate by coordinate.
    """
    low, high = bounds
    u = [0.0] * len(weight)

    def total_of(inside, shift):
        return fsum(weight[row] * min(max(exp(u[row] + shift), low), high) for row in inside)

    rows = {variable: rows_by_level(columns, variable, range(len(weight))) for variable in margins}
    for _ in range(sweeps):
        for variable, totals in margins.items():
            for level, total in totals.items():
                inside = rows[variable].get(level, [])
                shift = root(lambda s, inside=inside: total_of(inside, s), total)
                for row in inside:
                    u[row] += shift
        clipped = [w * min(max(exp(v), low), high) for w, v in zip(weight, u)]
        if largest_gap(columns, margins, clipped) <= tol:
            return clipped
    raise ArithmeticError(f"a gap of {largest_gap(columns, margins, clipped)} is left after {sweeps} sweeps")


def root(increasing, target, reach=60.0):
    """Where a function that never falls takes the value `target`, by halving; 0 where it does so already."""
    if abs(increasing(0.0) - target) <= 1e-14 * abs(target):
        return 0.0
    below, above = -reach, reach
    for _ in range(70):
        middle = (below + above) / 2
        if increasing(middle) < target:
            below = middle
        else:
            above = middle
    return (below + above) / 2


def rake_by(columns, margins, weight, by, method=rake, **options):
    """Each partition on its own: margins are {partition: margins}."""
    weight = list(weight)
    for part, own in margins.items():
        rows = [row for row in range(len(weight)) if columns[by][row] == part]
        inside = {name: [values[row] for row in rows] for name, values in columns.items()}
        for row, w in zip(rows, method(inside, own, [weight[row] for row in rows], **options)):
            weight[row] = w
    return weight


def variables_of(margins):
    """The names of all columns that margins use, in order."""
    names = []
    for variable in margins:
        for name in variable if isinstance(variable, tuple) else (variable,):
            if name not in names:
                names.append(name)
    return names


def drop_missing(columns, margins, weight):
    """Initial weights where rows with a missing raking variable get 0: the others stand for everybody."""
    names = variables_of(margins)
    return [0.0 if any(columns[name][row] is None for name in names) else float(w) for row, w in enumerate(weight)]


def level_missing(columns, margins, weight):
    """Columns and totals in which a missing value is a level, `(missing)`, at its share of the initial weights.

    The other totals shrink by that share. In a crossed margin that is done inside the levels of the variables that are never missing,
    and every pattern of missing values that occurs is a level. Totals, not shares.
    """
    counted = [row for row, w in enumerate(weight) if w > 0]
    filled = {name: [MISSING if v is None else v for v in values] for name, values in columns.items()}
    shrunk = {}
    for variable, totals in margins.items():
        names = variable if isinstance(variable, tuple) else (variable,)
        whole = [name for name in names if all(columns[name][row] is not None for row in counted)]
        shrunk[variable] = {}

        def group_of(level, names=names, whole=whole):
            level = level if len(names) > 1 or isinstance(level, tuple) else (level,)
            return tuple(value for name, value in zip(names, level) if name in whole)

        for group in {group_of(level): None for level in totals}:
            inside = [row for row in counted if group_of(level_of(filled, variable, row)) == group]
            mass = fsum(weight[row] for row in inside)
            total = fsum(t for level, t in totals.items() if group_of(level) == group)
            lost = {}
            for row in inside:
                if any(columns[name][row] is None for name in names):
                    lost.setdefault(level_of(filled, variable, row), []).append(weight[row])
            share = {level: fsum(weights) / mass for level, weights in lost.items()}
            for level, t in totals.items():
                if group_of(level) == group:
                    shrunk[variable][level] = t * (1 - fsum(share.values()))
            for level, part in share.items():
                shrunk[variable][level] = total * part
    return filled, shrunk


def merge_thin(columns, margins, weight, minimum):
    """Columns and totals in which levels with fewer than `minimum` respondents, rows with weight, are merged.

    Levels are looked at in the order of the totals: a thin one joins the next, a thin last one the one before, until none is thin.
    Each margin gets a column of its own, of the number of the group its level went to, and is named by the margin.
    """
    everybody = range(len(weight))
    merged_columns, merged_margins = {}, {}
    for variable, totals in margins.items():
        groups = [[level] for level in totals]
        respondents = rows_by_level(columns, variable, [row for row in everybody if weight[row] > 0])

        def size(group, respondents=respondents):
            return sum(len(respondents.get(level, [])) for level in group)

        at = 0
        while at < len(groups):
            if size(groups[at]) >= minimum or len(groups) == 1:
                at += 1
            elif at + 1 < len(groups):
                groups[at : at + 2] = [groups[at] + groups[at + 1]]
            else:
                groups[at - 1 :] = [groups[at - 1] + groups[at]]
        home = {level: number for number, group in enumerate(groups) for level in group}
        merged_columns[str(variable)] = [home[level_of(columns, variable, row)] for row in everybody]
        merged_margins[str(variable)] = {n: fsum(totals[level] for level in group) for n, group in enumerate(groups)}
    return merged_columns, merged_margins


def rake_trimmed(columns, margins, weight, least=None, most=None, rounds=500, rake=rake):
    """Rake, cut to multiples of the mean raked weight, rake what was cut, until raked weights keep the bounds to 1e-6 of them.

    Alternating projections (Bregman 1967, USSR Comput. Math. Math. Phys. 7:200-217). Rows without weight stay without.
    """
    rows = [row for row, w in enumerate(weight) if w > 0]
    weight = list(weight)
    for _ in range(rounds):
        weight = rake(columns, margins, weight)
        mean = fsum(weight) / len(rows)
        low = -1.0 if least is None else least * mean
        high = float("inf") if most is None else most * mean
        if all(low - 1e-6 * abs(low) <= weight[row] <= high * (1 + 1e-6) for row in rows):
            return weight
        for row in rows:
            weight[row] = min(max(weight[row], low), high)
    raise ArithmeticError("totals and bounds exclude each other")


def distance_from(weight, raked):
    """The raking distance of Deville & Särndal (1992), case 2: Σ w log(w/d) - w + d, which raking makes least."""
    return fsum((w * log(w / d) if w > 0 else 0.0) - w + d for d, w in zip(weight, raked) if d > 0)
