"""Measure the faces of one video, or of pictures, as a table. Writes no file.

A video is read three times: to track the face, to choose a frame at rest, to measure. Only `alone`, `since`, `_at_rest`
and `_geometry` know the readers of landmarks and of action units; what another reader reads in addition becomes a line
of `measure.FURTHER`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import numpy as np

from microexpr.apps.measure import MeasuredFace, Reading, Table, fill
from microexpr.apps.predict import domain
from microexpr.apps.read.take import Progress, Stretch, Take, track
from microexpr.apps.reenact.photograph import find_faces, read_upright
from microexpr.core.arrays import luma
from microexpr.core.errors import DataError, StoreError, about, printable
from microexpr.signals import faces
from microexpr.signals.aus import LARGEST, recording, regressor
from microexpr.signals.aus.regressor import reduce_crop
from microexpr.signals.faces import align, alignment, detection
from microexpr.signals.faces.pose import correct_yaw, gaze
from microexpr.signals.landmarks import face_box, load, predict
from microexpr.videos import Scan, Video, is_rendered, picture, search
from microexpr.videos.search import Item

SMALL = 32  # times the width of a face, a frame's longer side
SLOWEST = 1.0  # frames a second of a video that is measured

# A face with action units still to be read: its pixels uint8[128, 128], and what reads them; or a frame without a face.
Unread = tuple[MeasuredFace, np.ndarray | None, Callable[[Sequence[np.ndarray]], Sequence[Reading | None]] | None]


def alone(face: np.ndarray) -> Reading:
    """Return the action units of a face by its appearance alone."""
    reading = regressor.load().alone([face])
    return Reading(np.clip(reading.values[0], 0, LARGEST), reading.errors[0].mean(axis=0))


def since(rest: np.ndarray) -> Callable[[Sequence[np.ndarray]], list[Reading]]:
    """Return a function that reads faces: the action units of the same face at rest, and their change since."""
    at_rest = regressor.load().alone([rest])

    def read(faces: Sequence[np.ndarray]) -> list[Reading]:
        change = regressor.load().change(rest, faces)
        values = np.clip(at_rest.values + change.values, 0, LARGEST)
        return [*map(Reading, values, np.hypot(at_rest.errors, change.errors).mean(axis=1))]

    return read


def _table(columns: dict[str, np.ndarray], frames: int, faces: int, generated: bool, **details: Any) -> Table:
    """Return a table with the name and provenance of its readers."""
    fitted_on = tuple(sorted({*regressor.load().fitted_on, *detection.fitted_on("network")}))
    return Table(columns, frames, faces, generated, regressor.MODEL.name, fitted_on, **details)


def measure(item: Item, fps: float | None, progress: Progress) -> Table:
    """Measure one input. Raises DataError if it cannot be read or shows no face."""
    if item.kind in ("video", "frames"):
        return of_video(Scan(item.path, fps, SLOWEST, 0), progress)
    return of_pictures(search.pictures(item.path) if item.kind == "pictures" else [item.path], progress)


def of_video(source: Scan | Video, progress: Progress) -> Table:
    """Measure the largest face in every frame of a video. Raises DataError where it has none."""
    take = track(source, progress, every=1)
    video, notes = take.video, [*take.video.notes]
    if take.face.other_faces:
        notes.append(f"{take.face.other_faces} more faces; only the largest is measured")
    rests = [_at_rest(video, stretch) for stretch in take.stretches]
    if len(rests) > 1:
        starts = zip(rests, take.stretches, strict=True)
        times = ", ".join(f"{number + 1} from {stretch.frames.start + 1}" for (number, _), stretch in starts)
        notes.append(f"frames at rest, each for a stretch between cuts: {times}")
    columns = fill(_read(_unread(take, [face for _, face in rests], progress)))
    about = {"seconds": video.end, "reference": rests[0][0] + 1, "notes": tuple(notes)}
    return _table(columns, len(video), 1 + take.face.other_faces, video.generated, **about)


def _at_rest(video: Video, stretch: Stretch) -> tuple[int, np.ndarray]:
    """Return the number and the reduced face of a frame in which the face is at rest, of some at equal distances."""
    numbers = stretch.tracked[recording.sample(stretch.face.detected)].tolist()
    aligned = (align(luma(frame), stretch.matrix_at(i)) for i, frame in zip(numbers, video.read(numbers), strict=False))
    reduced = [reduce_crop(crop[..., 0]) for crop in aligned]
    resting = recording.resting_frames(reduced, regressor.load())
    position, _ = recording.reference(reduced, resting)
    return numbers[position], reduced[position]


def _read(unread: Iterator[Unread]) -> Iterator[MeasuredFace]:
    """Yield faces with their action units, read in batches."""
    while block := list(islice(unread, regressor.BATCH)):
        for read, part in groupby(block, key=lambda item: item[2]):
            measured, faces, _ = zip(*part, strict=True)
            readings = read(faces) if read else [None] * len(faces)
            yield from (replace(face, reading=of) for face, of in zip(measured, readings, strict=True))


def _unread(take: Take, rests: list[np.ndarray], progress: Progress) -> Iterator[Unread]:
    """Yield the face in every frame of a video, or its absence; also for missing frames."""
    video, images, before = take.video, take.video.read(), None
    places = {
        int(number): (stretch, i, read)
        for stretch, read in zip(take.stretches, map(since, rests), strict=True)
        for i, number in enumerate(stretch.tracked)
        if stretch.face.detected[i]
    }
    for number, is_present in enumerate(video.timeline.present):
        progress("measuring the face", number + 1, len(video))
        frame = next(images, None) if is_present else None
        seconds = float(video.seconds[number])
        if frame is None or number not in places:
            before = None
            yield MeasuredFace(number + 1, seconds=seconds), None, None
            continue
        stretch, i, read = places[number]
        grey, matrix = luma(frame), stretch.matrix_at(number)
        crop = align(grey, matrix)[..., 0]
        geometry = _geometry(grey, stretch.face.landmarks[i], matrix, crop)
        small = domain.reduce(crop)
        noise: dict[str, float] = {} if before is None else {"noise": domain.camera_noise(before, small)}
        measured = MeasuredFace(number + 1, seconds=seconds, confidence=1.0, quality=quality(small) | noise, **geometry)
        yield measured, reduce_crop(crop), read
        before = small


def _geometry(grey: np.ndarray, landmarks: np.ndarray, matrix: np.ndarray, crop: np.ndarray) -> dict[str, Any]:
    """Return the measurements of landmarks in a grey frame, and of its crop under a similarity [2, 3]."""
    low, high, shape = landmarks.min(0), landmarks.max(0), (grey.shape[0], grey.shape[1])
    side = round(SMALL * float((high - low).max()))
    is_small = side < max(shape)  # then it counts as in the middle, since OpenCV finds no pose where it is
    turn = correct_yaw(faces.pose(landmarks - (low + high - side) / 2 if is_small else landmarks,
                                  (side, side) if is_small else shape))  # fmt: skip
    return {
        "landmarks": landmarks,
        "error": float(predict(load(detection.MODEL), grey, face_box(landmarks))[1][:68].mean()),
        "pose": turn,
        "gaze": gaze(crop, landmarks @ matrix[:, :2].T + matrix[:, 2], turn),
    }


def quality(crop: np.ndarray) -> dict[str, float]:
    """Return how a face was filmed, by the name of a column, of its reduced crop."""
    return {"sharpness": domain.skin_detail(crop), "brightness": float(domain.inside_face(crop).mean())}


def of_pictures(paths: Sequence[Path], progress: Progress) -> Table:
    """Measure every face of each picture. Raises DataError if none of them can be read."""
    measured: list[MeasuredFace] = []
    names, problems, alterations = [], [], picture.Alterations()
    for number, path in enumerate(paths, 1):
        try:
            image = read_upright(path, alterations)
            grey, rows = luma(image), list[MeasuredFace]()
            for i, landmarks in enumerate(find_faces(image)):
                points = landmarks.astype(float)
                matrix = alignment(points[None])
                crop = align(grey, matrix)[..., 0]
                units, filmed = alone(reduce_crop(crop)), quality(domain.reduce(crop))
                geometry = _geometry(grey, points, matrix, crop)
                rows.append(MeasuredFace(number, i, 0.0, 1.0, reading=units, quality=filmed, **geometry))
            rows = rows or [MeasuredFace(number)]  # without a face
        except StoreError:
            raise  # of the networks: no picture can be read
        except Exception as error:  # decoders and detectors raise many kinds, and the others go on
            problems.append(about(path, error))
        else:
            names += [printable(path.name)] * len(rows)
            measured += rows
        progress("measuring pictures", number, len(paths))
    if not measured:
        raise DataError("; ".join(problems))
    count = sum(face.landmarks is not None for face in measured)
    notes = tuple(alterations.notes(paths[0].parent if len(paths) > 1 else paths[0], len(paths)))
    generated = all(map(is_rendered, paths))
    return _table(fill(measured, names), len(paths), count, generated, notes=notes, problems=tuple(problems))
