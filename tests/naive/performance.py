"""Performance measures of an estimator over repetitions, each with its Monte Carlo standard error, by plain sums.

Definitions of rsimsum and Stata's simsum: White (2010), Stata J. 10:369-385; Morris, White & Crowther (2019), Stat. Med. 38:2074-2102,
Table 6. Values are lists; each measure is (value, Monte Carlo standard error), None where there is none.
"""

from math import floor, fsum, nan, sqrt

from scipy.stats import norm, t


def mean(values):
    return fsum(values) / len(values)


def variance(values):
    centre = mean(values)
    return fsum((v - centre) ** 2 for v in values) / (len(values) - 1)


def with_error(values):
    """A mean, and its standard deviation over √n."""
    return mean(values), sqrt(variance(values) / len(values))


def share(flags):
    """p, and √(p (1 - p) / n)."""
    p = sum(map(bool, flags)) / len(flags)
    return p, sqrt(p * (1 - p) / len(flags))


def median(values):
    """The median, and half the distance of the order statistics √n / 2 places to either side of the middle (Woodruff 1952).

    Between places by straight lines; √n / 2 is the standard deviation of how many of n values lie below the true median.
    """
    ordered, n = sorted(values), len(values)

    def at(place):
        place = min(max(place, 0), n - 1)
        below = min(floor(place), n - 2)
        return ordered[below] + (place - below) * (ordered[below + 1] - ordered[below])

    middle = (n - 1) / 2
    return at(middle), (at(middle + sqrt(n) / 2) - at(middle - sqrt(n) / 2)) / 2


def jackknife(values, statistic):
    """A statistic, and √((n - 1) / n Σ (without i - with all)²): the jackknife about the value itself, as simhelpers takes it.

    Joshi & Pustejovsky (2022), simhelpers, "Simulation performance criteria"; never below that about the mean (Efron & Stein 1981).
    """
    without = [statistic(values[:i] + values[i + 1 :]) for i in range(len(values))]
    value, n = statistic(values), len(values)
    return value, sqrt((n - 1) / n * fsum((v - value) ** 2 for v in without))


def correlation(x, y):
    a, b = mean(x), mean(y)
    if variance(x) == 0 or variance(y) == 0:
        return nan  # a constant goes with nothing
    return fsum((u - a) * (v - b) for u, v in zip(x, y)) / ((len(x) - 1) * sqrt(variance(x) * variance(y)))


def measures(estimate, se, true, lower=None, upper=None, df=None, level=0.95, power=False):
    """All measures of one method. Repetitions whose estimate or se is None are left out. true, df: a number or a list."""
    kept = [i for i, (b, s) in enumerate(zip(estimate, se)) if b is not None and s is not None]

    def those(values):
        return [values[i] for i in kept] if isinstance(values, list) else [values] * len(kept)

    b, s, truth, freedom, n = those(estimate), those(se), those(true), those(df), len(kept)
    quantile = [norm.ppf((1 + level) / 2) if v is None else t.ppf((1 + level) / 2, v) for v in freedom]
    low = those(lower) if lower is not None else [v - q * e for v, q, e in zip(b, quantile, s)]
    high = those(upper) if upper is not None else [v + q * e for v, q, e in zip(b, quantile, s)]
    bias = [v - true for v, true in zip(b, truth)]
    s2 = [v * v for v in s]
    empse, model = sqrt(variance(b)), mean(s2)
    ratio = sqrt(model) / empse
    found = {
        "nsim": (n, None),
        "n_missing": (len(estimate) - n, None),
        "thetamean": with_error(b),
        "thetamedian": median(b),
        "se2mean": with_error(s2),
        "se2median": median(s2),
        "bias": with_error(bias),
        "rbias": with_error([v / true for v, true in zip(bias, truth)]),
        "empse": (empse, empse / sqrt(2 * (n - 1))),
        "mse": with_error([v * v for v in bias]),
        "rmse": jackknife(bias, lambda values: sqrt(mean([v * v for v in values]))),
        "modelse": (sqrt(model), sqrt(variance(s2) / (4 * n * model))),
        "relerror": (100 * (ratio - 1), 100 * ratio * sqrt(variance(s2) / (4 * n * model**2) + 1 / (2 * (n - 1)))),
        "relvar": jackknife(list(zip(b, s2)), lambda rows: mean([v for _, v in rows]) / variance([v for v, _ in rows])),
        "cover": share([u <= true <= v for u, true, v in zip(low, truth, high)]),
        "becover": share([u <= mean(b) <= v for u, v in zip(low, high)]),
        "ciwidth": with_error([v - u for u, v in zip(low, high)]),
    }
    if power:
        found["power"] = share([abs(v) > q * e for v, q, e in zip(b, quantile, s)])
    return found


def relative_precision(reference, estimate):
    """100 ((empse_ref / empse)² - 1), and 200 (empse_ref / empse)² √((1 - r²) / (n - 1)); both lists of the same repetitions."""
    gain = variance(reference) / variance(estimate)
    r = correlation(reference, estimate)
    return 100 * (gain - 1), 200 * gain * sqrt((1 - r * r) / (len(estimate) - 1))


def controlled(estimates, controls):
    """Mean of estimates with a control variate of expectation 0, and its error, by plain sums.

    Every other repetition is a half. In each half the control is taken off with the slope of the other half; the two means are added with
    the halves' shares, and so are the variances (Glasserman 2004, 4.1, with β of other draws).
    """

    def slope(pairs):
        y, c = mean([y for y, _ in pairs]), mean([c for _, c in pairs])
        squares = fsum((b - c) ** 2 for _, b in pairs)
        return fsum((a - y) * (b - c) for a, b in pairs) / squares if squares > 0 else 0.0

    pairs = list(zip(estimates, controls, strict=True))
    even, odd = pairs[::2], pairs[1::2]
    centre, square = 0.0, 0.0
    for mine, other in ((even, odd), (odd, even)):
        left, beta = [], slope(other)
        for a, b in mine:
            left.append(a - beta * b)
        value, error = with_error(left)
        centre += value * len(mine) / len(pairs)
        square += (error * len(mine) / len(pairs)) ** 2
    return centre, sqrt(square)
