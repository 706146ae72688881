"""Resample clips in time by TIM, the temporal interpolation model. Arrays in, arrays out.

Zhou, Zhao & Pietikainen 2011. Shapes: n frames of the clip, m frames of the result.
"""

import numpy as np


def interpolate(frames: np.ndarray, count: int) -> np.ndarray:
    """Resample frames [n, ...] to float32[m, ...], m = `count`, at equal distances in time from first to last."""
    flat = frames.reshape(len(frames), -1).astype(np.float32)
    resampled: np.ndarray = weights(len(frames), count).astype(np.float32) @ flat
    return resampled.reshape(count, *frames.shape[1:])


def weights(frames: int, count: int) -> np.ndarray:
    """Return how much of each frame is in each interpolated one, float64[m, n]; rows sum to 1.

    TIM lays the frames as vertices on a path graph, whose Laplacian's eigenvectors are values of the curve
    f_k(t) = sin(pi k t + pi (n - k) / (2 n)), k = 1..n-1, at t = 1/n, 2/n..1, and maps the curve linearly onto the
    frames, by an SVD of these. For frames that are linearly independent, as pictures are, that map takes each vertex to
    its own frame. Since the eigenvectors are orthogonal with squared length n/2, the result at t is the mean frame plus
    2/n sum_k f_k(t) sum_i f_k(i/n) x_i: no SVD is needed. (Cosine interpolation, DCT-II, is the same.)
    """
    vertices = np.arange(1, frames + 1) / frames
    times = np.linspace(1 / frames, 1, count)
    return 1 / frames + 2 / frames * _curve(times, frames) @ _curve(vertices, frames).T


def _curve(time: np.ndarray, frames: int) -> np.ndarray:
    """Return f_k at these times, float64[len(time), n - 1]."""
    k = np.arange(1, frames)
    return np.sin(np.pi * k * time[:, None] + np.pi * (frames - k) / (2 * frames))
