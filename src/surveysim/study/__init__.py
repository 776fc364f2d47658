"""A survey as a specification: one run of it, many runs of it, and how well it did."""

from .budget import ErrorBudget as ErrorBudget
from .budget import error_budget as error_budget
from .monte_carlo import Study as Study
from .performance import bootstrap_coverage as bootstrap_coverage
from .performance import compare as compare
from .performance import performance as performance
from .performance import repetitions_needed as repetitions_needed
from .results import StudyResult as StudyResult
from .solver import Solution as Solution
from .solver import solve_design as solve_design
from .spec import SurveySpec as SurveySpec
from .survey import SurveyRun as SurveyRun
