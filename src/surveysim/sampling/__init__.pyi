from .allocation import allocate as allocate
from .clustering import ClusterPlan as ClusterPlan, clusters as clusters
from .design import SampleDesign as SampleDesign
from .frame_split import allocate_frames as allocate_frames
from .number_frame import NumberFrame as NumberFrame, NumberSample as NumberSample
from .subsampling import SubsamplePlan as SubsamplePlan, subsample as subsample
from .selection import inclusion_probabilities as inclusion_probabilities, select as select
from .rotating import change_error as change_error, rotation as rotation
from .planning import design_effect as design_effect, detectable as detectable, power as power
from .sizes import margin_of_error as margin_of_error, sample_size as sample_size
