"""Read action units of a recording of any length, and movement of regions, frame by frame. Arrays in, arrays out; few
frames are held.

Heads and light drift, so a face is compared with a frame at most some seconds away: each part of the recording has its
own reference, the frame most like its resting frames, and consecutive parts are joined where they meet.

An aligned face has its features at about the same places, so that regions are boxes of it. Faces of all kinds move
alike, where their looks differ: movement that was learnt from rendered faces is that of recorded ones, too."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import cv2
import numpy as np
import scipy

from microexpr.signals.aus import ACTION_UNITS, LARGEST
from microexpr.signals.aus.regressor import FACE_SIZE, MARGIN, Model
from microexpr.signals.faces.alignment import CROP
from microexpr.signals.motion.head import face_mask, head_motion

OVERLAP = 10  # frames read against both references where two parts meet
MEDIAN_FRAMES = 60  # frames of a part from which its median face is taken
LEAST_EXPRESSIVE = 0.1  # share of a part's frames that certainly show the least expression
AT_REST = 2.0  # sum of intensities by which a resting frame may exceed them
WINDOW = 16  # pixels of a face of 128 in which it is compared with another
FLAT = 4.0  # squared grey levels: a window with less variance is flat
UNLIKE, COVER_SHARE = 0.5, 0.25  # correlation below which a window is covered, and share of windows that make a cover
AROUND_COVER = 0.02  # frames before and after a covered one that count as covered, as a share of a part
EYES = ((36, 42), (42, 48))  # landmarks of each eye
EYE_MARGIN = 2  # pixels of the crop around an eye's landmarks
BLUR = 0.7  # pixels of a face of 128, before it is compared
CELLS = 32  # rows and columns of cells on a face
AROUND = MARGIN * CELLS // (CROP - 2 * MARGIN)  # cells of the crop around the face
PIXELS = (CROP - 2 * MARGIN) / FACE_SIZE  # of the crop to one of the face
# Boxes in cells: first and last from the middle of the face outward, then from its top down; the last not included.
REGIONS = {
    "inner brow": (1, 4, 8, 11), "middle brow": (4, 7, 7, 10), "outer brow": (7, 10, 8, 11),
    "upper lid": (3, 8, 11, 13), "lower lid": (3, 8, 14, 16), "cheek": (4, 9, 16, 20),
    "wing of the nose": (1, 4, 16, 19), "corner of the mouth": (4, 7, 20, 24), "upper lip": (0, 4, 20, 22),
    "lower lip": (0, 4, 23, 26), "chin": (0, 5, 26, 30),
}  # fmt: skip
DIRECTIONS = 2  # outward, down
COURSES = DIRECTIONS * len(REGIONS)  # of each half of a face


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Readings of a face at T times, evenly spaced in each stretch of a video."""

    numbers: np.ndarray  # int64[T], the frame of the video at each time, or the nearest
    fps: float  # times a second
    intensity: np.ndarray  # float32[T, 17, 2], relative to some frame of the stretch
    movement: np.ndarray  # float32[T, 22, 2], of `REGIONS`, relative to the same frame
    gaze: np.ndarray  # float64[T], pixels of the crop
    detected: np.ndarray  # bool[T], whether the face was detected, and nothing covers it
    resting: np.ndarray  # bool[T], whether it shows little expression
    turn: np.ndarray  # float64[T, 3], yaw, pitch and roll of the head in degrees


class Looks(NamedTuple):
    """Action units and movement of T faces, left and right, since the first part's reference; 0 without a face."""

    intensity: np.ndarray  # float32[T, 17, 2]
    movement: np.ndarray  # float32[T, 22, 2], of `REGIONS`
    seen: np.ndarray  # bool[T], whether the frame shows a face, and nothing covers it
    resting: np.ndarray  # bool[T], whether it shows about as little expression as any of its part


def curves(faces: Iterable[np.ndarray | None], model: Model, frames: int) -> Looks:
    """Return the action units of faces, as `regressor.reduce_crop` returns them; None: a frame without a face. A part
    has `frames` faces; the last may be shorter."""
    parts: list[tuple[np.ndarray, ...]] = []  # intensity, movement, cover and rest of each
    previous: list[np.ndarray] = []
    present: list[bool] = []

    def look() -> Iterator[np.ndarray]:
        for face in faces:
            present.append(face is not None)
            if face is not None:
                yield face

    present_faces = look()
    while part := list(islice(present_faces, frames)):
        resting = resting_frames(part, model)
        position, median = reference(part, resting)
        reference_face = part[position]
        readings = _since(model, reference_face, part)
        if parts:  # both since the reference of the part before
            overlap = _since(model, reference_face, previous)
            for array, before, reread in zip(readings, parts[-1], overlap, strict=False):
                array += (before[-len(previous) :] - reread).mean(axis=0)
        cover = is_covered(part, [median, reference(part, np.ones(len(part), bool))[1]])
        parts.append((*readings, cover, resting))
        previous = part[-OVERLAP:]
    intensity = np.zeros((len(present), 2, len(ACTION_UNITS)), np.float32)
    movement = np.zeros((len(present), COURSES, 2), np.float32)
    cover, rest = np.zeros(len(present), bool), np.zeros(len(present), bool)
    for array, of_parts in zip((intensity, movement, cover, rest), zip(*parts, strict=True), strict=False):
        array[present] = np.concatenate(of_parts)
    window = 2 * round(AROUND_COVER * frames) + 1
    near_cover = scipy.ndimage.maximum_filter1d(cover, window)  # a hand moves before it covers much
    seen = np.array(present, bool) & ~near_cover
    return Looks(intensity.transpose(0, 2, 1), movement, seen, rest & seen)


