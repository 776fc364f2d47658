"""One survey: its specification, its run from population to estimates, and where its error comes from."""

from ..on_demand import on_demand

__getattr__, __dir__ = on_demand(__name__)
