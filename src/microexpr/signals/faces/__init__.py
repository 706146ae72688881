"""Track faces: 68 landmarks, head pose and one aligned crop per frame. Arrays in, arrays out; no files.

The detector runs on the first frame and from time to time after it. Between its runs each face is tracked from its own
landmarks, and the largest face is taken. All frames of a clip are aligned by one similarity, so that alignment adds no
movement to expressions that move the skin by a pixel."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

import numpy as np
from pydantic import BaseModel, Field

from microexpr.core.arrays import luma
from microexpr.core.errors import DataError
from microexpr.signals import face_regions
from microexpr.signals.faces.alignment import CROP, align, alignment, frame_mask
from microexpr.signals.faces.detection import PREDICTORS, PredictorName, detect, detect_large
from microexpr.signals.faces.pose import pose
from microexpr.signals.faces.tracking import Reference, TrackedFace, combine_tracks
from microexpr.signals.landmarks import face_box

__all__ = ["CROP", "FaceTrack", "Faceless", "Faces", "Params", "align", "alignment", "follow", "pose", "track"]

PREDICTION_INTERVAL = 0.05  # seconds between predictions, at least two frames: short against `anchor_window`
LOST_INTERVAL = 0.02  # seconds around a lost point in which the predictor is trusted more, about the rise of a blink


class Params(BaseModel, frozen=True, extra="forbid"):
    """Section `faces` of params.yaml."""

    predictor: PredictorName = Field(
        default="network", description="what predicts landmarks: the shipped network | dlib's regression trees"
    )
    upsample: int = Field(
        default=0, ge=0, le=1, description="times a frame is doubled for the detector; once more if no face is found"
    )
    detect_every: int = Field(
        default=30, ge=1, le=1000, description="frames between runs of the detector that look for further faces"
    )
    min_similarity: float = Field(
        default=0.6,
        ge=0,
        le=1,
        description="correlation of the tracked face with the detected one below which the detector runs again",
    )
    anchor_window: float = Field(
        default=0.1,
        ge=0,
        le=2,
        description="seconds before and after over which points tracked by optical flow are corrected to the "
        "predicted landmarks, dlib's better over 0.5; 0 takes the predicted ones alone",
    )
    smooth: float = Field(
        default=0.01, ge=0, le=0.1, description="seconds before and after over which a parabola smooths landmarks"
    )
    min_detected: float = Field(default=0.9, gt=0, le=1, description="least share of a clip's frames that show a face")


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """One face through a clip of T frames. Pixel centres have whole-numbered coordinates, x right and y down."""

    detected: np.ndarray  # bool[T]
    landmarks: np.ndarray  # float32[T, 68, 2], pixels of the frame; interpolated in time where not detected
    landmarks_crop: np.ndarray  # float32[T, 68, 2], pixels of the crop
    pose: np.ndarray  # float32[T, 3], yaw, pitch, roll in degrees
    crop: np.ndarray  # uint8[T, 288, 288, C], RGB or grey; of the nearest detected frame where not detected
    other_faces: int  # number of further, smaller faces in the clip
    in_frame: np.ndarray | None  # bool[288, 288], pixels of the crop that show the frame; None if all do

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all fields but None by name, as a faces file holds them."""
        values = {field.name: getattr(self, field.name) for field in fields(Faces)}
        return {name: np.asarray(value) for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True, eq=False)
class FaceTrack:
    """Landmarks of one face through a clip of T frames."""

    detected: np.ndarray  # bool[T]
    landmarks: np.ndarray  # float64[T, 68, 2], pixels of the frame; interpolated in time where not detected
    size: tuple[int, int]  # rows and columns of a frame
    other_faces: int

    def pose(self) -> np.ndarray:
        """Return yaw, pitch and roll in degrees, float32[T, 3]."""
        return np.array([pose(points, self.size) for points in self.landmarks], np.float32)


class Faceless(DataError):
    """A clip with too few frames that show a face."""

    def __init__(self, message: str, detected: np.ndarray):
        super().__init__(message)
        self.detected = detected  # bool[T]


