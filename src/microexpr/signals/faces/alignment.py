"""One similarity from a clip's frames to its crops, and the crops. Arrays in, arrays out."""

import cv2
import numpy as np

CROP = 288  # rows and columns of an aligned crop
RIGID = (36, 39, 42, 45, 33)  # eye corners and the base of the nose: what expressions move least
# Where RIGID lies in a crop: outer eye corners 120 px apart at row 80; then brows and chin of the longest faces fit.
TEMPLATE = np.array([[83.5, 80], [117.5, 82], [169.5, 82], [203.5, 80], [143.5, 146]])


def alignment(landmarks: np.ndarray) -> np.ndarray:
    """float64[2, 3]: the one similarity from a frame's pixels to the crop's, for a clip's landmarks [T, 68, 2].

    Least squares (Umeyama 1991, eqs. 40-42, in the plane) between the median of the rigid points and `TEMPLATE`.
    """
    source = np.median(landmarks[:, RIGID], axis=0)
    a, b = source - source.mean(axis=0), TEMPLATE - TEMPLATE.mean(axis=0)
    cosine, sine = (a * b).sum(), (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()
    linear = np.array([[cosine, -sine], [sine, cosine]]) / (a * a).sum()
    return np.column_stack([linear, TEMPLATE.mean(axis=0) - linear @ source.mean(axis=0)])


def aligned(frame: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """uint8[288, 288, C]: the frame as `alignment` lays it."""
    return laid(frame, matrix, CROP).reshape(CROP, CROP, -1)


def laid(frame: np.ndarray, matrix: np.ndarray, side: int) -> np.ndarray:
    """uint8[side, side, ...]: a frame under a similarity [2, 3], linearly interpolated.

    Where that shrinks it more than twice, the frame is first reduced by area, so that nothing aliases.
    """
    reduce = max(1, int(1 / np.hypot(matrix[0, 0], matrix[1, 0])))
    if reduce > 1:
        height, width = frame.shape[0] // reduce, frame.shape[1] // reduce
        frame = cv2.resize(frame[: height * reduce, : width * reduce], (width, height), interpolation=cv2.INTER_AREA)
        # A reduced pixel's centre lies (reduce - 1) / 2 from that of its first source pixel.
        shift = matrix[:, :2] @ np.full(2, (reduce - 1) / 2)
        matrix = np.column_stack([matrix[:, :2] * reduce, matrix[:, 2] + shift])
    found: np.ndarray = cv2.warpAffine(
        frame, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return found
