"""Compute the features of each half of a face: gradients, landmarks and movements. Arrays only.

A half is described from the middle outward, the subject's right one mirrored, so that one model reads both. FAMGAN
makes a whole face of each half and its mirror image instead, and describes every pixel twice.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from microexpr.signals.aus.movement import blur, movement

# The square of a crop that holds the face, mirrored about the crop's middle column, and what it is reduced to.
FACE_MARGIN, FACE_SIZE = 16, 128
MIDDLE = 143.5  # column of a crop about which an aligned face is mirrored
EYES = np.array([143.5, 80.0])  # between the eyes of an aligned face
# Pixels of a crop: a tenth of the outer eye distance, so that landmarks weigh about as much as gradients.
LANDMARK_UNIT = 12.0
LANDMARK_WEIGHT = 3.0  # of the difference between landmarks, against a movement of one pixel
GRADIENT_WEIGHT = 4.0  # weight of a change of gradients against a movement of one pixel
BLOCK, STRIDE, BINS = 16, 8, 9  # px and number of bins of the gradients
HOG = cv2.HOGDescriptor((FACE_SIZE // 2, FACE_SIZE), (BLOCK, BLOCK), (STRIDE, STRIDE), (STRIDE, STRIDE), BINS)
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
GRADIENTS = (FACE_SIZE // 2 // STRIDE) * (FACE_SIZE // STRIDE) * BINS
# Of a half: two for each coarse cell of 8 px and each fine one of 4.
MOVEMENTS = FACE_SIZE * FACE_SIZE // 64 + FACE_SIZE * FACE_SIZE // 16
LANDMARKS = 2 * len(LEFT_LANDMARKS)
APPEARANCE = GRADIENTS + LANDMARKS  # numbers of features: of one face,
CHANGE = GRADIENTS + MOVEMENTS  # of what changes in a recording,
OCCASIONS = CHANGE + LANDMARKS  # and of the difference between pictures of two occasions


@dataclass(frozen=True, slots=True, eq=False)
class FaceFeatures:
    """Features of one face; halves are left and right."""

    gradients: np.ndarray  # float32[2, GRADIENTS]
    landmarks: np.ndarray  # float32[2, LANDMARKS], tenths of the eye distance from between the eyes
    face: np.ndarray  # float32[128, 128], grey and a little blurred


def describe_face(crop: np.ndarray, landmarks_crop: np.ndarray) -> FaceFeatures:
    """Return the features of a grey crop uint8[288, 288] with landmarks [68, 2]."""
    face = cv2.resize(
        crop[FACE_MARGIN:-FACE_MARGIN, FACE_MARGIN:-FACE_MARGIN], (FACE_SIZE, FACE_SIZE), interpolation=cv2.INTER_AREA
    )
    mirror = landmarks_crop[MIRRORED] * [-1, 1] + [2 * MIDDLE, 0]
    landmarks = np.stack([points[LEFT_LANDMARKS] - EYES for points in (landmarks_crop, mirror)]) / LANDMARK_UNIT
    return FaceFeatures(
        gradients=np.stack([gradient_histograms(half) for half in split_halves(face)]),
        landmarks=landmarks.reshape(2, -1).astype(np.float32),
        face=blur(face),
    )


def appearance(face: FaceFeatures) -> np.ndarray:
    """Return the features that one face gives by itself, float32[2, APPEARANCE]."""
    return np.concatenate([face.gradients, face.landmarks], axis=1)


def change(onset: FaceFeatures, face: FaceFeatures) -> np.ndarray:
    """Return the features of a change since the onset, float32[2, CHANGE]: 0 for the onset itself.

    They are differences of gradients, and the movement of the skin in pixels of a face of 128.
    """
    movements = [_outward_movement(cells) for cells in movement(onset.face, face.face)]
    return np.concatenate([GRADIENT_WEIGHT * (face.gradients - onset.gradients), *movements], axis=1)


def difference(onset: FaceFeatures, face: FaceFeatures) -> np.ndarray:
    """Return `change` and the difference between landmarks, float32[2, OCCASIONS]: these tell what moved in pictures of
    two occasions, in which light and pose differ more than expressions do."""
    return np.concatenate([change(onset, face), LANDMARK_WEIGHT * (face.landmarks - onset.landmarks)], axis=1)


def magnitudes(differences: np.ndarray) -> np.ndarray:
    """Return the logarithms of how much gradients differ and how far the skin moves, [..., 2], of [..., OCCASIONS]."""
    parts = differences[..., :GRADIENTS], differences[..., GRADIENTS:CHANGE]
    return np.log(1e-3 + np.stack([np.linalg.norm(part, axis=-1) for part in parts], axis=-1))


def split_halves(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split [H, W, ...] into the subject's left and right half, each from the middle outward.

    The subject's left is at the right of an image.
    """
    middle = cells.shape[1] // 2
    return cells[:, middle:], cells[:, :middle][:, ::-1]


def _outward_movement(cells: np.ndarray) -> np.ndarray:
    """Return vectors [H, W, 2] by half, [2, n], with x reversed in the right half, which is mirrored."""
    left, right = split_halves(cells)
    return np.stack([left.ravel(), (right * np.array([-1, 1], np.float32)).ravel()])


def gradient_histograms(half: np.ndarray) -> np.ndarray:
    """Return histograms of oriented gradients (Dalal and Triggs 2005), cells averaged over their blocks."""
    across, down = half.shape[1] // STRIDE, half.shape[0] // STRIDE
    blocks = np.asarray(HOG.compute(np.ascontiguousarray(half))).reshape(across - 1, down - 1, 2, 2, BINS)
    cells, counts = np.zeros((across, down, BINS), np.float32), np.zeros((across, down, 1), np.float32)
    for x, y in np.ndindex(2, 2):
        cell_range = (slice(x, across - 1 + x), slice(y, down - 1 + y))
        cells[cell_range] += blocks[:, :, x, y]
        counts[cell_range] += 1
    return (cells / counts).ravel()
