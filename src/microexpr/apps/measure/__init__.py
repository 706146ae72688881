"""Measure every face of videos and pictures as tables: landmarks, head pose, action units and quality.

Here are a table's columns, those of OpenFace 2 first, with its names, order and units, and its file as CSV, Parquet or
HDF5. A further column is one line of `FURTHER`, or of `OPENFACE` at its place in OpenFace's order. Loads no reader, so
that a format which cannot be written is refused before."""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from microexpr.core import csv_file, store
from microexpr.core.errors import ParamsError
from microexpr.signals.aus import LARGEST
from microexpr.signals.aus.openface import COLUMNS as INTENSITIES

ENDINGS = {"csv": ".csv", "parquet": ".parquet", "hdf5": ".h5"}  # of a file's name, by format
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
    confidence: float = 0.0  # 0 to 1; 0 without a face, and the values below are missing
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


def _intensity(face: Any) -> np.ndarray:
    return np.clip(face.reading.intensity.mean(axis=0), 0, LARGEST)


def _named(ending: str) -> tuple[str, ...]:
    return tuple(name.removesuffix("_r") + ending for name in INTENSITIES)


ALWAYS = (  # also without a face
    Columns(("frame", "face_id"), "number", lambda face: (face.frame, face.face_id)),
    Columns(("timestamp",), "seconds", lambda face: face.seconds),
    Columns(("confidence",), "share", lambda face: face.confidence),
    Columns(("success",), "number", lambda face: face.landmarks is not None),
)
OPENFACE = (
    Columns(("gaze_angle_x", "gaze_angle_y"), "radians", lambda face: np.radians(face.gaze) * [1, -1]),
    Columns(("pose_Rx", "pose_Ry", "pose_Rz"), "radians", lambda face: openface_angles(face.pose)),
    Columns(tuple(f"x_{i}" for i in range(68)), "pixels", lambda face: face.landmarks[:, 0]),
    Columns(tuple(f"y_{i}" for i in range(68)), "pixels", lambda face: face.landmarks[:, 1]),
    Columns(INTENSITIES, "intensity", _intensity),
    Columns(_named("_c"), "presence", lambda face: _intensity(face) >= PRESENT),
)
FURTHER = (  # left out of a table in which no face has them
    Columns(_named("_left"), "intensity", lambda face: np.clip(face.reading.intensity[0], 0, LARGEST)),
    Columns(_named("_right"), "intensity", lambda face: np.clip(face.reading.intensity[1], 0, LARGEST)),
    Columns(_named("_error"), "intensity", lambda face: face.reading.error),
    Columns(("landmark_error",), "pixels", lambda face: face.error),
    Columns(("face_width",), "pixels", lambda face: np.linalg.norm(face.landmarks[16] - face.landmarks[0])),
    Columns(("sharpness",), "ratio", lambda face: face.quality.get("sharpness")),
    Columns(("brightness",), "level", lambda face: face.quality.get("brightness")),
    Columns(("noise",), "level", lambda face: face.quality.get("noise")),
)
QUALITY = ("face_width", "sharpness", "brightness", "noise")  # the summary has their means
KINDS = {name: group.kind for group in (*ALWAYS, *OPENFACE, *FURTHER) for name in group.names}


def fill(faces: Iterable[MeasuredFace], pictures: Sequence[str] = ()) -> dict[str, np.ndarray]:
    """Return columns by name, rounded as files have them, nan where nothing was measured. `pictures` are the names of
    each row's picture."""
    rows = []
    for face in faces:
        parts = [np.atleast_1d(np.asarray(group.values(face), float)) for group in ALWAYS]
        for group in (*OPENFACE, *FURTHER):
            values = None if face.landmarks is None else group.values(face)
            nothing = np.full(len(group.names), np.nan)
            parts.append(nothing if values is None else np.atleast_1d(np.asarray(values, float)))
        rows.append(np.concatenate(parts))
    left_out = {name for group in FURTHER for name in group.names}
    columns: dict[str, np.ndarray] = {}
    for (name, kind), values in zip(KINDS.items(), np.array(rows).reshape(-1, len(KINDS)).T, strict=True):
        if name in left_out and np.isnan(values).all():
            continue
        rounded = np.round(values, DECIMALS[kind]) + 0.0  # + 0: no -0.0
        columns[name] = rounded.astype(np.int64) if kind == "number" else rounded
    return columns | ({"picture": np.array(pictures)} if pictures else {})


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The measured faces of one input."""

    columns: dict[str, np.ndarray]  # by name: [rows] each
    frames: int  # or pictures
    faces: int  # that were found: in a video subjects, in pictures all together
    generated: bool  # whether every file is marked as rendered
    reader: str  # file of the reader of action units
    fitted_on: tuple[str, ...]  # provenance of the training data of the readers
    seconds: float | None = None  # length of a video
    reference: int | None = None  # the frame at rest, from 1
    notes: tuple[str, ...] = ()  # how a video is unusual, or how pictures were altered
    problems: tuple[str, ...] = ()  # pictures that cannot be read

    @property
    def attributes(self) -> dict[str, str]:
        """Origin of the faces, their reader, and the frame at rest."""
        return {
            "origin": "generated" if self.generated else "not marked as generated",
            "reader": self.reader,
            "intensities": f"since frame {self.reference}" if self.reference else "of each picture alone",
        }

    def summary(self) -> dict[str, Any]:
        """Return the row of the summary, by column."""
        means = {name: self.columns[name] for name in QUALITY if name in self.columns}
        with_face = len(np.unique(self.columns["frame"][self.columns["success"] == 1])) / max(self.frames, 1)
        return {
            **{name: round(float(np.nanmean(of)), 4) for name, of in means.items() if not np.isnan(of).all()},
            "origin": self.attributes["origin"],
            "frames": self.frames,
            "faces": self.faces,
            "share_with_face": round(with_face, 4),
            "seconds": "" if self.seconds is None else round(self.seconds, 3),
            "reference": self.reference,
            "note": "; ".join(self.notes),
            "problem": "; ".join(self.problems),
        }

    def write(self, path: Path) -> None:
        """Write a file in the format that the ending of the path names. Raises StoreError when the disk is full. A CSV
        has Python's own numbers; values that are not there are empty."""
        if path.suffix == ".csv":
            with store.atomic(path) as part, part.open("w", encoding="utf-8", newline="") as lines:
                writer = csv.writer(lines, lineterminator="\n")
                writer.writerow(self.columns)
                for values in zip(*self.columns.values(), strict=True):
                    writer.writerow(["" if value != value else csv_file.as_text(value.item()) for value in values])
        elif path.suffix == ".parquet":
            arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
            rows = arrow.table({name: arrow.array(values) for name, values in self.columns.items()})
            with store.atomic(path) as part:
                parquet.write_table(rows.replace_schema_metadata(self.attributes), part)
        else:
            with store.create(path, "face_table", {}, columns=" ".join(self.columns), **self.attributes) as file:
                for name, column in self.columns.items():
                    file.put(name, column, KINDS.get(name, name))
                file.put("fitted_on", self.fitted_on)


def ending(form: str) -> str:
    """Return the ending of a format's files. Raises ParamsError for another format, and without what writes it."""
    if form not in ENDINGS:
        raise ParamsError(f"format must be one of {', '.join(ENDINGS)}, not {form}")
    if form == "parquet" and find_spec("pyarrow") is None:
        raise ParamsError("format parquet needs the package pyarrow: pip install pyarrow, or choose csv or hdf5")
    return ENDINGS[form]
