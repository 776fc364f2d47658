"""surveysim: simulate a national dual-frame telephone survey, weight it, estimate from it, and see how good it is.

Names are in the order in which data flows. They are imported on first use, so that `import surveysim` is cheap.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {
    # population and frames
    "Population": "population",
    "TelephoneFrame": "frame",
    # planning
    "sample_size": "sampling",
    "margin_of_error": "sampling",
    "allocate": "sampling",
    "allocate_frames": "sampling",
    "inclusion_probabilities": "sampling",
    "select": "sampling",
    # one survey
    "SurveySpec": "survey",
    "response_rates": "fieldwork",
    # weighting
    "rake": "weighting",
    "calibrate": "weighting",
    "poststratify": "weighting",
    "trim_weights": "weighting",
    "Recipe": "weighting",
    # estimation
    "Survey": "estimation",
    "DualFrameSurvey": "estimation",
    "proportion_interval": "estimation",
    "early_late": "estimation",
    # studies
    "Study": "study",
    "performance": "judging",
    "error_budget": "survey",
    # what a published error statement implies
    "error_statement": "audit",
    "published_margins": "audit",
    "published_changes": "audit",
    # errors
    "SurveysimError": "errors",
    "SpecError": "errors",
    "DataError": "errors",
    "UnknownNameError": "errors",
    "DesignError": "errors",
    "CalibrationError": "errors",
    "StudyError": "errors",
    "SurveysimWarning": "errors",
}
__all__ = list(_HOMES)


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'surveysim' has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return [*globals(), *__all__]
