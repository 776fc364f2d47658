"""Estimates with design-based errors from a table and its weights. Never sees the population."""

from .intervals import proportion_interval as proportion_interval
from .survey import Estimates as Estimates
from .survey import Survey as Survey
