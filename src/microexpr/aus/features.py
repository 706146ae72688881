"""What action units are read from: gradients and landmarks of a face and of its two halves made whole. Arrays only."""

import cv2
import numpy as np

# The square of a crop that holds the face, mirrored about the crop's middle column, and what it is reduced to.
INSET, SIZE = 16, 128
MIDDLE = 143.5  # column of a crop about which an aligned face is mirrored
EYES = np.array([143.5, 80.0])  # between the eyes of an aligned face
UNIT = 12.0  # pixels of a crop: a tenth of the outer eye distance, so that landmarks weigh about what gradients do
HOG = cv2.HOGDescriptor((SIZE, SIZE), (16, 16), (8, 8), (8, 8), 9)
# Which landmark a mirror makes of each: the iBUG markup counts jaw, brows, eyes and lips around.
MIRRORED = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
)
ON_LEFT = np.isin(np.arange(68), [*range(9, 17), *range(22, 27), 34, 35, *range(42, 48), *range(52, 57), 63, 64, 65])
LENGTH = HOG.getDescriptorSize() + 2 * len(MIRRORED)


def features(crop: np.ndarray, landmarks_crop: np.ndarray) -> np.ndarray:
    """float32[3, LENGTH]: of the subject's left half made a whole face, of the right half, and of the face as it is.

    `crop` is grey, uint8[288, 288], `landmarks_crop` [68, 2]. First the histograms of oriented gradients (Dalal and
    Triggs 2005; cells of 8 px in a face of 128 px), then landmarks, in tenths of the outer eye distance from between
    the eyes.
    """
    faces = sides(crop, landmarks_crop)
    return np.stack([np.concatenate([_gradients(face), _places(points)]) for face, points in faces])


def sides(crop: np.ndarray, landmarks_crop: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The face of the subject's left half and its mirror image, of the right half, and as it is, with landmarks.

    Faces are uint8[128, 128], landmarks stay in pixels of the crop. The subject's left is at the right of the picture.
    """
    face = cv2.resize(crop[INSET:-INSET, INSET:-INSET], (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    half = SIZE // 2
    right, left = face[:, :half], face[:, half:]
    mirror = landmarks_crop[MIRRORED] * [-1, 1] + [2 * MIDDLE, 0]
    middle = (np.arange(len(MIRRORED)) == MIRRORED)[:, None]
    own, other = (np.where(middle, (landmarks_crop + mirror) / 2, points) for points in (landmarks_crop, mirror))
    return [
        (np.hstack([left[:, ::-1], left]), np.where(ON_LEFT[:, None], own, other)),
        (np.hstack([right, right[:, ::-1]]), np.where(ON_LEFT[:, None], other, own)),
        (face, landmarks_crop),
    ]


def _gradients(face: np.ndarray) -> np.ndarray:
    return np.asarray(HOG.compute(np.ascontiguousarray(face)), np.float32).ravel()


def _places(landmarks_crop: np.ndarray) -> np.ndarray:
    return ((landmarks_crop - EYES) / UNIT).astype(np.float32).ravel()
