"""Tests of several quantities at once: Wald's, and Rao and Scott's corrections of statistics made for simple random samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from ..aliases import Array
from ..errors import DesignError

ALIKE = 1e-12  # eigenvalues of a correlation matrix that are rounding
NONE = 1e-9  # eigenvalues this small beside 1, and parts of a covariance beside its diagonal, are rounding
NOTHING = (
    "what is tested has no error, because everybody is in the sample, the weights were adjusted to it or a model has a coefficient for "
    "every PSU; there is nothing to test."
)


@dataclass(frozen=True)
class Tested:
    """A test statistic, its degrees of freedom, (k,) of a chi-square and (k, ν) of an F, and its p-value."""

    statistic: float
    df: tuple[float, ...]
    p_value: float

    def __repr__(self) -> str:
        name, on = "F" if len(self.df) > 1 else "X²", " and ".join(f"{d:.4g}" for d in self.df)
        return f"{name} = {self.statistic:.4g} on {on} degrees of freedom, p = {self.p_value:.3g}"


def wald(
    estimate: Sequence[float] | Array,
    cov: Any,
    df: float,
    *,
    adjusted: bool = False,
    beside: Any = 0.0,
    of: str = "quantities",
    remedy: str = "",
) -> Tested:
    """Wald's test that k quantities are 0: W = θ' V⁻¹ θ as F = W / k on k and `df`, or as χ² on k where df is inf.

    Parameters
    ----------
    estimate : (k,). cov : (k, k). adjusted : F = W (ν - k + 1) / (k ν) on k and ν - k + 1 instead, as Hotelling's T², for small ν.
    beside : (k,) variances under simple random sampling, say; a variance of less than a 1e-9th of it is rounding, and counts as 0.
    of, remedy : what the quantities are and what to do where they are too many, for messages.

    Raises
    ------
    DesignError : more quantities than degrees of freedom, or such that some are combinations of others.

    References
    ----------
    Korn & Graubard (1990), Am. Stat. 44:270-276 (the adjusted F).

    Examples
    --------
    >>> from surveysim.analysis import rao_scott
    >>> found = rao_scott.wald([3.0, 4.0], [[1, 0], [0, 4]], 10)  # W = 9 + 4
    >>> found.statistic, found.df, round(found.p_value, 4)
    (6.5, (2.0, 10.0), 0.0155)
    """
    theta, V = np.atleast_1d(np.asarray(estimate, float)), np.atleast_2d(np.asarray(cov, float))
    k, size = len(theta), np.sqrt(np.where(np.diag(V) > NONE * np.asarray(beside, float), np.maximum(np.diag(V), 0), 0))
    if not size.any():
        raise DesignError(NOTHING)
    each = np.divide(1, size, out=np.zeros(k), where=size > 0)
    scaled = V * np.outer(each, each)
    remedy = remedy or "test fewer of them at a time."
    if k > df:
        raise DesignError(
            f"a Wald test of {k} {of} needs as many degrees of freedom, and the design has {df:g}; {remedy}"
        )
    if np.linalg.matrix_rank(scaled, tol=ALIKE, hermitian=True) < k:
        raise DesignError(
            f"a Wald test needs {of} that have an error each and of which none follows from the others; {remedy}"
        )
    at = theta * each
    W = float(at @ np.linalg.solve(scaled, at))
    if np.isinf(df):
        return Tested(W, (float(k),), float(special.chdtrc(k, W)))
    nu = float(df - k + 1 if adjusted else df)
    F = W * nu / (k * df)
    return Tested(F, (float(k), nu), float(special.fdtrc(k, nu, F)))


def rao_scott(
    statistic: float,
    eigenvalues: Sequence[float] | Array,
    df: float = np.inf,
    order: int = 2,
    *,
    shared: bool = False,
    nothing: str = NOTHING,
) -> Tested:
    """A statistic X² that is Σ λ_i χ²(1) under its hypothesis, such as Pearson's, or a likelihood ratio's under a complex design.

    Parameters
    ----------
    eigenvalues : the k generalized design effects λ. df : degrees of freedom ν of the design, inf for large samples.
    order : 1 takes X² / mean(λ) as χ² on k; 2 takes X² / Σ λ as F on d and d ν with d = (Σ λ)² / Σ λ² (Satterthwaite), so that mean
        and variance are right, and as χ² where df is inf.
    shared : at order 2, ν in place of d ν below, for one estimated scale behind all of the λ, as tests of terms in R survey take it.
    nothing : the message where no λ is above 0.

    References
    ----------
    Rao & Scott (1981), JASA 76:221-230; (1984), Ann. Stat. 12:46-60; Thomas & Rao (1987), JASA 82:630-636 (the F).

    Examples
    --------
    >>> from surveysim.analysis import rao_scott
    >>> found = rao_scott.rao_scott(12.0, [1.0, 3.0], order=1)
    >>> found.statistic, found.df, round(found.p_value, 4)  # 12 / 2 on 2 degrees of freedom
    (6.0, (2.0,), 0.0498)
    >>> found = rao_scott.rao_scott(12.0, [1.0, 3.0], df=20)
    >>> found.statistic, found.df  # 12 / 4 on 16 / 10 and 20 times as many
    (3.0, (1.6, 32.0))
    """
    lam = np.asarray(eigenvalues, float)
    k, total = len(lam), float(np.sum(lam))
    if not total > NONE * k:
        raise DesignError(nothing)
    if order == 1:
        chi = float(statistic) * k / total
        return Tested(chi, (float(k),), float(special.chdtrc(k, chi)))
    d, F = total**2 / float(lam @ lam), float(statistic) / total
    if np.isinf(df):
        return Tested(F * d, (d,), float(special.chdtrc(d, F * d)))
    nu = float(df if shared else d * df)
    return Tested(F, (d, nu), float(special.fdtrc(d, nu, F)))
