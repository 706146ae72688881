"""Intensities of action units, read off aligned faces by the shipped model. Arrays in and out, and one file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.signals.aus import ACTION_UNITS, SIZES
from microexpr.signals.aus.features import APPEARANCE, CHANGE, appearance, change, look
from microexpr.signals.aus.sizes import averaged

MODEL = Path(__file__).with_name("model.safetensors")
SHOWN = 24  # action units of the faces it was fitted on: the 17 that are read, and those they must be told apart from
RAMPS = 1500


@dataclass(frozen=True, slots=True, eq=False)
class Ramps:
    """Random ramps max(0, readings . direction + start), shifted to 0 where nothing is read (Rahimi and Recht 2008)."""

    directions: np.ndarray  # float32[SHOWN, RAMPS]
    starts: np.ndarray  # float32[RAMPS]

    def __call__(self, readings: np.ndarray) -> np.ndarray:
        """[..., SHOWN + RAMPS]: the readings [..., SHOWN] themselves, then the ramps."""
        risen = np.maximum(readings @ self.directions + self.starts, 0) - np.maximum(self.starts, 0)
        return np.concatenate([readings, risen], axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Intensities from features in two steps: linear, for all units that a face shows, and a correction of these.

    The correction is linear in ramps. It tells apart units that move the same skin, leaves less where little is read,
    which is mostly noise, and makes up for movements that the features follow only part of the way.
    """

    weights: np.ndarray  # float32[F, SHOWN]
    bias: np.ndarray  # float32[SHOWN]
    last: np.ndarray  # float32[SHOWN + RAMPS, 17]

    def __call__(self, features: np.ndarray, ramps: Ramps) -> np.ndarray:
        """float32[..., 17] of features [..., F]."""
        values: np.ndarray = ramps(features @ self.weights + self.bias) @ self.last
        return values


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """What is read of a half face, by its looks alone and by its change since the onset. Fitted by `aus.fit`."""

    ramps: Ramps
    appearance: Reading
    change: Reading
    fitted_on: tuple[str, ...]  # provenance of all that it has seen: origin/dataset/subject/clip

    def tensors(self) -> dict[str, np.ndarray]:
        """All numbers by name, as the model's file holds them."""
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
    "ramps.directions": (SHOWN, RAMPS),
    "ramps.starts": (RAMPS,),
    **{
        f"{kind}.{name}": shape
        for kind, features in (("appearance", APPEARANCE), ("change", CHANGE))
        for name, shape in (
            ("weights", (features, SHOWN)),
            ("bias", (SHOWN,)),
            ("last", (SHOWN + RAMPS, len(ACTION_UNITS))),
        )
    },
}


def load(path: str | Path = MODEL) -> Model:
    """The model in a safetensors file. Raises StoreError if it is unreadable or made for other features."""
    tensors, metadata = store.read_tensors(path)
    found = {name: tensor.shape for name, tensor in tensors.items()}
    if found != SHAPES:
        raise StoreError(f"{path}: must hold tensors {SHAPES}, not {found}; make au-model makes it anew")
    alone, since = (
        Reading(*(tensors[f"{kind}.{name}"] for name in Reading.__slots__)) for kind in ("appearance", "change")
    )
    ramps = Ramps(tensors["ramps.directions"], tensors["ramps.starts"])
    return Model(ramps, alone, since, tuple(metadata["fitted_on"].splitlines()))


def regress(
    crops: np.ndarray, landmarks_crop: np.ndarray, onset: int, model: Model, sizes: Sequence[int] = SIZES
) -> np.ndarray:
    """float32[T, 17, 3]: intensities by `ACTION_UNITS` and `SIDES`, as the model says, below 0 and above 5 too.

    Those of the onset are read off that frame alone; to these, each other frame adds what has changed since. What a
    face's own shape adds is thus the same in every frame.

    `crops` are grey, uint8[T, 288, 288], `landmarks_crop` [T, 68, 2], `onset` is a position. What is read at each of
    `sizes` is averaged. Both sides together are the mean of the two.
    """
    values = averaged(lambda faces, points: halves(faces, points, onset, model), crops, landmarks_crop, sizes)
    return np.concatenate([values, values.mean(axis=1, keepdims=True)], axis=1).transpose(0, 2, 1)


def halves(crops: np.ndarray, landmarks_crop: np.ndarray, onset: int, model: Model) -> np.ndarray:
    """float32[T, 2, 17]: of the left and the right half, at one size."""
    looks = [look(*pair) for pair in zip(crops, landmarks_crop, strict=True)]
    changes = np.stack([change(looks[onset], one) for one in looks])
    first = model.appearance(appearance(looks[onset]), model.ramps)
    return first + model.change(changes, model.ramps)
