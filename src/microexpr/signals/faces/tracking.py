"""Track faces from frame to frame, each from its own landmarks, and detect them again where they are lost.

Two measurements are made of every frame. Predicted landmarks are right on average but noisy and damped (they show only
part of a faint movement). Points of a reference frame tracked by optical flow (Lucas and Kanade 1981) are precise but
drift over seconds. `combine_tracks` takes movement from the second and position from the first.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

from microexpr.core.grayscale import luma
from microexpr.signals.faces.detection import (  # fmt: skip
    FACE_SIZE,
    PATCH_SIZE,
    Box,
    cut_patch,
    detect,
    detect_large,
    face_box,
    patch_matrix,
    predict_landmarks,
    refine_landmarks,
    to_frame,
    to_patch,
)

WINDOW, LEVELS = 27, 2  # Lucas-Kanade: pixels of the patch around a point, and halvings
MATCHING, MISMATCHING = 3.0, 5.0  # mismatches between which trust goes from the tracked point to the predicted one
STEPS = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 20, 0.01)
MAX_SHIFT, MAX_GROWTH = 0.15, 0.1  # shares of the reference face's size, above which a new reference is taken


@dataclass(slots=True, eq=False)
class Observation:
    """One face in one frame, in pixels of the frame."""

    predicted: np.ndarray | None  # float64[68, 2]; not in every frame
    tracked: np.ndarray  # float64[68, 2]
    mismatches: np.ndarray  # float64[68]: of each tracked point from its reference, in units of the frame's median
    box: Box
    reference: int  # number of the reference, the same for all frames tracked from it


@dataclass(slots=True, eq=False)
class Reference:
    """The frame from which others are tracked."""

    matrix: np.ndarray  # float64[2, 3], from its frame to its patch
    patch: np.ndarray
    start: np.ndarray  # float32[68, 2], its landmarks in pixels of the patch
    last_points: np.ndarray  # float32[68, 2], their positions in the last frame tracked
    thumbnail: np.ndarray

    @classmethod
    def of(cls, grey: np.ndarray, points: np.ndarray) -> "Reference":
        """Make a reference of a grey frame and the landmarks [68, 2] of a face in it."""
        matrix = patch_matrix(face_box(points))
        patch, start = cut_patch(grey, matrix), to_patch(points, matrix).astype(np.float32)
        return cls(matrix, patch, start, start, thumbnail(patch, face_box(start)))

    def track(self, patch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Track the landmarks into a patch of the same matrix: positions float64[68, 2] and mismatches float64[68]."""
        positions, _, error = cv2.calcOpticalFlowPyrLK(
            self.patch, patch, self.start[:, None], self.last_points[:, None].copy(), winSize=(WINDOW, WINDOW),
            maxLevel=LEVELS, criteria=STEPS, flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        )  # fmt: skip
        self.last_points = np.asarray(positions, np.float32)[:, 0]
        differences = np.asarray(error, float)[:, 0]
        return self.last_points.astype(float), differences / max(float(np.median(differences)), 1.0)

    def suits(self, box: Box) -> bool:
        """Return whether a face in this box of the patch is near enough to be tracked from this reference."""
        shift = np.abs(box.centre - (PATCH_SIZE - 1) / 2).max()
        return bool(shift < MAX_SHIFT * FACE_SIZE and abs(box.side / FACE_SIZE - 1) < MAX_GROWTH)


def thumbnail(patch: np.ndarray, box: Box) -> np.ndarray:
    """Return a face as 32 x 32 values without its brightness and contrast.

    The dot product of two thumbnails is their correlation.
    """
    first = np.maximum(0, np.rint(box.centre - box.side / 2)).astype(int)
    last = np.maximum(first + 1, np.rint(box.centre + box.side / 2).astype(int))
    face = patch[first[1] : last[1], first[0] : last[0]]
    if not face.size:
        return np.zeros(32 * 32)
    small = cv2.resize(face, (32, 32), interpolation=cv2.INTER_AREA).astype(float).ravel()
    small -= small.mean()
    return small / max(float(np.linalg.norm(small)), 1e-9)


