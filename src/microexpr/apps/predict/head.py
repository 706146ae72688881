"""Follow the head of a tracked face through a video: alignment, landmarks and turn in each frame. Reads no frame."""

from collections.abc import Callable, Sequence

import numpy as np

from microexpr.apps.predict.footage import Footage
from microexpr.signals.aus import filters
from microexpr.signals.faces import FaceTrack, alignment
from microexpr.signals.faces.alignment import RIGID

TRACKED = 10  # times a second that the face is detected
STEADY = 1.0  # seconds before and after over which the position of a still head is averaged
FOLLOWED = 0.15  # the same, of a head that moves
STILL = 1.0  # pixels of the crop between these two averages, about the most of rendered heads at rest


def tracking_step(fps: float) -> int:
    """Return every how many frames the face is detected."""
    return max(1, round(fps / TRACKED))


def steady_landmarks(landmarks: np.ndarray, detected: np.ndarray, fps: float) -> np.ndarray:
    """Return landmarks [T, 68, 2] averaged over time, so that alignment follows a head without adding movement.

    Over `STEADY` where it keeps still, over `FOLLOWED` where these two averages differ by twice `STILL`."""
    steady = filters.smooth_stretches(landmarks, detected, fps, STEADY)
    shift = filters.smooth_stretches(landmarks, detected, fps, FOLLOWED) - steady
    scale = np.array([np.hypot(*alignment(points[None])[:, 0]) for points in steady])
    squares = scale**2 * (shift[:, list(RIGID)] ** 2).sum(axis=2).mean(axis=1)
    distance = np.sqrt(filters.smooth_stretches(squares, detected, fps, STEADY))
    share = np.clip(distance / STILL - 1, 0, 1)
    return np.asarray(steady + share[:, None, None] * shift)


def steady_alignment(
    footage: Footage, face: FaceTrack
) -> tuple[Callable[[int], np.ndarray], Callable[[int], np.ndarray]]:
    """Return two functions of a frame's number: its similarity to the crop [2, 3], and its landmarks [68, 2] there.

    Both interpolate between `steady_landmarks`, so that they change slowly."""
    step = tracking_step(footage.fps)
    steady = steady_landmarks(face.landmarks, face.detected, footage.fps / step)
    matrices = np.stack([alignment(landmarks[None]) for landmarks in steady])
    tracked = np.arange(len(steady)) * step

    def interpolate(values: np.ndarray, number: int) -> np.ndarray:
        after = int(np.clip(np.searchsorted(tracked, number), 1, max(len(tracked) - 1, 1)))
        if len(tracked) == 1:
            return np.asarray(values[0])
        share = np.clip((number - tracked[after - 1]) / (tracked[after] - tracked[after - 1]), 0, 1)
        return np.asarray((1 - share) * values[after - 1] + share * values[after])

    def landmarks_at(number: int) -> np.ndarray:
        matrix = interpolate(matrices, number)
        return interpolate(steady, number) @ matrix[:, :2].T + matrix[:, 2]

    return lambda number: interpolate(matrices, number), landmarks_at


def tracked_landmarks(footage: Footage, face: FaceTrack, numbers: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return the landmarks in these frames, float64[n, 68, 2], interpolated between those that were tracked."""
    return _between(footage, face.landmarks.reshape(len(face.landmarks), -1), numbers).reshape(-1, 68, 2)


def turn(footage: Footage, face: FaceTrack, numbers: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return yaw, pitch and roll in degrees in these frames, float64[n, 3], averaged over `FOLLOWED`."""
    turns = face.pose().astype(float)
    fps = footage.fps / tracking_step(footage.fps)
    return _between(footage, filters.smooth_stretches(turns, face.detected, fps, FOLLOWED), numbers)


def _between(footage: Footage, values: np.ndarray, numbers: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return values [T, n] of the frames in which the face was tracked in others, by number."""
    tracked = np.arange(len(values)) * tracking_step(footage.fps)
    return np.column_stack([np.interp(numbers, tracked, column) for column in values.T])
