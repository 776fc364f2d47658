"""People in households, their telephones and answers; the true values every estimate is judged by."""

from .population import Population as Population
