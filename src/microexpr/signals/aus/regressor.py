"""Read intensities of action units off aligned faces by the shipped model. Arrays in and out, and one file."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.core.weights import shipped
from microexpr.signals.aus import ACTION_UNITS, LARGEST, SIZES
from microexpr.signals.aus.features import (
    APPEARANCE,
    CHANGE,
    OCCASIONS,
    FaceFeatures,
    appearance,
    describe_face,
    difference,
    magnitudes,
)
from microexpr.signals.aus.sizes import average_over_sizes

MODEL = shipped("action_units.safetensors")
RENDERED_UNITS = 24  # action units of the renderer: the 17 that are read, and those they must be distinguished from
RAMPS = 1500
Pair = tuple[np.ndarray, np.ndarray]  # a face and its landmarks


@dataclass(frozen=True, slots=True, eq=False)
class Ramps:
    """Random ramps max(0, readings . direction + start), shifted to 0 for readings of 0 (Rahimi and Recht 2008)."""

    directions: np.ndarray  # float32[SHOWN, RAMPS]
    starts: np.ndarray  # float32[RAMPS]

    def __call__(self, readings: np.ndarray) -> np.ndarray:
        """Return the readings [..., RENDERED_UNITS] and their ramps, [..., RENDERED_UNITS + RAMPS]."""
        heights = np.maximum(readings @ self.directions + self.starts, 0) - np.maximum(self.starts, 0)
        return np.concatenate([readings, heights], axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Intensities from features in two steps: linear, for all units that the renderer has, and a correction.

    The correction is linear in ramps. It separates units that move the same skin, shrinks small readings, which are
    mostly noise, and makes up for movements that the features follow only partly.
    """

    weights: np.ndarray  # float32[F, SHOWN]
    bias: np.ndarray  # float32[SHOWN]
    last: np.ndarray  # float32[SHOWN + RAMPS, 17]

    def __call__(self, features: np.ndarray, ramps: Ramps) -> np.ndarray:
        """Return intensities float32[..., 17] from features [..., F]."""
        values: np.ndarray = ramps(features @ self.weights + self.bias) @ self.last
        return values


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Readers of a half face, by its appearance alone and by its change since the onset. Fitted by `aus.fit`.

    What changes within a recording is read by small movements, the difference between pictures of two occasions by
    what light and pose leave alone. How much the pictures differ tells which it is, by logistic regression.
    """

    ramps: Ramps
    appearance: Reading
    change: Reading  # of frames of one recording
    occasions: Reading
    kind: np.ndarray  # float32[3]: weights of `magnitudes`, and a constant, by which frames are of one recording
    errors: np.ndarray  # float32[2, 2, 17]: of `change` and `occasions`, a constant error and its growth
    fitted_on: tuple[str, ...]  # provenance of its training data: origin/dataset/subject/clip

    def read_change(self, differences: np.ndarray) -> np.ndarray:
        """Return the changes of intensities, float32[..., 17], -5 to 5, from differences [..., OCCASIONS]."""
        certain = self.one_recording(differences)
        values = certain * self.change(differences[..., :CHANGE], self.ramps)
        return np.clip(values + (1 - certain) * self.occasions(differences, self.ramps), -LARGEST, LARGEST)

    def expected_error(self, differences: np.ndarray, changes: np.ndarray) -> np.ndarray:
        """Return the mean absolute error to expect of changes [..., 17] that `read_change` returned, float32[..., 17].

        It was fitted on rendered subjects that the readings were not; on real faces it is larger."""
        certain = self.one_recording(differences)
        constant, growth = (
            certain * within + (1 - certain) * between for within, between in zip(*self.errors, strict=True)
        )
        return np.asarray(constant + growth * np.abs(changes))

    def one_recording(self, differences: np.ndarray) -> np.ndarray:
        """Return how certainly both pictures are of one recording, float32[..., 1], 0 to 1."""
        score = magnitudes(differences) @ self.kind[:2] + self.kind[2]
        return np.asarray(1 / (1 + np.exp(-score)), np.float32)[..., None]

    def tensors(self) -> dict[str, np.ndarray]:
        """Return all arrays by name, as the model's file holds them."""
        return {
            "ramps.directions": self.ramps.directions,
            "ramps.starts": self.ramps.starts,
            "kind": self.kind,
            "errors": self.errors,
            **{f"{kind}.{name}": getattr(getattr(self, kind), name) for kind in READINGS for name in Reading.__slots__},
        }


