"""Read action units of a recording of any length, frame by frame. Arrays in, arrays out; few frames are held.

Heads and light drift, so a face is compared with a frame at most some seconds away: each part of the recording has its
own reference, the frame most like the whole part, and consecutive parts are joined where they meet.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from microexpr.signals.aus.features import FaceFeatures, change
from microexpr.signals.aus.regressor import Model

OVERLAP = 10  # frames read against both references where two parts meet
MEDIAN_FRAMES = 60  # frames of a part from which its median face is taken
EYES = ((36, 42), (42, 48))  # landmarks of each eye
MARGIN = 2  # pixels of the crop around an eye's landmarks


def curves(faces: Iterable[FaceFeatures], model: Model, frames: int) -> np.ndarray:
    """Return intensities since the first part's reference by the subject's left and right, float32[T, 17, 2].

    A part has `frames` frames; the last may be shorter.
    """
    readings: list[np.ndarray] = []
    previous: list[FaceFeatures] = []
    for part in split_parts(faces, frames):
        reference_face = part[reference_position(part)]
        values = _read(reference_face, part, model)
        if readings:
            values += (readings[-1][-len(previous) :] - _read(reference_face, previous, model)).mean(axis=0)
        readings.append(values)
        previous = part[-OVERLAP:]
    return np.concatenate(readings).transpose(0, 2, 1)


def split_parts(faces: Iterable[FaceFeatures], frames: int) -> Iterator[list[FaceFeatures]]:
    """Yield consecutive parts of `frames` faces; the last may be shorter."""
    iterator = iter(faces)
    while part := list(islice(iterator, frames)):
        yield part


def reference_position(part: list[FaceFeatures]) -> int:
    """Return the position of the frame nearest to the median of all."""
    step = -(-len(part) // MEDIAN_FRAMES)
    faces = np.stack([features.face for features in part[::step]])
    median_face = np.median(faces, axis=0)
    return step * int(np.abs(faces - median_face).mean(axis=(1, 2)).argmin())


def _read(reference: FaceFeatures, faces: list[FaceFeatures], model: Model) -> np.ndarray:
    """Return the change of each face since `reference`, float32[n, 2, 17]."""
    return model.change(np.stack([change(reference, face) for face in faces]), model.ramps)


def horizontal_gaze(crop: np.ndarray, landmarks_crop: np.ndarray) -> float:
    """Return the horizontal position of the pupils in pixels of a grey crop.

    It is the centre of the dark part between each eye's landmarks. Vertical gaze cannot be told from lids.
    """
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
