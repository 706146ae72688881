"""Reenactment for the command line: a movement on faces of a photograph, at several strengths, and its measures.

A warping generator moves the photograph's own pixels, at its own resolution: only the flow and the change of colour,
both smooth, are enlarged. Other generators add the difference from their own frame without target, enlarged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from microexpr.apps.reenact import BATCH, EDGE, SourceFace, changed_frames, evaluation, generator, generator_input
from microexpr.apps.reenact.driving import DrivingCurves
from microexpr.apps.reenact.generator import Generator, Kind
from microexpr.apps.reenact.photograph import Photograph
from microexpr.core.arrays import luma
from microexpr.core.clip import join_origins
from microexpr.protocols import provenance
from microexpr.signals.aus import regressor
from microexpr.signals.faces import CROP

WEAK_R = 0.6  # below which a warning is due
METRICS = {  # columns of metrics.csv, and their printed forms; at the apex, but the first two
    "au_r": "r {:.2f} of asked and read AU changes",
    "au_share": "{:.0%} of them read",
    "moved_tenth": "the tenth of the face's pixels that moves most changes by {:.1f} grey levels",
    "largest": "the most by {:.0f}",
    "identity_cosine": "likeness to the photograph {:.3f}",
    "noise": "noise {:.1f}",
}


@dataclass(frozen=True, slots=True, eq=False)
class MovedFace:
    """A photograph with a face in motion; only the part around the face is stored K times."""

    face: SourceFace
    top: int
    left: int
    parts: np.ndarray  # uint8[K, h, w, 3]

    def __len__(self) -> int:
        return len(self.parts)

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the photograph that this part has."""
        height, width = self.parts.shape[1:3]
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    @property
    def still(self) -> np.ndarray:
        """This part of the photograph itself, uint8[h, w, 3]."""
        return self.face.image[self.window]

    def frame(self, i: int) -> np.ndarray:
        """Return frame `i` of the photograph, uint8[H, W, 3]."""
        image = self.face.image.copy()
        image[self.window] = self.parts[i]
        return image


def compose(faces: Sequence[MovedFace], i: int) -> np.ndarray:
    """Return frame `i` of a photograph with faces in motion, uint8[H, W, 3]; where parts overlap, changes are added."""
    if len(faces) == 1:
        return faces[0].frame(i)
    image = faces[0].face.image.astype(np.int16)
    for face in faces:
        image[face.window] += face.parts[i].astype(np.int16) - face.still
    return np.clip(image, 0, 255).astype(np.uint8)


def move(model: Generator, face: SourceFace, target_aus: np.ndarray, kind: Kind | None = None) -> MovedFace:
    """Return the photograph with the target AUs [K, 17, 2], changes in FACS intensity, frame by frame.

    Without a target nothing changes. `kind` is how differences are enlarged: Lanczos if None, unless the generator
    warps, which then needs no differences."""
    rows, columns = part_of(face)
    if kind or not model.warps:
        frames = changed_frames(model, face, target_aus, kind or "lanczos", batch=1)
        return MovedFace(face, rows.start, columns.start, np.stack([frame[rows, columns] for frame in frames]))
    from microexpr.signals.motion.kernels import bicubic  # with numba, which takes long to load

    small, side, parts = generator_input(face, model), model.image_size, []
    image = np.ascontiguousarray(np.moveaxis(face.image[rows, columns], -1, 0), np.float32)
    x, y = np.meshgrid(np.arange(columns.start, columns.stop), np.arange(rows.start, rows.stop))
    crop = np.stack([x, y], -1) @ face.matrix[:, :2].T + face.matrix[:, 2]  # [h, w, 2], pixels of the crop
    in_fields = ((crop + 0.5) * (side / CROP) - 0.5).astype(np.float32)
    weight = np.clip((CROP / 2 - np.abs(crop - (CROP - 1) / 2)) / EDGE, 0, 1).prod(-1).astype(np.float32)
    to_photograph = (CROP / 2 * np.linalg.inv(face.matrix[:, :2])).astype(np.float32)
    still = np.stack([x - columns.start, y - rows.start], -1).astype(np.float32)
    at_pixels, moved = (np.empty((channels, *weight.shape), np.float32) for channels in (2 + 3, 3))
    for start in range(0, len(target_aus), BATCH):
        for fields in model.changes(small, target_aus[start : start + BATCH]):
            bicubic(fields, in_fields, at_pixels)
            at_pixels *= weight
            bicubic(image, still + np.moveaxis(at_pixels[:2], 0, -1) @ to_photograph.T, moved)
            pixels = np.clip(np.rint(moved + np.float32(127.5) * at_pixels[2:]), 0, 255)
            parts.append(np.moveaxis(pixels, 0, -1).astype(np.uint8))
    return MovedFace(face, rows.start, columns.start, np.stack(parts))


