from .addresses import (
    AddressCount as AddressCount,
    Conflict as Conflict,
    Tally as Tally,
    compare_operators as compare_operators,
    count_addresses as count_addresses,
)
from .allocations import (
    AllocationList as AllocationList,
    Holding as Holding,
    read_allocations as read_allocations,
    read_operators as read_operators,
)
from .checks import discrepancies as discrepancies
from .delegated import Delegated as Delegated, read_delegated as read_delegated
from .domains import DomainCount as DomainCount, count_domains as count_domains
from .notation import from_notation as from_notation, to_notation as to_notation
from .ranges import Discrepancy as Discrepancy, Problem as Problem, Range as Range
from .tables import labelled as labelled, published_tables as published_tables, report_tables as report_tables
