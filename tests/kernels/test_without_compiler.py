"""NUMBA_DISABLE_JIT=1: kernels run as Python, with the same answers."""

import os
import subprocess
import sys

import numpy as np

WORK = """
import warnings
import numba, numpy as np, pandas as pd, surveysim as ss
from surveysim.weighting import rake_coded
assert bool(numba.config.DISABLE_JIT) == PLAIN
warnings.simplefilter("error")
n = 24
d = pd.DataFrame({"y": np.arange(n) * 1.0, "x": np.arange(n) % 5 + 1.0, "w": np.arange(n) + 10.0, "g": list("abbc") * 6,
                  "k": [0, 1] * 12, "yes": np.arange(n) % 3 == 0, "h": np.repeat([1, 2, 3], 8), "p": np.arange(n) // 2})
margins = {"g": {"a": 100.0, "b": 250.0, "c": 160.0}, "k": {0: 250.0, 1: 260.0}}
s = ss.Survey(d, weight="w", strata="h", psu="p")
raked = s.rake(margins)
greg = s.calibrate({"g": margins["g"], "x": 1500.0})
found = [raked.weight, greg.weight, ss.rake(d, margins, weight="w", bounds=(0.5, 2)).weight]
for dtype in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"):
    found.append(rake_coded([np.tile([0, 1, 1, 2], 6).astype(dtype)], [np.array([100.0, 250.0, 160.0])]))
wide = pd.DataFrame({f"v{i}": (np.arange(n) * (i + 3)) % 7 for i in range(8)})
found.append(ss.rake(wide, {c: {k: 10.0 * int((wide[c] == k).sum()) for k in set(wide[c])} for c in wide}).weight)
for survey in (s, raked, greg, s.where("yes"), s.replicates("jkn"), raked.replicates("rao-wu", n=10, seed=3), s.replicates("sdr", n=8)):
    for e in (survey.mean(["y", "x"]), survey.total("y", by="k"), survey.proportion("g"), survey.ratio("y", "x", deff=False)):
        found.append(e.table[["estimate", "se"]].to_numpy().ravel())
        found.append(e.cov.ravel())
found.append(s.quantile("y", [0.2, 0.5]).table[["estimate", "se"]].to_numpy().ravel())
found.append(s.mean("y", by="g", deff="wr").table["deff"])
found.append([s.independence("k", "yes").statistic])
pair = [ss.Survey(d.assign(overlap=[own, "ab", "ab"] * 8), weight="w") for own in ("a", "b")]
found.append(ss.DualFrameSurvey(*pair).total("y", theta=0.4).table[["estimate", "se"]].to_numpy().ravel())
np.save(OUT, np.concatenate([np.asarray(f, dtype=float) for f in found]))
"""


def test_every_kernel_of_weights_and_estimates__runs_as_python(tmp_path):
    answers = []
    for plain in (False, True):
        out = tmp_path / f"{plain}.npy"
        code = f"PLAIN, OUT = {plain}, {str(out)!r}\n{WORK}"
        environment = {k: v for k, v in os.environ.items() if k != "NUMBA_DISABLE_JIT"}
        environment |= {"NUMBA_DISABLE_JIT": "1"} if plain else {}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr[-3000:]
        answers.append(np.load(out))
    np.testing.assert_allclose(answers[1], answers[0], rtol=1e-9, atol=1e-9)