@dataclass(frozen=True, slots=True)
class Settings:
    """How often and how closely faces are tracked."""

    upsample: int  # times a frame is doubled for the detector
    look_again: int  # frames between runs of the detector
    boxes: int  # whose predictions are averaged where no points are tracked
    min_similarity: float
    predict_every: int  # frames between predictions while points are tracked; 0: no points are tracked


@dataclass(slots=True, eq=False)
class TrackedFace:
    """One face through a clip."""

    settings: Settings
    observations: dict[int, Observation] = field(default_factory=dict)  # by position of the frame
    reference: Reference | None = None
    references: int = 0
    offsets: np.ndarray = field(
        default_factory=lambda: np.zeros((68, 2))
    )  # predicted less tracked, at the last prediction
    prediction_due: bool = False  # whether nothing has been predicted since the reference
    box: Box | None = None  # None while the face is lost
    last_box: Box | None = None  # where the face was last

    def add_detection(self, position: int, grey: np.ndarray, points: np.ndarray) -> None:
        """Add a frame in which the detector found the face, with its landmarks."""
        self._set_reference(grey, points)
        self._record(position, points, points, np.zeros(68))

    def matches(self, grey: np.ndarray, points: np.ndarray) -> bool:
        """Return whether a face with these landmarks is at this one's last position or looks like it."""
        if self.reference is None or self.last_box is None:
            return False
        if self.last_box.holds(face_box(points)):
            return True
        return self._looks_like(Reference.of(grey, points).thumbnail)

    def follow(self, position: int, grey: np.ndarray) -> None:
        """Track the face into the next frame, or lose it if its new box looks different."""
        if self.box is None or self.reference is None:
            return
        matrix = self.reference.matrix
        patch = cut_patch(grey, matrix)
        predicted, tracked, mismatches = self._points(position, patch, self.reference)
        box = face_box(tracked + self.offsets)
        if not self._looks_like(thumbnail(patch, box)):
            self.box = None
            return
        points = to_frame(tracked, matrix)
        self._record(position, None if predicted is None else to_frame(predicted, matrix), points, mismatches)
        if not self.reference.suits(box):
            self._set_reference(grey, points + self.offsets / matrix[0, 0])

    def _points(
        self, position: int, patch: np.ndarray, reference: Reference
    ) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
        """Return predicted (None in most frames) and tracked landmarks in pixels of the patch, and mismatches."""
        predict_every, box = self.settings.predict_every, self.box
        tracked, mismatches = reference.track(patch) if predict_every else (None, np.zeros(68))
        if tracked is not None and position % predict_every and not self.prediction_due:
            return None, tracked, mismatches
        assert box is not None
        patch_box = Box(to_patch(box.centre, reference.matrix), box.side * reference.matrix[0, 0])
        predicted = predict_landmarks(patch, patch_box, 1 if predict_every else self.settings.boxes)
        tracked = predicted if tracked is None else tracked
        self.offsets = predicted - tracked
        return predicted, tracked, mismatches

    def _looks_like(self, other: np.ndarray) -> bool:
        return self.reference is not None and bool(
            np.dot(self.reference.thumbnail, other) >= self.settings.min_similarity
        )

    def _set_reference(self, grey: np.ndarray, points: np.ndarray) -> None:
        previous = self.reference if self.box is not None else None
        self.reference = Reference.of(grey, points)
        self.references += 1
        self.offsets, self.prediction_due = np.zeros((68, 2)), True
        if previous is not None:  # else a face could turn into another by small steps
            self.reference.thumbnail = previous.thumbnail

    def _record(self, position: int, predicted: np.ndarray | None, tracked: np.ndarray, mismatches: np.ndarray) -> None:
        self.box = self.last_box = face_box(tracked if predicted is None else predicted)
        self.observations[position] = Observation(predicted, tracked, mismatches, self.box, self.references)
        self.prediction_due &= predicted is None

    @property
    def weight(self) -> float:
        """The face's area summed over the frames it is in."""
        return sum(observation.box.side**2 for observation in self.observations.values())


