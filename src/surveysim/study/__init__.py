"""A survey as a specification: one run of it, many runs of it, and how well it did."""

from .budget import ErrorBudget as ErrorBudget
from .budget import error_budget as error_budget
from .execution import Repetitions as Repetitions
from .execution import repeat as repeat
from .spec import SurveySpec as SurveySpec
from .survey import SurveyRun as SurveyRun
