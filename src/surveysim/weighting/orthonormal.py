"""Nearly dependent calibration variables: the same constraints in orthonormal variables, which no rounding mixes up."""

import numpy as np

from ..aliases import Array, Floats
from ..on_demand import Later

linalg = Later("scipy", ".linalg")
LARGEST = 40_000_000  # numbers in a dense table of calibration variables (320 MB) up to which it is made
DEPENDENT = 1e-13  # a variable of which less than this share is left beside the others is a combination of them


class Orthonormal:
    """Variables z = x A with Σ d z z' + A'RA = 1 that span what x (K, p) and the ridge R (p, p) span.

    The triangular factor of √d x (Householder reflections) is exact to rounding whatever the condition of x, where Σ d x x' has lost
    all of a variable that differs from others by less than a part in 10⁸.

    Attributes
    ----------
    z : (K, r). ridge : A'RA (r, r). back : (r, p) with x = z back and, for γ = T − Σ d g z − A'RA μ, the gaps γ back of x.
    """

    def __init__(self, x: Array, weight: Floats, ridge: Floats | None = None) -> None:
        root = np.sqrt(weight)[:, None]
        rows = root * x
        if ridge is not None:
            value, vector = np.linalg.eigh(ridge)
            rows = np.vstack([rows, (vector * np.sqrt(np.maximum(value, 0.0))).T])
        size = np.linalg.norm(rows, axis=0)
        size = np.where(size > 0, size, 1.0)
        q, r, order = linalg.qr(rows / size, mode="economic", pivoting=True)
        rank = int(np.sum(np.abs(np.diag(r)) > DEPENDENT))
        q, r = q[:, :rank], r[:rank]
        self.order, self.size, self.r, self.rank = order, size, r, rank
        K = len(x)
        self.z = np.divide(q[:K], root, out=np.zeros((K, rank)), where=root > 0)
        self.ridge = None if ridge is None else q[K:].T @ q[K:]

    def target(self, total: Floats) -> Floats:
        """Totals (r,) of z from those of x (p,); of variables that others determine, none is used."""
        kept = self.order[: self.rank]
        return linalg.solve_triangular(self.r[:, : self.rank], total[kept] / self.size[kept], trans="T")

    def multipliers(self, mu: Floats) -> Floats:
        """λ (p,) of x from those of z (r,)."""
        lam, kept = np.zeros(len(self.size)), self.order[: self.rank]
        lam[kept] = linalg.solve_triangular(self.r[:, : self.rank], mu) / self.size[kept]
        return lam

    def finest(self, scale: Floats) -> float:
        """The gap in z that is surely less than `scale` (p,) in x."""
        size = np.empty(len(scale))
        size[self.order] = np.linalg.norm(self.r, axis=0)
        return float(np.min(scale / (self.size * np.maximum(size, 1e-300)))) / max(self.rank, 1) ** 0.5
