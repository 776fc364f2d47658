"""surveysim: simulate a national dual-frame telephone survey, weight it, estimate from it, and see how good it is.

Names are in the order in which data flows. They are imported on first use, so that `import surveysim` is cheap.
"""

from .on_demand import on_demand

__version__ = "0.2.0"
__getattr__, __dir__ = on_demand(__name__)
