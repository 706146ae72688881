"""Faces from frame to frame: each is followed from its own landmarks, and looked for again where it is lost.

Two measurements of every frame: landmarks as the predictor sees them, which are right on average but noisy and too
lazy (they show part of a faint movement), and where the points of a reference frame have gone by optical flow
(Lucas and Kanade 1981), which is precise but drifts over seconds. `settled` takes the movement from the second and
the place from the first.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

from microexpr.core.grayscale import luma
from microexpr.signals.faces.detection import (  # fmt: skip
    FACE,
    PATCH,
    Box,
    box_of,
    cut,
    detect,
    detect_large,
    in_frame,
    in_patch,
    onto_patch,
    predict,
    refined,
)

WINDOW, LEVELS = 27, 2  # Lucas-Kanade: pixels of the patch around a point, and halvings
LIKE, UNLIKE = 3.0, 5.0  # differences of a tracked window from its reference, in those of the frame's median point
STEPS = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 20, 0.01)
AWAY, GROWN = 0.15, 0.1  # shares of the reference face by which another may be elsewhere or larger before a new one


@dataclass(slots=True, eq=False)
class Seen:
    """One face in one frame, in pixels of the frame."""

    predicted: np.ndarray | None  # float64[68, 2]; not in every frame
    tracked: np.ndarray  # float64[68, 2]
    unlike: np.ndarray  # float64[68]: how little a tracked point looks as it did, in units of the frame's median
    box: Box
    reference: int  # frames that were tracked from the same frame have the same


@dataclass(slots=True, eq=False)
class Reference:
    """The frame that others are tracked from."""

    matrix: np.ndarray  # how its patch is cut
    patch: np.ndarray
    start: np.ndarray  # float32[68, 2], its landmarks in pixels of the patch
    last: np.ndarray  # float32[68, 2], where they were last
    look: np.ndarray

    @classmethod
    def of(cls, grey: np.ndarray, points: np.ndarray) -> "Reference":
        """Of landmarks [68, 2] in a frame."""
        matrix = onto_patch(box_of(points))
        patch, start = cut(grey, matrix), in_patch(points, matrix).astype(np.float32)
        return cls(matrix, patch, start, start, look(patch, box_of(start)))

    def tracked(self, patch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """float64[68, 2], float64[68]: where `start` has gone in a patch cut alike; how unlike itself it looks."""
        moved, _, error = cv2.calcOpticalFlowPyrLK(
            self.patch, patch, self.start[:, None], self.last[:, None].copy(), winSize=(WINDOW, WINDOW),
            maxLevel=LEVELS, criteria=STEPS, flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        )  # fmt: skip
        self.last = np.asarray(moved, np.float32)[:, 0]
        differences = np.asarray(error, float)[:, 0]
        return self.last.astype(float), differences / max(float(np.median(differences)), 1.0)

    def suits(self, box: Box) -> bool:
        """Whether a face in this box of the patch is near enough to be tracked from here."""
        away = np.abs(box.centre - (PATCH - 1) / 2).max()
        return bool(away < AWAY * FACE and abs(box.side / FACE - 1) < GROWN)


def look(patch: np.ndarray, box: Box) -> np.ndarray:
    """A 32x32 thumbnail of a face without its brightness and contrast: the dot product of two is a correlation."""
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
    """How closely faces are watched."""

    upsample: int  # times a frame is doubled for the detector
    look_again: int  # frames from one look of the detector to the next
    boxes: int  # whose predictions are averaged where nothing is tracked
    min_similarity: float
    predict_every: int  # frames from one prediction to the next while points are tracked; 0: nothing is tracked


@dataclass(slots=True, eq=False)
class Tracker:
    """One face through a clip."""

    settings: Settings
    seen: dict[int, Seen] = field(default_factory=dict)  # by position of the frame
    reference: Reference | None = None
    references: int = 0
    off: np.ndarray = field(default_factory=lambda: np.zeros((68, 2)))  # predicted less tracked, when last predicted
    due: bool = False  # whether nothing was predicted yet since the reference
    box: Box | None = None  # where it is now; None while it is lost
    last: Box | None = None  # where it was last

    def find(self, position: int, grey: np.ndarray, points: np.ndarray) -> None:
        """Takes the landmarks of a face that the detector found."""
        self._refer(grey, points)
        self._note(position, points, points, np.zeros(68))

    def is_like(self, grey: np.ndarray, points: np.ndarray) -> bool:
        """Whether a face with these landmarks is where this one was last, or looks like it."""
        if self.reference is None or self.last is None:
            return False
        if self.last.holds(box_of(points)):
            return True
        return self._similar(Reference.of(grey, points).look)

    def follow(self, position: int, grey: np.ndarray) -> None:
        """Finds it where it was, or loses it where something there looks otherwise."""
        if self.box is None or self.reference is None:
            return
        matrix = self.reference.matrix
        patch = cut(grey, matrix)
        predicted, tracked, unlike = self._points(position, patch, self.reference)
        box = box_of(tracked + self.off)
        if not self._similar(look(patch, box)):
            self.box = None
            return
        there = in_frame(tracked, matrix)
        self._note(position, None if predicted is None else in_frame(predicted, matrix), there, unlike)
        if not self.reference.suits(box):
            self._refer(grey, there + self.off / matrix[0, 0])

    def _points(
        self, position: int, patch: np.ndarray, reference: Reference
    ) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
        """Landmarks in pixels of the patch, as predicted where they are, and as tracked; and `Seen.unlike`."""
        every, box = self.settings.predict_every, self.box
        tracked, unlike = reference.tracked(patch) if every else (None, np.zeros(68))
        if tracked is not None and position % every and not self.due:
            return None, tracked, unlike
        assert box is not None
        inside = Box(in_patch(box.centre, reference.matrix), box.side * reference.matrix[0, 0])
        predicted = predict(patch, inside, 1 if every else self.settings.boxes)
        tracked = predicted if tracked is None else tracked
        self.off = predicted - tracked
        return predicted, tracked, unlike

    def _similar(self, other: np.ndarray) -> bool:
        return self.reference is not None and bool(np.dot(self.reference.look, other) >= self.settings.min_similarity)

    def _refer(self, grey: np.ndarray, points: np.ndarray) -> None:
        followed = self.reference if self.box is not None else None
        self.reference = Reference.of(grey, points)
        self.references += 1
        self.off, self.due = np.zeros((68, 2)), True
        if followed is not None:  # or a face could turn into another by small steps
            self.reference.look = followed.look

    def _note(self, position: int, predicted: np.ndarray | None, tracked: np.ndarray, unlike: np.ndarray) -> None:
        self.box = self.last = box_of(tracked if predicted is None else predicted)
        self.seen[position] = Seen(predicted, tracked, unlike, self.box, self.references)
        self.due &= predicted is None

    @property
    def weight(self) -> float:
        """Its area summed over the frames it is in."""
        return sum(one.box.side**2 for one in self.seen.values())


class Crowd:
    """All faces of a clip. Frames are shown in order; the detector looks at the first, at every `look_again`-th, and at
    those in which nobody is followed."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.trackers: list[Tracker] = []
        self.frames = 0

    def show(self, frame: np.ndarray) -> None:
        """The next frame, uint8[H, W, 3] RGB or uint8[H, W] grey."""
        position, grey = self.frames, luma(frame)
        self.frames += 1
        for tracker in self.trackers:
            tracker.follow(position, grey)
        sides = [tracker.box.side for tracker in self.trackers if tracker.box is not None]
        if not sides:
            found = detect(frame, self.settings.upsample)
        elif position % self.settings.look_again == 0:
            found = detect_large(frame, max(sides))  # smaller ones would not be taken
        else:
            return
        for box in found:
            self._meet(position, grey, box)

    def _meet(self, position: int, grey: np.ndarray, box: Box) -> None:
        """Takes a face for one that is followed, one that was lost, or a new one."""
        if any(one.box is not None and one.box.holds(box) for one in self.trackers):
            return
        points = refined(grey, box, self.settings.boxes)
        for lost in self.trackers:
            if lost.box is None and lost.is_like(grey, points):
                break
        else:
            lost = Tracker(self.settings)
            self.trackers.append(lost)
        lost.find(position, grey, points)

    def largest(self, least: float) -> Tracker | None:
        """The face that is largest over all frames together; one in `least` of them, as a share, goes before others."""
        return max(self.trackers, key=lambda one: (len(one.seen) >= least * self.frames, one.weight), default=None)

    def others(self) -> int:
        """How many more there are that last: in at least a tenth of the frames."""
        return max(0, sum(len(one.seen) >= max(1, self.frames / 10) for one in self.trackers) - 1)


