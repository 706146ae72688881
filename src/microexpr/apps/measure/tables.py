"""Measure the faces of one video, or of pictures, as a table. Writes no file.

A video is read three times and never held in memory: to track the face, to choose a frame at rest, to measure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from microexpr.apps.measure import reader
from microexpr.apps.measure.columns import MeasuredFace, table
from microexpr.apps.predict import Progress, domain, limits
from microexpr.apps.predict.footage import Footage, is_rendered
from microexpr.apps.predict.head import steady_landmarks
from microexpr.core.errors import DataError
from microexpr.core.grayscale import luma
from microexpr.datasets import picture
from microexpr.datasets.video import Timing
from microexpr.signals import faces
from microexpr.signals.aus import recording
from microexpr.signals.aus.regressor import FaceFeatures
from microexpr.signals.faces import FaceTrack, align, alignment
from microexpr.signals.faces.pose import correct_yaw
from microexpr.signals.landmarks.gaze import gaze


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The measured faces of one input."""

    columns: dict[str, np.ndarray]  # by name: [rows] each
    frames: int  # or pictures
    faces: int  # that were found: in a video subjects, in pictures all together
    generated: bool  # whether every file says that it is rendered
    seconds: float | None = None  # length of a video
    reference: int | None = None  # the frame at rest, from 1
    notes: tuple[str, ...] = ()  # in what a video differs from its header
    problems: tuple[str, ...] = ()  # pictures that cannot be read

    @property
    def share_with_face(self) -> float:
        """The share of frames or pictures that show a face."""
        return len(np.unique(self.columns["frame"][self.columns["success"] == 1])) / max(self.frames, 1)


def of_footage(footage: Footage, progress: Progress) -> Table:
    """Measure the largest face in every frame of a video. Raises DataError where it has none."""
    timing = Timing()
    track = reader.track(footage, progress, timing)
    notes = limits.differences_from_header(footage, timing)
    if track.other_faces:
        notes.append(f"{track.other_faces} more faces; only the largest is measured")
    face, frames = SteadyFace(track, footage.fps), len(track.detected)
    reference, rest = _at_rest(footage, face)
    columns = table(_measured(footage, face, rest, progress))
    seconds, count = frames / footage.fps, 1 + track.other_faces
    return Table(columns, frames, count, footage.generated, seconds, reference + 1, tuple(notes))


class SteadyFace:
    """A tracked face, and each frame's crop of it under an alignment that changes slowly."""

    def __init__(self, track: FaceTrack, fps: float):
        self.track = track
        self._steady = steady_landmarks(track.landmarks, track.detected, fps)

    def matrix(self, i: int) -> np.ndarray:
        """Return the similarity, float64[2, 3], from the pixels of frame i to those of its crop."""
        return alignment(self._steady[i][None])

    def crop(self, i: int, grey: np.ndarray) -> np.ndarray:
        """Return the grey crop uint8[288, 288] of frame i."""
        return align(grey, self.matrix(i))[..., 0]


def _at_rest(footage: Footage, face: SteadyFace) -> tuple[int, FaceFeatures]:
    """Return the number and the features of a frame in which the face is at rest, of some at equal distances."""
    numbers = recording.sample(face.track.detected).tolist()
    frames = footage.read_frames({*numbers}.__contains__)
    features = [reader.describe(face.crop(i, luma(frame))) for i, frame in zip(numbers, frames, strict=False)]
    position = reader.most_at_rest(features)
    return numbers[position], features[position]


def _measured(footage: Footage, face: SteadyFace, rest: FaceFeatures, progress: Progress) -> Iterator[MeasuredFace]:
    track, before, read = face.track, None, reader.since(rest)
    for i, frame in enumerate(footage.read_frames()):
        progress("measuring the face", i + 1, len(track.detected))
        if not track.detected[i]:
            before = None
            yield MeasuredFace(i + 1, seconds=i / footage.fps)
            continue
        grey = luma(frame)
        crop = face.crop(i, grey)
        geometry = _geometry(grey, track.landmarks[i], face.matrix(i), crop)
        reading, small = read(reader.describe(crop)), domain.reduce(crop)
        noise: dict[str, float] = {} if before is None else {"noise": domain.camera_noise(before, small)}
        yield MeasuredFace(
            i + 1, seconds=i / footage.fps, confidence=1.0, reading=reading, quality=quality(small) | noise, **geometry
        )
        before = small


def _geometry(grey: np.ndarray, landmarks: np.ndarray, matrix: np.ndarray, crop: np.ndarray) -> dict[str, Any]:
    """Return what is measured of the landmarks in a grey frame, and of its crop under a similarity [2, 3]."""
    turn = correct_yaw(faces.pose(landmarks, (grey.shape[0], grey.shape[1])))
    return {
        "landmarks": landmarks,
        "error": reader.landmark_error(grey, landmarks),
        "pose": turn,
        "gaze": gaze(crop, landmarks @ matrix[:, :2].T + matrix[:, 2], turn),
    }


def quality(crop: np.ndarray) -> dict[str, float]:
    """Return how a face was filmed, by the name of a column, of its reduced crop."""
    return {"sharpness": domain.skin_detail(crop), "brightness": float(domain.inside_face(crop).mean())}


def of_pictures(paths: Sequence[Path], progress: Progress) -> Table:
    """Measure every face of pictures, each by itself. Raises DataError if none of them can be read."""
    measured: list[MeasuredFace] = []
    names, problems = [], []
    for number, path in enumerate(paths, 1):
        try:
            image = picture.read(path)
        except DataError as error:
            problems.append(str(error))
        else:
            rows = [*_in_picture(image, number)]
            names += [path.name] * len(rows)
            measured += rows
        progress("measuring pictures", number, len(paths))
    if not measured:
        raise DataError("; ".join(problems))
    count = sum(face.landmarks is not None for face in measured)
    return Table(table(measured, names), len(paths), count, all(map(is_rendered, paths)), problems=tuple(problems))


def _in_picture(image: np.ndarray, number: int) -> Iterator[MeasuredFace]:
    """Yield the faces of a picture, or one without a face."""
    landmarks, grey = reader.find(image), luma(image)
    for i, points in enumerate(landmarks):
        matrix = alignment(points[None])
        crop = align(grey, matrix)[..., 0]
        yield MeasuredFace(
            number,
            i,
            0.0,
            1.0,
            reading=reader.alone(reader.describe(crop)),
            quality=quality(domain.reduce(crop)),
            **_geometry(grey, points, matrix, crop),
        )
    if not landmarks:
        yield MeasuredFace(number)
