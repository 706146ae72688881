"""TIM, the temporal interpolation model (Zhou, Zhao & Pietikainen 2011): a clip at any number of frames.

Arrays in, arrays out. Shapes: n frames of the clip, m asked for.
"""

import numpy as np


def interpolated(frames: np.ndarray, count: int) -> np.ndarray:
    """float32[count, ...] of frames [n, ...] at equal distances in time, from the first frame to the last."""
    flat = frames.reshape(len(frames), -1).astype(np.float32)
    made: np.ndarray = weights(len(frames), count).astype(np.float32) @ flat
    return made.reshape(count, *frames.shape[1:])


def weights(frames: int, count: int) -> np.ndarray:
    """float64[m, n]: how much of each frame is in each that is made; rows sum to 1.

    TIM lays the frames as vertices on a path graph, whose Laplacian's eigenvectors are values of the curve
    f_k(t) = sin(pi k t + pi (n - k) / (2 n)), k = 1..n-1, at t = 1/n, 2/n..1, and maps the curve linearly onto the
    frames, by an SVD of these. For frames that are linearly independent, as pictures are, that map takes each vertex to
    its own frame, and since the eigenvectors are orthogonal with squared length n/2, what it makes at t is the mean
    frame plus 2/n sum_k f_k(t) sum_i f_k(i/n) x_i: no SVD is needed. (Cosine interpolation, DCT-II, is the same.)
    """
    own = np.arange(1, frames + 1) / frames
    asked = np.linspace(1 / frames, 1, count)
    return 1 / frames + 2 / frames * _curve(asked, frames) @ _curve(own, frames).T


def _curve(time: np.ndarray, frames: int) -> np.ndarray:
    """[len(time), n - 1]: f_k at these times."""
    k = np.arange(1, frames)
    return np.sin(np.pi * k * time[:, None] + np.pi * (frames - k) / (2 * frames))
