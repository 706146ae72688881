"""Faces in frames: 68 landmarks, head pose and one aligned crop per frame. Arrays in, arrays out; no files, no torch.

The detector looks once per clip and again only when what it found no longer looks the same; in between the face is
followed from its own landmarks. All frames of a clip are aligned by one similarity, so that alignment adds no movement
of its own to movements of a pixel.
"""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

import cv2
import dlib
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from microexpr.errors import DataError
from microexpr.luma import luma

with warnings.catch_warnings():  # face_recognition_models still asks pkg_resources for its files
    warnings.filterwarnings("ignore", "pkg_resources is deprecated")
    import face_recognition.api as face_recognition

CROP = 288  # rows and columns of an aligned crop
RIGID = (36, 39, 42, 45, 33)  # eye corners and the base of the nose: what expressions move least
# Where RIGID lies in a crop: outer eye corners 120 px apart at row 80; then brows and chin of the longest faces fit.
TEMPLATE = np.array([[83.5, 80], [117.5, 82], [169.5, 82], [203.5, 80], [143.5, 146]])

# What the predictor sees: the face at one size and place, where its whole-numbered answers are fractions of a pixel.
PATCH, FACE = 416, 256
# The box that dlib's detector draws, from the 51 inner landmarks: measured over 25 faces, in units of their spread.
BOX_DROP, BOX_SIDE = 0.058, 3.22
# Boxes whose predictions are averaged (right, down, larger; in shares of the side): the predictor's answer depends on
# its box, and the mean of several is half as noisy.
SHIFTS = ((0, 0, 0), (-0.02, 0, 0), (0.02, 0, 0), (0, -0.02, 0), (0, 0.02, 0), (0, 0, -0.03), (0, 0, 0.03))

# Eye corners, nose, jaw and chin in mm: right, down, away from the camera. Means over twelve heads of the CC0 MakeHuman
# mesh, made symmetric. The mouth and the brows are left out: they move.
POSE_POINTS = (36, 39, 42, 45, 27, 31, 33, 35, 0, 2, 8, 14, 16)
HEAD = np.array(
    [[-41.0, 0.0, 0.0], [-17.7, 2.9, -3.6], [17.7, 2.9, -3.6], [41.0, 0.0, 0.0],
     [0.0, 0.6, -11.8], [-13.2, 43.0, -13.4], [0.0, 47.9, -17.6], [13.2, 43.0, -13.4],
     [-70.7, -4.4, 67.1], [-66.3, 33.3, 47.0], [0.0, 107.7, 7.9], [66.3, 33.3, 47.0], [70.7, -4.4, 67.1]]
)  # fmt: skip
FOCAL = 2.0  # focal length in longer sides of the frame: a head that fills half of it sits about a metre away


