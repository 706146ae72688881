"""Select, resample and magnify a clip's frames. Arrays in, arrays out; no files, no torch.

`around_apex` selects the frames that represent a clip, `interpolate` is TIM, the temporal interpolation model (Zhou,
Zhao & Pietikainen 2011), `magnify` Eulerian video magnification (Wu et al. 2012); `head` holds a clip's head still.

Shapes: T frames, H rows, W columns; n frames of a clip, m of it resampled."""

import cv2
import numpy as np

ALPHA = 8.0  # share of the movement that is added: it then goes 1 + ALPHA times as far
LOW, HIGH = 0.5, 5.0  # magnified band in cycles per clip: one rise and fall is 1
ORDER = 4  # of the band's two edges
WAVELENGTH = 16.0  # pixels of a 288-pixel crop, below which structures are magnified less (their lambda_c)
SMALLEST = 4  # rows or columns that no level of the pyramid goes below


def around_apex(onset: int, apex: int, offset: int, count: int = 5) -> np.ndarray:
    """Return positions of the frames around `apex`, int64[count], in order, within `onset`..`offset`.

    Near an end the window shifts inward (MTMNet's five frames). A clip of fewer frames than `count` repeats some of
    them, equally spaced."""
    if offset - onset + 1 < count:
        return np.rint(np.linspace(onset, offset, count)).astype(np.int64)
    first = min(max(apex - count // 2, onset), offset - count + 1)
    return np.arange(first, first + count)


def interpolate(frames: np.ndarray, count: int) -> np.ndarray:
    """Resample frames [n, ...] to float32[m, ...], m = `count`, at equal distances in time from first to last."""
    flat = frames.reshape(len(frames), -1).astype(np.float32)
    resampled: np.ndarray = weights(len(frames), count).astype(np.float32) @ flat
    return resampled.reshape(count, *frames.shape[1:])


def weights(frames: int, count: int) -> np.ndarray:
    """Return how much of each frame is in each interpolated one, float64[m, n]; rows sum to 1.

    TIM lays the frames as vertices on a path graph; its Laplacian's eigenvectors are values of the curve
    f_k(t) = sin(pi k t + pi (n - k) / (2 n)), k = 1..n-1, at t = 1/n, 2/n..1, and maps the curve linearly onto the
    frames, by an SVD of these. For frames that are linearly independent, as pictures are, that map takes each vertex to
    its own frame. Since the eigenvectors are orthogonal with squared length n/2, the result at t is the mean frame plus
    2/n sum_k f_k(t) sum_i f_k(i/n) x_i: no SVD is needed. (Cosine interpolation, DCT-II, is the same.)"""
    k, times, vertices = np.arange(1, frames), np.linspace(1 / frames, 1, count), np.arange(1, frames + 1) / frames
    resampled, curve = (np.sin(np.pi * k * t[:, None] + np.pi * (frames - k) / (2 * frames)) for t in (times, vertices))
    return 1 / frames + 2 / frames * resampled @ curve.T


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

    A clip is too short to be filtered step by step. It is decomposed into cosines (DCT-II; k half periods in the clip
    are k rate / (2 T) cycles in a unit of time), which continue it at both ends by its mirror image, and each is
    multiplied by the gain, 0..1, of a Butterworth band pass of order `ORDER` at each edge; that of the mean is 0."""
    count = len(frames)
    k, time = np.arange(count), (np.arange(count) + 0.5) / count
    cosines = np.cos(np.pi * k[:, None] * time) * np.sqrt(2 / count)
    cosines[0] /= np.sqrt(2)
    frequency = k * rate / (2 * count)
    with np.errstate(divide="ignore"):
        rising = 1 / np.sqrt(1 + (low / frequency) ** (2 * ORDER))
    gain = rising * (1 / np.sqrt(1 + (frequency / high) ** (2 * ORDER)))
    bandpass = np.asarray(cosines.T @ (gain[:, None] * cosines)).astype(np.float32)
    frames = frames.astype(np.float32)
    changes = np.tensordot(bandpass, frames, 1)
    return frames + np.stack([_magnify_bands(change, alpha, wavelength) for change in changes])


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
    return band_alpha * band + coarser
