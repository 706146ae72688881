"""Handle crops that reach beyond the frame, as in data sets of cropped faces. Arrays in, arrays out.

`in_frame`, bool[H, W], marks the pixels of a clip's crops that show the frame; None stands for all. The others repeat
the frame's edge, which moves as the face does, so they are held still and never measured.
"""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np


def read(faces: Mapping[str, Any]) -> np.ndarray | None:
    """Return `in_frame` of a clip's group of a faces file, which has it only if some pixels lie outside."""
    return faces["in_frame"][()] if "in_frame" in faces else None


def hold_outside_still(frames: np.ndarray, in_frame: np.ndarray | None) -> np.ndarray:
    """Replace, in place, each pixel outside the frame by its mean over time, in frames [T, H, W, ...]."""
    if in_frame is not None:
        mean = frames[:, ~in_frame].mean(axis=0, dtype=float)
        frames[:, ~in_frame] = np.rint(mean) if frames.dtype == np.uint8 else mean
    return frames


def shrink(in_frame: np.ndarray, shape: tuple[int, ...], margin: int = 0) -> np.ndarray:
    """Return the pixels of a reduced crop, bool[shape], that are wholly in the frame, `margin` pixels inside its edge.

    The margin is in pixels of `in_frame`; the crop's own edge has none."""
    kernel = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
    inner = cv2.erode(in_frame.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=1)
    shares = cv2.resize(inner.astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(shares > 1 - 1e-4)
