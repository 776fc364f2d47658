"""`surveysim weights rake` of a large file from end to end, against reading and writing the same file with pyarrow."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

N = 3_000_000
SIZES = {"province": 31, "sex": 2, "age": 8, "education": 5, "urban": 2}
COPY = {
    "parquet": "import sys, pyarrow.parquet as pq; pq.write_table(pq.read_table(sys.argv[1]), sys.argv[2])",
    "csv": "import sys, pyarrow.csv as pc; pc.write_csv(pc.read_csv(sys.argv[1]), sys.argv[2])",
}


def made(folder):
    """A file of raking variables, six numbers and weights, as Parquet, as CSV and in three parts, and the margins."""
    rng = np.random.default_rng(1)
    codes = {name: rng.integers(0, k, N).astype(np.int32) for name, k in SIZES.items()}
    labels = {name: pa.array([f"{name} {i}" for i in range(k)]) for name, k in SIZES.items()}
    columns = {name: pa.DictionaryArray.from_arrays(pa.array(c), labels[name]) for name, c in codes.items()}
    columns |= {f"y{k}": pa.array(rng.normal(size=N)) for k in range(6)} | {"id": pa.array(np.arange(N))}
    weight = rng.lognormal(0, 0.5, N)
    table, truth = pa.table(columns | {"weight": pa.array(weight)}), weight * rng.lognormal(0, 0.3, N)
    pq.write_table(table, folder / "data.parquet")
    pyarrow.csv.write_csv(table, folder / "data.csv")
    (folder / "parts").mkdir()
    for k in range(3):
        pq.write_table(table.slice(k * N // 3, N // 3), folder / "parts" / f"{k}.parquet")
    totals = {name: np.bincount(c, truth) for name, c in codes.items()}
    rows = [(name, f"{name} {i}", t) for name, found in totals.items() for i, t in enumerate(found)]
    pd.DataFrame(rows, columns=["variable", "level", "total"]).to_csv(folder / "margins.csv", index=False)


def spent(*command):
    """Seconds and megabytes at the peak of a command."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, code, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(code)
    assert process.returncode == 0, command
    return time.perf_counter() - start, used.ru_maxrss / 1024


def bench():
    """The file whole, as Parquet and as CSV, and as a folder of Parquet files in two passes."""
    rows = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        made(folder)
        rake = (sys.executable, "-m", "surveysim", "weights", "rake")
        given = ("--margins", str(folder / "margins.csv"), "--weight", "weight", "-o")
        spent(*rake, str(folder / "data.parquet"), *given, str(folder / "warm.parquet"))
        for kind, name in (("parquet", "data.parquet"), ("csv", "data.csv"), ("parquet", "parts")):
            copied = spent(sys.executable, "-c", COPY[kind], str(folder / f"data.{kind}"), str(folder / f"copy.{kind}"))
            out = folder / (f"raked.{kind}" if "." in name else "raked")
            mine = spent(*rake, str(folder / name), *given, str(out))
            what = (
                "a folder of three Parquet files, in two passes"
                if name == "parts"
                else f"a {kind} file".replace("parquet", "Parquet").replace("csv", "CSV")
            )
            rows.append(
                f"| weights rake of {N:,} rows in {what}, from end to end | {mine[0]:.1f} s, {mine[1]:,.0f} MB | the same file read and "
                f"written by pyarrow {copied[0]:.1f} s, {copied[1]:,.0f} MB | {mine[0] / copied[0]:.2f} × the time |"
            )
    return rows
