from .tables import (
    bootstrap_coverage as bootstrap_coverage,
    compare as compare,
    performance as performance,
    repetitions_needed as repetitions_needed,
)
