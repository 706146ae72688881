"""Landmarks of heads that keep still, tremble or move."""

import numpy as np
import pytest

from microexpr.apps.predict import take
from microexpr.core.seeds import generator
from microexpr.signals.aus import filters
from microexpr.signals.faces.pose import HEAD, POSE_POINTS

RATE, FRAMES = 10.0, 80
SEEN = np.ones(FRAMES, bool)


def landmarks(shift=(0.0, 0.0), noise=0.2):
    """Landmarks [T, 68, 2] of a face whose eyes are 82 pixels apart, with noise of a detector."""
    points = np.zeros((68, 2))
    points[list(POSE_POINTS)] = HEAD[:, :2]
    rng = generator(0, "landmarks")
    return points + [200, 150] + np.broadcast_to(shift, (FRAMES, 2))[:, None] + rng.normal(0, noise, (FRAMES, 68, 2))


def test_a_still_head_is_averaged_over_seconds():
    steady = take.steady_landmarks(landmarks(), SEEN, RATE)
    assert steady[10:-10].std(axis=0).max() < 0.1
    assert steady == pytest.approx(filters.smooth_stretches(landmarks(), SEEN, RATE, take.STEADY))


def test_a_moving_head_is_followed():
    path = 8 * np.sin(2 * np.pi * np.arange(FRAMES) / RATE / 2)[:, None] * [1, 0]
    steady = take.steady_landmarks(landmarks(path), SEEN, RATE)
    assert np.abs(steady - landmarks(path, 0))[5:-5].max() < 1.5  # the average of a second would be off by 8 pixels


def test_landmarks_of_frames_without_a_face_are_left_as_they_are():
    points, seen = landmarks(), SEEN.copy()
    seen[30:40] = False
    assert np.array_equal(take.steady_landmarks(points, seen, RATE)[30:40], points[30:40])
