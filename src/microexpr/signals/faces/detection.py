"""Where faces are in one frame, and the 68 landmarks of a face whose box is known: dlib's detector and predictor."""

import warnings
from dataclasses import dataclass

import cv2
import dlib
import numpy as np

from microexpr.signals.faces.alignment import laid

with warnings.catch_warnings():  # face_recognition_models still asks pkg_resources for its files
    warnings.filterwarnings("ignore", "pkg_resources is deprecated")
    import face_recognition.api as face_recognition

# What the predictor sees: the face at one size and place, where its whole-numbered answers are fractions of a pixel.
PATCH, FACE = 364, 224
# The box that dlib's detector draws, from the 51 inner landmarks: measured over 25 faces, in units of their spread.
BOX_DROP, BOX_SIDE = 0.058, 3.22
# Boxes whose predictions are averaged (right, down, larger; in shares of the side): the predictor's answer depends on
# its box, and the mean of several is half as noisy.
SHIFTS = ((0, 0, 0), (-0.02, 0, 0), (0.02, 0, 0), (0, -0.02, 0), (0, 0.02, 0), (0, 0, -0.03), (0, 0, 0.03))
STABLE, ROUNDS = 0.002, 8  # a box that moves by less than this share of its side has settled; it does in 2 to 5 rounds
DETECTABLE = 80  # pixels: the smallest face that dlib's detector was made for
LARGEST = 1600  # pixels: of a side of a frame that the detector is given


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """A square around a face, in pixels."""

    centre: np.ndarray  # float64[2], x and y
    side: float

    def holds(self, other: "Box") -> bool:
        """Whether the other's centre lies inside, and their sizes are alike: then both are one face's."""
        near = np.abs(other.centre - self.centre).max() < self.side / 2
        return bool(near and 0.5 < other.side / self.side < 2)


def box_of(points: np.ndarray) -> Box:
    """The box that dlib's detector would draw around these landmarks [68, 2]."""
    inner = points[17:]
    centre = inner.mean(axis=0)
    spread = float(np.sqrt(((inner - centre) ** 2).sum(axis=1).mean()))
    return Box(centre + [0, BOX_DROP * spread], BOX_SIDE * spread)


def detect(frame: np.ndarray, upsample: int) -> list[Box]:
    """Every face of a frame, the largest first; where none is seen, the frame is doubled once more than asked.

    A frame with a side of more than `LARGEST` pixels is first reduced, or a doubled one would fill the memory.
    """
    small, reduce = _reduced(frame, -(-max(frame.shape[:2]) // LARGEST))
    for doublings in (upsample, upsample + 1):
        if found := _located(small, reduce, doublings):
            return sorted(found, key=lambda box: -box.side)
    return []


def detect_large(frame: np.ndarray, side: float) -> list[Box]:
    """The faces of a frame that are not much smaller than `side` pixels, found at the least size that shows them."""
    return _located(*_reduced(frame, max(1, int(side / (1.5 * DETECTABLE)))))


def _located(frame: np.ndarray, reduce: int, doublings: int = 0) -> list[Box]:
    found = face_recognition.face_locations(frame, doublings)
    return [Box(reduce * box.centre, reduce * box.side) for box in (_box(*edges) for edges in found)]


def _reduced(frame: np.ndarray, reduce: int) -> tuple[np.ndarray, int]:
    """A frame of one so many times as large, by area, and the number; dlib copies a view and reads the copy after it is
    freed, so the frame is contiguous."""
    if reduce == 1:
        return np.ascontiguousarray(frame), 1
    size = (frame.shape[1] // reduce, frame.shape[0] // reduce)
    return np.ascontiguousarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA)), reduce


def _box(top: int, right: int, bottom: int, left: int) -> Box:
    return Box(np.array([left + right, top + bottom]) / 2, float(right - left))


def onto_patch(box: Box) -> np.ndarray:
    """float64[2, 3] that scales a box to `FACE` pixels and lays its centre into that of a patch of `PATCH` pixels."""
    scale = FACE / box.side
    return np.column_stack([np.eye(2) * scale, (PATCH - 1) / 2 - scale * box.centre])


def cut(grey: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """uint8[PATCH, PATCH]: the frame as `onto_patch` lays it."""
    return laid(grey, matrix, PATCH)


def predict(patch: np.ndarray, box: Box, boxes: int) -> np.ndarray:
    """float64[68, 2], pixels of the patch: the mean over the first so many of `SHIFTS` of a box in the patch."""
    return np.mean([_predicted(patch, box, *shift) for shift in SHIFTS[:boxes]], axis=0)


def _predicted(patch: np.ndarray, box: Box, right: float, down: float, larger: float) -> np.ndarray:
    side = round(box.side * (1 + larger))
    left, top = (int(np.rint(c - side / 2 + box.side * s)) for c, s in zip(box.centre, (right, down), strict=True))
    shape = face_recognition.pose_predictor_68_point(patch, dlib.rectangle(left, top, left + side - 1, top + side - 1))
    return np.array([(part.x, part.y) for part in shape.parts()], float)


def refined(grey: np.ndarray, box: Box, boxes: int) -> np.ndarray:
    """float64[68, 2], pixels of the frame: predicted again in the box of the last prediction until that is stable.

    As ICE-GAN's preprocessing does: the detector's box lies on a coarse grid, the landmarks' own does not.
    """
    middle = Box(np.full(2, (PATCH - 1) / 2), FACE)
    for _ in range(ROUNDS):
        matrix = onto_patch(box)
        last, box = box, box_of(in_frame(predict(cut(grey, matrix), middle, 1), matrix))
        if max(*np.abs(box.centre - last.centre), abs(box.side - last.side)) < STABLE * box.side:
            break
    matrix = onto_patch(box)
    return in_frame(predict(cut(grey, matrix), middle, boxes), matrix)


def in_frame(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Points of the patch in pixels of the frame."""
    return (points - matrix[:, 2]) / matrix[0, 0]


def in_patch(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Points of the frame in pixels of the patch."""
    return points * matrix[0, 0] + matrix[:, 2]
