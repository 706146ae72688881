"""Interpolate frames in which a reader of action units detected no face. Arrays only."""

import numpy as np

from microexpr.core.errors import DataError


def fill_gaps(values: np.ndarray, detected: np.ndarray, min_share: float, name: str) -> np.ndarray:
    """Interpolate `values` [T, ...] linearly in time where not `detected` [T], float32[T, ...].

    Values are constant before the first detected frame and after the last. `min_share` is the share of frames in which
    the face must be detected, `name` is the source named in the error.

    Raises DataError where the face is detected in fewer frames.
    """
    min_count, count = max(1, min_share * len(detected)), int(detected.sum())
    if count < min_count:
        raise DataError(
            f"{name}: a face must be found in {min_share:.0%} of the frames, not in {count} of {len(detected)}"
        )
    time = np.arange(len(detected))
    columns = values.reshape(len(values), -1)
    curves = [np.interp(time, time[detected], column[detected]) for column in columns.T]
    return np.stack(curves, axis=1).reshape(values.shape).astype(np.float32)


def undetected_frames(detected: np.ndarray, frames: np.ndarray) -> str:
    """Return the numbers of the frames that were interpolated, as text: "12 13", or "none"."""
    return " ".join(str(number) for number in frames[~detected]) or "none"
