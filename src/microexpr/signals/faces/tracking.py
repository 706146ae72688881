"""Track faces from frame to frame, each from its own landmarks, and detect them again where they are lost.

Two measurements are made of a face. Predicted landmarks are right on average but damped: they show only part of a faint
movement. Points of a reference frame tracked by optical flow (Lucas and Kanade 1981) show more of it but drift.
`combine_tracks` takes movement from the second and position from the first."""

from dataclasses import dataclass, field

import cv2
import numpy as np
import scipy

from microexpr.signals.faces.alignment import similarity, warp
from microexpr.signals.faces.detection import FACE_SIZE, PATCH_SIZE, Predictor, to_frame, to_patch
from microexpr.signals.landmarks import Box, face_box, patch_matrix

WINDOW, LEVELS = 17, 2  # Lucas-Kanade: pixels of the patch around a point, and halvings
INNER = 17  # the first landmark that is tracked: those of the jaw slide along it
EYES = np.arange(36, 48)
STEADY = np.array([*range(17, 37), 39, 42, *range(45, 68)])  # all but jaw and lids
# Ranges in which a tracked point comes to count as lost: of its grey difference from the reference, in units of the
# frame's median, and of its distance from where it started when it is tracked back (Kalal et al. 2010), in pixels; only
# eyes are tracked back.
MISMATCH, RETURN = (3.0, 5.0), (0.5, 1.5)
STEPS = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 20, 0.01)
MAX_SHIFT, MAX_GROWTH = 0.15, 0.1  # shares of the reference face's size, above which a new reference is taken


@dataclass(slots=True, eq=False)
class Observation:
    """One face in one frame, in pixels of the frame."""

    predicted: np.ndarray | None  # float64[68, 2]; not in every frame
    tracked: np.ndarray  # float64[68, 2]
    lost: np.ndarray  # float64[68], 0..1: how far each tracked point counts as lost
    box: Box
    reference: int  # position of the reference's frame, the same for all frames tracked from it