class Params(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    upsample: int = Field(
        default=0, ge=0, le=1, description="times a frame is doubled for the detector; once more if in vain"
    )
    boxes: int = Field(default=5, ge=1, le=len(SHIFTS), description="shifted boxes whose landmarks are averaged")
    min_similarity: float = Field(
        default=0.6,
        ge=0,
        le=1,
        description="correlation of the followed face with the detected one, below which to look again",
    )
    min_detected: float = Field(default=0.9, gt=0, le=1, description="least share of frames with a face in a clip")


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """One face through a clip of T frames. Pixel centres have whole-numbered coordinates, x right and y down."""

    detected: np.ndarray  # bool[T]
    landmarks: np.ndarray  # float32[T, 68, 2], pixels of the frame; interpolated in time where not detected
    landmarks_crop: np.ndarray  # float32[T, 68, 2], pixels of the crop
    pose: np.ndarray  # float32[T, 3], yaw, pitch, roll in degrees
    crop: np.ndarray  # uint8[T, 288, 288, C], RGB (C = 3) or grey (C = 1)

    def arrays(self) -> dict[str, np.ndarray]:
        """All of them by name, as a faces file holds them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def track(frames: Callable[[], Iterable[np.ndarray]], params: Params, name: str) -> Faces:
    """The largest face of a clip, followed and aligned.

    `frames` is called twice and gives the same frames each time, uint8[H, W, 3] RGB or uint8[H, W] grey, all of one
    size; only one of them is held at a time. `name` is the clip's, for the error.

    Raises DataError when fewer than `min_detected` of the frames show a face.
    """
    follower = _Follower(params)
    found = []
    shape: tuple[int, ...] = ()
    for frame in frames():
        shape = frame.shape
        found.append(follower.landmarks(frame))
    detected = np.array([points is not None for points in found])
    if not detected.sum() >= max(1, params.min_detected * len(found)):
        raise DataError(
            f"a face must be found in at least {params.min_detected:.0%} of the frames, "
            f"not in {int(detected.sum())} of {len(found)} ({name})"
        )
    landmarks = _interpolated(found, detected)
    matrix = alignment(landmarks[detected])
    return Faces(
        detected=detected,
        landmarks=landmarks.astype(np.float32),
        landmarks_crop=(landmarks @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32),
        pose=np.array([pose(points, (shape[0], shape[1])) for points in landmarks], np.float32),
        crop=np.stack([aligned(frame, matrix) for frame in frames()]),
    )


class _Follower:
    """A face from frame to frame: where it was, and what it looked like when it was detected."""

    def __init__(self, params: Params):
        self.params = params
        self.box: tuple[np.ndarray, float] | None = None  # centre and side, in pixels of the frame
        self.look = np.zeros(0)

    def landmarks(self, frame: np.ndarray) -> np.ndarray | None:
        """float64[68, 2], or None where no face is found."""
        grey = luma(frame)
        if self.box is not None:
            points = self._follow(grey, self.box)
            if np.dot(self.look, _look(grey, points)) >= self.params.min_similarity:
                self.box = _box(points)
                return points
        box = _detect(frame, self.params.upsample)
        if box is None:
            return None
        for _ in range(2):  # the detector's box lies on a coarse grid; the landmarks' own does not
            box = _box(self._follow(grey, box))
        points = self._follow(grey, box)
        self.box, self.look = _box(points), _look(grey, points)
        return points

    def _follow(self, grey: np.ndarray, box: tuple[np.ndarray, float]) -> np.ndarray:
        """The mean landmarks over shifted boxes."""
        matrix = _onto_patch(box, FACE, PATCH)
        patch = cv2.warpAffine(grey, matrix, (PATCH, PATCH), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        points = np.mean([_predict(patch, *shift) for shift in SHIFTS[: self.params.boxes]], axis=0)
        return (points - matrix[:, 2]) / matrix[0, 0]


def _predict(patch: np.ndarray, right: float, down: float, larger: float) -> np.ndarray:
    grown = round(FACE * larger / 2)
    left = (PATCH - FACE) // 2 + round(FACE * right) - grown
    top = (PATCH - FACE) // 2 + round(FACE * down) - grown
    side = FACE + 2 * grown
    shape = face_recognition.pose_predictor_68_point(patch, dlib.rectangle(left, top, left + side - 1, top + side - 1))
    return np.array([(part.x, part.y) for part in shape.parts()], float)


def _detect(frame: np.ndarray, upsample: int) -> tuple[np.ndarray, float] | None:
    """Centre and side of the largest face; one more doubling where none is seen."""
    frame = np.ascontiguousarray(frame)  # dlib copies a view, and reads the copy after it is freed
    for doublings in (upsample, upsample + 1):
        if locations := face_recognition.face_locations(frame, doublings):
            top, right, bottom, left = max(locations, key=lambda box: (box[2] - box[0]) * (box[1] - box[3]))
            return np.array([left + right, top + bottom]) / 2, float(right - left)
    return None


def _box(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre and side of the box that dlib's detector would draw around these landmarks."""
    inner = points[17:]
    centre = inner.mean(axis=0)
    spread = float(np.sqrt(((inner - centre) ** 2).sum(axis=1).mean()))
    return centre + [0, BOX_DROP * spread], BOX_SIDE * spread


def _onto_patch(box: tuple[np.ndarray, float], face: int, size: int) -> np.ndarray:
    """float64[2, 3] that scales a box to `face` pixels and lays its centre into that of a square patch."""
    centre, side = box
    scale = face / side
    return np.column_stack([np.eye(2) * scale, (size - 1) / 2 - scale * centre])


def _look(grey: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A 32x32 thumbnail of the face without its brightness and contrast: the dot product of two is a correlation."""
    (x, y), side = _box(points)
    rows = slice(max(0, round(y - side / 2)), max(1, round(y + side / 2)))
    columns = slice(max(0, round(x - side / 2)), max(1, round(x + side / 2)))
    face = grey[rows, columns]
    if not face.size:
        return np.zeros(32 * 32)
    small = cv2.resize(face, (32, 32), interpolation=cv2.INTER_AREA).astype(float).ravel()
    small -= small.mean()
    return small / max(float(np.linalg.norm(small)), 1e-9)


def _interpolated(found: list[np.ndarray | None], detected: np.ndarray) -> np.ndarray:
    """float64[T, 68, 2]: linear in time between frames with a face, constant before the first and after the last."""
    known = np.flatnonzero(detected)
    values = np.array([points for points in found if points is not None]).reshape(len(known), -1)
    time = np.arange(len(found))
    filled = np.column_stack([np.interp(time, known, column) for column in values.T])
    return filled.reshape(len(found), 68, 2)


def alignment(landmarks: np.ndarray) -> np.ndarray:
    """float64[2, 3]: the one similarity from a frame's pixels to the crop's, for a clip's landmarks [T, 68, 2].

    Least squares (Umeyama 1991, eqs. 40-42, in the plane) between the median of the rigid points and `TEMPLATE`.
    """
    source = np.median(landmarks[:, RIGID], axis=0)
    a, b = source - source.mean(axis=0), TEMPLATE - TEMPLATE.mean(axis=0)
    cosine, sine = (a * b).sum(), (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()
    linear = np.array([[cosine, -sine], [sine, cosine]]) / (a * a).sum()
    return np.column_stack([linear, TEMPLATE.mean(axis=0) - linear @ source.mean(axis=0)])


def aligned(frame: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """uint8[288, 288, C]: the frame as `alignment` lays it, linearly interpolated.

    Where that shrinks it more than twice, the frame is first reduced by area, so that nothing aliases.
    """
    reduce = max(1, int(1 / np.hypot(matrix[0, 0], matrix[1, 0])))
    if reduce > 1:
        height, width = frame.shape[0] // reduce, frame.shape[1] // reduce
        frame = cv2.resize(frame[: height * reduce, : width * reduce], (width, height), interpolation=cv2.INTER_AREA)
        # A reduced pixel's centre lies (reduce - 1) / 2 from that of its first source pixel.
        shift = matrix[:, :2] @ np.full(2, (reduce - 1) / 2)
        matrix = np.column_stack([matrix[:, :2] * reduce, matrix[:, 2] + shift])
    crop = cv2.warpAffine(frame, matrix, (CROP, CROP), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return crop.reshape(CROP, CROP, -1)


def pose(landmarks: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """float64[3]: yaw, pitch, roll in degrees of a head with 68 `landmarks` in a frame of `size` (height, width).

    The head turns by yaw first and roll last. Positive yaw turns it to the subject's left, positive pitch bows it,
    positive roll tips it to the subject's right shoulder. By PnP on a mean head: a person unlike it is off by the same
    few degrees of pitch in every frame.
    """
    focal = FOCAL * max(size)
    camera = np.array([[focal, 0, (size[1] - 1) / 2], [0, focal, (size[0] - 1) / 2], [0, 0, 1]])
    points = np.ascontiguousarray(landmarks[list(POSE_POINTS)], float)
    _, vector, _ = cv2.solvePnP(HEAD, points, camera, None, flags=cv2.SOLVEPNP_SQPNP)
    upright = np.diag([1.0, -1.0, -1.0])  # from right, down, away to right, up, near: there the angles are defined
    turn = upright @ cv2.Rodrigues(vector)[0] @ upright
    yaw = np.arctan2(-turn[2, 0], turn[2, 2])
    pitch = np.arcsin(np.clip(turn[2, 1], -1, 1))
    return np.degrees([yaw, pitch, np.arctan2(-turn[0, 1], turn[1, 1])])
