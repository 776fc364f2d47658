"""Replicates: what each multiplies the weights of a PSU by."""

import numpy as np

from ..errors import DesignError
from ..kernels import replicates as kernels
from ..streams import key

LANES = kernels.LANES


class RaoWu:
    """Rao and Wu's rescaling bootstrap of PSUs, n_h - 1 drawn with replacement from the n_h of each stratum.

    Parameters
    ----------
    psu_stratum : (PSUs,) stratum 0 .. H - 1 of each PSU. seed : of the study. Replicate r is the same whatever else is drawn.

    References
    ----------
    Rao & Wu (1988), JASA 83:231-241; Rao, Wu & Yue (1992), Surv. Methodol. 18:209-217 (as weights).
    """

    def __init__(self, psu_stratum, seed):
        psu_stratum = np.asarray(psu_stratum)
        size = np.bincount(psu_stratum)
        if np.any(size == 1):
            raise DesignError(
                f"{int((size == 1).sum())} strata have one PSU, so there is nothing to draw from; join strata."
            )
        self.order = np.argsort(psu_stratum, kind="stable")
        self.start = np.concatenate([[0], np.cumsum(size)])
        self.key = key(seed, "", "rao-wu")

    def __call__(self, first, out):
        """Multipliers (PSUs, LANES) of the replicates from `first` on, into `out`."""
        kernels.rao_wu(self.key[0], self.key[1], first, self.start, self.order, out)

    def matrix(self, n):
        """Multipliers of `n` replicates, (PSUs, n)."""
        blocks = [np.empty((len(self.order), LANES)) for _ in range(-(-n // LANES))]
        for k, block in enumerate(blocks):
            self(k * LANES, block)
        return np.concatenate(blocks, axis=1)[:, :n]
