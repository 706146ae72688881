"""Faces in frames: 68 landmarks, head pose and one aligned crop per frame. Arrays in, arrays out; no files, no torch.

The detector looks at the first frame and again from time to time; in between each face is followed from its own
landmarks, and the largest is taken. All frames of a clip are aligned by one similarity, so that alignment adds no
movement of its own to movements of a pixel.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from microexpr.core.errors import DataError
from microexpr.signals.faces.alignment import CROP, aligned, alignment
from microexpr.signals.faces.detection import SHIFTS
from microexpr.signals.faces.pose import pose
from microexpr.signals.faces.tracking import Crowd, Settings, Tracker, settled

__all__ = ["CROP", "Faceless", "Faces", "Followed", "Params", "aligned", "alignment", "follow", "pose", "track"]

PREDICT = 0.02  # seconds from one prediction to the next: many times in `settle`


class Params(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    upsample: int = Field(
        default=0, ge=0, le=1, description="times a frame is doubled for the detector; once more if in vain"
    )
    look_again: int = Field(
        default=30, ge=1, le=1000, description="frames from one look of the detector to the next, for further faces"
    )
    boxes: int = Field(
        default=5,
        ge=1,
        le=len(SHIFTS),
        description="shifted boxes whose landmarks are averaged where the detector looked, and in every frame that is "
        "not settled",
    )
    min_similarity: float = Field(
        default=0.6,
        ge=0,
        le=1,
        description="correlation of the followed face with the detected one, below which to look again",
    )
    settle: float = Field(
        default=0.5,
        ge=0,
        le=2,
        description="seconds before and after over which points followed by optical flow are held to the predicted "
        "landmarks; 0 takes the predicted ones as they are",
    )
    smooth: float = Field(
        default=0.01,
        ge=0,
        le=0.1,
        description="seconds before and after over which landmarks are smoothed, by parabolas",
    )
    min_detected: float = Field(default=0.9, gt=0, le=1, description="least share of frames with a face in a clip")


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """One face through a clip of T frames. Pixel centres have whole-numbered coordinates, x right and y down."""

    detected: np.ndarray  # bool[T]
    landmarks: np.ndarray  # float32[T, 68, 2], pixels of the frame; interpolated in time where not detected
    landmarks_crop: np.ndarray  # float32[T, 68, 2], pixels of the crop
    pose: np.ndarray  # float32[T, 3], yaw, pitch, roll in degrees
    crop: np.ndarray  # uint8[T, 288, 288, C], RGB or grey; the nearest detected one's where not detected
    other_faces: int  # further faces in the clip, smaller than this one

    def arrays(self) -> dict[str, np.ndarray]:
        """All of them by name, as a faces file holds them."""
        return {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """Where one face is through a clip of T frames."""

    detected: np.ndarray  # bool[T]
    landmarks: np.ndarray  # float64[T, 68, 2], pixels of the frame; interpolated in time where not detected
    size: tuple[int, int]  # rows and columns of a frame
    other_faces: int

    def pose(self) -> np.ndarray:
        """float32[T, 3], yaw, pitch, roll in degrees"""
        return np.array([pose(points, self.size) for points in self.landmarks], np.float32)


class Faceless(DataError):
    """A clip with too few frames that show a face."""

    def __init__(self, message: str, detected: np.ndarray):
        super().__init__(message)
        self.detected = detected  # bool[T]


def track(frames: Callable[[], Iterable[np.ndarray]], params: Params, name: str, fps: float = 0) -> Faces:
    """The largest face of a clip, followed and aligned.

    `frames` is called twice and gives the same frames each time, uint8[H, W, 3] RGB or uint8[H, W] grey, all of one
    size; only one of them is held at a time. `name` is the clip's, for the error. `fps` is 0 for pictures that are no
    film: their landmarks are the predictor's own.

    Raises Faceless when fewer than `min_detected` of the frames show the face.
    """
    found = follow(frames(), params, name, fps)
    detected, landmarks = found.detected, found.landmarks
    matrix = alignment(landmarks[detected])
    crop = np.stack([aligned(frame, matrix) for frame in frames()])
    return Faces(
        detected=detected,
        landmarks=landmarks.astype(np.float32),
        landmarks_crop=(landmarks @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32),
        pose=found.pose(),
        crop=crop[_nearest(detected)],
        other_faces=found.other_faces,
    )


def follow(frames: Iterable[np.ndarray], params: Params, name: str, fps: float = 0) -> Followed:
    """Where the largest face is, without its pixels; arguments and errors as of `track`, frames are looked at once."""
    settle = round(params.settle * fps)
    every = max(1, round(PREDICT * fps)) if settle else 0
    crowd = Crowd(Settings(params.upsample, params.look_again, params.boxes, params.min_similarity, every))
    size = (0, 0)
    for frame in frames:
        size = (frame.shape[0], frame.shape[1])
        crowd.show(frame)
    face, detected = _chosen(crowd, params.min_detected, name)
    seen = [face.seen[position] for position in sorted(face.seen)]
    landmarks = smoothed(_interpolated(settled(seen, settle), detected), round(params.smooth * fps))
    return Followed(detected, landmarks, size, crowd.others())


def _chosen(crowd: Crowd, least: float, name: str) -> tuple[Tracker, np.ndarray]:
    """The face to take, and bool[T] in which frames it is. Raises Faceless where those are too few."""
    face = crowd.largest(least)
    detected = np.isin(np.arange(crowd.frames), list(face.seen) if face else [])
    if face is None or detected.sum() < least * crowd.frames:
        raise Faceless(
            f"a face must be found in at least {least:.0%} of the frames, "
            f"not in {int(detected.sum())} of {crowd.frames} ({name})",
            detected,
        )
    return face, detected


def _nearest(detected: np.ndarray) -> np.ndarray:
    """int64[T]: position of the frame with a face that is nearest to each, the earlier of two."""
    known = np.flatnonzero(detected)
    return known[np.abs(np.arange(len(detected))[:, None] - known).argmin(axis=1)]


def _interpolated(found: np.ndarray, detected: np.ndarray) -> np.ndarray:
    """float64[T, 68, 2]: linear in time between frames with a face, constant before the first and after the last."""
    known, time = np.flatnonzero(detected), np.arange(len(detected))
    filled = np.column_stack([np.interp(time, known, column) for column in found.reshape(len(known), -1).T])
    return filled.reshape(len(detected), 68, 2)


def smoothed(landmarks: np.ndarray, reach: int) -> np.ndarray:
    """[T, 68, 2]: each frame's value on the parabola through `reach` frames before and after (Savitzky, Golay 1964).

    A parabola keeps the height of a peak where a mean cuts it. Three frames or fewer are left as they are.
    """
    window = 2 * reach + 1
    if not 3 < window <= len(landmarks):
        return landmarks
    time = np.arange(len(landmarks))
    first = np.clip(time - reach, 0, len(landmarks) - window)  # of each frame's window, which stays inside the clip
    parabola = np.linalg.pinv(np.vander(np.arange(-reach, reach + 1), 3))  # [3, window]
    weights = np.vander(time - first - reach, 3) @ parabola  # [T, window]
    return np.einsum("tw,tw...->t...", weights, landmarks[first[:, None] + np.arange(window)])
