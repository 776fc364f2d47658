"""`weights rake` and `estimate` of a folder of Parquet files, against reading and writing the same files with pyarrow.

python benchmarks/larger.py --rows 300000000 --folder /somewhere/large
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent))
from survey_files import SIZES, spent

EACH = 3_000_000  # rows of a file
UNITS = 4_000  # sampling units in the strata, which are provinces
COPY = """
import sys, pathlib, pyarrow.parquet as pq
pathlib.Path(sys.argv[2]).mkdir()
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    pq.write_table(pq.read_table(path), pathlib.Path(sys.argv[2]) / path.name)
"""
ASKED = "--weight weight --mean y0 --mean y1 --total y2 --ratio y3/y4 --proportion education --by sex,age"
COMMANDS = {
    "rake": ("weights rake", "--margins {margins} --weight weight -o {out}"),
    "estimate, PSUs in strata": ("estimate", f"{ASKED} --strata province --psu unit"),
    "estimate, PSUs in strata, raked": ("estimate", f"{ASKED} --strata province --psu unit --rake {{margins}}"),
    "estimate, every row a PSU": ("estimate", f"{ASKED} --strata province"),
}


def made(folder, rows):
    """Files of raking variables, sampling units, six numbers and weights, and the margins."""
    (folder / "data").mkdir()
    labels = {name: pa.array([f"{name} {i}" for i in range(k)]) for name, k in SIZES.items()}
    totals = {name: np.zeros(k) for name, k in SIZES.items()}
    for part in range(-(-rows // EACH)):
        rng, n = np.random.default_rng(part), min(EACH, rows - part * EACH)
        unit = rng.integers(0, UNITS, n)
        codes = {name: rng.integers(0, k, n) for name, k in SIZES.items()} | {"province": unit % SIZES["province"]}
        columns = {
            name: pa.DictionaryArray.from_arrays(pa.array(c.astype(np.int32)), labels[name])
            for name, c in codes.items()
        }
        columns |= {f"y{k}": pa.array(rng.normal(50, 10, n)) for k in range(6)} | {"unit": pa.array(unit)}
        weight = rng.lognormal(0, 0.5, n)
        for name, c in codes.items():
            totals[name] += np.bincount(c, weight * (1 + 0.3 * (c % 2)), SIZES[name])
        pq.write_table(pa.table(columns | {"weight": pa.array(weight)}), folder / "data" / f"{part:04}.parquet")
    whole = totals["sex"].sum()
    given = [
        (name, f"{name} {i}", t / t_all.sum() * whole) for name, t_all in totals.items() for i, t in enumerate(t_all)
    ]
    pd.DataFrame(given, columns=["variable", "level", "total"]).to_csv(folder / "margins.csv", index=False)


def measured(folder, rows):
    """Lines of the table of results."""
    made(folder, rows)
    copied = spent(sys.executable, "-c", COPY, str(folder / "data"), str(folder / "copy"))
    lines = []
    for what, (command, options) in COMMANDS.items():
        asked = options.format(margins=folder / "margins.csv", out=folder / "raked").split()
        mine = spent(sys.executable, "-m", "surveysim", *command.split(), str(folder / "data"), *asked)
        lines.append(
            f"| `{command}` of {rows:,} rows in a folder ({what}), from end to end | {mine[0]:.1f} s, {mine[1]:,.0f} MB | the same files "
            f"read and written by pyarrow one by one {copied[0]:.1f} s, {copied[1]:,.0f} MB | {mine[0] / copied[0]:.2f} × the time |"
        )
    return lines


def bench(rows=EACH):
    """A size that is made and done in a minute."""
    with tempfile.TemporaryDirectory() as place:
        return measured(Path(place), rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=EACH)
    parser.add_argument("--folder", type=Path, help="where the files go, an empty folder; a temporary one unless given")
    given = parser.parse_args()
    print(*(bench(given.rows) if given.folder is None else measured(given.folder, given.rows)), sep="\n")
