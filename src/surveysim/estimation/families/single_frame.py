"""Both samples as one from the union of the frames: in the overlap one over the sum of both probabilities."""

from typing import Any, ClassVar

from ...aliases import Floats
from ...weighting.constraints import Multiplied
from .composer import Composer


class SingleFrame(Composer):
    """Bankier (1986), Kalton & Anderson (1986)."""

    accepts: ClassVar = {"single_frame": set()}

    def weights(self, w: Floats) -> tuple[Floats, Any]:
        h = self.whole(self.single())
        return w * h, Multiplied(h)

    def fixed(self, w: Floats) -> Composer:
        return self  # it has no θ
