"""Read intensities of action units by a network: off one aligned face, and off the change from one to another.

Both halves of a face are read by the same weights, the subject's right one mirrored, and each reading knows of the
other half. A change is read from how the skin moves and how its look differs, so that nothing is left of the face's own
shape. `fit` trains it on portraits.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from microexpr.core.weights import shipped
from microexpr.signals import weights
from microexpr.signals.aus import ACTION_UNITS, LARGEST
from microexpr.signals.aus.coding import SHOWN, coded
from microexpr.signals.aus.movement import blur, movement
from microexpr.signals.aus.sizes import average_over_sizes
from microexpr.signals.layers import Residual, convolution

MODEL = shipped("action_units.safetensors")
UNITS, READ = len(SHOWN), len(ACTION_UNITS)  # the network's units, those that are read first
MARGIN, FACE_SIZE = 16, 128  # of a crop: the square inside these margins holds the face, reduced to this size
WIDTH, HIDDEN = 16, 192  # channels of the first layer, and of what is known of a half
UNIT = 0.5  # FACS intensity: the network's numbers are asinh(intensity / UNIT), so that faint ones count
MOST = float(np.arcsinh(LARGEST / UNIT))  # of the network's numbers
BATCH = 8  # crops described at once
LEVELS = 4.0  # grey levels added to a face's contrast, so that a flat one does not become noise


class Trunk(NamedTuple):
    """Features of F halves."""

    fine: Tensor  # [F, 2 WIDTH, 32, 16]
    middle: Tensor  # [F, 4 WIDTH, 16, 8]


class UnitNetwork(nn.Module):
    """Halves of faces and movements to intensities and the logarithms of their variances, both of asinh(x / UNIT)."""

    def __init__(self) -> None:
        super().__init__()
        w, cells = WIDTH, 8 * 4
        self.stem = convolution(1, w, 5, 2)
        self.down1, self.down2 = Residual(w, 2 * w, 2), Residual(2 * w, 4 * w, 2)
        self.alone1 = Residual(4 * w, 6 * w, 2)
        self.alone2, self.alone3 = nn.Linear(6 * w * cells, HIDDEN), nn.Linear(2 * HIDDEN, 2 * UNITS)
        self.moved = Residual(2 + 2 * w, 2 * w, 2)
        self.change1 = Residual(4 * w + 4 * w + 2 * w + 2, 6 * w, 2)
        self.change2, self.change3 = nn.Linear(6 * w * cells, HIDDEN), nn.Linear(2 * HIDDEN, 2 * UNITS)
        self.linear = nn.Linear(2 * 16 * 8 + 2 * 32 * 16, UNITS, bias=False)
        nn.init.zeros_(self.linear.weight)

    def trunk(self, halves: Tensor) -> Trunk:
        """Return the features of halves [F, 1, 128, 64], as from `normalise`."""
        fine = self.down1(self.stem(halves))
        return Trunk(fine, self.down2(fine))

    def alone(self, middle: Tensor) -> tuple[Tensor, Tensor]:
        """Return what each half shows by itself, [F, 24], and log variances; halves of a face follow each other."""
        return _with_other(torch.relu(self.alone2(self.alone1(middle).flatten(1))), self.alone3)

    def change(self, before: Trunk, after: Trunk, coarse: Tensor, fine: Tensor) -> tuple[Tensor, Tensor]:
        """Return the change from each half to another, [F, 24], and log variances.

        `coarse` [F, 2, 16, 8] and `fine` [F, 2, 32, 16] are movements outward and down, pixels of a face of 128."""
        coarse, fine = torch.asinh(2 * coarse), torch.asinh(2 * fine)
        moved = self.moved(torch.cat([fine, after.fine - before.fine], 1))
        mixed = self.change1(torch.cat([after.middle - before.middle, before.middle, moved, coarse], 1))
        values, variance = _with_other(torch.relu(self.change2(mixed.flatten(1))), self.change3)
        return values + 0.1 * self.linear(torch.cat([coarse.flatten(1), fine.flatten(1)], 1)), variance


def _with_other(features: Tensor, last: nn.Linear) -> tuple[Tensor, Tensor]:
    """Return values and log variances of halves [F, HIDDEN], from the features of each and of the other one."""
    halves = features.reshape(-1, 2, features.shape[-1])
    out = last(torch.cat([halves, halves.flip(1)], -1)).flatten(0, 1)
    return out[:, :UNITS], out[:, UNITS:]


def normalise(halves: Tensor) -> Tensor:
    """Return the halves of faces [N, 2, 128, 64] without each face's brightness and contrast, [2 N, 1, 128, 64]."""
    halves = halves.float()
    mean, spread = halves.mean((1, 2, 3), keepdim=True), halves.std((1, 2, 3), keepdim=True)
    return ((halves - mean) / (spread + LEVELS)).reshape(-1, 1, *halves.shape[2:])


