"""Eulerian video magnification (Wu et al. 2012): small movements made large. Arrays in, arrays out.

Shapes: T frames, H rows, W columns.
"""

import cv2
import numpy as np

ALPHA = 8.0  # how much is added of what moves: it then goes 1 + ALPHA times as far
LOW, HIGH = 0.5, 5.0  # the band that is magnified, where a clip is one unit of time: one rise and fall is 1
ORDER = 4  # of the band's two edges
WAVELENGTH = 16.0  # pixels of a 288-pixel crop, below which structures are magnified less (their lambda_c)
SMALLEST = 4  # rows or columns that no level of the pyramid goes below


def magnified(
    frames: np.ndarray,
    rate: float,
    low: float = LOW,
    high: float = HIGH,
    alpha: float = ALPHA,
    wavelength: float = WAVELENGTH,
) -> np.ndarray:
    """float32[T, H, W] of grey frames [T, H, W], not clipped: what changes between `low` and `high` is added again.

    `rate` is frames in a unit of time, `low` and `high` cycles in it. A movement by d of a pattern of wavelength L is
    then one by (1 + alpha * gain) d, as long as (1 + alpha) d < L / 8 (their eq. 14); so a band of the pyramid around
    wavelength L has alpha reduced to (1 + alpha) L / `wavelength` - 1, and none below 0. What is left above the
    pyramid, the brightness of the whole, is not magnified.
    """
    frames = frames.astype(np.float32)
    changes = np.tensordot(bandpass(len(frames), rate, low, high).astype(np.float32), frames, 1)
    made: np.ndarray = frames + np.stack([_weighted(change, alpha, wavelength) for change in changes])
    return made


def gain(frequency: np.ndarray, low: float, high: float) -> np.ndarray:
    """[...]: of the temporal filter, 0..1: a Butterworth band pass of order ORDER at each edge, without its delay."""
    with np.errstate(divide="ignore"):
        rising = 1 / np.sqrt(1 + (low / frequency) ** (2 * ORDER))
    falling: np.ndarray = 1 / np.sqrt(1 + (frequency / high) ** (2 * ORDER))
    return rising * falling


def bandpass(count: int, rate: float, low: float, high: float) -> np.ndarray:
    """float64[T, T]: the filter as a matrix on a clip's frames.

    A clip is too short to be filtered step by step. It is taken apart into its cosines (DCT-II; k half periods in the
    clip are k rate / (2 T) cycles in a unit of time), which continue it at both ends by its mirror image, and each has
    its `gain`. The mean over time is gone, since its gain is 0.
    """
    k, time = np.arange(count), (np.arange(count) + 0.5) / count
    cosines = np.cos(np.pi * k[:, None] * time) * np.sqrt(2 / count)
    cosines[0] /= np.sqrt(2)
    return cosines.T @ (gain(k * rate / (2 * count), low, high)[:, None] * cosines)


def _weighted(change: np.ndarray, alpha: float, wavelength: float) -> np.ndarray:
    """[H, W]: the bands of a Laplacian pyramid of a change [H, W], each times its alpha, put together again."""
    if min(change.shape) < 2 * SMALLEST:
        return np.zeros_like(change)
    size = change.shape[1], change.shape[0]
    smaller = cv2.pyrDown(change)
    band = change - cv2.pyrUp(smaller, dstsize=size)
    around = 4.0  # pixels: the wavelength that this band has most of
    own = float(np.clip((1 + alpha) * around / wavelength - 1, 0, alpha))
    coarser = cv2.pyrUp(_weighted(smaller, alpha, wavelength / 2), dstsize=size)
    made: np.ndarray = own * band + coarser
    return made
