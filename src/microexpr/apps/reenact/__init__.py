"""Somebody's micro-expression given to another face: action units asked for, frames painted, back in the picture.

Arrays in, arrays out. What is asked is FAMGAN's: read at five sizes, filtered, relative, left and right apart.
"""

from dataclasses import dataclass, fields, replace
from functools import cached_property

import cv2
import numpy as np
import torch

from microexpr.apps.reenact.resolution import Kind, enlarged
from microexpr.core.grayscale import luma
from microexpr.signals import aus, faces
from microexpr.signals.aus import SIDES, filters, regressor
from microexpr.training.generator_file import LoadedGenerator

AT_ONCE = 16  # frames painted together: bounds memory only
EDGE = 24  # pixels of a crop over which what is changed fades out towards its rim
LARGEST = 1024  # side in pixels of what is pasted: a larger face is asked for no more
ONE_SIZE = (0,)
HALVES = [SIDES.index("left"), SIDES.index("right")]


@dataclass(frozen=True, slots=True)
class Devices:
    """FAMGAN's four, each of which may be switched off."""

    sizes: bool = True  # intensities are means over five sizes of the picture
    filter: bool = True  # and over neighbouring frames
    relative: bool = True  # the change since the onset is asked, not the intensity
    sides: bool = True  # left and right apart

    @classmethod
    def each_off(cls) -> "dict[str, Devices]":
        """By name all of them, then all but one: `no_sizes`, ..."""
        return {"all": ALL} | {f"no_{one.name}": replace(cls(), **{one.name: False}) for one in fields(cls)}


ALL = Devices()


@dataclass(frozen=True, slots=True, eq=False)
class Movement:
    """What a source's action units do, from onset to offset."""

    values: np.ndarray  # float32[T, 17, 3]: as read, by `SIDES`
    at_one_size: np.ndarray | None  # the same without FAMGAN's five sizes; None where the reader has none
    fps: float
    first: int  # position of the onset
    last: int  # of the offset

    def asked(self, own: np.ndarray, alpha: float, devices: Devices = ALL, half_window: float = 0.01) -> np.ndarray:
        """float32[K, 17, 2], FACS 0..5 by left and right: of a face whose own intensities are `own` [17, 2].

        `half_window` is that of section `aus`. Raises ValueError where sizes are to be off and nobody read one."""
        values = self.values if devices.sizes else self.at_one_size
        if values is None:
            raise ValueError("nothing was read at one size")
        sides = HALVES if devices.sides else [SIDES.index("both")] * 2
        own = own if devices.sides else own.mean(-1, keepdims=True)
        smoothed = filters.smooth(values[..., sides], self.fps, half_window if devices.filter else 0.0)
        asked = filters.modulate(smoothed, own, self.first, alpha) if devices.relative else smoothed
        return np.clip(asked, 0, aus.LARGEST)[self.first : self.last + 1].astype(np.float32)


