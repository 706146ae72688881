"""Estimate the noise of curves that also show expressions. Arrays in, arrays out."""

import numpy as np
import scipy

from microexpr.signals.aus.filters import stretches

NORMAL_MEDIAN = 0.6745  # median of the absolute value of standard normal noise
TAIL, NORMAL_TAIL = 0.8, 1.2816  # a quantile of the absolute value of noise, and that of standard normal noise
MIN_NOISE = 0.012  # FACS intensity: less is no movement that counts, and a rendered face can be without noise


def noise_level(change: np.ndarray) -> np.ndarray:
    """Return the standard deviation of noise, [...] of [T, ...], by the median, which expressions do not change."""
    if not len(change):
        return np.full(change.shape[1:], MIN_NOISE)
    noise: np.ndarray = np.maximum(np.median(np.abs(change), axis=0) / NORMAL_MEDIAN, MIN_NOISE)
    return noise


def heavy_noise_level(change: np.ndarray) -> np.ndarray:
    """Return `noise_level`, or more where large values are more frequent than in normal noise, as in a moving head."""
    if not len(change):
        return noise_level(change)
    return np.asarray(np.maximum(noise_level(change), np.quantile(np.abs(change), TAIL, axis=0) / NORMAL_TAIL))


def camera_noise(curves: np.ndarray, seen: np.ndarray, deviation: float) -> np.ndarray:
    """Return the standard deviation, [...], of independent noise of frames in curves [T, ...] after smoothing.

    Second differences remove what changes slowly, as all movements do; `deviation` of the Gaussian is in frames."""
    bends = np.concatenate([np.diff(curves[part], 2, axis=0) for part in stretches(seen)] or [curves[:0]])
    impulse = np.zeros(2 * int(4 * deviation + 1) + 1)
    impulse[len(impulse) // 2] = 1
    smoothing = np.sqrt((scipy.ndimage.gaussian_filter1d(impulse, deviation) ** 2).sum()) if deviation else 1.0
    return noise_level(bends / np.sqrt(6) * smoothing)
