from .answers import Measurement as Measurement
from .calls import Fieldwork as Fieldwork, call as call, dial as dial
from .case_file import CaseFile as CaseFile
from .cost import calendar as calendar, costs as costs
from .dispositions import response_rates as response_rates
from .eligibility import (
    combined_rates as combined_rates,
    eligibility_table as eligibility_table,
    estimate_e as estimate_e,
)
from .protocol import Protocol as Protocol, solve as solve
from .response import ResponseModel as ResponseModel
