"""The coding of an open mouth, and the names of the renderer's units."""

import numpy as np

from microexpr.rendering import display
from microexpr.signals.aus import ACTION_UNITS
from microexpr.signals.aus.coding import SHOWN, coded


def test_units_are_those_of_the_renderer_with_those_that_are_read_first() -> None:
    assert sorted(SHOWN) == sorted(display.ACTION_UNITS) and SHOWN[: len(ACTION_UNITS)] == ACTION_UNITS


def test_a_stretched_mouth_is_read_as_a_dropped_jaw_with_parted_lips() -> None:
    for units in (SHOWN, display.ACTION_UNITS):
        displayed = np.zeros((3, len(units), 2), np.float32)
        displayed[1, units.index("AU27")] = [2, -1]
        displayed[1:, units.index("AU26"), 0] = 4
        read = coded(displayed, units)
        assert read.shape == (3, 17, 2) and not read[0].any()
        assert read[1, ACTION_UNITS.index("AU25")].tolist() == [2, -1]
        assert read[1:, ACTION_UNITS.index("AU26")].tolist() == [[5, -1], [4, 0]]
        assert np.delete(read, [ACTION_UNITS.index("AU25"), ACTION_UNITS.index("AU26")], axis=1).max() == 0
        assert displayed[1, units.index("AU25")].max() == 0  # the argument stays
