"""Rubin's rules (1987, ch. 3) with the degrees of freedom of Barnard & Rubin (1999, Biometrika 86:948-955), one estimate at a time."""

from math import fsum, inf, sqrt


def combine(values, errors, complete=inf):
    """(estimate, se, df, fraction of missing information) of m estimates and their standard errors."""
    m = len(values)
    centre = fsum(values) / m
    within = fsum(e * e for e in errors) / m
    between = fsum((v - centre) ** 2 for v in values) / (m - 1)
    total = within + between + between / m
    if between == 0:
        return centre, sqrt(total), complete, 0.0
    ratio = (1 + 1 / m) * between / within
    df = (m - 1) * (1 + 1 / ratio) ** 2
    if complete < inf:
        seen = complete * (complete + 1) / (complete + 3) * within / total
        df = df * seen / (df + seen)
    return centre, sqrt(total), df, (ratio + 2 / (df + 3)) / (ratio + 1)
