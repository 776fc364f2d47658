"""The parts of Newton's method: distances with their slopes, sums and curvature, the solve of a singular matrix, the steps."""

import numpy as np
import pytest

from surveysim.kernels import newton as kernels

LOWER, UPPER = 0.4, 2.5
METHODS = {"linear": 0, "raking": 1, "logit": 2, "truncated": 3, "truncated_raking": 4}


def f(method, u):
    """The ratio of Deville and Särndal (1992), written out."""
    if method in ("linear", "truncated"):
        g = 1 + u
    elif method == "logit":
        a = (UPPER - LOWER) / ((1 - LOWER) * (UPPER - 1))
        e = np.exp(a * u)
        g = (LOWER * (UPPER - 1) + UPPER * (1 - LOWER) * e) / (UPPER - 1 + (1 - LOWER) * e)
    else:
        g = np.exp(u)
    return np.clip(g, LOWER, UPPER) if method.startswith("truncated") else g


def ratios(method, u):
    distance = kernels.Distance(METHODS[method], LOWER, UPPER)
    return tuple(np.transpose([kernels.ratio(distance, one) for one in u.tolist()]))


@pytest.mark.parametrize("method", METHODS)
def test_ratios__and_their_slopes(method):
    u = np.array([-3.0, -0.7, -0.3, 0.0, 0.2, 0.6, 0.9, 4.0])
    g, slope = ratios(method, u)
    np.testing.assert_allclose(g, f(method, u), rtol=1e-12)
    numeric = (f(method, u + 1e-6) - f(method, u - 1e-6)) / 2e-6
    np.testing.assert_allclose(slope, numeric, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("method", ["raking", "logit", "truncated_raking"])
def test_ratios__do_not_overflow(method):
    g, slope = ratios(method, np.array([-1e5, 1e5]))
    assert np.isfinite([*g, *slope]).all()
    if method == "raking":
        np.testing.assert_allclose(g, [np.exp(-300), np.exp(300)])
        np.testing.assert_allclose(g, slope)
    else:
        np.testing.assert_allclose(g, [LOWER, UPPER], rtol=1e-12)
        np.testing.assert_allclose(slope, 0, atol=1e-12)


@pytest.mark.parametrize("method", ["truncated", "truncated_raking"])
def test_ratios__are_flat_on_the_bounds(method):
    edge = np.array([LOWER, UPPER]) - 1 if method == "truncated" else np.log([LOWER, UPPER])
    g, slope = ratios(method, edge)
    np.testing.assert_allclose(g, [LOWER, UPPER], rtol=1e-15)
    inside = ratios(method, edge * (1 - 1e-9))[1]
    assert (inside > 0).all()
    assert (ratios(method, edge * (1 + 1e-9))[1] == 0).all()
    assert (slope[g == [LOWER, UPPER]] == 0).all()


def problem(seed=1, numeric=2):
    """12 cells of a 3 × 4 table, two numeric variables, weights with a zero; x (K, p)."""
    rng = np.random.default_rng(seed)
    level = (np.indices((3, 4)).reshape(2, -1).T + np.array([0, 3])).astype(np.int32)
    weight, q = rng.uniform(1, 3, 12), rng.uniform(0.5, 2, 12)
    weight[5] = 0.0
    z = rng.normal(0, 1, (12, numeric))
    x = np.column_stack([np.eye(7)[level].sum(axis=1), z])
    return weight, q, level, z, x


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_achieve__sums_and_slopes(method, scaled):
    weight, q, level, z, x = problem()
    lam = np.random.default_rng(2).normal(0, 0.2, 9)
    g, slope, sums = np.full(12, 9.0), np.full(12, 9.0), np.full(9, 9.0)
    scale = q if scaled else np.ones(12)
    rows = kernels.Rows(weight, q if scaled else np.empty(0), level, z)
    kernels.achieve(rows, kernels.Distance(METHODS[method], LOWER, UPPER), lam, g, slope, sums)
    u = scale * (x @ lam)
    used = weight > 0
    np.testing.assert_allclose(g, np.where(used, f(method, u), 1.0), rtol=1e-12)
    expected = weight * scale * (f(method, u + 1e-6) - f(method, u - 1e-6)) / 2e-6
    np.testing.assert_allclose(slope, expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(sums, (weight * g) @ x, rtol=1e-12, atol=1e-12)


def test_curvature__is_the_weighted_cross_product():
    weight, _, level, z, x = problem()
    slope = weight * 1.5
    hessian = np.full((9, 9), 0.25)
    kernels.curvature(slope, level, z, hessian)
    np.testing.assert_allclose(np.tril(hessian), np.tril(0.25 + (x * slope[:, None]).T @ x), atol=1e-12)
    for shape in ((3, 4), (4, 2, 3), (5,)):
        first = np.concatenate([[0], np.cumsum(shape)])
        level = (np.indices(shape).reshape(len(shape), -1).T + first[:-1]).astype(np.int32)
        x = np.eye(first[-1])[level].sum(axis=1)
        slope = np.random.default_rng(3).uniform(0, 1, len(level))
        inner = len(level) // shape[0]
        hessian = np.full((first[-1], first[-1]), 0.25)
        kernels.dense_curvature(slope, level, inner, np.full(inner, 9.0), hessian)
        np.testing.assert_allclose(np.tril(hessian), np.tril(0.25 + (x * slope[:, None]).T @ x), atol=1e-12)


def test_solve__is_that_of_linear_algebra():
    rng = np.random.default_rng(4)
    for p in (1, 2, 5, 9):
        root = rng.normal(0, 1, (p, p + 2))
        matrix, right, out = root @ root.T, rng.normal(0, 1, p), np.empty(p)
        least = kernels.solve(
            np.tril(matrix) + np.triu(np.full((p, p), np.nan), 1), right, np.diag(matrix).copy(), p, 0.0, out
        )
        pivots = np.diag(np.linalg.cholesky(matrix)) ** 2
        assert least == pytest.approx(np.min(pivots / np.diag(matrix)))
        np.testing.assert_allclose(out, np.linalg.solve(matrix, right), rtol=1e-7)


def test_solve__of_dependent_columns():
    """Two margins determine one another: the last column stays 0 where its equation holds, and else moves far."""
    x = np.column_stack([[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]]).astype(float)
    matrix = x.T @ (x * [[1.0], [2.0], [3.0], [4.0]])
    right = matrix @ np.array([0.3, -0.2, 0.5, 0.0])
    out = np.empty(4)
    assert 0.1 < kernels.solve(np.tril(matrix), right, np.diag(matrix).copy(), 4, 0.0, out) < 1
    np.testing.assert_allclose(matrix @ out, right, atol=1e-9)
    assert out[3] == 0
    assert (
        kernels.solve(np.tril(matrix), right, np.diag(matrix).copy(), 3, 0.0, out) == 0
    )  # numeric, it may depend on others nearly
    right[3] += 1e-4  # what sums of 1e9 may leave by rounding
    assert 0.1 < kernels.solve(np.tril(matrix), right, np.diag(matrix).copy(), 4, 1e-13 * 1e9, out) < 1
    assert out[3] == 0
    right[3] += 0.6 - 1e-4
    assert (
        kernels.solve(np.tril(matrix), right, np.diag(matrix).copy(), 4, 0.0, out) == 0
    )  # the step has no digits left
    assert out[3] == pytest.approx(0.6 / (1e-4 * matrix[3, 3]), rel=1e-6)
    kernels.solve(np.tril(matrix), right, np.zeros(4), 4, 0.0, out)  # a column that was empty at the start never moves
    assert out[3] == 0


def newton(weight, q, level, z, total, method="raking", ridge=None, tol=1e-10, max_iter=100, inner=0, lam=None):
    lam = np.zeros(len(total)) if lam is None else lam
    g, scale = np.empty(len(weight)), np.maximum(np.abs(total), 1.0)
    softness = np.zeros((0, 0)) if ridge is None else ridge
    rows, asked = kernels.Rows(weight, q, level, z), kernels.Asked(total, softness, scale)
    distance = kernels.Distance(METHODS[method], LOWER, UPPER)
    steps, gap, _ = kernels.newton(rows, asked, distance, kernels.Effort(inner, tol, max_iter), lam, g)
    return g, lam, steps, gap


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("method", METHODS)
def test_newton__meets_the_totals_and_g_is_the_ratio_at_lambda(method, scaled):
    weight, q, level, z, x = problem()
    scale, used = (q if scaled else np.ones(12)), weight > 0
    goal = f(method, scale * (x @ np.random.default_rng(5).normal(0, 0.15, 9)))
    total = (weight * goal) @ x
    g, lam, steps, gap = newton(weight, q if scaled else np.empty(0), level, z, total, method)
    assert gap <= 1e-10
    np.testing.assert_allclose((weight * g) @ x, total, atol=1e-8)
    np.testing.assert_allclose(g[used], f(method, scale * (x @ lam))[used], rtol=1e-9)
    np.testing.assert_allclose(g[used], goal[used], rtol=1e-6)
    assert steps <= (2 if method == "linear" else 9)
    again = newton(weight, q if scaled else np.empty(0), level, z, total, method, lam=lam)
    assert again[2] == 0  # from the solution no step is taken


def test_newton__the_dense_curvature_takes_the_same_steps():
    weight, _, level, _, x = problem()
    total = (weight * np.linspace(0.6, 1.6, 12)) @ x[:, :7]
    none = np.empty((12, 0))
    first = newton(weight, np.empty(0), level, none, total)
    second = newton(weight, np.empty(0), level, none, total, inner=4)
    assert first[2] == second[2]
    np.testing.assert_allclose(first[0], second[0], rtol=1e-10)


@pytest.mark.parametrize("method", ["linear", "raking", "logit"])
def test_newton__with_totals_known_with_error(method):
    weight, _, level, z, x = problem()
    root = np.random.default_rng(6).normal(0, 0.5, (9, 9))
    ridge = root @ root.T
    total = weight @ x + np.linspace(-2, 2, 9)
    g, lam, _, gap = newton(weight, np.empty(0), level, z, total, method, ridge)
    assert gap <= 1e-10
    np.testing.assert_allclose((weight * g) @ x + ridge @ lam, total, atol=1e-8)
    np.testing.assert_allclose(g[weight > 0], f(method, x @ lam)[weight > 0], rtol=1e-9)


def test_newton__stops_where_it_must():
    weight, _, level, z, x = problem()
    total = (weight * np.linspace(0.2, 3, 12)) @ x
    g, _, steps, gap = newton(weight, np.empty(0), level, z, total, max_iter=2)
    assert steps == 2
    assert gap > 1e-10
    reached = np.abs((weight * g) @ x - total) / np.maximum(np.abs(total), 1.0)
    assert gap == pytest.approx(reached.max(), rel=1e-9)
    beyond = (weight * 3 * UPPER) @ x  # no weights inside the bounds come near
    g, _, steps, gap = newton(weight, np.empty(0), level, z, beyond, "truncated")
    assert gap > 0.01
    reached = np.abs((weight * g) @ x - beyond) / np.maximum(np.abs(beyond), 1.0)
    assert gap == pytest.approx(reached.max(), rel=1e-9)
    assert steps < 100


def test_newton__far_off_totals_take_few_steps():
    """Weights a million times too small: the exponential needs halved and doubled steps, not hundreds."""
    weight, _, level, _, x = problem()
    total = (weight * np.linspace(0.5, 2, 12)) @ x[:, :7]
    for factor in (1e-6, 1e6):
        g, _, steps, gap = newton(weight * factor, np.empty(0), level, np.empty((12, 0)), total)
        assert gap <= 1e-10
        assert steps < 40
        np.testing.assert_allclose((weight * factor * g) @ x[:, :7], total, rtol=1e-8)


@pytest.mark.parametrize("method", ["truncated", "truncated_raking"])
def test_newton__solutions_on_the_bounds(method):
    weight, _, level, _, x = problem()
    rng = np.random.default_rng(7)
    for _ in range(20):
        goal = np.clip(rng.uniform(0.2, 3, 12), LOWER, UPPER)
        total = (weight * goal) @ x[:, :7]
        g, lam, _, gap = newton(weight, np.empty(0), level, np.empty((12, 0)), total, method, max_iter=500)
        assert gap <= 1e-10
        assert g.min() >= LOWER
        assert g.max() <= UPPER
        np.testing.assert_allclose(g[weight > 0], f(method, x[:, :7] @ lam)[weight > 0], rtol=1e-9)
