"""Estimate how a head is turned, from its landmarks. Arrays in, arrays out."""

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


def pose(landmarks: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return yaw, pitch and roll in degrees, float64[3], from 68 `landmarks` in a frame of `size` (height, width).

    The head turns by yaw first and roll last. Positive yaw turns it to the subject's left, positive pitch bows it,
    positive roll tips it to the subject's right shoulder. PnP fits a mean head, so a head of another shape is off by
    the same few degrees of pitch in every frame.
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


def correct_yaw(turn: np.ndarray) -> np.ndarray:
    """Return yaw, pitch and roll in degrees, float64[3], of a head with this `pose`, with the yaw that it has.

    Yaw errs by 1 degree on rendered heads, pitch by a constant of each head, 3 to 5."""
    yaw, pitch, roll = turn
    return np.array([yaw * (1 + OUTLINE * min(abs(yaw), STEEPEST) ** 2), pitch, roll])
