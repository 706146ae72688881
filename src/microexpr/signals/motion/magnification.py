"""Magnify small movements by Eulerian video magnification (Wu et al. 2012). Arrays in, arrays out.

Shapes: T frames, H rows, W columns.
"""

import cv2
import numpy as np

ALPHA = 8.0  # share of the movement that is added: it then goes 1 + ALPHA times as far
LOW, HIGH = 0.5, 5.0  # magnified band in cycles per clip: one rise and fall is 1
ORDER = 4  # of the band's two edges
WAVELENGTH = 16.0  # pixels of a 288-pixel crop, below which structures are magnified less (their lambda_c)
SMALLEST = 4  # rows or columns that no level of the pyramid goes below


def magnify(
    frames: np.ndarray,
    rate: float,
    low: float = LOW,
    high: float = HIGH,
    alpha: float = ALPHA,
    wavelength: float = WAVELENGTH,
) -> np.ndarray:
    """Add the change of grey frames [T, H, W] between `low` and `high` to them, float32[T, H, W], not clipped.

    `rate` is frames in a unit of time, `low` and `high` cycles in it. A movement by d of a pattern of wavelength L
    becomes one by (1 + alpha * gain) d, as long as (1 + alpha) d < L / 8 (their eq. 14). A band of the pyramid around
    wavelength L therefore has alpha reduced to (1 + alpha) L / `wavelength` - 1, but not below 0. The residue above the
    pyramid, the brightness of the whole, is not magnified.
    """
    frames = frames.astype(np.float32)
    changes = np.tensordot(bandpass(len(frames), rate, low, high).astype(np.float32), frames, 1)
    magnified: np.ndarray = frames + np.stack([_magnify_bands(change, alpha, wavelength) for change in changes])
    return magnified


def band_gain(frequency: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return the gain 0..1 of a Butterworth band pass without delay, of order ORDER at each edge."""
    with np.errstate(divide="ignore"):
        rising = 1 / np.sqrt(1 + (low / frequency) ** (2 * ORDER))
    falling: np.ndarray = 1 / np.sqrt(1 + (frequency / high) ** (2 * ORDER))
    return rising * falling


def bandpass(count: int, rate: float, low: float, high: float) -> np.ndarray:
    """Return the filter as a matrix on a clip's frames, float64[T, T].

    A clip is too short to be filtered step by step. It is decomposed into cosines (DCT-II; k half periods in the clip
    are k rate / (2 T) cycles in a unit of time), which continue it at both ends by its mirror image, and each is
    multiplied by its `band_gain`. The mean over time is removed, since its gain is 0.
    """
    k, time = np.arange(count), (np.arange(count) + 0.5) / count
    cosines = np.cos(np.pi * k[:, None] * time) * np.sqrt(2 / count)
    cosines[0] /= np.sqrt(2)
    return cosines.T @ (band_gain(k * rate / (2 * count), low, high)[:, None] * cosines)


def _magnify_bands(change: np.ndarray, alpha: float, wavelength: float) -> np.ndarray:
    """Multiply the bands of a Laplacian pyramid of a change [H, W] by their alphas and add them up, [H, W]."""
    if min(change.shape) < 2 * SMALLEST:
        return np.zeros_like(change)
    size = change.shape[1], change.shape[0]
    smaller = cv2.pyrDown(change)
    band = change - cv2.pyrUp(smaller, dstsize=size)
    band_wavelength = 4.0  # pixels: the dominant wavelength of this band
    band_alpha = float(np.clip((1 + alpha) * band_wavelength / wavelength - 1, 0, alpha))
    coarser = cv2.pyrUp(_magnify_bands(smaller, alpha, wavelength / 2), dstsize=size)
    magnified: np.ndarray = band_alpha * band + coarser
    return magnified
