"""What happens when the numbers are dialled: calls, contact, selection, cooperation, answers, dispositions."""

from ..on_demand import on_demand

__getattr__, __dir__ = on_demand(__name__)