READINGS = {"appearance": APPEARANCE, "change": CHANGE, "occasions": OCCASIONS}  # number of features of each
SHAPES = {
    "ramps.directions": (RENDERED_UNITS, RAMPS),
    "ramps.starts": (RAMPS,),
    "kind": (3,),
    "errors": (2, 2, len(ACTION_UNITS)),
    **{
        f"{kind}.{name}": shape
        for kind, features in READINGS.items()
        for name, shape in (
            ("weights", (features, RENDERED_UNITS)),
            ("bias", (RENDERED_UNITS,)),
            ("last", (RENDERED_UNITS + RAMPS, len(ACTION_UNITS))),
        )
    },
}


def load(path: str | Path = MODEL) -> Model:
    """Load the model from a safetensors file. Raises StoreError if it is unreadable or made for other features."""
    tensors, metadata = store.read_tensors(path)
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    if shapes != SHAPES:
        raise StoreError(f"{path}: must hold tensors {SHAPES}, not {shapes}; `make shipped` makes it again")
    alone, change, occasions = (
        Reading(*(tensors[f"{kind}.{name}"] for name in Reading.__slots__)) for kind in READINGS
    )
    ramps, fitted_on = Ramps(tensors["ramps.directions"], tensors["ramps.starts"]), metadata["fitted_on"].splitlines()
    return Model(ramps, alone, change, occasions, tensors["kind"], tensors["errors"], tuple(fitted_on))


def regress(
    crops: np.ndarray,
    landmarks_crop: np.ndarray,
    onset: int,
    model: Model,
    sizes: Sequence[int] = SIZES,
    count: Callable[[Iterable[Pair]], Iterable[Pair]] = iter,
) -> np.ndarray:
    """Return intensities by `ACTION_UNITS` and `SIDES`, float32[T, 17, 3], not clipped to 0..5.

    Those of the onset are read off that frame alone; the change since the onset, -5 to 5, is added for each other
    frame. The contribution of a face's own shape is thus the same in every frame.

    `crops` are grey, uint8[T, 288, 288], `landmarks_crop` [T, 68, 2], `onset` is a position. Intensities are averaged
    over `sizes`. Both sides together are the mean of the two. `count` passes on each frame that is read, once a size.
    """
    values = average_over_sizes(
        lambda faces, points: regress_halves(faces, points, onset, model, count), crops, landmarks_crop, sizes
    )
    return np.concatenate([values, values.mean(axis=1, keepdims=True)], axis=1).transpose(0, 2, 1)


def regress_halves(
    crops: np.ndarray,
    landmarks_crop: np.ndarray,
    onset: int,
    model: Model,
    count: Callable[[Iterable[Pair]], Iterable[Pair]] = iter,
) -> np.ndarray:
    """Return intensities of the left and the right half at one size, float32[T, 2, 17]."""
    faces = [describe_face(*pair) for pair in count(zip(crops, landmarks_crop, strict=True))]
    at_onset = model.appearance(appearance(faces[onset]), model.ramps)
    return at_onset + read_changes(faces[onset], faces, model)


def read_changes(onset: FaceFeatures, faces: Sequence[FaceFeatures], model: Model) -> np.ndarray:
    """Return the change of each face's halves since the onset, float32[n, 2, 17], -5 to 5."""
    return model.read_change(np.stack([difference(onset, face) for face in faces]))
