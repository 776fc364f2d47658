"""From design weights to final weights, step by step. Takes tables; never sees the population."""

from .calibration import Calibration as Calibration
from .calibration import Margins as Margins
from .calibration import rake as rake
from .recipe import Recipe as Recipe
from .recipe import Weights as Weights
