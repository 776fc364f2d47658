"""From design weights to final weights, step by step. Takes tables; never sees the population."""

from ..on_demand import on_demand

__getattr__, __dir__ = on_demand(
    __name__,
    {
        ".tables": "Columns",
        "calibration": "calibrate poststratify",
        "diagnostics": "Diagnosis diagnose",
        "margins": "Margins",
        "raking": "rake rake_coded",
        "recipe": "Recipe Weights",
        "result": "Calibration",
        "steps": "BaseWeight Composite InverseSampling Multiplicity NonresponseClasses NonresponsePropensity Rake Released Selection "
        "UnitNonresponse response_propensity",
        "trimming": "trim_weights",
    },
)
