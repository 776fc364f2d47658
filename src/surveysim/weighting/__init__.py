"""From design weights to final weights, step by step. Takes tables; never sees the population."""

from ..tables import Columns as Columns
from .calibration import rake as rake
from .calibration import rake_coded as rake_coded
from .diagnostics import Diagnosis as Diagnosis
from .diagnostics import diagnose as diagnose
from .generalized import calibrate as calibrate
from .generalized import poststratify as poststratify
from .margins import Margins as Margins
from .recipe import Recipe as Recipe
from .recipe import Weights as Weights
from .result import Calibration as Calibration
from .steps import BaseWeight as BaseWeight
from .steps import Composite as Composite
from .steps import InverseSampling as InverseSampling
from .steps import Multiplicity as Multiplicity
from .steps import NonresponseClasses as NonresponseClasses
from .steps import NonresponsePropensity as NonresponsePropensity
from .steps import Rake as Rake
from .steps import Released as Released
from .steps import Selection as Selection
from .trimming import trim_weights as trim_weights
from .unit_nonresponse import UnitNonresponse as UnitNonresponse
from .unit_nonresponse import response_propensity as response_propensity
