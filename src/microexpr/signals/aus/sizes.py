"""The same picture a little larger or smaller, and the mean of what is read at each size. Arrays in, arrays out."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

Read = Callable[[np.ndarray, np.ndarray], np.ndarray]  # of crops and landmarks


def averaged(read: Read, crops: np.ndarray, landmarks_crop: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """The mean of what `read` says over `sizes` (FAMGAN, eq. 1): a reader that jumps with the size jumps less.

    `crops` are uint8[T, H, W], `landmarks_crop` [T, 68, 2]; a size is by how many pixels height and width change.
    """
    return np.mean([read(*resized(crops, landmarks_crop, size)) for size in sizes], axis=0)


def resized(crops: np.ndarray, landmarks_crop: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Crops and landmarks as if the picture were `size` pixels higher and wider; about the middle, the window stays."""
    if not size:
        return crops, landmarks_crop
    height, width = crops.shape[1:]
    middle, scale = np.array([(width - 1) / 2, (height - 1) / 2]), 1 + size / width
    matrix = np.column_stack([scale * np.eye(2), (1 - scale) * middle])
    pictures = [cv2.warpAffine(crop, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE) for crop in crops]
    return np.stack(pictures), (landmarks_crop - middle) * scale + middle


def jumps(
    read: Read, crops: np.ndarray, landmarks_crop: np.ndarray, sizes: Sequence[int], by: int = 5
) -> tuple[np.ndarray, np.ndarray]:
    """How far what is read moves, as a vector, where the picture is `by` pixels larger or smaller: each [T].

    First as read at one size, then averaged over `sizes`. FAMGAN claims that the second is less.
    """
    shifts = (-by, 0, by)
    wide = sorted({size + shift for size in (0, *sizes) for shift in shifts})
    one = {size: read(*resized(crops, landmarks_crop, size)).reshape(len(crops), -1) for size in wide}
    mean = {shift: np.mean([one[size + shift] for size in sizes], axis=0) for shift in shifts}
    alone, averages = (
        np.mean([np.linalg.norm(way[shift] - way[0], axis=1) for shift in (-by, by)], axis=0) for way in (one, mean)
    )
    return alone, averages
