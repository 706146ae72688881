"""The readers of landmarks and of action units that tables are measured with: this file alone knows which they are.

Another reader takes the place of the functions below; what it reads in addition becomes a line of `columns`.
"""

from collections.abc import Callable, Sequence

import numpy as np

from microexpr.apps.measure.columns import Reading
from microexpr.apps.reenact import photograph
from microexpr.signals.aus import LARGEST, recording, regressor
from microexpr.signals.faces import predictors
from microexpr.signals.landmarks import network
from microexpr.signals.landmarks.boxes import face_box

BATCH = regressor.BATCH  # faces that are best read together
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


def alone(face: np.ndarray) -> Reading:
    """Return the action units of a face by its appearance alone."""
    reading = regressor.load().alone([face])
    return Reading(np.clip(reading.values[0], 0, LARGEST), reading.errors[0].mean(axis=0))


def since(rest: np.ndarray) -> Callable[[Sequence[np.ndarray]], list[Reading]]:
    """Return what reads the action units of faces: those of the same face at rest, and their change since."""
    at_rest = regressor.load().alone([rest])

    def read(faces: Sequence[np.ndarray]) -> list[Reading]:
        change = regressor.load().change(rest, faces)
        values = np.clip(at_rest.values + change.values, 0, LARGEST)
        return [*map(Reading, values, np.hypot(at_rest.errors, change.errors).mean(axis=1))]

    return read


def most_at_rest(faces: Sequence[np.ndarray]) -> int:
    """Return the position of the face that is most like those with the least expression."""
    resting = recording.resting_frames(faces, regressor.load())
    return recording.reference_position(faces, resting, recording.median_face(faces, resting))
