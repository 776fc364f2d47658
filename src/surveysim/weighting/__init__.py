"""From design weights to final weights, step by step. Takes tables; never sees the population."""

from .calibration import rake as rake
from .calibration import rake_coded as rake_coded
from .generalized import calibrate as calibrate
from .generalized import poststratify as poststratify
from .margins import Margins as Margins
from .recipe import BaseWeight as BaseWeight
from .recipe import Composite as Composite
from .recipe import InverseSampling as InverseSampling
from .recipe import Multiplicity as Multiplicity
from .recipe import NonresponseClasses as NonresponseClasses
from .recipe import NonresponsePropensity as NonresponsePropensity
from .recipe import Rake as Rake
from .recipe import Recipe as Recipe
from .recipe import Weights as Weights
from .result import Calibration as Calibration
from .trimming import trim_weights as trim_weights
