from .budget import ErrorBudget as ErrorBudget, error_budget as error_budget
from .spec import SurveySpec as SurveySpec
from .run import SurveyRun as SurveyRun
from .country_spec import CountrySpec as CountrySpec
from .country import CountryRun as CountryRun