def settled(seen: list[Seen], reach: int) -> np.ndarray:
    """float64[n, 68, 2]: tracked movement, laid where the predictor says over `reach` frames before and after.

    The median of predicted less tracked is added, over frames with the same reference: a point that optical flow lost
    is back within half that time. Where what is tracked no longer looks like itself, as a lid that closes, the
    predictor is believed at once.
    """
    reference = np.array([one.reference for one in seen])
    known = np.array([place for place, one in enumerate(seen) if one.predicted is not None])
    predicted = np.array([one.predicted for one in seen if one.predicted is not None])
    tracked, unlike = np.array([one.tracked for one in seen]), np.array([one.unlike for one in seen])
    off = predicted - tracked[known]
    places = np.arange(len(seen))
    now = np.column_stack([np.interp(places, known, column) for column in predicted.reshape(len(known), -1).T])
    usual = np.empty_like(tracked)
    for place in places:
        away = np.where(reference[known] == reference[place], np.abs(known - place), len(seen))
        near = away <= max(reach, away.min())  # each reference has one at least
        usual[place] = np.median(off[near], axis=0)
    share = np.clip((unlike - LIKE) / (UNLIKE - LIKE), 0, 1)[..., None]
    return (1 - share) * (tracked + usual) + share * now.reshape(tracked.shape)
