"""What a published error statement implies, and what it leaves out: margins by domain size, sample sizes, changes between two surveys."""

from ..on_demand import on_demand

__getattr__, __dir__ = on_demand(__name__)
