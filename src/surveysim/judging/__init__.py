"""How good estimators are, from a table of repetitions: bias, errors, coverage, each with its Monte Carlo error."""

from ..on_demand import on_demand

__getattr__, __dir__ = on_demand(__name__)
