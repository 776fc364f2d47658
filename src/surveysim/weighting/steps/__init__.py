"""The steps of a recipe, a file for each family with its arithmetic: frozen, each turning one weight column into the next.

A step's `apply` takes the table, the weights so far, the dispositions and what an earlier run decided (None the first time); it
returns the new weights, a record of what it did, and the Calibration if it made one.
"""

from .composite import Composite
from .design import BaseWeight, InverseSampling, Multiplicity, Released, Selection
from .nonresponse import NonresponseClasses, NonresponsePropensity
from .raking import Rake
from .unit_nonresponse import UnitNonresponse, response_propensity

STEPS = (
    BaseWeight,
    InverseSampling,
    Multiplicity,
    NonresponseClasses,
    NonresponsePropensity,
    Composite,
    Rake,
    Released,
    Selection,
    UnitNonresponse,
)
__all__ = [*(step.__name__ for step in STEPS), "STEPS", "response_propensity"]
