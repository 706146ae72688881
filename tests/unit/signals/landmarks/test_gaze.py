"""Gaze against rendered heads whose eyes are turned by known angles."""

import numpy as np
import pytest

from microexpr.core.seeds import generator
from microexpr.rendering import eyes
from microexpr.rendering.identity import Traits, sample_shape
from microexpr.rendering.rig import rig
from microexpr.rendering.scene import project, rotation
from microexpr.signals.landmarks.gaze import PITCH, YAW, features, gaze

HEADS, LOOKS = 60, 12


def looks() -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Return points, poses and where the eyes look, of heads that are turned and eyes that are turned in them."""
    points, poses, true = [], [], []
    ball, _ = eyes.sphere()
    for head in range(HEADS):
        rng = generator(head, "gaze")
        vertices = sample_shape(Traits.sample(rng), rng)
        balls = eyes.Eyes.fit(vertices, ball)
        middle = balls.centres.mean(axis=(0, 1))
        for _ in range(LOOKS):
            pose, (yaw, pitch) = rng.normal(0, [14, 9, 7]), rng.normal(0, [12, 8])
            turn, ahead = rotation(*pose), rotation(yaw, pitch, 0)[:, 2]
            seen = np.vstack([vertices[rig().landmarks], balls.centres[:, 0] + balls.radii[:, 0] * ahead]) - middle
            points.append(project((seen @ turn.T).astype(np.float32), (640, 480), np.zeros(2, np.float32), 1.0)[:, :2])
            x, y, z = turn @ ahead
            poses.append(pose)
            true.append(np.rad2deg([np.arctan2(x, z), np.arctan2(y, np.hypot(x, z))]))
    return points, np.array(poses), np.array(true)


def test_eyes_look_where_they_are_turned_to_and_the_weights_are_of_least_squares() -> None:
    points, poses, true = looks()
    error = np.array([gaze(*look) for look in zip(points, poses, strict=True)]) - true
    assert np.sqrt((error**2).mean(axis=0)) == pytest.approx([2.1, 4.1], abs=0.7)
    rows = np.array([features(*look) for look in zip(points, poses, strict=True)])
    fitted = np.linalg.lstsq(rows, true, rcond=None)[0].T
    assert np.abs(rows @ (fitted[0] - YAW)).mean() < 0.7 and np.abs(rows @ (fitted[1] - PITCH)).mean() < 1.5
