"""Survey files: CSV, Parquet, SPSS (.sav, .zsav), Stata (.dta) and Excel (.xlsx), read with their labels and written back with them.

What a file holds is kept as it is (codes, labels, user-missing values, formats, leading zeros), so that writing back adds columns
and changes nothing else. Levels are compared as text: 1, 1.0 and "1" are one level, and so is the label of 1 where a file has one.
"""

from ..on_demand import on_demand

__getattr__, __dir__ = on_demand(__name__)
