"""The readers of landmarks and of action units that tables are measured with: this file alone knows which they are.

Another reader takes the place of the functions below; what it reads in addition becomes a line of `columns`.
"""

from collections.abc import Callable

import numpy as np

from microexpr.apps.measure.columns import Reading
from microexpr.apps.reenact import photograph
from microexpr.signals.aus import LARGEST, recording, regressor
from microexpr.signals.aus.regressor import FaceFeatures
from microexpr.signals.faces import predictors
from microexpr.signals.landmarks import network
from microexpr.signals.landmarks.boxes import face_box

NAME = regressor.MODEL.name  # of the file of the reader of action units


def find(image: np.ndarray) -> list[np.ndarray]:
    """Return the landmarks [68, 2] of every face in a picture, the largest first."""
    return [points.astype(float) for points in photograph.find_faces(image)]


def landmark_error(grey: np.ndarray, landmarks: np.ndarray) -> float:
    """Return the mean error to expect of a face's landmarks [68, 2], in pixels."""
    return float(network.load(predictors.MODEL)(grey, face_box(landmarks)).error[:68].mean())


def fitted_on() -> tuple[str, ...]:
    """Return the provenance of the training data of both readers."""
    return tuple(sorted({*regressor.load().fitted_on, *predictors.fitted_on("network")}))


def describe(crop: np.ndarray) -> FaceFeatures:
    """Return what is kept of a grey crop uint8[288, 288]."""
    return regressor.load().describe(crop)


def alone(face: FaceFeatures) -> Reading:
    """Return the action units of a face by its appearance alone."""
    reading = regressor.load().alone(face)
    return Reading(np.clip(reading.values, 0, LARGEST), reading.errors.mean(axis=0))


def since(rest: FaceFeatures) -> Callable[[FaceFeatures], Reading]:
    """Return what reads the action units of a face: those of the same face at rest, and their change since."""
    at_rest = regressor.load().alone(rest)

    def read(face: FaceFeatures) -> Reading:
        change = regressor.load().change(rest, face)
        errors = np.hypot(at_rest.errors, change.errors).mean(axis=0)
        return Reading(np.clip(at_rest.values + change.values, 0, LARGEST), errors)

    return read


def most_at_rest(faces: list[FaceFeatures]) -> int:
    """Return the position of the face that is most like those with the least expression."""
    resting = recording.resting_frames(faces, regressor.load())
    return recording.reference_position(faces, resting, recording.median_face(faces, resting))
