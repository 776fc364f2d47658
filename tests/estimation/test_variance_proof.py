"""The proof of the variances (studies/variance_proof.py) at a small size, its yardstick, and the page that is committed."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import surveysim as ss

ROOT = Path(__file__).parents[2]
STUDIES, DOCS = ROOT / "studies", ROOT / "docs" / "explanation"
sys.path.insert(0, str(STUDIES))
import variance_designs as designs  # noqa: E402
import variance_page as page  # noqa: E402
import variance_proof as proof  # noqa: E402

SIZE = proof.Size(150, 150, 0, 1, 0)
ONE = [
    "rake twice, dependent margins",
    "rake, then multiplicity",
    "rake by frame, then composite",
    "shares, trimmed",
    "bounds, numbers",
    "missing level",
    "unit nonresponse",
    "two stages with fpc, rake",
    "trim",
    "impute by hot deck, rake",
    "impute by a model, rake",
    "impute by nearest means, rake",
]
TWO = ["hartley | nothing | raked", "pml | N_A, N_B | raw", "raking_ratio | N_A, N_B | raked", "cal_df | N_ab | raked"]


def far(found):
    """Rows whose mean estimated variance is not the empirical one, within 6 % and four Monte Carlo errors."""
    return found[np.abs(found["ratio"] - 1) > 0.06 + 4 * found["ratio_mcse"]]


def measured(name):
    design = next(d for d, recipes in proof.everything().items() if name in recipes)
    rows, _ = proof.measure(design, [name], SIZE)
    return proof.pd.DataFrame(rows, columns=proof.COLUMNS)


@pytest.mark.everyday(3)
@pytest.mark.parametrize("name", [*ONE, *TWO])
def test_small_proof__variances_are_empirical_ones(name):
    found = measured(name)
    assert len(found) == (5 if name.startswith("hartley") or name in proof.SHORTER else 6)
    assert far(found).empty, found.round(3).to_string()
    assert found["ratio_mcse"].max() < 0.1
    assert found["coverage"].between(0.88, 1).all()


def test_small_proof__notices_a_wrong_variance(monkeypatch):
    """Raked weights without what made them, whose domain total has twice its variance; a factor of 0.8."""

    def bare(sample):
        return ss.Survey(sample.data, weight=designs.plain(sample).rake(designs.MAIN).weight.copy(), strata="block")

    monkeypatch.setitem(designs.RECIPES, "bare", ("simple", bare))
    found = measured("bare")
    assert "total, raked domain" in set(far(found)["question"])
    good = measured("none")
    assert far(good).empty
    assert len(far(good.assign(ratio=0.8 * good["ratio"]))) >= 5


@pytest.mark.everyday(3)
@pytest.mark.parametrize("name", designs.DESIGNS)
def test_controls__have_the_covariance_that_is_said(name):
    """Of 600 samples: every variance within five standard errors, and the covariances give variances of sums."""
    made, R = designs.design(name), 600
    controls = np.array([made.sample(np.random.default_rng([3, r])).controls for r in range(R)])
    used = np.diag(made.known) > 0
    spread = controls[:, used].std(axis=0)
    z = (controls[:, used] - controls[:, used].mean(axis=0)) / spread
    known = made.known[np.ix_(used, used)] / np.outer(spread, spread)
    some = np.random.default_rng(1).normal(size=(used.sum(), 40))
    for mix in (np.eye(used.sum()), some):
        sums = z @ mix
        expected = np.einsum("qk,qp,pk->k", mix, known, mix)
        squares = sums**2
        error = squares.std(axis=0) / np.sqrt(R)
        assert np.all(np.abs(squares.mean(axis=0) - expected) < 5 * error + 1e-9)


def test_empirical_variance__is_the_plain_one_with_less_noise():
    rng, R = np.random.default_rng(4), 4000
    root = rng.normal(size=(3, 3))
    controls = rng.normal(size=(R, 3)) @ root
    values = controls @ [1.0, -2.0, 0.5] + rng.normal(0, 0.5, R)
    known = root.T @ root
    truth = np.array([1.0, -2.0, 0.5]) @ known @ [1.0, -2.0, 0.5] + 0.25
    variance, influence = proof.empirical(values, controls, known)
    error = influence.std() / np.sqrt(R)
    assert variance == pytest.approx(truth, abs=4 * error)
    assert error < 0.3 * np.sqrt(2 / R) * truth


def test_committed_page__is_explained():
    found, forms = proof.tables()
    assert set(found["recipe"]) == set(proof.every())
    assert (found.groupby("recipe")["question"].nunique() >= 5).all()
    assert found["ratio"].notna().all()
    linear = found[found["method"] == "linearized"]
    assert linear[linear["question"] != "median"]["ratio_mcse"].max() <= 0.0105
    assert linear["ratio_mcse"].max() <= 0.0125
    assert found[~found["recipe"].str.endswith("groups")]["ratio_mcse"].max() <= 0.035
    unexplained = [row for row in page.outside(found).itertuples() if not page.reason(row)]
    assert not unexplained
    assert page.page(found, forms, proof.FULL) == (DOCS / "variance-proof.md").read_text(encoding="utf-8")


def test_command__prints_what_is_asked_for_and_writes_nothing(monkeypatch, capsys):
    monkeypatch.setattr(proof, "SMALL", proof.Size(40, 40, 2, 8, 1))
    before = {path: path.stat().st_mtime_ns for path in DOCS.glob("variance*")}
    with warnings.catch_warnings():
        proof.main(["--small", "--only", "rake, weights off"])
    text = capsys.readouterr().out
    assert "rake, weights off" in text
    assert "jackknife" in text
    assert {path: path.stat().st_mtime_ns for path in DOCS.glob("variance*")} == before
