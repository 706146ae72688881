"""Move the face of a photograph by a generator, and leave every other pixel as it is. Arrays in, arrays out.

A warping generator moves the photograph's own pixels, at its own resolution: only the flow and the change of colour,
both smooth, are enlarged. Of other generators the difference from their frame without target is enlarged and added.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from microexpr.apps.reenact import BATCH, EDGE, SourceFace, generate_frames, generator_input, paste_change, patch_side
from microexpr.apps.reenact.generator import Generator
from microexpr.apps.reenact.resolution import Kind, enlarge
from microexpr.signals.faces import CROP


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
    """Return frame `i` of a photograph with several faces in motion, uint8[H, W, 3].

    Where their parts overlap, the changes of all are added."""
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
    frames = (
        _warped(model, face, target_aus, rows, columns)
        if kind is None and model.warps
        else (frame[rows, columns] for frame in _pasted(model, face, target_aus, kind or "lanczos"))
    )
    return MovedFace(face, rows.start, columns.start, np.stack(list(frames)))


def part_of(face: SourceFace) -> tuple[slice, slice]:
    """Return rows and columns of the photograph that hold the aligned crop."""
    corners = np.array([[0, 0], [CROP, 0], [0, CROP], [CROP, CROP]]) - 0.5
    points = (corners - face.matrix[:, 2]) @ np.linalg.inv(face.matrix[:, :2]).T
    first = np.maximum(np.floor(points.min(0)), 0).astype(int)
    last = np.minimum(np.ceil(points.max(0)) + 1, face.image.shape[1::-1]).astype(int)
    return slice(first[1], last[1]), slice(first[0], last[0])


def _pasted(model: Generator, face: SourceFace, target_aus: np.ndarray, kind: Kind) -> Iterator[np.ndarray]:
    """Yield the photograph plus the generator's change since its own frame without target, uint8[H, W, 3] each."""
    small, nothing = generator_input(face, model), np.zeros_like(target_aus[:1])
    side = patch_side(face, small)
    before = enlarge(generate_frames(model, small, nothing), side, kind)[0]
    for target in target_aus:
        yield paste_change(face, enlarge(generate_frames(model, small, target[None]), side, kind)[0] - before)


def _warped(
    model: Generator, face: SourceFace, target_aus: np.ndarray, rows: slice, columns: slice
) -> Iterator[np.ndarray]:
    """Yield this part of the photograph, warped and coloured, uint8[h, w, 3] each."""
    from microexpr.signals.motion.kernels import bicubic  # with numba, which takes long to load

    small, side = generator_input(face, model), model.image_size
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
            yield np.moveaxis(pixels, 0, -1).astype(np.uint8)
