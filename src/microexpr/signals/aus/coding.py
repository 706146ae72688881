"""Code the expression of a face in the units that are read. Arrays in, arrays out."""

from collections.abc import Sequence

import numpy as np

from microexpr.signals.aus import ACTION_UNITS, LARGEST

SHOWN = (*ACTION_UNITS, "AU16", "AU18", "AU22", "AU24", "AU27", "AU28", "AU34")  # of the renderer and of the network
OPEN = [ACTION_UNITS.index(unit) for unit in ("AU25", "AU26")]


def coded(intensity: np.ndarray, units: Sequence[str] = SHOWN, largest: float = LARGEST) -> np.ndarray:
    """Return the intensities [..., 17, n] that are read where a face shows these units, [..., U, n].

    A mouth that is stretched open is AU27 in FACS, in place of a dropped jaw (AU26), and its lips are parted (AU25).
    Readers of 17 units have no AU27, so that it counts as both, up to `largest`."""
    read: np.ndarray = intensity[..., [units.index(unit) for unit in ACTION_UNITS], :]
    stretched = intensity[..., [units.index("AU27")], :]
    read[..., OPEN, :] = np.clip(read[..., OPEN, :] + stretched, -largest, largest)
    return read
