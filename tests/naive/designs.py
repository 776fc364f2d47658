"""Small random designs as plain columns, nasty on purpose: empty weights, lonely units, shuffled rows, unused levels."""

LEVELS = ["p", "q", "r"]


def random_design(rng, stages=None, fpc=None, lonely=None, n_max=6):
    """A dictionary as `variance` reads it; units of later stages carry labels that repeat in other units."""
    stages = int(rng.integers(0, 4)) if stages is None else stages
    fpc = bool(rng.random() < 0.5) if fpc is None else fpc
    policy = lonely or str(rng.choice(["certainty", "remove", "adjust", "average"]))
    alone = policy != "fail" and rng.random() < 0.5
    columns = {"strata": [[] for _ in range(max(stages, 1))], "psu": [[] for _ in range(stages)]}
    fractions = [[] for _ in range(max(stages, 1))]
    weight = []

    def grow(stage, path, within):
        """Units of one stage inside a unit, with strata at every stage."""
        for h in range(int(rng.integers(1, 4 if stage == 0 else 3))):
            n = int(rng.integers(2, n_max if stage == 0 else 4))
            if alone and rng.random() < 0.3:
                n = 1
            count = float(n + rng.integers(0, 9))
            f = count if count > 1 else 1.0
            for i in range(n):
                here = [*path, (f"h{h}", f"{within}{h}.{i}" if stage == 0 else f"{h}.{i}", f)]
                if stage + 1 < stages:
                    grow(stage + 1, here, within)
                    continue
                for _ in range(1 if stages == 0 else int(rng.integers(1, 4))):
                    for s, (stratum, unit, value) in enumerate(here):
                        columns["strata"][s].append(stratum)
                        fractions[s].append(value)
                        if stages:
                            columns["psu"][s].append(unit)
                    weight.append(0.0 if rng.random() < 0.1 else float(rng.lognormal(1, 1.5)))

    grow(0, [], "u")
    order = rng.permutation(len(weight))
    shuffled = {name: [[c[k] for k in order] for c in parts] for name, parts in columns.items()}
    design = {"weight": [weight[k] for k in order], "strata": shuffled["strata"], "lonely": policy}
    if stages:
        design["psu"] = shuffled["psu"]
    if fpc:
        design["fpc"] = [[c[k] for k in order] for c in fractions]
    if max(design["weight"]) == 0:
        design["weight"][0] = 1.0
    return design


def random_table(rng, n, missing=True):
    """Columns to estimate from: y (with gaps), x > 0, a 0/1 column, labels with an unused level, two domains."""
    y = rng.normal(rng.choice([0, 5, 1e4]), 2, n)
    return {
        "y": [None if missing and rng.random() < 0.1 else float(v) for v in y],
        "x": [float(v) for v in rng.gamma(2, 3, n)],
        "z": [int(v) for v in rng.integers(0, 2, n)],
        "label": [str(v) for v in rng.choice(LEVELS[:2], n)],
        "g": [str(v) for v in rng.choice(["a", "b"], n)],
        "h": [str(v) for v in rng.choice(["u", "v"], n)],
    }


def as_arguments(design, table):
    """One table of all columns, and the keyword arguments that name those of the design."""
    columns, options = {**table, "w": design["weight"]}, {"weight": "w", "nest": True}
    for name in ("strata", "psu", "fpc"):
        if design.get(name):
            options[name] = [f"{name}{stage}" for stage in range(len(design[name]))]
            columns.update(zip(options[name], design[name], strict=True))
    if design.get("lonely"):
        options["lonely_psu"] = design["lonely"]
    if design.get("pps") is not None:
        options.update(pps=design["pps"], pps_variance=design.get("pps_variance", "ht"))
        columns["pi"] = design["probability"]
        options["probability"] = "pi"
    return columns, options


def domains(table, by):
    """Masks of the combinations of levels that occur, by the name that estimates give them."""
    names, n = list(by), len(table[by[0]])
    found = sorted({tuple(table[c][k] for c in names) for k in range(n)})
    return {
        ", ".join(f"{c}={v}" for c, v in zip(names, combination, strict=True)): [
            all(table[c][k] == v for c, v in zip(names, combination, strict=True)) for k in range(n)
        ]
        for combination in found
    }