def split_halves(cells: np.ndarray) -> np.ndarray:
    """Split [H, W, ...] into the subject's left and right half, each from the middle outward, [2, H, W / 2, ...].

    The subject's left is at the right of an image."""
    middle = cells.shape[1] // 2
    return np.stack([cells[:, middle:], cells[:, :middle][:, ::-1]])


def reduce_crop(crop: np.ndarray) -> np.ndarray:
    """Return the face of a grey crop uint8[288, 288], uint8[128, 128]."""
    face = crop[MARGIN:-MARGIN, MARGIN:-MARGIN]
    return np.asarray(cv2.resize(face, (FACE_SIZE, FACE_SIZE), interpolation=cv2.INTER_AREA))


def movements(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how each half moves between blurred faces: coarse and fine cells, [2, 2, 16, 8] and [2, 2, 32, 16]."""
    coarse, fine = (split_halves(cells) for cells in movement(before, after))
    coarse[1, ..., 0] *= -1
    fine[1, ..., 0] *= -1
    return np.moveaxis(coarse, -1, 1), np.moveaxis(fine, -1, 1)


@dataclass(frozen=True, slots=True, eq=False)
class FaceFeatures:
    """The features of one face."""

    face: np.ndarray  # float32[128, 128], grey and a little blurred
    trunk: Trunk  # of its two halves


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Intensities of both halves, or their changes, and the standard deviations to expect of them."""

    values: np.ndarray  # float32[2, 17]
    errors: np.ndarray  # float32[2, 17], on rendered faces; on recorded ones they are larger


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A trained network and what it was fitted on: origin/dataset/subject/clip."""

    network: UnitNetwork
    fitted_on: tuple[str, ...]

    def describe(self, crop: np.ndarray) -> FaceFeatures:
        """Return the features of a grey crop uint8[288, 288]."""
        return self.describe_all([crop])[0]

    def describe_all(self, crops: Iterable[np.ndarray]) -> list[FaceFeatures]:
        """Return the features of each grey crop: those of `describe`, in less time for several at once."""
        faces = [reduce_crop(crop) for crop in crops]
        halves = torch.from_numpy(np.stack([split_halves(face) for face in faces]))
        with torch.inference_mode():
            fine, middle = (part.unflatten(0, (-1, 2)) for part in self.network.trunk(normalise(halves)))
        return [FaceFeatures(blur(face), Trunk(*of_face)) for face, *of_face in zip(faces, fine, middle, strict=True)]

    def alone(self, face: FaceFeatures) -> Reading:
        """Return the intensities that a face shows by itself, not clipped to 0..5."""
        with torch.inference_mode():
            return _reading(*self.network.alone(face.trunk.middle))

    def change(self, before: FaceFeatures, after: FaceFeatures) -> Reading:
        """Return the changes of intensities from one face to another, -5..5."""
        cells = (torch.from_numpy(np.ascontiguousarray(part)) for part in movements(before.face, after.face))
        with torch.inference_mode():
            return _reading(*self.network.change(before.trunk, after.trunk, *cells))


def _reading(values: Tensor, variance: Tensor) -> Reading:
    """Return what is read in FACS intensities."""
    bent = values.clamp(-MOST, MOST).numpy()
    variances = (UNIT * np.cosh(bent)) ** 2 * np.exp(variance.clamp(-20, 5).numpy())
    read, spread = coded((UNIT * np.sinh(bent))[..., None]), coded(variances[..., None], largest=np.inf)
    return Reading(read[..., 0], np.sqrt(spread[..., 0]))


@cache
def load(path: str | Path = MODEL) -> Model:
    """Load the model. Raises StoreError if the file cannot be read or is of another network."""
    network = UnitNetwork()
    return Model(network, weights.load(path, network))


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
    together are the mean of the two. `count` passes on each crop that is read, once a size.
    """
    values = average_over_sizes(lambda faces: regress_halves(faces, onset, model, count), crops, sizes)
    return np.concatenate([values, values.mean(axis=1, keepdims=True)], axis=1).transpose(0, 2, 1)


def regress_halves(
    crops: np.ndarray, onset: int, model: Model, count: Callable[[Iterable[np.ndarray]], Iterable[np.ndarray]] = iter
) -> np.ndarray:
    """Return intensities of the left and the right half at one size, float32[T, 2, 17]."""
    at_onset, crops_to_read, changes = model.describe(crops[onset]), iter(count(crops)), list[np.ndarray]()
    while part := list(islice(crops_to_read, BATCH)):
        changes += [model.change(at_onset, face).values for face in model.describe_all(part)]
    return model.alone(at_onset).values + np.stack(changes)


def read_changes(onset: FaceFeatures, faces: Sequence[FaceFeatures], model: Model) -> np.ndarray:
    """Return the change of each face's halves since the onset, float32[n, 2, 17], -5 to 5."""
    return np.stack([model.change(onset, face).values for face in faces])
