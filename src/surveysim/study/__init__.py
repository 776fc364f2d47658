"""A survey as a specification: one run of it, many runs of it, and how well it did."""

from .execution import Repetitions as Repetitions
from .execution import repeat as repeat
from .spec import SurveySpec as SurveySpec
from .survey import SurveyRun as SurveyRun
