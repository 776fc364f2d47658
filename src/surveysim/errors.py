"""Every error and warning of surveysim. A message gives the place, the value, the reason and the remedy."""


class SurveysimError(Exception):
    """Base class of all errors raised on purpose.

    Examples
    --------
    >>> import surveysim as ss
    >>> try:
    ...     ss.sample_size(moe=66)
    ... except ss.SurveysimError as error:  # here a DesignError, which is also a ValueError
    ...     print(type(error).__name__, error)
    DesignError moe = 66: give a share below 0.5; 0.66 points are moe=0.0066.
    """


class SpecError(SurveysimError, ValueError):
    """A survey or study specification is wrong: an unknown key, an impossible value, a missing file."""


class DataError(SurveysimError, ValueError):
    """A table or an array that was handed in cannot be used as it is."""


class UnknownNameError(SurveysimError, KeyError):
    """A name (a column, a parameter, a preset, a place) does not exist."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""  # KeyError would print the repr of the message


class DesignError(SurveysimError, ValueError):
    """A sampling design that cannot be carried out or whose variance cannot be estimated."""


class CalibrationError(SurveysimError, ValueError):
    """Weights cannot meet the control totals."""


class StudyError(SurveysimError, ValueError):
    """A Monte Carlo study cannot be run, resumed or read."""


class SurveysimWarning(UserWarning):
    """Something a user should see that does not make the answer wrong."""
