"""Movement of the regions of a face without that of its head, from the cells of the reader of action units.

An aligned face has its features at about the same places, so that regions are boxes of it. Faces of all kinds move
alike, where their looks differ: movement that was learnt from rendered faces is that of recorded ones, too. Arrays in,
arrays out.
"""

import numpy as np

from microexpr.signals.aus.regressor import FACE_SIZE, MARGIN
from microexpr.signals.faces.alignment import CROP
from microexpr.signals.motion.head import head_motion

CELLS = 32  # rows and columns of cells on a face
AROUND = MARGIN * CELLS // (CROP - 2 * MARGIN)  # cells of the crop around the face
PIXELS = (CROP - 2 * MARGIN) / FACE_SIZE  # of the crop to one of the face
# Boxes in cells: first and last from the middle of the face outward, then from its top down; the last not included.
REGIONS = {
    "inner brow": (1, 4, 8, 11), "middle brow": (4, 7, 7, 10), "outer brow": (7, 10, 8, 11),
    "upper lid": (3, 8, 11, 13), "lower lid": (3, 8, 14, 16), "cheek": (4, 9, 16, 20),
    "wing of the nose": (1, 4, 16, 19), "corner of the mouth": (4, 7, 20, 24), "upper lip": (0, 4, 20, 22),
    "lower lip": (0, 4, 23, 26), "chin": (0, 5, 26, 30),
}  # fmt: skip
DIRECTIONS = 2  # outward, down
COURSES = DIRECTIONS * len(REGIONS)  # of each half of a face


def region_movement(cells: np.ndarray) -> np.ndarray:
    """Return how far the regions have moved without the head, float32[N, 22, 2], pixels of the crop.

    `cells` float32[N, 2, 32, 32] are the movements of a face to N others, right and down, pixels of a face of 128. The
    second axis has two directions of each of `REGIONS`, outward and down, the third the subject's left and right."""
    side, middle = CELLS + 2 * AROUND, CELLS // 2
    inside = np.zeros((side, side), bool)
    inside[AROUND:-AROUND, AROUND:-AROUND] = True
    moved = np.zeros((len(cells), COURSES, 2), np.float32)
    for i, movement in enumerate(cells):
        flow = np.zeros((side, side, DIRECTIONS))
        flow[AROUND:-AROUND, AROUND:-AROUND] = PIXELS * movement.transpose(1, 2, 0)
        residual = (flow - head_motion(flow, "rigid", inside))[AROUND:-AROUND, AROUND:-AROUND]
        for half, (columns, sign) in enumerate(((residual[:, middle:], 1), (residual[:, middle - 1 :: -1], -1))):
            for j, (first, last, top, bottom) in enumerate(REGIONS.values()):
                outward, down = columns[top:bottom, first:last].mean(axis=(0, 1))
                moved[i, DIRECTIONS * j : DIRECTIONS * (j + 1), half] = sign * outward, down
    return moved
