"""From design weights to final weights, step by step. Takes tables; never sees the population."""

from ..on_demand import on_demand

__getattr__, __dir__ = on_demand(__name__)