@dataclass(slots=True, eq=False)
class Reference:
    """The frame from which others are tracked."""

    position: int
    matrix: np.ndarray  # float64[2, 3], from its frame to its patch
    patch: np.ndarray
    start: np.ndarray  # float32[68, 2], its landmarks in pixels of the patch
    shift: np.ndarray  # float32[2], their median movement to the last frame tracked
    thumbnail: np.ndarray
    offsets: np.ndarray  # float64[68, 2], predicted less tracked points, at the last prediction
    is_predicted: bool = False  # whether anything has been predicted since

    @classmethod
    def of(cls, position: int, grey: np.ndarray, points: np.ndarray) -> "Reference":
        """Make a reference of a grey frame at this position and the landmarks [68, 2] of a face in it."""
        matrix = patch_matrix(face_box(points), FACE_SIZE, PATCH_SIZE)
        patch, start = warp(grey, matrix, PATCH_SIZE), to_patch(points, matrix).astype(np.float32)
        shift, offsets = np.zeros(2, np.float32), np.zeros((68, 2))
        return cls(position, matrix, patch, start, shift, thumbnail(patch, face_box(start)), offsets)

    def track(self, patch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Track the landmarks into a patch of the same matrix: positions float64[68, 2], and how far they are lost.
        Lost points, and those of the jaw, move with the rest of the face."""
        points, differences = _track_points(self.patch, patch, self.start[INNER:], self.start[INNER:] + self.shift)
        self.shift = np.median(points - self.start[INNER:], axis=0)
        lost = np.zeros(len(self.start))
        lost[INNER:] = _rise(differences / max(float(np.median(differences)), 1.0), *MISMATCH)
        start = self.start[EYES]
        returned, _ = _track_points(patch, self.patch, points[EYES - INNER], start)
        distances = np.sqrt(((returned - start).astype(float) ** 2).sum(axis=1))
        lost[EYES] = np.maximum(lost[EYES], _rise(distances, *RETURN))
        head = similarity(self.start[STEADY].astype(float), points[STEADY - INNER].astype(float), 1.001 - lost[STEADY])
        positions = (self.start[:, None] * head[:, :2]).sum(axis=-1) + head[:, 2]
        positions[INNER:] += (1 - lost[INNER:, None]) * (points - positions[INNER:])
        return positions, lost


def _track_points(
    first: np.ndarray, second: np.ndarray, start: np.ndarray, guess: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Track points float32[n, 2] of one patch into another: positions float32[n, 2], grey differences float64[n]."""
    positions, _, differences = cv2.calcOpticalFlowPyrLK(
        first, second, start[:, None], guess[:, None].copy(), winSize=(WINDOW, WINDOW), maxLevel=LEVELS,
        criteria=STEPS, flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )  # fmt: skip
    return np.asarray(positions, np.float32)[:, 0], np.asarray(differences, float)[:, 0]


def _rise(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return 0 up to `low`, 1 from `high` on, and linear values between."""
    return np.clip((values - low) / (high - low), 0, 1)


def thumbnail(patch: np.ndarray, box: Box) -> np.ndarray:
    """Return a face as 32 x 32 values without brightness and contrast: the dot product of two is their correlation."""
    first = np.maximum(0, np.rint(box.centre - box.side / 2)).astype(int)
    last = np.maximum(first + 1, np.rint(box.centre + box.side / 2).astype(int))
    face = patch[first[1] : last[1], first[0] : last[0]]
    if not face.size:
        return np.zeros(32 * 32)
    small = cv2.resize(face, (32, 32), interpolation=cv2.INTER_AREA).astype(float).ravel()
    small -= small.mean()
    return small / max(float(np.linalg.norm(small)), 1e-9)


@dataclass(slots=True, eq=False)
class TrackedFace:
    """One face through a clip."""

    predictor: Predictor
    predict_every: int  # frames between predictions while points are tracked; 0: no points are tracked
    min_similarity: float
    reference: Reference
    observations: dict[int, Observation] = field(default_factory=dict)  # by position of the frame
    box: Box | None = None  # None while the face is lost

    def matches(self, reference: Reference, box: Box) -> bool:
        """Return whether the face of a reference, with this box, is at this one's last position or looks like it."""
        last = next(reversed(self.observations.values()))
        return last.box.holds(box) or self._looks_like(reference.thumbnail)

    def follow(self, position: int, grey: np.ndarray) -> None:
        """Track the face into the next frame, or lose it if its new box looks different."""
        if self.box is None:
            return
        reference, matrix, predicted = self.reference, self.reference.matrix, None
        patch = warp(grey, matrix, PATCH_SIZE)
        tracked, lost = reference.track(patch) if self.predict_every else (None, np.zeros(68))
        if tracked is None or not reference.is_predicted or position % self.predict_every == 0:
            predicted = to_patch(self.predictor.predict(grey, self.box), matrix)
            tracked = predicted if tracked is None else tracked
            reference.offsets = predicted - tracked
        box = face_box(tracked + reference.offsets)
        if not self._looks_like(thumbnail(patch, box)):
            self.box = None
            return
        points = to_frame(tracked, matrix)
        self.record(position, None if predicted is None else to_frame(predicted, matrix), points, lost)
        shift = np.abs(box.centre - (PATCH_SIZE - 1) / 2).max()
        if shift >= MAX_SHIFT * FACE_SIZE or abs(box.side / FACE_SIZE - 1) >= MAX_GROWTH:
            self.reference = Reference.of(position, grey, points + reference.offsets / matrix[0, 0])
            self.reference.thumbnail = reference.thumbnail  # else a face could turn into another by small steps

    def _looks_like(self, other: np.ndarray) -> bool:
        return bool(np.dot(self.reference.thumbnail, other) >= self.min_similarity)

    def record(self, position: int, predicted: np.ndarray | None, tracked: np.ndarray, lost: np.ndarray) -> None:
        self.box = face_box(tracked if predicted is None else predicted)
        self.observations[position] = Observation(predicted, tracked, lost, self.box, self.reference.position)
        self.reference.is_predicted |= predicted is not None


def combine_tracks(observations: list[Observation], reach: int, neighbours: int) -> np.ndarray:
    """Return the tracked movement at the predicted positions, float64[n, 68, 2].

    The mean of predicted less tracked points over `reach` frames before and after, of the same reference, is added to
    the tracked ones; it counts a lost point little. Lost points, as on a closing lid, are taken from the predictor in
    that frame and, because noise decides when exactly they are lost, in up to `neighbours` frames before and after."""
    reference = np.array([observation.reference for observation in observations])
    predictions = {i: seen.predicted for i, seen in enumerate(observations) if seen.predicted is not None}
    predicted_at, predicted = np.array([*predictions]), np.array([*predictions.values()])
    tracked = np.array([observation.tracked for observation in observations])
    lost = np.array([observation.lost for observation in observations])[..., None]
    weights = 1.001 - lost[predicted_at]
    offsets = weights * (predicted - tracked[predicted_at])
    positions = np.arange(len(observations))
    columns = predicted.reshape(len(predicted_at), -1).T
    interpolated = np.column_stack([np.interp(positions, predicted_at, column) for column in columns])
    mean_offsets = np.empty_like(tracked)
    for position in positions:
        is_same = reference[predicted_at] == reference[position]
        distances = np.where(is_same, np.abs(predicted_at - position), len(observations))
        near = distances <= max(reach, distances.min())  # each reference has at least one prediction
        mean_offsets[position] = offsets[near].sum(axis=0) / weights[near].sum(axis=0)
    window = 2 * neighbours + 1
    near = scipy.ndimage.maximum_filter1d(lost, window, axis=0, mode="nearest")
    share = scipy.ndimage.uniform_filter1d(near, window, axis=0, mode="nearest")
    return (1 - share) * (tracked + mean_offsets) + share * interpolated.reshape(tracked.shape)