def track(frames: Callable[[], Iterable[np.ndarray]], params: Params, name: str, fps: float = 0) -> Faces:
    """Track the largest face of a clip and align its frames.

    `frames` is called twice and must give the same frames each time, uint8[H, W, 3] RGB or uint8[H, W] grey, all of one
    size; only one of them is held at a time. `name` is the clip's, for the error. `fps` is 0 for pictures that are not
    frames of a video: their landmarks are the predictor's, without temporal smoothing.

    Raises Faceless when fewer than `min_detected` of the frames show the face."""
    face_track = follow(frames(), params, name, fps)
    detected, landmarks = face_track.detected, face_track.landmarks
    matrix = alignment(landmarks[detected])
    crop = np.stack([align(frame, matrix) for frame in frames()])
    in_frame, positions = frame_mask(face_track.size, matrix), np.flatnonzero(detected)
    nearest = np.abs(np.arange(len(detected))[:, None] - positions).argmin(axis=1)  # the earlier of two
    return Faces(
        detected=detected,
        landmarks=landmarks.astype(np.float32),
        landmarks_crop=(landmarks @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32),
        pose=face_track.pose(),
        crop=face_regions.hold_outside_still(crop[positions[nearest]], in_frame),
        other_faces=face_track.other_faces,
        in_frame=in_frame,
    )


def follow(frames: Iterable[np.ndarray], params: Params, name: str, fps: float = 0) -> FaceTrack:
    """Track the largest face as `track` does, without keeping its pixels; `frames` is read once."""
    anchor_window, size, count = round(params.anchor_window * fps), (0, 0), 0
    predict_every = max(2, round(PREDICTION_INTERVAL * fps)) if anchor_window else 0
    faces: list[TrackedFace] = []
    for count, frame in enumerate(frames, 1):
        size = (frame.shape[0], frame.shape[1])
        _follow_all(faces, count - 1, frame, params, predict_every)
    face = max(  # the largest over all frames together, of those in enough frames if there are any
        faces,
        key=lambda face: (
            len(face.observations) >= params.min_detected * count,
            sum(observation.box.side**2 for observation in face.observations.values()),
        ),
        default=None,
    )
    detected = np.isin(np.arange(count), list(face.observations) if face else [])
    if face is None or detected.sum() < params.min_detected * count:
        raise Faceless(
            f"a face must be found in at least {params.min_detected:.0%} of the frames, "
            f"not in {int(detected.sum())} of {count} ({name})",
            detected,
        )
    observations = [face.observations[position] for position in sorted(face.observations)]
    combined = combine_tracks(observations, anchor_window, round(LOST_INTERVAL * fps))
    positions, time = np.flatnonzero(detected), np.arange(len(detected))
    columns = [np.interp(time, positions, column) for column in combined.reshape(len(positions), -1).T]
    landmarks = smooth(np.column_stack(columns).reshape(-1, 68, 2), round(params.smooth * fps))
    others = max(0, sum(len(face.observations) >= max(1, count / 10) for face in faces) - 1)
    return FaceTrack(detected, landmarks, size, others)


def _follow_all(faces: list[TrackedFace], position: int, frame: np.ndarray, params: Params, predict_every: int) -> None:
    """Track all faces of a clip into its next frame, uint8[H, W, 3] RGB or uint8[H, W] grey. The detector runs on the
    first frame, on every `detect_every`-th, and on those in which no face is tracked."""
    grey, predictor = luma(frame), PREDICTORS[params.predictor]
    for face in faces:
        face.follow(position, grey)
    sides = [face.box.side for face in faces if face.box is not None]
    if not sides:
        boxes = detect(frame, params.upsample)
    elif position % params.detect_every == 0:
        boxes = detect_large(frame, max(sides))  # the largest face is taken, so smaller ones do not matter
    else:
        return
    for box in boxes:  # of tracked faces, of lost ones, or of new ones
        if any(face.box is not None and face.box.holds(box) for face in faces):
            continue
        points = predictor.refine(grey, box)
        reference = Reference.of(position, grey, points)
        lost_faces = (face for face in faces if face.box is None and face.matches(reference, face_box(points)))
        if not (match := next(lost_faces, None)):
            match = TrackedFace(predictor, predict_every, params.min_similarity, reference)
            faces.append(match)
        match.reference = reference
        match.record(position, points, points, np.zeros(68))


def smooth(landmarks: np.ndarray, reach: int) -> np.ndarray:
    """Smooth landmarks [T, 68, 2] by a parabola through `reach` frames before and after (Savitzky and Golay 1964). A
    parabola keeps the height of a peak that a mean would flatten. Windows of three frames or fewer change nothing."""
    window = 2 * reach + 1
    if not 3 < window <= len(landmarks):
        return landmarks
    time = np.arange(len(landmarks))
    start = np.clip(time - reach, 0, len(landmarks) - window)  # every window stays inside the clip
    parabola = np.linalg.pinv(np.vander(np.arange(-reach, reach + 1), 3))  # [3, window]
    weights = np.vander(time - start - reach, 3) @ parabola  # [T, window]
    return np.einsum("tw,tw...->t...", weights, landmarks[start[:, None] + np.arange(window)])