class FaceTracker:
    """All faces of a clip. Frames are added in order.

    The detector runs on the first frame, on every `look_again`-th, and on those in which no face is tracked.
    """

    def __init__(self, settings: Settings):
        self.settings = settings
        self.faces: list[TrackedFace] = []
        self.frames = 0

    def add_frame(self, frame: np.ndarray) -> None:
        """Add the next frame, uint8[H, W, 3] RGB or uint8[H, W] grey."""
        position, grey = self.frames, luma(frame)
        self.frames += 1
        for face in self.faces:
            face.follow(position, grey)
        sides = [face.box.side for face in self.faces if face.box is not None]
        if not sides:
            boxes = detect(frame, self.settings.upsample)
        elif position % self.settings.look_again == 0:
            boxes = detect_large(frame, max(sides))  # the largest face is taken, so smaller ones do not matter
        else:
            return
        for box in boxes:
            self._assign(position, grey, box)

    def _assign(self, position: int, grey: np.ndarray, box: Box) -> None:
        """Assign a detected face to a tracked one, a lost one or a new one."""
        if any(face.box is not None and face.box.holds(box) for face in self.faces):
            return
        points = refine_landmarks(grey, box, self.settings.boxes)
        for face in self.faces:
            if face.box is None and face.matches(grey, points):
                break
        else:
            face = TrackedFace(self.settings)
            self.faces.append(face)
        face.add_detection(position, grey, points)

    def largest(self, min_share: float) -> TrackedFace | None:
        """Return the face that is largest over all frames together.

        Faces in a share of at least `min_share` of the frames go before others.
        """
        return max(
            self.faces, key=lambda face: (len(face.observations) >= min_share * self.frames, face.weight), default=None
        )

    def other_faces(self) -> int:
        """Return the number of further faces that are in at least a tenth of the frames."""
        return max(0, sum(len(face.observations) >= max(1, self.frames / 10) for face in self.faces) - 1)


def combine_tracks(observations: list[Observation], reach: int) -> np.ndarray:
    """Return the tracked movement at the predicted positions, float64[n, 68, 2].

    The median of predicted less tracked points over `reach` frames before and after, of the same reference, is added to
    the tracked ones: a point that optical flow lost is back within half that time. Points that no longer look like
    themselves, as on a closing lid, are taken from the predictor at once.
    """
    reference = np.array([observation.reference for observation in observations])
    predicted_at = np.array(
        [position for position, observation in enumerate(observations) if observation.predicted is not None]
    )
    predicted = np.array([observation.predicted for observation in observations if observation.predicted is not None])
    tracked, mismatches = (
        np.array([observation.tracked for observation in observations]),
        np.array([observation.mismatches for observation in observations]),
    )
    offsets = predicted - tracked[predicted_at]
    positions = np.arange(len(observations))
    interpolated = np.column_stack(
        [np.interp(positions, predicted_at, column) for column in predicted.reshape(len(predicted_at), -1).T]
    )
    median_offsets = np.empty_like(tracked)
    for position in positions:
        distances = np.where(
            reference[predicted_at] == reference[position], np.abs(predicted_at - position), len(observations)
        )
        near = distances <= max(reach, distances.min())  # each reference has at least one prediction
        median_offsets[position] = np.median(offsets[near], axis=0)
    share = np.clip((mismatches - MATCHING) / (MISMATCHING - MATCHING), 0, 1)[..., None]
    return (1 - share) * (tracked + median_offsets) + share * interpolated.reshape(tracked.shape)
