"""Estimate the noise of curves that also show expressions, and the part that follows the turn of the head.

A head that turns foreshortens its face, and a reader of action units takes some of that for movement. How much depends
on the face, so it is fitted in each video separately. Arrays in, arrays out. Shapes: T frames, n curves.
"""

import numpy as np
import scipy

from microexpr.signals.aus.filters import stretches

NORMAL_MEDIAN = 0.6745  # median of the absolute value of standard normal noise
TAIL, NORMAL_TAIL = 0.8, 1.2816  # a quantile of the absolute value of noise, and that of standard normal noise
MIN_NOISE = 0.012  # FACS intensity: less is no movement that counts, and a rendered face can be without noise

SAMPLED, SPAN = 10, 0.5  # samples a second that are fitted; seconds in which all of these tell one thing
# What a turn is expected to change, FACS intensity: a degree, a squared degree. Fits are shrunk towards 0 accordingly.
LINEAR, SQUARED = 0.05, 0.01
ROUNDS = 8  # of reweighting, so that expressions count little
WIDTH = 2.0  # deviations of the residual's scale at which a frame counts half


def noise_level(change: np.ndarray) -> np.ndarray:
    """Return the standard deviation of noise, [...] of [T, ...], by the median, which expressions do not change."""
    if not len(change):
        return np.full(change.shape[1:], MIN_NOISE)
    return np.maximum(np.median(np.abs(change), axis=0) / NORMAL_MEDIAN, MIN_NOISE)


def heavy_noise_level(change: np.ndarray) -> np.ndarray:
    """Return `noise_level`, or more where large values are more frequent than in normal noise, as in a moving head."""
    if not len(change):
        return noise_level(change)
    return np.asarray(np.maximum(noise_level(change), np.quantile(np.abs(change), TAIL, axis=0) / NORMAL_TAIL))


def camera_noise(curves: np.ndarray, seen: np.ndarray, deviation: float) -> np.ndarray:
    """Return the standard deviation, [...], of independent noise of frames in curves [T, ...] after smoothing.

    Second differences remove slow changes, such as all movements; `deviation` of the Gaussian is in frames."""
    bends = np.concatenate([np.diff(curves[part], 2, axis=0) for part in stretches(seen)] or [curves[:0]])
    impulse = np.zeros(2 * int(4 * deviation + 1) + 1)
    impulse[len(impulse) // 2] = 1
    smoothing = np.sqrt((scipy.ndimage.gaussian_filter1d(impulse, deviation) ** 2).sum()) if deviation else 1.0
    return noise_level(bends / np.sqrt(6) * smoothing)


def without_turn(curves: np.ndarray, turn: np.ndarray, seen: np.ndarray, fps: float) -> np.ndarray:
    """Return curves [T, ...] without the part that follows the turn of the head [T, 3], degrees, while `seen`, bool[T].

    That is a quadratic function of yaw, pitch and roll, 0 at their median, by reweighted least squares (Cauchy)."""
    angles = turn - np.median(turn[seen], axis=0)
    first, second = np.triu_indices(3)
    terms = np.column_stack([angles, angles[:, first] * angles[:, second]])
    step = max(1, round(fps / SAMPLED))
    samples = np.column_stack([np.ones(len(angles)), terms])[seen][::step]
    expected = np.array([np.inf, *3 * [LINEAR], *6 * [SQUARED]])
    columns = curves.reshape(len(curves), -1)
    removed = np.empty(columns.shape)
    for j, column in enumerate(columns.T):
        values = column[seen][::step].astype(float)
        residual = values - np.median(values)
        for _ in range(ROUNDS):
            scale = noise_level(residual)
            weighted = samples.T / (1 + (residual / (WIDTH * scale)) ** 2)
            fit = np.linalg.solve(
                weighted @ samples + np.diag(SAMPLED * SPAN * (scale / expected) ** 2), weighted @ values
            )
            residual = values - samples @ fit
        removed[:, j] = terms @ fit[1:]
    return np.asarray((columns - removed).reshape(curves.shape))
