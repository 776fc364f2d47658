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

from ..on_demand import on_demand

__getattr__, __dir__ = on_demand(__name__)
