"""Registry statistics: IP addresses and domain names counted from registries, the second method of the 55th report.

Examples
--------
>>> from surveysim import registry
>>> registry.from_notation("20A+116B+62C")
343162368
>>> for found in registry.discrepancies():
...     print(found)
appendix-2: CNNIC IP Allocation Alliance, As A, B, C: stated 3A+192B+133C, found 3A+192B+167C, difference -8,704 addresses
appendix-2: CERNET, As A, B, C: stated 254B+16C, found 254B+15C, difference +256 addresses
appendix-5: Total, Share, %: stated 100, found 100.01, difference -0.01
"""

from .addresses import AddressCount as AddressCount
from .addresses import Conflict as Conflict
from .addresses import Tally as Tally
from .addresses import compare_operators as compare_operators
from .addresses import count_addresses as count_addresses
from .allocations import AllocationList as AllocationList
from .allocations import Holding as Holding
from .allocations import read_allocations as read_allocations
from .allocations import read_operators as read_operators
from .checks import discrepancies as discrepancies
from .delegated import Delegated as Delegated
from .delegated import read_delegated as read_delegated
from .domains import DomainCount as DomainCount
from .domains import count_domains as count_domains
from .notation import from_notation as from_notation
from .notation import to_notation as to_notation
from .ranges import Discrepancy as Discrepancy
from .ranges import Problem as Problem
from .ranges import Range as Range
from .tables import labelled as labelled
from .tables import published_tables as published_tables
from .tables import report_tables as report_tables
