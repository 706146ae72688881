"""Regions against a drawn face whose proportions are known: each lies where its landmarks do, and none twice."""

import numpy as np
import pytest
from scipy.spatial import Delaunay

from microexpr.signals import face_regions
from microexpr.signals.faces.pose import HEAD, POSE_POINTS

SIZE = 128


def drawn() -> np.ndarray:
    """float64[68, 2]: a plain face of 128 px, its outer eye corners 52 px apart."""
    points = np.zeros((68, 2))
    turn = np.linspace(np.pi, 0, 17)
    points[:17] = np.column_stack([64 + 42 * np.cos(turn), 48 + 62 * np.sin(turn)])
    for first, left in ((17, 32), (22, 72)):
        points[first : first + 5] = np.column_stack([np.linspace(left, left + 24, 5), [26, 24, 23, 24, 26]])
    points[27:31] = np.column_stack([np.full(4, 64), np.linspace(38, 58, 4)])
    points[31:36] = np.column_stack([np.linspace(56, 72, 5), np.full(5, 62)])
    around = np.arange(6) * np.pi / 3 + np.pi
    for first, x in ((36, 46), (42, 82)):
        points[first : first + 6] = np.column_stack([x + 8 * np.cos(around), 38 + 4 * np.sin(around)])
    lips = np.arange(20) * np.pi / 10
    points[48:] = np.column_stack([64 + 16 * np.cos(lips), 84 + 7 * np.sin(lips)])
    return points


def test_each_pixel_of_the_face_is_in_one_region_and_no_other_is() -> None:
    points = drawn()
    labels = face_regions.region_labels(points, SIZE)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    inside = Delaunay(points).find_simplex(np.column_stack([columns.ravel(), rows.ravel()])).reshape(SIZE, SIZE) >= 0
    assert (labels >= 0)[inside].mean() > 0.99  # but for rounding at the edge
    assert (labels[~inside] == face_regions.FLOW_REGIONS.index("cheeks")).mean() < 0.02
    for name, (x, y) in {
        "eyes": (46, 38),
        "brows": (84, 23),
        "nose": (64, 58),
        "mouth": (64, 84),
        "cheeks": (40, 66),
    }.items():
        assert labels[y, x] == face_regions.FLOW_REGIONS.index(name), name
    assert labels[105, 64] == face_regions.FLOW_REGIONS.index("cheeks")  # the chin
    assert labels[5, 64] == -1


def test_a_region_reaches_beyond_its_landmarks_by_its_share_of_the_eye_distance() -> None:
    mouth = face_regions.region_labels(drawn(), SIZE) == face_regions.FLOW_REGIONS.index("mouth")
    columns = np.flatnonzero(mouth.any(axis=0))
    assert columns[[0, -1]].tolist() == pytest.approx([64 - 16 - 4, 64 + 16 + 4], abs=1)  # 0.07 of 52 px


def test_eye_distance_is_that_of_the_outer_corners() -> None:
    landmarks = np.zeros((2, 68, 2))
    landmarks[:, list(POSE_POINTS)] = HEAD[:, :2] * [[[1.0]], [[2.0]]]
    assert face_regions.eye_distance(landmarks) == pytest.approx([82, 164])
