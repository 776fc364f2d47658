"""Survey files: CSV, Parquet, SPSS (.sav, .zsav), Stata (.dta) and Excel (.xlsx), read with their labels and written back with them.

What a file holds is kept as it is (codes, labels, user-missing values, formats, leading zeros), so that writing back adds columns
and changes nothing else. Levels are compared as text: 1, 1.0 and "1" are one level, and so is the label of 1 where a file has one.
"""

from .data_file import DataFile as DataFile
from .formats import read as read
from .formats import write_table as write_table
from .margins import read_margins as read_margins
