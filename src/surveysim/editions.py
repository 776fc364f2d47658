"""Whole numbers that stand for the code in fingerprints, raised by hand when it gives other bytes.

A study's ledger and a table of exact parameters are refused, or made again, when their number is not today's. Comments, moved files, pages
and the registry change none of them. `tests/golden` notices bytes that changed without their number.
"""

POPULATION = 3  # who lives there: persons, households, telephones, answers, exact parameters
DRAWS = 2  # who is sampled, dialled and interviewed, and what they say
ESTIMATES = 3  # weights, estimates, standard errors and intervals
