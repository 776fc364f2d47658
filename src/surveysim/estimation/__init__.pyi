from .dual_frame import DualFrameSurvey as DualFrameSurvey
from .effort import Effort as Effort, early_late as early_late
from .estimates import Estimates as Estimates
from .imputations import combine_imputations as combine_imputations
from .intervals import proportion_interval as proportion_interval
from .survey import Survey as Survey
