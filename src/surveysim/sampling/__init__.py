"""How many interviews, where, and which numbers are dialled for them."""

from .allocation import allocate as allocate
from .allocation import margin_of_error as margin_of_error
from .allocation import sample_size as sample_size
from .design import SampleDesign as SampleDesign
from .frame_split import allocate_frames as allocate_frames
from .selection import inclusion_probabilities as inclusion_probabilities
from .selection import select as select
