"""What happens when the numbers are dialled: calls, contact, selection, cooperation, answers, dispositions."""

from .calls import CaseFile as CaseFile
from .calls import dial as dial
from .dispositions import response_rates as response_rates
from .response import ResponseModel as ResponseModel
