"""The overlap shared by one θ for all variables: composites, multiplicity and screening."""

from typing import Any, ClassVar

from ...aliases import Floats
from ...weighting.constraints import Multiplied
from .composer import Composer, sharing


class Shared(Composer):
    """Hartley (1962) with a θ that is given or of effective sizes; Mecatti (2007) with 1/2; screening with 1, or 0."""

    accepts: ClassVar = {"composite": {"theta"}, "multiplicity": set(), "screening": {"theta"}}

    def weights(self, w: Floats) -> tuple[Floats, Any]:
        h = self.part @ sharing(self.pinned(w))
        return w * h, Multiplied(h)

    def pinned(self, w: Floats) -> Any:
        if self.estimator == "multiplicity":
            return 0.5
        return 1.0 if self.estimator == "screening" and self.theta is None else super().pinned(w)
