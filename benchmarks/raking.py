"""Raking: against numpy on cells, packages from PyPI and the memory floor."""

import numpy as np
from measuring import best, peak, row
from peers import PEERS
from respondents import margin_error, numpy_on_cells, respondents

import surveysim as ss
from surveysim.weighting import rake_coded


def bench(sizes=(60_000, 1_000_000, 10_000_000)):
    """Ours, numpy on cells and packages from PyPI; weights must agree before anything is timed."""
    rows = []
    for n in sizes:
        what = f"rake {n:,} rows to five margins (31, 2, 8, 5, 2), from a DataFrame of categoricals"
        data, margins = respondents(n)
        ours = ss.rake(data, margins, weight="weight", tol=1e-6).weight
        mine = best(lambda d=data, m=margins: ss.rake(d, m, weight="weight", tol=1e-6), 60 if n < 1e6 else 12)
        reached = f", margin error {margin_error(ours, data, margins):.0e}"
        peers = {"numpy on cells": lambda d, m: numpy_on_cells(d, m, 1e-6)}
        peers |= PEERS if n == 60_000 else {"svy 0.35.0": PEERS["svy 0.35.0"]} if n == 1_000_000 else {}
        for name, peer in peers.items():
            weight = peer(data, margins)
            np.testing.assert_allclose(weight, ours, rtol=1e-4, err_msg=name)
            theirs = best(lambda d=data, m=margins, p=peer: p(d, m), 3)
            rows.append(
                row(what, mine, f"{name}, margin error {margin_error(weight, data, margins):.0e},", theirs, reached)
            )
        rows += [coded_row(data, margins, n), memory_row(data, margins, n)]
    return rows


def coded_row(data, margins, n):
    """Ready codes and reused buffers against reading codes and weights twice and writing weights once."""
    codes = [data[name].cat.codes.to_numpy() for name in margins]
    totals = [np.array([margins[name][label] for label in data[name].cat.categories]) for name in margins]
    weight, out, scratch = data["weight"].to_numpy(), np.empty(n), np.empty(n, np.int32)
    mine = best(lambda: rake_coded(codes, totals, weight, out=out, scratch=scratch, tol=1e-6), 60 if n < 1e6 else 12)

    def floor():  # every pass is numpy's own; the last one writes
        for _ in range(2):
            for column in codes:
                column.max()
            weight.max()
        np.copyto(out, 1.0)

    return row(
        f"rake {n:,} rows from ready codes, buffers reused", mine, "memory floor (numpy, one core)", best(floor, 12)
    )


def memory_row(data, margins, n):
    """Peak memory of the call, beyond the table."""
    most = peak(lambda: ss.rake(data, margins, weight="weight", tol=1e-6))
    return (
        f"| rake {n:,} rows: memory beyond the table, at the peak | {most / n:.1f} bytes a row | weights and cells: 12 bytes a row | "
        f"{most / n / 12:.2f} × that |"
    )
