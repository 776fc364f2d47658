"""Second implementations: slow, obvious, written from the published formulas, never importing the library.

Only the tests beside them (`test_*.py`) compare them with it.
"""
