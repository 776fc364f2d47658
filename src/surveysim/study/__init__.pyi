from .study import Study as Study
from .results import StudyResult as StudyResult
from .design_solver import Solution as Solution, solve_design as solve_design

# names that other rooms have since; for one release
from ..survey.budget import ErrorBudget as ErrorBudget, error_budget as error_budget
from ..survey.spec import SurveySpec as SurveySpec
from ..survey.run import SurveyRun as SurveyRun
from ..judging.tables import (
    bootstrap_coverage as bootstrap_coverage,
    compare as compare,
    performance as performance,
    repetitions_needed as repetitions_needed,
)
