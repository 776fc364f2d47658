"""Performance measures against rsimsum 0.13.1.9000 and simhelpers 0.3.1 (simulation_make.R ran them on simulation_runs.csv)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import surveysim as ss
from surveysim.judging.tables import bootstrap_coverage

HERE = Path(__file__).parent
RUNS = pd.read_csv(HERE / "simulation_runs.csv")
RSIMSUM = pd.read_csv(HERE / "simulation_rsimsum_results.csv")
SIMHELPERS = pd.read_csv(HERE / "simulation_simhelpers_results.csv")
INTERVALS = {"z95": {}, "t95": {"df": "df"}, "z90": {"level": 0.9}}
GROUPS = ["scenario", "method"]


def ours(interval="z95"):
    table = ss.performance(
        RUNS, "true", by=GROUPS, estimate="est", reference="ratio", power=True, **INTERVALS[interval]
    )
    return table.set_index([*GROUPS, "measure"])


@pytest.mark.parametrize("interval", INTERVALS)
def test_performance__equals_rsimsum(interval):
    """All 15 measures and their Monte Carlo errors; the reference's own gain of precision is 0 up to rounding there.

    Its power takes the normal quantile also where its intervals take t, so that they contradict each other; ours is simhelpers' then.
    """
    expected = RSIMSUM[RSIMSUM["interval"] == interval].set_index([*GROUPS, "measure"])
    if interval == "t95":
        expected = expected.drop(index="power", level="measure")
    found = ours(interval).loc[expected.index]
    assert len(expected) == (84 if interval == "t95" else 90)
    itself = (expected.index.get_level_values("measure") == "relprec") & (
        expected.index.get_level_values("method") == "ratio"
    )
    np.testing.assert_allclose(found["value"][~itself], expected["value"][~itself], rtol=1e-10)
    np.testing.assert_allclose(found.loc[itself, ["value", "mcse"]], 0, atol=1e-10)
    judged = expected["mcse"].notna().to_numpy() & ~itself
    np.testing.assert_allclose(found["mcse"][judged], expected["mcse"][judged], rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize(
    ("criterion", "measure", "with_error"),
    [
        ("K", "nsim", False),
        ("bias", "bias", True),
        ("stddev", "empse", False),  # its error is a jackknife, ours the closed form of rsimsum
        ("mse", "mse", False),  # its error assumes four moments, ours is that of the mean
        ("rmse", "rmse", False),  # its jackknife is centred elsewhere; test_rmse checks ours
        ("rel_bias_var", "relvar", True),
    ],
)
def test_performance__equals_simhelpers(criterion, measure, with_error):
    expected = SIMHELPERS[SIMHELPERS["criterion"] == criterion].set_index(GROUPS)
    found = ours().xs(measure, level="measure").loc[expected.index]
    assert len(expected) == 6
    np.testing.assert_allclose(found["value"], expected["value"], rtol=1e-10)
    if with_error:
        np.testing.assert_allclose(found["mcse"], expected["mcse"], rtol=1e-8)


@pytest.mark.parametrize("interval", ["z95", "t95"])
@pytest.mark.parametrize(("criterion", "measure"), [("coverage", "cover"), ("width", "ciwidth")])
def test_intervals__equal_simhelpers(interval, criterion, measure):
    at = (SIMHELPERS["criterion"] == criterion) & (SIMHELPERS["interval"] == interval)
    expected = SIMHELPERS[at].set_index(GROUPS)
    found = ours(interval).xs(measure, level="measure").loc[expected.index]
    np.testing.assert_allclose(found["value"], expected["value"], rtol=1e-10)
    np.testing.assert_allclose(found["mcse"], expected["mcse"], rtol=1e-10)


@pytest.mark.parametrize("interval", ["z95", "t95"])
def test_power__equals_simhelpers(interval):
    at = (SIMHELPERS["criterion"] == "rejection_rate_vs_0") & (SIMHELPERS["interval"] == interval)
    expected = SIMHELPERS[at].set_index(GROUPS)
    found = ours(interval).xs("power", level="measure").loc[expected.index]
    assert len(expected) == 6
    assert expected["value"].min() < 0.72
    np.testing.assert_allclose(found["value"], expected["value"], rtol=1e-10)
    np.testing.assert_allclose(found["mcse"], expected["mcse"], rtol=1e-10, atol=1e-15)


def test_relative_bias__is_simhelpers_less_one():
    expected = SIMHELPERS[SIMHELPERS["criterion"] == "rel_bias"].set_index(GROUPS)
    found = ours().xs("rbias", level="measure").loc[expected.index]
    np.testing.assert_allclose(found["value"] + 1, expected["value"], rtol=1e-10)
    np.testing.assert_allclose(found["mcse"], expected["mcse"].abs(), rtol=1e-10)


def test_bootstrap_coverage__is_extrapolated_as_by_simhelpers():
    runs = pd.read_csv(HERE / "simulation_bootstrap_intervals.csv")
    expected = pd.read_csv(HERE / "simulation_coverage_extrapolation.csv")
    found = bootstrap_coverage(runs, 2.0, lower="percentile_lower", upper="percentile_upper")
    for name, measure in (("coverage", "cover"), ("width", "ciwidth")):
        part = found[found["measure"] == measure]
        np.testing.assert_allclose(part["value"], expected[f"boot_{name}"], rtol=1e-9)
        np.testing.assert_allclose(part["mcse"], expected[f"boot_{name}_mcse"], rtol=1e-9)
