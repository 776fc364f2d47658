"""From design weights to final weights, step by step. Takes tables; never sees the population."""

from ..on_demand import on_demand

__getattr__, __dir__ = on_demand(
    __name__,
    {
        ".tables": "Columns",
        "calibration": "rake rake_coded",
        "diagnostics": "Diagnosis diagnose",
        "generalized": "calibrate poststratify",
        "margins": "Margins",
        "recipe": "Recipe Weights",
        "result": "Calibration",
        "steps": "BaseWeight Composite InverseSampling Multiplicity NonresponseClasses NonresponsePropensity Rake Released Selection",
        "trimming": "trim_weights",
        "unit_nonresponse": "UnitNonresponse response_propensity",
    },
)
