"""Name the action units of recordings, and what a face shows of them at rest. Renders nothing."""

import numpy as np

from microexpr.rendering import display
from microexpr.rendering.performance import LIDS_AT_REST
from microexpr.signals.aus import LARGEST
from microexpr.signals.aus.coding import SHOWN

UNITS = SHOWN
ORDER = [display.ACTION_UNITS.index(unit) for unit in UNITS]


def resting_units(rest: dict[str, float]) -> np.ndarray:
    """Return the FACS intensities [units of the face, 2] of a face at rest, as of `Performer.rest`."""
    resting = display.array({unit + side: value for unit, value in rest.items() for side in display.SIDES})
    resting[display.ACTION_UNITS.index("AU45")] = LARGEST * LIDS_AT_REST
    return resting
