"""Action units of a recording of any length, read frame by frame. Arrays in, arrays out; few frames are held.

A face is compared with one it had at most some seconds ago, as heads and lamps wander: each part of the recording has a
reference of its own, the frame most like all of the part, and parts are joined where they meet.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from microexpr.signals.aus.features import Look, change
from microexpr.signals.aus.regressor import Model

JOINT = 10  # frames that are read against both references
ENOUGH = 60  # frames whose median is what all of a part are like
EYES = ((36, 42), (42, 48))  # their landmarks
MARGIN = 2  # pixels of the crop around an eye's landmarks


def curves(looks: Iterable[Look], model: Model, frames: int) -> np.ndarray:
    """float32[T, 17, 2]: intensities since the first part's reference, by the subject's left and right.

    A part is of `frames` frames; the last may be shorter."""
    found: list[np.ndarray] = []
    last: list[Look] = []
    for part in parts(looks, frames):
        against = part[reference(part)]
        values = _read(against, part, model)
        if found:
            values += (found[-1][-len(last) :] - _read(against, last, model)).mean(axis=0)
        found.append(values)
        last = part[-JOINT:]
    return np.concatenate(found).transpose(0, 2, 1)


def parts(looks: Iterable[Look], frames: int) -> Iterator[list[Look]]:
    rest = iter(looks)
    while part := list(islice(rest, frames)):
        yield part


def reference(part: list[Look]) -> int:
    """Position of the frame nearest to the median of all."""
    step = -(-len(part) // ENOUGH)
    faces = np.stack([one.face for one in part[::step]])
    usual = np.median(faces, axis=0)
    return step * int(np.abs(faces - usual).mean(axis=(1, 2)).argmin())


def _read(against: Look, looks: list[Look], model: Model) -> np.ndarray:
    """float32[n, 2, 17]: what has changed since one of them."""
    return model.change(np.stack([change(against, one) for one in looks]), model.ramps)


def gaze(crop: np.ndarray, landmarks_crop: np.ndarray) -> float:
    """Where the eyes look sideways, in pixels of a grey crop: the middle of what is dark between each eye's landmarks.

    Up and down cannot be told from lids."""
    middles = []
    for first, last in EYES:
        points = landmarks_crop[first:last]
        low = np.maximum(np.floor(points.min(axis=0)).astype(int) - MARGIN, 0)
        high = np.ceil(points.max(axis=0)).astype(int) + MARGIN
        eye = crop[low[1] : high[1], low[0] : high[0]].astype(float)
        if not eye.size:
            return 0.0
        dark = np.maximum(eye.mean() - eye, 0).sum(axis=0)
        middles.append(low[0] + float((dark * np.arange(len(dark))).sum() / max(dark.sum(), 1e-9)))
    return float(np.mean(middles))
