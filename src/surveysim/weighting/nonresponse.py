"""Nonresponse adjustment by classes, from the final dispositions of all numbers."""

import numpy as np

from ..errors import DataError


def class_factors(counts, e, e_unscreened=1.0):
    """Estimated eligible cases over interviews, per class.

    Parameters
    ----------
    counts : (classes, 8) numbers by AAPOR category I, P, R, NC, O, UH, UO, NE.
    e : share of the numbers of unknown status (UH) that are eligible, a number or "proportional" (known eligible over known
        eligible plus not eligible, class by class; CASRO).
    e_unscreened : share of the people and households reached but not screened (UO) that are eligible.

    Notes
    -----
    The inverse of AAPOR's RR3, so that interviews stand for everybody eligible in their class (Kalton & Flores-Cervantes
    2003, J. Off. Stat. 19:81-97).
    """
    counts = np.asarray(counts, dtype=float)
    interviews, known = counts[:, 0], counts[:, :5].sum(axis=1)
    if np.any(interviews <= 0):
        raise DataError(
            f"nonresponse class {int(np.argmax(interviews <= 0))} has numbers but no interviews; join it with another."
        )
    share = known / (known + counts[:, 7]) if isinstance(e, str) else np.full(len(counts), float(e))
    return (known + share * counts[:, 5] + e_unscreened * counts[:, 6]) / interviews
