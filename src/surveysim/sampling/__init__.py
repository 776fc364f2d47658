"""How many interviews, where, and which numbers are dialled for them."""

from ..on_demand import on_demand

__getattr__, __dir__ = on_demand(__name__)
