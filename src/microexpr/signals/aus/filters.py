"""Action-unit curves in time: smoothed, relative, and laid onto another face. Arrays in, arrays out."""

from typing import Literal

import numpy as np

from microexpr.signals.aus import LARGEST, Params


def smooth(curves: np.ndarray, fps: float, half_window: float) -> np.ndarray:
    """[T, ...]: the mean of each frame and those up to `half_window` seconds before and after (FAMGAN, eq. 2).

    The paper's two frames at 200 fps are 0.01 s; the number of frames follows `fps`, rounded. Its index runs over
    action units in print but over time in the text; here over time. Near the ends the window shrinks on both sides
    alike, so that a straight line stays one.
    """
    reach = round(half_window * fps)
    frames = len(curves)
    total = np.cumsum(np.concatenate([np.zeros_like(curves[:1], float), curves]), axis=0, dtype=float)
    time = np.arange(frames)
    reaches = np.minimum(reach, np.minimum(time, frames - 1 - time))
    counts = (2 * reaches + 1).reshape(-1, *[1] * (curves.ndim - 1))
    return ((total[time + reaches + 1] - total[time - reaches]) / counts).astype(curves.dtype)


def relative(curves: np.ndarray, onset: int) -> np.ndarray:
    """[T, ...]: change since the frame at position `onset` (FAMGAN, eq. 3, as its text means it)."""
    return curves - curves[onset]


def stepwise(curves: np.ndarray) -> np.ndarray:
    """[T, ...]: change since the frame before, 0 in the first (FAMGAN, eq. 3, as it is printed)."""
    return np.diff(curves, axis=0, prepend=curves[:1])


def modulated(
    source: np.ndarray,
    target: np.ndarray,
    onset: int,
    alpha: float = 0.1,
    relative_to: Literal["onset", "previous"] = "onset",
) -> np.ndarray:
    """[T, ...] in 0..5: what a target face is asked to show, from `source` [T, ...], smoothed (FAMGAN, eq. 3).

    `alpha` times the target's own intensities `target` [...] (its default is ours: the paper says "small"), plus the
    source's change: since the frame at position `onset`, as the paper's text has it, or since the frame before, as its
    equation has it. Sides are asked for one by one.
    """
    change = relative(source, onset) if relative_to == "onset" else stepwise(source)
    return np.clip(alpha * target + change, 0, LARGEST)


def curves(values: np.ndarray, onset: int, fps: float, params: Params) -> dict[str, np.ndarray]:
    """`raw`, `smoothed` (both 0..5) and `relative` (-5..5) of a backend's `values` [T, 17, 3], as an aus file has them.

    `onset` is a position. What a person's resting face adds to an intensity is the same in all frames, so `relative`
    is taken before values below 0 are cut off: a movement that starts from there would else be lost.
    """
    filtered = smooth(values, fps, params.half_window)
    return {
        "raw": np.clip(values, 0, LARGEST),
        "smoothed": np.clip(filtered, 0, LARGEST),
        "relative": np.clip(relative(filtered, onset), -LARGEST, LARGEST),
    }
