"""Estimate one similarity from a clip's frames to its crops, and cut the crops. Arrays in, arrays out."""

import cv2
import numpy as np

CROP = 288  # rows and columns of an aligned crop
RIGID = (36, 39, 42, 45, 33)  # eye corners and base of the nose: expressions move them least
# Positions of RIGID in a crop: outer eye corners 120 px apart at row 80 leave room for brows and chin of long faces.
TEMPLATE = np.array([[83.5, 80], [117.5, 82], [169.5, 82], [203.5, 80], [143.5, 146]])


def alignment(landmarks: np.ndarray) -> np.ndarray:
    """Return the one similarity from a frame's pixels to the crop's, float64[2, 3], for a clip's landmarks [T, 68, 2].
    It maps the median of the rigid points to `TEMPLATE`."""
    return similarity(np.median(landmarks[:, RIGID], axis=0), TEMPLATE, np.ones(len(TEMPLATE)))


def similarity(source: np.ndarray, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the similarity, float64[2, 3], that maps points [n, 2] to others with the least weighted squared error.
    This is Umeyama 1991, eqs. 40-42, in the plane."""
    weights = (weights / weights.sum())[:, None]
    source_mean, target_mean = ((weights * points).sum(axis=0) for points in (source, target))
    a, b = source - source_mean, weights * (target - target_mean)
    cosine, sine = (a * b).sum(), (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()
    linear = np.array([[cosine, -sine], [sine, cosine]]) / (weights * a * a).sum()
    return np.column_stack([linear, target_mean - linear @ source_mean])


def align(frame: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return the crop of a frame, uint8[288, 288, C], under a matrix of `alignment`."""
    return warp(frame, matrix, CROP).reshape(CROP, CROP, -1)


def frame_mask(size: tuple[int, int], matrix: np.ndarray) -> np.ndarray | None:
    """Return which pixels of a crop show a frame of these rows and columns, bool[288, 288]; None if all do."""
    mask = warp(np.full(size, 255, np.uint8), matrix, CROP, cv2.BORDER_CONSTANT) == 255
    return None if mask.all() else mask


def warp(frame: np.ndarray, matrix: np.ndarray, side: int, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
    """Return a frame under a similarity [2, 3], uint8[side, side, ...], linearly interpolated. A frame that is shrunk
    more than twice is first reduced by area, so that nothing aliases. Pixels outside the frame repeat its edge, or are
    0 with BORDER_CONSTANT."""
    factor = max(1, int(1 / np.hypot(matrix[0, 0], matrix[1, 0])))
    if factor > 1:
        height, width = frame.shape[0] // factor, frame.shape[1] // factor
        frame = cv2.resize(frame[: height * factor, : width * factor], (width, height), interpolation=cv2.INTER_AREA)
        # A reduced pixel's centre lies (factor - 1) / 2 from that of its first source pixel.
        shift = matrix[:, :2] @ np.full(2, (factor - 1) / 2)
        matrix = np.column_stack([matrix[:, :2] * factor, matrix[:, 2] + shift])
    return cv2.warpAffine(frame, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=border)
