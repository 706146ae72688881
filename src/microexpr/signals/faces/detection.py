"""Detect faces in one frame and predict the 68 landmarks in a face's box."""

import math

import cv2
import dlib
import numpy as np

from microexpr.signals.faces import dlib_models
from microexpr.signals.faces.alignment import warp
from microexpr.signals.landmarks.boxes import Box, face_box, patch_matrix

# The predictor sees every face at one size and position, enlarged: it returns whole pixels.
PATCH_SIZE, FACE_SIZE = 364, 224
MIDDLE = dlib.rectangle(*[(PATCH_SIZE - FACE_SIZE) // 2] * 2, *[(PATCH_SIZE + FACE_SIZE) // 2 - 1] * 2)
BLUR = 1.0  # pixels of the patch: landmarks then depend less on the box and on noise, and are no less accurate
LATTICE = 1 / 8  # distance of the boxes between which predictions are interpolated, in sides of a box, or half of it
NEGLIGIBLE = 1 / 8  # weight of such a box that is not worth a prediction
STABLE, ROUNDS = 0.002, 8  # a box that moves by less than this share of its side is stable, mostly after 2 to 5 rounds
DETECTABLE = 80  # pixels: the smallest face that dlib's detector is trained for
LARGEST = 1600  # pixels: the longest side of a frame that the detector gets


def detect(frame: np.ndarray, upsample: int) -> list[Box]:
    """Detect every face of a frame, the largest first.

    The frame is doubled `upsample` times, and once more if no face is found. A frame with a side of more than `LARGEST`
    pixels is first reduced, because a doubled one would fill the memory.
    """
    small, factor = reduce_frame(frame, -(-max(frame.shape[:2]) // LARGEST))
    for doublings in (upsample, upsample + 1):
        if boxes := _detect_reduced(small, factor, doublings):
            return sorted(boxes, key=lambda box: -box.side)
    return []


def detect_large(frame: np.ndarray, side: float) -> list[Box]:
    """Detect the faces that are not much smaller than `side` pixels, in the frame reduced accordingly."""
    return _detect_reduced(*reduce_frame(frame, max(1, int(side / (1.5 * DETECTABLE)))))


def _detect_reduced(frame: np.ndarray, factor: int, doublings: int = 0) -> list[Box]:
    """Detect faces in a frame that was reduced by `factor`; boxes are in pixels of the original frame."""
    boxes = [_box_within(frame, rectangle) for rectangle in dlib_models.detector()(frame, doublings)]
    return [Box(factor * box.centre, factor * box.side) for box in boxes]


def reduce_frame(frame: np.ndarray, factor: int) -> tuple[np.ndarray, int]:
    """Return a frame reduced by area to 1 / `factor` of its size, and the factor.

    The frame is contiguous, because dlib copies a view and reads the copy after it is freed.
    """
    if factor == 1:
        return np.ascontiguousarray(frame), 1
    size = (frame.shape[1] // factor, frame.shape[0] // factor)
    return np.ascontiguousarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA)), factor


def _box_within(frame: np.ndarray, rectangle: "dlib.rectangle") -> Box:
    """Return a rectangle, cut at the edges of the frame, as a box."""
    top, left = max(rectangle.top(), 0), max(rectangle.left(), 0)
    bottom, right = min(rectangle.bottom(), frame.shape[0]), min(rectangle.right(), frame.shape[1])
    return Box(np.array([left + right, top + bottom]) / 2, float(right - left))


def cut_patch(grey: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return a grey frame's patch, uint8[PATCH_SIZE, PATCH_SIZE], under a matrix of `patch_matrix`."""
    return warp(grey, matrix, PATCH_SIZE)


def predict_landmarks(grey: np.ndarray, box: Box) -> np.ndarray:
    """Return the landmarks, float64[68, 2] in pixels of the frame, that dlib predicts in a box of a grey frame."""
    matrix = patch_matrix(box, FACE_SIZE, PATCH_SIZE)
    patch = cv2.GaussianBlur(cut_patch(grey, matrix), (0, 0), BLUR)
    shape = dlib_models.predictor()(patch, MIDDLE)
    return to_frame(np.array([(part.x, part.y) for part in shape.parts()], float), matrix)


class DlibPredictor:
    """Predicts landmarks in one grey frame, continuously in the box.

    dlib's regression trees are not: a box that moves by a hundredth of a pixel may move landmarks by pixels. Here they
    are predicted in boxes of a lattice, which do not move with noise, and interpolated between those.
    """

    def __init__(self, grey: np.ndarray):
        self.grey = grey
        self._predicted: dict[tuple[float, ...], np.ndarray] = {}  # by centre and side of a box of the lattice

    def __call__(self, box: Box) -> np.ndarray:
        """Return the landmarks, float64[68, 2] in pixels of the frame, in a box."""
        corners, weights = lattice(box)
        predicted = np.array([self._predict(*corner) for corner in corners.tolist()])
        landmarks: np.ndarray = (weights[:, None, None] * predicted).sum(axis=0)
        return landmarks

    def refine(self, box: Box) -> np.ndarray:
        """Return the landmarks, float64[68, 2], in the box of the last prediction until it is stable.

        ICE-GAN's preprocessing does the same: the detector's box lies on a coarse grid, the box of the landmarks does
        not.
        """
        for _ in range(ROUNDS):
            last, box = box, face_box(self(box))
            if max(*np.abs(box.centre - last.centre), abs(box.side - last.side)) < STABLE * box.side:
                break
        return self(box)

    def _predict(self, x: float, y: float, side: float) -> np.ndarray:
        if (x, y, side) not in self._predicted:
            self._predicted[x, y, side] = predict_landmarks(self.grey, Box(np.array([x, y]), side))
        return self._predicted[x, y, side]


def lattice(box: Box) -> tuple[np.ndarray, np.ndarray]:
    """Return the boxes of a lattice around a box, float64[n, 3] (x, y, side), and their weights, float64[n], n <= 4.

    They are the corners of the simplex that holds the box, and its barycentric coordinates (Freudenthal's
    triangulation), from which `NEGLIGIBLE` is taken, since every corner takes a prediction. A change of the box thus
    changes the weights steadily. The lattice is the same for all boxes between two powers of two.
    """
    spacing = LATTICE * math.ldexp(0.5, math.frexp(box.side)[1])
    cell, part = np.divmod([*box.centre, box.side], spacing)
    part = part / spacing
    order = np.argsort(-part, kind="stable")
    path = np.vstack([np.zeros(3), np.cumsum(np.eye(3)[order], axis=0)])  # along the largest part first
    weights = -np.diff([1, *part[order], 0]) - NEGLIGIBLE
    near = weights > 0
    return spacing * (cell + path)[near], weights[near] / weights[near].sum()


def to_frame(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return points of the patch in pixels of the frame."""
    return (points - matrix[:, 2]) / matrix[0, 0]


def to_patch(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return points of the frame in pixels of the patch."""
    return points * matrix[0, 0] + matrix[:, 2]