def part_of(face: SourceFace) -> tuple[slice, slice]:
    """Return rows and columns of the photograph that hold the aligned crop."""
    corners = np.array([[0, 0], [CROP, 0], [0, CROP], [CROP, CROP]]) - 0.5
    points = (corners - face.matrix[:, 2]) @ np.linalg.inv(face.matrix[:, :2]).T
    first = np.maximum(np.floor(points.min(0)), 0).astype(int)
    last = np.minimum(np.ceil(points.max(0)) + 1, face.image.shape[1::-1]).astype(int)
    return slice(first[1], last[1]), slice(first[0], last[0])


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A face of the photograph with the movement at one strength."""

    strength: float
    number: int  # of the face, from 1
    target_aus: np.ndarray  # float32[K, 17, 2], changes
    moved: MovedFace
    crops: np.ndarray  # uint8[K, 288, 288, 3], of the frames with all faces in motion
    read_back: np.ndarray  # float32[K, 17, 2]: changes read off the crops, since the first
    metrics: dict[str, float]  # by `METRICS`; without those of action units if there is no target


@dataclass(frozen=True, slots=True, eq=False)
class Reenactment:
    """A reenactment at each strength, and what it was made with."""

    photograph: Photograph
    driving: DrivingCurves
    outcomes: Sequence[Outcome]  # by strength, then by face
    refused: Mapping[int, str]  # why faces are not moved, by number
    description: tuple[str, ...]  # lines on generator, driving clip and photograph

    @property
    def origin(self) -> str:
        """Origins of driving clip and photograph, joined by "+"; a photograph counts as licensed."""
        return join_origins([self.driving.origin, "licensed"])

    @property
    def strengths(self) -> tuple[float, ...]:
        """Factors of the driving clip's changes."""
        return tuple(dict.fromkeys(outcome.strength for outcome in self.outcomes))

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of the faces in motion."""
        return tuple(dict.fromkeys(outcome.number for outcome in self.outcomes))

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the photograph that hold all its moving parts."""
        windows = zip(*(outcome.moved.window for outcome in self.outcomes), strict=True)
        rows, columns = (slice(min(s.start for s in sides), max(s.stop for s in sides)) for sides in windows)
        return rows, columns

    @property
    def is_weak(self) -> bool:
        """Whether the movement of a face is hardly read back, at any strength."""
        return any(outcome.metrics.get("au_r", 1) < WEAK_R for outcome in self.outcomes)

    def frames(self, strength: float) -> Iterator[np.ndarray]:
        """Yield the frames of a strength, uint8[H, W, 3], with all faces in motion."""
        faces = [outcome.moved for outcome in self.outcomes if outcome.strength == strength]
        yield from (compose(faces, i) for i in range(len(faces[0])))


def reenact(
    driving: DrivingCurves, photograph: Photograph, number: int | Literal["all"], strengths: Sequence[float],
    weights: Path | None = None, kind: Kind | None = None,
) -> Reenactment:  # fmt: skip
    """Give a movement to a face of a photograph, by its number from 1, or to all at once, at each strength.

    `kind` as for `move`. Raises DataError if no such face can be moved, StoreError for another network's weights."""
    model, reader = generator.load(weights), regressor.load()
    faces, refused = photograph.choose(number)
    outcomes = []
    for strength in strengths:
        target_aus = driving.target_aus(strength)
        moved = [move(model, face, target_aus, kind) for face in faces.values()]
        frames = (compose(moved, i) for i in range(len(target_aus)))
        crops = np.stack([[face.align(frame) for face in faces.values()] for frame in frames], 1)  # [face, K, ...]
        for moved_face, face_crops, face_number in zip(moved, crops, faces, strict=True):
            read_back = evaluation.changes(face_crops, moved_face.face, reader)
            metrics = dict(measure(moved_face, face_crops, target_aus, read_back, driving.apex))
            outcomes.append(Outcome(strength, face_number, target_aus, moved_face, face_crops, read_back, metrics))
    fitted = f"generator: {weights or 'shipped'}, {model.image_size} pixels, fitted on {len(model.fitted_on)} entries"
    if driving.clip:
        has_seen = provenance.has_seen("subject", [driving.clip], model.fitted_on)
        fitted += f", {'among' if has_seen else 'none of'} them the subject of the driving clip"
    clip = f"driving clip: {driving.description}, {len(driving.changes)} frames at {driving.fps:g} a second"
    reasons = (f"refused: {reason}" for reason in refused.values())
    description = (fitted, clip, *map(photograph.describe, faces), *reasons)
    return Reenactment(photograph, driving, outcomes, refused, description)


def measure(
    moved: MovedFace, crops: np.ndarray, target_aus: np.ndarray, read_back: np.ndarray, apex: int
) -> Iterator[tuple[str, float]]:
    """Yield the `METRICS` of a moved face: correlation and share over all frames, units and sides."""
    if target_aus.any():
        varies = np.ptp(read_back) > 0
        yield "au_r", float(np.corrcoef(read_back.ravel(), target_aus.ravel())[0, 1]) if varies else 0.0
        yield "au_share", float((read_back * target_aus).sum() / np.square(target_aus).sum())
    changes = np.sort(np.abs(luma(crops[apex]).astype(float) - luma(moved.face.crop)), axis=None)
    yield "moved_tenth", float(changes[-(len(changes) // 10) :].mean())
    yield "largest", float(np.abs(moved.parts[apex].astype(int) - moved.still).max())
    yield from evaluation.appearance(crops[apex], moved.face).items()


def summary(reenactment: Reenactment) -> Iterator[str]:
    """Yield a line for each strength and face, and a warning where the movement is hardly read back."""
    for outcome in reenactment.outcomes:
        values = (METRICS[name].format(value) for name, value in outcome.metrics.items())
        face = f", face {outcome.number}" * (len(reenactment.numbers) > 1)
        yield f"strength {outcome.strength:g}{face}: {', '.join(values)}"
    if reenactment.is_weak:
        yield "warning: the movement is hardly read back"
