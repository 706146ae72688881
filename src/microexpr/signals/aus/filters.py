"""Filter action-unit curves in time and add them to another face's intensities. Arrays in, arrays out."""

from typing import Literal

import numpy as np

from microexpr.core.errors import DataError
from microexpr.signals.aus import LARGEST, Params

Reference = Literal["onset", "previous"]  # frame that a change is taken from


def smooth(curves: np.ndarray, fps: float, half_window: float) -> np.ndarray:
    """Return the mean over each frame and the frames up to `half_window` seconds around it, [T, ...] (FAMGAN, eq. 2).

    The paper's two frames at 200 fps are 0.01 s; the number of frames follows `fps`, rounded. Its index runs over
    action units in print but over time in the text; here it runs over time. Near the ends the window shrinks on both
    sides equally, so that a straight line stays one."""
    reach = round(half_window * fps)
    frames = len(curves)
    total = np.cumsum(np.concatenate([np.zeros_like(curves[:1], float), curves]), axis=0, dtype=float)
    time = np.arange(frames)
    reaches = np.minimum(reach, np.minimum(time, frames - 1 - time))
    counts = (2 * reaches + 1).reshape(-1, *[1] * (curves.ndim - 1))
    return ((total[time + reaches + 1] - total[time - reaches]) / counts).astype(curves.dtype)


def smooth_stretches(curves: np.ndarray, seen: np.ndarray, fps: float, half_window: float) -> np.ndarray:
    """Apply `smooth` to each run of seen frames, bool[T], separately; others are unchanged."""
    smoothed = curves.copy()
    for part in stretches(seen):
        smoothed[part] = smooth(curves[part], fps, half_window)
    return smoothed


def stretches(seen: np.ndarray) -> list[slice]:
    """Return the longest runs of frames that are seen, of bool[T]."""
    edges = np.flatnonzero(np.diff(np.pad(seen.astype(np.int8), 1))).reshape(-1, 2)
    return [slice(first, last) for first, last in edges.tolist()]


def modulate(
    source: np.ndarray, target: np.ndarray, onset: int, alpha: float = 0.1, relative_to: Reference = "onset"
) -> np.ndarray:
    """Return target AUs, [T, ...] in 0..5, from smoothed driving curves `source` [T, ...] (FAMGAN, eq. 3).

    They are `alpha` times the target face's own intensities `target` [...] (the default is ours: the paper says
    "small") plus the change of the source: since the frame at position `onset`, as the paper's text has it, or since
    the frame before, as its equation has it. Sides are independent."""
    change = source - source[onset] if relative_to == "onset" else np.diff(source, axis=0, prepend=source[:1])
    return np.clip(alpha * target + change, 0, LARGEST)


def curves(values: np.ndarray, onset: int, fps: float, params: Params) -> dict[str, np.ndarray]:
    """Return `raw`, `smoothed` (both 0..5) and `relative` (-5..5), as an aus file has them, of `values` [T, 17, 3].
    `onset` is a position. The amount that a resting face adds to an intensity is the same in all frames. `relative` is
    therefore computed before values below 0 are cut off; otherwise a movement that starts below 0 would be lost."""
    filtered = smooth(values, fps, params.half_window)
    return {
        "raw": np.clip(values, 0, LARGEST),
        "smoothed": np.clip(filtered, 0, LARGEST),
        "relative": np.clip(filtered - filtered[onset], -LARGEST, LARGEST),
    }


def fill_gaps(values: np.ndarray, detected: np.ndarray, min_share: float, name: str) -> np.ndarray:
    """Interpolate `values` [T, ...] linearly in time where not `detected` [T], float32[T, ...]. Values are constant
    before the first detected frame and after the last. `min_share` is the share of frames in which the face must be
    detected, `name` is the source named in the error. Raises DataError where the face is detected in fewer frames."""
    min_count, count = max(1, min_share * len(detected)), int(detected.sum())
    if count < min_count:
        raise DataError(
            f"{name}: a face must be found in {min_share:.0%} of the frames, not in {count} of {len(detected)}"
        )
    time = np.arange(len(detected))
    columns = values.reshape(len(values), -1)
    curves = [np.interp(time, time[detected], column[detected]) for column in columns.T]
    return np.stack(curves, axis=1).reshape(values.shape).astype(np.float32)
