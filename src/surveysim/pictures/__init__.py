"""Pictures of numbers, as matplotlib Axes in one style; they get plain arrays and compute nothing."""

from ..on_demand import on_demand

__getattr__, __dir__ = on_demand(__name__)
