from .dual_frame import DualFrameSurvey as DualFrameSurvey
from .effort import Effort as Effort, early_late as early_late
from ..analysis.gvf import GeneralizedVariance as GeneralizedVariance, generalized_variance as generalized_variance
from ..inference.estimates import Estimates as Estimates
from .folders import FolderSurvey as FolderSurvey
from .imputations import combine_imputations as combine_imputations
from ..inference.intervals import proportion_interval as proportion_interval
from .survey import Survey as Survey
from .waves import combine as combine
