"""Name the action units of recordings, and what a face shows of them at rest. Renders nothing."""

import numpy as np

from microexpr.rendering import display
from microexpr.rendering.performance import LIDS_AT_REST
from microexpr.signals.aus import ACTION_UNITS, LARGEST

# All units of the renderer, those that are read first.
UNITS = (*ACTION_UNITS, *(unit for unit in display.ACTION_UNITS if unit not in ACTION_UNITS))
ORDER = [display.ACTION_UNITS.index(unit) for unit in UNITS]


def resting_units(rest: dict[str, float]) -> np.ndarray:
    """Return the FACS intensities [units of the face, 2] of a face at rest, as of `Performer.rest`."""
    resting = display.array({unit + side: value for unit, value in rest.items() for side in display.SIDES})
    resting[display.ACTION_UNITS.index("AU45")] = LARGEST * LIDS_AT_REST
    return resting
