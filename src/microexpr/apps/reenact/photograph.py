"""A photograph: the faces in it, and which of them can be moved. Reads the picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from microexpr.apps.reenact import SourceFace
from microexpr.core.arrays import luma
from microexpr.core.errors import DataError
from microexpr.signals import faces
from microexpr.signals.face_regions import eye_distance
from microexpr.signals.faces import detection
from microexpr.signals.faces.detection import DETECTABLE, PREDICTORS, detect, detect_large
from microexpr.signals.landmarks import Box, face_box
from microexpr.videos import picture

TILE, OVERLAP = 1600, 400  # pixels of a side; a face that is larger than the overlap is found in the reduced picture
SMALLEST = 1.5 * DETECTABLE  # `detect_large` does not reduce a picture for a face of this side
MOST_SEARCHED = 120_000_000  # pixels, which take half a minute
LARGEST = 2048  # pixels of a side of the photograph and so of each frame; a larger one is reduced to it
# Beyond these, action units read off the result follow less and less: on rendered faces turned further, on photographs
# reduced further. Measured yaw is less than true yaw: a head turned by 25 degrees has 20, one by 40 degrees 21 to 27.
MAX_YAW = 20.0  # degrees, as `faces.pose` measures it
MIN_EYE_DISTANCE = 40.0  # pixels between the outer eye corners


@dataclass(frozen=True, eq=False)
class Photograph:
    """A photograph with at least one face."""

    path: Path
    image: np.ndarray  # uint8[H, W, 3], RGB
    original_size: tuple[int, int]  # rows and columns of the file
    faces: Sequence[SourceFace]  # the largest first
    notes: tuple[str, ...] = ()  # how it was altered

    @classmethod
    def read(cls, path: Path) -> "Photograph":
        """Read a picture and find its faces. Raises DataError if it cannot be read or shows no face."""
        alterations = picture.Alterations()
        original = read_upright(path, alterations)
        landmarks, image = find_faces(original), reduce(original)
        if not landmarks:
            raise DataError(f"{path}: must show a face, seen from the front; none was found")
        rgb = np.ascontiguousarray(np.broadcast_to(image.reshape(*image.shape[:2], -1), (*image.shape[:2], 3)))
        share = np.divide(image.shape[1::-1], original.shape[1::-1]).astype(np.float32)
        faces = [SourceFace(rgb, (points + 0.5) * share - 0.5) for points in landmarks]
        return cls(path, rgb, original.shape[:2], faces, tuple(alterations.notes(path, 1)))

    def select(self, number: int) -> SourceFace:
        """Return a face by its number, from 1, the largest. Raises DataError if there are fewer faces, or this one is
        too small or turned too far for the crop."""
        if not 1 <= number <= len(self.faces):
            raise DataError(f"{self.path}: --face-number must be 1 to {len(self.faces)}, not {number}")
        face = self.faces[number - 1]
        distance, angle, must = float(eye_distance(face.landmarks[None])[0]), yaw(face), ""
        if distance < MIN_EYE_DISTANCE:
            must = f"have {MIN_EYE_DISTANCE:.0f} pixels between the outer eye corners, not {distance:.0f}"
        elif abs(angle) > MAX_YAW:
            must = f"be turned by at most {MAX_YAW:.0f} degrees to a side, not {abs(angle):.0f}"
        if must:
            raise DataError(f"{self.path}: face {number} must {must}")
        return face

    def choose(self, number: int | Literal["all"]) -> tuple[dict[int, SourceFace], dict[int, str]]:
        """Return the face of a number, or all that can be moved, and why others are refused, both by number. Raises
        DataError as `select` does, or if none of all can be moved."""
        if number != "all":
            return {number: self.select(number)}, {}
        chosen, refused = {}, {}
        for i in range(1, len(self.faces) + 1):
            try:
                chosen[i] = self.select(i)
            except DataError as error:
                refused[i] = str(error)
        if not chosen:
            raise DataError("; ".join(refused.values()))
        return chosen, refused

    def describe(self, number: int) -> str:
        """Return the position and the size of a face in one line, and how many others there are."""
        (height, width), (rows, columns) = self.image.shape[:2], self.original_size
        reduced = f", reduced from {columns} x {rows}" if (rows, columns) != (height, width) else ""
        (left, top, right, bottom), others = box(self.faces[number - 1]), len(self.faces) - 1
        return (
            f"photograph: {self.path}, {width} x {height} pixels{reduced}; face {number} of {len(self.faces)}: "
            f"{right - left} x {bottom - top} pixels from ({left}, {top}), yaw {yaw(self.faces[number - 1]):.0f} "
            f"degrees; {others} other{'s' * (others != 1)}{' (--face-number chooses one, or all)' if others else ''}"
        )


def read_upright(path: Path, alterations: picture.Alterations) -> np.ndarray:
    """Return a picture turned so that its faces are upright. Raises DataError if it cannot be read."""
    image = picture.read(path, alterations)
    turn = detection.best_turn([image])
    if turn:
        alterations[f"turned by {90 * turn} degrees to the left, so that the face is upright,"].add(path.name)
    return np.ascontiguousarray(np.rot90(image, turn))


def find_faces(image: np.ndarray) -> list[np.ndarray]:
    """Return the landmarks float32[68, 2] of every face in a picture uint8[H, W(, 3)], the largest first.

    A large picture is searched as a whole, reduced to one tile, for large faces, and in overlapping tiles for small
    ones. One of more than `MOST_SEARCHED` pixels is cut into tiles that are reduced too."""
    rows, columns = image.shape[:2]
    if max(rows, columns) > TILE:
        candidates = detect_large(image, SMALLEST * math.ceil(max(rows, columns) / TILE))
        factor = math.ceil(math.sqrt(rows * columns / MOST_SEARCHED))
        size, step = factor * TILE, factor * (TILE - OVERLAP)
        for top in range(0, max(rows - factor * OVERLAP, 1), step):
            for left in range(0, max(columns - factor * OVERLAP, 1), step):
                tile = image[top : top + size, left : left + size]
                candidates += [Box(box.centre + [left, top], box.side) for box in detect_large(tile, SMALLEST * factor)]
    else:
        candidates = detect(np.ascontiguousarray(image), faces.Params().upsample)
    grey, boxes = luma(image), list[Box]()
    for box in sorted(candidates, key=lambda box: -box.side):
        if all(np.abs(box.centre - other.centre).max() > other.side / 2 for other in boxes):
            boxes.append(box)
    landmarks = [PREDICTORS["network"].refine(grey, box).astype(np.float32) for box in boxes]
    return sorted(landmarks, key=lambda points: -face_box(points).side)


def yaw(face: SourceFace) -> float:
    """Return by how many degrees a face is turned to the subject's left, against the line from the camera to it. The
    face is taken as the middle of a photograph of twice its size, wherever it is in a larger one."""
    low, high = face.landmarks.min(0), face.landmarks.max(0)
    side = 2 * int((high - low).max())
    return float(faces.pose(face.landmarks - (low + high) / 2 + side / 2, (side, side))[0])


def box(face: SourceFace) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of a face's landmarks in pixels of the image."""
    (left, top), (right, bottom) = face.landmarks.min(0), face.landmarks.max(0)
    return round(float(left)), round(float(top)), round(float(right)), round(float(bottom))


def reduce(image: np.ndarray) -> np.ndarray:
    """Return an image uint8[H, W, ...] reduced by area so that no side is longer than `LARGEST`."""
    share = LARGEST / max(image.shape[:2])
    if share >= 1:
        return image
    size = (max(1, round(share * image.shape[1])), max(1, round(share * image.shape[0])))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
