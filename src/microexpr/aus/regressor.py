"""Intensities of action units, read off aligned faces by a linear model. Arrays in and out, and one shipped file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microexpr import store
from microexpr.aus import ACTION_UNITS
from microexpr.aus.features import LENGTH, features
from microexpr.errors import StoreError

MODEL = Path(__file__).with_name("model.safetensors")


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Intensity = features @ weights + bias. Fitted by `microexpr.aus.fit`."""

    weights: np.ndarray  # float32[LENGTH, 17]
    bias: np.ndarray  # float32[17]
    fitted_on: tuple[str, ...]  # provenance of all that it has seen: origin/dataset/subject/clip


def load(path: str | Path = MODEL) -> Model:
    """The model in a safetensors file. Raises StoreError if it is unreadable or made for other features."""
    tensors, metadata = store.read_tensors(path)
    expected = {"weights": (LENGTH, len(ACTION_UNITS)), "bias": (len(ACTION_UNITS),)}
    found = {name: tensor.shape for name, tensor in tensors.items()}
    if found != expected:
        raise StoreError(f"{path}: must hold tensors {expected}, not {found}; make au-model makes it anew")
    return Model(tensors["weights"], tensors["bias"], tuple(metadata["fitted_on"].splitlines()))


def regress(crops: np.ndarray, landmarks_crop: np.ndarray, onset: int, model: Model) -> np.ndarray:
    """float32[T, 17, 3]: intensities by `ACTION_UNITS` and `SIDES`, as the model says, below 0 and above 5 too.

    `crops` are grey, uint8[T, 288, 288], `landmarks_crop` [T, 68, 2], `onset` is a position. A one-sided value is that of the face which the
    side and its mirror image make.
    """
    faces = zip(crops, landmarks_crop, strict=True)
    values = np.stack([features(crop, landmarks) @ model.weights + model.bias for crop, landmarks in faces])
    return values.transpose(0, 2, 1)
