from ..tables import Columns as Columns
from .calibration import calibrate as calibrate, poststratify as poststratify
from .diagnostics import Diagnosis as Diagnosis, diagnose as diagnose
from .margins import Margins as Margins
from .raking import rake as rake, rake_coded as rake_coded
from .recipe import Recipe as Recipe, Weights as Weights
from .reconciling import Reconciled as Reconciled, reconcile as reconcile
from .result import Calibration as Calibration
from .steps import (
    BaseWeight as BaseWeight,
    Calibrate as Calibrate,
    Composite as Composite,
    Impute as Impute,
    InverseSampling as InverseSampling,
    Multiplicity as Multiplicity,
    NonresponseClasses as NonresponseClasses,
    NonresponsePropensity as NonresponsePropensity,
    Poststratify as Poststratify,
    Rake as Rake,
    Released as Released,
    Scale as Scale,
    Selection as Selection,
    SingleFrame as SingleFrame,
    Subsample as Subsample,
    Trim as Trim,
    UnitNonresponse as UnitNonresponse,
    response_propensity as response_propensity,
)
from .trimming import trim_weights as trim_weights
from .folders import rake_folder as rake_folder
