"""Name the columns of a table of measured faces, those of OpenFace 2 first, and fill them. Arrays in, arrays out.

A further column is one line of `FURTHER`, or of `OPENFACE` at its place in OpenFace's order.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import cv2
import numpy as np

from microexpr.signals.aus import LARGEST
from microexpr.signals.aus.openface import COLUMNS as INTENSITIES

PRESENT = 1.0  # FACS intensity A, a trace, from which a unit counts as present
DECIMALS = {
    "number": 0, "presence": 0, "share": 3, "ratio": 4, "seconds": 4, "radians": 4, "pixels": 2, "intensity": 3,
    "level": 2,
}  # fmt: skip


class Reading(NamedTuple):
    """The action units of one face."""

    intensity: np.ndarray  # float[2, 17], left and right, FACS intensities; those below 0 are cut in the table
    error: np.ndarray | None = None  # float[17], standard deviation to expect of both sides' mean


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredFace:
    """A face in one frame or picture, or a frame or picture without a face."""

    frame: int  # from 1
    face_id: int = 0
    seconds: float = 0.0
    confidence: float = 0.0  # 0 to 1; 0 without a face, when what follows is not there
    landmarks: np.ndarray | None = None  # float[68, 2], pixels of the frame
    pose: np.ndarray | None = None  # float[3], yaw, pitch and roll in degrees
    gaze: np.ndarray | None = None  # float[2], yaw and pitch in degrees
    error: float | None = None  # of landmarks, pixels, to expect on average
    reading: Reading | None = None
    quality: dict[str, float] = field(default_factory=dict)


class Columns(NamedTuple):
    """Neighbouring columns of one unit."""

    names: tuple[str, ...]
    kind: str  # of DECIMALS, and of the schema `face_table`
    values: Callable[[Any], Any]  # of a MeasuredFace; None where they were not measured


def openface_angles(pose: np.ndarray) -> np.ndarray:
    """Return pose_Rx, pose_Ry, pose_Rz in radians of a head's yaw, pitch and roll in degrees.

    Our head turns by yaw, then pitch, then roll, in axes to the right, up and towards the camera. OpenFace's rotation
    is Rx Ry Rz, in axes to the right, down and away from it: the same one, taken apart otherwise."""
    yaw, pitch, roll = np.radians(np.asarray(pose, float))
    vectors = ((0, 0, -roll), (pitch, 0, 0), (0, -yaw, 0))  # the last turns first
    turn = np.linalg.multi_dot([cv2.Rodrigues(np.array(vector))[0] for vector in vectors])
    first, last = np.arctan2(-turn[1, 2], turn[2, 2]), np.arctan2(-turn[0, 1], turn[0, 0])
    return np.array([first, np.arcsin(np.clip(turn[0, 2], -1, 1)), last])


def openface_gaze(gaze: np.ndarray) -> np.ndarray:
    """Return gaze_angle_x and gaze_angle_y, to the subject's left and down, radians, of yaw and pitch in degrees."""
    return np.radians(np.asarray(gaze, float)) * [1, -1]


def _intensity(face: Any) -> np.ndarray:
    return np.clip(face.reading.intensity.mean(axis=0), 0, LARGEST)


def _side(side: int) -> Callable[[Any], np.ndarray]:
    return lambda face: np.clip(face.reading.intensity[side], 0, LARGEST)


def _named(ending: str) -> tuple[str, ...]:
    return tuple(name.removesuffix("_r") + ending for name in INTENSITIES)


ALWAYS = (  # also without a face
    Columns(("frame", "face_id"), "number", lambda face: (face.frame, face.face_id)),
    Columns(("timestamp",), "seconds", lambda face: face.seconds),
    Columns(("confidence",), "share", lambda face: face.confidence),
    Columns(("success",), "number", lambda face: face.landmarks is not None),
)
OPENFACE = (
    Columns(("gaze_angle_x", "gaze_angle_y"), "radians", lambda face: openface_gaze(face.gaze)),
    Columns(("pose_Rx", "pose_Ry", "pose_Rz"), "radians", lambda face: openface_angles(face.pose)),
    Columns(tuple(f"x_{i}" for i in range(68)), "pixels", lambda face: face.landmarks[:, 0]),
    Columns(tuple(f"y_{i}" for i in range(68)), "pixels", lambda face: face.landmarks[:, 1]),
    Columns(INTENSITIES, "intensity", _intensity),
    Columns(_named("_c"), "presence", lambda face: _intensity(face) >= PRESENT),
)
FURTHER = (  # left out of a table in which no face has them
    Columns(_named("_left"), "intensity", _side(0)),
    Columns(_named("_right"), "intensity", _side(1)),
    Columns(_named("_error"), "intensity", lambda face: face.reading.error),
    Columns(("landmark_error",), "pixels", lambda face: face.error),
    Columns(("face_width",), "pixels", lambda face: np.linalg.norm(face.landmarks[16] - face.landmarks[0])),
    Columns(("sharpness",), "ratio", lambda face: face.quality.get("sharpness")),
    Columns(("brightness",), "level", lambda face: face.quality.get("brightness")),
    Columns(("noise",), "level", lambda face: face.quality.get("noise")),
)
QUALITY = ("face_width", "sharpness", "brightness", "noise")  # of which the summary has means
KINDS = {name: group.kind for group in (*ALWAYS, *OPENFACE, *FURTHER) for name in group.names}


def row(face: MeasuredFace) -> np.ndarray:
    """Return the values of all columns, float64[n], nan where there are none."""
    parts = [np.atleast_1d(np.asarray(group.values(face), float)) for group in ALWAYS]
    for group in (*OPENFACE, *FURTHER):
        values = None if face.landmarks is None else group.values(face)
        parts.append(np.full(len(group.names), np.nan) if values is None else np.atleast_1d(np.asarray(values, float)))
    return np.concatenate(parts)


def table(faces: Iterable[MeasuredFace], pictures: Sequence[str] = ()) -> dict[str, np.ndarray]:
    """Return a table's columns by name, rounded as files have them; `pictures` are the names of each row's picture."""
    rows = np.array([row(face) for face in faces]).reshape(-1, len(KINDS))
    left_out = {name for group in FURTHER for name in group.names}
    columns: dict[str, np.ndarray] = {}
    for (name, kind), values in zip(KINDS.items(), rows.T, strict=True):
        if name in left_out and np.isnan(values).all():
            continue
        rounded = np.round(values, DECIMALS[kind]) + 0.0  # + 0: no -0.0
        columns[name] = rounded.astype(np.int64) if kind == "number" else rounded
    return columns | ({"picture": np.array(pictures)} if pictures else {})
