from ..tables import Columns as Columns
from .calibration import calibrate as calibrate, poststratify as poststratify
from .diagnostics import Diagnosis as Diagnosis, diagnose as diagnose
from .margins import Margins as Margins
from .raking import rake as rake, rake_coded as rake_coded
from .recipe import Recipe as Recipe, Weights as Weights
from .result import Calibration as Calibration
from .steps import (
    BaseWeight as BaseWeight,
    Composite as Composite,
    InverseSampling as InverseSampling,
    Multiplicity as Multiplicity,
    NonresponseClasses as NonresponseClasses,
    NonresponsePropensity as NonresponsePropensity,
    Rake as Rake,
    Released as Released,
    Selection as Selection,
    UnitNonresponse as UnitNonresponse,
    response_propensity as response_propensity,
)
from .trimming import trim_weights as trim_weights
