"""Families of dual-frame estimators, a file each: what an estimator accepts, its weights, and what it does to scores."""

from .calibrated import Calibrated
from .composer import AB, BA, INSIDE, OVERLAP, A, B, effective
from .likelihood import PseudoLikelihood
from .optimal import PER_VARIABLE, Optimal
from .shared import Shared
from .single_frame import SingleFrame

FAMILIES = {
    estimator: kind for kind in (Shared, SingleFrame, Calibrated, PseudoLikelihood) for estimator in kind.accepts
}
WEIGHTED = ("composite", "multiplicity", "screening", "single_frame", "raking_ratio", "pml", "cal_sf", "cal_df")
ACCEPTS = PER_VARIABLE | {name: FAMILIES[name].accepts[name] for name in WEIGHTED}
__all__ = [
    "AB",
    "ACCEPTS",
    "BA",
    "FAMILIES",
    "INSIDE",
    "OVERLAP",
    "PER_VARIABLE",
    "WEIGHTED",
    "A",
    "B",
    "Optimal",
    "effective",
]
