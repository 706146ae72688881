"""Estimate how a head is turned and where both eyes look, from landmarks and pixels. Arrays in, arrays out."""

import cv2
import numpy as np

# Eye corners, nose, jaw and chin in mm: right, down, away from the camera. Means over twelve heads of the CC0 MakeHuman
# mesh, made symmetric. The mouth and the brows are left out: they move.
POSE_POINTS = (36, 39, 42, 45, 27, 31, 33, 35, 0, 2, 8, 14, 16)
HEAD = np.array(
    [[-41.0, 0.0, 0.0], [-17.7, 2.9, -3.6], [17.7, 2.9, -3.6], [41.0, 0.0, 0.0],
     [0.0, 0.6, -11.8], [-13.2, 43.0, -13.4], [0.0, 47.9, -17.6], [13.2, 43.0, -13.4],
     [-70.7, -4.4, 67.1], [-66.3, 33.3, 47.0], [0.0, 107.7, 7.9], [66.3, 33.3, 47.0], [70.7, -4.4, 67.1]]
)  # fmt: skip
# The markup's jaw lies on the outline, which slides over the skin as a head turns, so that yaw comes out too small:
# least squares on rendered heads with yaw to 35 degrees.
OUTLINE, STEEPEST = 7.5e-4, 25.0  # a square degree; degrees as PnP has them
FOCAL = 2.0  # focal length in longer sides of the frame: a head that fills half of it sits about a metre away

EYES = (slice(42, 48), slice(36, 42))  # landmarks of the lids, the subject's left eye first
CORNERS = ((45, 42), (36, 39))  # outer and inner
INSIDE, SHARPNESS = 0.8, 8  # share of the opening between the lids that is looked at; power of its darkness
DARKEST, BRIGHTEST = 5, 95  # percentiles of it
# Degrees of yaw and pitch by a constant, the pupils' offset right or down of the middle between the corners (in outer
# eye distances), and the sine of the head's yaw or pitch: least squares on 50 rendered heads with landmarks as the
# network finds them. They err by 6 degrees sideways (11 without pupils; r 0.93), by 8 up and down (9 without; r 0.70).
YAW = np.array([1.9, 369.9, 41.6])
PITCH = np.array([-6.8, -245.8, -42.4])


def pose(landmarks: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return yaw, pitch and roll in degrees, float64[3], from 68 `landmarks` in a frame of `size` (height, width).

    The head turns by yaw first and roll last. Positive yaw turns it to the subject's left, positive pitch bows it,
    positive roll tips it to the subject's right shoulder. PnP fits a mean head, so a head of another shape is off by
    the same few degrees of pitch in every frame."""
    focal = FOCAL * max(size)
    camera = np.array([[focal, 0, (size[1] - 1) / 2], [0, focal, (size[0] - 1) / 2], [0, 0, 1]])
    points = np.ascontiguousarray(landmarks[list(POSE_POINTS)], float)
    _, vector, _ = cv2.solvePnP(HEAD, points, camera, None, flags=cv2.SOLVEPNP_SQPNP)
    upright = np.diag([1.0, -1.0, -1.0])  # from right, down, away to right, up, near: there the angles are defined
    turn = upright @ cv2.Rodrigues(vector)[0] @ upright
    yaw = np.arctan2(-turn[2, 0], turn[2, 2])
    pitch = np.arcsin(np.clip(turn[2, 1], -1, 1))
    return np.degrees([yaw, pitch, np.arctan2(-turn[0, 1], turn[1, 1])])


def correct_yaw(turn: np.ndarray) -> np.ndarray:
    """Return yaw, pitch and roll in degrees, float64[3], of a head with this `pose`, with the yaw that it has. Yaw errs
    by 1 degree on rendered heads, pitch by a constant of each head, 3 to 5."""
    yaw, pitch, roll = turn
    return np.array([yaw * (1 + OUTLINE * min(abs(yaw), STEEPEST) ** 2), pitch, roll])


def pupils(crop: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the middles of both irises, float64[2, 2], the subject's left first: of the dark pixels between the lids.
    `crop` is grey, uint8[H, W]; `points` are the 68 landmarks in it."""
    middles = []
    for lids in (points[eye] for eye in EYES):
        middle = lids.mean(axis=0)
        outline = np.rint(middle + INSIDE * (lids - middle)).astype(np.int32)
        left, top = low = np.maximum(outline.min(axis=0), 0)
        opening = crop[top : outline[:, 1].max() + 1, left : outline[:, 0].max() + 1]
        mask = np.zeros(opening.shape, np.uint8)
        if opening.size:
            cv2.fillPoly(mask, [outline - low], 1)
        rows, columns = np.nonzero(mask)
        if len(rows):
            grey = opening[rows, columns].astype(float)
            dark, bright = np.percentile(grey, (DARKEST, BRIGHTEST))
            weight = np.clip((bright - grey) / max(bright - dark, 1.0), 0, 1) ** SHARPNESS + 1e-9
            middle = low + np.asarray([columns @ weight, rows @ weight]) / weight.sum()
        middles.append(middle)
    return np.array(middles)


def features(pupil: np.ndarray, points: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Return the factors of `YAW` and `PITCH`, float64[2, 3]."""
    axis = points[CORNERS[0][0]] - points[CORNERS[1][0]]
    distance = float(np.linalg.norm(axis))
    along = axis / distance
    offset = np.mean([pupil[i] - points[list(CORNERS[i])].mean(axis=0) for i in range(2)], axis=0) / distance
    yaw, pitch, _ = np.sin(np.deg2rad(pose))
    return np.array([[1, offset @ along, yaw], [1, offset @ [-along[1], along[0]], pitch]])


def gaze(crop: np.ndarray, points: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Return yaw and pitch in degrees of the direction in which both eyes look, float64[2], against the camera's axis.

    `crop` and `points` are those of `pupils`; `pose` is yaw, pitch and roll of the head, in degrees as
    `pose.correct_yaw` has them. (0, 0) is into the camera; positive yaw is to the subject's left, positive pitch
    upward."""
    sideways, up = features(pupils(crop, points), points, pose)
    return np.array([YAW @ sideways, PITCH @ up])
