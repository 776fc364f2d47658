"""What happens when the numbers are dialled: calls, contact, selection, cooperation, answers, dispositions."""

from .answers import Measurement as Measurement
from .calls import Fieldwork as Fieldwork
from .calls import call as call
from .calls import dial as dial
from .case_file import CaseFile as CaseFile
from .dispositions import response_rates as response_rates
from .protocol import Protocol as Protocol
from .protocol import solve as solve
from .response import ResponseModel as ResponseModel
