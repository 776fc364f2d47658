"""Waves that share some PSUs, all or none, as one survey: against the naive covariance, the waves by themselves, and a jackknife."""

import numpy as np

from .laws import near
from .session import RefusedError, Session, UntypedError, options_text

AXES = (
    ("shared", ("none", "some", "all")),
    ("waves", (2, 3)),
    ("fpc", (False, True)),
    ("adjusted", ("no", "raked")),
    ("statistic", ("mean", "total")),
)
PACE = 40


def make(rng, cell):
    """Columns of every wave; PSUs have the same label in each wave they are in."""
    shared, count, fpc, adjusted, statistic = cell
    strata = {f"s{h}": int(rng.integers(2, 6)) for h in range(int(rng.integers(1, 4)))}
    waves = []
    for wave in range(count):
        columns = {name: [] for name in ("h", "psu", "y", "w", "g", "N")}
        for h, n in strata.items():
            first = 0 if shared == "all" else wave * (n if shared == "none" else int(rng.integers(1, 3)))
            for j in range(first, first + n):
                for k in range(int(rng.integers(2, 5))):
                    row = (
                        h,
                        f"{h}.{j}",
                        float(np.round(rng.normal(j, 2), 3)),
                        float(np.round(rng.lognormal(), 3)) + 0.01,
                    )
                    for name, value in zip(columns, (*row, "ab"[k % 2], 40)):
                        columns[name].append(value)
        waves.append(columns)
    return {
        "family": "waves",
        "waves": waves,
        "shared": shared,
        "fpc": fpc,
        "adjusted": adjusted,
        "statistic": statistic,
    }


def tables_of(case):
    return {}


def smaller(case, check):
    """Cases with a wave less."""
    for k in range(len(case["waves"])):
        if len(case["waves"]) > 2:
            yield case | {"waves": case["waves"][:k] + case["waves"][k + 1 :]}


def attack(case, report):
    """Combine, estimate by wave, and compare."""
    session = Session()
    try:
        _compare(session, case, report)
    except RefusedError as refused:
        report.refused(str(refused))
        return
    except UntypedError as error:
        report.finding("untyped", f"waves: {error}", session)
    report.answered()


def _compare(session, case, report):
    names = [f"w{k}" for k in range(len(case["waves"]))]
    design = {"weight": "w", "strata": "h", "psu": "psu"} | ({"fpc": "N"} if case["fpc"] else {})
    for name, columns in zip(names, case["waves"]):
        session.do(f"{name} = ss.Survey(pd.DataFrame({columns!r}), {options_text(design)})")
        if case["adjusted"] == "raked":
            session.do(f"{name} = {name}.rake({{'g': {{'a': 300.0, 'b': 500.0}}}})")
    overlap = None if case["shared"] == "none" else "psu"
    session.do(f"both = ss.combine({{{', '.join(f'{n!r}: {n}' for n in names)}}}, {overlap!r})")
    session.do(f"e = both.{case['statistic']}('y', by='wave')")
    cov = session.value("e.cov")
    for k, name in enumerate(names):
        alone = session.value(f"{name}.{case['statistic']}('y').table[['estimate', 'se', 'df']].iloc[0].tolist()")
        got = session.value("e.table[['estimate', 'se', 'df']]").iloc[k].tolist()
        _same(report, session, "a wave as it is alone", got, alone)
    if case["adjusted"] == "no":
        _same(report, session, "naive covariance", cov.ravel(), np.ravel(_naive(case)))
    change = session.value("e.change().table['se'].tolist()")
    wanted = [max(cov[k, k] + cov[k + 1, k + 1] - 2 * cov[k, k + 1], 0.0) ** 0.5 for k in range(len(names) - 1)]
    _same(report, session, "change", change, wanted, 1e-6)
    if case["adjusted"] == "no" and case["statistic"] == "total" and case["shared"] != "some":
        _same(
            report,
            session,
            "jackknife of totals",
            session.value("both.replicates('jkn').total('y', by='wave').cov").ravel(),
            cov.ravel(),
        )


def _naive(case):
    from naive import waves

    parts = []
    for columns in case["waves"]:
        z = [w * y for w, y in zip(columns["w"], columns["y"])]
        if case["statistic"] == "mean":
            z = waves.means(columns["y"], columns["w"])[1]
        counts = {h: len({p for s, p in zip(columns["h"], columns["psu"]) if s == h}) for h in columns["h"]}
        fraction = {h: n / 40 for h, n in counts.items()} if case["fpc"] else {}
        parts.append({"stratum": columns["h"], "psu": columns["psu"], "z": z, "fraction": fraction})
    return waves.total_covariance(parts)


def _same(report, session, name, got, want, relative=1e-7):
    size = max((abs(float(w)) for w in want), default=0.0)
    report.count(name, len(want))
    if not all(near(float(g), float(w), relative, 1e-10 * size) for g, w in zip(got, want, strict=True)):
        report.finding(name, f"{[float(g) for g in got]} want {[float(w) for w in want]}", session, kind=name)
