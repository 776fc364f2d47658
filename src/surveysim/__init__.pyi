"""The public names, in the order in which data flows."""

__version__: str

# population and frames
from .population import Population as Population
from .frame import TelephoneFrame as TelephoneFrame

# planning
from .sampling import (
    sample_size as sample_size,
    power as power,
    margin_of_error as margin_of_error,
    allocate as allocate,
    allocate_frames as allocate_frames,
    inclusion_probabilities as inclusion_probabilities,
    select as select,
)

# one survey
from .survey import SurveySpec as SurveySpec
from .fieldwork import response_rates as response_rates

# weighting
from .weighting import (
    rake as rake,
    calibrate as calibrate,
    poststratify as poststratify,
    trim_weights as trim_weights,
    Recipe as Recipe,
)

# estimation
from .estimation import (
    Survey as Survey,
    DualFrameSurvey as DualFrameSurvey,
    combine as combine,
    proportion_interval as proportion_interval,
    early_late as early_late,
)

# studies
from .study import Study as Study
from .judging import performance as performance
from .survey import error_budget as error_budget

# what a published error statement implies
from .audit import (
    error_statement as error_statement,
    published_margins as published_margins,
    published_changes as published_changes,
)

# published results, made again
from .published import reproduce as reproduce

# errors
from .errors import (
    SurveysimError as SurveysimError,
    SpecError as SpecError,
    DataError as DataError,
    UnknownNameError as UnknownNameError,
    DesignError as DesignError,
    CalibrationError as CalibrationError,
    StudyError as StudyError,
    SurveysimWarning as SurveysimWarning,
)
