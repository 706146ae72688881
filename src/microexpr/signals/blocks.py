"""Compute histograms over a grid of equal blocks of an image, for handcrafted features. Arrays in, arrays out.

Shapes: T frames, H rows, W columns; G x G blocks that do not overlap and cover all pixels; B bins.
"""

import numpy as np


def block_indices(rows: int, columns: int, blocks: int) -> np.ndarray:
    """Return the index of each pixel's block, row by row, int64[H, W].

    Sides of blocks differ by a pixel where G is no divisor.
    """
    down, across = (np.arange(size) * blocks // size for size in (rows, columns))
    return down[:, None] * blocks + across


def histograms(bins: np.ndarray, count: int, blocks: int, weights: np.ndarray | None = None) -> np.ndarray:
    """Return histograms float64[G * G, B] of bins int64[..., H, W] in 0..B - 1, where B is `count`.

    Each pixel counts with its weight [..., H, W], by default 1.
    """
    rows, columns = bins.shape[-2:]
    cells = block_indices(rows, columns, blocks) * count + bins
    flat = None if weights is None else np.broadcast_to(weights, bins.shape).ravel()
    sums = np.bincount(cells.ravel(), weights=flat, minlength=blocks**2 * count)
    return sums.reshape(blocks**2, count).astype(np.float64)


def normalise(histograms: np.ndarray) -> np.ndarray:
    """Scale each histogram of [..., B] to the sum 1; an empty one stays 0."""
    total = histograms.sum(axis=-1, keepdims=True)
    return np.divide(histograms, total, out=np.zeros(histograms.shape), where=total > 0)
