"""Read intensities of action units off aligned faces by the shipped model. Arrays in and out, and one file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.core.weights import shipped
from microexpr.signals.aus import ACTION_UNITS, SIZES
from microexpr.signals.aus.features import APPEARANCE, CHANGE, appearance, change, describe_face
from microexpr.signals.aus.sizes import average_over_sizes

MODEL = shipped("action_units.safetensors")
RENDERED_UNITS = 24  # action units of the renderer: the 17 that are read, and those they must be distinguished from
RAMPS = 1500


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
    """Readers of a half face, by its appearance alone and by its change since the onset. Fitted by `aus.fit`."""

    ramps: Ramps
    appearance: Reading
    change: Reading
    fitted_on: tuple[str, ...]  # provenance of its training data: origin/dataset/subject/clip

    def tensors(self) -> dict[str, np.ndarray]:
        """Return all arrays by name, as the model's file holds them."""
        return {
            "ramps.directions": self.ramps.directions,
            "ramps.starts": self.ramps.starts,
            **{
                f"{kind}.{name}": getattr(reading, name)
                for kind, reading in (("appearance", self.appearance), ("change", self.change))
                for name in Reading.__slots__
            },
        }


SHAPES = {
    "ramps.directions": (RENDERED_UNITS, RAMPS),
    "ramps.starts": (RAMPS,),
    **{
        f"{kind}.{name}": shape
        for kind, features in (("appearance", APPEARANCE), ("change", CHANGE))
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
    by_appearance, by_change = (
        Reading(*(tensors[f"{kind}.{name}"] for name in Reading.__slots__)) for kind in ("appearance", "change")
    )
    ramps = Ramps(tensors["ramps.directions"], tensors["ramps.starts"])
    return Model(ramps, by_appearance, by_change, tuple(metadata["fitted_on"].splitlines()))


def regress(
    crops: np.ndarray, landmarks_crop: np.ndarray, onset: int, model: Model, sizes: Sequence[int] = SIZES
) -> np.ndarray:
    """Return intensities by `ACTION_UNITS` and `SIDES`, float32[T, 17, 3], not clipped to 0..5.

    Those of the onset are read off that frame alone; the change since the onset is added for each other frame. The
    contribution of a face's own shape is thus the same in every frame.

    `crops` are grey, uint8[T, 288, 288], `landmarks_crop` [T, 68, 2], `onset` is a position. Intensities are averaged
    over `sizes`. Both sides together are the mean of the two.
    """
    values = average_over_sizes(
        lambda faces, points: regress_halves(faces, points, onset, model), crops, landmarks_crop, sizes
    )
    return np.concatenate([values, values.mean(axis=1, keepdims=True)], axis=1).transpose(0, 2, 1)


def regress_halves(crops: np.ndarray, landmarks_crop: np.ndarray, onset: int, model: Model) -> np.ndarray:
    """Return intensities of the left and the right half at one size, float32[T, 2, 17]."""
    faces = [describe_face(*pair) for pair in zip(crops, landmarks_crop, strict=True)]
    changes = np.stack([change(faces[onset], face) for face in faces])
    at_onset = model.appearance(appearance(faces[onset]), model.ramps)
    return at_onset + model.change(changes, model.ramps)
