"""Histograms over a grid of equal blocks of a picture, as handcrafted features have them. Arrays in, arrays out.

Shapes: T frames, H rows, W columns; G x G blocks that do not overlap and share all pixels out; B bins.
"""

import numpy as np


def numbers(rows: int, columns: int, blocks: int) -> np.ndarray:
    """int64[H, W]: number of each pixel's block, row by row. Sides of blocks differ by a pixel where G divides none."""
    down, across = (np.arange(size) * blocks // size for size in (rows, columns))
    return down[:, None] * blocks + across


def histograms(bins: np.ndarray, count: int, blocks: int, weights: np.ndarray | None = None) -> np.ndarray:
    """float64[G * G, B] of bins int64[..., H, W] below `count` = B, each with its weight [..., H, W], by default 1."""
    rows, columns = bins.shape[-2:]
    cell = numbers(rows, columns, blocks) * count + bins
    flat = None if weights is None else np.broadcast_to(weights, bins.shape).ravel()
    found = np.bincount(cell.ravel(), weights=flat, minlength=blocks**2 * count)
    return found.reshape(blocks**2, count).astype(np.float64)


def shares(histograms: np.ndarray) -> np.ndarray:
    """float64[..., B]: each histogram scaled to the sum 1; an empty one stays 0."""
    total = histograms.sum(axis=-1, keepdims=True)
    return np.divide(histograms, total, out=np.zeros(histograms.shape), where=total > 0)
