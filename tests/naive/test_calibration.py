"""Calibration, poststratification and trimming against dense Newton steps and plain loops."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import surveysim as ss
from naive import calibration


def test_calibration_by_hand():
    columns = {"income": [1.0, 2.0, 3.0]}
    # linear: λ = (20 - 6) / (1 + 4 + 9) = 1
    assert_allclose(calibration.calibrate(columns, {"income": 20}, [1, 1, 1]), [2, 3, 4])
    # raking: e^λ = r solves r + 2 r² + 3 r³ = T; r = 2 gives 2 + 8 + 24 = 34
    assert_allclose(calibration.calibrate(columns, {"income": 34}, [1, 1, 1], "raking"), [2, 4, 8])
    # truncated at 1.5: 1 + λ = 1.3, 1 + 2λ = 1.6 and 1 + 3λ are cut: 1.3 + 3 + 4.5
    assert_allclose(calibration.calibrate(columns, {"income": 8.8}, [1, 1, 1], bounds=(0.5, 1.5)), [1.3, 1.5, 1.5])
    # logit with L = 0, U = 2: g = 2 e^(2u) / (1 + e^(2u)); at e^(2λ) = 2 g is 4/3, 8/5, 16/9
    target = 4 / 3 + 16 / 5 + 16 / 3
    found = calibration.calibrate(columns, {"income": target}, [1, 1, 1], "logit", (0, 2))
    assert_allclose(found, [4 / 3, 8 / 5, 16 / 9])
    # q: λ = 14 / (1 × 1 + 2 × 4 + 0.5 × 9)
    found = calibration.calibrate(columns, {"income": 20}, [1, 1, 1], q=[1, 2, 0.5])
    assert_allclose(found, 1 + 14 / 13.5 * np.array([1, 4, 1.5]))
    # clusters of rows 1, 2: x is 1.5, 1.5, 3
    found = calibration.calibrate(columns, {"income": 20}, [1, 1, 1], cluster=["h", "h", "k"])
    assert_allclose(found, 1 + 14 / (2.25 + 2.25 + 9) * np.array([1.5, 1.5, 3]))
    # variance 4 of the total, κ = 1: λ (14 + 4) = 14
    found = calibration.calibrate(columns, {"income": 20}, [1, 1, 1], covariance=[4.0])
    assert_allclose(found, 1 + 14 / 18 * np.array([1, 2, 3]))


def test_trimming_by_hand():
    assert calibration.trim_weights([1, 1, 2, 8], upper=5) == [2, 2, 3, 5]
    assert_allclose(calibration.trim_weights([1, 3, 4.5, 8], upper=5, strict=True), [2.25, 4.25, 5, 5])
    assert_allclose(calibration.trim_weights([1, 3, 4, 8], lower=2, upper=7), [2, 3, 4, 7])  # 1 added, 1 cut


def test_poststratification_by_hand():
    assert calibration.poststratify({"s": ["m", "f", "f"]}, {"s": {"m": 50, "f": 60}}, [1, 1, 2]) == [50, 20, 40]


@pytest.mark.parametrize("strict", [False, True])
def test_trimming(strict):
    rng = np.random.default_rng(3)
    for _ in range(300):
        weight = rng.lognormal(0, rng.uniform(0.2, 1.5), int(rng.integers(3, 30)))
        lower = None if rng.random() < 0.3 else weight.mean() * rng.uniform(0, 0.8)
        upper = None if rng.random() < 0.3 else weight.mean() * rng.uniform(1.2, 4)
        try:
            wanted = calibration.trim_weights(weight, lower, upper, strict)
        except ArithmeticError:
            continue
        assert_allclose(ss.trim_weights(weight, lower, upper, strict), wanted, rtol=1e-8)
