"""HOG3D: histograms of the gradients of grey levels in space and time, block by block. No network.

Shapes: T frames, H rows, W columns; G x G blocks; M x M x N cells of a block, S x S x S sub-blocks of a cell.
"""

from itertools import product

import numpy as np
from pydantic import Field, model_validator

from microexpr.models.handcrafted import VideoBlocks

GOLDEN = (1 + 5**0.5) / 2
# Middles of ten of an icosahedron's twenty faces, in t, y, x; the other ten lie opposite.
AXES = np.array(
    [(1, y, x) for y, x in product((1, -1), (1, -1))]
    + [(0, 1 / GOLDEN, side * GOLDEN) for side in (1, -1)]
    + [(1 / GOLDEN, side * GOLDEN, 0) for side in (1, -1)]
    + [(GOLDEN, 0, side / GOLDEN) for side in (1, -1)]
) / np.sqrt(3)
BINS = 2 * len(AXES)
NEAREST = 5**0.5 / 3  # cosine between the middles of two faces that share an edge
LARGEST = 0.25  # upper limit of a feature in a descriptor of length 1


class Hog3d(VideoBlocks):
    """Kläser's descriptor of each block of the face from onset to offset, and a linear support vector machine.

    From the paper: gradients are averaged over sub-blocks, each mean is distributed among the faces of an icosahedron
    that it points through, and 4x4x3 cells of 3x3x3 sub-blocks give the 960 features of a descriptor of length 1, with
    no feature above a quarter; a mean gradient is distributed as in the authors' program, by sums, not by squares. The
    paper describes points of interest by a bag of words. Ours: one descriptor for each of 5x5 blocks, the size of the
    face, the frames, features standardised over the fold's training clips, balanced class weights, and C."""

    paper = "Kläser et al., A spatio-temporal descriptor based on 3D-gradients, BMVC 2008"

    class Params(VideoBlocks.Params):
        frames: int = Field(18, ge=3, le=64, description="frames that a clip is resampled to")
        cells_space: int = Field(4, ge=1, le=8, description="M: cells of a block along x and along y")
        cells_time: int = Field(3, ge=1, le=8, description="N: cells of a block along t")
        parts: int = Field(3, ge=1, le=8, description="S: sub-blocks of a cell along x, y and t")

        @model_validator(mode="after")
        def _check_sizes(self) -> "Hog3d.Params":
            space, time = self.blocks * self.cells_space * self.parts, self.cells_time * self.parts
            if self.image_size < space:
                raise ValueError(f"image_size must be >= blocks * cells_space * parts = {space}, not {self.image_size}")
            if self.frames < time:
                raise ValueError(f"frames must be >= cells_time * parts = {time}, not {self.frames}")
            return self

    def describe(self, clip: np.ndarray) -> np.ndarray:
        """Return float32[G * G * N * M * M * 20], by block row and column; a block without gradients has zeros."""
        grid, time, space, parts = (
            getattr(self.params, name) for name in ("blocks", "cells_time", "cells_space", "parts")
        )
        gradient = np.stack([np.gradient(clip.astype(np.float64), axis=axis) for axis in range(3)])
        side = grid * space * parts
        for axis, count in enumerate((time * parts, side, side), start=1):
            gradient = np.moveaxis(np.tensordot(means(gradient.shape[axis], count), gradient, (1, axis)), 0, axis)
        histograms = orientations(gradient).reshape(BINS, time, parts, grid, space, parts, grid, space, parts)
        by_block = np.moveaxis(histograms.sum(axis=(2, 5, 8)), (2, 4), (0, 1)).reshape(grid**2, BINS, time * space**2)
        flat = by_block.swapaxes(1, 2).reshape(grid**2, -1)
        return _normalise_rows(np.minimum(_normalise_rows(flat), LARGEST)).astype(np.float32).ravel()


def means(size: int, count: int) -> np.ndarray:
    """Return the matrix float64[count, size] that averages `size` samples over `count` intervals of equal length.

    A sample at the border of two intervals counts in both, by its overlap."""
    ends = np.arange(count + 1) * size / count
    low, high = np.maximum(ends[:-1, None], np.arange(size)), np.minimum(ends[1:, None], np.arange(size) + 1)
    return np.maximum(high - low, 0) * count / size


def orientations(gradient: np.ndarray) -> np.ndarray:
    """Return float64[20, ...]: the lengths of gradients along t, y, x, [3, ...], distributed among nearby faces.

    A face's share grows from 0 at the angle between neighbours; a gradient through a face's middle counts there alone.
    """
    length = np.linalg.norm(gradient, axis=0)
    along = np.tensordot(AXES, gradient, 1)
    beyond = np.maximum(np.concatenate([along, -along]) - NEAREST * length, 0)
    total = beyond.sum(axis=0)
    return beyond * np.divide(length, total, out=np.zeros(length.shape), where=total > 0)


def _normalise_rows(rows: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros(rows.shape), where=length > 0)
