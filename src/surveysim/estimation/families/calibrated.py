"""Single-frame or composite weights calibrated to what is known of the frames."""

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...aliases import Array, Floats
from ...errors import DataError, SurveysimWarning
from ...weighting.calibration import factors
from ...weighting.constraints import Link
from .composer import AB, BA, IN_A, IN_B, INSIDE, OF_A, OF_B, OVERLAP, A, B, Composer, sharing


@dataclass(frozen=True)
class Top(Link):
    """What a calibrated composite does to scores: `residuals` turns a score for the final weights into one for w.

    With calibration variables x (m, p) of the rows' parts, whose totals are known (or estimated as Σ w c, c (n, p)), the scores
    are replaced by h × their residuals on x, plus c β (Deville & Särndal 1992; Ranalli et al. 2016). `row` (m,) is the row of
    each part, `lift` (m,) its share of h, `base` (m,) its weight before calibration.
    """

    h: np.ndarray
    x: np.ndarray
    base: np.ndarray
    c: np.ndarray | None
    row: np.ndarray
    lift: np.ndarray
    covariance = None

    def residuals(self, scores: Floats) -> tuple[Floats, list[Any]]:
        cross = (self.x * self.base[:, None]).T @ self.x
        parts = scores if len(self.row) == scores.shape[1] else scores[:, self.row]
        beta = (parts * self.base) @ self.x @ np.linalg.pinv(cross, rcond=1e-12, hermitian=True)
        fit = (beta @ self.x.T) * self.lift
        if len(self.row) != scores.shape[1]:
            fit = np.stack([np.bincount(self.row, v, scores.shape[1]) for v in fit])
        scores *= self.h
        scores -= fit
        if self.c is not None:
            scores += beta @ self.c.T
        return scores, []


class Calibrated(Composer):
    """Ranalli, Arcos, Rueda & Teodoro (2016): cal_sf and cal_df; raking_ratio is Bankier's (1986) with N_A and N_B."""

    accepts: ClassVar = {
        "raking_ratio": {"frame_sizes"},
        "cal_sf": {"frame_sizes", "totals", "method", "bounds"},
        "cal_df": {"theta", "frame_sizes", "totals", "method", "bounds"},
    }

    def pinned(self, w: Floats) -> Any:
        found = self.overlap_sizes(w) if self.theta is None else None
        return super().pinned(w) if found is None else found[2] / (found[1] + found[2])

    def fixed(self, w: Floats) -> Composer:
        return super().fixed(w) if self.estimator == "cal_df" else self

    def weights(self, w: Floats) -> tuple[Floats, Any]:
        """Calibration of single-frame (cal_sf, raking_ratio) or composite (cal_df) weights to what is known of the frames."""
        row, domain = self.parts
        share = self.part[row, domain]
        if self.estimator == "cal_df":
            theta = self.pinned(w)
            start = sharing(theta)[domain]
        else:
            theta, start = None, self.single()
        base = (w[row] * share) * start
        axes, targets, names, estimated = self._ladder(w, base, theta)
        seen = np.bincount(domain, base, 4) @ np.abs(axes) > 0  # a frame inside the other leaves a domain empty
        for target, name, there in zip(targets, names, seen):
            if not there and estimated is None and target > 1e-9 * targets.max():
                raise DataError(f"{self.estimator}: {name} is {target:,.0f}, but no respondent belongs there.")
        axes, targets, names = axes[:, seen], targets[seen], [n for n, there in zip(names, seen) if there]
        x = axes[domain]
        c = None if estimated is None else self._estimated(self._whole_overlap(start), estimated)[:, seen]
        if self.columns is not None and self.totals is not None:
            inside = np.stack([INSIDE[frame][domain] for frame, _ in self.labels], axis=1)
            x = np.column_stack([x, self.columns[row] * inside])
            targets = np.concatenate([targets, self.totals])
            names += [f"{name} in {frame}" for frame, name in self.labels]
            c = None if c is None else np.column_stack([c, np.zeros((len(w), len(self.totals)))])
        method = "raking" if self.estimator == "raking_ratio" else self.method or "linear"
        g = self._factors(x, base, targets, method, names)
        h = self.whole(start * g)
        return w * h, Top(h, x, base, c, row, share * start * g)

    def _whole_overlap(self, start):
        """What of a row's start weight lies in the overlap (n,)."""
        row, domain = self.parts
        return np.bincount(row, self.part[row, domain] * start * OVERLAP[domain], len(self.part))

    def _ladder(self, w, base, theta):
        """Axes (4, p) over the domains, their totals (p,) and names, for what is known; the parts of the overlap where it is not."""
        known = {name for name in ("A", "B", "ab") if self.sizes and self.sizes.get(name) is not None}
        if self.estimator == "raking_ratio":
            known = {"A", "B"}
        split = self.estimator == "cal_df"
        overlap = np.eye(4)[:, [AB, BA]] if split else OVERLAP[:, None]
        parts = np.array([theta, 1 - theta]) if split else np.ones(1)
        both_names = ["N_ab (from A)", "N_ab (from B)"] if split else ["N_ab"]
        apart = np.column_stack([np.eye(4)[:, [A]], overlap, np.eye(4)[:, [B]]])
        if known == {"A", "B"}:
            return np.column_stack([IN_A, IN_B]), np.array([self.size("A"), self.size("B")]), ["N_A", "N_B"], None
        if known == {"ab"}:
            return overlap, parts * self.size("ab"), both_names, None
        names = ["N_A - N_ab", *both_names, "N_B - N_ab"]
        if known == {"A", "B", "ab"}:
            both = self.size("ab")
            return apart, np.array([self.size("A") - both, *(parts * both), self.size("B") - both]), names, None
        if known:
            raise DataError(f"frame_sizes has {', '.join(sorted(known))} only; give A and B, ab, or all three.")
        size, both = w @ self.part, base @ OVERLAP[self.parts[1]]
        return apart, np.array([size @ OF_A - both, *(parts * both), size @ OF_B - both]), names, parts

    def _estimated(self, both, parts):
        """How each total that is itself an estimate depends on w: c (n, p), its total being Σ w c."""
        return np.column_stack([self.part @ OF_A - both, *(share * both for share in parts), self.part @ OF_B - both])

    def _factors(self, x: Any, base: Array, targets: Array, method: str, names: list[str]) -> Array:
        """Calibration factors g (n,); rows collapse to the cells of x where they are few."""
        cells, row = (x, np.arange(len(x))) if self.columns is not None else np.unique(x, axis=0, return_inverse=True)
        row = row.ravel()
        weight = base if self.columns is not None else np.bincount(row, base, len(cells))
        used = weight > 0
        g = np.ones(len(cells))
        g[used] = factors(cells[used], weight[used], targets, names, method, self.bounds)
        if (g[used] < 0).any():
            warnings.warn(
                f'{self.estimator}: {int((g[row] < 0).sum())} of {len(x)} weights are negative; method="raking" keeps them positive.',
                SurveysimWarning,
                stacklevel=4,
            )
        return g[row]