@dataclass(frozen=True, eq=False)
class Target:
    """A face that is given a movement."""

    picture: np.ndarray  # uint8[H, W, 3], RGB
    landmarks: np.ndarray  # float32[68, 2], pixels of it

    @classmethod
    def of(cls, picture: np.ndarray, name: str) -> "Target":
        """The largest face of a picture uint8[H, W] or [H, W, 3]. Raises DataError where it shows none."""
        shown = np.ascontiguousarray(np.broadcast_to(picture.reshape(*picture.shape[:2], -1), (*picture.shape[:2], 3)))
        return cls(shown, faces.track(lambda: [shown], faces.Params(), name).landmarks[0])

    @cached_property
    def matrix(self) -> np.ndarray:
        """float64[2, 3], from pixels of the picture to those of the crop."""
        return faces.alignment(self.landmarks[None])

    def aligned(self, picture: np.ndarray) -> np.ndarray:
        """uint8[288, 288, 3]: a picture of this face in the same place."""
        return faces.align(picture, self.matrix)

    @cached_property
    def crop(self) -> np.ndarray:
        """uint8[288, 288, 3]"""
        return self.aligned(self.picture)

    @cached_property
    def landmarks_crop(self) -> np.ndarray:
        """float32[68, 2], pixels of the crop"""
        return (self.landmarks @ self.matrix[:, :2].T + self.matrix[:, 2]).astype(np.float32)

    def read(self, crops: np.ndarray, model: regressor.Model) -> np.ndarray:
        """float32[T, 17, 2]: intensities of crops uint8[T, 288, 288, 3] of this face, less those of its picture."""
        values = self._values(np.concatenate([self.crop[None], crops]), model)
        return values[1:] - values[:1]

    def own(self, model: regressor.Model) -> np.ndarray:
        """float32[17, 2]: its own intensities, left and right, read off the picture alone."""
        return np.clip(self._values(self.crop[None], model)[0], 0, aus.LARGEST)

    def _values(self, crops: np.ndarray, model: regressor.Model) -> np.ndarray:
        """float32[T, 17, 2], the first read by itself, the others by their change since."""
        landmarks = np.repeat(self.landmarks_crop[None], len(crops), 0)
        found: np.ndarray = regressor.regress(luma(crops), landmarks, 0, model)[..., HALVES]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """A target's face as it moves."""

    frames: np.ndarray  # uint8[K, H, W, 3]: in its picture
    crops: np.ndarray  # uint8[K, 288, 288, 3]: aligned as the target is


def given(model: LoadedGenerator, target: Target, asked: np.ndarray, kind: Kind = "lanczos") -> Given:
    """The target's face going through what is asked of it, [K, 17, 2].

    What is put into the picture is the difference that the generator makes, so that the rest of it stays what it is."""
    face = small(target, model)
    film = painted(model, face, asked)
    side = round(faces.CROP / np.hypot(*target.matrix[:, 0]))  # of the face in the picture
    side = min(max(side, len(face)), LARGEST)
    before = enlarged(face[None], side, kind)
    frames = [
        pasted(target, one - before[0])
        for part in np.array_split(film, len(film))
        for one in enlarged(part, side, kind)
    ]
    return Given(np.stack(frames), np.stack([target.aligned(one) for one in frames]))


def small(target: Target, model: LoadedGenerator) -> np.ndarray:
    """uint8[h, h, 3]: the face as the generator sees it."""
    size = model.method.params.image_size  # type: ignore[attr-defined]
    return np.asarray(cv2.resize(target.crop, (size, size), interpolation=cv2.INTER_AREA))


@torch.no_grad()
def painted(model: LoadedGenerator, face: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """float32[K, h, h, 3] in grey levels, of a face uint8[h, h, 3]."""
    neutral = torch.from_numpy(np.moveaxis(face, -1, 0)[None].copy())
    parts = [
        model.method.synthesise_clips(model.modules, neutral, torch.from_numpy(asked[None, start : start + AT_ONCE]))[0]
        for start in range(0, len(asked), AT_ONCE)
    ]
    return np.moveaxis(torch.cat(parts).numpy() * 255, 1, -1).astype(np.float32)


def pasted(target: Target, change: np.ndarray) -> np.ndarray:
    """uint8[H, W, 3]: the picture with a change float32[side, side, 3] of its aligned face, which fades at its rim."""
    side = len(change)
    height, width = target.picture.shape[:2]
    away = np.minimum(np.arange(side), np.arange(side)[::-1]) / (EDGE * side / faces.CROP)
    rim = np.clip(away, 0, 1)
    change = change * (rim[:, None] * rim)[..., None].astype(np.float32)
    scale = side / faces.CROP
    matrix = target.matrix * scale + np.array([[0, 0, 1], [0, 0, 1]]) * (scale - 1) / 2  # pixel centres are whole
    laid = cv2.warpAffine(change, matrix, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return np.clip(np.rint(target.picture + laid), 0, 255).astype(np.uint8)
