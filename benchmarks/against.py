"""Speed against an older commit: raking, calibration, estimation and replicates, both timed in one run.

`python3 run.py bench --against COMMIT` checks the commit out beside this tree and times both in turns, in processes of their own; the
ratio of the shortest times is printed, and above 1.1 is a failure.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 5
SLOWER = 1.1
HERE = Path(__file__).resolve().parent


def cases():
    """{name: function} of what is timed, with the public names both commits have."""
    import numpy as np
    import pandas as pd

    import surveysim as ss

    rng = np.random.default_rng(1)
    sizes, n = {"province": 31, "sex": 2, "age": 8, "education": 5, "urban": 2}, 60_000
    codes = {name: np.concatenate([np.arange(k), rng.integers(0, k, n - k)]) for name, k in sizes.items()}
    kinds = {
        name: pd.Categorical.from_codes(c, [f"{name} {i}" for i in range(sizes[name])]) for name, c in codes.items()
    }
    data = pd.DataFrame(kinds).assign(weight=rng.lognormal(0, 0.5, n), y=rng.normal(size=n), online=rng.random(n) < 0.7)
    data = data.assign(stratum=np.arange(n) % 60, psu=np.arange(n) // 20 * 60 + np.arange(n) % 60)
    truth = data["weight"] * rng.lognormal(0, 0.3, n)
    margins = {name: truth.groupby(data[name], observed=True).sum().to_dict() for name in sizes}
    shares = {name: {k: v / truth.sum() for k, v in levels.items()} for name, levels in margins.items()}
    few = {name: margins[name] for name in ("sex", "age", "urban")}
    plain = ss.Survey(data, weight="weight", strata="stratum", psu="psu")
    raked, shared = plain.rake(margins), plain.rake(shares)
    numbers, totals = [data[name].cat.codes.to_numpy() for name in sizes], [list(m.values()) for m in margins.values()]
    bootstrap = plain.rake(few).replicates("rao-wu", n=200, seed=1)
    return {
        "rake 60,000 rows": lambda: ss.rake(data, margins, weight="weight"),
        "rake_coded 60,000 rows": lambda: ss.weighting.rake_coded(numbers, totals, data["weight"].to_numpy()),
        "rake with bounds": lambda: ss.rake(data, few, weight="weight", bounds=(0.3, 3)),
        "calibrate linear": lambda: ss.calibrate(data, margins, weight="weight"),
        "calibrate logit": lambda: ss.calibrate(data, few, weight="weight", method="logit", bounds=(0.2, 5)),
        "calibrate a number": lambda: ss.calibrate(data, few | {"y": 100.0}, weight="weight"),
        "mean by province": lambda: plain.mean("y", by="province"),
        "proportion by province and sex": lambda: plain.proportion("online", by=["province", "sex"]),
        "proportion by province, raked": lambda: raked.proportion("online", by="province"),
        "mean by age and sex, raked to shares": lambda: shared.mean("y", by=["age", "sex"]),
        "quantiles": lambda: plain.quantile("y", [0.25, 0.5, 0.75]),
        "200 raked replicates of a mean": lambda: bootstrap.mean("y"),
        "making 200 raked replicates": lambda: plain.rake(few).replicates("rao-wu", n=200, seed=1).total("y"),
    }


def timed():
    """Shortest seconds of every case, as JSON on standard output."""
    import warnings

    warnings.simplefilter("ignore")
    result = {}
    for name, function in cases().items():
        function()
        spent, until = [], time.perf_counter() + 0.7
        while len(spent) < 5 or time.perf_counter() < until:
            start = time.perf_counter()
            function()
            spent.append(time.perf_counter() - start)
        result[name] = min(spent)
    print(json.dumps(result))


def main(commit):
    """Check `commit` out, time both trees in turns, print the ratios; 1 where one is above the bar."""
    root = HERE.parent
    with tempfile.TemporaryDirectory() as place:
        old = Path(place) / "old"
        subprocess.run(["git", "worktree", "add", "-q", "--detach", str(old), commit], cwd=root, check=True)
        try:
            best = {}
            for _ in range(ROUNDS):
                for tree in (old, root):
                    env = {**os.environ, "PYTHONPATH": str(tree / "src")}
                    done = subprocess.run(
                        [sys.executable, __file__, "--timed"],
                        env=env,
                        cwd=place,
                        capture_output=True,
                        text=True,
                        check=True,
                    )
                    for name, seconds in json.loads(done.stdout).items():
                        best[name, tree] = min(seconds, best.get((name, tree), seconds))
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(old)], cwd=root, check=False)
    print(f"| against {commit[:7]} | ms then | ms now | ratio |\n| --- | --- | --- | --- |")
    slow = 0
    for name in dict.fromkeys(name for name, _ in best):
        then, now = best[name, old], best[name, root]
        slow += now > SLOWER * then
        print(f"| {name} | {1000 * then:.2f} | {1000 * now:.2f} | {now / then:.2f} |")
    return int(slow > 0)


if __name__ == "__main__":
    if sys.argv[1:] == ["--timed"]:
        timed()
    else:
        sys.exit(main(sys.argv[1]))
