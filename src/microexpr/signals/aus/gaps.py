"""Frames in which a reader of action units found no face: filled in from their neighbours in time. Arrays only."""

import numpy as np

from microexpr.core.errors import DataError


def filled(values: np.ndarray, found: np.ndarray, least: float, name: str) -> np.ndarray:
    """float32[T, ...] of `values` [T, ...], where not `found` [T] interpolated linearly in time.

    Before the first frame that was found its values hold, and after the last one's. `least` is the share of frames
    that must have been found, `name` says in the error what was read.

    Raises DataError where fewer were.
    """
    enough, there = max(1, least * len(found)), int(found.sum())
    if there < enough:
        raise DataError(f"{name}: a face must be found in {least:.0%} of the frames, not in {there} of {len(found)}")
    time = np.arange(len(found))
    columns = values.reshape(len(values), -1)
    curves = [np.interp(time, time[found], column[found]) for column in columns.T]
    return np.stack(curves, axis=1).reshape(values.shape).astype(np.float32)


def said(found: np.ndarray, frames: np.ndarray) -> str:
    """The numbers of the frames that were filled in, for whoever inspects the file: "12 13", or "none"."""
    return " ".join(str(number) for number in frames[~found]) or "none"
