"""Resize images a little and average readings over the sizes. Arrays in, arrays out."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

Reader = Callable[[np.ndarray], np.ndarray]  # from crops to values by frame


def average_over_sizes(reader: Reader, crops: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """Return the mean of readings over `sizes` (FAMGAN, eq. 1), which damps a reader's jumps with the image size.

    `crops` are uint8[T, H, W]; a size is the number of pixels by which height and width change.
    """
    return np.mean([reader(resize(crops, size)) for size in sizes], axis=0)


def resize(crops: np.ndarray, size: int) -> np.ndarray:
    """Scale crops about the middle by `size` pixels in height and width; the window stays."""
    if not size:
        return crops
    height, width = crops.shape[1:]
    middle, scale = np.array([(width - 1) / 2, (height - 1) / 2]), 1 + size / width
    matrix = np.column_stack([scale * np.eye(2), (1 - scale) * middle])
    images = [cv2.warpAffine(crop, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE) for crop in crops]
    return np.stack(images)


def size_jumps(reader: Reader, crops: np.ndarray, sizes: Sequence[int], by: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Return how far readings move, as vectors, where images are `by` pixels larger or smaller: [T] and [T].

    The first is of readings at one size, the second of readings averaged over `sizes`. FAMGAN claims that the second is
    less.
    """
    shifts = (-by, 0, by)
    all_sizes = sorted({size + shift for size in (0, *sizes) for shift in shifts})
    single = {size: reader(resize(crops, size)).reshape(len(crops), -1) for size in all_sizes}
    mean = {shift: np.mean([single[size + shift] for size in sizes], axis=0) for shift in shifts}
    single_jumps, mean_jumps = (
        np.mean([np.linalg.norm(values[shift] - values[0], axis=1) for shift in (-by, by)], axis=0)
        for values in (single, mean)
    )
    return single_jumps, mean_jumps
