from .statement import error_statement as error_statement
from .margins import plot_margins as plot_margins, published_margins as published_margins
from .changes import change_verdict as change_verdict, published_changes as published_changes
from .sizes import LeastSample as LeastSample, least_sample as least_sample, published_sizes as published_sizes
from .whole import Audit as Audit, audited as audited
from .simple import standard_errors as standard_errors
from ..survey.claims import ChangeVerdict as ChangeVerdict