def _since(model: Model, reference_face: np.ndarray, part: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return how action units [n, 2, 17] and regions [n, 22, 2] of some faces differ from another."""
    change = model.change(reference_face, part)
    assert change.movement is not None
    return change.values, region_movement(change.movement)


def region_movement(cells: np.ndarray) -> np.ndarray:
    """Return how far the regions have moved without the head, float32[N, 22, 2], pixels of the crop. `cells` float32[N,
    2, 32, 32] are the movements of a face to N others, right and down, pixels of a face of 128. The second axis has two
    directions of each of `REGIONS`, outward and down, the third the subject's left and right."""
    side, middle = CELLS + 2 * AROUND, CELLS // 2
    inside = np.zeros((side, side), bool)
    inside[AROUND:-AROUND, AROUND:-AROUND] = True
    moved = np.zeros((len(cells), COURSES, 2), np.float32)
    for i, movement in enumerate(cells):
        flow = np.zeros((side, side, DIRECTIONS))
        flow[AROUND:-AROUND, AROUND:-AROUND] = PIXELS * movement.transpose(1, 2, 0)
        residual = (flow - head_motion(flow, "rigid", inside))[AROUND:-AROUND, AROUND:-AROUND]
        for half, (columns, sign) in enumerate(((residual[:, middle:], 1), (residual[:, middle - 1 :: -1], -1))):
            for j, (first, last, top, bottom) in enumerate(REGIONS.values()):
                outward, down = columns[top:bottom, first:last].mean(axis=(0, 1))
                moved[i, DIRECTIONS * j : DIRECTIONS * (j + 1), half] = sign * outward, down
    return moved


def resting_frames(part: Sequence[np.ndarray], model: Model) -> np.ndarray:
    """Return which frames show the least expression, bool[n], by the intensities of each frame alone. These depend on
    the person, and say little about small movements, but tell a lasting smile from a resting face."""
    readings = model.alone(part).values
    intensity = np.clip(readings, 0, LARGEST).mean(axis=1).sum(axis=1)
    return np.asarray(intensity <= np.quantile(intensity, LEAST_EXPRESSIVE) + AT_REST)


def blur(face: np.ndarray) -> np.ndarray:
    """Return a grey face a little blurred, float32[H, W]."""
    return cv2.GaussianBlur(face.astype(np.float32), (0, 0), BLUR)


def reference(part: Sequence[np.ndarray], included: np.ndarray) -> tuple[int, np.ndarray]:
    """Return the position of the frame nearest to the median of a part's faces, and that median, float32[128, 128].
    Only those `included`, bool[n], count."""
    positions = sample(included)
    faces = np.stack([blur(part[i]) for i in positions])
    median = np.median(faces, axis=0)
    return int(positions[np.abs(faces - median).mean(axis=(1, 2)).argmin()]), median


def sample(included: np.ndarray) -> np.ndarray:
    """Return at most `MEDIAN_FRAMES` positions that are included, bool[n]."""
    positions = np.flatnonzero(included)
    return positions[:: -(-len(positions) // MEDIAN_FRAMES)]


def is_covered(part: Sequence[np.ndarray], uncovered: Sequence[np.ndarray]) -> np.ndarray:
    """Return whether something covers each face, bool[n]: much of it is unlike every one of the `uncovered` faces.

    Likeness is the correlation of windows, which light does not change, and a movement of the skin only in few of them.
    """
    box, step = (WINDOW, WINDOW), WINDOW // 2
    covered = np.ones(len(part), bool)
    for i, face in enumerate(map(blur, part)):
        for other in uncovered:
            means = cv2.blur(face, box), cv2.blur(other, box)
            variances = (cv2.blur(image**2, box) - mean**2 for image, mean in zip((face, other), means, strict=True))
            spread = np.sqrt(np.prod([np.maximum(variance, FLAT) for variance in variances], axis=0))
            correlation = (cv2.blur(face * other, box) - means[0] * means[1]) / spread
            likeness = correlation[::step, ::step][face_mask(len(face))[::step, ::step]]
            if not (likeness < UNLIKE).mean() > COVER_SHARE:
                covered[i] = False
                break
    return covered


def horizontal_gaze(crop: np.ndarray, landmarks_crop: np.ndarray) -> float:
    """Return the horizontal position of the pupils in pixels of a grey crop. It is the centre of the dark part between
    each eye's landmarks. Vertical gaze cannot be told from lids."""
    middles = []
    for first, last in EYES:
        points = landmarks_crop[first:last]
        low = np.maximum(np.floor(points.min(axis=0)).astype(int) - EYE_MARGIN, 0)
        high = np.ceil(points.max(axis=0)).astype(int) + EYE_MARGIN
        eye = crop[low[1] : high[1], low[0] : high[0]].astype(float)
        if not eye.size:
            return 0.0
        dark = np.maximum(eye.mean() - eye, 0).sum(axis=0)
        middles.append(low[0] + float((dark * np.arange(len(dark))).sum() / max(dark.sum(), 1e-9)))
    return float(np.mean(middles))
