"""Random small weighting problems that have an answer: totals are sums of weights which nobody is told of."""

import numpy as np

LETTERS = "abcdefgh"


def kind_of_level(rng, levels):
    """Labels of a random kind: text, whole numbers (also 0 and 1), truth values, decimals, Chinese text."""
    kind = rng.integers(5)
    if kind == 0:
        return list(LETTERS[:levels])
    if kind == 1:
        return list(range(levels))
    if kind == 2 and levels == 2:
        return [True, False]
    if kind == 3:
        return [0.5 + level for level in range(levels)]
    return [f"第{level}层 {level}" for level in range(levels)]


def columns(rng, n, names, most=4):
    """{name: list} of random categories, unevenly filled, every level somewhere."""
    made = {}
    for name in names:
        levels = int(rng.integers(2, most + 1))
        labels = kind_of_level(rng, levels)
        code = rng.choice(levels, size=n, p=rng.dirichlet(np.full(levels, 5.0)))
        code[rng.permutation(n)[:levels]] = np.arange(levels)
        made[name] = [labels[c] for c in code]
    return made


def weights(rng, n, zeros=True):
    """Initial weights: equal, mild, or over many orders of magnitude, some of them zero."""
    kind = rng.integers(4)
    made = [np.ones(n), rng.uniform(1, 3, n), rng.lognormal(0, 2, n), 10.0 ** rng.uniform(-3, 3, n)][kind]
    if zeros and rng.random() < 0.5:
        made = np.where(rng.random(n) < 0.1, 0.0, made)
    return [float(w) for w in made]


def crossed(names):
    """A margin's variable: a name, or a tuple of several."""
    return names[0] if len(names) == 1 else tuple(names)


def level_of(table, variable, row):
    return tuple(table[name][row] for name in variable) if isinstance(variable, tuple) else table[variable][row]


def sums(table, variables, weight, shuffle=None):
    """{variable: {level: sum of the weights}}, levels in the order of rows, or shuffled."""
    made = {}
    for variable in variables:
        found = {}
        for row, w in enumerate(weight):
            level = level_of(table, variable, row)
            found[level] = found.get(level, 0.0) + float(w)
        order = list(found)
        if shuffle is not None:
            shuffle.shuffle(order)
        made[variable] = {level: found[level] for level in order}
    return made


def margins(rng, table, variables, weight, spread=0.5):
    """Totals that can be met: sums of the weights times random factors, a level without weight has total 0."""
    return sums(
        table, variables, np.asarray(weight) * np.exp(rng.normal(0, spread, len(weight))) * rng.uniform(0.5, 50), rng
    )


def variables(rng, names):
    """A random list of margins over these columns: some crossed, some redundant."""
    made = [(name,) for name in names]
    if len(names) > 1 and rng.random() < 0.5:
        pair = list(rng.permutation(names)[:2])
        made.append(tuple(str(name) for name in pair))
    if len(made) > 2 and rng.random() < 0.3:
        made = made[1:]
    rng.shuffle(made)
    return [crossed(list(names)) for names in made]
