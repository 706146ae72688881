"""FAMGAN's reenactment: from action units to target AUs, to generated frames, back into the image of the face.

Arrays in, arrays out. Target AUs are FAMGAN's: read at five sizes, filtered, relative, left and right separately."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property

import cv2
import numpy as np

from microexpr.apps.reenact.generator import Generator, Kind, enlarge
from microexpr.core.arrays import luma
from microexpr.signals import aus, faces
from microexpr.signals.aus import SIDES, regressor

BATCH = 16  # frames generated together: bounds memory only
EDGE = 24  # pixels of a crop over which a change fades out towards the rim
LARGEST = 1024  # side in pixels of the largest patch that is pasted
HALVES = [SIDES.index("left"), SIDES.index("right")]


@dataclass(frozen=True, slots=True)
class Components:
    """FAMGAN's four ways to get target AUs from a driving clip; each can be switched off."""

    sizes: bool = True  # intensities are means over five sizes of the image
    filter: bool = True  # intensities are means over neighbouring frames
    relative: bool = True  # the change since the onset is the target, not the intensity
    sides: bool = True  # left and right have separate targets

    @classmethod
    def ablations(cls) -> "dict[str, Components]":
        """Return all four as "all", then each choice of three by the name of the fourth: "no_sizes", ..."""
        return {"all": ALL} | {f"no_{field.name}": replace(cls(), **{field.name: False}) for field in fields(cls)}


ALL = Components()


@dataclass(frozen=True, eq=False)
class SourceFace:
    """The face that is animated, at rest in one image."""

    image: np.ndarray  # uint8[H, W, 3], RGB
    landmarks: np.ndarray  # float32[68, 2], pixels of the image

    @classmethod
    def detect(cls, image: np.ndarray, name: str) -> "SourceFace":
        """Return the largest face of an image uint8[H, W] or [H, W, 3]. `name` names the image in errors. Raises
        DataError if no face is found."""
        rgb = np.ascontiguousarray(np.broadcast_to(image.reshape(*image.shape[:2], -1), (*image.shape[:2], 3)))
        return cls(rgb, faces.track(lambda: [rgb], faces.Params(), name).landmarks[0])

    @cached_property
    def matrix(self) -> np.ndarray:
        """float64[2, 3], from pixels of the image to pixels of the crop."""
        return faces.alignment(self.landmarks[None])

    def align(self, image: np.ndarray) -> np.ndarray:
        """Return the crop uint8[288, 288, 3] of an image in which the face has the same position."""
        return faces.align(image, self.matrix)

    @cached_property
    def crop(self) -> np.ndarray:
        """uint8[288, 288, 3]"""
        return self.align(self.image)

    @cached_property
    def landmarks_crop(self) -> np.ndarray:
        """float32[68, 2], pixels of the crop"""
        return (self.landmarks @ self.matrix[:, :2].T + self.matrix[:, 2]).astype(np.float32)

    def au_changes(self, crops: np.ndarray, model: regressor.Model) -> np.ndarray:
        """Return float32[T, 17, 2]: intensities of crops uint8[T, 288, 288, 3] of this face, less those at rest."""
        values: np.ndarray = regressor.regress(luma(np.concatenate([self.crop[None], crops])), 0, model)[..., HALVES]
        return values[1:] - values[:1]

    def resting_aus(self, model: regressor.Model) -> np.ndarray:
        """Return float32[17, 2]: the intensities at rest, left and right, read off this image alone."""
        return np.clip(regressor.regress(luma(self.crop[None]), 0, model)[0][..., HALVES], 0, aus.LARGEST)


def animate(model: Generator, face: SourceFace, target_aus: np.ndarray, kind: Kind = "lanczos") -> np.ndarray:
    """Return crops uint8[K, 288, 288, 3] of the source face with the target AUs [K, 17, 2], frame by frame. They are
    changed by the difference from the face itself."""
    frames = changed_frames(model, face, target_aus, kind, generator_input(face, model))
    return np.stack([face.align(frame) for frame in frames])


def changed_frames(
    model: Generator, face: SourceFace, target_aus: np.ndarray, kind: Kind, before: np.ndarray | None = None,
    batch: int = BATCH,
) -> Iterator[np.ndarray]:  # fmt: skip
    """Yield the image uint8[H, W, 3] with the target AUs [K, 17, 2], frame by frame.

    Only the difference that the generator makes is added to the image, so that the rest of it stays unchanged. It is
    the difference from `before` [h, h, 3], by default the generator's frame without target. The patch in which it is
    pasted has the side of the face in the image, but not less than the generator's."""
    small = generator_input(face, model)
    side = min(max(round(faces.CROP / np.hypot(*face.matrix[:, 0])), len(small)), LARGEST)
    first = enlarge(model.frames(small, np.zeros_like(target_aus[:1]))[0] if before is None else before, side, kind)
    for start in range(0, len(target_aus), batch):
        for frame in model.frames(small, target_aus[start : start + batch]):
            yield paste_change(face, enlarge(frame, side, kind) - first)


def generator_input(face: SourceFace, model: Generator) -> np.ndarray:
    """Return the crop uint8[h, h, 3] at the size that the generator reads."""
    return np.asarray(cv2.resize(face.crop, (model.image_size, model.image_size), interpolation=cv2.INTER_AREA))


def paste_change(face: SourceFace, change: np.ndarray) -> np.ndarray:
    """Return the image uint8[H, W, 3] plus a change float32[side, side, 3] of the aligned face, faded at the rim."""
    side, (height, width) = len(change), face.image.shape[:2]
    scale = side / faces.CROP
    rim = np.clip(np.minimum(np.arange(side), np.arange(side)[::-1]) / (EDGE * side / faces.CROP), 0, 1)
    change = change * (rim[:, None] * rim)[..., None].astype(np.float32)
    matrix = face.matrix * scale + np.array([[0, 0, 1], [0, 0, 1]]) * (scale - 1) / 2  # pixel centres are integers
    warped = cv2.warpAffine(change, matrix, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return np.clip(np.rint(face.image + warped), 0, 255).astype(np.uint8)
