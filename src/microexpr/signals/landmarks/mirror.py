"""Name which landmarks are mirror images of each other. Arrays only."""

import numpy as np

MIDDLE = 143.5  # column of a crop about which an aligned face is mirrored
# The landmark that each becomes in a mirror image; the iBUG markup numbers jaw, brows, eyes and lips in order.
MIRRORED = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
)
# Landmarks of the subject's left half and of the middle.
LEFT_LANDMARKS = np.array(
    [8, *range(9, 17), *range(22, 31), *range(33, 36), *range(42, 48), *range(51, 58), *range(62, 67)]
)
