"""Name regions of a face and of its crop: groups of the 68 landmarks, areas of a flow, a grid of equal blocks, and the
pixels that show the frame. Arrays in, arrays out.

`in_frame`, bool[H, W], marks the pixels of a clip's crops that show the frame; None stands for all. Crops reach beyond
the frame in data sets of cropped faces. The other pixels repeat the frame's edge, which moves as the face does, so they
are held still and never measured.

Shapes: T frames, H rows, W columns; G x G blocks that do not overlap and cover all pixels; B bins."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

LANDMARKS = {  # of the iBUG markup
    "jaw": slice(0, 17),
    "brows": slice(17, 27),
    "nose": slice(27, 36),
    "eyes": slice(36, 48),
    "mouth": slice(48, 68),
}
FLOW_HULLS = {  # landmark ranges; their convex hulls make a region of the flow; the first wins where two overlap
    "eyes": ((36, 42), (42, 48)),
    "brows": ((17, 22), (22, 27)),
    "nose": ((27, 36),),
    "mouth": ((48, 68),),
}
FLOW_REGIONS = ("brows", "eyes", "nose", "mouth", "cheeks")
MARGIN = 0.07  # margin of a region around its landmarks, in outer-eye distances: skin moves around them too


def eye_distance(landmarks: np.ndarray) -> np.ndarray:
    """Return the distance between the outer eye corners, [...], of landmarks [..., 68, 2], a unit for errors."""
    return np.linalg.norm(landmarks[..., 36, :] - landmarks[..., 45, :], axis=-1)


def region_labels(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Return the index into FLOW_REGIONS of the region at each pixel, int8[size, size], -1 outside the face.
    `landmarks` [68, 2] are in these pixels. "cheeks" is the rest of their convex hull, with chin and nose bridge."""
    labels = np.full((size, size), -1, np.int8)
    labels[_hull(landmarks, size) > 0] = FLOW_REGIONS.index("cheeks")
    diameter = 2 * round(MARGIN * float(eye_distance(landmarks))) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter, diameter))
    for name, groups in reversed(FLOW_HULLS.items()):
        for first, last in groups:
            labels[cv2.dilate(_hull(landmarks[first:last], size), disc) > 0] = FLOW_REGIONS.index(name)
    return labels


def _hull(points: np.ndarray, size: int) -> np.ndarray:
    """Fill the convex hull of points with 1, its edge included, uint8[size, size]."""
    filled = np.zeros((size, size), np.uint8)
    cv2.fillConvexPoly(filled, cv2.convexHull(np.rint(points).astype(np.int32)), 1)
    return filled


def read_in_frame(faces: Mapping[str, Any]) -> np.ndarray | None:
    """Return `in_frame` of a clip's group of a faces file, which has it only if some pixels lie outside."""
    return faces["in_frame"][()] if "in_frame" in faces else None


def hold_outside_still(frames: np.ndarray, in_frame: np.ndarray | None) -> np.ndarray:
    """Replace, in place, each pixel outside the frame by its mean over time, in frames [T, H, W, ...]."""
    if in_frame is not None:
        mean = frames[:, ~in_frame].mean(axis=0, dtype=float)
        frames[:, ~in_frame] = np.rint(mean) if frames.dtype == np.uint8 else mean
    return frames


def shrink(in_frame: np.ndarray | None, shape: tuple[int, ...], margin: int = 0) -> np.ndarray | None:
    """Return the pixels of a reduced crop, bool[shape], that are wholly in the frame, `margin` pixels inside its edge.
    The margin is in pixels of `in_frame`; the crop's own edge has none. None is returned for None."""
    if in_frame is None:
        return None
    kernel = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
    inner = cv2.erode(in_frame.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=1)
    shares = cv2.resize(inner.astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(shares > 1 - 1e-4)


def histograms(bins: np.ndarray, count: int, blocks: int, weights: np.ndarray | None = None) -> np.ndarray:
    """Return histograms float64[G * G, B] of bins int64[..., H, W] in 0..B - 1, where B is `count`. Each pixel counts
    with its weight [..., H, W], by default 1. Sides of blocks differ by a pixel where G is no divisor of H or W."""
    rows, columns = bins.shape[-2:]
    down, across = (np.arange(size) * blocks // size for size in (rows, columns))
    cells = (down[:, None] * blocks + across) * count + bins
    flat = None if weights is None else np.broadcast_to(weights, bins.shape).ravel()
    sums = np.bincount(cells.ravel(), weights=flat, minlength=blocks**2 * count)
    return sums.reshape(blocks**2, count).astype(np.float64)


def normalise(histograms: np.ndarray) -> np.ndarray:
    """Scale each histogram of [..., B] to the sum 1; an empty one stays 0."""
    total = histograms.sum(axis=-1, keepdims=True)
    return np.divide(histograms, total, out=np.zeros(histograms.shape), where=total > 0)
