"""What action units are read from: gradients, landmarks and movements in either half of a face. Arrays only.

A half is looked at from the middle outward, the subject's right one mirrored, so that one model reads both: what
FAMGAN does by making a whole face of each half and its mirror image, without looking at everything twice.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from microexpr.signals.aus.movement import blurred, movement

# The square of a crop that holds the face, mirrored about the crop's middle column, and what it is reduced to.
INSET, SIZE = 16, 128
MIDDLE = 143.5  # column of a crop about which an aligned face is mirrored
EYES = np.array([143.5, 80.0])  # between the eyes of an aligned face
UNIT = 12.0  # pixels of a crop: a tenth of the outer eye distance, so that landmarks weigh about what gradients do
TURNED = 4.0  # weight of a change of gradients beside a movement of one pixel
BLOCK, STRIDE, BINS = 16, 8, 9  # px and number of bins of the gradients
HOG = cv2.HOGDescriptor((SIZE // 2, SIZE), (BLOCK, BLOCK), (STRIDE, STRIDE), (STRIDE, STRIDE), BINS)
# Which landmark a mirror makes of each: the iBUG markup counts jaw, brows, eyes and lips around.
MIRRORED = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
)
# Those of the subject's left half and of its middle.
LEFT = np.array([8, *range(9, 17), *range(22, 31), *range(33, 36), *range(42, 48), *range(51, 58), *range(62, 67)])
GRADIENTS = (SIZE // 2 // STRIDE) * (SIZE // STRIDE) * BINS
MOVEMENTS = SIZE * SIZE // 64 + SIZE * SIZE // 16  # of a half: two for each coarse cell of 8 px and each fine one of 4
APPEARANCE, CHANGE = GRADIENTS + 2 * len(LEFT), GRADIENTS + MOVEMENTS  # numbers of features


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One face as it is looked at; halves are left and right."""

    gradients: np.ndarray  # float32[2, GRADIENTS]
    places: np.ndarray  # float32[2, 2 * len(LEFT)]: landmarks, tenths of the outer eye distance from between the eyes
    face: np.ndarray  # float32[128, 128], grey and a little blurred


def look(crop: np.ndarray, landmarks_crop: np.ndarray) -> Look:
    """What `appearance` and `change` need of a grey crop uint8[288, 288] and its landmarks [68, 2]."""
    face = cv2.resize(crop[INSET:-INSET, INSET:-INSET], (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    mirror = landmarks_crop[MIRRORED] * [-1, 1] + [2 * MIDDLE, 0]
    places = np.stack([points[LEFT] - EYES for points in (landmarks_crop, mirror)]) / UNIT
    return Look(
        gradients=np.stack([gradients(half) for half in halves(face)]),
        places=places.reshape(2, -1).astype(np.float32),
        face=blurred(face),
    )


def appearance(face: Look) -> np.ndarray:
    """float32[2, APPEARANCE]: what intensities are read from where nothing else is known of the person."""
    return np.concatenate([face.gradients, face.places], axis=1)


def change(onset: Look, face: Look) -> np.ndarray:
    """float32[2, CHANGE], 0 for the onset itself: what a change of intensities since the onset is read from.

    Differences of gradients, and the movement of the skin in pixels of a face of 128.
    """
    moved = [_mirrored_back(cells) for cells in movement(onset.face, face.face)]
    return np.concatenate([TURNED * (face.gradients - onset.gradients), *moved], axis=1)


def halves(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The subject's left and right half of [H, W, ...], from the middle outward: left is at the right of a picture."""
    middle = cells.shape[1] // 2
    return cells[:, middle:], cells[:, :middle][:, ::-1]


def _mirrored_back(cells: np.ndarray) -> np.ndarray:
    """[2, n] of vectors [H, W, 2]: in the right half, which is mirrored, to the right is to the left."""
    left, right = halves(cells)
    return np.stack([left.ravel(), (right * np.array([-1, 1], np.float32)).ravel()])


def gradients(half: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients (Dalal and Triggs 2005), each cell the mean over the blocks that hold it."""
    across, down = half.shape[1] // STRIDE, half.shape[0] // STRIDE
    blocks = np.asarray(HOG.compute(np.ascontiguousarray(half))).reshape(across - 1, down - 1, 2, 2, BINS)
    cells, counts = np.zeros((across, down, BINS), np.float32), np.zeros((across, down, 1), np.float32)
    for x, y in np.ndindex(2, 2):
        place = (slice(x, across - 1 + x), slice(y, down - 1 + y))
        cells[place] += blocks[:, :, x, y]
        counts[place] += 1
    return (cells / counts).ravel()
