"""The steps of a recipe, a file for each family with its arithmetic: frozen, each turning one weight column into the next.

A step's `apply` takes the table, the weights so far, the dispositions and what an earlier run decided (None the first time); it
returns the new weights, a record of what it did, and the Calibration (or other links) if it made one; a result with `columns` puts these
into the table that later steps see.
"""

from .composite import Composite
from .design import BaseWeight, InverseSampling, Multiplicity, Released, Selection
from .imputation import Impute
from .nonresponse import NonresponseClasses, NonresponsePropensity
from .raking import Rake
from .single_frame import SingleFrame
from .subsample import Subsample
from .totals import Calibrate, Poststratify, Scale
from .trimming import Trim
from .unit_nonresponse import UnitNonresponse, response_propensity

STEPS = (
    BaseWeight,
    Calibrate,
    Impute,
    InverseSampling,
    Multiplicity,
    NonresponseClasses,
    NonresponsePropensity,
    Composite,
    Poststratify,
    Rake,
    Released,
    Scale,
    Selection,
    SingleFrame,
    Subsample,
    Trim,
    UnitNonresponse,
)
__all__ = [*(step.__name__ for step in STEPS), "STEPS", "response_propensity"]
