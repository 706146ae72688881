"""Sample the action units of recordings, and say what a face shows of them at rest. Renders nothing."""

import numpy as np

from microexpr.rendering import display
from microexpr.rendering.performance import LIDS_AT_REST
from microexpr.signals.aus import ACTION_UNITS, LARGEST
from microexpr.signals.aus.coding import SHOWN

ORDER = [display.ACTION_UNITS.index(unit) for unit in SHOWN]
UNILATERAL = 0.3  # share of units on one side


def resting_units(rest: dict[str, float]) -> np.ndarray:
    """Return the FACS intensities [units of the face, 2] of a face at rest, as of `Performer.rest`."""
    resting = display.array({unit + side: value for unit, value in rest.items() for side in display.SIDES})
    resting[display.ACTION_UNITS.index("AU45")] = LARGEST * LIDS_AT_REST
    return resting


def sample_units(intensity: tuple[float, float], most: int, unread: float, rng: np.random.Generator) -> np.ndarray:
    """Sample FACS intensities [units of the face, 2] of one to `most` units together, log-uniform in a range.

    `unread` is how often units occur that are not read, against those that are."""
    low, high = np.log(intensity)
    weights = np.where(np.isin(display.ACTION_UNITS, ACTION_UNITS), 1.0, unread)
    count = rng.integers(1, most + 1)
    intensities = np.zeros((len(display.ACTION_UNITS), 2))
    for unit in rng.choice(len(intensities), count, replace=False, p=weights / weights.sum()):
        asymmetry = np.clip(rng.normal(0, 0.15), -0.6, 0.6)
        sides = np.array([1 + asymmetry, 1 - asymmetry])
        if rng.random() < UNILATERAL:
            sides[rng.integers(2)] = 0
        intensities[unit] = np.exp(rng.uniform(low, high)) * sides
    return intensities
