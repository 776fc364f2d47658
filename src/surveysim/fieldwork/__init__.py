"""What happens when the numbers are dialled: calls, contact, selection, cooperation, answers, dispositions."""

from .answers import Measurement as Measurement
from .calls import Fieldwork as Fieldwork
from .calls import call as call
from .calls import dial as dial
from .case_file import CaseFile as CaseFile
from .cost import calendar as calendar
from .cost import costs as costs
from .dispositions import response_rates as response_rates
from .eligibility import combined_rates as combined_rates
from .eligibility import eligibility_table as eligibility_table
from .eligibility import estimate_e as estimate_e
from .protocol import Protocol as Protocol
from .protocol import solve as solve
from .response import ResponseModel as ResponseModel
