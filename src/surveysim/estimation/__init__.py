"""Estimates with design-based errors from a table and its weights. Never sees the population."""

from .dual_frame import DualFrameSurvey as DualFrameSurvey
from .effort import Effort as Effort
from .effort import early_late as early_late
from .estimates import Estimates as Estimates
from .intervals import proportion_interval as proportion_interval
from .survey import Survey as Survey
