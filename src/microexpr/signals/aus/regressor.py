"""Read intensities of action units by a network: off one aligned face, and off the change from one to another.

Both halves of a face are read by the same weights, the subject's right one mirrored, and each reading knows of the
other half. A change is read from how the skin moves and how its look differs, so that nothing is left of the face's own
shape. `architecture` builds the network, `fit` trains it on portraits; here its files are run."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from microexpr.core import onnx
from microexpr.core.files import shipped

MODEL, CHANGE = shipped("action_units.onnx"), shipped("action_units.change.onnx")
MARGIN, FACE_SIZE = 16, 128  # of a crop: the square inside these margins holds the face, reduced to this size
BATCH = 16  # faces read at once

Reader = Callable[[np.ndarray], np.ndarray]  # from crops to values by frame


def reduce_crop(crop: np.ndarray) -> np.ndarray:
    """Return the face of a grey crop uint8[288, 288], uint8[128, 128]."""
    face = crop[MARGIN:-MARGIN, MARGIN:-MARGIN]
    return np.asarray(cv2.resize(face, (FACE_SIZE, FACE_SIZE), interpolation=cv2.INTER_AREA))


class Reading(NamedTuple):
    """Intensities of both halves of N faces, or their changes, and the standard deviations to expect of them."""

    values: np.ndarray  # float32[N, 2, 17]
    errors: np.ndarray  # float32[N, 2, 17], on rendered faces; on recorded ones they are larger
    movement: np.ndarray | None = None  # float32[N, 2, 32, 32] of changes: right and down, pixels of the face, by cell


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A trained network as two graphs. Faces are as `reduce_crop` returns them."""

    of_face: onnx.Network
    of_change: onnx.Network

    @property
    def fitted_on(self) -> tuple[str, ...]:
        """Provenance of the training data: origin/dataset/subject/clip."""
        return tuple(sorted({*self.of_face.fitted_on, *self.of_change.fitted_on}))

    def alone(self, faces: Sequence[np.ndarray]) -> Reading:
        """Return the intensities of each of these faces alone, not clipped to 0..5."""
        return self._read(faces, lambda part: self.of_face(face=part))

    def change(self, before: np.ndarray, after: Sequence[np.ndarray]) -> Reading:
        """Return the changes of intensities from one face to each of others, -5..5."""
        return self._read(after, lambda part: self.of_change(before=before[None], after=part))

    @staticmethod
    def _read(faces: Sequence[np.ndarray], network: Callable[[np.ndarray], Sequence[np.ndarray]]) -> Reading:
        parts = (network(np.stack(faces[first : first + BATCH])) for first in range(0, len(faces), BATCH))
        return Reading(*map(np.concatenate, zip(*parts, strict=True)))


@cache
def load(alone: str | Path = MODEL, change: str | Path = CHANGE) -> Model:
    """Load the model. Raises StoreError if a file cannot be read or is of another network."""
    return Model(onnx.load(alone, ["face"]), onnx.load(change, ["before", "after"]))


def regress(
    crops: np.ndarray,
    onset: int,
    model: Model,
    sizes: Sequence[int] = (0,),
    count: Callable[[Iterable[np.ndarray]], Iterable[np.ndarray]] = iter,
) -> np.ndarray:
    """Return intensities by `ACTION_UNITS` and `SIDES`, float32[T, 17, 3], not clipped to 0..5.

    Those of the onset are read off that frame alone; the change since the onset, -5 to 5, is added for each other
    frame. The contribution of a face's own shape is thus the same in every frame.

    `crops` are grey, uint8[T, 288, 288], `onset` is a position. Intensities are averaged over `sizes`. Both sides
    together are the mean of the two. `count` passes on each crop that is read, once a size."""
    readings = []
    for size in sizes:
        resized, changes = resize(crops, size), list[np.ndarray]()
        onset_face, faces = reduce_crop(resized[onset]), map(reduce_crop, count(resized))
        while part := list(islice(faces, BATCH)):
            changes.append(model.change(onset_face, part).values)
        readings.append(model.alone([onset_face]).values + np.concatenate(changes))
    values = np.mean(readings, axis=0)  # FAMGAN, eq. 1: damps a reader's jumps with the image size
    return np.concatenate([values, values.mean(axis=1, keepdims=True)], axis=1).transpose(0, 2, 1)


def resize(crops: np.ndarray, size: int) -> np.ndarray:
    """Scale crops about the middle by `size` pixels in height and width; the window stays."""
    if not size:
        return crops
    height, width = crops.shape[1:]
    middle, scale = np.array([(width - 1) / 2, (height - 1) / 2]), 1 + size / width
    matrix = np.column_stack([scale * np.eye(2), (1 - scale) * middle])
    images = [cv2.warpAffine(crop, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE) for crop in crops]
    return np.stack(images)


def size_jumps(reader: Reader, crops: np.ndarray, sizes: Sequence[int], by: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Return how far readings move, as vectors, where images are `by` pixels larger or smaller: [T] and [T]. The first
    is of readings at one size, the second of readings averaged over `sizes`. FAMGAN claims that the second is less."""
    shifts = (-by, 0, by)
    all_sizes = sorted({size + shift for size in (0, *sizes) for shift in shifts})
    single = {size: reader(resize(crops, size)).reshape(len(crops), -1) for size in all_sizes}
    mean = {shift: np.mean([single[size + shift] for size in sizes], axis=0) for shift in shifts}
    single_jumps, mean_jumps = (
        np.mean([np.linalg.norm(values[shift] - values[0], axis=1) for shift in (-by, by)], axis=0)
        for values in (single, mean)
    )
    return single_jumps, mean_jumps
