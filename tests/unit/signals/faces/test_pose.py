"""Gaze against rendered heads whose eyes are turned by known angles."""

import numpy as np
import pytest

from facs_faces.face import Face
from facs_faces.scene import rotation
from microexpr.core.arrays import luma
from microexpr.core.seeds import generator
from microexpr.signals.faces.alignment import align, alignment
from microexpr.signals.faces.pose import EYES, PITCH, YAW, correct_yaw, features, gaze, pose, pupils

HEADS, LOOKS = 5, 16
Look = tuple[np.ndarray, np.ndarray, np.ndarray]  # crop, its landmarks, pose as measured


def look(face: Face, rng: np.random.Generator) -> tuple[Look, np.ndarray]:
    """Return a turned head whose eyes are turned in it, and yaw and pitch in which these look."""
    turned, (yaw, pitch) = rng.normal(0, [12, 8, 6]), np.clip(rng.normal(0, [12, 8]), -25, 25)
    seen = face.render({}, pose=turned, gaze=(yaw, pitch))
    matrix = alignment(seen.landmarks[None])
    crop = align(luma(seen.image), matrix)[..., 0]
    points = seen.landmarks @ matrix[:, :2].T + matrix[:, 2]
    x, y, z = rotation(*turned) @ rotation(yaw, pitch, 0)[:, 2]
    true = np.rad2deg([np.arctan2(x, z), np.arctan2(y, np.hypot(x, z))])
    return (crop, points, correct_yaw(pose(seen.landmarks, (480, 640)))), true


def test_eyes_look_where_they_are_turned_to_by_weights_of_least_squares_and_closed_ones_have_their_middle() -> None:
    parts = []
    for head in range(HEADS):
        face, rng = Face(head), generator(head, "gaze")
        parts += [look(face, rng) for _ in range(LOOKS)]
    seen, true = [seen for seen, _ in parts], np.array([true for _, true in parts])
    error = np.sqrt(((np.array([gaze(*part) for part in seen]) - true) ** 2).mean(axis=0))
    middles = np.array([[points[lids].mean(axis=0) for lids in EYES] for _, points, _ in seen])
    without = [features(middle, points, turn) for middle, (_, points, turn) in zip(middles, seen, strict=True)]
    unmoved = np.sum(np.array(without) * [YAW, PITCH], axis=2)
    assert (error < 0.85 * np.sqrt(((unmoved - true) ** 2).mean(axis=0))).all() and (error < [5, 8]).all()
    rows = np.array([features(pupils(crop, points), points, turn) for crop, points, turn in seen])
    for axis, weights in enumerate((YAW, PITCH)):
        fitted = np.linalg.lstsq(rows[:, axis], true[:, axis], rcond=None)[0]
        assert np.abs(rows[:, axis] @ (fitted - weights)).mean() < 2.5
    points = np.zeros((68, 2))
    points[36:48] = 5
    assert pupils(np.full((10, 10), 9, np.uint8), points) == pytest.approx(np.full((2, 2), 5.0), abs=1e-6)
