"""Detect faces in one frame, find out which way up they are, and predict the 68 landmarks in a face's box.

dlib's predictor of landmarks comes with face_recognition, which is the workflow's. It loads all of its models when it
is imported, 100 MB, so it is imported with the first use. The encoder is the same file as face_recognition's, and
shipped."""

import math
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import cv2
import dlib
import numpy as np

from microexpr.core.errors import ParamsError, extra_remedy
from microexpr.core.files import shipped
from microexpr.signals.faces.alignment import warp
from microexpr.signals.landmarks import Box, face_box, load, patch_matrix, predict

ENCODER = shipped("face_encoder.dat")

# The predictor sees every face at one size and position, enlarged: it returns whole pixels.
PATCH_SIZE, FACE_SIZE = 364, 224
MIDDLE = dlib.rectangle(*[(PATCH_SIZE - FACE_SIZE) // 2] * 2, *[(PATCH_SIZE + FACE_SIZE) // 2 - 1] * 2)
BLUR = 1.0  # pixels of the patch: landmarks then depend less on the box and on noise, and are no less accurate
LATTICE = 1 / 8  # distance of the boxes between which predictions are interpolated, in sides of a box, or half of it
NEGLIGIBLE = 1 / 8  # weight of such a box that is not worth a prediction
DETECTABLE = 80  # pixels: the smallest face that dlib's detector is trained for
LARGEST = 1600  # pixels: the longest side of a frame that the detector gets

DLIB_FITTED_ON = ("licensed/300w/*/*",)
MODEL = shipped("landmarks.onnx")

PredictorName = Literal["network", "dlib"]

CERTAIN = 0.5  # score of dlib's detector above which a face is upright: upside down it is about 0.1, on its side below
SURE = 1.0  # score above which one upright face decides for all images
FAINT = -0.5  # score below which nothing is a face
BETTER = 0.3  # by which the score of another turn must be higher


@cache
def detector() -> Any:
    """Return the detector of faces seen from the front, which dlib itself carries."""
    return dlib.get_frontal_face_detector()


prepare = detector  # before jobs are forked, which then share it


@cache
def predictor() -> Any:
    """Return the predictor of iBUG's 68 landmarks in a face's box. Raises ParamsError without face_recognition."""
    with warnings.catch_warnings():  # face_recognition_models still imports pkg_resources
        warnings.filterwarnings("ignore", "pkg_resources is deprecated")
        try:
            from face_recognition import api
        except ModuleNotFoundError as error:
            raise ParamsError(f"faces.predictor dlib: {extra_remedy(error) or error}") from error
    return api.pose_predictor_68_point


@cache
def encoder() -> Any:
    """Return the network that embeds a face in 128 numbers."""
    return dlib.face_recognition_model_v1(str(ENCODER))


def detect(frame: np.ndarray, upsample: int) -> list[Box]:
    """Detect every face of a frame, the largest first. The frame is doubled `upsample` times, and once more if no face
    is found. A frame with a side of more than `LARGEST` pixels is first reduced: doubled, it would fill the memory."""
    factor = -(-max(frame.shape[:2]) // LARGEST)
    boxes = _detect(frame, factor, upsample) or _detect(frame, factor, upsample + 1)
    return sorted(boxes, key=lambda box: -box.side)


def detect_large(frame: np.ndarray, side: float) -> list[Box]:
    """Detect the faces that are not much smaller than `side` pixels, in the frame reduced accordingly."""
    return _detect(frame, max(1, int(side / (1.5 * DETECTABLE))))


def _detect(frame: np.ndarray, factor: int, doublings: int = 0) -> list[Box]:
    """Detect faces in a frame reduced by `factor`; boxes are in pixels of the whole frame."""
    small, boxes = reduce_frame(frame, factor), []
    for rectangle in detector()(small, doublings):  # cut at the edges of the frame
        top, left = max(rectangle.top(), 0), max(rectangle.left(), 0)
        bottom, right = min(rectangle.bottom(), small.shape[0]), min(rectangle.right(), small.shape[1])
        boxes.append(Box(factor * (np.array([left + right, top + bottom]) / 2), factor * float(right - left)))
    return boxes


def reduce_frame(frame: np.ndarray, factor: int) -> np.ndarray:
    """Return a frame reduced by area to 1 / `factor` of its size. The frame is contiguous, because dlib copies a view
    and reads the copy after it is freed."""
    if factor > 1:
        size = (frame.shape[1] // factor, frame.shape[0] // factor)
        frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(frame)


@dataclass(frozen=True, slots=True)
class Predictor:
    """Predicts the landmarks in a box of a grey frame, float64[68, 2] in pixels of the frame."""

    predict: Callable[[np.ndarray, Box], np.ndarray]
    stable: float  # a box that moves by less than this share of its side is stable
    rounds: int  # predictions at most until then
    once_more: bool  # whether landmarks are predicted in the stable box again

    def refine(self, grey: np.ndarray, box: Box) -> np.ndarray:
        """Return the landmarks, float64[68, 2], in the box of the last prediction until it is stable. ICE-GAN's
        preprocessing does the same: the detector's box lies on a coarse grid, the box of the landmarks does not."""
        for _ in range(self.rounds):
            points, last = self.predict(grey, box), box
            box = face_box(points)
            if max(*np.abs(box.centre - last.centre), abs(box.side - last.side)) < self.stable * box.side:
                break
        return self.predict(grey, box) if self.once_more else points


def predict_by_network(grey: np.ndarray, box: Box) -> np.ndarray:
    """Return the landmarks that the shipped network predicts, float64[68, 2]."""
    return predict(load(MODEL), grey, box)[0][:68]


def predict_by_dlib(grey: np.ndarray, box: Box) -> np.ndarray:
    """Return the landmarks that dlib's regression trees predict, float64[68, 2], continuously in the box. The trees are
    not: a box that moves by a hundredth of a pixel may move landmarks by pixels. Here they predict in boxes of a
    lattice, which do not move with noise, and the result is interpolated between those."""
    corners, weights = lattice(box)
    predicted = []
    for x, y, side in corners:
        matrix = patch_matrix(Box(np.array([x, y]), float(side)), FACE_SIZE, PATCH_SIZE)
        patch = cv2.GaussianBlur(warp(grey, matrix, PATCH_SIZE), (0, 0), BLUR)
        points = np.array([(part.x, part.y) for part in predictor()(patch, MIDDLE).parts()], float)
        predicted.append(to_frame(points, matrix))
    return (weights[:, None, None] * np.array(predicted)).sum(axis=0)


PREDICTORS: dict[PredictorName, Predictor] = {
    "network": Predictor(predict_by_network, 0.01, 3, once_more=False),
    "dlib": Predictor(predict_by_dlib, 0.002, 8, once_more=True),  # stable mostly after 2 to 5 rounds
}


def lattice(box: Box) -> tuple[np.ndarray, np.ndarray]:
    """Return the boxes of a lattice around a box, float64[n, 3] (x, y, side), and their weights, float64[n], n <= 4.

    They are the corners of the simplex that holds the box, and its barycentric coordinates (Freudenthal's
    triangulation), from which `NEGLIGIBLE` is taken, since every corner takes a prediction. A change of the box thus
    changes the weights steadily. The lattice is the same for all boxes between two powers of two."""
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


def fitted_on(name: PredictorName) -> tuple[str, ...]:
    """Return the provenance of a predictor's training data, as in `provenance`."""
    return load(MODEL).fitted_on if name == "network" else DLIB_FITTED_ON


def best_turn(images: Iterable[np.ndarray]) -> int:
    """Return by how many quarters, anticlockwise, images uint8[H, W, ...] of one camera are to be turned: mostly 0. The
    other turns are tried only where the detector is not certain of upright faces."""
    seen, scores_upright = [], []
    for image in images:
        seen.append(image)
        scores_upright.append(_score(image, 0))
        if scores_upright[-1] >= SURE:
            return 0
    upright = float(np.median(scores_upright or CERTAIN))
    if upright >= CERTAIN:
        return 0
    scores = {turn: float(np.median([_score(image, turn) for image in seen])) for turn in (1, 2, 3)}
    best = max(scores, key=lambda turn: scores[turn])
    return best if scores[best] > max(upright + BETTER, 0) else 0


def _score(image: np.ndarray, turn: int) -> float:
    """Return the detector's highest score in a turned image."""
    small = reduce_frame(np.rot90(image, turn), -(-max(image.shape[:2]) // LARGEST))
    return max(detector().run(small, 0, FAINT)[1], default=FAINT)
